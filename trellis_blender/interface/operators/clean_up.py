# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes many jobs together, after saying which, how many, and how much disk space that frees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy

from ...core.errors import Text, TrellisError
from ...host.translation import translated
from ...settings import props
from ..at_need import clean_up, session
from .base import Action, Result, can_act


class TRELLIS2_OT_clean_up(Action, bpy.types.Operator):
    """Remove many jobs with their files, to free disk space; what is in the scene and in .blend files stays there"""

    bl_idname = "trellis2.clean_up"
    bl_label = "Clean Up Jobs"

    imported: bool = props.BoolProperty(
        name="Imported",
        description="Remove jobs whose model was imported; it can then not be imported again",
        default=True,
        options={"SKIP_SAVE"},
    )
    without_model: bool = props.BoolProperty(
        name="Failed or Cancelled",
        description="Remove jobs that ended without a model",
        default=True,
        options={"SKIP_SAVE"},
    )
    never_imported: bool = props.BoolProperty(
        name="Paid, Never Imported",
        description="Remove models that were paid for and never imported; they are lost",
        default=False,
        options={"SKIP_SAVE"},
    )

    # What the dialog shows: the jobs' ids by kind. Jobs that end while it is open are not removed.
    shown: Mapping[str, list[str]] | None = None

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return can_act(cls, any(by_kind().values()), otherwise="No job has ended that could be removed")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        self.shown = by_kind()
        return self.ask(context, width=420, confirm_text="Remove")

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw each kind with its number of jobs and their size, and what is removed together."""
        layout: Any = self.layout
        sizes = session.state().messages.page.sizes or {}
        chosen = list[str]()
        for kind, ids in (self.shown or {}).items():
            row = layout.row()
            row.enabled = bool(ids)
            row.prop(self, kind)
            amount = row.row()
            amount.alignment = "RIGHT"
            amount.label(text=translated(_amount(ids, sizes)))
            chosen += ids if getattr(self, kind) else []
        layout.separator()
        lost = (self.shown or {}).get("never_imported", []) if self.never_imported else []
        if lost:
            layout.label(text=translated(_loss(len(lost))), icon="ERROR")
        layout.label(text="Models stay in the scene, and in the .blend files that you saved", icon="INFO")
        layout.label(text=translated(Text("Removed altogether: {amount}", amount=_amount(chosen, sizes))), icon="TRASH")

    def act(self, _context: bpy.types.Context) -> None:
        chosen = [
            job_id
            for kind, ids in by_kind().items()
            if getattr(self, kind)
            for job_id in ids
            if self.shown is None or job_id in self.shown[kind]
        ]
        if not chosen:
            raise TrellisError("No job of these kinds is there. Choose another kind.")
        for job_id in chosen:
            session.remove(job_id)


def by_kind() -> Mapping[str, list[str]]:
    """Return the ids of the jobs that can be removed now, by the operator's properties."""
    running = session.running()
    lost = running.importer.lost if running is not None else ()
    return clean_up.by_kind((job for job in session.jobs().values() if session.echo_of(job) is None), lost)


def _amount(ids: list[str], sizes: Mapping[str, int]) -> str:
    count, megabytes = len(ids), sum(sizes.get(job_id, 0) for job_id in ids) / 1e6
    template = "1 job, {megabytes} MB" if count == 1 else "{count} jobs, {megabytes} MB"
    return Text(template, count=count, megabytes=f"{megabytes:,.0f}")


def _loss(count: int) -> str:
    if count == 1:
        return "1 model that you paid for is lost"
    return Text("{count} models that you paid for are lost", count=count)
