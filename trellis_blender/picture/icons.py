# SPDX-License-Identifier: GPL-3.0-or-later
"""Show pictures as icons: the jobs' pictures, the previews, and what is shown large. Draw functions ask for an icon and
get what is ready.

Blender reads and scales the jobs' files in the background when it first draws them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpy.utils import previews

if TYPE_CHECKING:
    from ..core.runner.messages import Key

KEPT = 256  # icons of a quarter of a megabyte each; the visible rows are always among the newest
VIEW, LARGE = "view\n", "large\n"  # begin the names of previews and large pictures: no job's id has a line break
DARK = bytes((32, 32, 32, 255))  # a pixel
# Blender's own collection of pictures. It is made with the first picture, and must be given back to Blender.
_collection: list[Any] = []
# Jobs without a picture, so that a redraw does not look for one again. Cleared together with the collection.
_bare: set[str] = set()


def of_job(job_id: str) -> int | None:
    """Return the icon of a job, 0 if it has none, None if that is not known yet."""
    return 0 if job_id in _bare else _icon(job_id)


def load(job_id: str, picture: Path | None) -> None:
    """Give the job this picture. None: the job has no picture until it changes."""
    if picture is None:
        _bare.add(job_id)
    else:
        forget((job_id,))
        _made().load(job_id, str(picture), "IMAGE")
        forget([name for name in _collection[0] if "\n" not in name][:-KEPT])


def forget(job_ids: Iterable[str]) -> None:
    """Forget the icons of these jobs, which are gone or have a new picture."""
    for job_id in job_ids:
        _bare.discard(job_id)
        if _collection and job_id in _collection[0]:
            del _collection[0][job_id]


def expect(job_id: str) -> None:
    """Look for a picture again if the job had none, because it has changed."""
    _bare.discard(job_id)


def clear() -> None:
    """Forget all icons."""
    _bare.clear()
    if _collection:
        _collection[0].clear()


def show_view(key: Key, pixels: bytes, side: int) -> None:
    """Show these pixels as the picture's preview: RGBA, the bottom row first."""
    forget_view(key)
    _fill(_made().new(_name(key)), side, side, pixels)


def of_view(key: Key) -> int:
    """Return the icon of the picture's preview, 0 if it has none."""
    return _icon(_name(key)) or 0


def forget_view(key: Key) -> None:
    """Forget the picture's preview, which nobody shows any more."""
    forget((_name(key),))


def show_large(place: str, width: int = 1, height: int = 1, pixels: bytes = DARK) -> None:
    """Show these pixels in a place for a large picture: RGBA, the bottom row first. The place's icon stays the same."""
    collection = _made()
    _fill(collection.get(LARGE + place) or collection.new(LARGE + place), width, height, pixels)


def of_large(place: str) -> int:
    """Return the icon of a place for a large picture, 0 if nothing was shown there yet."""
    return _icon(LARGE + place) or 0


def _icon(name: str) -> int | None:
    known = _collection[0].get(name) if _collection else None
    return None if known is None else int(known.icon_id)


def _fill(preview: Any, width: int, height: int, pixels: bytes) -> None:
    preview.image_size = (width, height)
    preview.image_pixels.foreach_set(memoryview(pixels).cast("i"))


def _name(key: Key) -> str:
    return VIEW + "\n".join(key)


def _made() -> Any:
    """Return Blender's collection, made when first needed."""
    if not _collection:
        _collection.append(previews.new())
    return _collection[0]


def unregister() -> None:
    """Give the collection back to Blender."""
    if _collection:
        previews.remove(_collection.pop())
