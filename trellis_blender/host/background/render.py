# SPDX-License-Identifier: GPL-3.0-or-later
"""A program of its own, run by a second Blender that nobody sees: it renders one scene of a file, and ends.

`render_client.py` writes the file and starts this. The scene says where its picture goes. Nothing in the add-on
imports this file.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import Any

NO_ROOM = "The disk has no room for the picture"
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


def main(file: str, scene: str, painted: str, trouble: str, runs_scripts: str) -> None:
    """Render the scene. What Blender says against it goes to the file `trouble`."""
    threading.Thread(target=_end_with_the_first, daemon=True).start()
    with contextlib.suppress(AttributeError, OSError):  # Windows has its priority from the start
        os.nice(10)
    import bpy

    try:
        bpy.ops.wm.open_mainfile(filepath=file, load_ui=False, use_scripts=runs_scripts == "yes")
        _paint(Path(painted))
        bpy.ops.render.render(scene=scene, write_still=True)
        _check_whole(Path(bpy.data.scenes[scene].render.filepath))
    except (RuntimeError, OSError) as error:
        _tell(str(error), Path(trouble))
        raise


def _check_whole(picture: Path) -> None:
    """Blender takes a PNG for written that a full disk has cut short. Raises OSError; then there is none."""
    with picture.open("rb") as file:
        file.seek(-min(len(PNG_END), picture.stat().st_size), os.SEEK_END)
        is_whole = file.read() == PNG_END
    if not is_whole:
        picture.unlink()
        raise OSError(NO_ROOM)


def _tell(reason: str, trouble: Path) -> None:
    """Write it whole, or not at all: what is empty would say that there is no trouble."""
    part = trouble.with_suffix(".png")  # where the picture would be: the first Blender removes it in any case
    part.write_text(reason, encoding="utf-8")
    part.replace(trouble)


def _paint(file: Path) -> None:
    """Give images what was painted on them and is in no file yet."""
    import bpy
    import numpy as np

    with np.load(file) as painted:
        for number, name in enumerate(painted["names"]):
            image: Any = bpy.data.images.get(str(name))
            if image is not None and len(image.pixels) == len(painted[str(number)]):
                image.pixels.foreach_set(painted[str(number)])
                image.update()


def _end_with_the_first() -> None:
    """Wait until the pipe from the first Blender closes, which it does whatever becomes of that."""
    with contextlib.suppress(OSError):
        os.read(0, 1)
        os._exit(1)


if __name__ == "__main__":
    status = 1
    try:
        main(*sys.argv[sys.argv.index("--") + 1 :])
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # Blender's own way to end takes longer, and has been seen to crash
