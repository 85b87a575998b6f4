# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of ``scripts/bench.py textures`` that runs in a Blender with a window.

    blender --python texture_runs.py -- GLB RUNS ANSWER

It shows the textures of the model for the first time, again and again with fresh images: unprepared, and after the
add-on had Blender decode them. The answer is JSON, in seconds. `display`: the CPU time of the main thread for what a
viewport does with the images at their first display. `decoding`: its CPU time while Blender decoded, above that of a
window at rest. `elapsed`: how long Blender decoded.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import addon_utils
import bpy

if TYPE_CHECKING:
    from collections.abc import Generator

    Turns = Generator[None, None, Any]

ADDON = "bl_ext.user_default.trellis_blender"
UNPREPARED, OURS = "unprepared", "ours"  # as in texture_table.py, which Blender's Python does not find
TURN_SECONDS = 0.1  # as seldom as the session's, since each turn of Blender's main loop takes time, too
SETTLED = 5  # turns until Blender has drawn what there is to draw
RESTED = 10  # turns
PATIENCE = 300.0


def measured(glb: Path, runs: int) -> Turns:
    """Measure both ways in turn after one warm-up of each; returns all runs but the warm-up, per way."""
    addon_utils.enable(ADDON, default_set=True)
    read, arrays = part("core.model.read"), part("core.model.arrays")
    found: dict[str, list[dict[str, float]]] = {UNPREPARED: [], OURS: []}
    for number in range(runs + 1):
        for way in sorted(found, reverse=bool(number % 2)):
            model = read.read_model(glb, arrays.Shape(is_grounded=False))
            one = yield from first_display(model, way)
            if number:
                found[way].append(one)
    return found


def part(name: str) -> Any:
    """Return a module of the add-on by its name within the package."""
    return importlib.import_module(f"{ADDON}.{name}")


def first_display(model: Any, way: str) -> Turns:
    """Build the model, let Blender decode its textures if that is the way, and show them; returns the times."""
    job = part("core.job.job").Job("1", "Bench", "source.png", "bench.png", {}, time.time())
    thing = part("scene.build").build_model(bpy.context, job, model, select=True)
    images = part("scene.material").images_of(thing)
    assert len(images) == 2, images
    yield from settled()
    one = {"decoding": 0.0, "elapsed": 0.0}
    if way == OURS:
        session = part("jobs.session")
        decoding = session.start().decoding
        at_rest = yield from resting()
        started, cpu = time.perf_counter(), time.thread_time()
        decoding.add(thing)
        session.start()  # at rest its timer has ended
        while decoding.is_busy:
            assert time.perf_counter() - started < PATIENCE, "Blender did not decode"
            yield
        one["elapsed"] = time.perf_counter() - started
        one["decoding"] = max(0.0, time.thread_time() - cpu - at_rest * one["elapsed"])
    is_decoded = [image.has_data for image in images]
    assert all(is_decoded) if way == OURS else not any(is_decoded), is_decoded
    cpu = time.thread_time()
    for image in images:
        image.gl_load()
    one["display"] = time.thread_time() - cpu
    bpy.data.batch_remove([thing, thing.data, *thing.data.materials, *images])
    yield from settled()
    return one


def settled() -> Turns:
    """Wait until Blender has drawn everything."""
    for _ in range(SETTLED):
        yield


def resting() -> Turns:
    """Return how much CPU time the main thread takes in a second while there is nothing to do."""
    started, cpu = time.perf_counter(), time.thread_time()
    for _ in range(RESTED):
        yield
    return (time.thread_time() - cpu) / (time.perf_counter() - started)


def turn() -> float | None:
    """Take the next step. A timer; when all is measured, it writes the answer and quits Blender."""
    try:
        next(RUNNING)
    except StopIteration as done:
        ANSWER.write_text(json.dumps({"version": bpy.app.version_string, "runs": done.value}), encoding="utf-8")
    except BaseException:  # noqa: BLE001 - whatever it was, Blender must not stay open
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)  # `quit_blender` would end with 0, as if all were well
    else:
        return TURN_SECONDS
    bpy.ops.wm.quit_blender()
    return None


if __name__ == "__main__":
    glb_path, runs_asked, answer_path = sys.argv[sys.argv.index("--") + 1 :]
    ANSWER = Path(answer_path)
    RUNNING = measured(Path(glb_path), int(runs_asked))
    bpy.app.timers.register(turn, first_interval=1.0)
