# SPDX-License-Identifier: GPL-3.0-or-later
"""List every source of a picture, each as one record in the table at the end of this file.

The panel's choice and its rows, the preview, the operators and their menu, and the status bar all read this table. A
new source needs one record, and one file with the functions that the record names. Blender calls these functions on the
main thread. Their argument `chosen` is the scene's settings, or an operator's properties of the same names.

Every start of Blender reads the table, so a source's file is imported only when one of its functions is first called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import bpy
from bpy.props import BoolProperty, EnumProperty, PointerProperty, StringProperty

from ..core.request.parameters import Record
from ..host.at_need import FunctionsAtNeed, imported

if TYPE_CHECKING:
    from ..core.picture.file import ChosenPicture
    from ..core.runner.messages import Key
    from . import camera, clipboard, file, image, render, viewport
else:
    camera = FunctionsAtNeed("picture.camera")
    clipboard = FunctionsAtNeed("picture.clipboard")
    file = FunctionsAtNeed("picture.file")
    image = FunctionsAtNeed("picture.image")
    render = FunctionsAtNeed("picture.render")
    viewport = FunctionsAtNeed("picture.viewport")

Context = Any  # bpy.types.Context, or its stand-in while something is drawn
# Declares that paths may begin with “//”. Blender requires this since 4.5; 4.2 does not know it.
BLEND_RELATIVE = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
ENGINES = (
    ("SCENE", "Scene", "Render with the scene's engine and its settings"),
    ("WORKBENCH", "Workbench", "Render in a moment, with the colors of Workbench"),
)


class PictureUnderWay(Protocol):
    """A picture that takes a while, made in the background."""

    @property
    def is_done(self) -> bool:
        """Return whether it has ended, in success or failure. Returns at once."""

    def stop(self) -> None:
        """Stop it because the artist cancelled. Returns almost at once."""

    def end(self) -> ChosenPicture:
        """Return the picture once it is done, and wait for that. Raises TrellisError, and then leaves no file."""

    def abandon(self) -> None:
        """Stop it and delete its files. Raises StorageError."""


if TYPE_CHECKING:
    Taken = ChosenPicture | PictureUnderWay


class Setting(Record):
    """A setting of a source: a Blender property, made by calling `kind` with these `words`.

    `name`: its name in the scene's settings. `option`: its name in the source's operator, empty if it has none there.
    """

    name: str
    kind: Callable[..., Any]
    words: Mapping[str, Any]
    option: str = ""

    def of_operator(self) -> Any:
        """Return the property for the operator, which forgets its value after each call."""
        return self.kind(**{**self.words, "options": {"SKIP_SAVE", *self.words.get("options", ())}})


class Preview(Record):
    """How to preview a picture that exists before the click, whenever it changes.

    `key` returns a key that changes whenever the picture does. Its first item is the source's key; without a picture,
    that is its only item. `take(context, key, folder, is_asked)` returns the picture with that key, or None if taking
    it blocks Blender so long that the artist has to ask (`is_asked`). Raises TrellisError, for instance if it is gone.
    """

    key: Callable[[Context, Any], Key]
    take: Callable[[Context, Key, Path, bool], ChosenPicture | None]


class Source(Record):
    """A source of pictures, and everything that the add-on says and does about it.

    `key`: its name in the scene's settings. `number`: that in .blend files: unique, never changed or reused.
    `operator`: the id of the operator that generates from it; `title` and `tooltip` are the operator's.
    `take`: takes the picture as data. Temporary files go to the folder. Raises TrellisError.
    `hint`: tells how to get a preview in the panel, or when the picture is taken.
    `preview_label`: of the button that requests a preview.
    `preview`: None if the picture is made at the click, and previewed only if the artist asks.
    `take_for_preview`: takes a picture for the preview only, if that is faster than `take`.
    `missing`: says what is missing and how to get it, empty if the picture can be taken. No period: Blender adds one.
    `progress`: the status bar's text while the picture is made, else empty.
    `draw`: draws the settings into one row of the panel. None: one field for each setting, or else the text `line`.
    `is_of_scene`: the model is named after the scene's file, if there is one, rather than after the picture.
    `is_render`: the picture's background may come from the scene's film setting.
    `opens_browser`: the operator opens Blender's file browser to fill in `filepath`, unless that was given.
    `leave`: ends everything under way, since another file is opened or the add-on is disabled.
    """

    key: str
    number: int
    label: str
    description: str
    icon: str
    operator: str
    title: str
    tooltip: str
    take: Callable[[Context, Any, Path], Taken]
    hint: str
    preview_label: str = "Look at the Picture"
    preview: Preview | None = None
    take_for_preview: Callable[[Context, Any, Path], Taken] | None = None
    missing: Callable[[Context, Any], str] = lambda _context, _chosen: ""
    progress: Callable[[], str] = str
    settings: tuple[Setting, ...] = ()
    draw: Callable[[Any, Context, Any], None] | None = None
    line: str = ""
    is_of_scene: bool = False
    is_render: bool = False
    opens_browser: bool = False
    leave: Callable[[], object] = lambda: None

    def draw_line(self, row: Any, context: Context, chosen: Any) -> None:
        """Draw the source's settings into this row: every source takes one, so that nothing below it jumps."""
        if self.draw is not None:
            self.draw(row, context, chosen)
            return
        for setting in self.settings:
            if setting.kind is BoolProperty:  # whose name stands beside its box
                row.prop(chosen, setting.name)
            else:
                row.prop(chosen, setting.name, text="")
        if not self.settings:
            row.label(text=self.line)

    def preview_key(self, context: Context, chosen: Any) -> Key:
        """Return the key of the picture to preview; see `Preview`."""
        if self.preview is not None:
            return self.preview.key(context, chosen)
        return self.key, str(context.scene.session_uid)

    def given(self, chosen: Any) -> dict[str, Any]:
        """Return the properties that the panel's buttons give the operator."""
        return {"filepath": chosen.filepath} if self.opens_browser else {}


SELECTED_ONLY = Setting(
    "selected_only",
    BoolProperty,
    {"name": "Selected Only", "description": "Show only the selected objects in the picture", "default": False},
    option="selected_only",
)

TABLE: tuple[Source, ...] = (
    Source(
        key="RENDER",
        number=0,
        label="Render",
        description="Use the current render, as it is seen",
        icon="RENDER_RESULT",
        operator="trellis2.generate_render",
        title="Generate 3D Model from Render",
        tooltip="Make a 3D model from the current render",
        take=lambda context, _chosen, folder: render.from_render(context.scene, folder),
        hint="Render an image (F12) to see it here.",
        preview_label="Look at the Render",
        line="As the Image Editor shows it",
        preview=Preview(render.preview_key, render.preview_picture),
        is_of_scene=True,
        is_render=True,
    ),
    Source(
        key="FILE",
        number=1,
        label="Image File",
        description="Use an image file",
        icon="FILE_IMAGE",
        operator="trellis2.generate_image",
        title="Generate 3D Model from Image File",
        tooltip="Make a 3D model from an image file",
        take=lambda _context, chosen, _folder: file.chosen_file(chosen.filepath),
        hint="Choose an image file to see it here.",
        preview=Preview(file.preview_key, lambda _context, key, _folder, _is_asked: file.chosen_file(key[1])),
        settings=(
            Setting(
                "filepath",
                StringProperty,
                {
                    "name": "Image",
                    "description": "Image file to make a model from",
                    "subtype": "FILE_PATH",
                    "options": BLEND_RELATIVE,
                },
                option="filepath",
            ),
        ),
        opens_browser=True,
    ),
    Source(
        key="IMAGE",
        number=2,
        label="Open Image",
        description="Use an image that is open in Blender, as it is seen",
        icon="IMAGE_DATA",
        operator="trellis2.generate_open_image",
        title="Generate 3D Model from Open Image",
        tooltip="Make a 3D model from an image that is open in Blender, as it is seen",
        take=image.from_chosen,
        hint="Choose an image to see it here.",
        preview_label="Look at the Image",
        preview=Preview(image.preview_key, image.preview_picture),
        missing=image.missing,
        settings=(
            Setting(
                "image",
                PointerProperty,
                {
                    "name": "Image",
                    "description": "Image that is open in Blender to make a model from",
                    "type": bpy.types.Image,
                },
            ),
        ),
        draw=image.draw_line,
    ),
    Source(
        key="VIEWPORT",
        number=3,
        label="Viewport",
        description="Use what this viewport shows, without overlays and background",
        icon="VIEW3D",
        operator="trellis2.generate_viewport",
        title="Generate 3D Model from Viewport",
        tooltip="Make a 3D model from what the viewport shows, without overlays and background",
        take=lambda context, chosen, _folder: viewport.from_viewport(context, selected_only=chosen.selected_only),
        hint="The picture is taken when you generate: all that is in this view, without overlays and background.",
        preview_label="Look at the View",
        settings=(SELECTED_ONLY,),
        is_of_scene=True,
    ),
    Source(
        key="CAMERA",
        number=4,
        label="Camera",
        description="Render the camera's view for this, without a background",
        icon="CAMERA_DATA",
        operator="trellis2.generate_camera",
        title="Generate 3D Model from Camera",
        tooltip="Render the camera's view without a background, and make a 3D model from it",
        take=lambda context, chosen, folder: camera.start_render(
            context, chosen.camera_engine, folder, selected_only=chosen.selected_only
        ),
        hint="The picture is rendered when you generate: the camera's view, without a background.",
        preview_label="Look Through the Camera",
        take_for_preview=lambda context, chosen, folder: camera.start_render(
            context, "WORKBENCH", folder, selected_only=chosen.selected_only, is_preview=True
        ),
        missing=camera.missing,
        progress=lambda: camera.progress() if imported(camera) else "",
        settings=(
            Setting(
                "camera_engine",
                EnumProperty,
                {"name": "Engine", "description": "What renders the picture", "items": ENGINES},
                option="engine",
            ),
            SELECTED_ONLY,
        ),
        draw=camera.draw_line,
        is_of_scene=True,
        leave=lambda: camera.leave() if imported(camera) else None,
    ),
    Source(
        key="CLIPBOARD",
        number=5,
        label="Clipboard",
        description="Use a copied image, or a copied image file",
        icon="PASTEDOWN",
        operator="trellis2.generate_clipboard",
        title="Generate 3D Model from Clipboard",
        tooltip="Make a 3D model from a copied image, or a copied image file",
        take=lambda context, _chosen, folder: clipboard.from_clipboard(context, folder),
        hint="The picture is taken from the clipboard when you generate.",
        preview_label="Look at the Clipboard",
        line="Taken when you generate",
    ),
)


def by_key(key: str) -> Source:
    """Return the source with this key. Raises KeyError if there is none."""
    return {source.key: source for source in TABLE}[key]


def choices() -> list[tuple[str, str, str, str, int]]:
    """Return the sources as the items of a Blender enumeration."""
    return [(source.key, source.label, source.description, source.icon, source.number) for source in TABLE]


def scene_properties() -> dict[str, Any]:
    """Return the settings of all sources, as annotations for the scene's settings."""
    return {setting.name: setting.kind(**setting.words) for source in TABLE for setting in source.settings}


def leave(*_arguments: object) -> None:
    """End everything under way in any source. Blender calls this before another file opens."""
    for source in TABLE:
        source.leave()
