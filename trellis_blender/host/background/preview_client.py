# SPDX-License-Identifier: GPL-3.0-or-later
"""Has a second Blender look at a picture or a model: decoding stops nothing here, and what is hostile harms nothing.

The program it runs is `preview.py`. It answers with a file: a line of JSON with the `concerns` or an `error`, then
pixels.
"""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...core.errors import PictureError, TrellisError, storage_error, unexpected
from ...core.files import write_whole
from ...core.job.folder import MODEL_FILE, THUMBNAIL_FILE
from ...core.picture.file import Found
from ...core.picture.view import SIDE, Concern, View
from ...core.runner.messages import Key, Portrayed, Seen, Shrunk
from . import child

SECONDS = 60.0
LEFT_OUT = (*child.LEFT_OUT, "BLENDER_USER_")
GONE = "Nobody waits for it any more."


PROGRAM = Path(__file__).with_name("preview.py")
_log = logging.getLogger(__name__)


class StoppedError(TrellisError):
    """The onlooker was told to stop: there is nobody to read this."""


class Onlooker:
    """Looks at one thing at a time. `command` runs the program, up to its own arguments."""

    def __init__(self, command: Sequence[str], seconds: float = SECONDS) -> None:
        self._command, self._seconds = tuple(command), seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._is_stopped = False

    def see(self, picture: Path) -> View:
        """What the model sees of the picture. Raises PictureError, StoppedError or OSError."""
        facts, pixels = self._ask("picture", picture)
        return View(pixels, tuple(map(Concern, facts["concerns"])))

    def shrink(self, picture: Path) -> tuple[int, int, bytes]:
        """The picture, small: its width, height and pixels. Raises PictureError, StoppedError or OSError."""
        facts, pixels = self._ask("small", picture)
        width, height = map(int, facts["size"])
        return width, height, pixels

    def portray(self, model: Path) -> None:
        """Put a thumbnail of the model beside it. Raises PictureError, StoppedError or OSError."""
        import numpy as np

        from ...core.picture.pixels import png  # on a worker: numpy takes its time to import

        _, pixels = self._ask("model", model)
        rows = np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE, 4)
        write_whole(model.with_name(THUMBNAIL_FILE), png(rows))

    def stop(self) -> None:
        """End what is under way, and begin nothing more. Returns at once."""
        with self._lock:
            self._is_stopped = True
            if self._process is not None:
                self._process.kill()

    def _ask(self, kind: str, source: Path) -> tuple[Mapping[str, list[str]], bytes]:
        with tempfile.TemporaryDirectory(prefix="trellis_", ignore_cleanup_errors=True) as folder:
            answer = Path(folder) / "answer"
            self._run([kind, str(self._seconds), str(source), str(answer)], folder, source.name)
            line, _, pixels = answer.read_bytes().partition(b"\n")
        facts = json.loads(line)
        if "error" in facts:
            raise PictureError(facts["error"])
        return facts, pixels

    def _run(self, arguments: list[str], folder: str, name: str) -> None:
        with self._lock:
            if self._is_stopped:
                raise StoppedError(GONE)
            self._process = child.begin([*self._command, *arguments], environment(folder))
        try:
            status = self._process.wait(self._seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise PictureError(f"“{name}” takes too long to look at. Choose a smaller or simpler one.") from None
        finally:
            with self._lock:
                process, self._process = self._process, None
            assert process.stdin is not None
            process.stdin.close()
        if self._is_stopped:
            raise StoppedError(GONE)
        if status:
            raise PictureError(f"Blender ended while it looked at “{name}”. Choose another file, or save it again.")


def look_at(onlooker: Onlooker, key: Key, number: int, found: Found) -> Seen:
    """What the model sees of the picture that was found. Never raises: an answer must come."""
    try:
        found.write()
        return Seen(key, number, onlooker.see(found.file))
    except TrellisError as error:
        return Seen(key, number, error=error.sentence, remedy=error.remedy)
    except OSError as error:
        full = storage_error("look at the picture", error)
        return Seen(key, number, error=full.sentence, remedy=full.remedy)
    except Exception as error:  # noqa: BLE001 - the log has it all
        _log.exception("unexpected")
        return Seen(key, number, error=unexpected(error))
    finally:
        if found.is_ours:
            with contextlib.suppress(OSError):  # it is swept with what else was left behind
                found.file.unlink()


def shrink(onlooker: Onlooker, job_id: str, picture: Path) -> Shrunk:
    """The job's picture, small. Never raises: without one, the box in the scene shows none."""
    try:
        return Shrunk(job_id, *onlooker.shrink(picture))
    except Exception as error:  # noqa: BLE001 - nothing is lost
        _log.info("no small picture of %s: %s", job_id, error)
        return Shrunk(job_id)


def portray(onlooker: Onlooker, job_id: str, folder: Path) -> Portrayed:
    """Make a thumbnail of the job's model. Never raises: without one, the list shows what the model is made from."""
    try:
        onlooker.portray(folder / MODEL_FILE)
    except Exception as error:  # noqa: BLE001 - nothing is lost
        _log.info("no thumbnail of %s: %s", job_id, error)
        return Portrayed(frozenset(), job_id)
    return Portrayed(frozenset({job_id}), job_id)


def portrayed(root: Path) -> Portrayed:
    """The jobs that have a thumbnail of their model."""
    return Portrayed(frozenset(path.parent.name for path in root.glob(f"*/{THUMBNAIL_FILE}")))


def environment(folder: str) -> dict[str, str]:
    """The environment of the other Blender: without the artist's add-ons, start-up scripts and keys."""
    kept = child.environment(LEFT_OUT)
    return {**kept, "BLENDER_USER_RESOURCES": folder, "TMPDIR": folder, "TEMP": folder, "TMP": folder}
