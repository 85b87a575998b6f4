"""Claims: one process drives a job, a dead one's job is taken over, and no waiting job costs an open file."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.other_blender import OtherBlender
from tests.core.studio import new_job
from tests.patience import PATIENCE
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.claims import PROCESSES, Claim, ClaimLostError, Claims, this_machine
from trellis_blender.core.job.lock import LOCK_FILE, FolderLock

SILENCE = 60.0


class Watch:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        """The seconds."""
        return self.seconds


@pytest.fixture
def job(folder: Path) -> Path:
    """Return the folder of a job that nobody has claimed."""
    job_folder.create(folder, job := new_job(), None)
    return folder / job.id


@pytest.fixture
def watch() -> Watch:
    """Return the clock of the other machine."""
    return Watch()


@pytest.fixture
def elsewhere(folder: Path, watch: Watch) -> Claims:
    """Return the claims of a process on another machine."""
    return Claims(folder, watch.now, machine="elsewhere-0000", silence=SILENCE)


def waited_for(claims: Claims, job: Path) -> Claim:
    """Claim the job as soon as its process is dead."""
    end = time.monotonic() + PATIENCE
    while (claim := claims.take(job)) is None and time.monotonic() < end:
        claims.beat()
        time.sleep(0.01)
    assert isinstance(claim, Claim)
    return claim


def test_a_claimed_job_is_left_alone_and_one_that_was_released_is_not(folder: Path, job: Path) -> None:
    first, second = Claims(folder), Claims(folder)
    claim = first.take(job)
    assert claim is not None
    assert second.take(job) is None
    claim.release()
    assert second.take(job) is not None


def test_a_released_job_and_a_closed_process_leave_nothing_behind(folder: Path, job: Path) -> None:
    claims = Claims(folder)
    claim = claims.take(job)
    assert claim is not None
    claim.release()
    claims.close()
    assert [path.name for path in job.iterdir()] == ["job.json"]
    assert [path.name for path in folder.iterdir()] == [job.name]


@pytest.fixture
def other(job: Path) -> Iterator[OtherBlender]:
    """Yield another process that has claimed the job."""
    process = OtherBlender("claim", str(job))
    process.says("claimed")
    yield process
    process.kill()


def test_a_job_that_another_process_has_claimed_is_left_to_it(folder: Path, job: Path, other: OtherBlender) -> None:
    assert Claims(folder).take(job) is None


def test_a_killed_process_has_its_job_taken_over_at_once(folder: Path, job: Path, other: OtherBlender) -> None:
    other.kill()
    waited_for(Claims(folder), job)


def test_many_claims_keep_one_file_open(folder: Path) -> None:
    jobs = [new_job(seed=number) for number in range(50)]
    for each in jobs:
        job_folder.create(folder, each, None)
    claims = Claims(folder)
    assert all(claims.take(folder / each.id) is not None for each in jobs)
    with Path(os.devnull).open("rb") as file:
        highest = file.fileno()
    claims.close()
    with Path(os.devnull).open("rb") as file:  # a new file gets the lowest free number
        assert highest - file.fileno() < 10  # other threads open files, too


def test_only_one_of_many_takes_over_what_a_dead_process_had_claimed(folder: Path, job: Path) -> None:
    (job / LOCK_FILE / f"{this_machine()}-1-abcdef").mkdir(parents=True)  # without a file of its own, it is dead
    rivals = [Claims(folder) for _ in range(8)]
    start, won = threading.Barrier(len(rivals)), list[str]()

    def race(claims: Claims) -> None:
        claims.begin()
        start.wait()
        if claims.take(job) is not None:
            won.append(claims.name)

    threads = [threading.Thread(target=race, args=(rival,)) for rival in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [path.name for path in (job / LOCK_FILE).iterdir()]


def test_only_one_of_many_claims_a_job_that_is_free(folder: Path, job: Path) -> None:
    rivals = [Claims(folder) for _ in range(8)]
    start, won = threading.Barrier(len(rivals)), list[str]()

    def race(claims: Claims) -> None:
        claims.begin()
        start.wait()
        if claims.take(job) is not None:
            won.append(claims.name)

    threads = [threading.Thread(target=race, args=(rival,)) for rival in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [path.name for path in (job / LOCK_FILE).iterdir()]
    assert len(list((folder / PROCESSES).iterdir())) == len(rivals)  # nothing half made is left


# -- another machine


def test_another_machines_process_is_dead_only_after_a_long_silence(
    folder: Path, job: Path, elsewhere: Claims, watch: Watch
) -> None:
    here = Claims(folder)
    assert here.take(job) is not None
    for _ in range(20):
        watch.seconds += SILENCE / 4
        elsewhere.beat()
        here.beat()
        assert elsewhere.take(job) is None
    watch.seconds += SILENCE * 0.9
    elsewhere.beat()
    assert elsewhere.take(job) is None
    watch.seconds += SILENCE
    elsewhere.beat()
    assert elsewhere.take(job) is not None


def test_each_heartbeat_is_another_whatever_the_clock_says(folder: Path, job: Path) -> None:
    claims, beats = Claims(folder), list[int]()
    assert claims.take(job) is not None
    for _ in range(5):  # quicker than any clock of a file system
        claims.beat()
        beats.append((folder / PROCESSES / claims.name).stat().st_mtime_ns)
    assert len(set(beats)) == 5


def test_a_process_whose_job_was_taken_over_writes_nothing_any_more(
    folder: Path, job: Path, elsewhere: Claims, watch: Watch
) -> None:
    paused = Claims(folder).take(job)
    assert isinstance(paused, Claim)
    assert elsewhere.take(job) is None
    watch.seconds += SILENCE
    elsewhere.beat()
    theirs = elsewhere.take(job)
    assert theirs is not None
    before = (job / "job.json").read_bytes()
    assert not paused.is_held()
    with pytest.raises(ClaimLostError):
        job_folder.save(job, job_folder.load(job), paused)
    assert (job / "job.json").read_bytes() == before
    paused.release()  # which does the other's claim no harm
    assert theirs.is_held()
    job_folder.save(job, job_folder.load(job), theirs)


# -- earlier versions, and a full disk


def test_what_an_earlier_version_drives_is_not_claimed(folder: Path, job: Path) -> None:
    earlier = OtherBlender("lock", str(job))
    earlier.says("locked")
    claims = Claims(folder)
    assert claims.take(job) is None
    earlier.kill()
    waited_for(claims, job)


def test_an_earlier_version_cannot_take_what_is_claimed(folder: Path, job: Path) -> None:
    (job / LOCK_FILE).touch()  # as it had left the job
    assert Claims(folder).take(job) is not None
    with pytest.raises(OSError, match=r"directory|denied"):  # what it did to take a job
        (job / LOCK_FILE).open("ab")
    assert FolderLock.acquire(job) is None


def test_on_a_full_disk_the_lock_file_does_what_the_claim_would(
    folder: Path, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims, mkdir = Claims(folder), Path.mkdir

    def full(path: Path, *args: object, **options: object) -> None:
        if path.name == claims.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        mkdir(path, *args, **options)  # type: ignore[arg-type]  # passed on as they are

    monkeypatch.setattr(Path, "mkdir", full)
    hold = claims.take(job)
    assert isinstance(hold, FolderLock)
    assert Claims(folder).take(job) is None
    hold.release()
    assert Claims(folder).take(job) is not None
