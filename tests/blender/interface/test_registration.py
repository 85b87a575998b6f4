"""Registering and unregistering: twice over, nothing is left behind, and nothing heavy is imported for it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import addon_utils
import bpy
import pytest

from tests.addon import ADDON
from tests.blender import child, noted
from tests.blender.pictures import picture_file
from tests.blender.working import generate, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

MENUS = (
    "TOPBAR_MT_render",
    "IMAGE_MT_image",
    "VIEW3D_MT_add",
    "VIEW3D_MT_view",
    "TOPBAR_MT_file_import",
    "VIEW3D_MT_object_context_menu",
    "STATUSBAR_HT_header",
)


def traces() -> dict[str, list[str]]:
    """Everything in Blender and in this process that comes from the add-on."""
    handlers = [
        f"{name}: {handler!r}"
        for name in dir(bpy.app.handlers)
        if isinstance(getattr(bpy.app.handlers, name), list)
        for handler in getattr(bpy.app.handlers, name)
        if "trellis" in getattr(handler, "__module__", "")
    ]
    drawn = [f"{menu}: {function!r}" for menu in MENUS for function in noted.drawn(getattr(bpy.types, menu))]
    return {
        "classes": [name for name in dir(bpy.types) if "TRELLIS2" in name],
        "operators": dir(bpy.ops.trellis2),  # type: ignore[attr-defined]  # not in the stubs
        "properties": [
            f"{owner.__name__}.{name}"
            for owner in (bpy.types.Scene, bpy.types.WindowManager, bpy.types.Object)
            for name in owner.bl_rna.properties.keys()  # noqa: SIM118 - the collection yields properties, not names
            if "trellis" in name
        ],
        "handlers": handlers,
        "menu entries": drawn,
        "threads": [thread.name for thread in threading.enumerate() if thread.name.startswith("trellis")],
    }


def test_registered_it_is_there_once(addon: Any) -> None:
    found = traces()
    assert len(found["classes"]) == len(set(found["classes"])) > 10
    assert (len(found["handlers"]), len(found["menu entries"])) == (8, len(MENUS))
    assert found["properties"] == ["Scene.trellis2", "WindowManager.trellis2"]


@pytest.mark.usefixtures("cold")
def test_unregistered_twice_over_nothing_is_left(addon: Any, tmp_path: Path, connected: Emulator, session: Any) -> None:
    before = traces()
    try:
        for _ in range(2):
            if not traces()["classes"]:
                addon.package.register()
            generate(picture_file(tmp_path))
            tick_until(lambda: connected.calls)
            assert len(noted.timers(addon.session)) == 1
            addon.package.unregister()
            assert {kind: left for kind, left in traces().items() if left} == {}
            assert noted.timers(addon.session) == []
            assert addon.session.state() == addon.state.State()
    finally:
        addon.package.register()
    assert traces() == {**before, "threads": []}


def test_enabling_it_imports_neither_requests_nor_numpy(tmp_path: Path) -> None:
    script = """
before = set(sys.modules)
enable()
new = set(sys.modules) - before
print("of ours:", sorted(name for name in new if ADDON in name))
print("heavy:", sorted({"requests", "urllib3", "numpy", "PIL"} & {name.split(".")[0] for name in new}))
addon_utils.disable(ADDON)
"""
    # Blender 5.2 imports some of them by itself before; without them beforehand there is something to see.
    hidden = """
for name in [name for name in sys.modules if name.split(".")[0] in ("requests", "urllib3")]:
    del sys.modules[name]
"""
    ending = child.run(tmp_path, hidden + script)
    assert ending.status == 0, ending.output
    assert f"{ADDON}.jobs.session" in ending.output
    assert "heavy: []" in ending.output


def test_importing_the_package_imports_no_blender(tmp_path: Path) -> None:
    script = """
sys.path.insert(0, str(__import__("pathlib").Path(bpy.utils.user_resource("EXTENSIONS")) / "user_default"))
before = set(sys.modules)
import trellis_blender
print("new:", sorted(set(sys.modules) - before))
"""
    ending = child.run(tmp_path, script)
    assert (ending.status, "new: ['trellis_blender']" in ending.output) == (0, True), ending.output


def test_a_factory_start_without_preferences_is_no_error(addon: Any) -> None:
    assert bpy.context.preferences is not None
    addon_utils.disable(ADDON, default_set=True)
    addon_utils.enable(ADDON, default_set=False)
    try:
        assert addon.preferences.preferences() is None
        assert "API key is missing" in str(addon.preferences.problem())
    finally:
        addon_utils.disable(ADDON)
        addon_utils.enable(ADDON, default_set=True)
