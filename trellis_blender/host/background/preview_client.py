# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the background Blender read pictures and models, so that this one neither freezes nor crashes over a file.

Its program is `preview.py`. Call all of this on a worker.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...core.errors import (
    BackgroundEndedError,
    BackgroundSlowError,
    BackgroundStartError,
    BackgroundStoppedError,
    PictureError,
    Text,
    explained,
    storage_error,
)
from ...core.files import temporary_folder, write_whole
from ...core.job.folder import MODEL_FILE, THUMBNAIL_FILE
from ...core.picture.file import ChosenPicture, FileStamp, PreparedPicture
from ...core.picture.view import Concern, View
from ...core.runner.messages import Key, LargePicture, PreviewReady, SmallPicture, StampReady, ThumbnailTried
from .process import STOPPED, Background, Launch, Result

if TYPE_CHECKING:
    from ...core.picture.pixels import Array

SECONDS = 60.0
WISH_SECONDS = 0.2
MEMORY_MAXIMUM = 12 * 2**30
PROGRAM = Path(__file__).with_name("preview.py")
SLOW = "“{name}” takes too long to look at. Choose a smaller or simpler one."
ENDED = "Blender ended while it looked at “{name}”. Choose another file, or save it again."
SomePicture = TypeVar("SomePicture", SmallPicture, LargePicture)
_log = logging.getLogger(__name__)
# Has the main thread read a file if no background Blender can be started. Returns the picture with its pixels. Raises
# TrellisError.
ReadHere = Callable[[ChosenPicture], ChosenPicture]


class PreviewClient:
    """The client of one background Blender, which reads one file at a time. For workers; `stop` is for any thread."""

    def __init__(self, launch: Launch, seconds: float = SECONDS, read_here: ReadHere | None = None) -> None:
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
                if self._read_here is None:
                    raise BackgroundStoppedError("There is no main thread to read it.") from error
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

    def shrink(
        self, empty: SomePicture, picture: Path | PreparedPicture, side: int, *, as_seen: bool = False
    ) -> SomePicture:
        """Return the message with the picture, no side above `side` pixels. Never raises: it stays `empty` then.

        `as_seen`: as the model sees it, a square with that side.
        """
        try:
            with temporary_folder() as folder:
                if isinstance(picture, PreparedPicture):
                    file = folder / f"picture.{picture.kind}"
                    file.write_bytes(picture.data)
                else:
                    file = picture
                answer = self._ask("shrink", file, folder, side=side, as_seen=as_seen)
                pixels = (folder / "made").read_bytes()
        except Exception as error:  # noqa: BLE001 - nothing is lost
            _log.info("no picture for %s: %s", empty, error)
            return empty
        return replace(empty, width=answer["width"], height=answer["height"], pixels=pixels)

    def make_thumbnail(self, model: Path) -> None:
        """Save a thumbnail of the model in its folder. Raises ModelFileError, BackgroundError or OSError."""
        self._save("model", model, model.with_name(THUMBNAIL_FILE))

    def make_contact_sheet(self, tiles: Sequence[tuple[Path | None, str]], target: Path) -> None:
        """Save one PNG of all these pictures with their names; None is an empty place.

        Raises BackgroundError or OSError.
        """
        named = [("" if picture is None else str(picture), name) for picture, name in tiles]
        self._save("sheet", target, target, tiles=named)

    def stop(self) -> None:
        """Stop the background Blender for good. Returns almost at once."""
        self.background.stop()

    def _prepare_file(self, chosen: ChosenPicture, file: Path) -> PreparedPicture:
        stamp = FileStamp.of(file)
        with temporary_folder() as folder:
            answer = self._ask("prepare", file, folder, ignores_alpha=chosen.ignores_alpha)
            view = View((folder / "view").read_bytes(), tuple(map(Concern, answer["concerns"])))
            data = (folder / "made").read_bytes()
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
        from ...core.picture.encode import targa

        with temporary_folder() as folder:
            source = folder / "picture.png"
            source.write_bytes(png)
            self._ask("jpeg", source, folder)
            return (folder / "made").read_bytes(), targa((folder / "shown").read_bytes())[..., :3]

    def _save(self, name: str, file: Path, target: Path, **more: Any) -> None:
        """Save what the background Blender makes of the file, whole or not at all."""
        with temporary_folder() as folder:
            self._ask(name, file, folder, **more)
            write_whole(target, (folder / "made").read_bytes())

    def _ask(self, name: str, file: Path, folder: Path, **more: Any) -> Result:
        request = {"file": str(file), "folder": str(folder), **more}
        try:
            return self.background.ask(name, request, seconds=self._seconds)
        except BackgroundSlowError:
            raise PictureError(Text(SLOW, name=file.name)) from None
        except BackgroundEndedError:
            raise PictureError(Text(ENDED, name=file.name)) from None


def make_preview(client: PreviewClient, key: Key, number: int, chosen: ChosenPicture) -> PreviewReady:
    """Return the picture as the model sees it and as it would be sent. Never raises: an answer must come."""
    stamp = None
    try:
        stamp = FileStamp.of(chosen.file) if chosen.file is not None else None
        prepared = client.prepare(chosen)
        return PreviewReady(key, number, prepared.view, prepared=prepared, stamp=stamp)
    except Exception as error:  # noqa: BLE001 - an answer must come
        told, is_refused = explained(error, "look at the picture"), isinstance(error, PictureError)
        # Without a stamp it is tried again while the panel shows it: a full disk may have room.
        kept = stamp if told is error else None
        return PreviewReady(key, number, error=told.sentence, remedy=told.remedy, is_refused=is_refused, stamp=kept)


def answer(answers: queue.SimpleQueue[PreviewReady], client: PreviewClient, chosen: ChosenPicture) -> None:
    """Put the result of `make_preview` into the queue."""
    answers.put(make_preview(client, (), 0, chosen))


def stamp_of(key: Key, file: Path) -> StampReady:
    """Return the current stamp of the picture's file. Never raises."""
    try:
        return StampReady(key, FileStamp.of(file))
    except PictureError:
        return StampReady(key, None)


def make_thumbnail(client: PreviewClient, job_id: str, folder: Path) -> ThumbnailTried:
    """Make a thumbnail of the job's model. Never raises: without one, the list shows the job's picture."""
    try:
        client.make_thumbnail(folder / MODEL_FILE)
    except Exception as error:  # noqa: BLE001 - nothing is lost
        _log.info("no thumbnail of %s: %s", job_id, error)
    return ThumbnailTried(job_id)


class MainThreadReader:
    """A queue of files that workers need the main thread to read. Its timer calls `fulfil` at every tick."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[tuple[ChosenPicture, Future[ChosenPicture]]] = queue.SimpleQueue()
        self._is_stopped = threading.Event()

    @property
    def is_wanted(self) -> bool:
        """Return whether a worker is waiting."""
        return not self._requests.empty()

    def read(self, chosen: ChosenPicture) -> ChosenPicture:
        """Return the picture with its pixels. For workers. Raises what reading raised, or BackgroundStoppedError."""
        outcome: Future[ChosenPicture] = Future()
        self._requests.put((chosen, outcome))
        while not self._is_stopped.is_set():
            if wait([outcome], WISH_SECONDS).done:
                return outcome.result()
        raise BackgroundStoppedError(STOPPED)

    def fulfil(self, read: ReadHere) -> None:
        """Read one picture, if one is waiting. For the main thread."""
        try:
            chosen, outcome = self._requests.get_nowait()
        except queue.Empty:
            return
        try:
            outcome.set_result(read(chosen))
        except Exception as error:  # noqa: BLE001 - the worker tells
            outcome.set_exception(error)

    def stop(self) -> None:
        """Release the waiting workers: nobody will read for them any more."""
        self._is_stopped.set()
