"""Key and secret stay in the preferences: not in a .blend, not in a job's folder, not in a report."""

from __future__ import annotations

import base64
import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import Emulator, Fault
from tests.addon import ADDON
from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.working import OPS, finish, job, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY, SECRET = "api_kQ7uniqueKey19", "sec_Zx3uniqueSecret77"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator with a key and a secret that can be found again anywhere."""
    with Emulator(key=KEY, secret=SECRET, job_seconds=0.1) as running:
        yield running


@pytest.fixture(autouse=True)
def _account(connected: Emulator) -> None:
    assert bpy.context.preferences is not None
    kept: Any = bpy.context.preferences.addons[ADDON].preferences
    kept.api_key, kept.api_secret = KEY, SECRET


def everything(*folders: Path) -> dict[Path, bytes]:
    """Return all files in these folders."""
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def holds_a_secret(data: bytes) -> bool:
    """Whether key or secret is in there as it is."""
    return KEY.encode() in data or SECRET.encode() in data


def test_a_saved_file_holds_no_secret(tmp_path: Path) -> None:
    finish(picture_file(tmp_path))
    assert OPS.trellis2.test_connection() == {"FINISHED"}
    blend = tmp_path / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend), compress=False)
    data = blend.read_bytes()
    assert b"trellis2" in data  # the settings are there, so the search looks at the right file
    assert not holds_a_secret(data)


def test_a_jobs_folder_holds_no_secret(tmp_path: Path, session: Any) -> None:
    folder = session.jobs_root() / finish(picture_file(tmp_path)).id
    tick_until(lambda: '"imported"' in (folder / "job.json").read_text(encoding="utf-8"))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert not any(holds_a_secret(path.read_bytes()) for path in files)


@pytest.mark.parametrize("status", [400, 401, 403, 402])
def test_no_message_and_no_output_holds_a_secret(
    tmp_path: Path, emulator: Emulator, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    emulator.fault("upload", Fault(status=status))
    said = refusal(lambda: finish(picture_file(tmp_path)))
    output = "".join(capfd.readouterr())
    shown = f"{said} {newest_job()!r} {newest_job().message} {output}"
    assert newest_job().stage.value == "failed"
    assert not holds_a_secret(shown.encode())


def test_the_host_of_the_files_is_not_told_the_key(tmp_path: Path, emulator: Emulator) -> None:
    job_id = finish(picture_file(tmp_path)).id
    assert job(job_id).stage.value == "imported"
    assert emulator.calls["download"] == 1
    assert emulator.leaked_credentials == 0


CALLS = ("upload", "submit", "asset", "download", "model", "dry_run")


def test_what_servers_tell_back_is_in_no_file_message_log_or_scene(
    tmp_path: Path,
    emulator: Emulator,
    addon: Any,
    session: Any,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A run with a server that tells key, header and signature back at every call, and with a model at its end."""
    header = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    signed = "https://cdn.example.com/a.glb?Expires=17&Signature=canarySignature42"
    words = f"{KEY} {SECRET} Basic {header} {signed}"
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    for call in CALLS:
        for fault in (Fault(status=400, body=json.dumps({"reason": words})), Fault(close="middle")):
            emulator.fault(call, fault)
            try:
                finish(picture_file(tmp_path))
                OPS.trellis2.test_connection()
            except RuntimeError as error:
                said.append(str(error))
    finish(picture_file(tmp_path))
    said += [repr(each) for each in (*session.jobs().values(), *session.notices(), session.state().messages)]
    said += [draw(addon.panels.TRELLIS2_PT_jobs).text]
    blend = tmp_path / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend), compress=False)
    bpy.ops.wm.save_userpref()
    resources = Path(os.environ["BLENDER_USER_RESOURCES"])
    files = everything(tmp_path, resources, session.jobs_root(), addon.jobs_folder.data_folder())
    kept = {path.name: data for path, data in files.items() if path.name != "key.json"}
    assert {"scene.blend", "userpref.blend", "job.json", "model.glb"} <= kept.keys()
    canaries = [canary.encode() for canary in (KEY, SECRET, header, "canarySignature42", "Signature=", "Expires=")]
    assert [name for name, data in kept.items() if any(canary in data for canary in canaries)] == []
    shown = "\n".join((*said, caplog.text, *capfd.readouterr())).encode()
    assert [canary for canary in canaries if canary in shown] == []
    assert emulator.leaked_credentials == 0
