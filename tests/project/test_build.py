"""The zip file that people install."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import environments
from build import MANIFEST, PACKAGE, BuildError, build, stage, validate


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension's zip file, built into a folder whose name is not plain."""
    return build(tmp_path_factory.mktemp("Größe und Länge"))


@pytest.fixture(scope="module")
def names(package: Path) -> set[str]:
    """The names of all files in the zip file."""
    with zipfile.ZipFile(package) as archive:
        return set(archive.namelist())


def test_the_file_is_named_after_id_and_version(package: Path) -> None:
    manifest = environments.read_toml(MANIFEST)
    assert package.name == f"trellis_blender-{manifest['version']}.zip"


def test_manifest_and_package_lie_at_its_root(names: set[str]) -> None:
    assert {"blender_manifest.toml", "__init__.py", "LICENSE"} <= names


def test_every_module_of_the_addon_is_in_it(names: set[str]) -> None:
    modules = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    assert "core/job/job.py" in modules
    assert modules <= names


def test_nothing_is_in_it_that_does_not_belong(names: set[str]) -> None:
    unwanted = ("__pycache__", ".pyc", ".whl", "test", "scripts/", ".git", ".venv")
    assert [name for name in names if any(part in name for part in unwanted)] == []


def test_blender_accepts_it(package: Path) -> None:
    version = environments.DEFAULT_BLENDER[environments.running_python()]
    assert "Success" in validate(package, version)


def test_blender_refuses_a_package_with_a_wrong_manifest(package: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "blender_manifest.toml":
                content = content.replace(b'"Mesh"', b'"Meshes"')
            target.writestr(name, content)
    version = environments.DEFAULT_BLENDER[environments.running_python()]
    with pytest.raises(BuildError, match="Meshes"):
        validate(broken, version)


def test_a_staged_extension_holds_no_compiled_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "trellis_blender"
    (package / "core" / "__pycache__").mkdir(parents=True)
    (package / "core" / "__pycache__" / "job.cpython-311.pyc").write_bytes(b"")
    (package / "core" / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.setattr("build.PACKAGE", package)
    staged = stage(tmp_path / "staged")
    assert (staged / "core" / "__init__.py").is_file()
    assert [path for path in staged.rglob("*") if "pycache" in path.name or path.suffix == ".pyc"] == []
