# SPDX-License-Identifier: GPL-3.0-or-later
"""The main thread's side of the jobs: started, shown, imported."""

from __future__ import annotations

from pathlib import Path

import bpy

from .. import __package__ as base_package


def jobs_root() -> Path:
    """The folder of all jobs, which Blender keeps for the extension."""
    return Path(bpy.utils.extension_path_user(base_package, path="jobs", create=True))
