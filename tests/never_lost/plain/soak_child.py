"""A process that makes and drives a number of jobs until it is killed: what a Blender does, without Blender.

    python soak_child.py ROOT URL COUNT

Each job's id follows from its number, so that the next process makes the jobs that the last one did not get to. It
presses Retry on what failed, unless the server itself failed to make the model, and says "done" when all rest.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "scripts")]

from tests.never_lost.plain.window import QUICK, Window, account, copy_of, new_job  # noqa: E402 - see above
from tests.never_lost.world import until  # noqa: E402
from trellis_blender.core.job.folder import UNFINISHED_PREFIX  # noqa: E402
from trellis_blender.core.job.job import Job, Stage  # noqa: E402
from trellis_blender.core.picture.file import PictureFile  # noqa: E402

AT_A_TIME = 10


def job_id(number: int) -> str:
    """The id of the job with that number, which is its seed too."""
    return f"20260101-000000-{number:06x}"


def is_over(window: Window, number: int) -> bool:
    """Whether nothing more is to come of that job."""
    job = window.jobs.get(job_id(number))
    return job is not None and (job.stage is Stage.READY or (job.stage is Stage.FAILED and job.remote_ended))


def drive(
    window: Window,
    picture: Path,
    count: int,
    seconds: float = 120.0,
    due: Callable[[], int] | None = None,
    pause: float = 0.0,
) -> None:
    """Make the jobs that are missing, some at a time, and go on until all are over, for so many seconds at most.

    `due`: how many may have been made by now, None: all. `pause`: seconds between two looks.
    """
    seen: dict[str, Job] = {}

    def step() -> bool:
        time.sleep(pause)
        window.hear()
        for job in list(window.jobs.values()):
            ended = (Stage.FAILED, Stage.UNCERTAIN)
            if job is not seen.get(job.id) and job.stage in ended and not job.remote_ended:
                window.runner.resume(job.id)
            seen[job.id] = job
        over = [is_over(window, number) for number in range(count)]
        missing = [number for number in range(count) if job_id(number) not in window.jobs]
        begun = count - len(missing)
        free = min(AT_A_TIME - (begun - sum(over)), (count if due is None else due()) - begun)
        for number in missing[: max(0, free)]:
            job = new_job(number, job_id(number))
            window.jobs[job.id] = job
            # the same id twice is this test's doing: what the last process left of it would be in the way for a day
            shutil.rmtree(window.root / f"{UNFINISHED_PREFIX}{job.id}", ignore_errors=True)
            window.runner.add([job], PictureFile(copy_of(picture)))
        return all(over)

    until(step, "the end of all jobs", seconds)


def main() -> None:
    """Drive the jobs; the end comes from outside, or when all are over."""
    root, url, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    window = Window(root, None, QUICK)
    window.loaded()
    window.runner.use(account(url))
    print("ready", flush=True)
    drive(window, root.parent / "picture.png", count)
    window.close()
    print("done", flush=True)


if __name__ == "__main__":
    main()
