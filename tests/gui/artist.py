# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist does with the add-on, in a window."""

from __future__ import annotations

import contextlib
from pathlib import Path

from PIL import Image, ImageDraw

from emulator import Emulator
from screens import Screen
from tests.gui.window import Window, WindowError

ADDON = "bl_ext.user_default.trellis_blender"
MODELS = "[thing for thing in bpy.data.objects if thing.type == 'MESH' and thing.name != 'Cube']"
WINDOWS = "context.window_manager.windows"
# Where “Don't Save” is, seen from where the mouse was when Blender asked. On Windows the buttons' order is another.
DONT_SAVE = (-100, -33)


class Artist(Window):
    """An artist in front of a window. The attributes in capitals are Python for `run`."""

    PREFERENCES = f"bpy.context.preferences.addons[{ADDON!r}].preferences"
    JOBS = f"list(__import__('sys').modules[{ADDON + '.session'!r}].jobs().values())"
    EDITORS = f"[area.type for window in {WINDOWS} for area in window.screen.areas]"

    def __init__(self, blender: str, folder: Path, screen: Screen, emulator: Emulator) -> None:
        self.emulator = emulator
        super().__init__(blender, folder, screen)

    def has_account(self) -> None:
        """Enter the account of the emulator."""
        fields = {"api_key": self.emulator.key, "api_secret": self.emulator.secret, "api_address": self.emulator.url}
        self.run("\n".join(f"{self.PREFERENCES}.{name} = {value!r}" for name, value in fields.items()))

    def opens_the_tab(self) -> None:
        """Open the sidebar by its key, and in it our tab."""
        self.press("N")
        self.run("Place.find('VIEW_3D', 'UI').region.active_panel_category = 'Trellis'")
        self.move_away()

    def renders(self) -> None:
        """Render what the camera sees, small and quickly, by F12."""
        self.run(
            "scene = bpy.context.scene\n"
            "scene.render.engine, scene.render.film_transparent = 'BLENDER_WORKBENCH', True\n"
            "scene.render.resolution_x = scene.render.resolution_y = 128"
        )
        self.move_away()
        self.press("F12")
        self.until("not bpy.app.is_job_running('RENDER') and len(context.window_manager.windows) == 2")

    def draws(self, name: str) -> Path:
        """A picture of a vase with a transparent background, in a file of that name."""
        picture = Image.new("RGBA", (320, 320))
        ImageDraw.Draw(picture).ellipse((60, 40, 260, 300), fill=(200, 90, 40, 255))
        picture.save(self.folder / name)
        return self.folder / name

    def sets(self, name: str, value: str) -> None:
        """Set one of the scene's settings."""
        self.run(f"bpy.context.scene.trellis2.{name} = {value!r}")

    def generates_from_render(self) -> None:
        """Render, then click."""
        self.renders()
        self.click("trellis2.generate_render")

    def deletes_the_cube(self) -> None:
        """Work on, so that there is something to save."""
        self.move_away()
        self.press("X")
        self.press("RET")
        self.until("'Cube' not in bpy.data.objects and bpy.data.is_dirty")

    def quits(self) -> None:
        """Quit by the keyboard, and do not save the scene."""
        self.move_away()
        x, y = self.run("[hand.x, hand.y]")
        self.press("Q", ctrl=True)
        with contextlib.suppress(WindowError):  # it ends before it answers
            self.click_at(x + DONT_SAVE[0], y + DONT_SAVE[1])

    def looks_for(self, words: str) -> None:
        """Look for an operator with F3 and take the first that is found."""
        self.move_away()
        self.press("F3")
        self.type(words)
        self.press("RET")

    def stages(self) -> list[str]:
        """Where the jobs stand, the oldest first."""
        return [str(stage) for stage in self.run(f"[job.stage.value for job in {self.JOBS}]")]

    def waits_for(self, stage: str, seconds: float = 60.0) -> None:
        """Wait until all jobs, of which there is one at least, stand there."""
        self.until(
            f"(lambda jobs: bool(jobs) and all(job.stage.value == {stage!r} for job in jobs))({self.JOBS})", seconds
        )

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
        return [str(name) for name in self.run(f"[thing.name for thing in {MODELS}]")]
