"""A second process that works on the jobs in a folder, as a second Blender does, until it is ended.

    python -m tests.core.other_blender lock FOLDER       takes the lock on one job's folder, as earlier versions do
    python -m tests.core.other_blender claim FOLDER      claims the job in the folder
    python -m tests.core.other_blender drive ROOT URL    drives all jobs in ROOT

It says "locked", "taken", or "<job's id> <stage> <foreign or own>" for each change, one a line.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from tests.core.studio import AGENT, QUICK
from tests.patience import PATIENCE
from trellis_blender.core.job.claims import Claims
from trellis_blender.core.job.job import Job
from trellis_blender.core.job.lock import FolderLock
from trellis_blender.core.request.account import Account
from trellis_blender.core.runner.runner import Runner

REPOSITORY = Path(__file__).parents[2]


class OtherBlender:
    """The process, from outside."""

    def __init__(self, *arguments: str) -> None:
        path = [str(REPOSITORY / "scripts"), str(REPOSITORY)]
        code = f"import sys; sys.path[:0] = {path!r}; import tests.core.other_blender as other; other.main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, cwd=REPOSITORY, encoding="utf-8"
        )
        # whoever waits for a line that never comes is woken by the end of the process
        self._watch = threading.Timer(PATIENCE, self._process.kill)
        self._watch.start()

    def says(self, line: str) -> None:
        """Wait for that line. Raises AssertionError when the process ends without it."""
        assert self._process.stdout is not None
        heard = []
        for heard_line in self._process.stdout:
            heard.append(heard_line.strip())
            if heard[-1] == line:
                return
        raise AssertionError(f"the other process never said {line!r}, but {heard}")

    def kill(self) -> None:
        """End it as a crash would."""
        self._watch.cancel()
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def main() -> None:
    """Do what the command line says; the end comes from outside."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # it is a text file here
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "lock":
        lock = FolderLock.take(folder)
        print("taken" if lock is None else "locked", flush=True)
        threading.Event().wait(PATIENCE)
        return
    if what == "claim":
        claims = Claims(folder.parent)
        claim = claims.take(folder)
        print("taken" if claim is None else "claimed", flush=True)
        threading.Event().wait(PATIENCE)
        return
    runner = Runner(folder, AGENT, QUICK)
    runner.start()
    runner.use(Account.checked("test-key", "test-secret", "", sys.argv[3]))
    while True:
        change = runner.messages.get(timeout=PATIENCE)
        if isinstance(change, Job):
            print(change.id, change.stage, "foreign" if change.foreign else "own", flush=True)
