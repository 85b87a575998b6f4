# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions that Blender calls, and when: one table.

Blender calls these from its start on, whether the artist makes models or not. So they import a module only if there is
something to do: a module that was never used has nothing to forget and nothing to end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from ..host.at_need import imported
from ..host.translation import translation
from ..picture import completed_renders, sources
from ..settings import scene as scene_settings
from .at_need import icons, jobs_folder, placeholder, session
from .operators import assets as asset_operators

START_SECONDS = 1.0
Handler = Callable[..., None]


def file_closing(*_arguments: object) -> None:
    """End the operator that waits for a picture, since another file is about to open."""
    sources.leave()


def file_opened(*_arguments: object) -> None:
    """Adapt to the file that was opened: it has its own settings, renders and placeholders."""
    scene_settings.unset_unknown_choices()
    completed_renders.file_opened()
    if imported(session) or has_boxes():
        session.file_opened()


def file_saved(*_arguments: object) -> None:
    """Write the asset catalog beside the file, which has a place on disk now."""
    asset_operators.file_saved()


def undone(*_arguments: object) -> None:
    """Check renders and placeholders after undo and redo."""
    completed_renders.read_stamps()
    if imported(session):
        session.undone()


def render_began(scene: Any, *_arguments: object) -> None:
    """Note that a render begins. Blender calls this on the render's thread."""
    completed_renders.note_begun(scene)


def frame_began(scene: Any, *_arguments: object) -> None:
    """Note that another frame is rendered. Blender calls this on the render's thread."""
    completed_renders.note_frame(scene)


def scene_changed(scene: Any, graph: Any) -> None:
    """Note the camera after each change of the scene."""
    completed_renders.scene_changed(scene, graph)


def render_completed(scene: Any, *_arguments: object) -> None:
    """Note that a render is complete. Blender calls this on the render's thread."""
    completed_renders.note_completed(scene)


def language_changed(*_arguments: object) -> None:
    """Load the texts of the language that the artist chose in the preferences."""
    translation.language_changed()


def row_clicked(job_id: str) -> None:
    """Select the model of the job that the artist clicked in the list, or find out that it is gone."""
    from . import selection

    session.look_for_models()
    selection.select(job_id)


def has_boxes() -> bool:
    """Return whether the file has placeholders. They are lattices, which hardly any file has, so this is fast."""
    return bool(bpy.data.lattices and placeholder.boxes_of_jobs())


def resume_earlier() -> None:
    """Resume the jobs of earlier sessions, if there are any. A one-shot timer, after Blender has started."""
    if jobs_folder.is_any():
        session.start()


HANDLERS: tuple[tuple[str, Handler], ...] = (
    ("load_pre", file_closing),
    ("load_post", file_opened),
    ("save_post", file_saved),
    ("undo_post", undone),
    ("redo_post", undone),
    ("render_init", render_began),
    ("render_pre", frame_began),
    ("render_complete", render_completed),
    ("depsgraph_update_post", scene_changed),
    ("frame_change_post", scene_changed),
    ("translation_update_post", language_changed),
)


def wait_for_start() -> None:
    """Look for unfinished jobs once Blender has started. A script without a window resumes them itself."""
    if not bpy.app.background:
        bpy.app.timers.register(resume_earlier, first_interval=START_SECONDS, persistent=True)


def wait_no_more() -> None:
    """Cancel the timer of `wait_for_start`."""
    if bpy.app.timers.is_registered(resume_earlier):
        bpy.app.timers.unregister(resume_earlier)


def end_session() -> None:
    """End what was started at need: threads, timers, the background Blender."""
    sources.leave()  # first, because a thread of the session may wait for a picture that one of them makes
    if imported(session):
        session.stop()
    if imported(icons):
        icons.unregister()
