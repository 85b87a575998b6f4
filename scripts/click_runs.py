# SPDX-License-Identifier: GPL-3.0-or-later
"""One process of ``scripts/bench.py click``: how long Blender stands still while it takes a picture for a model.

    click_runs.py RUNS ANSWER

The answer is JSON: for each picture the seconds on the main thread (`click`), those of the rest, which is done on
another thread (`beside`), and those of the other way (`whole`): for a render, that Blender saves it as a PNG with the
scene's own settings; for all else, that the click does it all. Medians of so many runs.
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

from import_runs import enabled, part

RENDERS, SIDES = ((1920, 1080), (3840, 2160)), (2048, 4096)
Take = Callable[[Path], Any]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """The seconds that it took, and what it returned."""
    started = time.perf_counter()
    answer = work()
    return time.perf_counter() - started, answer


def measure(
    take: Take, prepare: Callable[[Any], Any], whole: Callable[[Path], Any] | None, runs: int
) -> dict[str, float]:
    """What a picture costs this way and the other; without another, that is all of it at once."""
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
    """Measure all pictures."""
    addon = enabled()
    import bpy

    scene: Any = bpy.context.scene
    render, file = part(addon, "picture.render"), part(addon, "picture.file")
    client_module = part(addon, "host.background.preview_client")
    open_image = part(addon, "picture.image")
    client = client_module.PreviewClient(part(addon, "picture.preview").launch())
    found = {}
    bpy.ops.mesh.primitive_uv_sphere_add()
    bpy.ops.object.camera_add(location=(0, 0, 2.8))  # where only the corners are clear
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
