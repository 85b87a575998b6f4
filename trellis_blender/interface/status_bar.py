# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the running jobs in a short text at the end of Blender's status bar, after Blender's own hints."""

from __future__ import annotations

from typing import Any

import bpy

from ..host.translation.translation import translated
from ..picture import sources
from .at_need import imported, session


def draw(self: Any, _context: bpy.types.Context) -> None:
    """Draw the text, if there is any, and the pictures that are being made."""
    text = session.display().text if imported(session) else ""
    if text:
        self.layout.label(text=translated(text))
    for making in filter(None, (source.progress() for source in sources.TABLE)):
        self.layout.label(text=translated(making))
