"""The environments that the scripts make: kept while they fit, made again when they don't."""

from __future__ import annotations

import ast
import os
import re
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import environments
from environments import EnvironmentNotBuiltError
from tests.patience import PATIENCE

HERE = environments.running_python()
SCRIPTS = environments.ROOT / "scripts"
PAGES = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/emulator.md", "docs/performance.md", ".ci/run")
# Runs the program of its first argument as a Python that says it is of another version.
PRETEND = """
import runpy, sys
sys.version_info, program = ({version}), sys.argv[1]
sys.argv, sys.path[0] = [program], {scripts!r}
runpy.run_path(program, run_name="__main__")
"""


def named_scripts() -> list[str]:
    """Return the scripts that the pages tell a person to start."""
    text = "".join((environments.ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    return sorted(set(re.findall(r"(?<=scripts/)\w+(?:\.py)?(?= |`|$)", text, re.MULTILINE)))


def source_of(script: str) -> str:
    path = SCRIPTS / script
    return (path / "__main__.py" if path.is_dir() else path).read_text(encoding="utf-8")


class Workshop:
    """Stands in for venv and pip: makes an environment whose Python is the running one, without installing anything."""

    def __init__(self) -> None:
        """Start with nothing built."""
        self.built: list[Path] = []
        self.fails_at_install = False

    def run(self, command: Sequence[str]) -> None:
        """Do what the command would have done, as far as the tests look."""
        if "venv" in command:
            self.built.append(Path(command[-1]))
            self.built[-1].mkdir(parents=True, exist_ok=True)
        elif self.fails_at_install:
            raise EnvironmentNotBuiltError("no room left")


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workshop:
    made = Workshop()
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path / ".venv")
    monkeypatch.setattr(environments, "interpreter", lambda _directory: Path(sys.executable))
    monkeypatch.setattr(environments, "requirements", lambda _group: ["numpy==1.0"])
    monkeypatch.setattr(environments, "run", made.run)
    return made


def test_an_environment_is_built_once(workshop: Workshop) -> None:
    environments.environment("core", HERE)
    environments.environment("core", HERE)
    assert len(workshop.built) == 1


def test_a_changed_list_of_packages_builds_it_again(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    environments.environment("core", HERE)
    monkeypatch.setattr(environments, "requirements", lambda _group: ["numpy==2.0"])
    environments.environment("core", HERE)
    assert len(workshop.built) == 2


def test_an_interrupted_build_is_not_taken_for_a_whole_one(workshop: Workshop) -> None:
    workshop.fails_at_install = True
    with pytest.raises(EnvironmentNotBuiltError, match="no room left"):
        environments.environment("core", HERE)
    workshop.fails_at_install = False
    environments.environment("core", HERE)
    assert len(workshop.built) == 2


def test_an_interrupted_rebuild_does_not_keep_the_old_marker(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments.environment("core", HERE)
    monkeypatch.setattr(environments, "requirements", lambda _group: ["numpy==2.0"])
    workshop.fails_at_install = True
    with pytest.raises(EnvironmentNotBuiltError):
        environments.environment("core", HERE)
    assert not environments.is_built(workshop.built[0], ["numpy==1.0"], HERE)


def test_an_environment_whose_python_is_gone_is_built_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environments.environment("core", HERE)
    monkeypatch.setattr(environments, "interpreter", lambda _directory: tmp_path / "no such python")
    assert not environments.is_built(workshop.built[0], ["numpy==1.0"], HERE)


def test_the_running_python_is_found() -> None:
    assert environments.find_python(HERE) == [sys.executable]


def test_a_python_that_does_not_exist_is_not_found() -> None:
    assert environments.find_python("3.99") is None


def test_a_command_with_the_right_name_that_does_not_run_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / ("python3.99.exe" if os.name == "nt" else "python3.99")
    shim.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environments.find_python("3.99") is None


def test_a_python_of_pyenv_is_a_candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    for patch in ("3.11.9", "3.11.10", "3.12.0"):
        (tmp_path / "versions" / patch).mkdir(parents=True)
    found = [path for path in environments.pyenv_pythons("3.11") if path.is_relative_to(tmp_path)]
    assert [path.relative_to(tmp_path).parts[1] for path in found] == ["3.11.10", "3.11.9"]


def test_included_groups_are_part_of_a_list() -> None:
    core = environments.requirements("core")
    assert any(package.startswith("pytest==") for package in core)
    assert any(package.startswith("scenario-sdk==") for package in core)


def test_an_unknown_group_is_named() -> None:
    with pytest.raises(EnvironmentNotBuiltError, match="no-such-group"):
        environments.requirements("no-such-group")


@pytest.mark.parametrize("version", environments.PYTHON_OF_BLENDER)
def test_every_blender_has_a_list_that_asks_for_that_bpy(version: str) -> None:
    assert f"bpy=={version}" in environments.requirements(f"bpy-{version}")


def test_every_package_is_pinned() -> None:
    groups = environments.read_toml(environments.ROOT / "pyproject.toml")["dependency-groups"]
    packages = [package for group in groups for package in environments.requirements(group)]
    assert len(packages) > 20
    assert [package for package in packages if "==" not in package] == []


def test_types_and_the_real_bpy_are_never_in_one_environment() -> None:
    groups = environments.read_toml(environments.ROOT / "pyproject.toml")["dependency-groups"]
    for group in groups:
        packages = environments.requirements(group)
        stubs = [package for package in packages if package.startswith("fake-bpy-module")]
        assert not (stubs and any(package.startswith("bpy==") for package in packages))


def test_the_pages_name_the_scripts() -> None:
    assert {"build.py", "demo.py", "emulator", "test.py", "words.py"} <= set(named_scripts())


@pytest.mark.parametrize("script", [*named_scripts(), "environments.py"])
def test_an_old_python_can_read_a_script(script: str) -> None:
    tree = ast.parse(source_of(script), feature_version=(3, 7))
    assert "__future__" not in {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}


def test_nothing_that_an_old_python_could_stumble_over_comes_before_the_check() -> None:
    body = ast.parse(source_of("environments.py")).body
    (check,) = (number for number, node in enumerate(body) if ast.unparse(node) == "require_supported_python()")
    before = [node for node in body[:check] if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert {node.name for node in before} == {"running_python", "require_supported_python"}


@pytest.mark.parametrize("version", ["3, 6", "3, 8", "3, 12", "3, 14"])
@pytest.mark.parametrize("script", named_scripts())
def test_a_script_says_on_a_python_that_does_not_fit_which_ones_do_and_does_nothing(script: str, version: str) -> None:
    source = PRETEND.format(version=version, scripts=str(SCRIPTS))
    command = [sys.executable, "-c", source, str(SCRIPTS / script)]
    ended = subprocess.run(command, capture_output=True, check=False, encoding="utf-8", timeout=PATIENCE)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"This is Python {version.replace(', ', '.')}, but Blender 4.2 to 5.0 needs 3.11")
    assert f"python3.11 scripts/{script}\n" in ended.stderr


def test_a_lock_keeps_a_second_process_waiting(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    source = (
        "import pathlib, sys, environments\n"
        "with environments.only_one_process(pathlib.Path(sys.argv[1])):\n"
        "    print('inside', flush=True)\n"
    )
    command = [sys.executable, "-c", source, str(lock)]
    with environments.only_one_process(lock):
        second = subprocess.Popen(command, cwd=environments.ROOT / "scripts", stdout=subprocess.PIPE, encoding="utf-8")
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(timeout=1.5)
    assert second.communicate(timeout=PATIENCE)[0].strip() == "inside"


def test_without_npm_there_is_no_gltf_validator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None if name == "npm" else f"/usr/bin/{name}")
    assert environments.gltf_validator() is None
