"""The background Blender that looks at pictures, whatever they are."""

from __future__ import annotations

import errno
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.addon import addon
from tests.blender import child
from tests.blender.child import is_running, wait_until
from tests.blender.looks import shown, subject
from tests.blender.pictures import linear_exr, picture_file, png_of_size
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def looker(addon: Any) -> Iterator[Any]:
    """A client that starts a real Blender."""
    made = addon.preview.PreviewClient(addon.preview.launch())
    yield made
    made.stop()


def view_of(looker: Any, path: Path) -> Any:
    """What the model sees of the file's picture."""
    return looker.prepare(addon.file.from_file(path)).view


@pytest.mark.parametrize("name", ["chair.png", "Stühle und Bänke.webp", "chair.tif", "chair.tga"])
def test_a_picture_is_seen_as_the_model_sees_it(tmp_path: Path, looker: Any, name: str) -> None:
    path = picture_file(tmp_path, name, subject(), **({"lossless": True} if name.endswith("webp") else {}))
    view = view_of(looker, path)
    assert view.concerns == ()
    assert shown(view)[20, 128].tolist() == [255, 255, 255, 255]
    assert shown(view)[-20, 128].tolist() == [255, 0, 0, 255]


def test_an_exr_is_seen_as_blender_shows_it(tmp_path: Path, looker: Any) -> None:
    linear = np.zeros((300, 300, 4), np.float32)
    linear[50:250, 50:250] = (0.5, 0.0, 0.0, 1.0)
    view = view_of(looker, linear_exr(tmp_path / "linear.exr", linear))
    assert shown(view)[128, 128, 0] == pytest.approx(188, abs=2)


def hostile(folder: Path) -> dict[str, bytes]:
    """Files that say they are pictures."""
    real = picture_file(folder, "real.png", subject()).read_bytes()
    huge = picture_file(folder, "huge.png", np.zeros((7000, 7000), np.uint8)).read_bytes()
    return {
        "empty.png": b"",
        "text.png": b"This is no picture.",
        "short.png": real[: len(real) // 3],
        "promise.png": huge[:1000],
        "bomb.png": png_of_size(folder / "b.png", 60_000, 60_000).read_bytes(),
        "damaged.exr": b"\x76\x2f\x31\x01" + bytes(range(256)) * 4,
        "damaged.webp": b"RIFF\xff\xff\xff\xffWEBPVP8L" + bytes(range(256)),
        "damaged.tif": b"II*\x00" + b"\xff" * 300,
    }


HOSTILE = [
    "empty.png",
    "text.png",
    "short.png",
    "promise.png",
    "bomb.png",
    "damaged.exr",
    "damaged.webp",
    "damaged.tif",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_ends_in_a_sentence(tmp_path: Path, addon: Any, looker: Any, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(hostile(tmp_path)[name])
    with pytest.raises(addon.errors.PictureError, match=r"^“.*\.$|^Blender cannot read .*\.$"):
        view_of(looker, path)


def client_of(addon: Any, folder: Path, handler: str, seconds: float = PATIENCE) -> Any:
    """A client whose program does this with every picture."""
    program = folder / "program.py"
    lines = f"import os, time\n\ndef do(request, work):\n    {handler}\n\nHANDLERS = dict.fromkeys(['prepare'], do)\n"
    program.write_text(lines, encoding="utf-8")
    return addon.preview_client.PreviewClient(addon.start.launch(program), seconds)


@pytest.mark.parametrize(
    ("handler", "seconds", "sentence"),
    [
        ("time.sleep(60)", 0.2, "“chair.png” takes too long"),
        ("os._exit(11)", PATIENCE, "Blender ended while it looked at “ch"),
    ],
)
def test_a_picture_that_the_other_blender_does_not_survive_is_named(
    tmp_path: Path, addon: Any, handler: str, seconds: float, sentence: str
) -> None:
    client = client_of(addon, tmp_path, handler, seconds)
    answer = addon.preview.make_preview(client, (), 1, addon.file.from_file(picture_file(tmp_path)))
    client.stop()
    assert answer.error.startswith(sentence)


def failing(error: Exception) -> Any:
    """A client with which preparing a picture fails so."""

    def prepare(_chosen: Any) -> Any:
        raise error

    return SimpleNamespace(prepare=prepare)


def test_a_picture_that_a_full_disk_hindered_is_looked_at_again_and_one_that_is_refused_is_not(
    tmp_path: Path, addon: Any
) -> None:
    chosen = addon.file.from_file(picture_file(tmp_path))
    for error, is_final in ((OSError(errno.ENOSPC, "No space left"), False), (addon.errors.PictureError("No."), True)):
        answer = addon.preview.make_preview(failing(error), (), 1, chosen)
        assert answer.error
        assert (answer.stamp == addon.preview.stamp_of((), chosen.file).stamp, answer.is_refused) == (is_final,) * 2


def test_quitting_blender_while_it_looks_ends_both_at_once(tmp_path: Path) -> None:
    mark = tmp_path / "looking"
    program = tmp_path / "program.py"
    program.write_text(
        f"import os, time\ndef do(request, work):\n    open({str(mark)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(60)\nHANDLERS = {'prepare': do}\n",
        encoding="utf-8",
    )
    script = f"""
enable()
import os
addon.preview.PROGRAM = addon.start.Path({str(program)!r})
addon.session.start()
addon.preview_requests.view_of(("FILE", {str(picture_file(tmp_path))!r}, ""))
addon.preview_requests.fulfil()
tick_until(lambda: os.path.exists({str(mark)!r}) and open({str(mark)!r}).read())
print("leaving")
"""
    ending = child.run(tmp_path, script)
    assert (ending.status, "leaving" in ending.output) == (0, True), ending.output
    assert ending.seconds_to_leave < 6
    wait_until(lambda: not is_running(int(mark.read_text(encoding="utf-8"))))
