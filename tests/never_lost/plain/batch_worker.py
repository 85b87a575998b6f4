"""A process that drives a batch as one of its workers, until it is killed or the batch is over.

    python batch_worker.py FOLDER URL [MACHINE [before|after]]

MACHINE: the name of another machine than this one. The last word has the process pause itself, as a scheduler or a
debugger does, when it is about to send its first paid call: before or after it has the right to. It says "ready",
"pauses", and how the run ended.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import threading
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "scripts")]

from tests.never_lost.plain.window import QUICK, account  # noqa: E402 - see above
from trellis_blender.core.batch.batch import Batch  # noqa: E402
from trellis_blender.core.job import claims  # noqa: E402
from trellis_blender.core.job import folder as job_folder  # noqa: E402
from trellis_blender.core.picture.file import PreparedPicture  # noqa: E402
from trellis_blender.core.picture.view import View  # noqa: E402
from trellis_blender.core.runner import steps  # noqa: E402

TIMING = dataclasses.replace(QUICK, search=3.0, silence=1.0)


def prepare(path: Path) -> PreparedPicture:
    """The picture as it is."""
    return PreparedPicture(path.read_bytes(), "png", (0, 0, 1, 1, 1, 1), View(b"", ()))


def pause_once(when: str) -> None:
    """Pause this process at its first paid call."""

    def begin_and_pause(folder: Path, number: int) -> bool:
        vars(steps)["begin_submit"] = job_folder.begin_submit
        is_ours = when == "after" and job_folder.begin_submit(folder, number)
        print("pauses", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
        return is_ours if when == "after" else job_folder.begin_submit(folder, number)

    vars(steps)["begin_submit"] = begin_and_pause


def main() -> None:
    """Drive the batch; the end comes from outside, or when all jobs rest."""
    folder, url, machine, when = Path(sys.argv[1]), *(*sys.argv[2:], "", "")[:3]
    if machine:
        claims.this_machine = lambda: machine
    if when:
        pause_once(when)
    batch = Batch.open(folder)
    print("ready", flush=True)
    result = batch.run(account(url), "proof", prepare, lambda _event: None, threading.Event(), timing=TIMING)
    print(result.end, flush=True)


if __name__ == "__main__":
    main()
