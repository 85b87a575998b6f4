"""A process with a disk of one megabyte of its own, which fills up while a job is on its way.

    unshare --mount python full_disk.py SCENE FOLDER URL

FOLDER becomes the small disk, for this process alone. Prints as JSON what was seen.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[3]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "scripts")]

from tests.never_lost.plain.window import ENDS, QUICK, Window, account, new_job  # noqa: E402 - see above
from tests.never_lost.world import left_over, names_in, picture_in, until  # noqa: E402
from trellis_blender.core.job import folder as job_folder  # noqa: E402
from trellis_blender.core.job.claims import PROCESSES  # noqa: E402
from trellis_blender.core.job.events import Event, SubmitStarted  # noqa: E402
from trellis_blender.core.job.job import Job, Stage  # noqa: E402
from trellis_blender.core.picture.file import PictureFile  # noqa: E402
from trellis_blender.core.runner import job_store  # noqa: E402
from trellis_blender.core.runner.entries import JobEntry  # noqa: E402

DISK_BYTES = 1024 * 1024
MODEL_ROOM = 100_000
TRIES = 4


class Disk:
    """The small disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._filler = folder, folder / "filler"
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
        subprocess.run(mount, check=True)

    def fill(self, leave: int = 0) -> None:
        """Fill it to the last byte, or all but `leave` bytes."""
        with self._filler.open("wb", buffering=0) as file:
            try:
                while leave < shutil.disk_usage(self.folder).free:
                    file.write(b"\0" * 4096)
            except OSError:
                assert shutil.disk_usage(self.folder).free == 0

    def make_room(self) -> None:
        """Delete what fills it."""
        self._filler.unlink()


class Scene:
    """A window on the small disk, and one job on its way."""

    def __init__(self, folder: Path, url: str) -> None:
        self.disk = Disk(folder)
        self.picture = picture_in(folder / "pictures")
        self.root = folder / "jobs"
        self.root.mkdir()
        self.window = Window(self.root, None, QUICK)
        self.window.loaded()
        self.window.runner.use(account(url))
        self.job = new_job(7)
        self.seen: dict[str, Any] = {}

    def begin(self) -> None:
        """Begin the job."""
        self.window.runner.add([self.job], PictureFile(self.picture))

    def on_disk(self) -> Job:
        """The job as the disk has it."""
        return job_folder.load(self.root / self.job.id)

    def trouble(self) -> str:
        """Wait until something keeps the job waiting; the sentence."""
        until(lambda: self.window.troubles(self.job.id), "trouble")
        return self.window.troubles(self.job.id)[-1]

    def finish(self) -> None:
        """Make room, and see the job to its end without doing anything else."""
        self.disk.make_room()
        job = self.window.reach(self.job.id, *ENDS)
        self.seen["stage"] = job.stage
        until(lambda: self.on_disk().stage is job.stage, "the end on the disk")
        self.window.close()
        self.seen["files"] = sorted(names_in(self.root / self.job.id))
        self.seen["left_over"] = left_over(self.root)


def _see_it_tried_again() -> None:
    """Wait until the job was to be written some more times."""
    save, tried = job_store.JobStore.save, list[bool]()

    def count(self: job_store.JobStore, entry: JobEntry) -> bool:
        tried.append(True)
        return save(self, entry)

    job_store.JobStore.save = count  # type: ignore[method-assign]  # the disk is real
    until(lambda: len(tried) >= TRIES, "that it is tried again")


def at_creation(scene: Scene) -> None:
    """It is full before the job has a folder."""
    scene.disk.fill()
    scene.begin()
    scene.seen["message"] = scene.window.reach(scene.job.id, Stage.FAILED).message
    scene.seen["entries"] = [path.name for path in scene.root.iterdir() if path.name != PROCESSES]
    scene.seen["picture"] = scene.picture.is_file()
    scene.window.runner.resume(scene.job.id)
    scene.seen["retry"] = scene.window.notice()
    scene.disk.make_room()
    scene.window.rest()
    scene.seen["later"] = [path.name for path in scene.root.iterdir() if path.name != PROCESSES]
    scene.job = new_job(7)
    scene.disk.fill(leave=MODEL_ROOM * 5)
    scene.begin()
    scene.finish()


def at_submitting(scene: Scene) -> None:
    """It is full when the paid call is to be announced."""
    apply, filled = job_store.JobStore.apply, list[bool]()

    def fill_first(self: job_store.JobStore, entry: JobEntry, event: Event) -> None:
        if isinstance(event, SubmitStarted) and not filled:
            filled.append(True)
            scene.disk.fill()
        apply(self, entry, event)

    job_store.JobStore.apply = fill_first  # type: ignore[method-assign]  # to find the moment; the disk is real
    scene.begin()
    scene.seen["trouble"] = scene.trouble()
    _see_it_tried_again()
    scene.seen["stage_on_full_disk"] = scene.on_disk().stage
    print("full", flush=True)
    sys.stdin.readline()
    scene.finish()


def _after_submit(scene: Scene, is_asked: Callable[[], object]) -> None:
    scene.begin()
    until(is_asked, "the paid call")
    scene.disk.fill()
    print("full", flush=True)
    scene.seen["trouble"] = scene.trouble()
    until(lambda: scene.window.jobs[scene.job.id].remote_id, "the job's id in memory")
    scene.seen["stage_on_full_disk"] = scene.on_disk().stage


def after_submit(scene: Scene) -> None:
    """It is full when the paid job's id is to be kept."""
    _after_submit(scene, sys.stdin.readline)
    scene.finish()
    scene.seen["remote_id_on_disk"] = scene.on_disk().remote_id


def killed_after_submit(scene: Scene) -> None:
    """It is full when the paid job's id is to be kept, and Blender ends before there is room."""
    _after_submit(scene, sys.stdin.readline)
    scene.window.close()
    scene.window = Window(scene.root, None, QUICK)
    scene.window.loaded()
    scene.window.runner.use(account(sys.argv[3]))
    scene.finish()


def retried_on_full_disk(scene: Scene) -> None:
    """It is full when the paid job's id is to be kept; the job fails at the server, and Retry is pressed."""
    _after_submit(scene, sys.stdin.readline)
    scene.window.reach(scene.job.id, Stage.FAILED)
    scene.window.runner.resume(scene.job.id)
    _see_it_tried_again()
    print("retried", flush=True)
    sys.stdin.readline()
    scene.finish()


def at_download(scene: Scene) -> None:
    """It has room for a part of the model only."""
    scene.begin()
    sys.stdin.readline()
    scene.disk.fill(leave=MODEL_ROOM)
    print("full", flush=True)
    scene.seen["trouble"] = scene.trouble()
    scene.seen["stage_on_full_disk"] = scene.window.jobs[scene.job.id].stage
    scene.finish()


SCENES = {
    scene.__name__: scene
    for scene in (at_creation, at_submitting, after_submit, killed_after_submit, retried_on_full_disk, at_download)
}

if __name__ == "__main__":
    play = Scene(Path(sys.argv[2]), sys.argv[3])
    SCENES[sys.argv[1]](play)
    print(json.dumps(play.seen), flush=True)
