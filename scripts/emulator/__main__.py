# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the emulator alone, until Ctrl-C: `python3 scripts/emulator --port 8000`.

Any Python that the project supports will do: what the emulator needs it fetches into an environment of its own.
"""

import argparse
import os
import signal
import subprocess  # nosec B404 # each call says why it is safe
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

# Run as a directory, the package's own folder is on the path in place of the one that it is in.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

import environments  # noqa: E402 - needs the path above

if TYPE_CHECKING:
    from emulator import Service

INTERRUPTS = ("SIGINT", "SIGTERM", "SIGBREAK")


def parse() -> argparse.Namespace:
    """Return the options, those of the service as `service`. Ends the program on a wrong one."""
    from emulator import ALL_FLAWS, BODY_FLAWS, FLAWS, Service  # loads on no older Python

    parser = argparse.ArgumentParser(
        prog="emulator",
        description="An emulator of the Scenario API for Trellis 2. It listens on this machine only.",
        epilog="What the live service does where that is not known is a setting too: the harder branch if left out.",
    )
    parser.add_argument("--port", type=int, default=0, help="of the API; a free one if left out")
    parser.add_argument("--key", default="emulator-key", help="the API key that is valid (%(default)s)")
    parser.add_argument("--secret", default="emulator-secret", help="and its secret (%(default)s)")
    parser.add_argument("--seconds-per-job", type=float, default=8.0, metavar="S", help="(%(default)s)")
    parser.add_argument(
        "--model", type=Path, metavar="FILE", help="GLB of what the pictures show: it comes back in place of a relief"
    )
    parser.add_argument("--url-seconds", type=float, default=3600.0, metavar="S", help="a signed address lasts")
    usual = Service()
    group = parser.add_argument_group("the service")
    for name, meaning in {
        "cancels": "a job on its way can be canceled",
        "lists_inputs": "the listing of jobs has their input",
        "shows_progress": "the progress of a job goes on, or stays 0",
        "names_files": "the address of a file ends with its name",
        "knows_glb": "a GLB is model/gltf-binary, or application/octet-stream",
        "imports_at_once": "an upload has its asset's id as soon as it is imported",
        "explains_413": "JSON says that a picture is too large, or HTML",
        "triangles": "models are one triangle each, made at once, to measure what waits for them",
    }.items():
        flag, preset = "--" + name.replace("_", "-"), getattr(usual, name)
        group.add_argument(flag, action=argparse.BooleanOptionalAction, default=preset, help=f"{meaning} ({preset})")
    group.add_argument(
        "--largest-upload", type=int, default=usual.largest_upload, metavar="BYTES", help="(%(default)s)"
    )
    group.add_argument("--job-key", choices=("jobId", "id"), default=usual.job_key, help="(%(default)s)")
    group.add_argument("--job-limit", type=int, metavar="N", help="jobs at the same time; any number if left out")
    group.add_argument("--replaced-by", default="", metavar="MODEL", help="marks the model as deprecated")
    group.add_argument("--texture-format", choices=("webp", "png"), default=usual.texture_format, help="(%(default)s)")
    choices = ("all", "body", *FLAWS)
    group.add_argument("--flaws", nargs="+", choices=choices, default=[], help="what is wrong with the models")
    options = parser.parse_args()
    groups = {"all": ALL_FLAWS, "body": BODY_FLAWS}
    flaws = frozenset[str]().union(*(groups.get(flaw, {flaw}) for flaw in options.flaws))
    try:
        options.service = _service(options, flaws)
    except ValueError as error:
        parser.error(str(error))
    return options


def _service(options: argparse.Namespace, flaws: frozenset[str]) -> "Service":
    import dataclasses

    from emulator import Service

    given = {field.name: getattr(options, field.name) for field in dataclasses.fields(Service)}
    return Service(**{**given, "flaws": flaws})


def serve(options: argparse.Namespace) -> int:
    """Serve until interrupted and return the exit status: 0, or 2 if the port is taken or the model cannot be used."""
    from emulator import Emulator

    stop = threading.Event()
    for name in INTERRUPTS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    try:
        subject = _subject(options.model)
    except (OSError, ValueError) as error:
        print(f"{options.model} cannot be used: {error}", file=sys.stderr)
        return 2
    try:
        emulator = Emulator(
            key=options.key,
            secret=options.secret,
            job_seconds=options.seconds_per_job,
            url_seconds=options.url_seconds,
            port=options.port,
            service=options.service,
            log=lambda line: print(line, flush=True),
        )
    except OSError as error:
        print(f"Cannot listen on port {options.port}: {error}", file=sys.stderr)
        return 2
    emulator.subject = subject
    with emulator:
        made = "reliefs of the picture" if subject is None else f"all like {options.model.name}"
        print(
            f"Scenario API emulator: nothing leaves this machine, nothing is paid.\n"
            f"In Blender: Edit > Preferences > Add-ons > Trellis 2 Image to 3D. Enter these three, in this order:\n"
            f"  1. API Address  {emulator.url}\n"
            f"  2. API Key      {emulator.key}\n"
            f"  3. API Secret   {emulator.secret}\n"
            f"Empty API Address afterwards, to use Scenario again.\n"
            f"Models are {made}, a stand-in for Trellis 2. Ctrl-C ends this.",
            flush=True,
        )
        # In slices, for on Windows a wait without an end cannot be interrupted.
        while not stop.wait(0.5):
            pass
        print(f"Ended. Calls: {dict(emulator.calls)}; paid submits: {emulator.paid}")
    return 0


def _subject(path: Path | None) -> bytes | None:
    """Return the GLB of what the pictures show, None if none is named. Raises OSError and ValueError."""
    if path is None:
        return None
    from emulator.model.subject import read_subject

    glb = path.read_bytes()
    read_subject(glb)
    return glb


def in_our_environment() -> bool:
    """Return whether the running Python is that of an environment of the project, all of which have what it takes."""
    return environments.ENVIRONMENTS.resolve() in Path(sys.prefix).resolve().parents


def start_again(python: Path, arguments: Sequence[str]) -> int:
    """Run this program with that Python in place of this one and return its exit status, where that is possible."""
    command = [str(python), str(Path(__file__).resolve().parent), *arguments]
    if os.name != "nt":
        os.execve(command[0], command, environments.clean_variables())  # nosec B606 # no shell is wanted
    # Windows cannot replace a process. Ctrl-C reaches both, and it is for the other to end.
    for name in INTERRUPTS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    return subprocess.run(command, check=False, env=environments.clean_variables()).returncode  # nosec B603 # this script again


def main() -> int:
    """Serve and return the exit status: 0, 1 if the environment cannot be made, or 2 if the port is taken."""
    options = parse()
    if in_our_environment():
        return serve(options)
    try:
        python = environments.environment("emulator", environments.running_python())
    except (environments.EnvironmentNotBuiltError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return start_again(python, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
