# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as icons: those of the jobs, and what the model sees. Draw functions ask for them, and get what is there.

Blender reads and scales the jobs' files in the background, when they are first drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

KEPT = 256  # a quarter of a megabyte each; the rows in sight are always among the newest
VIEW = "view"
_collection: list[Any] = []


def of_job(job_id: str) -> int | None:
    """The icon of a job, 0 where it has none, None where that is not known yet."""
    known = _collection[0].get(job_id) if _collection else None
    return None if known is None else int(known.icon_id)


def load(job_id: str, picture: Path) -> None:
    """Give the job this picture."""
    if _collection:
        forget((job_id,))
        _collection[0].load(job_id, str(picture), "IMAGE")
        forget([name for name in _collection[0] if name != VIEW][:-KEPT])


def forget(job_ids: Iterable[str]) -> None:
    """These jobs are gone, or look different now."""
    for job_id in job_ids:
        if _collection and job_id in _collection[0]:
            del _collection[0][job_id]


def clear() -> None:
    """Forget them all."""
    if _collection:
        _collection[0].clear()


def show_view(pixels: bytes, side: int) -> None:
    """Make these the pixels of what the model sees: RGBA, bottom row first."""
    if _collection:
        forget((VIEW,))
        preview = _collection[0].new(VIEW)
        preview.image_size = (side, side)
        preview.image_pixels.foreach_set(memoryview(pixels).cast("i"))


def of_view() -> int:
    """The icon of what the model sees, 0 without one."""
    known = _collection[0].get(VIEW) if _collection else None
    return 0 if known is None else int(known.icon_id)


def register() -> None:
    """Make room for the pictures."""
    from bpy.utils import previews

    _collection.append(previews.new())


def unregister() -> None:
    """Give them back."""
    from bpy.utils import previews

    previews.remove(_collection.pop())
