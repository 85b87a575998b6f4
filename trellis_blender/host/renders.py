# SPDX-License-Identifier: GPL-3.0-or-later
"""The renders that were completed in the file that is open: Blender tells of each, and keeps no count."""

from __future__ import annotations

from typing import Any

_stamped: dict[int, bool] = {}  # by the scenes' session_uid, whether their last render was
_counted: list[int] = [0]


def count() -> int:
    """How many renders were completed since the file was opened: another number, another picture."""
    return _counted[0]


def is_stamped(scene: Any) -> bool:
    """Whether Blender has burned its stamp into the scene's render: dates, names and paths, over the picture."""
    return _stamped.get(scene.session_uid, bool(scene.render.use_stamp))


def note_completed(scene: Any) -> None:
    """A render of the scene is complete. On whichever thread it was rendered: nothing of the scene is set here."""
    _counted[0] += 1
    _stamped[scene.session_uid] = bool(scene.render.use_stamp)


def forget() -> None:
    """Another file is open."""
    _counted[0] = 0
    _stamped.clear()
