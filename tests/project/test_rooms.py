"""The rooms of ``trellis_blender/``: imports go from the interface down to the core, and the page of them is true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import environments
import rooms


def test_imports_of_the_addon_go_from_the_interface_down_to_the_core() -> None:
    assert list(rooms.PACKAGE.rglob("core/*/*.py")), "the add-on's core was not found"
    assert rooms.broken_rules() == []


def test_no_files_import_each_other_in_a_circle() -> None:
    assert rooms.circle() == []


def test_a_circle_is_found_late_imports_included(tmp_path: Path) -> None:
    package = _package_with(tmp_path, "jobs/session.py", "def late():\n    from ..interface import menus")
    (package / "interface" / "menus.py").write_text("from ..jobs.session import tick", encoding="utf-8")
    assert set(rooms.circle(package)) == {"jobs/session", "interface/menus"}


def test_the_page_shows_the_rooms_as_they_are() -> None:
    page = rooms.PAGE.read_text(encoding="utf-8")
    shown = page.partition(rooms.BEGIN)[2].partition(rooms.END)[0].strip()
    assert shown == rooms.table(rooms.measured()), "print it anew: python3 scripts/rooms.py --write"


SOURCES = (rooms.PACKAGE, environments.ROOT / "scripts")
PACKAGES = sorted(path.parent for path in rooms.PACKAGE.rglob("__init__.py") if path.parent != rooms.PACKAGE)
_NAMED = re.compile(r"`(\w+)(?:\.py|/)?`")


@pytest.mark.parametrize("room", PACKAGES, ids=lambda room: str(room.relative_to(rooms.PACKAGE)))
def test_a_room_tells_what_each_of_its_files_is_for(room: Path) -> None:
    told = _NAMED.findall(ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or "")
    inside = {path.stem for path in room.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert inside - {"__init__", *told} == set()


@pytest.mark.parametrize("folder", sorted({path.parent for source in SOURCES for path in source.rglob("*.py")}))
def test_a_folder_holds_no_more_than_a_reader_keeps_in_mind(folder: Path) -> None:
    entries = [path.name for path in folder.iterdir() if path.name != "__pycache__"]
    if folder != rooms.PACKAGE:  # below it a folder is a room of its own
        entries = [name for name in entries if (folder / name).is_file()]
    assert len(entries) <= (9 if folder == rooms.PACKAGE else 12), entries


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("core/job/job.py", "import bpy", "core/job/job imports bpy, which only host, "),
        ("core/job/job.py", "from mathutils import Vector", "core/job/job imports mathutils, which only host, "),
        ("core/job/job.py", "import requests", "core/job/job imports requests, which only core/scenario "),
        ("host/window.py", "import http.client", "host/window imports http, which only core/scenario "),
        ("jobs/session.py", "def late():\n    import socket", "jobs/session imports socket, which only core/scenario "),
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
    problems = rooms.broken_rules(package)
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
    assert rooms.broken_rules(_package_with(tmp_path, module, line)) == []


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
