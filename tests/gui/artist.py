# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist does with the add-on, in a window."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

from emulator import Emulator
from screens import SIZE, Screen
from tests.addon import ADDON, module_name
from tests.gui.window import Window, WindowError

WINDOWS = "context.window_manager.windows"
# Where “Don't Save” is, seen from the middle of the window. On Windows the buttons stand in another order.
DONT_SAVE = (-100, -33)
# Where the first field of the dialog is, seen from where the button was clicked that opens it.
KEY_FIELD = (-85, -7)
# Where the list of images opens that Blender has: seen from the left of the sidebar, on the height of the button Open.
IMAGE_LIST = 35
# Where the first file stands, seen from the upper left of the file browser's list, which fills as the files are found.
FIRST_FILE = (100, -36)
LIST_SECONDS = 10.0
# The letter that Blender underlines for each source in the list of them.
SOURCE_LETTERS = {"RENDER": "R", "FILE": "I", "IMAGE": "O", "VIEWPORT": "V", "CAMERA": "C", "CLIPBOARD": "L"}
# How many folds there are at most; where their heads are hit and no button, in pixels at a resolution scale of 1.
FOLDS, FOLD_STEP, FOLD_EDGE = 6, 8, 12
HEAD = 20  # how high the head of a fold is, in the same pixels
NARROWEST = 115  # of the sidebar, in pixels at a resolution scale of 1: narrower ones Blender 5.2 folds to their tabs
GRIPS = (7, 5, 9, 3, 12, 0)  # how far from the sidebar's edge Blender lets it be dragged: it depends on its version

BROWSER = "Place.find('FILE_BROWSER', 'WINDOW').area.spaces.active"
OVERLAYS = "Place.find('VIEW_3D', 'WINDOW').area.spaces.active.overlay.show_overlays = {shown}"
POINT_AT = """
from bpy_extras.view3d_utils import location_3d_to_region_2d
view = Place.find('VIEW_3D', 'WINDOW')
seen = location_3d_to_region_2d(view.region, view.area.spaces.active.region_3d, {point})
hand.hover(view.region.x + seen.x, view.region.y + seen.y)
"""
INFO_LOG = """
place = Place.find("DOPESHEET_EDITOR", "WINDOW")
before, place.area.ui_type = place.area.ui_type, "INFO"
with context.temp_override(window=place.window, area=place.area, region=place.area.regions[-1]):
    bpy.ops.info.select_all(action="SELECT")
    bpy.ops.info.report_copy()
place.area.ui_type = before
context.window_manager.clipboard
"""


class Artist(Window):
    """An artist in front of a window. The attributes in capitals are Python for `run`."""

    PREFERENCES = f"bpy.context.preferences.addons[{ADDON!r}].preferences"
    MODELS = "[thing for thing in bpy.data.objects if thing.type == 'MESH' and thing.name != 'Cube']"
    PRICE_TAG = f"__import__('importlib').import_module({module_name('price_tag')!r})"
    ANSWER = f"__import__('importlib').import_module({module_name('session')!r}).state().messages.page.answer"
    SETTINGS = "bpy.context.scene.trellis2"
    SESSION = f"__import__('importlib').import_module({module_name('session')!r})"
    JOBS = f"list({SESSION}.jobs().values())"
    EDITORS = f"[area.type for window in {WINDOWS} for area in window.screen.areas]"

    def __init__(
        self, blender: str, folder: Path, screen: Screen, emulator: Emulator, file: Path | None = None
    ) -> None:
        self.emulator = emulator
        super().__init__(blender, folder, screen, file)

    def has_account(self) -> None:
        """Enter the account of the emulator."""
        fields = {"api_key": self.emulator.key, "api_secret": self.emulator.secret, "api_address": self.emulator.url}
        self.run("\n".join(f"{self.PREFERENCES}.{name} = {value!r}" for name, value in fields.items()))

    def opens_the_tab(self) -> None:
        """Open the sidebar by its key, and in it our tab."""
        self.press("N")
        self.run("Place.find('VIEW_3D', 'UI').region.active_panel_category = 'Trellis'")
        self.move_away()

    def enters_key(self, key: str, secret: str) -> None:
        """Enter the account in the dialog that the sidebar's button opens."""
        x, y = self.find("trellis2.enter_key")
        self.click_at(x, y)
        self.click_at(x + KEY_FIELD[0], y + KEY_FIELD[1])
        self.type(key)
        self.press("TAB")
        self.type(secret)
        self.press("RET")  # the field is done
        self.press("RET")  # the dialog is, too
        self.until(f"{self.PREFERENCES}.api_secret == {secret!r}")

    def chooses_theme(self, name: str) -> None:
        """Choose one of Blender's own themes, "Dark" or "Light"."""
        self.run(
            "from pathlib import Path\n"
            "folders = map(Path, bpy.utils.preset_paths('interface_theme'))\n"
            f"(path,) = [found for folder in folders for found in folder.glob('Blender_{name}.xml')]\n"
            "menu = 'USERPREF_MT_interface_theme_presets'\n"
            "bpy.ops.script.execute_preset(filepath=str(path), menu_idname=menu)"
        )

    def widens_the_sidebar(self, width: float) -> None:
        """Drag the sidebar's edge until it is so wide, in pixels, or as narrow as Blender leaves it open.

        Raises WindowError.
        """
        narrowest = f"{NARROWEST} * context.preferences.system.ui_scale if bpy.app.version >= (5, 2) else 0"
        width = max(width, self.run(narrowest))
        for grip in GRIPS:
            x, _lower, right, upper = self.box()
            if abs(right - x - width) < 4:
                return
            y = upper - 0.15 * SIZE[1]
            self.drag(x + grip, y, right - width + grip, y)
        x, _lower, right, _upper = self.box()
        if abs(right - x - width) >= 4:
            raise WindowError(f"The sidebar is {right - x} pixels wide instead of {width:.0f}")

    def scales_the_interface(self, scale: float) -> None:
        """Set the scale of the interface."""
        self.run(f"bpy.context.preferences.view.ui_scale = {scale}")
        self.move_away()

    def fills_the_window(self) -> None:
        """Let the viewport fill the window."""
        self.move_away()
        self.press("SPACE", ctrl=True)
        self.move_away()

    def unfolds(self, wanted: str) -> None:
        """Unfold what is folded below the sidebar's last button, fold by fold, until a button is there.

        Where no button came, the fold had stood open, or has none: the next one below it is unfolded then.

        Raises WindowError.
        """
        known: set[str] = set()
        clicked = 0.0
        for _ in range(FOLDS):
            with contextlib.suppress(WindowError):
                self.find(wanted)
                return
            self.run("hand.scroll('VIEW_3D', 'UI', 'WHEELDOWNMOUSE', FAR)")
            met = self.run("hand.sweep('VIEW_3D', 'UI')")
            shown = {button for _x, _y, button in met}  # not their heights: a button may be lit a turn late
            below = clicked - HEAD * self.run("context.preferences.system.ui_scale")
            clicked = self.unfolds_below(below if shown <= known else min(y for _x, y, _button in met))
            known |= shown
        self.find(wanted)

    def unfolds_below(self, y: float) -> float:
        """Unfold the first fold below that height, and return the height of its head."""
        left, lower, _right, _upper = box = self.box()
        scale = self.run("context.preferences.system.ui_scale")
        self.move_away()
        folded = self.picture(box)
        while y > lower and self.picture(box) == folded:
            y -= FOLD_STEP * scale
            self.click_at(left + FOLD_EDGE * scale, y)
            self.move_away()
        return y

    def sidebar(self) -> Image.Image:
        """What the sidebar shows, without the empty space below it."""
        self.move_away()
        self.run(OVERLAYS.format(shown=False))  # they shine through
        seen = trimmed(self.picture(self.box()))
        self.run(OVERLAYS.format(shown=True))
        return seen

    def row_of(self, wanted: str) -> Image.Image:
        """What the row of a large button shows."""
        left, _lower, right, _upper = self.box()
        _x, y = self.find(wanted)  # less than a row below the button's upper edge
        self.move_away()
        return self.picture((left, y - 24, right, y + 4))

    def sent_picture(self) -> Path:
        """The picture that the only job has sent."""
        (path,) = (self.folder / "resources").rglob("jobs/*/source.png")
        return path

    def whole_sidebar(self) -> Iterator[Image.Image]:
        """All of the sidebar, page by page."""
        self.run("hand.scroll('VIEW_3D', 'UI', 'WHEELUPMOUSE', FAR)")
        yield self.sidebar()
        while self.run("hand.scroll('VIEW_3D', 'UI', 'WHEELDOWNMOUSE', SCROLL)"):
            yield self.sidebar()

    def renders(self) -> None:
        """Render what the camera sees, small and quickly, by F12."""
        self.run(
            "scene = bpy.context.scene\n"
            "scene.render.engine, scene.render.film_transparent = 'BLENDER_WORKBENCH', True\n"
            "scene.render.resolution_x = scene.render.resolution_y = 128"
        )
        self.presses_f12()

    def presses_f12(self, seconds: float = 60.0) -> None:
        """Render, and wait until it is done."""
        self.move_away()
        self.run("rendered = []\nbpy.app.handlers.render_complete.append(lambda *_: rendered.append(True))")
        self.press("F12")
        self.until("rendered and not bpy.app.is_job_running('RENDER')", seconds)

    def draws(self, name: str) -> Path:
        """A picture of a vase with a transparent background, in a file of that name."""
        picture = Image.new("RGBA", (320, 320))
        ImageDraw.Draw(picture).ellipse((60, 40, 260, 300), fill=(200, 90, 40, 255))
        picture.save(self.folder / name)
        return self.folder / name

    def drops(self, *names: str, region: str = "WINDOW", on: tuple[float, float, float] | None = None) -> None:
        """Drop files of the own folder on a part of the viewport, where that point of the scene is seen: what Blender
        does once the desktop has handed them over.
        """
        self.run(f"hand.over('VIEW_3D', {region!r}, 0.35, 0.3)")
        if on is not None:
            self.run(POINT_AT.format(point=on))
        files = [{"name": name} for name in names]
        self.run(
            f"view = Place.find('VIEW_3D', {region!r})\n"
            "with context.temp_override(window=view.window, area=view.area, region=view.region):\n"
            f"    bpy.ops.wm.drop_import_file('INVOKE_DEFAULT', directory={str(self.folder)!r}, files={files!r})"
        )
        self.run("settled()")

    def sets(self, name: str, value: str) -> None:
        """Set one of the scene's settings, and have the sidebar drawn again, as after a click there."""
        self.run(f"bpy.context.scene.trellis2.{name} = {value!r}\nPlace.find('VIEW_3D', 'UI').region.tag_redraw()")

    def chooses_source(self, name: str) -> None:
        """Choose where the picture comes from, in the list of the sidebar."""
        self.click("trellis2.source")
        self.press(SOURCE_LETTERS[name])
        self.until(f"{self.SETTINGS}.source == {name!r}")
        self.move_away()

    def chooses_image(self, name: str) -> None:
        """Choose one of the images that are open in Blender, in the list of the sidebar."""
        left, _lower, _right, _upper = self.box()
        _x, y = self.find("image.open")
        self.click_at(left + IMAGE_LIST, y)
        self.type(name)
        self.press("RET")
        self.until(f"getattr({self.SETTINGS}.image, 'name', '') == {name!r}")
        self.move_away()

    def chooses_first_file(self) -> None:
        """Choose the first file of the home folder, in the file browser that the sidebar's folder icon opens."""
        self.click("buttons.file_browse")
        self.until(f"'FILE_BROWSER' in {self.EDITORS}")
        self.run("hand.over('FILE_BROWSER', 'WINDOW', 0.5, 0.2)")
        left, _lower, _right, upper = self.box("FILE_BROWSER", "WINDOW")
        end = time.monotonic() + LIST_SECONDS
        while not self.run(f"{BROWSER}.params.filename") and time.monotonic() < end:
            self.click_at(left + FIRST_FILE[0], upper + FIRST_FILE[1])
        self.click("file.execute", "FILE_BROWSER", "EXECUTE")
        self.until(f"'FILE_BROWSER' not in {self.EDITORS}")
        self.move_away()

    def generates_from_render(self) -> None:
        """Render, then click."""
        self.renders()
        self.click("trellis2.generate_render")

    def knows_the_price(self) -> None:
        """Wait until it stands on the button."""
        self.until(f"'CU' in {self.PRICE_TAG}.words({self.SETTINGS})")

    def deletes_the_cube(self) -> None:
        """Work on, so that there is something to save."""
        self.move_away()
        self.press("X")
        self.press("RET")
        self.until("'Cube' not in bpy.data.objects and bpy.data.is_dirty")

    def quits(self) -> None:
        """Quit by the keyboard, and do not save the scene where Blender asks about that."""
        self.move_away()
        with contextlib.suppress(WindowError):  # it ends before it answers
            self.press("Q", ctrl=True)
            self.click_at(SIZE[0] / 2 + DONT_SAVE[0], SIZE[1] / 2 + DONT_SAVE[1])

    def looks_for(self, words: str) -> None:
        """Look for an operator with F3 and take the first that is found."""
        self.move_away()
        self.press("F3")
        self.type(words)
        self.press("RET")

    def info_log(self) -> list[str]:
        """The lines of Blender's Info log."""
        return str(self.run(INFO_LOG)).splitlines()

    def stages(self) -> list[str]:
        """Where the jobs stand, the oldest first."""
        return [str(stage) for stage in self.run(f"[job.stage.value for job in {self.JOBS}]")]

    def waits_for(self, stage: str, seconds: float = 60.0) -> None:
        """Wait until all jobs, of which there is one at least, stand there."""
        self.until(
            f"(lambda jobs: bool(jobs) and all(job.stage.value == {stage!r} for job in jobs))({self.JOBS})", seconds
        )

    def waits_for_call(self, name: str, seconds: float = 60.0) -> None:
        """Wait until Scenario was asked this, by the emulator's name of it. Raises WindowError."""
        end = time.monotonic() + seconds
        while not self.emulator.calls[name]:
            if time.monotonic() > end:
                raise WindowError(f"In {seconds:.0f} s Scenario was not asked: {name}\n{self.log()}")
            self.run("settled()")

    def base_of(self, model: str) -> tuple[float, ...]:
        """The origin's x and y, and the height of the lowest point."""
        return tuple(
            round(value, 3)
            for value in self.run(
                f"thing = bpy.data.objects[{model!r}]\n"
                "low = min((thing.matrix_world @ vertex.co).z for vertex in thing.data.vertices)\n"
                "[thing.location.x, thing.location.y, low]"
            )
        )

    def models(self) -> list[str]:
        """The names of the models in the scene."""
        return [str(name) for name in self.run(f"[thing.name for thing in {self.MODELS}]")]


def trimmed(picture: Image.Image) -> Image.Image:
    """The picture without what is the same from some row on down to its end."""
    edge = picture.crop((0, picture.height - 1, picture.width, picture.height)).resize(picture.size)
    box = ImageChops.difference(picture, edge).getbbox()
    return picture.crop((0, 0, picture.width, min(picture.height, box[3] + 8))) if box else picture
