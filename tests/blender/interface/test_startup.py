"""What a start of Blender costs: the modules that enabling imports, and that no others come before they are needed."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
from importlib.util import resolve_name
from typing import TYPE_CHECKING, Any

import pytest

from tests.addon import ADDON
from tests.blender import child

if TYPE_CHECKING:
    from pathlib import Path

MOST_MODULES = 38  # of ours; each is worth a fifth of a millisecond
# What takes long to import, and what brings much of ours with it. Blender itself may have imported the libraries.
LATE_LIBRARIES = ("requests", "urllib3", "numpy", "ipaddress", "secrets")
LATE = ("core.runner", "core.job", "core.model", "core.scenario", "core.picture", "jobs.session", "scene", "picture")
# Of the pictures: which sources there are, and how many renders were completed.
TOLD = frozenset({"picture", "picture.sources", "picture.completed_renders"})
BEGINNING = """
import json
for name in [name for name in sys.modules if name.split(".")[0] in ("requests", "urllib3")]:
    del sys.modules[name]  # Blender 5.2 imports some by itself
before = set(sys.modules)

def tell(name):
    print("told", json.dumps([name, sorted(set(sys.modules) - before)]))

enable()
tell("enabled")
"""
ENDING = """
addon_utils.disable(ADDON)
"""


def told(folder: Path, script: str) -> dict[str, set[str]]:
    """The modules that were new whenever the script told, ours by their names within the package."""
    ending = child.run(folder, BEGINNING + script + ENDING)
    assert ending.status == 0, ending.output
    lines = [json.loads(line[4:]) for line in ending.output.splitlines() if line.startswith("told")]
    return {name: {module.removeprefix(f"{ADDON}.") for module in modules} for name, modules in lines}


def late(modules: set[str]) -> set[str]:
    """Those of the modules that no start should import."""
    names = {name for name in modules for each in (*LATE, *LATE_LIBRARIES) if f"{name}.".startswith(f"{each}.")}
    return names - TOLD


def test_enabling_imports_only_what_blender_is_told_about(tmp_path: Path) -> None:
    modules = told(tmp_path, "")["enabled"]
    assert "interface.operators.sources" in modules
    assert late(modules) == set()
    rooms = ("core", "host", "settings", "picture", "jobs", "interface")
    assert len([name for name in modules if name.split(".")[0] in rooms]) <= MOST_MODULES


def test_whoever_makes_no_models_imports_nothing_more(tmp_path: Path) -> None:
    script = """
bpy.ops.wm.read_homefile(use_empty=False, use_factory_startup=True)
bpy.ops.ed.undo_push(message="a step")
bpy.context.preferences.view.use_translate_tooltips = False
for header in bpy.types.STATUSBAR_HT_header.draw._draw_funcs:
    if "trellis" in header.__module__:
        header(None, bpy.context)
addon.registration.resume_earlier()
bpy.context.scene.render.resolution_x = bpy.context.scene.render.resolution_y = 8
bpy.context.scene.cycles.samples, bpy.context.scene.render.engine = 1, "CYCLES"
bpy.ops.render.render()
tell("worked")
print("renders", addon.completed_renders.count())
"""
    found = told(tmp_path, script)
    assert {name for name in late(found["worked"]) if not name.startswith("numpy")} == set()  # Cycles brings that


def test_a_session_brings_what_it_needs(tmp_path: Path) -> None:
    script = """
(addon.jobs_folder.jobs_root() / "20261128-120000-abcd").mkdir()
addon.registration.resume_earlier()
tell("resumed")
"""
    found = told(tmp_path, script)
    assert "jobs.session" in found["resumed"] - found["enabled"]


def test_drawing_leaves_it_to_a_timer_to_import_the_session(tmp_path: Path) -> None:
    script = """
kept = bpy.context.preferences.addons[ADDON].preferences
kept.api_key, kept.api_secret, kept.api_address = "key", "secret", "http://127.0.0.1:9/v1"
addon.price_tag.words(bpy.context.scene.trellis2)
addon.preview_requests.view_of(("FILE", "chair.png", ""))
addon.sources.by_key("IMAGE").preview.key(bpy.context, bpy.context.scene.trellis2)
tell("drawn")
assert bpy.app.timers.is_registered(addon.at_need.begin_session)
addon.at_need.begin_session()
tell("begun")
"""
    found = told(tmp_path, script)
    assert "jobs.session" in found["begun"] - found["drawn"]
    assert "numpy" not in found["drawn"]


IMPORT_AT_NEED = (
    "interface.at_need",
    "interface.operators",
    "picture.sources",
    "scene.finishing.queue",
    "scene.pictured.aligning",
)


@pytest.mark.parametrize("module", IMPORT_AT_NEED)
def test_what_is_imported_at_need_is_what_its_name_says(addon: Any, module: str) -> None:
    """The names are written twice: for whoever reads the types, and for whoever runs it."""
    found = importlib.import_module(f"{ADDON}.{module}")
    package = str(found.__package__)
    tree = ast.parse(inspect.getsource(found))
    branch = next(node for node in tree.body if isinstance(node, ast.If))
    late = {name: one.full_name for name, one in vars(found).items() if isinstance(one, addon.at_need.AtNeed)}
    typed = {
        alias.asname or alias.name: resolve_name(f"{'.' * node.level}{node.module or ''}", package) + f".{alias.name}"
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name.islower()  # a module
    }
    assert late == typed
