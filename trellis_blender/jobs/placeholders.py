# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the placeholders in the file in step with the jobs: which models they wait for, and how full they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import bpy

from ..core.job.job import Job
from ..host import busy
from ..scene import placeholder
from ..scene.placeholder_drawing import PlaceholderDrawing
from .importing import Importer

SHARE = 0.02  # of the main thread's time that looking at many placeholders may take, because jobs changed
LITTLE_SECONDS = 0.002  # that need no rest: a few dozen placeholders take less


@dataclass
class Placeholders:
    """The placeholders of the open file.

    `is_due`: the jobs or the file changed since the last check. `is_opened`: this file's placeholders were not checked
    yet. `is_sure`: all jobs could be read, so a placeholder without a job is to go. `constant`: modal operators
    already running at the artist's last click; ignored when asking whether the artist uses a placeholder.
    `rests_until`: when all placeholders may be looked at again, on the monotonic clock.
    """

    importer: Importer
    fill: PlaceholderDrawing
    fraction: Callable[[Job], float]
    is_due: bool = True
    is_opened: bool = True
    is_sure: bool = True
    constant: frozenset[str] = frozenset()
    rests_until: float = 0.0

    def update(self, jobs: Mapping[str, Job] | None, *, is_moved: bool, is_moving: bool) -> None:
        """Update the placeholders from the jobs; None: the jobs are not known yet. `is_moved`: a job made progress.

        `is_moving`: jobs of other folders are still on their way, so the check of a file that was opened is not over.
        """
        if jobs is None or time.monotonic() < self.rests_until:
            return
        begun, is_due = time.thread_time(), self.is_due
        if is_due:
            unwanted = self.importer.match_placeholders(jobs, is_opened=self.is_opened)
            if not self.is_sure:
                unwanted = [box for box in unwanted if placeholder.job_id(box) in jobs]
            self.is_due, self.is_opened = not self._remove(unwanted), self.is_opened and is_moving
        if is_due or (is_moved and self.fill.filled):
            self.fill.update(jobs, self.importer.wanted, self.fraction)
        took = time.thread_time() - begun
        if took > LITTLE_SECONDS:
            self.rests_until = time.monotonic() + took / SHARE

    def clicked(self) -> None:
        """Note which tools run at this click: a tool that lets the artist click does not use a placeholder."""
        self.constant, self.rests_until = busy.all_running_tools(bpy.context), 0.0

    def file_opened(self) -> None:
        """Start anew with the placeholders of the file that was just opened."""
        self.fill.clear()
        self.is_due = self.is_opened = True
        self.rests_until = 0.0

    def _remove(self, unwanted: Sequence[bpy.types.Object]) -> bool:
        """Remove these placeholders, but leave those in use for now. Return whether all are gone."""
        tools = busy.all_running_tools(bpy.context)
        is_occupied = bool(busy.occupied_reason(bpy.context, tools))
        layer = bpy.context.view_layer
        in_hand = set(layer.objects.selected) if tools - self.constant and layer is not None else set()
        staying = [box for box in unwanted if is_occupied or box in in_hand]
        for box in unwanted:
            if box not in staying:
                placeholder.remove(box)
        return not staying
