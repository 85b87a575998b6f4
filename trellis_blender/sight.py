# SPDX-License-Identifier: GPL-3.0-or-later
"""What was looked at, and what is being looked at: the picture as the model sees it, and the models' thumbnails.

Another Blender does the looking (`core/onlooker.py`), on behalf of the runner's thread for such things; the answers
come as changes. At most one picture and one model are under way at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import icons, second_blender
from .core.changes import Key, Portrayed, Seen, Shrunk
from .core.onlooker import Onlooker, look_at, portray, portrayed, shrink
from .core.picture import Found
from .core.runner import Runner
from .core.sight import SIDE

PROGRAM = Path(__file__).with_name("onlook.py")


@dataclass
class Sight:
    """`key` names the picture that is wanted last, `seen` is what was seen of it, None while that is awaited.

    `portrayed` are the jobs that have a thumbnail of their model, None before they are known; `tried` those whose
    model need not be looked at again, `queue` those whose turn comes, `model` the one under way. `small` are the small
    pictures of the jobs that were asked for, None while they are awaited.
    """

    runner: Runner
    root: Path
    key: Key = ()
    seen: Seen | None = None
    portrayed: frozenset[str] | None = None
    tried: set[str] = field(default_factory=set)
    queue: list[str] = field(default_factory=list)
    model: str = ""
    is_counting: bool = False
    small: dict[str, Shrunk | None] = field(default_factory=dict)
    onlooker: Onlooker = field(default_factory=lambda: Onlooker(command()))

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited."""
        return bool(self.model) or self.is_counting or (bool(self.key) and self.seen is None)

    def look(self, key: Key, found: Found) -> None:
        """See what the model sees of this picture."""
        self.key, self.seen = key, None
        self.runner.compute(lambda: look_at(self.onlooker, key, found))

    def know(self, seen: Seen) -> None:
        """This is what is known of the picture, without a look at it."""
        self.key, self.seen = seen.key, seen

    def count(self) -> None:
        """Find out which jobs have a thumbnail of their model."""
        self.is_counting = True
        self.runner.compute(lambda: portrayed(self.root))

    def portray(self, job_ids: Iterable[str]) -> None:
        """Make a thumbnail of these jobs' models, one after the other, unless that was tried before."""
        for job_id in job_ids:
            if job_id not in self.tried:
                self.tried.add(job_id)
                self.queue.append(job_id)
        self._next()

    def shrink(self, job_id: str, picture: Path | None) -> None:
        """Get the job's picture small, unless it was asked for before, or its file is not there yet."""
        if job_id not in self.small and picture is not None and picture.is_file():
            self.small[job_id] = None
            self.runner.compute(lambda: shrink(self.onlooker, job_id, picture))

    def take(self, news: Seen | Portrayed | Shrunk) -> None:
        """An answer came. One about a picture that is wanted no more is left aside."""
        if isinstance(news, Portrayed):
            self._take_portrayed(news)
        elif isinstance(news, Shrunk):
            self.small[news.id] = news
        elif news.key == self.key:
            self.seen = news
            if news.view is not None:
                icons.show_view(news.view.pixels, SIDE)

    def forget(self, job_id: str) -> None:
        """The job is gone."""
        icons.forget((job_id,))
        self.small.pop(job_id, None)
        self.queue = [waiting for waiting in self.queue if waiting != job_id]

    def look_again(self) -> None:
        """The picture may have changed: what was seen of it is seen anew when it is drawn."""
        self.key, self.seen = (), None

    def stop(self) -> None:
        """End what is under way."""
        self.onlooker.stop()
        icons.clear()

    def _take_portrayed(self, news: Portrayed) -> None:
        if not news.tried:
            self.is_counting = False
        elif news.tried == self.model:
            self.model = ""
        self.portrayed = (self.portrayed or frozenset()) | news.ids
        icons.forget(news.ids)
        self._next()

    def _next(self) -> None:
        if self.queue and not self.model:
            self.model = job_id = self.queue.pop(0)
            self.runner.compute(lambda: portray(self.onlooker, job_id, self.root / job_id))


def command() -> list[str]:
    """What starts another Blender that looks: without add-ons and network."""
    return second_blender.command(PROGRAM, "--factory-startup", "--offline-mode")
