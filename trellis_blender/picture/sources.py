# SPDX-License-Identifier: GPL-3.0-or-later
"""Every source of a picture is one record in the table at the end of this file.

The panel's choice and its rows, the preview, the operators and their menu, and the status bar read what they need
there. A new source has a file of its own with the functions that its record names. Blender calls all of them on the
main thread. Wherever a function gets `chosen`, that is the scene's settings, or what an operator was given in their
place, under the same names.

Every start of Blender reads the table, so a source's file is imported when one of its functions is first called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import bpy
from bpy.props import EnumProperty, PointerProperty, StringProperty

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

Context = Any  # bpy.types.Context, or what stands in for it while something is drawn
# Says that paths may begin with “//”, as they always may; Blender asks for it from 4.5 on, and 4.2 does not know it.
BLEND_RELATIVE = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
ENGINES = (
    ("SCENE", "Scene", "Render with the scene's engine and its settings"),
    ("WORKBENCH", "Workbench", "Render in a moment, with the colors of Workbench"),
)


class PictureUnderWay(Protocol):
    """A picture that takes its time, made beside what the artist does."""

    @property
    def is_done(self) -> bool:
        """Whether it has ended, well or not. Returns at once."""

    def stop(self) -> None:
        """End it: the artist does not want it any more. Returns almost at once."""

    def end(self) -> ChosenPicture:
        """Return the picture, once it is done. Raises TrellisError; then nothing of it is left."""

    def abandon(self) -> None:
        """Leave nothing of it behind. Raises StorageError."""


if TYPE_CHECKING:
    Taken = ChosenPicture | PictureUnderWay


class Setting(NamedTuple):
    """What a source asks the artist for: a Blender property, which `kind` makes of these `words`.

    `name`: among the scene's settings. `option`: as a property of the source's operator, empty where that has none.
    """

    name: str
    kind: Callable[..., Any]
    words: Mapping[str, Any]
    option: str = ""

    def of_scene(self) -> Any:
        """The property for the scene's settings."""
        return self.kind(**self.words)

    def of_operator(self) -> Any:
        """The property for the operator, which forgets it after each call."""
        return self.kind(**{**self.words, "options": {"SKIP_SAVE", *self.words.get("options", ())}})


class Preview(NamedTuple):
    """How a picture that exists before the click is looked at, whenever it changes.

    `key`: names the picture, and is another one whenever the picture is. Its first item is the source's key; without a
    picture it has no other. `take(context, key, folder, is_asked)`: the picture with that key; None: taking it keeps
    Blender so long that the artist has to ask (`is_asked`). Raises TrellisError, for instance where it is gone.
    """

    key: Callable[[Context, Any], Key]
    take: Callable[[Context, Key, Path, bool], ChosenPicture | None]


class Source(NamedTuple):
    """Where a picture comes from, and everything that the add-on says and does about that."""

    key: str
    """As the scene's settings name it."""

    number: int
    """As .blend files keep it: never another source's, never changed."""

    label: str
    description: str
    icon: str

    operator: str
    """The id of the operator that generates from it."""

    title: str
    tooltip: str
    """The operator's label and tooltip."""

    take: Callable[[Context, Any, Path], Taken]
    """Takes the picture, as data; a file of ours lies in the folder. Raises TrellisError."""

    hint: str
    """What to do to see a picture in the panel, or when the picture is taken."""

    look_label: str = "Look at the Picture"
    """The button that looks at what the artist has to ask for."""

    preview: Preview | None = None
    """None: the picture is made at the click, and is looked at only when the artist asks for it."""

    look: Callable[[Context, Any, Path], Taken] | None = None
    """Takes a picture that is made at the click only to be looked at, where that is quicker than `take`."""

    missing: Callable[[Context, Any], str] = lambda _context, _chosen: ""
    """What is missing and how to get it, empty where the picture can be taken. No period: Blender adds one."""

    progress: Callable[[], str] = str
    """What the status bar says while the picture is made, empty while it is not."""

    settings: tuple[Setting, ...] = ()

    draw: Callable[[Any, Context, Any], None] | None = None
    """Draws the source's rows in the panel; None: a row for each of its settings."""

    is_of_scene: bool = False
    """The model is named after the scene's file, else after the picture."""

    is_render: bool = False
    """The scene's film may be what gives it a background."""

    opens_browser: bool = False
    """The operator opens Blender's file browser, which fills in `filepath`, unless it was given one."""

    leave: Callable[[], object] = lambda: None
    """Ends what is under way: another file is opened, or the add-on goes."""

    def __hash__(self) -> int:
        """By identity: the words of a setting have no hash."""
        return id(self)

    def draw_rows(self, layout: Any, context: Context, chosen: Any) -> None:
        """Draw what the source asks for."""
        if self.draw is not None:
            self.draw(layout, context, chosen)
            return
        for setting in self.settings:
            layout.prop(chosen, setting.name)

    def preview_key(self, context: Context, chosen: Any) -> Key:
        """The key of the picture that there is to be seen; see `Preview`."""
        if self.preview is not None:
            return self.preview.key(context, chosen)
        return self.key, str(context.scene.session_uid)

    def given(self, chosen: Any) -> dict[str, Any]:
        """What the panel's buttons give the operator."""
        return {"filepath": chosen.filepath} if self.opens_browser else {}


TABLE: tuple[Source, ...] = (
    Source(
        key="RENDER",
        number=0,
        label="Render",
        description="Use the current render, as it is seen",
        icon="RENDER_RESULT",
        operator="trellis2.generate_render",
        title="Generate from Render",
        tooltip="Make a 3D model from the current render",
        take=lambda context, _chosen, folder: render.from_render(context.scene, folder),
        hint="Render an image (F12) to see it here.",
        look_label="Look at the Render",
        preview=Preview(
            lambda context, _chosen: render.preview_key(context.scene),
            lambda _context, key, folder, is_asked: render.look(key, folder, is_asked=is_asked),
        ),
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
        title="Generate from Image File",
        tooltip="Make a 3D model from an image file",
        take=lambda _context, chosen, _folder: file.chosen_file(chosen.filepath),
        hint="Choose an image file to see it here.",
        preview=Preview(
            lambda _context, chosen: file.preview_key(chosen),
            lambda _context, key, _folder, _is_asked: file.chosen_file(key[1]),
        ),
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
        title="Generate from Open Image",
        tooltip="Make a 3D model from an image that is open in Blender, as it is seen",
        take=image.from_chosen,
        hint="Choose an image to see it here.",
        look_label="Look at the Image",
        preview=Preview(
            image.preview_key,
            lambda context, key, folder, is_asked: image.look(context, key, folder, is_asked=is_asked),
        ),
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
        draw=image.draw_rows,
    ),
    Source(
        key="VIEWPORT",
        number=3,
        label="Viewport",
        description="Use what this viewport shows, without overlays and background",
        icon="VIEW3D",
        operator="trellis2.generate_viewport",
        title="Generate from Viewport",
        tooltip="Make a 3D model from what the viewport shows, without overlays and background",
        take=lambda context, _chosen, _folder: viewport.from_viewport(context),
        hint="The picture is taken when you generate: all that is in this view, without overlays and background.",
        look_label="Look at the View",
        is_of_scene=True,
    ),
    Source(
        key="CAMERA",
        number=4,
        label="Camera",
        description="Render the camera's view for this, without a background",
        icon="CAMERA_DATA",
        operator="trellis2.generate_camera",
        title="Generate from Camera",
        tooltip="Render the camera's view without a background, and make a 3D model from it",
        take=lambda context, chosen, folder: camera.begin(context, chosen.camera_engine, folder),
        hint="The picture is rendered when you generate: the camera's view, without a background.",
        look_label="Look Through the Camera",
        look=lambda context, _chosen, folder: camera.begin(context, "WORKBENCH", folder, is_preview=True),
        missing=lambda context, _chosen: camera.missing(context),
        progress=lambda: camera.progress() if imported(camera) else "",
        settings=(
            Setting(
                "camera_engine",
                EnumProperty,
                {"name": "Engine", "description": "What renders the picture", "items": ENGINES},
                option="engine",
            ),
        ),
        draw=camera.draw_rows,
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
        title="Generate from Clipboard",
        tooltip="Make a 3D model from a copied image, or a copied image file",
        take=lambda context, _chosen, folder: clipboard.from_clipboard(context, folder),
        hint="The picture is taken from the clipboard when you generate.",
        look_label="Look at the Clipboard",
    ),
)


def by_key(key: str) -> Source:
    """The source with this key. Raises KeyError where there is none."""
    return {source.key: source for source in TABLE}[key]


def choices() -> list[tuple[str, str, str, str, int]]:
    """The sources as the items of a Blender enumeration."""
    return [(source.key, source.label, source.description, source.icon, source.number) for source in TABLE]


def scene_properties() -> dict[str, Any]:
    """What all sources ask for, as annotations of the scene's settings."""
    return {setting.name: setting.of_scene() for source in TABLE for setting in source.settings}


def leave() -> None:
    """End what is under way of any source."""
    for source in TABLE:
        source.leave()
