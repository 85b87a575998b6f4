#!/usr/bin/env python3
"""Build the extension: ``python3 scripts/build.py`` leaves ``dist/trellis_blender-<version>.zip``.

``--repository DIR --url URL`` makes DIR an extension repository with that zip, for any server of static files: Blender
installs from it and finds updates there. Open ``DIR/index.html`` there, and drag the link into Blender.

Blender's own command checks and packs it. That command expects the manifest beside the package's ``__init__``. This
repository keeps them apart, so the script first copies both into a temporary folder.
"""

import argparse
import html
import json
import shutil
import subprocess  # nosec B404 # each call says why it is safe
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import environments

MANIFEST = environments.ROOT / "blender_manifest.toml"
PACKAGE = environments.ROOT / "trellis_blender"
DIST = environments.ROOT / "dist"

OLDER = "older"  # the folder in a repository for zips of earlier versions, which its index must not list
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{name} for Blender</title>
<body style="font: 1.1em/1.5 sans-serif; max-width: 40em; margin: 3em auto; padding: 0 1em">
<h1>{name}</h1>
<p>{tagline}. Version {version}, for Blender {least} and later.</p>
<p><a href="{link}"><strong>Drag this link into Blender's window.</strong></a> The first time, Blender offers to add
this repository: tick <em>Check for Updates on Startup</em>, confirm, and drag the link once more. Then it installs the
add-on, and tells you of updates. Blender takes the link if it may go online: <em>Edit &gt; Preferences &gt; System &gt;
Network &gt; Allow Online Access</em>.</p>
<p>Or add the repository by hand: <em>Edit &gt; Preferences &gt; Get Extensions &gt; Repositories &gt; + &gt; Add Remote
Repository</em>, with the address <code>{index}</code>.</p>
<p>Or <a href="{file}">download the zip</a>, and drag it into Blender's window. Blender then finds no updates.</p>
</body>
</html>
"""

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


def publish(package: Path, repository: Path, url: str, blender_version: str | None = None) -> Path:
    """Make the folder an extension repository with this zip at the web address `url`. Return its page.

    Blender's own command writes `index.json`, and what it wrote goes into the page. Zips of other versions move to the
    folder `older`. Raises BuildError, OSError, and ValueError for an address that is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"Not the address of a folder on the web: {url}")
    manifest, address = environments.read_toml(MANIFEST), url.rstrip("/")
    repository.mkdir(parents=True, exist_ok=True)
    for other in repository.glob(f"{manifest['id']}-*.zip"):
        if other.name != package.name:
            (repository / OLDER).mkdir(exist_ok=True)
            other.replace(repository / OLDER / other.name)
    shutil.copy2(package, repository / package.name)
    version = blender_version or environments.DEFAULT_BLENDER[environments.running_python()]
    _extension_command(environments.blender_environment(version), "server-generate", "--repo-dir", str(repository))
    index = repository / "index.json"
    extensions = json.loads(index.read_text(encoding="utf-8"))["data"]
    listed = next(each for each in extensions if each["id"] == manifest["id"])
    facts = {
        "name": listed["name"],
        "tagline": listed["tagline"],
        "version": listed["version"],
        "least": listed["blender_version_min"],
        "link": f"{address}/{package.name}?{_clues(listed)}",
        "index": f"{address}/{index.name}",
        "file": package.name,
    }
    page = repository / "index.html"
    page.write_text(PAGE.format(**{name: html.escape(fact) for name, fact in facts.items()}), encoding="utf-8")
    return page


def _clues(listed: Mapping[str, Any]) -> str:
    """Return what the dropped link tells Blender, for the extension as the index lists it.

    So Blender knows the repository, and can say at once that it is too old or on the wrong system (Blender Manual,
    “Creating a Static Extensions Repository”, Download Links). Their names are those that Blender itself reads, in
    `url_parse_for_blender` of `bl_extension_utils.py`.
    """
    clues = {"repository": "./index.json"}
    for name in ("blender_version_min", "blender_version_max", "platforms"):
        value = listed.get(name)
        if value:
            clues[name] = value if isinstance(value, str) else ",".join(value)
    return urlencode(clues, safe="./,")


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
    checks = [] if action == "server-generate" else ["--valid-tags", str(tags)]
    return _output_of([str(python), "-X", "utf8", str(tool), action, *checks, *arguments])


def _blender_scripts(python: Path) -> Path:
    """Return the folder of Blender's own scripts in the bpy wheel, found without importing bpy."""
    find = "import importlib.util as u; print(u.find_spec('bpy').submodule_search_locations[0])"
    wheel = Path(_output_of([str(python), "-X", "utf8", "-c", find]).strip())
    found = sorted(wheel.glob("*/scripts/addons_core"))
    if not found:
        raise BuildError(f"No folder of Blender's scripts in {wheel}")
    return found[-1].parent


def _output_of(command: list[str]) -> str:
    result = subprocess.run(  # nosec B603 # Blender's own command, with paths of ours
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
    parser.add_argument("--repository", type=Path, metavar="DIR", help="make this folder an extension repository")
    parser.add_argument("--url", help="the web address at which that folder will be")
    arguments = parser.parse_args()
    if (arguments.repository is None) != (arguments.url is None):
        parser.error("--repository and --url belong together")
    try:
        package = build(arguments.output, arguments.bpy)
        print(package)
        if arguments.repository is not None:
            print(publish(package, arguments.repository, arguments.url, arguments.bpy))
    except (ValueError, BuildError, environments.EnvironmentNotBuiltError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
