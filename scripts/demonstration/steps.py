"""The steps of the demonstration, run by ``scripts/demo.py`` with the Python that has Blender as a module.

Blender writes straight to the terminal, past Python. So the script first redirects the terminal to a file, which
``demo.py`` shows if something fails.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import importlib
import os
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from build import stage
from emulator import Emulator, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDON = "bl_ext.user_default.trellis_blender"
STEPS = 5
JOB_SECONDS = 4.0
LONGEST_WAIT = 120.0
BAR_WIDTH = 30
# The smallest and fastest model that the API makes.
SMALL = {"decimation_target": 100_000, "texture_size": "1024"}
KEY, SECRET = "demo-key", "demo-secret"  # only the emulator accepts these
STAGES = {
    "queued": "waiting",
    "uploading": "sending the picture",
    "submitting": "ordering the model",
    "unconfirmed": "looking for the order",
    "running": "making the model",
    "downloading": "fetching the model",
    "reading": "checking the model",
    "ready": "into the scene",
}


class DemoError(Exception):
    """The demonstration cannot go on. The message is the sentence that says why."""


class Report:
    """The output for the user: numbered steps with their times, and bars that only grow, so that they suit a log."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._step = 0

    def say(self, text: str, end: str = "\n") -> None:
        """Print at once. A character that the terminal lacks becomes a question mark."""
        self._terminal.write(text + end)
        self._terminal.flush()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step, and print its seconds when the block ends."""
        self._step += 1
        self.say(f"[{self._step}/{STEPS}] {title}")
        began = time.monotonic()
        yield
        self.say(f"      done in {time.monotonic() - began:.1f} s")


@dataclass
class Bar:
    """The progress of one stage on one line."""

    report: Report
    title: str
    began: float
    filled: int = 0

    def grow(self, progress: float) -> None:
        """Fill it up to `progress`, 0 to 1."""
        wanted = round(min(progress, 1.0) * BAR_WIDTH)
        if wanted > self.filled:
            self.report.say("#" * (wanted - self.filled), end="")
            self.filled = wanted

    def finish(self) -> None:
        """Fill the rest and print the seconds."""
        self.grow(1.0)
        self.report.say(f"] {time.monotonic() - self.began:.1f} s")


def open_bar(report: Report, stage_name: str) -> Bar:
    """Begin the line of a stage and return its bar."""
    title = STAGES.get(stage_name, stage_name)
    report.say(f"      {title:<22}[", end="")
    return Bar(report, title, time.monotonic())


def play(report: Report, image: Path | None, folder: Path) -> None:
    """Run all steps and leave the four files in the folder. Raises DemoError and OSError."""
    with report.step("Starting Blender, with the add-on as an installed extension"):
        install()
        from . import geometry, scene  # these two import Blender
    told = Service(shows_progress=True)
    with Emulator(KEY, SECRET, JOB_SECONDS, service=told) as emulator, addon_enabled(emulator.url) as session:
        report.say(f"      Blender {blender_version()}; the stand-in for Scenario listens at {emulator.url}")
        if image is None:
            with report.step("Rendering a still life with Cycles, on a transparent film"):
                scene.build_still_life()
                shapes = Path(os.environ["BLENDER_USER_RESOURCES"], "geometry.glb")
                faces = geometry.export_geometry(shapes)
                emulator.subject = shapes.read_bytes()
                report.say(f"      the stand-in gets the scene's geometry: {faces:,} faces, two baked textures")
                scene.render(is_transparent=True)
        else:
            with report.step("Taking the picture"):
                report.say(f"      {image}")
        with report.step('Generating, with the operator of the panel\'s button "Generate"'):
            report.say(f"      in the scene: {generate(report, session, image)}")
            keep(emulator, folder)
        with report.step("Rendering the imported model from the front left"):
            scene.put_away()
            scene.build_studio()
            scene.render(is_transparent=False, path=folder / "result.png")
        with report.step("Saving"):
            save(folder / "result.blend")


def install() -> None:
    """Put the extension where Blender looks for installed ones, and start Blender with an empty scene.

    ``BLENDER_USER_RESOURCES`` names a temporary folder; Blender reads it once, when it is imported.
    """
    # Registered before bpy is imported, and so called after Blender has unregistered its add-ons.
    atexit.register(let_exporter_go)
    repository = Path(os.environ["BLENDER_USER_RESOURCES"], "extensions", "user_default")
    stage(repository / ADDON.rpartition(".")[2])
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.name = "Still Life"  # type: ignore[union-attr]  # there is a scene


def let_exporter_go() -> None:
    """Empty the modules of Blender's glTF exporter, which keep bpy: Blender 4.2 would crash at its end."""
    for module in [module for name, module in sys.modules.items() if name.startswith("io_scene_gltf2.blender.exp")]:
        vars(module).clear()
    gc.collect()


@contextmanager
def addon_enabled(address: str) -> Iterator[Any]:
    """Enable the add-on, point its preferences at the emulator, and yield its session module.

    Disables the add-on afterwards, because a leftover thread or timer would crash or hang Blender at its exit.
    """
    import addon_utils  # only importing bpy makes its folder known
    import bpy

    addon_utils.enable(ADDON, default_set=True, handle_error=_raise)
    try:
        preferences: Any = bpy.context.preferences.addons[ADDON].preferences  # type: ignore[union-attr]  # they exist
        preferences.api_key, preferences.api_secret, preferences.api_address = KEY, SECRET, address
        yield importlib.import_module(f"{ADDON}.jobs.session")
    finally:
        addon_utils.disable(ADDON, default_set=True, handle_error=_raise)


def generate(report: Report, session: Any, image: Path | None) -> str:
    """Press the button, wait with a bar for each stage, and describe the result in the scene. Raises DemoError."""
    import bpy

    operators: Any = bpy.ops
    try:
        if image is None:
            operators.trellis2.generate_render(**SMALL)
        else:
            operators.trellis2.generate_image(filepath=str(image), **SMALL)
    except RuntimeError as error:  # what the operator tells the artist
        raise DemoError(str(error).strip().removeprefix("Error: ")) from error
    job_id = next(reversed(session.jobs()))
    watch(report, session, job_id)
    importlib.import_module(f"{ADDON}.jobs.session").wait(job_id)
    model = next(thing for thing in bpy.data.collections["Trellis"].all_objects if thing.type == "MESH")
    mesh: Any = model.data
    return f'"{model.name}", {len(mesh.polygons):,} faces, {len(mesh.materials)} material'


def watch(report: Report, session: Any, job_id: str) -> None:
    """Tick, as the window's timer would, until the model is in the scene. Raises DemoError."""
    end = time.monotonic() + LONGEST_WAIT
    job = session.jobs()[job_id]
    bar = open_bar(report, job.stage.value)
    while job.stage.value != "imported":
        session.tick()
        now = session.jobs()[job_id]
        if now.stage is not job.stage:
            bar.finish()
            if now.stage.value in STAGES:
                bar = open_bar(report, now.stage.value)
        job = now
        bar.grow(job.progress)
        if job.message and job.is_resting:
            raise DemoError(job.message)
        if time.monotonic() > end:
            reason = (
                job.trouble or " ".join(notice.sentence for notice in session.notices()) or f"it is still {bar.title}"
            )
            raise DemoError(f"The model did not arrive within {LONGEST_WAIT:.0f} seconds: {reason}")
        time.sleep(0.02)


def keep(emulator: Emulator, folder: Path) -> None:
    """Copy the picture that the emulator received, and the model that it returned, into the folder."""
    jobs = importlib.import_module(f"{ADDON}.settings.jobs_folder").jobs_root()
    (model,) = jobs.glob("*/model.glb")
    shutil.copyfile(model, folder / "model.glb")
    picture = next(asset for asset in emulator.assets.values() if asset.kind == "image")
    suffix = picture.mime_type.rpartition("/")[2].replace("jpeg", "jpg")
    (folder / f"picture.{suffix}").write_bytes(picture.data)


def save(path: Path) -> None:
    """Save the scene with all its textures inside, over the last one."""
    import bpy

    bpy.context.preferences.filepaths.save_version = 0  # type: ignore[union-attr]  # there are preferences
    bpy.ops.file.pack_all()
    bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=True)


def blender_version() -> str:
    """Return the version of the running Blender, such as "4.5.15 LTS"."""
    import bpy

    return str(bpy.app.version_string)


def put_terminal_aside(log: Path) -> TextIO:
    """Send all output of Blender and Python to the file, and return the standard output for the user."""
    terminal = os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding, errors="replace")
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    os.close(file)
    return terminal


def _raise(error: Exception) -> None:
    raise error


def main() -> int:
    """Run the steps and return the exit status: 0, or 1 with the reason in the file that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("image", nargs="?", type=Path)
    for name in ("folder", "log", "reason"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    report = Report(put_terminal_aside(options.log))
    try:
        play(report, options.image, options.folder)
    except DemoError as error:
        options.reason.write_text(str(error), encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
