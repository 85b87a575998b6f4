"""The zip file that people install."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

import environments
from build import MANIFEST, OLDER, PACKAGE, BuildError, build, publish, stage, validate


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


def test_a_repository_lists_the_package_and_its_page_holds_the_link_that_blender_takes(
    package: Path, tmp_path: Path
) -> None:
    page = publish(package, tmp_path / "site", "https://example.org/trellis/")
    index = json.loads((tmp_path / "site" / "index.json").read_text(encoding="utf-8"))
    (listed,) = index["data"]
    assert (listed["id"], listed["archive_url"]) == ("trellis_blender", f"./{package.name}")
    assert listed["archive_size"] == (tmp_path / "site" / package.name).stat().st_size
    link = f"https://example.org/trellis/{package.name}?repository=./index.json&amp;blender_version_min=4.2.0"
    text = page.read_text(encoding="utf-8")
    assert f'href="{link}"' in text
    assert "https://example.org/trellis/index.json" in text


def test_a_new_version_takes_the_old_ones_place_in_the_repository(package: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "trellis_blender-0.0.1.zip").write_bytes(package.read_bytes())
    (site / "another-1.0.0.txt").write_text("", encoding="utf-8")
    publish(package, site, "http://127.0.0.1:8000")
    assert len(json.loads((site / "index.json").read_text(encoding="utf-8"))["data"]) == 1
    assert (site / OLDER / "trellis_blender-0.0.1.zip").is_file()
    assert (site / "another-1.0.0.txt").is_file()


def test_the_link_tells_what_the_index_says_of_versions_and_systems(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / MANIFEST.name
    limits = 'blender_version_max = "5.3.0"\nplatforms = ["windows-x64", "linux-x64"]\n\n[permissions]'
    text = MANIFEST.read_text(encoding="utf-8")
    manifest.write_text(text.replace("[permissions]", limits), encoding="utf-8")
    monkeypatch.setattr("build.MANIFEST", manifest)
    page = publish(build(tmp_path), tmp_path / "site", "https://example.org").read_text(encoding="utf-8")
    said = "blender_version_min=4.2.0&amp;blender_version_max=5.3.0&amp;platforms=windows-x64,linux-x64"
    assert f'{package.name}?repository=./index.json&amp;{said}"' in page


@pytest.mark.parametrize("url", ["", "example.org", "ftp://example.org", "https://", "https://example.org/?a=1"])
def test_a_repository_needs_an_address_on_the_web(package: Path, tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="address of a folder on the web"):
        publish(package, tmp_path / "site", url)
    assert not (tmp_path / "site").exists()
