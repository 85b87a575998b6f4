# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera's view, rendered for this: with nothing behind, and without touching the artist's scene or render.

What is rendered is a copy of the scene that shares its objects. Blender keeps each scene's render for itself, so the
artist's stays what it is, and the copy's settings can be what they need to be. The copy carries a mark by which it is
found again, whatever undo or opening a file does.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..core.errors import PictureError, Remedy, TrellisError, storage_error
from ..core.picture import Picture, open_picture
from . import beside, pixels
from .files import new_file
from .render import NO_DATA, RENDER_RESULT, STILL_RENDERING, is_rendering, set_png

MARK = "trellis2_picture"
NO_CAMERA = "The scene has no camera. Add one, then try again."
UNDER_WAY = "The camera's view is being rendered. Wait until it is done, or stop it with Esc"
STOPPED = "The render was stopped, so nothing was sent. Generate again when it may run to its end."
# A render job of the copy has held up Blender 4.3 for ever, once in three times; 5.2 not once. So, below 5.0, a second
# Blender renders.
RUNS_ASIDE = bpy.app.version >= (5, 0, 0)
WORKBENCH = "BLENDER_WORKBENCH"


@dataclass(eq=False)
class Shot:
    """A render for a picture. Blender writes it to `file`; `is_first` where this file had no Render Result before.

    `second` is the second Blender that renders it, None where this one does; `is_stopped`: the artist has ended it.
    """

    file: Path
    is_first: bool
    second: beside.Beside | None = None
    is_stopped: bool = False

    @property
    def is_done(self) -> bool:
        """Whether what was started has ended, whatever came of it."""
        return self.second.is_done if self.second is not None else not is_rendering()

    def stop(self) -> None:
        """End the second Blender, if one renders. Blender's own render job is stopped by its Esc."""
        if self.second is not None:
            self.second.process.kill()
            self.is_stopped = True


_under_way: list[Shot] = []


def from_camera(context: bpy.types.Context, engine: str, folder: Path) -> Picture:
    """Render the camera's view and wait for it. For scripts. Raises PictureError or StorageError."""
    shot = prepare(context, engine, folder)
    start(shot, wait=True)
    return end(shot, folder)


def prepare(context: bpy.types.Context, engine: str, folder: Path) -> Shot:
    """Make what is to be rendered. `engine`: an item of the settings. Raises PictureError or StorageError.

    A render job is best begun after the window was drawn once more, which this asks for.
    """
    if is_rendering():
        raise PictureError(STILL_RENDERING, remedy=Remedy.NONE)
    scene: Any = context.scene
    if scene.camera is None:
        raise PictureError(NO_CAMERA, remedy=Remedy.NONE)
    shot = Shot(new_file(folder).with_suffix(".render.png"), RENDER_RESULT not in bpy.data.images)
    _copy_scene(context, engine, shot.file)
    _under_way.append(shot)
    return shot


def is_under_way() -> bool:
    """Whether the camera's view is being rendered, here or by a second Blender."""
    return bool(_under_way)


def start(shot: Shot, *, wait: bool = False) -> None:
    """Render it, beside what the artist does unless it is to `wait`.

    Raises PictureError or StorageError; then nothing is left.
    """
    made = copies()
    try:
        if is_rendering():
            raise PictureError(STILL_RENDERING, remedy=Remedy.NONE)
        if not made:  # undone meanwhile
            raise PictureError(STOPPED, remedy=Remedy.NONE)
        if not (wait or RUNS_ASIDE):
            shot.second = _begin_beside(made[0], shot.file)
            return
        with _kept_slots(made[0]), _no_window_for_it():
            mode = "EXEC_DEFAULT" if wait else "INVOKE_DEFAULT"
            bpy.ops.render.render(mode, scene=made[0].name, write_still=True)
    except RuntimeError as error:
        abandon(shot)
        raise _failed(str(error)) from error
    except TrellisError:
        abandon(shot)
        raise


def end(shot: Shot, folder: Path) -> Picture:
    """The picture of a render that has ended: a square PNG in `folder`, its longer side 1024 pixels.

    Nothing else of it is left. Raises PictureError or StorageError.
    """
    try:
        reason = shot.second.reason() if shot.second is not None and not shot.is_stopped else ""
        if reason:
            raise _failed(reason)
        if shot.is_stopped or not shot.file.exists():
            raise PictureError(STOPPED, remedy=Remedy.NONE)
        seen = _read(shot.file)
    finally:
        abandon(shot)
    if seen is None or not seen[..., 3].any():
        raise PictureError(
            "The camera sees nothing. Turn it to what should become a model, then try again.", remedy=Remedy.NONE
        )
    return open_picture(pixels.write(pixels.square(seen), new_file(folder)))


def abandon(shot: Shot) -> None:
    """Leave nothing of it behind: no scene, no file, no Render Result that was not there before."""
    if shot in _under_way:
        _under_way.remove(shot)
    if shot.second is not None:
        shot.second.end()
    remove_copies()
    image: Any = bpy.data.images.get(RENDER_RESULT)
    if shot.is_first and shot.second is None and image is not None:
        bpy.data.images.remove(image)
    try:
        shot.file.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error("remove the render", error) from error


def leave() -> None:
    """End what a second Blender does, and forget the rest: another file is opened, or the add-on goes."""
    for shot in [shot for shot in _under_way if shot.second is not None]:
        abandon(shot)
    _under_way.clear()


def copies() -> list[bpy.types.Scene]:
    """The scenes that were made for a picture."""
    return [scene for scene in bpy.data.scenes if MARK in scene.keys()]  # noqa: SIM118 - the stubs know no other way


def remove_copies() -> None:
    """Remove the scenes that were made for a picture, once nothing is rendered."""
    if not is_rendering():
        for scene in copies():
            bpy.data.scenes.remove(scene)


def _failed(reason: str) -> PictureError:
    """The sentence for what Blender says against a render."""
    reason = reason.strip().removeprefix("Error: ").splitlines()[0].rstrip(".")
    return PictureError(
        f"The camera's view could not be rendered: {reason}. Mend that, then try again.", remedy=Remedy.NONE
    )


def _begin_beside(scene: Any, file: Path) -> beside.Beside:
    """Have a second Blender render the copy, which is not needed here any more then."""
    del scene[MARK]  # or the add-on over there would remove it
    try:
        return beside.begin(scene, file)
    finally:
        bpy.data.scenes.remove(scene)


def _copy_scene(context: bpy.types.Context, engine: str, file: Path) -> None:
    """Make a copy of the scene that renders a picture of at most 1024 pixels into the file, framed as the camera is."""
    scene: Any = context.scene
    copy: Any = scene.copy()
    # A name of its own each time: Blender keeps renders by the scene's name, also of one that is gone.
    copy.name, copy[MARK] = f"Trellis Picture {secrets.token_hex(4)}", True
    render = copy.render
    if engine == "WORKBENCH":
        render.engine = WORKBENCH
    wide = render.resolution_x * render.pixel_aspect_x
    high = render.resolution_y * render.pixel_aspect_y
    scale = pixels.SIDE / max(wide, high)
    render.resolution_x, render.resolution_y = max(4, round(wide * scale)), max(4, round(high * scale))
    render.pixel_aspect_x = render.pixel_aspect_y = 1
    render.resolution_percentage = 100
    render.film_transparent = True
    for name in ("use_compositing", "use_sequencer", "use_multiview", "use_stamp", "use_crop_to_border"):
        setattr(render, name, False)
    render.use_persistent_data = render.use_placeholder = False
    render.use_overwrite = render.use_file_extension = True
    render.filepath = str(file)
    set_png(render.image_settings)
    assert context.view_layer is not None
    for layer in copy.view_layers:
        layer.use = layer.name == context.view_layer.name


@contextlib.contextmanager
def _no_window_for_it() -> Iterator[None]:
    """Have Blender show no render window and no Image Editor: the status bar tells how far it is."""
    preferences: Any = bpy.context.preferences
    kept, was_dirty = preferences.view.render_display_type, preferences.is_dirty
    try:
        preferences.view.render_display_type = "NONE"
        yield
    finally:
        preferences.view.render_display_type = kept
        preferences.is_dirty = was_dirty


@contextlib.contextmanager
def _kept_slots(copy: Any) -> Iterator[None]:
    """Keep what the Render Result's slots hold.

    A render empties the slot that is looked at, unless that is the one of the last render; so that is looked at.
    """
    image: Any = bpy.data.images.get(RENDER_RESULT)
    if image is None or len(image.render_slots) < 2:
        yield
        return
    slots = image.render_slots
    seen = slots.active_index
    try:
        slots.active_index = _last_slot(image, copy)
        yield
    finally:
        slots.active_index = seen


def _last_slot(image: Any, copy: Any) -> int:
    """The slot of the last render: what it shows is not its own but the scene's, so in another scene it has nothing.

    An empty slot where no scene has been rendered.
    """
    slots, empty = image.render_slots, -1
    scenes: list[Any] = [scene for scene in bpy.data.scenes if scene not in copies()]
    for index in sorted(range(len(slots)), key=lambda index: index != slots.active_index):
        slots.active_index = index
        if _holds(image, copy):
            continue
        if any(_holds(image, scene) for scene in scenes):
            return index
        empty = index if empty < 0 else empty
    return max(empty, 0)


def _holds(image: Any, scene: Any) -> bool:
    """Whether the slot has something to show in this scene: saving it to where no file can be says why it did not."""
    try:
        image.save_render(tempfile.gettempdir(), scene=scene)
    except RuntimeError as error:
        return NO_DATA not in str(error)
    return True


def _read(file: Path) -> Any:
    try:
        image = bpy.data.images.load(str(file), check_existing=False)
    except RuntimeError as error:
        sentence = f"The render could not be read: {error}. Check the disk, then try again."
        raise PictureError(sentence, remedy=Remedy.FOLDER) from error
    try:
        return pixels.of_image(image)
    finally:
        bpy.data.images.remove(image)


@persistent  # type: ignore[untyped-decorator]  # the stubs leave it open
def _leave(*_arguments: object) -> None:
    """Another file will be opened, and the operator that waits goes with this one."""
    leave()


@persistent  # type: ignore[untyped-decorator]  # the stubs leave it open
def _tidy(*_arguments: object) -> None:
    """A file that was saved in the middle of a render, or an undo to there, brings the copy back: remove it again.

    An undo also ends Blender's own render jobs, which then write what they had so far.
    """
    for shot in _under_way:
        shot.is_stopped = shot.is_stopped or (shot.second is None and not is_rendering())
    if bpy.app.background:
        remove_copies()
    elif not bpy.app.timers.is_registered(remove_copies):
        bpy.app.timers.register(remove_copies)


HANDLERS = ("load_post", "undo_post", "redo_post")


def register() -> None:
    """Watch for copies that come back."""
    for name in HANDLERS:
        getattr(bpy.app.handlers, name).append(_tidy)
    bpy.app.handlers.load_pre.append(_leave)


def unregister() -> None:
    """Leave no handler, no timer and no second Blender behind."""
    leave()
    bpy.app.handlers.load_pre.remove(_leave)
    for name in HANDLERS:
        getattr(bpy.app.handlers, name).remove(_tidy)
    if bpy.app.timers.is_registered(remove_copies):
        bpy.app.timers.unregister(remove_copies)
