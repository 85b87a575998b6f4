"""The second Blender that looks at pictures: really started, and stopped whatever it meets."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
import time
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.blender import child
from tests.blender.looks import SIDE, shown, subject
from tests.blender.pictures import linear_exr, picture_file, png_of_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def looker(addon: Any) -> Iterator[Any]:
    """An onlooker that starts real Blenders."""
    made = addon.preview.Onlooker(addon.preview.command())
    yield made
    made.stop()


def onlookers(folder: Path) -> list[str]:
    """The command lines, whole, of those that run now and were given something in this folder."""
    if sys.platform == "win32":
        return []
    listed = subprocess.run(["ps", "-ww", "-eo", "stat,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(folder) in line and not line.startswith("Z")]


@pytest.mark.parametrize("name", ["chair.png", "Stühle und Bänke.webp", "chair.tif", "chair.tga"])
def test_a_picture_is_seen_as_the_model_sees_it(tmp_path: Path, addon: Any, looker: Any, name: str) -> None:
    path = picture_file(tmp_path, name, subject(), **({"lossless": True} if name.endswith("webp") else {}))
    if name.endswith("tga"):  # has no first bytes to be known by; it is refused at the click as well
        with pytest.raises(addon.errors.PictureError, match="is not a picture"):
            looker.see(path)
        return
    view = looker.see(path)
    assert view.concerns == ()
    assert shown(view)[20, 128].tolist() == [255, 255, 255, 255]
    assert shown(view)[-20, 128].tolist() == [255, 0, 0, 255]


def test_an_exr_is_seen_as_blender_shows_it(tmp_path: Path, looker: Any) -> None:
    linear = np.zeros((300, 300, 4), np.float32)
    linear[50:250, 50:250] = (0.5, 0.0, 0.0, 1.0)
    view = looker.see(linear_exr(tmp_path / "linear.exr", linear))
    assert shown(view)[128, 128, 0] == pytest.approx(188, abs=2)


def hostile(folder: Path) -> dict[str, bytes]:
    """Files that say they are pictures."""
    real = picture_file(folder, "real.png", subject()).read_bytes()
    size = struct.pack(">IIBBBBB", 7000, 7000, 8, 6, 0, 0, 0)
    lines = zlib.compress(bytes(1000))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return {
        "empty.png": b"",
        "text.png": b"This is no picture.",
        "short.png": real[: len(real) // 3],
        "promise.png": real[:8] + chunk(b"IHDR", size) + chunk(b"IDAT", lines) + chunk(b"IEND", b""),
        "bomb.png": png_of_size(folder / "b.png", 60_000, 60_000).read_bytes(),
        "damaged.exr": b"\x76\x2f\x31\x01" + bytes(range(256)) * 4,
        "damaged.webp": b"RIFF\xff\xff\xff\xffWEBPVP8L" + bytes(range(256)),
        "damaged.tif": b"II*\x00" + b"\xff" * 300,
    }


@pytest.mark.parametrize("name", ["empty.png", "text.png", "bomb.png", "damaged.exr", "damaged.webp", "damaged.tif"])
def test_a_hostile_picture_ends_in_a_sentence(tmp_path: Path, addon: Any, looker: Any, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(hostile(tmp_path)[name])
    with pytest.raises(addon.errors.PictureError, match=r"^“.*\.$|^Blender cannot read .*\.$"):
        looker.see(path)


@pytest.mark.parametrize("name", ["short.png", "promise.png"])
def test_a_picture_that_ends_too_early_harms_nothing(tmp_path: Path, addon: Any, looker: Any, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(hostile(tmp_path)[name])
    answer = addon.preview.look_at(looker, (), 1, addon.preview.Found(path))
    # Blender shows as much as there is, or says that it cannot read it, which differs between its versions.
    assert name in answer.error if answer.view is None else len(answer.view.pixels) == SIDE * SIDE * 4


def test_what_takes_too_long_is_killed_with_a_sentence(tmp_path: Path, addon: Any) -> None:
    hanging = addon.preview.Onlooker([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.5)
    begun = time.monotonic()
    with pytest.raises(addon.errors.PictureError, match="takes too long"):
        hanging.see(picture_file(tmp_path))
    assert time.monotonic() - begun < 10
    assert onlookers(tmp_path) == []


def test_it_ends_by_itself_when_nobody_waits_for_it(tmp_path: Path, addon: Any) -> None:
    path = picture_file(tmp_path, "slow.png", subject())
    begun = time.monotonic()
    command = [*addon.preview.command(), "picture", "0.05", str(path), str(tmp_path / "answer")]
    ended = subprocess.run(command, capture_output=True, check=False)
    assert time.monotonic() - begun < 20
    assert ended.returncode
    assert not (tmp_path / "answer").exists()


def test_one_that_crashes_ends_in_a_sentence(tmp_path: Path, addon: Any) -> None:
    crashing = addon.preview.Onlooker([sys.executable, "-c", "import os; os._exit(11)"])
    with pytest.raises(addon.errors.PictureError, match="Blender ended"):
        crashing.see(picture_file(tmp_path))


def test_stopping_kills_it_at_once(tmp_path: Path, addon: Any) -> None:
    hanging = addon.preview.Onlooker([sys.executable, "-c", "import time; time.sleep(60)"])
    raised: list[Exception] = []

    def see() -> None:
        try:
            hanging.see(picture_file(tmp_path))
        except Exception as error:  # noqa: BLE001 - looked at below
            raised.append(error)

    thread = threading.Thread(target=see)
    thread.start()
    while hanging._process is None:
        time.sleep(0.01)
    begun = time.monotonic()
    hanging.stop()
    thread.join(10)
    assert time.monotonic() - begun < 1
    assert [type(error).__name__ for error in raised] == ["StoppedError"]
    assert onlookers(tmp_path) == []


def test_quitting_blender_while_it_looks_ends_both_at_once(tmp_path: Path) -> None:
    hang = "import time; time.sleep(60)"
    script = f"""
enable()
addon.preview.command = lambda: [sys.executable, "-c", {hang!r}]
bpy.context.scene.trellis2.source, bpy.context.scene.trellis2.filepath = "FILE", {str(picture_file(tmp_path))!r}
found = addon.preview_requests.Found(__import__("pathlib").Path({str(tmp_path)!r}))
addon.preview_requests.view_of(("FILE",), lambda _is_asked: found)
addon.preview_requests.fulfil()
tick_until(lambda: addon.session.sight().onlooker._process is not None)
print("leaving")
"""
    ending = child.run(tmp_path, script)
    assert (ending.status, "leaving" in ending.output) == (0, True), ending.output
    assert ending.seconds_to_leave < 6
    assert onlookers(tmp_path) == []


def test_it_is_given_no_keys_and_no_add_ons(tmp_path: Path, addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "a secret")
    monkeypatch.setenv("BLENDER_USER_SCRIPTS", "the artist's scripts")
    tells = "import json, os, sys; open(sys.argv[-1], 'w').write(json.dumps({'error': json.dumps(dict(os.environ))}))"
    with pytest.raises(addon.errors.PictureError) as told:
        addon.preview.Onlooker([sys.executable, "-c", tells]).see(picture_file(tmp_path))
    given = json.loads(str(told.value))
    assert not {"a secret", "the artist's scripts"} & set(given.values())
    assert given["BLENDER_USER_RESOURCES"] == given["TMPDIR"], "not the empty folder that is deleted afterwards"


def test_an_answer_that_there_is_no_room_for_is_told_so_and_the_next_try_works(tmp_path: Path, addon: Any) -> None:
    blocked = "import os, subprocess, sys; os.mkdir(sys.argv[-1] + '.part'); sys.exit(subprocess.call(sys.argv[1:]))"
    looker = addon.preview.Onlooker([sys.executable, "-c", blocked, *addon.preview.command()])
    found = addon.preview.Found(picture_file(tmp_path))
    said = addon.preview.look_at(looker, (), 1, found).error
    assert said.startswith("Could not look at the picture: ")
    assert said.endswith("Free some disk space or check the folder, then try again.")
    looker._command = looker._command[3:]
    assert addon.preview.look_at(looker, (), 1, found).view is not None
