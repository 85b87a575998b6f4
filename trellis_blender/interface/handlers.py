# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender calls, and on which occasion: one table.

Blender calls these from its start on, whether the artist makes models or not. So none imports anything for nothing:
what was never used has nothing to forget and nothing to end.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import bpy

from ..host.at_need import imported
from ..host.translation import translation
from ..jobs import jobs_root
from ..picture import completed_renders, sources
from ..settings import scene as scene_settings
from . import preview_requests, selection
from .at_need import icons, placeholder, session
from .operators import assets as asset_operators

START_SECONDS = 1.0
Handler = Callable[..., None]


def file_closing(*_arguments: object) -> None:
    """Another file will be opened, and the operator that waits for a picture goes with this one."""
    sources.leave()


def file_opened(*_arguments: object) -> None:
    """Another file is open: its settings, renders and boxes are others."""
    scene_settings.unset_unknown_choices()
    completed_renders.file_opened()
    preview_requests.file_opened()
    if imported(session) or has_boxes():
        session.file_opened()


def file_saved(*_arguments: object) -> None:
    """A file has a place on the disk now."""
    asset_operators.file_saved()


def undone(*_arguments: object) -> None:
    """The artist went back or forth."""
    completed_renders.look()
    if imported(session):
        session.undone()


def render_completed(scene: Any, *_arguments: object) -> None:
    """A render is complete. Blender calls this on the render's thread."""
    completed_renders.note_completed(scene)


def language_changed(*_arguments: object) -> None:
    """The artist has chosen a language in the preferences."""
    translation.language_changed()


def row_clicked(job_id: str) -> None:
    """The artist has clicked on a job of the list."""
    selection.select(job_id)


def has_boxes() -> bool:
    """Whether the file may have boxes that wait for models: they are lattices, which hardly any file has."""
    return bool(bpy.data.lattices) and any(placeholder.boxes())


def resume_earlier() -> None:
    """Go on with the jobs of earlier sessions, if there are any. A timer that runs once, after Blender has started."""
    with os.scandir(jobs_root()) as entries:
        if any(entries):
            session.start()


HANDLERS: tuple[tuple[str, Handler], ...] = (
    ("load_pre", file_closing),
    ("load_post", file_opened),
    ("save_post", file_saved),
    ("undo_post", undone),
    ("redo_post", undone),
    ("render_complete", render_completed),
    ("translation_update_post", language_changed),
)


def wait_for_start() -> None:
    """Look for unfinished jobs once Blender has started; a script without a window starts them itself."""
    if not bpy.app.background:
        bpy.app.timers.register(resume_earlier, first_interval=START_SECONDS, persistent=True)


def wait_no_more() -> None:
    """Do not look for them any more."""
    if bpy.app.timers.is_registered(resume_earlier):
        bpy.app.timers.unregister(resume_earlier)


def end_session() -> None:
    """End what was begun at need: threads, timers, the background Blender."""
    sources.leave()  # first, for a thread of the session's may wait for what one of them makes
    if imported(session):
        session.stop()
    if imported(icons):
        icons.unregister()
