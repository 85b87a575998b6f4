# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the driver that runs in Blender: it does what the test process asks for over a socket.

Each request is Python source, run on the main thread; the value of its last expression goes back. Where that value is
a generator, one step of it is taken in each turn of the main loop, and what it returns goes back: Blender takes in an
event, and draws, only between two turns. With simulated events the real mouse and keyboard are left out: nobody who
works at the same desktop disturbs a test.

Places are pixels from the lower left of a window, as in Blender.
"""

from __future__ import annotations

import ast
import json
import os
import socket
import time
import traceback
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import bpy

Turns = Generator[None, None, Any]
# All that is asked of these two is there in a window, which their types leave open.
context: Any = bpy.context
ops: Any = bpy.ops

TURN_SECONDS = 0.002
SETTLED = 4  # turns until an event is handled, what follows from it is told, and all is drawn
# Where buttons are met, in pixels at a resolution scale of 1: the steps of the mouse downwards, the small buttons at
# the right end of a row; then parts of the width.
ROW, RIGHTMOST, SHARES = 12.0, 55.0, (0.25, 0.75, 0.12, 0.57)
SCROLL, FAR = 6, 60  # steps of the wheel to see what is below, and to see the top again


@dataclass(frozen=True)
class Place:
    """A region of an editor, in one of Blender's windows."""

    window: Any
    area: Any
    region: Any

    @classmethod
    def find(cls, area: str, region: str) -> Place:
        """The first region of that kind in the first editor of that kind. Raises LookupError."""
        for window in context.window_manager.windows:
            for found in window.screen.areas:
                if found.type == area:
                    return next(cls(window, found, part) for part in found.regions if part.type == region)
        raise LookupError(f"There is no {area}")

    def grid(self) -> Iterator[tuple[int, int]]:
        """Points that meet the buttons, column by column: first where most of them are."""
        part, scale = self.region, context.preferences.system.ui_scale
        for across in (part.width / 2, part.width - RIGHTMOST * scale, *(part.width * share for share in SHARES)):
            for step in range(1, int(part.height / ROW / scale)):
                yield round(part.x + across), round(part.y + part.height - ROW * scale * step)

    def button(self) -> str:
        """What is lit by the mouse: the call of an operator, the full path of a property, or empty."""
        manager = context.window_manager
        with context.temp_override(window=self.window, area=self.area, region=self.region):
            kept, manager.clipboard = manager.clipboard, ""
            try:
                if ops.ui.copy_python_command_button.poll():
                    ops.ui.copy_python_command_button()
                elif ops.ui.copy_data_path_button.poll():
                    ops.ui.copy_data_path_button(full_path=True)
                return str(manager.clipboard)
            finally:
                manager.clipboard = kept


@dataclass
class Hand:
    """The artist's hand: over which window it is, and where."""

    window: Any
    x: int = 0
    y: int = 0

    def event(self, kind: str, value: str, **more: Any) -> None:
        """Let one thing happen to the mouse or to a key."""
        self.window.event_simulate(type=kind, value=value, x=self.x, y=self.y, **more)

    def move(self, x: float, y: float) -> None:
        """Move the mouse."""
        self.x, self.y = round(x), round(y)
        self.event("MOUSEMOVE", "NOTHING")

    def hover(self, x: float, y: float) -> Turns:
        """Come to a point in two moves: the second one lights the button there."""
        for shift in (1, 0):
            self.move(x - shift, y)
            yield
        yield from settled()

    def press(self, kind: str, **modifiers: bool) -> Turns:
        """Press a key or a button of the mouse, and let go of it."""
        for value in ("PRESS", "RELEASE"):
            self.event(kind, value, **modifiers)
            yield
        yield from settled()

    def type(self, text: str) -> Turns:
        """Type a text."""
        for character in text:
            self.event("A", "PRESS", unicode=character)
            yield
            self.event("A", "RELEASE")
            yield
        yield from settled()

    def click(self, x: float, y: float, times: int = 1) -> Turns:
        """Click at a point; several times as fast as Blender hears it: two clicks in one turn it takes for one."""
        yield from self.hover(x, y)
        for value in ("PRESS", "RELEASE") * times:
            self.event("LEFTMOUSE", value)
            yield
        yield from settled()

    def drag(self, x: float, y: float, to_x: float, to_y: float) -> Turns:
        """Move what is at a point to another one."""
        yield from self.hover(x, y)
        self.event("LEFTMOUSE", "PRESS")
        yield
        for step in range(1, 9):
            self.move(x + (to_x - x) * step / 8, y + (to_y - y) * step / 8)
            yield
        self.event("LEFTMOUSE", "RELEASE")
        yield from settled()

    def over(self, area: str, region: str, across: float, up: float) -> Turns:
        """Come to a point of an editor, given by its parts of the width and the height."""
        place = Place.find(area, region)
        self.window = place.window
        part = place.region
        yield from self.hover(part.x + part.width * across, part.y + part.height * up)

    def sweep(self, area: str, region: str, wanted: str = "") -> Turns:
        """Go over a whole region; returns [[x, y, button], ...], up to the first button that holds what is wanted."""
        place, met = Place.find(area, region), []
        self.window = place.window
        for x, y in place.grid():
            self.move(x, y)
            yield
            button = place.button()
            if button:
                met.append((x, y, button))
                if wanted and wanted in button:
                    yield from self._steady(place, met, wanted)
                    break
        return met

    def _steady(self, place: Place, met: list[tuple[int, int, str]], wanted: str) -> Turns:
        """Correct the last point: a button may be lit a turn late, when the mouse is a step below it."""
        x, y, button = met[-1]
        for above in (0, round(ROW * context.preferences.system.ui_scale)):
            yield from self.hover(x, y + above)
            if wanted in place.button():
                met[-1] = (x, y + above, button)
                return

    def find(self, area: str, region: str, wanted: str) -> Turns:
        """Look for a button, and scroll for it; returns its point and what it is. Raises LookupError."""
        seen: set[str] = set()
        for wheel, turns in (("", 0), ("WHEELUPMOUSE", FAR), *[("WHEELDOWNMOUSE", SCROLL)] * 9):
            if wheel and not (yield from self.scroll(area, region, wheel, turns)):
                continue
            met = yield from self.sweep(area, region, wanted)
            if met and wanted in met[-1][2]:
                return met[-1]
            seen.update(button for _, _, button in met)
        raise LookupError(f"There is no {wanted} in the {region} of {area}, only: {sorted(seen)}")

    def press_button(self, area: str, region: str, wanted: str) -> Turns:
        """Click on a button. It is looked for again where the panel has changed since it was found."""
        for _ in range(5):
            x, y, _found = yield from self.find(area, region, wanted)
            yield from self.hover(x, y)
            if wanted in Place.find(area, region).button():
                yield from self.press("LEFTMOUSE")
                return
        raise LookupError(f"{wanted} does not keep still")

    def scroll(self, area: str, region: str, wheel: str, turns: int) -> Turns:
        """Turn the wheel at the edge of a region; returns whether anything moved."""
        view = Place.find(area, region).region.view2d
        before = view.region_to_view(0, 0)
        yield from self.over(area, region, 0.01, 0.5)
        for _ in range(turns):
            self.event(wheel, "PRESS")
            yield
        yield from settled()
        return view.region_to_view(0, 0) != before


def settled() -> Turns:
    """Wait until what happened has been handled and drawn."""
    for _ in range(SETTLED):
        yield


@dataclass
class Talk:
    """What the test process and Blender say to each other, and how long Blender was deaf."""

    line: socket.socket
    names: dict[str, Any]
    heard: bytes = b""
    doing: Turns | None = None
    turned: float = field(default_factory=time.perf_counter)
    gaps: list[float] = field(default_factory=list)

    def turn(self) -> float | None:
        """Take part in one turn of the main loop; the time until the next, None when the test is over."""
        self.gaps.append(time.perf_counter() - self.turned)
        try:
            if self.doing is not None:
                next(self.doing)
            elif not self._listen():
                ops.wm.quit_blender()
                return None
        except StopIteration as done:
            self._answer(True, done.value)
        except BaseException:  # noqa: BLE001 - whatever it was, the test shall hear of it
            self._answer(False, traceback.format_exc())
        # The test's own snippets are not counted; what they set off in Blender is.
        self.turned = time.perf_counter()
        return TURN_SECONDS

    def _listen(self) -> bool:
        try:
            received = self.line.recv(65536)
        except BlockingIOError:
            return True
        self.heard += received
        if self.heard.endswith(b"\n"):
            source, self.heard = json.loads(self.heard), b""
            value = self._perform(source)
            if isinstance(value, Generator):
                self.doing = value
            else:
                self._answer(True, value)
        return bool(received)

    def _perform(self, source: str) -> Any:
        tree = ast.parse(source)
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr):
            exec(source, self.names)
            return None
        tree.body.pop()
        exec(compile(tree, "<request>", "exec"), self.names)
        return eval(compile(ast.Expression(last.value), "<request>", "eval"), self.names)

    def _answer(self, is_well: bool, value: Any) -> None:
        self.doing = None
        self.line.setblocking(True)
        self.line.sendall(json.dumps([is_well, value], default=repr).encode() + b"\n")
        self.line.setblocking(False)


hand = Hand(context.window_manager.windows[0])
talk = Talk(socket.create_connection(("127.0.0.1", int(os.environ["TRELLIS_GUI_PORT"]))), dict(globals()))
talk.names["talk"] = talk
talk.line.setblocking(False)


def turn() -> float | None:
    """A module-level function, as Blender's timers want it."""
    return talk.turn()


bpy.app.timers.register(turn, first_interval=0.1, persistent=True)
