"""The direction of the imports in ``trellis_blender/``: by folder, from the interface down to the core, never up."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "trellis_blender"

# The rooms, lowest first: a room may import those of the rows above its own in this table, and itself.
# Rooms in one row do not know each other. Inside the core each folder is a room of its own.
ROOMS = (
    ("core/__init__", "core/errors", "core/files"),
    ("core/picture", "core/request"),
    ("core/model",),
    ("core/scenario",),
    ("core/job",),
    ("core/runner",),
    ("host",),
    ("settings",),
    ("picture", "scene"),
    ("jobs",),
    ("interface",),
    ("__init__",),
)
FLOOR = {name: floor for floor, row in enumerate(ROOMS) for name in row}

# Which room may import what comes from elsewhere; what is not named here may be imported anywhere.
ONLY_IN = {
    "bpy": ("host", "settings", "picture", "scene", "jobs", "interface"),
    "requests": ("core/scenario", "core/runner"),
}
ONLY_IN |= dict.fromkeys(("addon_utils", "bl_ui", "blf", "bmesh", "bpy_extras", "gpu", "mathutils"), ONLY_IN["bpy"])


def room_of(module: tuple[str, ...]) -> str:
    """Return the room of a module, given by its path below the package. Raises LookupError where there is none."""
    for length in (2, 1):
        if "/".join(module[:length]) in FLOOR:
            return "/".join(module[:length])
    if module in ((), ("core",)):  # the package itself
        return "/".join((*module, "__init__"))
    raise LookupError(f"{'/'.join(module)} is in no room: name its room in ROOMS in tests/project/test_layers.py.")


def own_imports(path: Path, package: Path) -> set[tuple[str, ...]]:
    """Return the add-on's modules that a file imports, late and for types too, by their paths below the package."""
    folder = path.relative_to(package).parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
            found |= {name[1:] for name in names if name[0] == package.name}
        elif isinstance(node, ast.ImportFrom):
            found |= _imported_from(node, folder, package)
    return found


def _imported_from(node: ast.ImportFrom, folder: tuple[str, ...], package: Path) -> set[tuple[str, ...]]:
    named = tuple(node.module.split(".")) if node.module else ()
    if node.level:
        source = folder[: len(folder) - node.level + 1] + named
    elif named[0] in (package.name, "trellis_core"):  # the core's name in the background Blender
        source = named[1:] if named[0] == package.name else ("core", *named[1:])
    else:
        return set()
    # A name is a module of that package, or else something that the package's own file defines.
    return {(*source, alias.name) if _is_module(package, (*source, alias.name)) else source for alias in node.names} - {
        ()
    }


def _is_module(package: Path, module: tuple[str, ...]) -> bool:
    path = package.joinpath(*module)
    return path.is_dir() or path.with_suffix(".py").is_file()


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
    """Return a sentence for each import that goes the wrong way and each module without a room."""
    problems = []
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).with_suffix("").parts
        where = "/".join(module)
        try:
            room = room_of(module)
            imported = {(room_of(other), "/".join(other)) for other in own_imports(path, package)}
        except LookupError as error:
            problems.append(str(error))
            continue
        problems += [
            f"{where} imports {name}, which only {', '.join(ONLY_IN[name])} may."
            for name in sorted(foreign_imports(path) & ONLY_IN.keys())
            if room not in ONLY_IN[name]
        ]
        problems += [
            f"{where} imports {other}, which lies {'above' if FLOOR[theirs] > FLOOR[room] else 'beside'} it."
            for theirs, other in sorted(imported)
            if theirs != room and FLOOR[theirs] >= FLOOR[room]
        ]
    return problems


def test_imports_of_the_addon_go_from_the_interface_down_to_the_core() -> None:
    assert list(PACKAGE.rglob("core/*/*.py")), "the add-on's core was not found"
    assert broken_rules(PACKAGE) == []


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("core/job/job.py", "import bpy", "core/job/job imports bpy, which only host, "),
        ("core/job/job.py", "from mathutils import Vector", "core/job/job imports mathutils, which only host, "),
        ("core/job/job.py", "import requests", "core/job/job imports requests, which only core/scenario, "),
        ("core/job/job.py", "from ...jobs.session import tick", "core/job/job imports jobs/session, which lies above"),
        ("core/job/job.py", "from ... import scene", "core/job/job imports scene, which lies above it."),
        ("core/job/job.py", "from ..runner import steps", "core/job/job imports core/runner/steps, which lies above"),
        ("core/errors.py", "from .job.job import Job", "core/errors imports core/job/job, which lies above it."),
        (
            "host/start.py",
            "from trellis_core.job import job\nfrom ..scene import build",
            "host/start imports scene/build",
        ),
        ("picture/render.py", "from ..scene import build", "picture/render imports scene/build, which lies beside it."),
        ("jobs/session.py", "from ..interface import menus", "jobs/session imports interface/menus, which lies above"),
        ("settings/scene.py", "import trellis_blender.jobs.session", "settings/scene imports jobs/session, which lies"),
        ("settings/scene.py", "def late():\n    from ..jobs import session", "settings/scene imports jobs/session, "),
        (
            "settings/scene.py",
            "if TYPE_CHECKING:\n    from ..jobs import session",
            "settings/scene imports jobs/session, ",
        ),
        ("gadgets.py", "", "gadgets is in no room: name its room in ROOMS"),
        ("core/gadgets.py", "", "core/gadgets is in no room: name its room in ROOMS"),
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
        ("interface/menus.py", "from ..jobs import session"),
        ("jobs/session.py", "from ..core.job.job import Job"),
        ("core/runner/runner.py", "from ..job import job\nfrom ..job.job import Job\nfrom . import steps"),
        ("scene/build.py", "from .. import __package__ as base_package\nimport bpy"),
        ("host/start.py", "from trellis_core.job.job import Job"),
        ("__init__.py", "from .interface import registration"),
    ],
)
def test_an_import_that_goes_down_is_allowed(tmp_path: Path, module: str, line: str) -> None:
    assert broken_rules(_package_with(tmp_path, module, line)) == []


def _package_with(folder: Path, module: str, source: str) -> Path:
    package = folder / "trellis_blender"
    files = "core/errors core/job/job core/runner/steps scene/build jobs/session interface/menus interface/registration"
    for name in (*files.split(), "__init__"):
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
    path = package / module
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return package
