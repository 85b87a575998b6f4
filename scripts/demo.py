#!/usr/bin/env python3
"""See the add-on work, without an account or a network: ``python3 scripts/demo.py [IMAGE]``.

Renders a still life (or takes IMAGE), generates a model with the add-on as an artist would, imports it and renders it.
Leaves ``demo/result.blend``, ``result.png``, ``model.glb`` and the picture that was sent. The model comes from the
emulator in this repository, which stands in for Trellis 2: for the still life it gets the scene's own geometry, and
returns it in the form of Trellis 2's files; of IMAGE it makes a relief.
"""

import argparse
import subprocess  # nosec B404 # each call says why it is safe
import sys
import tempfile
import time
from pathlib import Path

import environments

STEPS = environments.ROOT / "scripts" / "demo_steps.py"
RESULTS = ("picture.*", "model.glb", "result.png", "result.blend")
# What the model is.
A_RELIEF = "a relief of the picture, which a real model is not"
THE_SCENE = "the geometry of the still life itself, which Trellis 2 would have to guess"
# These would override the demonstration's own account, or lead Blender to the user's own settings.
NOT_PASSED_ON = ("SCENARIO_", "BLENDER_")


class DemoFailedError(Exception):
    """The demonstration ended early. The message is one sentence that says why; `log` is Blender's output."""

    def __init__(self, sentence: str, log: str = "") -> None:
        super().__init__(sentence)
        self.log = log


def play(python: Path, image: Path | None, folder: Path) -> None:
    """Run the steps with that Python, which has Blender as a module, and leave the results in the folder.

    Prints its progress. Raises DemoFailedError and OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in [path for name in RESULTS for path in folder.glob(name)]:
        earlier.unlink()
    with tempfile.TemporaryDirectory(prefix="trellis-demo-", ignore_cleanup_errors=True) as temporary:
        log, reason = Path(temporary, "log.txt"), Path(temporary, "reason.txt")
        command = [str(python), str(STEPS), f"--folder={folder}", f"--log={log}", f"--reason={reason}"]
        status = subprocess.run(  # nosec B603 # a script of ours
            [*command, *([str(image)] if image else [])], check=False, env=_variables(Path(temporary, "user"))
        ).returncode
        if status:
            sentence = reason.read_text(encoding="utf-8") if reason.is_file() else _ending(status)
            raise DemoFailedError(sentence, log.read_text(encoding="utf-8", errors="replace") if log.is_file() else "")


def _variables(user_folder: Path) -> dict[str, str]:
    """Return the environment variables for the steps: no real account, and only the settings in the folder."""
    variables = environments.clean_variables()
    kept = {name: value for name, value in variables.items() if not name.upper().startswith(NOT_PASSED_ON)}
    # A proxy does not know the stand-in, which listens on this computer only.
    return {**kept, **environments.own_folders(user_folder), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _ending(status: int) -> str:
    return f"Blender ended with status {status}; what it wrote stands above."


def main() -> int:
    """Run the demonstration and return the exit status: 0, or 1 after one sentence that says what went wrong."""
    parser = argparse.ArgumentParser(description="See the add-on work, without an account and without the network.")
    parser.add_argument("image", nargs="?", type=Path, metavar="IMAGE", help="make the model from this picture")
    parser.add_argument("--output", type=Path, default=environments.ROOT / "demo", help="folder (default: demo)")
    options = parser.parse_args()
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal or a file, never replaced here
    folder, image = options.output.absolute(), options.image.absolute() if options.image else None
    try:
        if image is not None and not image.is_file():
            raise DemoFailedError(f"There is no picture {image}.")
        python = environments.blender_environment(environments.DEFAULT_BLENDER[environments.running_python()])
        began = time.monotonic()
        print(
            "The add-on at work, on this computer only: no account, no network, nothing is paid.\n"
            f"The model comes from a stand-in, not from Trellis 2: {A_RELIEF if image else THE_SCENE}.",
            flush=True,
        )
        play(python, image, folder)
    except (DemoFailedError, environments.EnvironmentNotBuiltError, OSError) as error:
        print(
            *filter(None, (getattr(error, "log", ""), f"The demonstration failed: {error}")), sep="\n", file=sys.stderr
        )
        return 1
    print(f"\nFinished in {time.monotonic() - began:.0f} s. Look at:")
    for path in sorted(path for name in RESULTS for path in folder.glob(name)):
        print(f"  {path}  ({path.stat().st_size / 1024:,.0f} KiB)")
    print(f"Reminder: {folder / 'model.glb'} is by a stand-in, not by Trellis 2: {A_RELIEF if image else THE_SCENE}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
