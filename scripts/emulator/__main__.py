# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the emulator alone, until Ctrl-C: `python3 scripts/emulator --port 8765`."""

import argparse
import signal
import sys
import threading
from pathlib import Path

# Run as a directory, the package's own folder is on the path in place of the one that it is in.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from emulator import Emulator  # noqa: E402 - needs the path above


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="emulator", description="An emulator of the Scenario API for Trellis 2. It listens on this machine only."
    )
    parser.add_argument("--port", type=int, default=0, help="of the API; a free one if left out")
    parser.add_argument("--key", default="emulator-key", help="the API key that is valid (%(default)s)")
    parser.add_argument("--secret", default="emulator-secret", help="and its secret (%(default)s)")
    parser.add_argument("--seconds-per-job", type=float, default=8.0, metavar="S", help="(%(default)s)")
    parser.add_argument("--url-seconds", type=float, default=3600.0, metavar="S", help="a signed address lasts")
    parser.add_argument("--texture-format", choices=("webp", "png"), default="webp", help="(%(default)s)")
    return parser.parse_args()


def main() -> int:
    """Serve until interrupted and return the exit status: 0, or 2 if the port is taken."""
    options = _parse()
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    try:
        emulator = Emulator(
            key=options.key,
            secret=options.secret,
            job_seconds=options.seconds_per_job,
            url_seconds=options.url_seconds,
            port=options.port,
            texture_format=options.texture_format,
            log=lambda line: print(line, flush=True),
        )
    except OSError as error:
        print(f"Cannot listen on port {options.port}: {error}", file=sys.stderr)
        return 2
    with emulator:
        print(
            f"Scenario API emulator: nothing leaves this machine, nothing is paid.\n"
            f"  API Address  {emulator.url}\n"
            f"  API Key      {emulator.key}\n"
            f"  API Secret   {emulator.secret}\n"
            f"In Blender: Edit > Preferences > Add-ons > Trellis 2. Enter these three; the address is the preference\n"
            f'"API Address". Models are reliefs of the picture, a stand-in for Trellis 2. Ctrl-C ends this.',
            flush=True,
        )
        # In slices, for on Windows a wait without an end cannot be interrupted.
        while not stop.wait(0.5):
            pass
        print(f"Ended. Calls: {dict(emulator.calls)}; paid submits: {emulator.paid}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
