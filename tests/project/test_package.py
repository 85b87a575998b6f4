"""`pip install .` gives the command and the library, and the README's example of the library runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import environments
from emulator import Emulator
from tests.emulator.caller import draw_picture
from tests.workshop import small_reliefs

ROOT = environments.ROOT
EXAMPLE = re.compile(r"<!-- example: begin -->\s+```python\n(.*?)```\s+<!-- example: end -->", re.DOTALL)
ANSWERS = 600.0  # seconds: a busy machine makes an environment slowly


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that pip builds, with what this environment has."""
    folder = tmp_path_factory.mktemp("Rad und Tat")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(ROOT)], check=True, timeout=ANSWERS)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package_and_its_version(wheel: Path) -> None:
    version = environments.read_toml(ROOT / "blender_manifest.toml")["version"]
    assert wheel.name.startswith(f"trellis_blender-{version}-py3-")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith("trellis_blender/")}
    package = ROOT / "trellis_blender"
    own = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    expected = {f"trellis_blender/{path.relative_to(package).as_posix()}" for path in own}
    assert names == expected | {"trellis_blender/blender_manifest.toml"}


def test_pip_installs_the_command(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True, system_site_packages=True)
    python = environments.interpreter(environment)
    install = [str(python), "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, timeout=ANSWERS)
    # The command's libraries are this environment's.
    libraries = os.pathsep.join(path for path in sys.path if "site-packages" in path)
    command = python.with_name("trellis2.exe" if os.name == "nt" else "trellis2")
    run = [str(command), "--help"]
    told = subprocess.run(
        run,
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={**environments.clean_variables(), "PYTHONPATH": libraries, "COLUMNS": "200"},
        timeout=ANSWERS,
    )
    assert told.stdout.startswith("usage: trellis2 ")


def test_the_readmes_example_of_the_library_runs(tmp_path: Path) -> None:
    examples = EXAMPLE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(examples) == 1
    (tmp_path / "photos").mkdir()
    for name in ("chair.png", "photos/lamp.png", "photos/table.png"):
        (tmp_path / name).write_bytes(draw_picture())
    with small_reliefs(), Emulator(job_seconds=0.1) as emulator:
        given = {"SCENARIO_SDK_API_KEY": emulator.key, "SCENARIO_SDK_API_SECRET": emulator.secret}
        told = subprocess.run(
            [sys.executable, "-X", "utf8", "-c", examples[0]],
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**os.environ, **given, "SCENARIO_BASE_URL": emulator.url, "PYTHONPATH": str(ROOT)},
            timeout=ANSWERS,
        )
        assert told.returncode == 0, told.stderr
        assert emulator.paid == 3
    assert " faces, [" in told.stdout
    assert told.stdout.splitlines()[-1].startswith("done {")
    assert len(list((tmp_path / "batch").glob("*/model.glb"))) == 2


def test_the_library_imports_no_blender_and_nothing_before_it_is_used() -> None:
    check = (
        "import sys; import trellis_blender.core as core; before = set(sys.modules);"
        "assert not {name for name in before if name.split('.')[0] in ('numpy', 'requests', 'PIL', 'bpy')}, before;"
        "[getattr(core, name) for name in core.__all__];"
        "assert 'bpy' not in sys.modules and 'numpy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check], check=True, cwd=ROOT, timeout=ANSWERS)
