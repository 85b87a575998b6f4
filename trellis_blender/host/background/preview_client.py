# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the background Blender read pictures and models, so that this one neither freezes nor crashes over a file.

Its program is `preview.py`. Call all of this on a worker.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import logging
import queue
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import (
    BackgroundEndedError,
    BackgroundSlowError,
    BackgroundStartError,
    BackgroundStoppedError,
    PictureError,
    Text,
    TrellisError,
    storage_error,
    unexpected,
)
from ...core.files import write_whole
from ...core.job.folder import MODEL_FILE, THUMBNAIL_FILE
from ...core.picture.file import ChosenPicture, FileStamp, PreparedPicture
from ...core.picture.view import Concern, View
from ...core.runner.messages import Key, LargePicture, PreviewReady, SmallPicture, StampReady, ThumbnailsReady
from .process import STOPPED, Background, Launch, Result

if TYPE_CHECKING:
    from ...core.picture.pixels import Array

SECONDS = 60.0
WISH_SECONDS = 0.2
MEMORY_MAXIMUM = 12 * 2**30
PROGRAM = Path(__file__).with_name("preview.py")
_log = logging.getLogger(__name__)
# Has the main thread read a file if no background Blender can be started. Returns the picture with its pixels. Raises
# TrellisError.
ReadHere = Callable[[ChosenPicture], ChosenPicture]


def _not_here(_chosen: ChosenPicture) -> ChosenPicture:
    raise BackgroundStoppedError("There is no main thread to read it.")


class PreviewClient:
    """The client of one background Blender, which reads one file at a time. For workers; `stop` is for any thread."""

    def __init__(self, launch: Launch, seconds: float = SECONDS, read_here: ReadHere = _not_here) -> None:
        self.background, self._seconds, self._read_here = Background(launch), seconds, read_here

    def prepare(self, chosen: ChosenPicture) -> PreparedPicture:
        """Return the picture prepared for sending. Deletes the picture's Targa. Raises TrellisError or OSError."""
        if chosen.prepared is not None:
            return chosen.prepared
        if chosen.file is not None:
            try:
                return self._prepare_file(chosen, chosen.file)
            except BackgroundStartError as error:
                _log.warning("%s", error)
                chosen = self._read_here(chosen)
        from ...core.picture.prepare import packed, prepared

        rows = self._rows(chosen)
        cut = prepared(
            rows,
            orientation=chosen.orientation,
            pixel_aspect=chosen.pixel_aspect,
            ignores_alpha=chosen.ignores_alpha,
        )
        del rows
        try:
            made = packed(cut, self._pack_jpeg)
        except BackgroundStartError:  # send it as a PNG then, however large
            made = packed(cut, None)
        return replace(made, stamp=chosen.stamp)

    def shrink(self, picture: Path) -> tuple[int, int, bytes]:
        """Return a small picture: its width, height and pixels. Raises PictureError or BackgroundError."""
        answer = self._ask("small", picture)
        return answer["width"], answer["height"], _bytes(answer["pixels"])

    def enlarge(self, picture: Path | PreparedPicture, side: int, *, as_seen: bool) -> tuple[int, int, bytes]:
        """Return a picture with no side above `side` pixels: its width, height and pixels.

        `as_seen`: as the model sees it, a square with that side. Raises PictureError, BackgroundError or OSError.
        """
        with _own_folder() as folder:
            target = folder / "pixels"
            if isinstance(picture, PreparedPicture):
                file = folder / f"picture.{picture.kind}"
                file.write_bytes(picture.data)
            else:
                file = picture
            answer = self._ask("large", file, side=side, as_seen=as_seen, target=str(target))
            return answer["width"], answer["height"], target.read_bytes()

    def make_thumbnail(self, model: Path) -> None:
        """Save a thumbnail of the model in its folder. Raises ModelFileError, BackgroundError or OSError."""
        import numpy as np

        from ...core.picture.encode import png  # imported on the worker: numpy is slow to import

        answer = self._ask("model", model)
        rows = np.frombuffer(_bytes(answer["pixels"]), np.uint8).reshape(answer["side"], answer["side"], 4)
        write_whole(model.with_name(THUMBNAIL_FILE), png(rows[::-1]))

    def make_contact_sheet(self, tiles: Sequence[tuple[Path | None, str]], target: Path) -> None:
        """Save one PNG of all these pictures with their names; None is an empty place.

        Raises BackgroundError or OSError.
        """
        import numpy as np

        from ...core.picture.encode import png

        with _own_folder() as folder:
            pixels = folder / "pixels"
            named = [("" if picture is None else str(picture), name) for picture, name in tiles]
            answer = self._ask("sheet", target, tiles=named, target=str(pixels))
            rows = np.fromfile(pixels, np.uint8).reshape(answer["height"], answer["width"], 3)
            write_whole(target, png(rows))

    def stop(self) -> None:
        """Stop the background Blender for good. Returns almost at once."""
        self.background.stop()

    def _prepare_file(self, chosen: ChosenPicture, file: Path) -> PreparedPicture:
        stamp = FileStamp.of(file)
        with _own_folder() as folder:
            target = folder / "picture"
            answer = self._ask("prepare", file, ignores_alpha=chosen.ignores_alpha, target=str(target))
            data = target.read_bytes()
        view = View(_bytes(answer["view"]), tuple(map(Concern, answer["concerns"])))
        return PreparedPicture(data, answer["kind"], tuple(answer["crop"]), view, stamp)

    def _rows(self, chosen: ChosenPicture) -> Array:
        """Return the pixels of a picture without a file: uint8 (height, width, 4), the top row first."""
        from ...core.picture.encode import targa

        if chosen.targa is None:
            assert chosen.pixels is not None
            return chosen.pixels.rows()
        try:
            return targa(chosen.targa.read_bytes())
        except ValueError as error:
            raise storage_error("save the picture", OSError(errno.EIO, "the file was cut short")) from error
        finally:
            with contextlib.suppress(OSError):  # a later sweep removes it
                chosen.targa.unlink()

    def _pack_jpeg(self, png: bytes) -> tuple[bytes, Array]:
        import numpy as np

        with _own_folder() as folder:
            source, target, shown = folder / "picture.png", folder / "picture.jpg", folder / "shown"
            source.write_bytes(png)
            answer = self._ask("jpeg", source, target=str(target), shown=str(shown))
            rows = np.frombuffer(shown.read_bytes(), np.uint8).reshape(answer["height"], answer["width"], 3)
            return target.read_bytes(), rows

    def _ask(self, name: str, file: Path, **more: Any) -> Result:
        try:
            return self.background.ask(name, {"file": str(file), **more}, seconds=self._seconds)
        except BackgroundSlowError:
            raise PictureError(
                Text("“{name}” takes too long to look at. Choose a smaller or simpler one.", name=file.name)
            ) from None
        except BackgroundEndedError:
            sentence = Text(
                "Blender ended while it looked at “{name}”. Choose another file, or save it again.", name=file.name
            )
            raise PictureError(sentence) from None


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="trellis_", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _bytes(text: Any) -> bytes:
    return base64.b64decode(text)


def make_preview(client: PreviewClient, key: Key, number: int, chosen: ChosenPicture) -> PreviewReady:
    """Return the picture as the model sees it and as it would be sent. Never raises: an answer must come."""
    stamp = None
    try:
        stamp = FileStamp.of(chosen.file) if chosen.file is not None else None
        prepared = client.prepare(chosen)
        return PreviewReady(key, number, prepared.view, prepared=prepared, stamp=stamp)
    except TrellisError as error:
        is_refused = isinstance(error, PictureError)
        return PreviewReady(key, number, error=error.sentence, remedy=error.remedy, is_refused=is_refused, stamp=stamp)
    except OSError as error:
        full = storage_error("look at the picture", error)
        return PreviewReady(key, number, error=full.sentence, remedy=full.remedy)
    except Exception as error:  # noqa: BLE001 - the log has it all
        _log.exception("unexpected")
        return PreviewReady(key, number, error=unexpected(error))


def answer(answers: queue.SimpleQueue[PreviewReady], client: PreviewClient, chosen: ChosenPicture) -> None:
    """Put the result of `make_preview` into the queue."""
    answers.put(make_preview(client, (), 0, chosen))


def stamp_of(key: Key, file: Path) -> StampReady:
    """Return the current stamp of the picture's file. Never raises."""
    try:
        return StampReady(key, FileStamp.of(file))
    except PictureError:
        return StampReady(key, None)


def shrink(client: PreviewClient, job_id: str, picture: Path) -> SmallPicture:
    """Return the job's small picture. Never raises: without one, the placeholder shows no picture."""
    try:
        return SmallPicture(job_id, *client.shrink(picture))
    except Exception as error:  # noqa: BLE001 - nothing is lost
        _log.info("no small picture of %s: %s", job_id, error)
        return SmallPicture(job_id)


def enlarge(
    client: PreviewClient, place: str, number: int, picture: Path | PreparedPicture, side: int, *, as_seen: bool
) -> LargePicture:
    """Return the picture large, for that place. Never raises: without one, what is there already stays."""
    try:
        return LargePicture(place, number, *client.enlarge(picture, side, as_seen=as_seen))
    except Exception as error:  # noqa: BLE001 - nothing is lost
        _log.info("no large picture: %s", error)
        return LargePicture(place, number)


def make_thumbnail(client: PreviewClient, job_id: str, folder: Path) -> ThumbnailsReady:
    """Make a thumbnail of the job's model. Never raises: without one, the list shows the job's picture."""
    try:
        client.make_thumbnail(folder / MODEL_FILE)
    except Exception as error:  # noqa: BLE001 - nothing is lost
        _log.info("no thumbnail of %s: %s", job_id, error)
        return ThumbnailsReady(frozenset(), job_id)
    return ThumbnailsReady(frozenset({job_id}), job_id)


def with_thumbnail(root: Path) -> ThumbnailsReady:
    """Return the jobs whose model has a thumbnail."""
    return ThumbnailsReady(frozenset(path.parent.name for path in root.glob(f"*/{THUMBNAIL_FILE}")))


class _Request:
    """A picture to read, and its outcome."""

    def __init__(self, chosen: ChosenPicture) -> None:
        self.chosen, self.is_done = chosen, threading.Event()
        self.outcome: ChosenPicture | TrellisError | None = None


class MainThreadReader:
    """A queue of files that workers need the main thread to read. Its timer calls `fulfil` at every tick."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        self._is_stopped = threading.Event()

    @property
    def is_wanted(self) -> bool:
        """Return whether a worker is waiting."""
        return not self._requests.empty()

    def read(self, chosen: ChosenPicture) -> ChosenPicture:
        """Return the picture with its pixels. For workers. Raises what reading raised, or BackgroundStoppedError."""
        wish = _Request(chosen)
        self._requests.put(wish)
        while not wish.is_done.wait(WISH_SECONDS):
            if self._is_stopped.is_set():
                raise BackgroundStoppedError(STOPPED)
        if isinstance(wish.outcome, TrellisError):
            raise wish.outcome
        assert wish.outcome is not None
        return wish.outcome

    def fulfil(self, read: Callable[[ChosenPicture], ChosenPicture]) -> None:
        """Read one picture, if one is waiting. For the main thread."""
        try:
            wish = self._requests.get_nowait()
        except queue.Empty:
            return
        try:
            wish.outcome = read(wish.chosen)
        except TrellisError as error:
            wish.outcome = error
        finally:
            wish.is_done.set()

    def stop(self) -> None:
        """Release the waiting workers: nobody will read for them any more."""
        self._is_stopped.set()
