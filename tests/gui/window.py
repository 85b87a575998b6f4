# SPDX-License-Identifier: GPL-3.0-or-later
"""A real window of Blender, driven from outside with mouse and keyboard (`inside.py` is the other half).

with Screen(folder) as screen, Window(blender, folder, screen) as window:
    window.press("N")
    window.click("trellis2.generate_render")
    window.until("len(bpy.data.objects) == 4")
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import IO, Any, Self

from PIL import Image

from environments import own_folders
from screens import SIZE, Screen

START_SECONDS = 120.0
ANSWER_SECONDS = 120.0
QUIT_SECONDS = 90.0
INSIDE = Path(__file__).with_name("inside.py")


class WindowError(Exception):
    """The window could not be had, or ended, or refused; the message says which."""


class Window:
    """A Blender with its own settings, home and temporary folder, all of them in `folder`.

    A second window on the same folder is the next start of the same Blender, with a `file` as if that was
    double-clicked. On leaving, it is closed, and an error that Blender printed meanwhile is raised as WindowError.
    """

    def __init__(self, blender: str, folder: Path, screen: Screen, file: Path | None = None) -> None:
        self.folder, self._screen = folder, screen
        self._log_file = folder / "blender.log"
        environment = variables(folder) | screen.variables
        with socket.create_server(("127.0.0.1", 0)) as server, self._log_file.open("wb") as log:
            environment["TRELLIS_GUI_PORT"] = str(server.getsockname()[1])
            command = [blender, "--enable-event-simulate", "--window-geometry", "0", "0", *map(str, SIZE)]
            command += [*([str(file)] if file else []), "--python", str(folder / INSIDE.name)]
            shutil.copy(INSIDE, folder)
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
            server.settimeout(0.2)
            self._line = self._accept(server)
        self._line.settimeout(ANSWER_SECONDS)
        self._answers: IO[str] = self._line.makefile(encoding="utf-8")
        self.move_away()

    def _accept(self, server: socket.socket) -> socket.socket:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                return server.accept()[0]
            if self.process.poll() is not None:
                raise WindowError(f"Blender ended with status {self.process.returncode}:\n{self.log()}")
        self.process.kill()
        raise WindowError(f"Blender did not answer in {START_SECONDS:.0f} s:\n{self.log()}")

    # -- what Python says

    def run(self, source: str) -> Any:
        """Run Python in Blender and return its last expression's value. Raises WindowError with what went wrong."""
        try:
            self._line.sendall(json.dumps(source).encode() + b"\n")
            answer = self._answers.readline()
        except OSError as error:
            raise WindowError(f"Blender does not answer ({error}):\n{self.log()}") from error
        if not answer:
            raise WindowError(f"Blender ended meanwhile:\n{self.log()}")
        is_well, value = json.loads(answer)
        if not is_well:
            raise WindowError(str(value))
        return value

    def until(self, expression: str, seconds: float = 60.0) -> Any:
        """Wait until an expression is true and return it. Raises WindowError when it does not become so."""
        end = time.monotonic() + seconds
        while not (value := self.run(expression)):
            if time.monotonic() > end:
                raise WindowError(f"In {seconds:.0f} s this did not become true: {expression}\n{self.log()}")
            time.sleep(0.05)
        return value

    def longest_gap(self) -> float:
        """The longest time in seconds, since this was last asked, in which Blender took in nothing and drew nothing."""
        return float(self.run("gap = max(talk.gaps)\ntalk.gaps.clear()\ngap"))

    # -- what the artist does

    def press(self, key: str, **modifiers: bool) -> None:
        """Press a key, by Blender's name of it."""
        self.run(f"hand.press({key!r}, **{modifiers!r})")

    def type(self, text: str) -> None:
        """Type a text."""
        self.run(f"hand.type({text!r})")

    def move_away(self, across: float = 0.35, up: float = 0.75) -> None:
        """Move the mouse over the viewport, where nothing is lit by it; the keys go there."""
        self.run(f"hand.over('VIEW_3D', 'WINDOW', {across}, {up})")

    def find(self, wanted: str, area: str = "VIEW_3D", region: str = "UI") -> tuple[int, int]:
        """The point of a button, by a part of its operator's call or of its property's path. Raises WindowError."""
        x, y, _button = self.run(f"hand.find({area!r}, {region!r}, {wanted!r})")
        return x, y

    def click(self, wanted: str, area: str = "VIEW_3D", region: str = "UI") -> None:
        """Click on a button."""
        self.run(f"hand.press_button({area!r}, {region!r}, {wanted!r})")

    def click_at(self, x: float, y: float, times: int = 1) -> None:
        """Click at a point of the window."""
        self.run(f"hand.click({x}, {y}, {times})")

    def drag(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """Press the mouse at a point, move to another, and let go."""
        self.run(f"hand.drag({x}, {y}, {to_x}, {to_y})")

    def buttons(self, area: str = "VIEW_3D", region: str = "UI") -> set[str]:
        """All buttons that can be seen in a region."""
        return {button for _x, _y, button in self.run(f"hand.sweep({area!r}, {region!r})")}

    # -- what the artist sees

    def box(self, area: str = "VIEW_3D", region: str = "UI") -> tuple[int, int, int, int]:
        """The left, lower, right and upper edge of a region."""
        x, y, width, height = self.run(
            f"part = Place.find({area!r}, {region!r}).region\n[part.x, part.y, part.width, part.height]"
        )
        return x, y, x + width, y + height

    def picture(self, box: tuple[int, int, int, int] | None = None, *, moving: bool = False) -> Image.Image:
        """What the window shows, or a part of it, once it stands still, or at once while it is `moving`."""
        last = self._grab()
        for _ in range(0 if moving else 20):
            last, before = self._grab(), last
            if last.tobytes() == before.tobytes():
                break
        if box is None:
            return last
        left, lower, right, upper = box
        return last.crop((left, last.height - upper, right, last.height - lower))

    def _grab(self) -> Image.Image:
        self.run("settled()")
        seen = self._screen.picture()
        if seen is None:
            path = self.folder / "screen.png"
            self.run(
                "with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):\n"
                f"    bpy.ops.screen.screenshot(filepath={str(path)!r})"
            )
            with Image.open(path) as file:
                seen = file.convert("RGB")
        return seen

    # -- the end

    def log(self) -> str:
        """The end of what Blender printed."""
        return self._log_file.read_text(encoding="utf-8", errors="replace")[-4000:]

    def ended(self, seconds: float = QUIT_SECONDS) -> int:
        """Wait for Blender to end, and return its exit status. Raises WindowError."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise WindowError(f"Blender did not end in {seconds:.0f} s:\n{self.log()}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_error: object) -> None:
        self._answers.close()
        self._line.close()  # which tells Blender to quit
        try:
            status = self.ended()
        finally:
            self.process.kill()
        printed = self._log_file.read_text(encoding="utf-8", errors="replace")
        if kind is None and (status or "Traceback" in printed):
            raise WindowError(f"Blender ended with status {status} and printed:\n{printed[-4000:]}")


def variables(folder: Path) -> dict[str, str]:
    """The environment of a Blender that keeps everything in the folder."""
    own = {name: folder / name for name in ("home", "temporary", "resources")}
    for path in own.values():
        path.mkdir(parents=True, exist_ok=True)
    home, temporary = str(own["home"]), str(own["temporary"])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BLENDER_", "SCENARIO_"))}
    return kept | {
        "HOME": home,
        "USERPROFILE": home,
        "TMPDIR": temporary,
        "TEMP": temporary,
        **own_folders(own["resources"]),
        "NO_PROXY": "127.0.0.1",
    }
