# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as icons: those of the jobs, and what the model sees. Draw functions ask for them, and get what is there.

Blender reads and scales the jobs' files in the background, when they are first drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpy.utils import previews

if TYPE_CHECKING:
    from ..core.runner.messages import Key

KEPT = 256  # a quarter of a megabyte each; the rows in sight are always among the newest
VIEW = "view\n"  # begins the names of the views: no job's id has a line break
# Blender's own store of pictures: it is made when the add-on is registered, and has to be given back to Blender.
_collection: list[Any] = []
# Jobs that have none, so that nobody looks for one with every redraw; emptied together with the store.
_bare: set[str] = set()


def of_job(job_id: str) -> int | None:
    """The icon of a job, 0 where it has none, None where that is not known yet."""
    known = _collection[0].get(job_id) if _collection else None
    if known is None:
        return 0 if job_id in _bare else None
    return int(known.icon_id)


def load(job_id: str, picture: Path | None) -> None:
    """Give the job this picture; None: it has none, until the job changes."""
    if picture is None:
        _bare.add(job_id)
    else:
        forget((job_id,))
        _made().load(job_id, str(picture), "IMAGE")
        forget([name for name in _collection[0] if not name.startswith(VIEW)][:-KEPT])


def forget(job_ids: Iterable[str]) -> None:
    """These jobs are gone, or look different now."""
    for job_id in job_ids:
        _bare.discard(job_id)
        if _collection and job_id in _collection[0]:
            del _collection[0][job_id]


def expect(job_id: str) -> None:
    """The job has changed: it may have a picture now, if it had none."""
    _bare.discard(job_id)


def clear() -> None:
    """Forget them all."""
    _bare.clear()
    if _collection:
        _collection[0].clear()


def show_view(key: Key, pixels: bytes, side: int) -> None:
    """Make these the pixels of what the model sees of that picture: RGBA, bottom row first."""
    forget_view(key)
    preview = _made().new(_name(key))
    preview.image_size = (side, side)
    preview.image_pixels.foreach_set(memoryview(pixels).cast("i"))


def of_view(key: Key) -> int:
    """The icon of what the model sees of that picture, 0 without one."""
    known = _collection[0].get(_name(key)) if _collection else None
    return 0 if known is None else int(known.icon_id)


def forget_view(key: Key) -> None:
    """Nobody wants to see that picture any more."""
    forget((_name(key),))


def _name(key: Key) -> str:
    return VIEW + "\n".join(key)


def _made() -> Any:
    """The collection that Blender keeps them in, made with the first of them."""
    if not _collection:
        _collection.append(previews.new())
    return _collection[0]


def unregister() -> None:
    """Give them back."""
    if _collection:
        previews.remove(_collection.pop())
