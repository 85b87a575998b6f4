#!/usr/bin/env python3
"""Build the extension: ``python3 scripts/build.py`` leaves ``dist/trellis_blender-<version>.zip``.

Blender's own command checks and packs it. That command expects the manifest beside the package's ``__init__``. This
repository keeps them apart, so the script first copies both into a temporary folder.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import environments

MANIFEST = environments.ROOT / "blender_manifest.toml"
PACKAGE = environments.ROOT / "trellis_blender"
DIST = environments.ROOT / "dist"

_NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.py[cod]", ".*")


class BuildError(Exception):
    """Blender's own command refused the extension. The message is its output."""


def stage(folder: Path) -> Path:
    """Fill ``folder`` with the extension as Blender installs it, and return the folder.

    Creates the folder if necessary. Raises OSError.
    """
    shutil.copytree(PACKAGE, folder, ignore=_NOT_SHIPPED, dirs_exist_ok=True)
    shutil.copy2(MANIFEST, folder)
    shutil.copy2(environments.ROOT / "LICENSE", folder)
    return folder


def build(output: Path = DIST, blender_version: str | None = None) -> Path:
    """Check and pack the extension and return the path of the zip file in ``output``.

    ``blender_version`` names the bpy whose command packs it; None: the one for the running Python. If its environment
    is missing, it is built first, which takes minutes. Raises BuildError and environments.EnvironmentNotBuiltError.
    """
    version = blender_version or environments.DEFAULT_BLENDER[environments.running_python()]
    python = environments.blender_environment(version)
    output.mkdir(parents=True, exist_ok=True)
    manifest = environments.read_toml(MANIFEST)
    package = output / f"{manifest['id']}-{manifest['version']}.zip"
    with tempfile.TemporaryDirectory() as temporary:
        staged = stage(Path(temporary) / "stage")
        _extension_command(python, "validate", str(staged))
        _extension_command(python, "build", "--source-dir", str(staged), "--output-filepath", str(package))
    validate(package, version)
    return package


def validate(package: Path, blender_version: str) -> str:
    """Let that version of Blender validate the zip file, and return its output.

    Raises BuildError with Blender's reasons, and environments.EnvironmentNotBuiltError.
    """
    return _extension_command(environments.blender_environment(blender_version), "validate", str(package))


def _extension_command(python: Path, action: str, *arguments: str) -> str:
    scripts = _blender_scripts(python)
    tool = scripts / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    # Without this file the command does not check the manifest's tags.
    tags = scripts / "modules" / "_bpy_internal" / "extensions" / "tags.py"
    return _output_of([str(python), "-X", "utf8", str(tool), action, "--valid-tags", str(tags), *arguments])


def _blender_scripts(python: Path) -> Path:
    """Return the folder of Blender's own scripts in the bpy wheel, found without importing bpy."""
    find = "import importlib.util as u; print(u.find_spec('bpy').submodule_search_locations[0])"
    wheel = Path(_output_of([str(python), "-X", "utf8", "-c", find]).strip())
    found = sorted(wheel.glob("*/scripts/addons_core"))
    if not found:
        raise BuildError(f"No folder of Blender's scripts in {wheel}")
    return found[-1].parent


def _output_of(command: list[str]) -> str:
    result = subprocess.run(
        command, capture_output=True, check=False, encoding="utf-8", env=environments.clean_variables()
    )
    if result.returncode:
        raise BuildError(f"{result.stdout}{result.stderr}".strip())
    return result.stdout


def main() -> int:
    """Build as the command line says and return the exit status."""
    parser = argparse.ArgumentParser(description="Build the extension's zip file.")
    parser.add_argument("--output", type=Path, default=DIST, help="the folder for the zip file (default: dist)")
    parser.add_argument("--bpy", choices=environments.PYTHON_OF_BLENDER, help="the Blender that checks and packs it")
    arguments = parser.parse_args()
    try:
        print(build(arguments.output, arguments.bpy))
    except (BuildError, environments.EnvironmentNotBuiltError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
