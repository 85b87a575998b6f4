# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets what is in the file follow its job to another folder: the images of models, and the picture in the panel.

An image is packed, but an exporter that copies files looks for the one that it names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ..core.job.folder import JOB_ID


def follow(root: Path) -> None:
    """Let whatever names a file of a job that is not there any more name the same file of that job in `root`."""
    data: Any = bpy.data  # the stubs know no linked data
    for image in data.images:
        moved = _moved(image.filepath, root) if image.library is None and image.source == "FILE" else None
        if moved is not None:
            image.filepath_raw = str(moved)
    for scene in data.scenes:
        moved = _moved(scene.trellis2.filepath, root) if scene.library is None else None
        if moved is not None:
            scene.trellis2.filepath = str(moved)


def _moved(path: str, root: Path) -> Path | None:
    """Return where the file is now, None if it is still there, is no job's, or is gone."""
    parts = Path(bpy.path.abspath(path)).parts if path else ()
    place = next((place for place in (-2, -3) if len(parts) >= -place and JOB_ID.fullmatch(parts[place])), None)
    if place is None or Path(*parts).exists():
        return None
    moved = root.joinpath(*parts[place:])
    return moved if moved.is_file() else None
