"""The boxes that stand in a scene for models."""

from __future__ import annotations

from typing import Any

import bpy


def boxes() -> list[Any]:
    """Return all boxes of the file."""
    return [thing for thing in bpy.data.objects if thing.type == "LATTICE"]


def box() -> Any:
    """Return the only one."""
    (only,) = boxes()
    return only
