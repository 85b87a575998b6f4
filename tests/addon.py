"""The modules of the installed add-on that tests may use, by one name each.

If a file of the add-on moves, only this table changes, and no test. It holds modules, so that a test's replacement in
one (`monkeypatch.setattr(addon.session, …)`) also holds for the add-on.
"""

from __future__ import annotations

import importlib
from typing import Any

ADDON = "bl_ext.user_default.trellis_blender"
"""The name that Blender gives the package as an extension of the user's repository."""

PARTS = {
    "package": "",
    # core
    "errors": "core.errors",
    "files": "core.files",
    "arrays": "core.model.arrays",
    "read": "core.model.read",
    "check": "core.model.surface.check",
    "findings": "core.model.surface.findings",
    "pixels": "core.picture.pixels",
    "encode": "core.picture.encode",
    "events": "core.job.events",
    "job": "core.job.job",
    "lock": "core.job.lock",
    "job_words": "core.job.words",
    "job_store": "core.runner.job_store",
    "runner_messages": "core.runner.messages",
    "timing": "core.runner.timing",
    # host
    "start": "host.background.start",
    "process": "host.background.process",
    "preview_client": "host.background.preview_client",
    "model_client": "host.background.model_client",
    "busy": "host.busy",
    "window": "host.window",
    "translation": "host.translation",
    # settings
    "preferences": "settings.preferences",
    "jobs_folder": "settings.jobs_folder",
    "scene_settings": "settings.scene",
    "presets": "settings.presets",
    # picture
    "picture": "picture",
    "render": "picture.render",
    "completed_renders": "picture.completed_renders",
    "image": "picture.image",
    "camera": "picture.camera",
    "viewport": "picture.viewport",
    "sources": "picture.sources",
    "picture_file": "core.picture.file",
    "shown": "host.shown",
    "clipboard": "picture.clipboard",
    "file": "picture.file",
    "preview": "picture.preview",
    "icons": "picture.icons",
    # scene
    "build": "scene.build",
    "mesh": "scene.mesh",
    "blender_importer": "scene.blender_importer",
    "place": "scene.place",
    "placeholder": "scene.placeholder",
    "placeholder_drawing": "scene.placeholder_drawing",
    "decoding": "scene.decoding",
    "material": "scene.material",
    "asset": "scene.asset",
    "recipe": "scene.recipe",
    # align
    "fit": "core.align.fit",
    "view": "core.align.view",
    "projecting": "scene.pictured.projecting",
    "aligning": "scene.pictured.aligning",
    "viewpoint": "host.viewpoint",
    # finishing
    "work": "scene.finishing.work",
    "finishing_queue": "scene.finishing.queue",
    "steps": "scene.finishing.steps",
    "game_names": "scene.finishing.game_ready.presets",
    "handover": "scene.finishing.handover",
    "mesh_arrays": "scene.finishing.mesh_arrays",
    "nodes": "scene.finishing.nodes",
    # jobs
    "jobs": "jobs",
    "session": "jobs.session",
    "state": "jobs.state",
    "apply_messages": "jobs.apply_messages",
    "begin": "jobs.begin",
    "importing": "jobs.importing",
    "progress": "jobs.progress",
    "prices": "jobs.prices",
    "rows": "jobs.rows",
    "messages": "jobs.messages",
    # command
    "command_parser": "command.parser",
    # interface
    "registration": "interface.registration",
    "at_need": "interface.at_need",
    "menus": "interface.menus",
    "selection": "interface.operators.assets",
    "price_tag": "interface.price_tag",
    "chosen_picture": "interface.preview_requests",
    "preview_requests": "interface.preview_requests",
    "panels": "interface.panels",
    "first_run": "interface.panels.first_run",
    "generate_panel": "interface.panels.generate_panel",
    "job_panel": "interface.panels.job_panel",
    "sidebar": "interface.panels.sidebar",
    "gallery": "interface.panels.gallery",
    "batch_drawing": "interface.batch.drawing",
    "base_operators": "interface.operators.base",
    "source_operators": "interface.operators.sources",
    "clean_up": "interface.operators.clean_up",
    "drop_operators": "interface.operators.drop",
    "preset_operators": "interface.operators.presets",
    "job_operators": "interface.operators.jobs",
    "account_operators": "interface.operators.account",
    "level_of_detail": "interface.operators.assets",
    "textures": "interface.operators.textures",
    "variations": "interface.operators.pictured",
}


def module_name(part: str) -> str:
    """Return the full name of a part's module. Raises KeyError if the part is not in the table."""
    return f"{ADDON}.{PARTS[part]}".rstrip(".")


class Addon:
    """The parts as attributes. Each is imported at its first use, since there is no add-on before it is enabled."""

    def __getattr__(self, part: str) -> Any:
        """Return the part's module. Raises AttributeError if the part is not in the table."""
        if part not in PARTS:
            raise AttributeError(f"tests may not touch {part!r}: tests/addon.py names what they may")
        return importlib.import_module(module_name(part))


addon = Addon()
