# SPDX-License-Identifier: GPL-3.0-or-later
"""Generating from one picture: the render, a file, an open image, the viewport, the camera, the clipboard."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import EnumProperty, StringProperty

from ...core.errors import PictureError
from ...host import redraw as screens
from ...settings import scene as settings
from ..at_need import camera, clipboard, image, render, session, viewport
from ..at_need import file as picture_file
from .base import IMAGE_EXTENSIONS, Generate, attempt, click, click_again, scene_name

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Result = set[OperatorReturnItems]
else:
    Result = set

LOOK_SECONDS = 0.2


def shown_image(context: bpy.types.Context) -> Any:
    """The image of the Image Editor at hand, else the one that the panel has, None without either."""
    edited: Any = getattr(context, "edit_image", None)
    return edited if edited is not None or context.scene is None else settings.of_scene(context.scene).image


class TRELLIS2_OT_generate_render(Generate, bpy.types.Operator):
    """Make a 3D model from the current render"""

    bl_idname = "trellis2.generate_render"
    bl_label = "Generate from Render"
    bl_options = {"REGISTER"}

    def begin(self, context: bpy.types.Context) -> None:
        """Save the render and send it."""
        assert context.scene is not None
        picture = render.from_render(context.scene, session.incoming())
        self.generate(context, picture, scene_name(context))


class TRELLIS2_OT_generate_image(Generate, bpy.types.Operator):
    """Make a 3D model from an image file"""

    bl_idname = "trellis2.generate_image"
    bl_label = "Generate from Image File"
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        filepath: str
        filter_glob: str
    else:
        filepath: StringProperty(
            name="Image", description="Image file", subtype="FILE_PATH", options={"SKIP_SAVE", *settings.BLEND_RELATIVE}
        )
        filter_glob: StringProperty(default=IMAGE_EXTENSIONS, options={"HIDDEN"})

    is_from_browser = False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """A click: choose a file, unless the panel has one."""
        if self.properties.is_property_set("filepath"):
            return Generate.invoke(self, context, event)
        assert context.window_manager is not None
        self.is_from_browser = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Send the file; one that was just chosen in the file browser is asked about like any other click."""
        is_asked = self.is_from_browser and self.objection(context)
        return click_again(self) if is_asked else Generate.execute(self, context)

    def draw(self, _context: bpy.types.Context) -> None:
        """Keep the file browser's sidebar empty: the parameters are the panel's."""

    def begin(self, context: bpy.types.Context) -> None:
        """Send the file."""
        if not self.filepath:
            raise PictureError("No image file is chosen. Choose one, then try again.")
        path = Path(bpy.path.abspath(self.filepath))
        picture = picture_file.from_file(path)
        self.generate(context, picture, path.stem)


class TRELLIS2_OT_generate_open_image(Generate, bpy.types.Operator):
    """Make a 3D model from an image that is open in Blender, as it is seen"""

    bl_idname = "trellis2.generate_open_image"
    bl_label = "Generate from Open Image"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with an image."""
        if shown_image(context) is None:
            cls.poll_message_set("No image is chosen. Choose one in the Trellis tab, or open it in an Image Editor")
            return False
        return super().poll(context)

    def begin(self, context: bpy.types.Context) -> None:
        """Take the image's pixels and send them."""
        chosen = shown_image(context)
        assert context.scene is not None
        if image.is_render(chosen):
            picture = render.from_render(context.scene, session.incoming())
        else:
            picture = image.from_image(context, chosen, image.seen_frame(context, chosen), session.incoming())
        self.generate(context, picture, Path(chosen.name).stem)


class TRELLIS2_OT_generate_viewport(Generate, bpy.types.Operator):
    """Make a 3D model from what the viewport shows, without overlays and background"""

    bl_idname = "trellis2.generate_viewport"
    bl_label = "Generate from Viewport"
    bl_options = {"REGISTER"}

    def begin(self, context: bpy.types.Context) -> None:
        """Capture the view and send it."""
        self.generate(context, viewport.from_viewport(context), scene_name(context))


class TRELLIS2_OT_generate_clipboard(Generate, bpy.types.Operator):
    """Make a 3D model from a copied image, or a copied image file"""

    bl_idname = "trellis2.generate_clipboard"
    bl_label = "Generate from Clipboard"
    bl_options = {"REGISTER"}

    def begin(self, context: bpy.types.Context) -> None:
        """Take the picture from the clipboard and send it."""
        self.generate(context, *clipboard.from_clipboard(context, session.incoming()))


class TRELLIS2_OT_generate_camera(Generate, bpy.types.Operator):
    """Render the camera's view without a background, and make a 3D model from it"""

    bl_idname = "trellis2.generate_camera"
    bl_label = "Generate from Camera"
    bl_options = {"REGISTER"}

    if TYPE_CHECKING:
        engine: str
    else:
        engine: EnumProperty(
            name="Engine", description="What renders the picture", items=settings.ENGINES, options={"SKIP_SAVE"}
        )

    if TYPE_CHECKING:
        _shot: camera.Shot | None
    else:
        _shot = None  # Blender would look up an annotation when it is told of the class, and so import the module
    _timer: Any = None
    _name = ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a camera."""
        if context.scene is None or context.scene.camera is None:
            cls.poll_message_set("The scene has no camera. Add one first")
            return False
        if camera.is_under_way():
            cls.poll_message_set(camera.UNDER_WAY)
            return False
        return super().poll(context)

    def execute(self, context: bpy.types.Context) -> Result:
        """Render; with a window the artist goes on working, and the picture is sent when it is done."""
        result = Generate.execute(self, context)
        if self._shot is None:
            return result
        assert context.window_manager is not None
        self._timer = context.window_manager.event_timer_add(LOOK_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def begin(self, context: bpy.types.Context) -> None:
        """Begin the render, or wait for it: without a window, and where a script is to."""
        assert context.scene is not None
        chosen = settings.of_scene(context.scene)
        engine = self.engine if self.properties.is_property_set("engine") else chosen.camera_engine
        self._name = scene_name(context)
        if self.wait or bpy.app.background:
            self.generate(context, camera.from_camera(context, engine, session.incoming()), self._name)
        else:
            self._keep_parameters(chosen)
            self._shot = camera.begin(context, engine, session.incoming())
            screens.redraw_sidebars()
            screens.redraw_status_bars()

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Send the picture once the render is done. Esc stops it; everything else is the artist's."""
        assert self._shot is not None
        if event.type == "ESC" and event.value == "PRESS":
            self._shot.stop()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER" or not self._shot.is_done:
            return {"PASS_THROUGH"}
        shot = self._end_watching(context)

        def send() -> None:
            self.generate(context, camera.end(shot), self._name)

        screens.redraw_sidebars()
        screens.redraw_status_bars()
        return attempt(self, send)

    def cancel(self, context: bpy.types.Context) -> None:
        """The window was closed, or another file opened."""
        camera.abandon(self._end_watching(context))

    def _end_watching(self, context: bpy.types.Context) -> "camera.Shot":
        assert context.window_manager is not None
        assert self._shot is not None
        shot, self._shot = self._shot, None
        context.window_manager.event_timer_remove(self._timer)
        return shot

    def _keep_parameters(self, chosen: settings.TRELLIS2_PG_settings) -> None:
        """Hold what is set now: the artist may set something else while it renders."""
        is_open = "seed" if not chosen.use_seed else ""
        for name in (*settings.parameter_annotations(), "variations"):
            if name != is_open and not self.properties.is_property_set(name):
                setattr(self, name, getattr(chosen, name))


# Each source's operator, as the Generate button calls it.
OPERATORS = {
    "RENDER": "trellis2.generate_render",
    "FILE": "trellis2.generate_image",
    "IMAGE": "trellis2.generate_open_image",
    "VIEWPORT": "trellis2.generate_viewport",
    "CAMERA": "trellis2.generate_camera",
    "CLIPBOARD": "trellis2.generate_clipboard",
}


class TRELLIS2_OT_send_opaque(Generate, bpy.types.Operator):
    """Make a 3D model from the picture without its transparency"""

    bl_idname = "trellis2.send_opaque"
    bl_label = "Send Without Transparency"
    bl_options = {"REGISTER", "INTERNAL"}

    if TYPE_CHECKING:
        job_id: str
    else:
        job_id: StringProperty(name="Job", description="Job whose picture is sent", options={"SKIP_SAVE", "HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """The picture of a job that was refused, else the one that the panel has, as its own button sends it."""
        if self.job_id:
            return Generate.invoke(self, context, event)
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> Result:
        """Send it."""
        if self.job_id:
            return Generate.execute(self, context)
        assert context.scene is not None
        chosen = settings.of_scene(context.scene)
        given = {"filepath": chosen.filepath} if chosen.source == "FILE" else {}
        return click(self, OPERATORS[chosen.source], opaque=True, **given)

    def begin(self, context: bpy.types.Context) -> None:
        """Send the picture of the job."""
        state = session.start()
        picture, job = state.refused.get(self.job_id), state.jobs.get(self.job_id)
        if picture is None or job is None:
            raise PictureError("The picture is gone. Choose it again.")
        self.opaque = True
        self.generate(context, picture, job.name)
        session.remove(self.job_id)


CLASSES: tuple[Any, ...] = (
    TRELLIS2_OT_send_opaque,
    TRELLIS2_OT_generate_render,
    TRELLIS2_OT_generate_image,
    TRELLIS2_OT_generate_open_image,
    TRELLIS2_OT_generate_viewport,
    TRELLIS2_OT_generate_camera,
    TRELLIS2_OT_generate_clipboard,
)
