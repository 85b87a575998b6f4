"""No key, no secret and no signed address ends up in a file, in a change, or in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import Emulator, Fault
from tests.core.studio import QUICK, Studio, account_of
from trellis_blender.core.job.job import Stage
from trellis_blender.core.request.account import Account

Open = Callable[..., Studio]
SIGNED = "Cannot read https://cdn.example.com/a/b.png?Expires=1&Signature=abcdef now"
REASON = f'{{"reason": "{SIGNED}"}}'
NO_CREDITS = f'{{"reason": "No credits, {SIGNED}"}}'
FAULTS: dict[str, tuple[str, Fault, Stage]] = {
    "all well": ("model", Fault(), Stage.READY),
    "refused": ("submit", Fault(status=400, body=REASON), Stage.FAILED),
    "no credits": ("submit", Fault(status=402, body=NO_CREDITS), Stage.FAILED),
    "not allowed": ("upload", Fault(status=403, body=REASON), Stage.FAILED),
    "failed": ("submit", Fault(job="fails", hint=SIGNED), Stage.FAILED),
    "broken off": ("download", Fault(close="middle"), Stage.READY),
    "damaged": ("download", Fault(glb="truncated"), Stage.READY),
    "expired": ("asset", Fault(expired=True), Stage.READY),
    "hung up": ("upload", Fault(close="before"), Stage.READY),
}


def assert_silent(text: str, where: object, account: Account) -> None:
    for secret in (account.key, account.secret, "Signature=", "Expires=", "Authorization", "Basic "):
        assert secret not in text, f"{secret!r} in {where}"


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_secret_is_written_or_told(
    open_studio: Open, folder: Path, picture: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    call, fault, end = FAULTS[name]
    caplog.set_level(logging.DEBUG, "trellis_blender")
    with Emulator(key="key-4711", secret="secret-0815", job_seconds=0.1) as emulator:
        emulator.fault(call, fault)
        studio = Studio(folder / "jobs", picture, emulator, QUICK)
        job_id = studio.add()
        studio.reach(job_id, end)
        assert studio.close()
        studio.hear()
        account = account_of(emulator)
    for change in studio.told:
        assert_silent(repr(change), change, account)
    for path in (folder / "jobs").rglob("*"):
        if path.is_file() and path.name not in ("model.glb", "source.png"):
            assert_silent(path.read_text(encoding="utf-8"), path, account)
    assert_silent(caplog.text, "the log", account)
    assert emulator.leaked_credentials == 0


def test_what_is_left_of_a_broken_download_names_no_address(open_studio: Open, emulator: Emulator) -> None:
    emulator.fault("download", Fault(close="middle"))
    emulator.fault("download", Fault(status=503), times=None, after=1)
    studio = open_studio()
    job_id = studio.add()
    studio.trouble(job_id)
    origin = studio.folder(job_id) / "model.glb.origin"
    studio.until(origin.exists, "the broken download")
    assert_silent(origin.read_text(encoding="utf-8"), origin, account_of(emulator))
