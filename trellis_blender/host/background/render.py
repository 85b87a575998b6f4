# SPDX-License-Identifier: GPL-3.0-or-later
"""A program for the background Blender: it renders one scene of a .blend file.

`picture/camera.py` sends its requests. The scene's own output path says where the picture goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from trellis_core.errors import PictureError, Remedy, Text, blenders_words
from trellis_core.picture.encode import targa
from trellis_host.painted import give_back

NO_ROOM = "The disk has no room for the picture"
SCRIPTS = (
    "The camera's view depends on scripts, which Blender's preferences keep from running by themselves. Render an image"
    " (F12) and send that instead."
)


def render(request: Mapping[str, Any], _progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Render the `scene` of the `file`, with the unsaved pixels in the file `painted` on its images."""
    try:
        bpy.ops.wm.open_mainfile(filepath=request["file"], load_ui=False, use_scripts=request["runs_scripts"])
        with np.load(request["painted"]) as painted:
            give_back(painted)
        if request["selected_only"]:
            _hide_unselected(bpy.data.scenes[request["scene"]])
        bpy.ops.render.render(scene=request["scene"], write_still=True)
        if bpy.app.autoexec_fail:
            raise PictureError(SCRIPTS, remedy=Remedy.RENDER)
        _check_whole(Path(bpy.data.scenes[request["scene"]].render.filepath))
    except (RuntimeError, OSError) as error:
        reason = blenders_words(str(error))
        sentence = Text("The camera's view could not be rendered: {reason}. Mend that, then try again.", reason=reason)
        raise PictureError(sentence, remedy=Remedy.NONE) from error
    return {}


def _check_whole(picture: Path) -> None:
    """Check that the picture is complete. Raises OSError and deletes it if not.

    Blender reports success even when a full disk has cut the file short.
    """
    try:
        targa(picture.read_bytes())
    except ValueError:
        picture.unlink()
        raise OSError(NO_ROOM) from None


def _hide_unselected(scene: Any) -> None:
    """Render no object that is not selected in the scene's rendered view layer, except the lights."""
    layer = next(layer for layer in scene.view_layers if layer.use)
    chosen = set(layer.objects.selected)
    for obj in scene.objects:
        if obj.type not in ("LIGHT", "LIGHT_PROBE") and obj not in chosen:
            obj.hide_render = True


HANDLERS = {"render": render}
