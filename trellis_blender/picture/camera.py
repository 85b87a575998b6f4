# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera's view, rendered for this: with nothing behind, and without touching the artist's scene or render.

What is rendered is a copy of the scene that shares its objects, and a second Blender renders it: a render here would
empty a slot of the artist's Render Result, or keep the window waiting. The copy is here only while it is written.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.app.handlers import persistent

from ..core.errors import PictureError, Remedy, storage_error
from ..core.picture import encode as pixels
from ..core.picture.file import Found
from ..host.background import render_client as beside
from ..host.busy import is_rendering
from .file import held, new_file
from .render import StillRenderingError, set_format

if TYPE_CHECKING:
    from ..core.picture.pixels import Held

NO_CAMERA = "The scene has no camera. Add one, then try again."
UNDER_WAY = "The camera's view is being rendered. Wait until it is done, or stop it with Esc"
STOPPED = "The render was stopped, so nothing was sent. Press Generate to start it again."
WORKBENCH = "BLENDER_WORKBENCH"
LOOK_SECONDS = 0.05
LOOK_MAXIMUM = 60.0


@dataclass(eq=False)
class Shot:
    """A render for a picture. The second Blender writes it to `file`; `is_stopped`: the artist has ended it.

    `is_look`: it is only to be looked at, and nobody is kept from anything by it.
    """

    file: Path
    second: beside.BackgroundRender
    is_look: bool = False
    is_stopped: bool = False

    @property
    def is_done(self) -> bool:
        """Whether the second Blender has ended, whatever came of it."""
        return self.second.is_done

    def stop(self) -> None:
        """End the second Blender."""
        self.is_stopped = True
        self.second.background.stop()


_under_way: list[Shot] = []


def from_camera(context: bpy.types.Context, engine: str, folder: Path) -> Found:
    """Render the camera's view and wait for it. For scripts. Raises PictureError or StorageError."""
    shot = begin(context, engine, folder)
    while not shot.is_done:
        time.sleep(LOOK_SECONDS)
    return end(shot, folder)


def look(context: bpy.types.Context, folder: Path) -> Found:
    """The camera's view by Workbench, to be looked at: a PNG in `folder` that `write` waits for, on any thread.

    Raises PictureError or StorageError.
    """
    shot = begin(context, "WORKBENCH", folder, is_look=True)
    return Found(shot.file, is_ours=True, write=partial(_wait, shot))


def _wait(shot: Shot) -> None:
    """Wait for a look. Raises PictureError."""
    try:
        if not shot.second.task.wait(LOOK_MAXIMUM):
            raise PictureError(beside.ENDED, remedy=Remedy.RENDER)
        shot.second.check()
    finally:
        shot.second.end()
        if shot in _under_way:
            _under_way.remove(shot)


def begin(context: bpy.types.Context, engine: str, folder: Path, *, is_look: bool = False) -> Shot:
    """Have the camera's view rendered beside what the artist does. `engine`: an item of the settings.

    Raises PictureError or StorageError; then nothing is left.
    """
    if is_rendering():
        raise StillRenderingError
    scene: Any = context.scene
    if scene.camera is None:
        raise PictureError(NO_CAMERA, remedy=Remedy.NONE)
    file = new_file(folder).with_suffix(".render.png")
    copy = _copy_scene(context, engine, file)
    try:
        shot = Shot(file, beside.begin(copy, file), is_look)
    finally:
        bpy.data.scenes.remove(copy)
    _under_way.append(shot)
    return shot


def is_under_way() -> bool:
    """Whether the camera's view is being rendered for a model."""
    return any(not shot.is_look for shot in _under_way)


def end(shot: Shot, folder: Path) -> Found:
    """The picture of a render that has ended: a square PNG in `folder`, its longer side 1024 pixels.

    Nothing else of it is left. Raises PictureError or StorageError.
    """
    try:
        if not shot.is_stopped:
            shot.second.check()
        if shot.is_stopped or not shot.file.exists():
            raise PictureError(STOPPED, remedy=Remedy.NONE)
        held = _read(shot.file)
    finally:
        abandon(shot)
    if held is None or not held.flat[3::4].any():
        raise PictureError(
            "The camera sees nothing. Turn it to what should become a model, then try again.", remedy=Remedy.NONE
        )
    target = new_file(folder)
    return Found(target, is_ours=True, write=partial(pixels.write_square, held, target))


def abandon(shot: Shot) -> None:
    """Leave nothing of it behind. Raises StorageError."""
    if shot in _under_way:
        _under_way.remove(shot)
    shot.second.end()
    try:
        shot.file.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error("remove the render", error) from error


def leave() -> None:
    """End what is under way: another file is opened, or the add-on goes."""
    for shot in [*_under_way]:
        abandon(shot)


def _copy_scene(context: bpy.types.Context, engine: str, file: Path) -> Any:
    """A copy of the scene that renders a picture of at most 1024 pixels into the file, framed as the camera is."""
    scene: Any = context.scene
    copy: Any = scene.copy()
    copy.name = f"Trellis Picture {secrets.token_hex(4)}"
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
    set_format(render.image_settings, "PNG")
    assert context.view_layer is not None
    for layer in copy.view_layers:
        layer.use = layer.name == context.view_layer.name
    return copy


def _read(file: Path) -> Held | None:
    try:
        image = bpy.data.images.load(str(file), check_existing=False)
    except RuntimeError as error:
        sentence = f"The render could not be read: {error}. Check the disk, then try again."
        raise PictureError(sentence, remedy=Remedy.FOLDER) from error
    try:
        return held(image)
    finally:
        bpy.data.images.remove(image)


@persistent  # type: ignore[untyped-decorator]  # the stubs leave it open
def _leave(*_arguments: object) -> None:
    """Another file will be opened, and the operator that waits goes with this one."""
    leave()


def register() -> None:
    """Watch for files being opened."""
    bpy.app.handlers.load_pre.append(_leave)


def unregister() -> None:
    """Leave no handler and no second Blender behind."""
    leave()
    bpy.app.handlers.load_pre.remove(_leave)
