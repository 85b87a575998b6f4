"""A disk that fills up, a real one of a megabyte: nothing is paid twice, and the job goes on when there is room.

It is mounted for one process alone (mount namespaces, Linux). Elsewhere these tests are not collected; here they run,
or fail where no such disk can be mounted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault
from tests.never_lost.plain import full_disk
from tests.never_lost.world import OWN_WITH_MODEL, until
from tests.patience import PATIENCE

WHOLE = sorted(OWN_WITH_MODEL)


class Play:
    """One scene of `full_disk`, from outside."""

    def __init__(self, scene: str, folder: Path, emulator: Emulator) -> None:
        folder.mkdir()
        as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        command = ["unshare", *as_root, "--mount", sys.executable, "-X", "utf8", full_disk.__file__]
        self._process = subprocess.Popen(
            [*command, scene, str(folder), emulator.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def go_on(self) -> None:
        """Tell it that the moment has come."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def hears(self, word: str) -> None:
        """Wait until it says the word."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == word, self._process.communicate()

    def end(self) -> dict[str, Any]:
        """What it saw."""
        out, err = self._process.communicate(timeout=PATIENCE)
        assert self._process.returncode == 0, err
        seen = dict(json.loads(out.splitlines()[-1]))
        assert seen.pop("stage") == "ready", seen
        assert (seen.pop("files"), seen.pop("left_over")) == (WHOLE, {})
        return seen


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Return where the small disk is to be, for the child alone."""
    return tmp_path / "disk"


def test_a_job_that_the_disk_has_no_room_for_is_refused_whole_and_its_picture_kept(
    disk: Path, emulator: Emulator
) -> None:
    seen = Play("at_creation", disk, emulator).end()
    assert "No space left" in seen["message"]
    assert (seen["entries"], seen["later"], seen["picture"]) == ([], [], True)
    assert "nothing was charged. Generate again." in seen["retry"]
    assert (emulator.calls["submit"], emulator.paid) == (1, 1)


def test_the_paid_call_does_not_leave_while_the_disk_cannot_record_it(disk: Path, emulator: Emulator) -> None:
    play = Play("at_submitting", disk, emulator)
    play.hears("full")
    assert emulator.calls["submit"] == 0
    play.go_on()
    seen = play.end()
    assert "No space left" in seen["trouble"]
    assert seen["stage_on_full_disk"] == "uploading"
    assert (emulator.calls["submit"], emulator.paid) == (1, 1)


def test_the_paid_jobs_id_is_remembered_and_written_when_there_is_room(disk: Path, emulator: Emulator) -> None:
    may_come_back = threading.Event()
    emulator.fault("submit", Fault(until=may_come_back))
    play = Play("after_submit", disk, emulator)
    until(lambda: emulator.calls["submit"], "the paid call")
    play.go_on()
    play.hears("full")
    may_come_back.set()
    seen = play.end()
    assert "No space left" in seen["trouble"]
    assert seen["stage_on_full_disk"] == "submitting"
    assert [seen["remote_id_on_disk"]] == list(emulator.jobs)
    assert emulator.paid == 1


def test_an_id_that_could_not_be_written_is_found_again_by_the_next_blender(disk: Path, emulator: Emulator) -> None:
    may_come_back = threading.Event()
    emulator.fault("submit", Fault(until=may_come_back))
    play = Play("killed_after_submit", disk, emulator)
    until(lambda: emulator.calls["submit"], "the paid call")
    play.go_on()
    play.hears("full")
    may_come_back.set()
    assert play.end()["stage_on_full_disk"] == "submitting"
    assert (emulator.calls["submit"], emulator.paid) == (1, 1)


def test_retry_on_a_full_disk_does_not_send_the_old_paid_call_again(disk: Path, emulator: Emulator) -> None:
    may_come_back = threading.Event()
    emulator.fault("submit", Fault(until=may_come_back, job="fails", hint="Try another picture."))
    play = Play("retried_on_full_disk", disk, emulator)
    until(lambda: emulator.calls["submit"], "the paid call")
    play.go_on()
    play.hears("full")
    may_come_back.set()
    play.hears("retried")
    assert (emulator.calls["submit"], emulator.paid) == (1, 1)
    play.go_on()
    play.end()
    assert sorted(job.ending for job in emulator.jobs.values()) == ["failure", "success"]
    assert emulator.paid == 2  # the first was made in vain, and Retry was pressed


def test_a_model_that_has_no_room_waits_for_it_and_is_continued(disk: Path, emulator: Emulator) -> None:
    may_come_back = threading.Event()
    emulator.fault("job", Fault(until=may_come_back))
    play = Play("at_download", disk, emulator)
    until(lambda: emulator.calls["job"], "polling")
    play.go_on()
    play.hears("full")
    may_come_back.set()
    seen = play.end()
    assert "No space left" in seen["trouble"]
    assert seen["stage_on_full_disk"] == "downloading"
    assert emulator.paid == 1
