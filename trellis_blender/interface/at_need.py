# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports modules at their first use: those that only a click, a draw function or a job needs.

Every start of Blender waits for what enabling the add-on imports. So the files that Blender is told about (operators,
menus, handlers, panel classes) import nothing that is needed only later, but take it from here:

    from .at_need import session        # imports nothing
    session.start()                     # imports `jobs/session.py` with all that it needs

The modules imported here import each other as usual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ..host.at_need import AtNeed, imported

if TYPE_CHECKING:
    from ..core import files
    from ..core.batch import plan as plans
    from ..core.job import clean_up
    from ..core.job import folder as job_folder
    from ..core.job import job as job_table
    from ..core.job import words as job_words
    from ..core.model.surface import findings
    from ..core.request import account as accounts
    from ..core.runner import messages
    from ..host import busy, viewpoint
    from ..jobs import begin, importing, session
    from ..jobs.batch import batches
    from ..jobs.state import Session
    from ..picture import file, icons, render
    from ..scene import asset, build, material, place, placeholder, recipe
    from ..scene.finishing import nodes
    from ..scene.finishing import steps as finishing_steps
    from ..scene.finishing.exporting import formats
    from ..scene.finishing.game_ready import presets as presets_of_games
    from ..scene.pictured import aligning, projecting
    from ..settings import jobs_folder, presets
else:
    files = AtNeed("core.files")
    plans = AtNeed("core.batch.plan")
    clean_up = AtNeed("core.job.clean_up")
    job_folder = AtNeed("core.job.folder")
    job_table = AtNeed("core.job.job")
    job_words = AtNeed("core.job.words")
    accounts = AtNeed("core.request.account")
    findings = AtNeed("core.model.surface.findings")
    messages = AtNeed("core.runner.messages")
    formats = AtNeed("scene.finishing.exporting.formats")
    presets_of_games = AtNeed("scene.finishing.game_ready.presets")
    nodes = AtNeed("scene.finishing.nodes")
    finishing_steps = AtNeed("scene.finishing.steps")
    aligning = AtNeed("scene.pictured.aligning")
    projecting = AtNeed("scene.pictured.projecting")
    busy = AtNeed("host.busy")
    begin = AtNeed("jobs.begin")
    batches = AtNeed("jobs.batch.batches")
    importing = AtNeed("jobs.importing")
    session = AtNeed("jobs.session")
    file = AtNeed("picture.file")
    icons = AtNeed("picture.icons")
    render = AtNeed("picture.render")
    viewpoint = AtNeed("host.viewpoint")
    asset = AtNeed("scene.asset")
    build = AtNeed("scene.build")
    material = AtNeed("scene.material")
    place = AtNeed("scene.place")
    placeholder = AtNeed("scene.placeholder")
    recipe = AtNeed("scene.recipe")
    jobs_folder = AtNeed("settings.jobs_folder")
    presets = AtNeed("settings.presets")


def running() -> Session | None:
    """Return the session, None if none was started yet. Imports nothing."""
    return session.running() if imported(session) else None


def begin_soon() -> None:
    """Have a timer start the session, for draw functions, which may not do work: importing it takes time.

    Blender redraws afterwards.
    """
    if imported(session):
        session.later(session.start)
    elif not bpy.app.timers.is_registered(begin_session):
        bpy.app.timers.register(begin_session)


def begin_session() -> None:
    """Begin the session. A timer that runs once."""
    session.start()
