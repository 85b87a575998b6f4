# SPDX-License-Identifier: GPL-3.0-or-later
"""The program in Blender: `blender --command trellis2 …`. Blender calls `run` on its main thread, without a window.

Blender decodes the pictures, in a process of its own, so that all kinds can be sent that Blender reads.
"""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.request.account import Account
from ..host.background import start
from ..host.background.preview_client import MEMORY_MAXIMUM, PROGRAM, PreviewClient
from ..host.background.process import Launch, launch_of
from ..host.version import VERSION
from ..settings import jobs_folder, preferences
from . import program
from .blend_client import find_blender
from .home import Home, account_of


def run(arguments: list[str]) -> int:
    """Run the command that the arguments name, and return the exit status."""
    return program.run(arguments, home())


def home() -> Home:
    """Return what the program needs of this Blender."""
    client = PreviewClient(start.launch(PROGRAM, memory_maximum=MEMORY_MAXIMUM))
    return Home(
        prog="blender --command trellis2",
        agent=f"trellis-blender/{VERSION} Blender/{bpy.app.version_string.split()[0]}",
        account=account,
        jobs_root=jobs_folder.jobs_root,
        prepare=client.prepare,
        launch=launch,
        end=client.stop,
    )


def account() -> Account:
    """Return who pays: the environment's account, or the preferences'. Raises AccountError or OnlineAccessError."""
    kept = preferences.values()
    found = account_of(*preferences.key_and_secret(kept), kept.project_id, kept.api_address)
    preferences.check_online(found)
    return found


def launch(given: str, program_file: Path) -> Launch:
    """Return how to start this Blender, or the one that the user gave, with one of our programs."""
    return launch_of(find_blender(given), program_file) if given else start.launch(program_file)
