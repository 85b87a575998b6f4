# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model was made of, kept with its object: enough to make it again, and nothing secret."""

from __future__ import annotations

from typing import Any

import bpy

from .core.job import Job
from .version import VERSION

PREFIX = "trellis2_"
JOB_ID = PREFIX + "job_id"


def write(thing: bpy.types.Object, job: Job) -> None:
    """Give the object the job's recipe as custom properties, which Blender shows, saves and exports.

    Of a job that was started elsewhere only the ids are known.
    """
    facts: dict[str, Any] = {"job_id": job.remote_id, "asset_id": job.model_asset_id, "version": VERSION}
    if job.picture:
        facts |= {"picture": job.picture_name, "picture_sha256": job.picture_sha256, **job.parameters}
    for name, value in facts.items():
        thing[PREFIX + name] = value


def is_of(thing: bpy.types.Object, job: Job) -> bool:
    """Whether the object came of this job, in this file or another one."""
    return bool(thing.get(JOB_ID) == job.remote_id)
