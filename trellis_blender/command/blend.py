# SPDX-License-Identifier: GPL-3.0-or-later
"""A program for the background Blender: it builds a job's model as the add-on does, and saves it as a .blend.

`blend_client.py` sends its requests. The Blender has factory settings and no add-ons, so the add-on is registered from
its files, by a name of its own.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from trellis_core.errors import ModelFileError, TrellisError

PACKAGE = Path(__file__).parents[1]
NAME = "trellis_to_save"
OLDEST = (4, 2, 0)


def save_blend(request: Mapping[str, Any], _progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Save the model of the job in `folder` as the .blend `target`. `size`: metres, 0: as it comes."""
    import bpy

    if bpy.app.version < OLDEST:
        raise TrellisError(f"This is Blender {bpy.app.version_string}, and 4.2 is needed. Name another with --blender.")
    addon = _addon()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene: Any = bpy.context.scene
    scene.trellis2.use_size = request["size"] > 0
    scene.trellis2.size = request["size"] or scene.trellis2.size
    try:
        _bring(addon, Path(request["folder"]))
    except Exception as error:
        sentence = getattr(error, "sentence", None)  # the add-on's own error is none that this Blender's server knows
        raise (error if sentence is None else ModelFileError(sentence)) from error
    target = Path(request["target"])
    part = target.with_name(f"{target.name}.part")
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(part), compress=True, copy=True)
        part.replace(target)
    except RuntimeError as error:
        part.unlink(missing_ok=True)
        raise OSError(str(error).strip().removeprefix("Error: ")) from error
    return {}


def _bring(addon: str, folder: Path) -> None:
    """Build the model in the scene, or have Blender's own importer read what only that can."""
    import bpy

    importing, build = import_module(f"{addon}.jobs.importing"), import_module(f"{addon}.scene.build")
    jobs = import_module(f"{addon}.core.job.folder")
    job, file = jobs.load(folder), folder / jobs.MODEL_FILE
    shape = importing.shape(job, folder)
    read = import_module(f"{addon}.core.runner.questions").read_for_import(job.id, file, shape)
    if read.error:
        raise ModelFileError(read.error)
    if read.model is not None:
        build.build_model(bpy.context, job, read.model, select=True, folder=folder)
    else:
        importer = import_module(f"{addon}.scene.blender_importer")
        importer.import_here(bpy.context, job, file, select=True, placement=build.ANYWHERE)


@cache
def _addon() -> str:
    """Register the add-on from its files. Return the name of its package."""
    import addon_utils
    import bpy

    spec = importlib.util.spec_from_file_location(
        NAME, PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    addon_utils.enable("io_scene_gltf2")
    module.register()
    return NAME


HANDLERS = {"blend": save_blend}
