"""Virtual environments of the project's own tooling, one per purpose, kept under ``.venv/``.

``pyproject.toml`` lists the packages of each under ``[dependency-groups]`` (PEP 735). An environment is built once, and
again only when its list changes. Its marker file is written last, so an interrupted build never passes for a complete
one.

The scripts that people start import this file. On a Python that does not fit, it ends the program and says which do.
So neither they nor this file have syntax newer than Python 3.6, which does not know ``from __future__ import
annotations`` either, and they import nothing newer before this file.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess  # nosec B404 # each call says why it is safe
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

SUPPORTED_PYTHONS = ("3.11", "3.13")


def running_python() -> str:
    """Return the version of the running Python in the form "3.11"."""
    return "%d.%d" % sys.version_info[:2]  # noqa: UP031 - one form with _TELL_VERSION


def require_supported_python() -> None:
    """End the program with an explanation unless Blender exists as a module for the running Python."""
    if running_python() in SUPPORTED_PYTHONS:
        return
    script = Path(sys.argv[0]).name
    sys.exit(
        f"This is Python {running_python()}, but Blender 4.2 to 5.0 needs 3.11 and later ones need 3.13.\n"
        f"Install one of the two and start this script with it: python3.11 scripts/{script}\n"
        f"On Windows: py -3.11 scripts\\{script}"
    )


# Above all else, because an old Python cannot evaluate the annotations below.
require_supported_python()


def own_folders(folder: Path) -> dict[str, str]:
    """Return the variables with which Blender keeps its settings, and the add-on its jobs, below the folder only."""
    data = str(folder / "data")
    own = {"BLENDER_USER_RESOURCES": str(folder), "XDG_DATA_HOME": data, "LOCALAPPDATA": data}
    return {**own, "HOME": str(folder)} if sys.platform == "darwin" else own  # which has no variable for data


ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".venv"

# Each version of Blender as a Python module runs on exactly one Python ("Requires-Python" of the bpy wheels).
PYTHON_OF_BLENDER = {"4.2.23": "3.11", "4.5.15": "3.11", "5.0.1": "3.11", "5.2.3": "3.13"}
DEFAULT_BLENDER = {"3.11": "4.5.15", "3.13": "5.2.3"}

# What Khronos themselves judge a glTF by: the newest release, which has been out since 2022.
GLTF_VALIDATOR = "gltf-validator@2.0.0-dev.3.10"

_MARKER = "built.json"
_NPM_INSTALL = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", "--fetch-timeout=20000")
_PIP_INSTALL = ("-m", "pip", "install", "-q", "--disable-pip-version-check")
# Imports the modules that building an environment needs: some distributions ship a Python without them.
_TELL_VERSION = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


class EnvironmentNotBuiltError(Exception):
    """An environment could not be built. The message says what to do about it."""


def tools_environment() -> Path:
    """Return the Python of the environment that holds ruff, mypy and the types of Blender.

    The types (fake-bpy-module) and the real bpy would overwrite each other, hence an environment of its own.
    Raises EnvironmentNotBuiltError.
    """
    return environment("tools", running_python())


def plain_environment(python_version: str) -> Path:
    """Return the Python of the environment without Blender, for a Python version such as "3.11".

    Raises EnvironmentNotBuiltError.
    """
    return environment("core", python_version)


def blender_environment(blender_version: str) -> Path:
    """Return the Python of the environment in which ``import bpy`` is that Blender, such as "4.5.15".

    Raises EnvironmentNotBuiltError, also for a version that is not listed in PYTHON_OF_BLENDER.
    """
    if blender_version not in PYTHON_OF_BLENDER:
        known = ", ".join(PYTHON_OF_BLENDER)
        raise EnvironmentNotBuiltError(f"Blender {blender_version} is not one of {known}.")
    return environment(f"bpy-{blender_version}", PYTHON_OF_BLENDER[blender_version])


def environment(group: str, python_version: str) -> Path:
    """Return the Python of the environment with that dependency group, and build the environment if necessary.

    Building takes seconds to minutes. Raises EnvironmentNotBuiltError.
    """
    packages = requirements(group)
    # A bpy exists for one Python only; the other groups have an environment for each Python.
    directory = ENVIRONMENTS / (group if group.startswith("bpy-") else f"{group}-{python_version}")
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with only_one_process(ENVIRONMENTS / f"{directory.name}.lock"):
        if not is_built(directory, packages, python_version):
            _build(directory, packages, python_version)
    return interpreter(directory)


def gltf_validator() -> Path | None:
    """Return the folder of Khronos' glTF validator, fetched from npm if necessary; None without Node.js and its npm.

    Raises EnvironmentNotBuiltError.
    """
    npm, directory = shutil.which("npm"), ENVIRONMENTS / "gltf-validator"
    if npm is None or shutil.which("node") is None:
        return None
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    marker = directory / _MARKER
    with only_one_process(ENVIRONMENTS / f"{directory.name}.lock"):
        if not marker.is_file() or marker.read_text(encoding="utf-8") != _fingerprint([GLTF_VALIDATOR]):
            run([npm, "install", "--prefix", str(directory), *_NPM_INSTALL, GLTF_VALIDATOR])
            marker.write_text(_fingerprint([GLTF_VALIDATOR]), encoding="utf-8")
    return directory / "node_modules" / "gltf-validator"


def interpreter(directory: Path) -> Path:
    """Return the path of a virtual environment's Python, whether it exists or not."""
    return directory / "Scripts" / "python.exe" if os.name == "nt" else directory / "bin" / "python"


def is_built(directory: Path, packages: Sequence[str], python_version: str) -> bool:
    """Return whether the environment was built completely from these packages and its Python still starts."""
    marker = directory / _MARKER
    if not marker.is_file() or marker.read_text(encoding="utf-8") != _fingerprint(packages):
        return False
    return _version_of([str(interpreter(directory))]) == python_version


def requirements(group: str) -> list[str]:
    """Return the packages of a dependency group and its included groups, in the form that pip reads.

    Raises EnvironmentNotBuiltError for a group that ``pyproject.toml`` does not have.
    """
    groups = read_toml(ROOT / "pyproject.toml")["dependency-groups"]
    if group not in groups:
        raise EnvironmentNotBuiltError(f'pyproject.toml has no dependency group "{group}".')
    found: list[str] = []
    for entry in groups[group]:
        found += [entry] if isinstance(entry, str) else requirements(entry["include-group"])
    return found


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file. Raises OSError and tomllib.TOMLDecodeError."""
    import tomllib  # new in Python 3.11, and this file must load on older ones

    with path.open("rb") as file:
        return tomllib.load(file)


def find_python(version: str) -> list[str] | None:
    """Return the command that starts a Python of that version ("3.11"), None if there is none.

    Starts every candidate and asks for its version: a pyenv shim or an alias of the Windows Store can have the right
    name and not run.
    """
    for command in _candidates(version):
        if _version_of(command) == version:
            return command
    return None


def clean_variables() -> dict[str, str]:
    """Return the caller's environment variables without those that would lead our Pythons to other modules, or would
    let each of a hundred Blenders compile the add-on anew.
    """
    unwanted = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "PYTHONDONTWRITEBYTECODE"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def _candidates(version: str) -> Iterator[list[str]]:
    yield [sys.executable]
    suffix = ".exe" if os.name == "nt" else ""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for name in (f"python{version}", "python3", "python"):
        for folder in folders:
            if (folder / (name + suffix)).is_file():
                yield [str(folder / (name + suffix))]
    launcher = shutil.which("py") if os.name == "nt" else None
    if launcher:
        yield [launcher, f"-{version}"]
    for python in pyenv_pythons(version):
        yield [str(python)]


def pyenv_pythons(version: str) -> list[Path]:
    """Return pyenv's Pythons of that version, newest first."""
    roots = [Path(os.environ["PYENV_ROOT"])] if os.environ.get("PYENV_ROOT") else []
    roots += [Path.home() / ".pyenv", Path.home() / ".pyenv" / "pyenv-win"]
    python = Path("python.exe") if os.name == "nt" else Path("bin", "python")
    found = {folder / python for root in roots for folder in root.glob(f"versions/{version}.*")}
    return sorted(found, key=lambda path: [int(digits) for digits in re.findall(r"\d+", str(path))], reverse=True)


def _version_of(command: Sequence[str]) -> str | None:
    try:
        answer = subprocess.run(  # nosec B603 # only asked for its version
            [*command, "-c", _TELL_VERSION],
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            env=clean_variables(),
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _build(directory: Path, packages: Sequence[str], python_version: str) -> None:
    python = find_python(python_version)
    if python is None:
        raise EnvironmentNotBuiltError(
            f"No Python {python_version} with its modules venv and ensurepip was found on PATH or in pyenv."
            f" Install it to run this part; on Debian and Ubuntu the two are in python{python_version}-venv."
        )
    print(f"Building {directory.relative_to(ENVIRONMENTS.parent)}, this once", flush=True)
    if directory.name.startswith("bpy-"):
        print("It has Blender as a Python module: some 400 MB are fetched, which takes some minutes.", flush=True)
    (directory / _MARKER).unlink(missing_ok=True)
    run([*python, "-m", "venv", "--clear", str(directory)])
    run([str(interpreter(directory)), *_PIP_INSTALL, *packages])
    (directory / _MARKER).write_text(_fingerprint(packages), encoding="utf-8")


def run(command: Sequence[str]) -> None:
    """Run a command that builds an environment. Raises EnvironmentNotBuiltError when it fails."""
    result = subprocess.run(command, check=False, env=clean_variables())  # nosec B603 # venv, pip and npm, with pinned names
    if result.returncode:
        raise EnvironmentNotBuiltError(
            f"This command ended with status {result.returncode}: {' '.join(command)}\n"
            "The reason stands above. It needs a network connection; start the script again when it is mended."
        )


def _fingerprint(packages: Sequence[str]) -> str:
    digest = hashlib.sha256("\n".join(packages).encode()).hexdigest()
    return json.dumps({"packages": digest})


@contextmanager
def only_one_process(lock: Path) -> Iterator[None]:
    """Block other processes that need the same environment. A process that dies releases the lock."""
    with lock.open("a+b") as file:
        _take_lock(file)
        yield


if sys.platform == "win32":

    def _take_lock(file: IO[bytes]) -> None:
        import msvcrt

        while True:
            try:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            except OSError:  # another process holds it
                time.sleep(0.5)
            else:
                return

else:

    def _take_lock(file: IO[bytes]) -> None:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
