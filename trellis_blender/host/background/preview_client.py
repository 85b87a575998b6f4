# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the background Blender look at pictures and models: decoding stops nothing here, and what is hostile harms
nothing. Its program is `preview.py`.
"""

from __future__ import annotations

import base64
import contextlib
import logging
from pathlib import Path
from typing import Any

from ...core.errors import (
    BackgroundEndedError,
    BackgroundSlowError,
    PictureError,
    TrellisError,
    storage_error,
    unexpected,
)
from ...core.files import write_whole
from ...core.job.folder import MODEL_FILE, THUMBNAIL_FILE
from ...core.picture.file import Found
from ...core.picture.view import SIDE, Concern, View
from ...core.runner.messages import Key, Portrayed, Seen, Shrunk
from .process import Background, Launch, Result

SECONDS = 60.0
MEMORY_MAXIMUM = 12 * 2**30
PROGRAM = Path(__file__).with_name("preview.py")
_log = logging.getLogger(__name__)


class PreviewClient:
    """Looks at one thing at a time. For workers; only `stop` is for any thread."""

    def __init__(self, launch: Launch, seconds: float = SECONDS) -> None:
        self.background, self._seconds = Background(launch), seconds

    def see(self, picture: Path) -> View:
        """What the model sees of the picture. Raises PictureError or BackgroundError."""
        answer = self._ask("picture", picture)
        return View(_bytes(answer["pixels"]), tuple(map(Concern, answer["concerns"])))

    def shrink(self, picture: Path) -> tuple[int, int, bytes]:
        """The picture, small: its width, height and pixels. Raises PictureError or BackgroundError."""
        answer = self._ask("small", picture)
        return answer["width"], answer["height"], _bytes(answer["pixels"])

    def portray(self, model: Path) -> None:
        """Put a thumbnail of the model beside it. Raises ModelFileError, BackgroundError or OSError."""
        import numpy as np

        from ...core.picture.pixels import png  # on a worker: numpy takes its time to import

        pixels = _bytes(self._ask("model", model)["pixels"])
        rows = np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE, 4)
        write_whole(model.with_name(THUMBNAIL_FILE), png(rows))

    def stop(self) -> None:
        """End what is under way, and begin nothing more. Returns almost at once."""
        self.background.stop()

    def _ask(self, name: str, file: Path) -> Result:
        try:
            return self.background.ask(name, {"file": str(file)}, seconds=self._seconds)
        except BackgroundSlowError:
            raise PictureError(f"“{file.name}” takes too long to look at. Choose a smaller or simpler one.") from None
        except BackgroundEndedError:
            sentence = f"Blender ended while it looked at “{file.name}”. Choose another file, or save it again."
            raise PictureError(sentence) from None


def _bytes(text: Any) -> bytes:
    return base64.b64decode(text)


def look_at(client: PreviewClient, key: Key, number: int, found: Found) -> Seen:
    """What the model sees of the picture that was found. Never raises: an answer must come."""
    try:
        found.write()
        return Seen(key, number, client.see(found.file))
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


def shrink(client: PreviewClient, job_id: str, picture: Path) -> Shrunk:
    """The job's picture, small. Never raises: without one, the box in the scene shows none."""
    try:
        return Shrunk(job_id, *client.shrink(picture))
    except Exception as error:  # noqa: BLE001 - nothing is lost
        _log.info("no small picture of %s: %s", job_id, error)
        return Shrunk(job_id)


def portray(client: PreviewClient, job_id: str, folder: Path) -> Portrayed:
    """Make a thumbnail of the job's model. Never raises: without one, the list shows what the model is made from."""
    try:
        client.portray(folder / MODEL_FILE)
    except Exception as error:  # noqa: BLE001 - nothing is lost
        _log.info("no thumbnail of %s: %s", job_id, error)
        return Portrayed(frozenset(), job_id)
    return Portrayed(frozenset({job_id}), job_id)


def portrayed(root: Path) -> Portrayed:
    """The jobs that have a thumbnail of their model."""
    return Portrayed(frozenset(path.parent.name for path in root.glob(f"*/{THUMBNAIL_FILE}")))
