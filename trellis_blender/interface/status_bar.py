# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs that run, in one short text at the end of Blender's status bar, whose own hints stay."""

from __future__ import annotations

from typing import Any

import bpy

from ..host.translation.translation import translated
from .at_need import camera, imported, session


def draw(self: Any, _context: bpy.types.Context) -> None:
    """Draw the text, if there is any, and say so while the camera's view is rendered."""
    text = session.watch().text if imported(session) else ""
    if text:
        self.layout.label(text=translated(text))
    if imported(camera) and camera.is_under_way():
        self.layout.label(text="Trellis: rendering the camera's view · Esc stops it")
