# SPDX-License-Identifier: GPL-3.0-or-later
"""One process of ``scripts/bench.py finish``: what the check and the steps after the arrival of a model cost.

    python -m benchmarks.finish_runs FACES RUNS ANSWER
    python -m benchmarks.finish_runs align GLB RUNS ANSWER

The first answers with JSON: for a sound model and for one with all faults a list of runs. A run holds seconds. `check`:
CPU time of the worker that measures the model. `import`: CPU time of the main thread for building the model. `take` and
`arrive`: the same for Make Solid, at its begin and at its end. `solid`: how long the background Blender takes for it.
The second's (``scripts/bench.py align``) is a list of runs. A run holds seconds on the clock: `align` for finding where
the model stands in its picture, in a background Blender that is warm, and `import` for Blender's own importer; and
`overlap`, 0 to 1, of what was found.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from emulator.model.flaws import BODY_FLAWS
from emulator.model.order import Order
from emulator.model.relief import make_relief

from .import_runs import enabled, part, picture

KINDS = {"sound": frozenset[Any](), "faulty": BODY_FLAWS}
SETTINGS = {"smallest_part": 0.001, "largest_hole": 1.0}
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


def main(faces: int, runs: int) -> dict[str, list[dict[str, float]]]:
    """Measure both kinds of models and return their runs. The first run of each is a warm-up and left out."""
    addon = enabled()
    found: dict[str, list[dict[str, float]]] = {}
    for kind, flaws in KINDS.items():
        # an inner shell doubles the faces
        order = Order(picture(), faces // (2 if flaws else 1), 256, "png", double_sided=True, seed=1, flaws=flaws)
        with tempfile.TemporaryDirectory(prefix="trellis_blender ") as folder:
            file = Path(folder, "model.glb")
            file.write_bytes(make_relief(order)[0])
            found[kind] = [_run(addon, file, Path(folder, str(number))) for number in range(runs + 1)][1:]
    return found


def _run(addon: Any, file: Path, folder: Path) -> dict[str, float]:
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    model = part(addon, "core.model.read").read_model(file, part(addon, "core.model.arrays").Shape(is_grounded=False))
    started = time.thread_time()
    part(addon, "core.model.surface.check").measure_model(model)
    run = {"check": time.thread_time() - started}
    started = time.thread_time()
    obj: Any = bpy.data.objects.new("Model", part(addon, "scene.mesh").make_mesh("Model", model.mesh))
    assert bpy.context.scene is not None
    bpy.context.scene.collection.objects.link(obj)
    bpy.ops.ed.undo_push(message="Import")
    run["import"] = time.thread_time() - started
    sentences: list[str] = []
    finishing = part(addon, "scene.finishing.queue").Finishing(folder, sentences.append, lambda _job, _found: None)
    started = time.thread_time()
    work = finishing.begin("solid", obj, SETTINGS)
    run["take"], begun = time.thread_time() - started, time.perf_counter()
    while not work.is_done:
        time.sleep(WAIT_SECONDS)
    run["solid"] = time.perf_counter() - begun
    started = time.thread_time()
    finishing.step()
    run["arrive"] = time.thread_time() - started
    assert sentences, work.error
    work.wait(WAIT_SECONDS)
    return run


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
            task: Any = client.begin_align(glb, shown, WANTED)
            while not task.is_done:
                time.sleep(WAIT_SECONDS)
            run = {"align": time.perf_counter() - started, "overlap": float(task.result()["overlap"])}
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
