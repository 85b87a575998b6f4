# SPDX-License-Identifier: GPL-3.0-or-later
"""One process of ``scripts/bench.py finish``: what the check and the steps after the arrival of a model cost.

    python -m benchmarks.finish_runs FACES RUNS ANSWER
    python -m benchmarks.finish_runs align GLB RUNS ANSWER

The first answers with JSON: a list of what was measured. `step`: its name in the table of steps. `kind`: of the model,
"sound" or "faulty". `runs`: each in seconds. `import`: CPU time of the main thread for building the model. `begin` and
`end`: the same for the longest tick at the begin and at the end of the step. `step`: how long the background Blender
takes for it. `check`: CPU time of the worker that measures the model.
The second's (``scripts/bench.py align``) is a list of runs. A run holds seconds on the clock: `align` for finding where
the model stands in its picture, in a background Blender that is warm, and `import` for Blender's own importer; and
`overlap`, 0 to 1, of what was found.
"""

from __future__ import annotations

import functools
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from emulator.model.flaws import BODY_FLAWS
from emulator.model.order import Order
from emulator.model.relief import make_relief

from .import_runs import enabled, part, picture

KINDS = {"sound": frozenset[Any](), "faulty": BODY_FLAWS}
# Textures of the model, and of its game-ready copy. With few faces, only the bench itself is tried.
FEW, PIXELS, BAKED_PIXELS, FEW_PIXELS = 100_000, 2048, 1024, 128
WAIT_SECONDS = 0.01
# A camera without perspective, three before the origin, that looks along Y.
VIEWPOINT = {
    "matrix": [1, 0, 0, 0, 0, 0, -1, -3, 0, 1, 0, 0, 0, 0, 0, 1],
    "projection": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, -0.1, -1, 0, 0, 0, 1],
    "is_perspective": False,
}
WANTED = {
    "viewpoint": VIEWPOINT,
    "shows": [-1, -1, 1, 1],
    "may_tilt": False,
    "knows_ground": True,
    "points": [[0.0, 0.0, 0.0]],
}
GAME: Mapping[str, Any] = MappingProxyType(
    {
        "shape": "TRIANGLES",
        "smallest_overlap": 0.0,
        "engine": "GLTF",
        "levels": 3,
        "ratio": 0.5,
        "has_hull": True,
    }
)
# Faulty models are those that Make Solid changes, and whose faces Print Ready selects: to the others they are alike.
STEPS: tuple[tuple[str, tuple[str, ...], Mapping[str, Any]], ...] = (
    ("solid", ("sound", "faulty"), {"smallest_part": 0.001, "largest_hole": 1.0}),
    ("print", ("sound", "faulty"), {"size": 100.0, "cut": 1.0, "density": 1.24, "unit": 1.0, "format": "STL"}),
    ("game_ready", ("sound",), {"faces": 10_000, "texture_size": BAKED_PIXELS, **GAME}),
    ("export", ("sound",), {"format": "GLB", "engine": "GLTF", "at_origin": True}),
    ("light", ("sound",), {"amount": 1.0}),
)
USES_FOLDER = ("print", "export")


def main(faces: int, runs: int) -> list[dict[str, Any]]:
    """Measure all steps and return their runs. The first run of each is a warm-up and left out."""
    addon = enabled()
    with tempfile.TemporaryDirectory(prefix="trellis_blender ") as name:
        folder = Path(name)
        file = functools.cache(lambda kind: _made(folder / f"{kind}.glb", faces, kind))
        return [
            {
                "step": step,
                "kind": kind,
                "runs": [_run(addon, file(kind), step, given, folder / str(run)) for run in range(runs + 1)][1:],
            }
            for step, kinds, settings in STEPS
            for given in [
                {**settings, "texture_size": FEW_PIXELS} if step == "game_ready" and faces < FEW else settings
            ]
            for kind in kinds
        ]


def _made(file: Path, faces: int, kind: str) -> Path:
    # an inner shell doubles the faces
    count = faces // (2 if KINDS[kind] else 1)
    pixels = PIXELS if faces >= FEW else FEW_PIXELS
    order = Order(picture(), count, pixels, "png", double_sided=True, seed=1, flaws=KINDS[kind])
    file.write_bytes(make_relief(order)[0])
    return file


def _run(addon: Any, file: Path, step: str, settings: Mapping[str, Any], folder: Path) -> dict[str, float]:
    obj, run = imported(addon, file)
    given = {**settings, "folder": str(folder), "name": "Model"} if step in USES_FOLDER else settings
    return run | stalls(addon, step, obj, given, folder / step)


def imported(addon: Any, file: Path) -> tuple[Any, dict[str, float]]:
    """Import a GLB into an empty scene. Return the object, and the seconds of `check` and `import`."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    read = part(addon, "core.model.read").read_model(file, part(addon, "core.model.arrays").Shape(is_grounded=False))
    started = time.thread_time()
    part(addon, "core.model.surface.check").measure_model(read)
    run = {"check": time.thread_time() - started}
    material = part(addon, "scene.material")
    started = time.thread_time()
    mesh = part(addon, "scene.mesh").make_mesh("Model", read.mesh)
    images = material.make_images(read.images, "Model")
    for each in read.materials:
        mesh.materials.append(material.make_material("Model", each, images) if each is not None else None)
    obj: Any = bpy.data.objects.new("Model", mesh)
    assert bpy.context.scene is not None
    bpy.context.scene.collection.objects.link(obj)
    bpy.ops.ed.undo_push(message="Import")
    return obj, {**run, "import": time.thread_time() - started}


def stalls(addon: Any, step: str, obj: Any, settings: Mapping[str, Any], folder: Path) -> dict[str, float]:
    """Have a step done, tick by tick. Return the seconds of `begin`, `step` and `end`."""
    sentences: list[str] = []
    finishing = part(addon, "scene.finishing.queue").Finishing(folder, sentences.append, lambda _job, _found: None)
    finishing.resume()  # as a session does when it begins
    while finishing.is_searching:
        finishing.step()
        time.sleep(WAIT_SECONDS)
    started = time.thread_time()
    work = finishing.begin(step, obj, settings)
    begin, begun, end = time.thread_time() - started, time.perf_counter(), 0.0
    while not work.is_done:
        begin = max(begin, _tick(finishing))
        time.sleep(WAIT_SECONDS)
    seconds = time.perf_counter() - begun
    while finishing.works and not work.error:
        end = max(end, _tick(finishing))
    assert sentences, work.error
    return {"begin": begin, "step": seconds, "end": end}


def _tick(finishing: Any) -> float:
    started = time.thread_time()
    finishing.step()
    return time.thread_time() - started


def align(glb: Path, runs: int) -> list[dict[str, float]]:
    """Find the model's place and import it, in turn, and return the runs. The first is a warm-up and left out."""
    addon = enabled()
    import bpy

    client, found = part(addon, "host.background.model_client").ModelClient(), []
    with tempfile.TemporaryDirectory(prefix="trellis_blender ") as folder:
        shown = Path(folder, "picture.png")
        shown.write_bytes(picture())
        for _ in range(runs + 1):
            started = time.perf_counter()
            client.begin_align(glb, shown, WANTED)
            while not client.task.done():
                time.sleep(WAIT_SECONDS)
            run = {"align": time.perf_counter() - started, "overlap": float(client.take()["overlap"])}
            bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
            started = time.perf_counter()
            bpy.ops.import_scene.gltf(filepath=str(glb))
            found.append({**run, "import": time.perf_counter() - started})
        client.stop()
    return found[1:]


if __name__ == "__main__":
    *given, answer = sys.argv[1:]
    is_align = given[0] == "align"
    runs: Any = align(Path(given[1]), int(given[2])) if is_align else main(int(given[0]), int(given[1]))
    Path(answer).write_text(json.dumps(runs), encoding="utf-8")
