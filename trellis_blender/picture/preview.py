# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the previews (pictures as the model sees them), the jobs' small pictures, and the models' thumbnails.

A preview prepares the picture for sending. The click sends that prepared picture if its file has not changed.

A worker of the runner has the background Blender do the work (`host/background/preview_client.py`). The answers come as
messages. At most one picture and one model are under way at a time.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import PictureError, StorageError, TrellisError
from ..core.files import is_plain
from ..core.picture.file import ChosenPicture, FileStamp, PreparedPicture
from ..core.picture.view import SIDE
from ..core.runner.messages import (
    Key,
    LargePicture,
    PreviewMessage,
    PreviewReady,
    SmallPicture,
    StampReady,
    ThumbnailTried,
)
from ..core.runner.runner import Runner
from ..host.background import start
from ..host.background.preview_client import (
    MEMORY_MAXIMUM,
    PROGRAM,
    MainThreadReader,
    PreviewClient,
    make_preview,
    make_thumbnail,
    stamp_of,
)
from ..host.background.process import Launch
from . import icons
from .file import ANNOUNCED, read_here

if TYPE_CHECKING:
    from .sources import PictureUnderWay, Taken

RECENT_SECONDS = 1.0
SMALL_SIDE = 256  # pixels, of a placeholder's picture
PICTURE = "picture"  # the place for a large picture that is shown as the model sees it


@dataclass
class ShownPreview:
    """The preview of one picture. `number` identifies the request; `answer` is None until it comes.

    `file`: the artist's file, if the picture is one. `under_way`: the picture while it is still being made. `drawn`:
    when it was last drawn. `checked`: when its file was last checked. Both are seconds of the monotonic clock.
    """

    number: int
    answer: PreviewReady | None = None
    file: Path | None = None
    under_way: PictureUnderWay | None = None
    checked: float = field(default_factory=time.monotonic)
    drawn: float = field(default_factory=time.monotonic)


@dataclass
class Previews:
    """All previews, small pictures and thumbnails.

    `shown` holds the newest preview of each picture shown now, by its key; sidebars side by side may show different
    pictures. `number` counts the requests.

    `tried`: the jobs whose thumbnail was requested already. `queue`: those without an answer, of which the first is
    under way. `small`: the jobs' small pictures, each None until it is ready. `large`: the requests for large pictures,
    by their places. `tell` shows the artist a message. `client` reads pictures and `thumbnail_client` reads models:
    each has its own background Blender, so no picture waits for a model.
    """

    runner: Runner
    root: Path
    tell: Callable[[str], None]
    shown: dict[Key, ShownPreview] = field(default_factory=dict)
    number: int = 0
    tried: set[str] = field(default_factory=set)
    queue: list[str] = field(default_factory=list)
    small: dict[str, SmallPicture | None] = field(default_factory=dict)
    large: dict[str, int] = field(default_factory=dict)
    is_announced: bool = False
    main_thread: MainThreadReader = field(default_factory=MainThreadReader)
    client: PreviewClient = field(init=False)
    thumbnail_client: PreviewClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = PreviewClient(launch(), read_here=self.main_thread.read)
        self.thumbnail_client = PreviewClient(launch())

    @property
    def is_busy(self) -> bool:
        """Return whether an answer is still to come."""
        is_awaited = any(preview.answer is None for preview in self.shown.values())
        return bool(self.queue or self.large) or is_awaited

    def request(self, key: Key, taken: Taken) -> None:
        """Request a preview of this picture, once it is made. That also prepares it for sending."""
        self.number += 1
        preview = ShownPreview(self.number)
        self._keep(key, preview)
        if isinstance(taken, ChosenPicture):
            preview.file = taken.file
            self._compute(key, preview.number, taken)
        else:
            preview.under_way = taken

    def with_prepared(self, chosen: ChosenPicture) -> ChosenPicture:
        """Return the picture, with its prepared form if there is one and the file has not changed.

        Raises PictureError if the preview found the picture unusable, or if the file is gone.
        """
        if chosen.file is None or chosen.ignores_alpha:
            return chosen
        stamp = FileStamp.of(chosen.file)
        for preview in self.shown.values():
            answer = preview.answer
            if preview.file == chosen.file and answer is not None and answer.stamp == stamp:
                if answer.prepared is not None:
                    return replace(chosen, prepared=answer.prepared)
                if answer.is_refused:
                    raise PictureError(answer.error, remedy=answer.remedy)
        return chosen

    def check_file(self, key: Key) -> None:
        """Check whether the file was saved again since its preview. If so, the next drawing requests a new one."""
        preview = self.shown.get(key)
        if preview is not None and preview.file is not None and preview.answer is not None:
            file = preview.file
            self.runner.compute(partial(stamp_of, key, file))

    def step(self, folder: Path) -> None:
        """Read files for waiting workers, and request previews of pictures that are done. Call at every tick."""
        self.read_what_workers_want(folder)
        for key, preview in [*self.shown.items()]:
            if preview.under_way is not None and preview.under_way.is_done:
                made, preview.under_way = preview.under_way, None
                try:
                    self._compute(key, preview.number, made.end())
                except TrellisError as error:
                    self.receive(PreviewReady(key, preview.number, error=error.sentence, remedy=error.remedy))

    def read_what_workers_want(self, folder: Path) -> None:
        """Read a file in this Blender if a worker waits for it and no background Blender can be started.

        Tell the artist one tick before that, so that the message shows before Blender freezes.
        """
        if self.main_thread.is_wanted and not self.is_announced:
            self.is_announced = True
            self.tell(ANNOUNCED)
        elif self.main_thread.is_wanted:
            self.main_thread.fulfil(lambda chosen: read_here(chosen, folder))

    def receive_unasked(self, answer: PreviewReady) -> None:
        """Take this as the picture's preview, without a request."""
        self._keep(answer.key, ShownPreview(0, answer))

    def forget_views(self) -> None:
        """Forget all previews, since all pictures may have changed. The next drawing requests new ones."""
        for key in [*self.shown]:
            self._drop(key)

    def make_thumbnail(self, job_id: str) -> None:
        """Make a thumbnail of the job's model, after those that others wait for, unless it was tried before."""
        if job_id not in self.tried:
            self.tried.add(job_id)
            self.queue.append(job_id)
            if len(self.queue) == 1:
                self._make_first()

    def shrink(self, job_id: str, picture: Path | None) -> None:
        """Request the job's small picture, unless it was requested before or its file does not exist yet."""
        if job_id not in self.small and picture is not None and is_plain(picture):
            self.small[job_id] = None
            self.runner.compute(partial(self.client.shrink, SmallPicture(job_id), picture, SMALL_SIDE))

    def enlarge(self, pictures: Mapping[str, Path | PreparedPicture], side: int) -> None:
        """Request pictures for their places, with no side above `side` pixels. Until they come, show what there is."""
        self.number += 1
        self.large = dict.fromkeys(pictures, self.number)
        for place, picture in pictures.items():
            if isinstance(picture, PreparedPicture):
                icons.show_large(place, SIDE, SIDE, picture.view.pixels)
            else:
                icons.show_large(place)
            empty, as_seen = LargePicture(place, self.number), place == PICTURE
            self.runner.compute(partial(self.client.shrink, empty, picture, side, as_seen=as_seen))

    def receive(self, message: PreviewMessage) -> None:
        """Apply an answer. Ignore one about a picture that is no longer shown or was requested again."""
        if isinstance(message, ThumbnailTried):
            icons.forget((message.id,))
            self.queue.remove(message.id)
            self._make_first()
        elif isinstance(message, StampReady):
            preview = self.shown.get(message.key)
            if preview is not None and preview.answer is not None and preview.answer.stamp != message.stamp:
                self._drop(message.key)
        elif isinstance(message, SmallPicture):
            self.small[message.id] = message
        elif isinstance(message, LargePicture):
            if self.large.get(message.place) == message.number:
                del self.large[message.place]
                if message.pixels:
                    icons.show_large(message.place, message.width, message.height, message.pixels)
        else:
            preview = self.shown.get(message.key)
            if preview is not None and preview.number == message.number:
                preview.answer = message
                if message.view is not None:
                    icons.show_view(message.key, message.view.pixels, SIDE)

    def forget(self, job_id: str) -> None:
        """Forget a job that is gone."""
        icons.forget((job_id,))
        self.small.pop(job_id, None)
        self.queue[1:] = [waiting for waiting in self.queue[1:] if waiting != job_id]

    def stop(self) -> None:
        """Stop both background Blenders, and forget everything that is under way."""
        self.forget_views()
        self.main_thread.stop()
        self.client.stop()
        self.thumbnail_client.stop()
        icons.clear()

    def _keep(self, key: Key, preview: ShownPreview) -> None:
        """Add this preview, and drop those that nobody draws any more, since their pictures may change unnoticed."""
        least = time.monotonic() - RECENT_SECONDS
        for old in [old for old, other in self.shown.items() if old == key or other.drawn < least]:
            self._drop(old)
        self.shown[key] = preview

    def _drop(self, key: Key) -> None:
        preview = self.shown.pop(key, None)
        if preview is not None and preview.under_way is not None:
            with contextlib.suppress(StorageError):  # a later sweep removes the file
                preview.under_way.abandon()
        icons.forget_view(key)

    def _compute(self, key: Key, number: int, chosen: ChosenPicture) -> None:
        self.runner.compute(partial(make_preview, self.client, key, number, chosen))

    def _make_first(self) -> None:
        """Have the first thumbnail of the queue made."""
        for job_id in self.queue[:1]:
            self.runner.compute(partial(make_thumbnail, self.thumbnail_client, job_id, self.root / job_id))


def launch() -> Launch:
    """Return how to start the background Blender for previews: without add-ons and network."""
    return start.launch(PROGRAM, memory_maximum=MEMORY_MAXIMUM)
