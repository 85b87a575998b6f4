# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar's tab: the picture, the button, the jobs, and the parameters one fold deeper."""

from __future__ import annotations

from typing import Any

from .generate_panel import TRELLIS2_PT_generate
from .job_panel import TRELLIS2_PT_jobs, TRELLIS2_UL_jobs
from .parameter_panels import (
    TRELLIS2_PT_mesh,
    TRELLIS2_PT_parameters,
    TRELLIS2_PT_presets,
    TRELLIS2_PT_shape,
    TRELLIS2_PT_structure,
    TRELLIS2_PT_texture,
)
from .placement_panel import TRELLIS2_PT_placement
from .sidebar import TRELLIS2_OT_read
from .spending_rows import TRELLIS2_MT_months

CLASSES: tuple[Any, ...] = (
    TRELLIS2_OT_read,
    TRELLIS2_UL_jobs,
    TRELLIS2_MT_months,
    TRELLIS2_PT_generate,
    TRELLIS2_PT_jobs,
    TRELLIS2_PT_placement,
    TRELLIS2_PT_presets,
    TRELLIS2_PT_parameters,
    TRELLIS2_PT_mesh,
    TRELLIS2_PT_structure,
    TRELLIS2_PT_shape,
    TRELLIS2_PT_texture,
)
