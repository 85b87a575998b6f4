# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model was made of, kept with its object: enough to make it again, and nothing secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ..host.version import VERSION

if TYPE_CHECKING:
    from ..core.job.job import Job

PREFIX = "trellis2_"
JOB_ID = PREFIX + "job_id"
BATCH, VARIATION = "batch", "variation"


def write(thing: bpy.types.Object, job: Job) -> None:
    """Give the object the job's recipe as custom properties, which Blender shows, saves and exports.

    Of a job that was started elsewhere only the ids are known.
    """
    facts: dict[str, Any] = {"job_id": job.remote_id, "asset_id": job.model_asset_id, "version": VERSION}
    if job.picture:
        facts |= {"picture": job.picture_name, "picture_sha256": job.picture_sha256, **job.parameters}
    if job.batch:
        facts |= {BATCH: job.batch, VARIATION: job.place}
    for name, value in facts.items():
        thing[PREFIX + name] = value


def is_of(thing: bpy.types.Object, job: Job) -> bool:
    """Whether the object came of this job, in this file or another one."""
    return bool(thing.get(JOB_ID) == job.remote_id)


def variation(thing: bpy.types.Object) -> tuple[str, int] | None:
    """Which batch the object's model belongs to, and its place in that, from 0; None for what is none of several."""
    batch, place = thing.get(PREFIX + BATCH), thing.get(PREFIX + VARIATION)
    return (batch, place) if isinstance(batch, str) and isinstance(place, int) else None
