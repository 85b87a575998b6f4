# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a model's recipe with its object: enough to make the model again, and nothing secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import bpy

from ..host.version import VERSION

if TYPE_CHECKING:
    from ..core.job.job import Job

PREFIX = "trellis2_"
JOB_ID = PREFIX + "job_id"
BATCH, VARIATION = "batch", "variation"
FINISHING = PREFIX + "finishing"


def write(thing: bpy.types.Object, job: Job) -> None:
    """Write the job's recipe to the object as custom properties, which Blender shows, saves and exports.

    If the job was started elsewhere, we know only its ids.
    """
    facts: dict[str, Any] = {"job_id": job.remote_id, "asset_id": job.model_asset_id, "version": VERSION}
    if job.picture:
        facts |= {"picture": job.picture_name, "picture_sha256": job.picture_sha256, **job.parameters}
    if job.batch:
        facts |= {BATCH: job.batch, VARIATION: job.place}
    for name, value in facts.items():
        thing[PREFIX + name] = value


def grow(thing: bpy.types.Object, step: Mapping[str, Any]) -> None:
    """Add to the recipe what was done to the model after it had arrived: a list in JSON, the last step last."""
    thing[FINISHING] = json.dumps([*json.loads(str(thing.get(FINISHING, "[]"))), dict(step)])


def is_of(thing: bpy.types.Object, job: Job) -> bool:
    """Return whether the object's model came from this job, even if another file imported it."""
    return bool(thing.get(JOB_ID) == job.remote_id)


def variation(thing: bpy.types.Object) -> tuple[str, int] | None:
    """Return the model's batch and its place in it, from 0; None if it is not one of several."""
    batch, place = thing.get(PREFIX + BATCH), thing.get(PREFIX + VARIATION)
    return (batch, place) if isinstance(batch, str) and isinstance(place, int) else None
