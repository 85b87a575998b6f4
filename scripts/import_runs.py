# SPDX-License-Identifier: GPL-3.0-or-later
"""One process of ``scripts/bench.py import``: imports a GLB with Blender's importer and with ours, and times both.

    import_runs.py make FACES PIXELS NORMALS GLB   makes a GLB as Trellis 2 would return it (no Blender needed)
    import_runs.py detailed FACES PIXELS GLB       the same, with textures as detailed as those of a photograph
    import_runs.py alternate GLB RUNS ANSWER       both ways in turn, after one warm-up of each
    import_runs.py fresh WAY GLB ANSWER            one import, the first of a fresh process, and its peak memory

The answer goes to a file as JSON, because Blender prints to the terminal as well.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from build import stage
from environments import own_folders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulator.model.flaws import Flaw

    Run = dict[str, float]

ADDON = "bl_ext.user_default.trellis_blender"
OURS, BLENDERS = "ours", "importer"
POLL_SECONDS = 0.001  # how often the waiting main thread checks whether it still gets its turn
KIB = 1024


def make_glb(faces: int, pixels: int, path: Path, normals: str = "area", *, is_detailed: bool = False) -> None:
    """Write a GLB with that number of faces (within 2 %) and two textures of `pixels` square.

    `normals`: "area" for those of Trellis 2, weighted by area and shared over the seams; "none"; "corner" for normals
    that differ at every corner, which gives each corner its own vertex. `is_detailed`: make textures that take as long
    to decode as real ones.
    """
    from emulator.model.order import Order
    from emulator.model.relief import make_relief

    flaws: dict[str, frozenset[Flaw]] = {
        "area": frozenset(),
        "none": frozenset({"no_normals"}),
        "corner": frozenset({"corner_normals"}),
    }
    order = Order(
        picture(is_detailed=is_detailed), faces, pixels, "webp", double_sided=True, seed=1, flaws=flaws[normals]
    )
    glb, _faces, _vertices = make_relief(order)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(glb)
    unfinished.replace(path)


def alternate(glb: Path, runs: int) -> dict[str, list[Run]]:
    """Import the GLB both ways in turn, `runs` times each after one warm-up, and return all but the warm-up.

    The first way changes from round to round. A run holds seconds. `object`: from the file to the object. `stall`: the
    longest time that the main thread was blocked; `main`: the sum of these times. `wait`: the longest blocked time
    while a worker read. `undo` and `decode`: an undo step and decoding the textures, afterwards.
    """
    addon = enabled()
    ways = {OURS: lambda: _ours(addon, glb), BLENDERS: lambda: _blenders(glb)}
    found: dict[str, list[Run]] = {way: [] for way in ways}
    for number in range(runs + 1):
        for way in sorted(ways, reverse=bool(number % 2)):
            _empty_file()
            run = {**ways[way](), **_afterwards()}
            if number:
                found[way].append(run)
    return found


def fresh(way: str, glb: Path) -> Run:
    """Import the GLB, and return the run (see `alternate`, without `undo` and `decode`) and its `peak` in bytes.

    The peak is the most that the process held, above what it held before. `way` is OURS or BLENDERS.
    """
    addon = enabled()
    _empty_file()
    before = _resident()
    run = _ours(addon, glb) if way == OURS else _blenders(glb)
    return {**run, "peak": _peak() - before}


def enabled() -> Any:
    """Install the add-on as an extension, enable it, and return its top module."""
    resources = Path(tempfile.mkdtemp(prefix="trellis_blender "))
    # Registered before bpy is imported, so Python calls it after Blender has unregistered the add-on.
    atexit.register(shutil.rmtree, resources, ignore_errors=True)
    stage(resources / "extensions" / "user_default" / "trellis_blender")
    os.environ.update(own_folders(resources))
    importlib.import_module("bpy")
    import addon_utils  # only importing bpy makes its folder known

    addon_utils.enable(ADDON, default_set=True, handle_error=_fail)
    return importlib.import_module(ADDON)


def part(addon: Any, name: str) -> Any:
    """Return a module of the add-on by its name within the package. Most are imported only at their first use."""
    return importlib.import_module(f"{addon.__name__}.{name}")


def _fail(error: Exception) -> None:
    raise error


def _empty_file() -> None:
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    gc.collect()


def _blenders(glb: Path) -> Run:
    import bpy

    started = time.perf_counter()
    bpy.ops.import_scene.gltf(filepath=str(glb))
    seconds = time.perf_counter() - started
    _check()
    return {"object": seconds, "stall": seconds, "main": seconds, "wait": 0.0}


def _ours(addon: Any, glb: Path) -> Run:
    """Import as the session does: a worker reads, the main thread checks at every tick and builds in one of them."""
    import bpy

    session, build = part(addon, "jobs.session"), part(addon, "scene.build")
    job = importlib.import_module(f"{ADDON}.core.job.job").Job("1", "Bench", "source.png", "bench.png", {}, time.time())
    answers: list[Any] = []

    def read() -> None:
        answers.append(importlib.import_module(f"{ADDON}.core.runner.questions").read_for_import(job.id, glb, shape))

    started = time.perf_counter()
    shape = part(addon, "jobs.importing").shape(job, glb.with_suffix(""))
    worker = threading.Thread(target=read)
    asked = time.perf_counter() - started
    worker.start()
    waits, lateness = _wait_for(answers, started, session.READING_SECONDS)
    answer = answers.pop()
    assert answer.model is not None, answer
    tick = time.perf_counter()
    build.build_model(bpy.context, job, answer.model, select=True)
    ended = time.perf_counter()
    worker.join()
    _check()
    build = ended - tick
    stall = max(asked, waits, build)
    return {"object": ended - started, "stall": stall, "main": asked + lateness + build, "wait": waits}


def _wait_for(answers: list[Any], started: float, rhythm: float) -> tuple[float, float]:
    """Wait until there is an answer at one of the session's ticks.

    Return the longest time for which the thread did not get its turn, and the sum of the ticks' delays, in seconds.
    """
    longest = late = 0.0
    due = started + rhythm
    while True:
        before = time.perf_counter()
        time.sleep(POLL_SECONDS)
        now = time.perf_counter()
        longest = max(longest, now - before - POLL_SECONDS)
        if now < due:
            continue
        late += max(0.0, now - due - POLL_SECONDS)
        if answers:
            return longest, late
        due = now + rhythm


def _check() -> None:
    """Fail if the import left nothing behind, because that would be the fastest import of all."""
    import bpy

    meshes, images = list(bpy.data.meshes), list(bpy.data.images)
    assert len(meshes) == 1, meshes
    assert len(images) >= 2, images
    assert any(thing.data == meshes[0] for thing in bpy.data.objects)


def _afterwards() -> Run:
    """Time an undo step and decoding, which follow either import. Without a window Blender keeps no undo steps."""
    import bpy

    started = time.perf_counter()
    bpy.ops.ed.undo_push(message="Bench")
    pushed = time.perf_counter()
    for image in bpy.data.images:
        if image.source == "FILE":
            pixels: Any = image.pixels
            assert pixels[0] >= 0
    return {"undo": pushed - started, "decode": time.perf_counter() - pushed}


if sys.platform == "win32":

    def _peak() -> int:
        """Return the most bytes that this process has held in memory so far."""
        import ctypes
        from ctypes import wintypes

        class Counters(ctypes.Structure):
            _fields_ = [  # PROCESS_MEMORY_COUNTERS of psapi.h
                ("cb", wintypes.DWORD),
                ("PageFaultCount", wintypes.DWORD),
                *((name, ctypes.c_size_t) for name in ("PeakWorkingSetSize", "WorkingSetSize")),
                *((f"quota{number}", ctypes.c_size_t) for number in range(6)),
            ]

        counters = Counters(cb=ctypes.sizeof(Counters))
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        process = wintypes.HANDLE(kernel.GetCurrentProcess())
        if not kernel.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb):
            raise ctypes.WinError(ctypes.get_last_error())
        return int(counters.PeakWorkingSetSize)

elif sys.platform == "linux":

    def _peak() -> int:
        """Return the most bytes that this process has held in memory so far."""
        # Not getrusage: there, a process starts with its parent's peak.
        return _status("VmHWM")

else:

    def _peak() -> int:
        """Return the most bytes that this process has held in memory so far."""
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def _resident() -> int:
    """Return the bytes that this process holds; if the system cannot tell, its peak, so that we measure too little."""
    return _status("VmRSS") if sys.platform == "linux" else _peak()


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * KIB for line in lines if line.startswith(f"{field}:"))


def picture(*, is_detailed: bool = False) -> bytes:
    """Return a PNG: a disc with a pattern, and transparent corners. With detail it is larger, and no pixel is plain."""
    import numpy as np
    from PIL import Image

    side = 2048 if is_detailed else 768
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    wave = 127 + 60 * np.sin(9 * x + 4 * y * y) + 60 * np.cos(13 * y - 5 * x * x)
    alpha = 255 * (x * x + y * y < 0.95)
    colors = np.stack((wave, wave[::-1], wave.T), axis=2)
    if is_detailed:
        grain = np.random.default_rng(1)
        for block in (1, 2, 4, 8, 16):  # pixels
            coarse = grain.normal(0.0, 8.0, (side // block, side // block, 3))
            colors += coarse.repeat(block, axis=0).repeat(block, axis=1)
    pixels = np.dstack((colors.clip(0, 255), alpha)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def main(arguments: Sequence[str]) -> None:
    """Run the command that the arguments name (see above)."""
    match arguments:
        case ["make", faces, pixels, normals, glb]:
            make_glb(int(faces), int(pixels), Path(glb), normals)
        case ["detailed", faces, pixels, glb]:
            make_glb(int(faces), int(pixels), Path(glb), is_detailed=True)
        case ["alternate", glb, runs, answer]:
            Path(answer).write_text(json.dumps(alternate(Path(glb), int(runs))), encoding="utf-8")
        case ["fresh", way, glb, answer] if way in (OURS, BLENDERS):
            Path(answer).write_text(json.dumps(fresh(way, Path(glb))), encoding="utf-8")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
