"""The environments that the scripts make: kept while they fit, made again when they don't."""

from __future__ import annotations

import ast
import os
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
ENTRY_SCRIPTS = ("build.py", "environments.py", "steps.py", "test.py")


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


@pytest.mark.parametrize("script", ENTRY_SCRIPTS)
def test_a_script_can_be_read_by_an_old_python(script: str) -> None:
    source = (environments.ROOT / "scripts" / script).read_text(encoding="utf-8")
    assert ast.parse(source, feature_version=(3, 8)).body


def test_a_python_that_does_not_fit_is_told_what_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "running_python", lambda: "3.12")
    with pytest.raises(SystemExit, match=r"This is Python 3\.12.*3\.11.*3\.13"):
        environments.require_supported_python()


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
