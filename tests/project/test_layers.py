"""The direction of the imports in ``trellis_blender/``: from the panels down to the core, never up."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "trellis_blender"

# The add-on's modules, lowest first. A module may import its own row and the rows above it in this table.
# A name stands for the module and, where it is a folder, for everything in it.
LAYERS = (
    ("core",),
    ("second_blender", "onlook", "render_beside", "version"),
    ("preferences", "settings", "picture_source", "job_list", "icons", "recipe", "placeholder", "translation"),
    ("placeholder_fill",),
    ("material",),
    ("mesh",),
    ("asset",),
    ("scene",),
    ("arrival", "price", "sight", "screens"),
    ("boxes", "reports", "watch"),
    ("news", "session"),
    ("new_job", "looking", "model_selection", "price_tag", "status_bar", "waiting"),
    ("operators", "preset_operators", "chosen_picture"),
    (
        "job_operators",
        "level_of_detail",
        "variations",
        "sight_operators",
        "account_operators",
        "asset_operators",
        "source_operators",
    ),
    ("panels", "menus"),
    ("registration",),
    ("__init__",),
)
LAYER = {name: height for height, row in enumerate(LAYERS) for name in row}

BLENDER_MODULES = {"addon_utils", "bl_ext", "bl_ui", "blf", "bmesh", "bpy", "bpy_extras", "gpu", "mathutils"}


def part_of(module: tuple[str, ...]) -> str:
    """Return the name by which a module, given by its path below the package, stands in LAYERS."""
    return module[0] if module else "__init__"


def own_imports(path: Path, package: Path) -> set[str]:
    """Return the parts of the add-on that a file imports, anywhere in it, by their names in LAYERS."""
    folder = path.relative_to(package).parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
            found |= {part_of(name[1:]) for name in names if name[0] == package.name}
        elif isinstance(node, ast.ImportFrom):
            found |= _imported_from(node, folder, package)
    return found


def _imported_from(node: ast.ImportFrom, folder: tuple[str, ...], package: Path) -> set[str]:
    named = tuple(node.module.split(".")) if node.module else ()
    if node.level:
        source = folder[: len(folder) - node.level + 1] + named
    elif named[0] == package.name:
        source = named[1:]
    else:
        return set()
    if source:
        return {part_of(source)}
    # From the top package itself: its modules by name. What is no module there, such as __package__, is no layer.
    modules = {alias.name for alias in node.names}
    return {name for name in modules if (package / name).is_dir() or (package / f"{name}.py").is_file()}


def foreign_imports(path: Path) -> set[str]:
    """Return the top-level names of everything that a file imports absolutely."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found


def broken_rules(package: Path) -> list[str]:
    """Return a sentence for each import that goes the wrong way and each module without a layer."""
    problems = []
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).with_suffix("").parts
        part = part_of(module)
        where = "/".join(module)
        if part not in LAYER:
            problems.append(f"{where} has no layer: add {part!r} to LAYERS in tests/project/test_layers.py.")
            continue
        if part == "core" and (blender := foreign_imports(path) & BLENDER_MODULES):
            problems.append(f"{where} imports {', '.join(sorted(blender))}: the core has to run without Blender.")
        problems += [
            f"{where} imports {other}, which lies above it."
            for other in sorted(own_imports(path, package))
            if LAYER.get(other, 0) > LAYER[part]
        ]
    return problems


def test_imports_of_the_addon_go_from_the_panels_down_to_the_core() -> None:
    assert list(PACKAGE.rglob("core/*.py")), "the add-on's core was not found"
    assert broken_rules(PACKAGE) == []


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("core/job.py", "import bpy", "core/job imports bpy: the core has to run without Blender."),
        ("core/job.py", "from mathutils import Vector", "core/job imports mathutils: the core has to run"),
        ("core/job.py", "from ..session import tick", "core/job imports session, which lies above it."),
        ("core/job.py", "from .. import scene", "core/job imports scene, which lies above it."),
        ("session.py", "from . import operators", "session imports operators, which lies above it."),
        ("operators.py", "from .panels import Panel", "operators imports panels, which lies above it."),
        ("operators.py", "from .job_operators import Retry", "operators imports job_operators, which lies above it."),
        ("arrival.py", "from .session import tick", "arrival imports session, which lies above it."),
        ("mesh.py", "from .scene import build_model", "mesh imports scene, which lies above it."),
        ("job_list.py", "from .session import jobs", "job_list imports session, which lies above it."),
        ("scene/build.py", "from ..session import tick", "scene/build imports session, which lies above it."),
        ("settings.py", "import trellis_blender.session", "settings imports session, which lies above it."),
        ("settings.py", "from trellis_blender import session", "settings imports session, which lies above it."),
        ("settings.py", "def late():\n    from . import scene", "settings imports scene, which lies above it."),
        ("session.py", "from .registration import classes", "session imports registration, which lies above it."),
        ("gadgets.py", "", "gadgets has no layer: add 'gadgets' to LAYERS"),
    ],
)
def test_an_import_that_goes_up_is_found(tmp_path: Path, module: str, line: str, complaint: str) -> None:
    package = _package_with(tmp_path, module, line)
    problems = broken_rules(package)
    assert len(problems) == 1
    assert problems[0].startswith(complaint)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("panels.py", "from . import operators, session"),
        ("session.py", "from .core.job import Job"),
        ("core/runner.py", "from . import job\nfrom .job import Job"),
        ("scene/build.py", "from .. import __package__ as base_package\nimport bpy"),
        ("registration.py", "from . import panels, menus, preferences"),
    ],
)
def test_an_import_that_goes_down_is_allowed(tmp_path: Path, module: str, line: str) -> None:
    assert broken_rules(_package_with(tmp_path, module, line)) == []


def _package_with(folder: Path, module: str, source: str) -> Path:
    package = folder / "trellis_blender"
    for name in ("core", "scene"):
        (package / name).mkdir(parents=True)
    for name in ("session", "operators", "panels", "menus", "preferences", "registration", "__init__"):
        (package / f"{name}.py").write_text("", encoding="utf-8")
    (package / module).write_text(source, encoding="utf-8")
    return package
