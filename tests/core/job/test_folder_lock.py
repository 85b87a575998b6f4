"""The lock on a job's folder: one process at a time, and a crash gives it back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.other_blender import OtherBlender
from tests.patience import PATIENCE
from trellis_blender.core.job.lock import FolderLock


@pytest.fixture
def other(folder: Path) -> Iterator[OtherBlender]:
    """Yield another process that holds the lock."""
    process = OtherBlender("lock", str(folder))
    process.says("locked")
    yield process
    process.kill()


def test_another_process_cannot_take_a_held_lock(folder: Path, other: OtherBlender) -> None:
    assert FolderLock.acquire(folder) is None


def test_a_killed_process_gives_its_lock_back(folder: Path, other: OtherBlender) -> None:
    other.kill()
    end = time.monotonic() + PATIENCE
    while (lock := FolderLock.acquire(folder)) is None and time.monotonic() < end:
        time.sleep(0.01)
    assert lock is not None
    lock.release()


def test_this_process_keeps_others_out_until_it_lets_go(folder: Path) -> None:
    lock = FolderLock.acquire(folder)
    assert lock is not None
    second = OtherBlender("lock", str(folder))
    second.says("taken")
    second.kill()
    lock.release()
    third = OtherBlender("lock", str(folder))
    third.says("locked")
    third.kill()


def test_a_lock_within_one_process_is_taken_once(folder: Path) -> None:
    lock = FolderLock.acquire(folder)
    assert lock is not None
    assert FolderLock.acquire(folder) is None
    lock.release()
    again = FolderLock.acquire(folder)
    assert again is not None
    again.release()


def test_a_folder_that_is_gone_is_an_error_and_no_held_lock(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FolderLock.acquire(folder / "gone")
