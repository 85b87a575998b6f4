# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that Blender is told about, in order, and undone in reverse."""

from __future__ import annotations

from typing import Any

import bpy

from ..host import report
from ..host.translation import translation
from ..jobs import rows as job_list
from ..jobs import session
from ..picture import completed_renders, icons, sources
from ..settings import preferences
from ..settings import scene as settings
from . import menus, panels, status_bar
from . import preview_requests as looking
from . import selection as model_selection
from .operators import account as account_operators
from .operators import assets as asset_operators
from .operators import drop as drop_operators
from .operators import jobs as job_operators
from .operators import level_of_detail, variations
from .operators import presets as preset_operators
from .operators import preview as sight_operators
from .operators import sources as source_operators


def classes() -> tuple[Any, ...]:
    """All classes that Blender knows, in order; those of the sources' operators by the table as it is now."""
    return (
        preferences.TRELLIS2_AP_preferences,
        settings.TRELLIS2_PG_settings,
        *job_list.CLASSES,
        *source_operators.classes(),
        *drop_operators.CLASSES,
        *preset_operators.CLASSES,
        *job_operators.CLASSES,
        *account_operators.CLASSES,
        *asset_operators.CLASSES,
        *level_of_detail.CLASSES,
        *sight_operators.CLASSES,
        *report.CLASSES,
        *variations.CLASSES,
        *menus.CLASSES,
        *panels.CLASSES,
    )


def register() -> None:
    """Add classes, settings, menu entries and the session's handler to Blender."""
    translation.register()
    settings.offer_sources(sources.choices(), sources.scene_properties())
    for cls in classes():
        bpy.utils.register_class(cls)
    settings.register()
    job_list.register()
    icons.register()
    menus.register()
    model_selection.register()
    status_bar.register()
    sources.register()
    completed_renders.register()
    session.register()
    looking.register()
    asset_operators.register()


def unregister() -> None:
    """Take it all out again."""
    looking.unregister()
    asset_operators.unregister()
    completed_renders.unregister()
    sources.unregister()
    session.unregister()
    status_bar.unregister()
    model_selection.unregister()
    menus.unregister()
    icons.unregister()
    job_list.unregister()
    settings.unregister()
    for cls in reversed(classes()):
        bpy.utils.unregister_class(cls)
    translation.unregister()
