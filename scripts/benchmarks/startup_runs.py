# SPDX-License-Identifier: GPL-3.0-or-later
"""One process of ``scripts/bench.py startup``: the time of a fresh Blender for the add-on until the first click.

    python -m benchmarks.startup_runs prepare FOLDER     installs an add-on for each way, below that folder
    python -m benchmarks.startup_runs WAY FOLDER ANSWER  one start; WAY is one of startup_table.WAYS

The answer is JSON, in CPU seconds of the main thread. `enabled`: enabling, with our handlers for the first file that
opens. Then, except for an empty add-on, `drawn`: the panels' first draw; `session`: the start of the session, by a
timer; `clicked`: the first click.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from build import PACKAGE, stage
from environments import own_folders

from .startup_table import AT_ONCE, EMPTY, HISTORY, WAYS

if TYPE_CHECKING:
    from collections.abc import Callable

ADDON = "bl_ext.user_default.trellis_blender"
JOBS = 1000
PROGRAMS = {  # only the background Blender runs these
    *(("host", "background", name) for name in ("model", "preview", "render", "serve")),
    ("command", "blend"),
    *(("scene", "finishing", name) for name in ("background", "material_sanity", "printing", "program")),
    ("scene", "finishing", "exporting", "program"),
    *(("scene", "finishing", "game_ready", name) for name in ("program", "shape", "bake")),
}
LOAD_SECONDS = 60.0
NO_ADDON = '"""An add-on that does nothing."""\n\n\ndef register():\n    pass\n\n\ndef unregister():\n    pass\n'


def prepare(folder: Path) -> None:
    """Install the add-on for each way in its own folder: empty, ours, and ours with 1,000 jobs on disk."""
    for way in WAYS:
        package = stage(folder / way / "extensions" / "user_default" / "trellis_blender")
        if way == EMPTY:
            (package / "__init__.py").write_text(NO_ADDON, encoding="utf-8")
    sys.path.insert(0, str(PACKAGE.parent))
    from trellis_blender.core.places import JOBS_FOLDER, data_folder

    own = folder / HISTORY
    root = data_folder(sys.platform, own_folders(own), own) / JOBS_FOLDER
    for number in range(JOBS):
        _write_job(root, number)


def _write_job(root: Path, number: int) -> None:
    """Write a job that ended long ago, as the add-on itself writes it."""
    from trellis_blender.core.job.folder import save
    from trellis_blender.core.job.job import Job, Stage

    job = Job(
        id=f"20260101-{number // 3600:02}{number // 60 % 60:02}{number % 60:02}-{number:08x}",
        name=f"Chair {number}",
        picture="source.png",
        picture_name="chair.png",
        parameters={"seed": number},
        created=1.7e9 + number,
        stage=Stage.IMPORTED,
        remote_id=f"job_{number:08d}",
    )
    (root / job.id).mkdir(parents=True)
    save(root / job.id, job)


def run(way: str, folder: Path) -> dict[str, float]:
    """Enable, draw the panels, let the timer start the session, and click. Return each step's main-thread seconds."""
    os.environ.update(own_folders(folder / way))
    bpy: Any = importlib.import_module("bpy")
    import addon_utils  # only importing bpy makes its folder known

    def enable() -> None:
        addon_utils.enable(ADDON, default_set=True, handle_error=_fail)
        if way == AT_ONCE:
            _import_all()
        for handler in bpy.app.handlers.load_post:  # Blender opens its first file after that
            if handler.__module__.startswith(ADDON):
                handler(None)

    gc.collect()  # otherwise the next step would pay for Blender's own garbage
    found = {"enabled": _seconds(enable)}
    if way != EMPTY:
        found |= _use(bpy)
    addon_utils.disable(ADDON)
    return found


def _use(bpy: Any) -> dict[str, float]:
    """Do what the artist does first, and return the seconds. We exclude Blender's own first saving of an image."""
    addon = importlib.import_module(ADDON)
    preferences = bpy.context.preferences.addons[ADDON].preferences
    preferences.api_key = preferences.api_secret = "bench"  # nosec B105 # nobody answers at that address
    preferences.api_address = "http://127.0.0.1:9/v1"
    image = bpy.data.images.new("bench", 256, 256)
    image.save_render(str(Path(os.environ["BLENDER_USER_RESOURCES"], "bench.png")))
    bpy.context.scene.trellis2.source, bpy.context.scene.trellis2.image = "IMAGE", image
    drawn = _seconds(lambda: _draw(bpy, addon.interface.registration.classes()))
    session = addon.interface.at_need.session
    started = _seconds(lambda: session.start())  # noqa: PLW0108 - the first use of a module imports it
    end = time.monotonic() + LOAD_SECONDS
    while session.tick() and not session.running().is_loaded and time.monotonic() < end:
        time.sleep(0.01)
    clicked = _seconds(bpy.ops.trellis2.generate_open_image)
    return {"drawn": drawn, "session": started, "clicked": clicked}


def _import_all() -> None:
    """Import the whole add-on except the background Blender's programs, and the libraries that it uses."""
    package = Path(str(importlib.import_module(ADDON).__file__)).parent
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).with_suffix("").parts
        if module[-1] != "__init__" and module not in PROGRAMS:
            importlib.import_module(".".join((ADDON, *module)))
    for library in ("numpy", "numpy.typing", "requests"):
        importlib.import_module(library)


class _Layout:
    """A layout that accepts every call, because there is no window."""

    def __getattr__(self, _name: str) -> _Layout:
        return self

    def __call__(self, *_arguments: Any, **_options: Any) -> _Layout:
        return self

    def __iter__(self) -> Any:
        return iter((self, self))


def _draw(bpy: Any, classes: Any) -> None:
    """Draw every visible panel, in a sidebar of the usual width."""
    preferences = SimpleNamespace(system=SimpleNamespace(ui_scale=1.0), is_dirty=False, use_preferences_save=True)
    shown = SimpleNamespace(region=SimpleNamespace(width=300), preferences=preferences, space_data=None)
    context: Any = SimpleNamespace(**vars(shown), scene=bpy.context.scene, area=None, screen=None, active_object=None)
    for panel in classes:
        if hasattr(panel, "property_layout") and (not hasattr(panel, "poll") or panel.poll(context)):
            drawing = SimpleNamespace(layout=_Layout(), group=getattr(panel, "group", None))
            drawing.property_layout = lambda of=drawing: of.layout
            panel.draw(drawing, context)


def _seconds(work: Callable[[], Any]) -> float:
    """Return the CPU seconds that the work took on this thread."""
    started = time.thread_time()
    work()
    return time.thread_time() - started


def _fail(error: Exception) -> None:
    raise error


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]))
    else:
        answer = run(sys.argv[1], Path(sys.argv[2]))
        Path(sys.argv[3]).write_text(json.dumps(answer), encoding="utf-8")
