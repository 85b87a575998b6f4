# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that Blender is told about, in order, and undone in reverse."""

from __future__ import annotations

from typing import Any

import bpy

from . import (
    account_operators,
    asset_operators,
    icons,
    job_list,
    job_operators,
    level_of_detail,
    looking,
    menus,
    model_selection,
    operators,
    panels,
    preferences,
    preset_operators,
    price_tag,
    reports,
    session,
    settings,
    sight_operators,
    source_operators,
    status_bar,
    translation,
    variations,
)
from .picture_source import camera

CLASSES: tuple[Any, ...] = (
    preferences.TRELLIS2_AP_preferences,
    settings.TRELLIS2_PG_settings,
    *job_list.CLASSES,
    *operators.CLASSES,
    *source_operators.CLASSES,
    *preset_operators.CLASSES,
    *job_operators.CLASSES,
    *account_operators.CLASSES,
    *asset_operators.CLASSES,
    *level_of_detail.CLASSES,
    *sight_operators.CLASSES,
    *reports.CLASSES,
    *variations.CLASSES,
    *menus.CLASSES,
    *panels.CLASSES,
)


def register() -> None:
    """Add classes, settings, menu entries and the session's handler to Blender."""
    translation.register()
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    settings.register()
    job_list.register()
    icons.register()
    menus.register()
    model_selection.register()
    status_bar.register()
    camera.register()
    session.register()
    looking.register()
    asset_operators.register()


def unregister() -> None:
    """Take it all out again."""
    looking.unregister()
    asset_operators.unregister()
    price_tag.unregister()
    camera.unregister()  # first, for a thread of the session's may wait for what it renders
    session.unregister()
    status_bar.unregister()
    model_selection.unregister()
    menus.unregister()
    icons.unregister()
    job_list.unregister()
    settings.unregister()
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
    translation.unregister()
