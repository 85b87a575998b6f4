# SPDX-License-Identifier: GPL-3.0-or-later
"""The boxes that stand in the file, kept in line with the jobs: which models they wait for, and how full they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import bpy

from ..core.job.job import Job
from ..host import busy
from ..scene import placeholder
from ..scene.placeholder_drawing import PlaceholderDrawing
from .importing import Importer


@dataclass
class Placeholders:
    """`is_due`: something happened to the jobs or to the file since the boxes were looked at. `is_opened`: the boxes of
    this file were not looked at yet. `is_sure`: all jobs could be read, and so a box of none of them is one too many.
    `constant` are the tools that ran at the artist's last click: they always run.
    """

    importer: Importer
    fill: PlaceholderDrawing
    fraction: Callable[[Job], float]
    is_due: bool = True
    is_opened: bool = True
    is_sure: bool = True
    constant: frozenset[str] = frozenset()

    def show(self, jobs: Mapping[str, Job] | None, *, is_moved: bool) -> None:
        """Bring them in line with the jobs, None: those are not known yet. `is_moved`: a job has got on."""
        if jobs is None:
            return
        is_due = self.is_due
        if is_due:
            unwanted = self.importer.match_placeholders(jobs, is_opened=self.is_opened)
            if not self.is_sure:
                unwanted = [box for box in unwanted if placeholder.job_id(box) in jobs]
            self.is_due, self.is_opened = not self._remove(unwanted), False
        if is_due or (is_moved and self.fill.filled):
            self.fill.show(jobs, self.importer.wanted, self.fraction)

    def clicked(self) -> None:
        """The artist has clicked at this moment, which no other tool leaves free to do."""
        self.constant = busy.all_running_tools(bpy.context)

    def file_opened(self) -> None:
        """They are another file's."""
        self.fill.clear()
        self.is_due = self.is_opened = True

    def _remove(self, unwanted: Sequence[bpy.types.Object]) -> bool:
        """Take the boxes away; whether all are gone. What Blender or the artist is busy with stays for the moment."""
        tools = busy.all_running_tools(bpy.context)
        is_occupied = bool(busy.occupied_reason(bpy.context, tools))
        layer = bpy.context.view_layer
        in_hand = set(layer.objects.selected) if tools - self.constant and layer is not None else set()
        staying = [box for box in unwanted if is_occupied or box in in_hand]
        for box in unwanted:
            if box not in staying:
                placeholder.remove(box)
        return not staying
