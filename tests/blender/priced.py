"""The button and its price, as they are drawn."""

from __future__ import annotations

from typing import Any

import bpy

from tests.blender.drawing import draw
from tests.blender.working import tick_until


def chosen() -> Any:
    """The scene's settings."""
    scene: Any = bpy.context.scene
    return scene.trellis2


def asking(addon: Any, operator: Any, **of_self: Any) -> Any:
    """An operator that asks first, as a window calls its `invoke`."""
    own = {"objection": operator.objection, "yes": operator.yes, **of_self}
    return type("Pressed", (addon.base_operators.Asking,), own)()


def button(addon: Any) -> str:
    """What the button says in a fresh drawing of the panel, empty where there is none."""
    page = draw(addon.panels.TRELLIS2_PT_generate)
    return next((label for name, label, _ in page.operators if name.startswith("trellis2.generate")), "")


def open_panel(addon: Any) -> str:
    """Draw the panel, do what the drawing left for the timer, and return what the button says."""
    said = button(addon)
    if addon.session.state().errands:
        addon.session.tick()
        tick_until(lambda: addon.session.running().is_loaded)
        said = button(addon)
    return said


def settle(addon: Any) -> str:
    """Draw, wait until nothing is asked any more, and return what the button says then."""
    open_panel(addon)
    tick_until(lambda: not addon.session.running().prices.is_busy)
    return button(addon)
