"""Provides what the tests in a real window need: a Blender to open, and a screen for it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess  # nosec B404 # each call says why it is safe
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from PIL import Image

# Through these, scripts/test.py tells tests/gui which Blender to open, and where to save pictures.
BLENDER_VARIABLE = "TRELLIS_GUI_BLENDER"
SHOTS_VARIABLE = "TRELLIS_GUI_SHOTS"
SIZE = (1280, 800)


class ScreenError(Exception):
    """There is no screen. The message says why."""


class Screen:
    """The desktop if there is one, or else a screen in memory. Raises ScreenError if neither is available."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._server = folder, None
        self.variables: dict[str, str] = {}
        if not has_desktop():
            self._server = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        reason = missing_screen()
        if reason:
            raise ScreenError(reason)
        read, write = os.pipe()
        size = "{}x{}x24".format(*SIZE)
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nocursor", "-nolisten", "tcp"]
        command += ["-fbdir", str(self._folder)]
        server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)  # nosec B603 # by its name, on the tester's own PATH
        os.close(write)
        with os.fdopen(read, encoding="ascii") as file:
            number = file.readline().strip()
        if not number:
            raise ScreenError(f"Xvfb ended with status {server.wait()}.")
        # The CPU draws, and keeps its compiled shaders from one window to the next.
        self.variables = {
            "DISPLAY": f":{number}",
            "WAYLAND_DISPLAY": "",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "MESA_SHADER_CACHE_DIR": str(self._folder),
        }
        return server

    def picture(self) -> Image.Image | None:
        """Return a picture of the screen in memory; None for the desktop, which is private."""
        from PIL import Image

        if self._server is None:
            return None
        data = (self._folder / "Xvfb_screen0").read_bytes()
        # An X window dump: 32-bit numbers, highest byte first, then the colours, then the pixels.
        header = struct.unpack_from(">25I", data)
        size, pitch, start = (header[4], header[5]), header[12], header[0] + 12 * header[19]
        return Image.frombytes("RGB", size, data[start : start + pitch * size[1]], "raw", "BGRX", pitch)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.wait()


def variables(blender: str, shots: str | None) -> dict[str, str]:
    """Return the environment variables for tests/gui."""
    chosen = {BLENDER_VARIABLE: shutil.which(blender) or blender}
    return chosen if shots is None else {**chosen, SHOTS_VARIABLE: str(Path(shots).resolve())}


def missing(blender: str) -> str:
    """Return what the tests lack, and what to do about it; empty if nothing."""
    if shutil.which(blender) is None:
        return f"{blender} was not found; install Blender, or name one with --blender"
    return missing_screen()


def missing_screen() -> str:
    """Return why there is no screen for a window, and what to do about it; empty if there is one."""
    if has_desktop() or shutil.which("Xvfb"):
        return ""
    return "there is no screen; start this from a desktop, or install Xvfb (in most systems the package xvfb)"


def has_desktop() -> bool:
    """Return whether there is a desktop that answers."""
    if sys.platform in ("win32", "darwin") or os.environ.get("WAYLAND_DISPLAY"):
        return True
    host, _, number = os.environ.get("DISPLAY", "").partition(":")
    number = number.partition(".")[0]
    if not number.isdigit():
        return False
    with contextlib.suppress(OSError):
        if host:
            socket.create_connection((host, 6000 + int(number)), timeout=2).close()
        else:
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(f"/tmp/.X11-unix/X{number}")  # nosec B108 # every X server listens here
        return True
    return False
