# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the camera's view for a model, with a transparent film. The artist's scene and render stay as they are.

The background Blender renders a copy of the scene. A render here would empty a slot of the artist's Render Result, or
freeze the window. The copy shares the scene's objects, and exists here only until it is written to a file.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ..core.errors import BackgroundError, BackgroundStartError, PictureError, Remedy, Text, storage_error
from ..core.picture.file import ChosenPicture
from ..core.picture.viewpoint import Viewpoint
from ..host import viewpoint as viewpoints
from ..host.background import start
from ..host.background.process import Background, Task
from ..host.busy import is_rendering
from ..host.shown import set_output, show_on_srgb, temporary
from .file import new_file
from .render import StillRenderingError
from .viewport import check_selection

NO_CAMERA = "The scene has no camera. Add one, then try again."
UNDER_WAY = "The camera's view is being rendered. Wait until it is done, or stop it with Esc"
STOPPED = "The render was stopped, so nothing was sent. Press Generate to start it again."
PROGRAM = Path(start.__file__).with_name("render.py")
WORKBENCH = "BLENDER_WORKBENCH"
UNBAKED = (
    "The simulation of “{name}” is not baked, so a second Blender would not see it as it is now. Render an image (F12)"
    " and send that instead, or bake the simulation first."
)
NOTHING_SEEN = "The camera sees nothing. Turn it to what should become a model, then try again."
ENDED = "The Blender that rendered the camera's view ended unexpectedly. Render an image (F12) and send that instead."
NO_START = (
    "No second Blender could be started to render the camera's view. Render an image (F12) and send that instead."
)
INPUTS = (".blend", ".npz")  # the endings of what the background Blender reads: the scene, and unsaved pixels
PREVIEW_SECONDS = 60.0
LONGEST = 7 * 24 * 3600.0  # seconds: no real limit, since the artist decides how long a render may take and can stop it
SIDE = 2048  # pixels: the longer side at most. More than is sent, since the subject is cut out of it first


@dataclass(eq=False)
class CameraRender:
    """A render of the camera's view. The background Blender writes it to `file`, beside the files that it reads.

    `is_stopped`: the artist has stopped it. `is_preview`: it is for a preview only, and blocks nothing.
    """

    file: Path
    background: Background
    task: Task
    camera: str
    viewpoint: Viewpoint | None
    is_preview: bool
    is_stopped: bool = False

    @property
    def is_done(self) -> bool:
        """Return whether the background Blender has ended, in success or failure."""
        return self.task.done()

    def stop(self) -> None:
        """Stop the background Blender."""
        self.is_stopped = True
        self.background.stop()

    def end(self) -> ChosenPicture:
        """Wait for the render, and return its picture. Raises PictureError or StorageError, and then leaves no file."""
        try:
            if self.is_stopped:
                raise PictureError(STOPPED, remedy=Remedy.NONE)
            self._check()
            if not _sees_something(self.file):
                raise PictureError(NOTHING_SEEN, remedy=Remedy.NONE)
        except Exception:
            self.abandon()
            raise
        self._forget()
        return ChosenPicture(self.camera, targa=self.file, viewpoint=self.viewpoint)

    def abandon(self) -> None:
        """Stop the render and delete its files. Raises StorageError."""
        self._forget()
        try:
            self.file.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error("remove the render", error) from error

    def _check(self) -> None:
        """Raise PictureError if the render has failed, with Blender's reason if it gave one."""
        try:
            self.task.result()
        except BackgroundStartError as error:
            raise PictureError(NO_START, remedy=Remedy.RENDER) from error
        except BackgroundError as error:
            raise PictureError(ENDED, remedy=Remedy.RENDER) from error

    def _forget(self) -> None:
        if self in _under_way:
            _under_way.remove(self)
        self.background.stop()
        _delete_inputs(self.file)


# The renders under way. They must end before another file is opened or the add-on is disabled.
_under_way: list[CameraRender] = []


def start_render(
    context: bpy.types.Context, engine: str, folder: Path, *, selected_only: bool = False, is_preview: bool = False
) -> CameraRender:
    """Start a background render of the camera's view and return it. `engine`: an item of the settings.

    `selected_only`: show nothing but the selected objects.
    Raises PictureError or StorageError, and then leaves no file.
    """
    if is_rendering():
        raise StillRenderingError
    scene: Any = context.scene
    if scene.camera is None:
        raise PictureError(NO_CAMERA, remedy=Remedy.NONE)
    if selected_only:
        check_selection(context.view_layer)
    name = unbaked(scene, context.view_layer)
    if name:
        raise PictureError(Text(UNBAKED, name=name), remedy=Remedy.RENDER)
    file = new_file(folder)
    with temporary(bpy.data.scenes, _copy_scene(context, engine, file)) as copy:
        request = {**_inputs(copy, file), "scene": copy.name, "selected_only": selected_only}
        viewpoint = viewpoints.of_camera(context, scene)
    # The artist's preferences hold the render devices, and the add-ons that take part in a render.
    launch = start.launch(PROGRAM, uses_preferences=True)
    request["runs_scripts"], background = launch.runs_scripts, Background(launch)
    task = background.start_task("render", request, seconds=PREVIEW_SECONDS if is_preview else LONGEST)
    shot = CameraRender(file, background, task, scene.camera.name, viewpoint, is_preview)
    _under_way.append(shot)
    return shot


def _inputs(scene: Any, picture: Path) -> dict[str, Any]:
    """Write what the background Blender reads, beside the picture, and return it as a part of the request.

    That is the scene as a .blend, and the unsaved pixels of images. `libraries.write` writes only what the scene needs.
    It leaves alone this file's path, its unsaved changes and the list of recent files. Raises StorageError.
    """
    import numpy as np

    from ..host.painted import taken

    file, painted = (str(picture.with_suffix(suffix)) for suffix in INPUTS)
    for obj in bpy.data.objects:  # the mesh of an object in edit mode is out of date until then
        obj.update_from_editmode()
    try:
        bpy.data.libraries.write(file, {scene, *bpy.data.texts}, path_remap="ABSOLUTE", compress=False)
        np.savez(painted, **taken(bpy.data.images))
    except (OSError, RuntimeError) as error:
        _delete_inputs(picture)
        raise storage_error("render the camera's view", error) from error
    return {"file": file, "painted": painted}


def _delete_inputs(picture: Path) -> None:
    """Delete what `_inputs` has written. A later sweep removes what is left."""
    for suffix in INPUTS:
        with contextlib.suppress(OSError):
            picture.with_suffix(suffix).unlink(missing_ok=True)


def is_under_way() -> bool:
    """Return whether the camera's view is being rendered for a model."""
    return any(not shot.is_preview for shot in _under_way)


def missing(context: Any, _chosen: Any) -> str:
    """Return why the camera's view cannot be rendered, empty if it can."""
    if context.scene is None or context.scene.camera is None:
        return "The scene has no camera. Add one first"
    return UNDER_WAY if is_under_way() else ""


def progress() -> str:
    """Return the status bar's text while the camera's view is rendered for a model, else an empty one."""
    return "Trellis: rendering the camera's view · Esc stops it" if is_under_way() else ""


def draw_line(row: Any, context: Any, chosen: Any) -> None:
    """Draw the choice of camera, engine and objects, or say that a render is running."""
    if is_under_way():
        row.label(text="Rendering the camera's view", icon="RENDER_STILL")
        return
    row.prop(context.scene, "camera", text="")
    row.prop(chosen, "camera_engine", text="")
    row.prop(chosen, "selected_only", text="", icon="RESTRICT_SELECT_OFF")


def leave() -> None:
    """End all renders under way, since another file is opened or the add-on is disabled."""
    for shot in [*_under_way]:
        shot.abandon()


def _copy_scene(context: bpy.types.Context, engine: str, file: Path) -> Any:
    """Copy the scene. The copy renders to `file` what F12 would, with square pixels and at most 2048 on a side."""
    scene: Any = context.scene
    copy: Any = scene.copy()
    copy.name = f"Trellis Picture {secrets.token_hex(4)}"
    render = copy.render
    if engine == "WORKBENCH":
        render.engine = WORKBENCH
    aspect, percentage = render.pixel_aspect_x / render.pixel_aspect_y, render.resolution_percentage
    wide = render.resolution_x * percentage // 100 * max(1.0, aspect)
    high = render.resolution_y * percentage // 100 * max(1.0, 1 / aspect)
    scale = min(1.0, SIDE / max(wide, high, 1))
    render.resolution_x, render.resolution_y = max(4, round(wide * scale)), max(4, round(high * scale))
    render.pixel_aspect_x = render.pixel_aspect_y = 1
    render.resolution_percentage = 100
    render.film_transparent = True
    for name in ("use_compositing", "use_sequencer", "use_multiview", "use_stamp", "use_crop_to_border"):
        setattr(render, name, False)
    render.use_persistent_data = render.use_placeholder = False
    render.use_overwrite = render.use_file_extension = True
    render.filepath = str(file)
    set_output(render.image_settings, "TARGA_RAW")
    show_on_srgb(copy.display_settings, copy.view_settings, scene.view_settings.view_transform)
    assert context.view_layer is not None
    for layer in copy.view_layers:
        layer.use = layer.name == context.view_layer.name
    return copy


def _sees_something(file: Path) -> bool:
    """Return whether the render shows anything. Raises PictureError if it cannot be read."""
    import numpy as np

    from ..core.picture.encode import targa

    try:
        return bool(np.any(targa(file.read_bytes())[..., 3]))
    except FileNotFoundError:
        raise PictureError(STOPPED, remedy=Remedy.NONE) from None
    except (OSError, ValueError) as error:
        sentence = Text("The render could not be read: {error}. Check the disk, then try again.", error=error)
        raise PictureError(sentence, remedy=Remedy.FOLDER) from error


def unbaked(scene: Any, layer: Any) -> str:
    """Return the name of the first visible object whose simulation has begun and is not baked, empty if none.

    Blender computes an unbaked simulation frame by frame, and keeps the result in its own memory only: the background
    Blender would not see it as this one does.
    """
    world, frame = scene.rigidbody_world, scene.frame_current
    if world is not None and world.enabled and world.collection is not None and _has_begun(world.point_cache, frame):
        moved = [obj for obj in world.collection.all_objects if obj.rigid_body and obj.rigid_body.type == "ACTIVE"]
        if moved:
            return str(moved[0].name)
    for obj in layer.objects:
        if not obj.hide_render and any(_unbaked_of(modifier, scene) for modifier in obj.modifiers):
            return str(obj.name)
    return ""


def _has_begun(cache: Any, frame: int) -> bool:
    """Return whether the frame depends on earlier frames, which only this Blender has computed.

    A bake in the folder next to the .blend file does not count: the copied file would not find it.
    """
    is_kept = cache.use_external or (cache.is_baked and not cache.use_disk_cache)
    return not is_kept and frame > cache.frame_start


def _unbaked_of(modifier: Any, scene: Any) -> bool:
    if not modifier.show_render:
        return False
    frame = scene.frame_current
    match modifier.type:
        case "CLOTH" | "SOFT_BODY":
            return _has_begun(modifier.point_cache, frame)
        case "PARTICLE_SYSTEM":
            system = modifier.particle_system
            is_still = system.settings.type == "HAIR" and not system.use_hair_dynamics
            return not is_still and _has_begun(system.point_cache, frame)
        case "DYNAMIC_PAINT":
            surfaces = modifier.canvas_settings.canvas_surfaces if modifier.canvas_settings is not None else ()
            return any(surface.is_active and _has_begun(surface.point_cache, frame) for surface in surfaces)
        case "FLUID" if modifier.fluid_type == "DOMAIN":
            settings = modifier.domain_settings
            return not settings.has_cache_baked_data and frame > settings.cache_frame_start
        case "NODES":
            return any(_has_begun_in_nodes(bake, scene) for bake in modifier.bakes)
    return False


def _has_begun_in_nodes(bake: Any, scene: Any) -> bool:
    """Return whether a simulation zone has begun. Blender does not tell whether it is baked."""
    if bake.node is None or bake.node.bl_idname != "GeometryNodeSimulationOutput":
        return False
    first = bake.frame_start if bake.use_custom_simulation_frame_range else scene.frame_start
    return bool(scene.frame_current > first)
