# SPDX-License-Identifier: GPL-3.0-or-later
"""One process of ``scripts/bench.py click``: how long Blender freezes while it takes a picture for a model.

    python -m benchmarks.click_runs RUNS ANSWER

The answer is JSON. It holds three times per picture, in seconds, as medians of the runs: `click` on the main thread;
`beside` for the rest, on another thread; and `whole` for the other way. For a render, the other way is that Blender
saves it as a PNG with the scene's own settings; for all other pictures, that the click does everything.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .import_runs import enabled, part

RENDERS, SIDES = ((1920, 1080), (3840, 2160)), (2048, 4096)
Take = Callable[[Path], Any]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that the work took, and its result."""
    started = time.perf_counter()
    answer = work()
    return time.perf_counter() - started, answer


def measure(
    take: Take, prepare: Callable[[Any], Any], whole: Callable[[Path], Any] | None, runs: int
) -> dict[str, float]:
    """Return a picture's times this way and the other; without another, the whole work at once."""
    clicks, besides, wholes = [], [], []
    for _ in range(runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            click, chosen = timed(lambda: take(Path(folder)))
            beside, picture = timed(lambda: prepare(chosen))  # noqa: B023 - called at once
            assert picture.data
            other = timed(lambda: whole(Path(folder)))[0] if whole is not None else click + beside
        clicks.append(click)
        besides.append(beside)
        wholes.append(other)
    middle = statistics.median
    return {"click": middle(clicks[1:]), "beside": middle(besides[1:]), "whole": middle(wholes[1:])}


def main(runs: int) -> dict[str, dict[str, float]]:
    """Measure all pictures and return their times in seconds."""
    addon = enabled()
    import bpy

    scene: Any = bpy.context.scene
    render, file = part(addon, "picture.render"), part(addon, "picture.file")
    client_module = part(addon, "host.background.preview_client")
    open_image = part(addon, "picture.image")
    client = client_module.PreviewClient(part(addon, "picture.preview").launch())
    found = {}
    bpy.ops.mesh.primitive_uv_sphere_add()
    bpy.ops.object.camera_add(location=(0, 0, 2.8))  # here only the corners are transparent
    scene.camera = bpy.context.object
    scene.render.engine, scene.cycles.samples, scene.render.film_transparent = "CYCLES", 2, True
    for width, height in RENDERS:
        scene.render.resolution_x, scene.render.resolution_y = width, height
        bpy.ops.render.render()
        result: Any = bpy.data.images["Render Result"]
        found[f"render, {width} × {height}"] = measure(
            lambda folder: render.from_render(scene, folder),
            client.prepare,
            lambda folder: result.save_render(str(folder / "theirs.png"), scene=scene),  # noqa: B023 - called at once
            runs,
        )
    with tempfile.TemporaryDirectory() as kept:
        for side in SIDES:
            image: Any = bpy.data.images.new("bench", side, side)
            image.pixels.foreach_set([0.25, 0.5, 0.75, 1.0] * (side * side))
            found[f"open image, {side} × {side}"] = measure(
                lambda folder: open_image.from_image(bpy.context, image, 1, folder),  # noqa: B023 - called at once
                client.prepare,
                None,
                runs,
            )
            path = Path(kept, f"{side}.tif")
            image.filepath_raw, image.file_format = str(path), "TIFF"
            image.save()
            bpy.data.images.remove(image)
            found[f"TIFF file, {side} × {side}"] = measure(
                lambda _folder: file.from_file(path),  # noqa: B023 - called at once
                client.prepare,
                None,
                runs,
            )
    client.stop()
    return found


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(main(int(sys.argv[1]))), encoding="utf-8")
