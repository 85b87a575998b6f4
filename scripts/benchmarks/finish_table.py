# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates ``scripts/bench.py finish`` and ``align``: medians, a table, and the requirements."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Run = Mapping[str, float]

MOST_ALIGN, MOST_OF_IMPORT = 3.0, 1.5  # seconds for half a million faces; of what Blender's importer takes beside it
MOST_CHECK = 1.0  # seconds of one worker, for half a million faces
HEAD = (
    "| Blender | faces | model | check, s of one worker | stall of an import, ms | stalls of Make Solid, ms |"
    " Make Solid in the background, s | verdict |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
)
ALIGN_HEAD = (
    "| Blender | faces | Align, s | Blender's import, s | of an import's | overlap, % | verdict |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass(frozen=True)
class MeasuredFinish:
    """The runs with one kind of model in one Blender, those of `finish_runs.py`."""

    blender: str
    faces: int
    kind: str
    runs: Sequence[Run]

    def seconds(self, part: str) -> float:
        """Return the median of a part of a run, in seconds."""
        return statistics.median(run[part] for run in self.runs)

    @property
    def is_met(self) -> bool:
        """Whether the check takes at most a second, and Make Solid keeps the main thread no longer than an import."""
        longest = max(self.seconds("take"), self.seconds("arrive"))
        return self.seconds("check") <= MOST_CHECK and longest <= self.seconds("import")

    def __str__(self) -> str:
        """Return the verdict as one line."""
        stalls = max(self.seconds("take"), self.seconds("arrive")) / self.seconds("import")
        return (
            f"{'PASS' if self.is_met else 'FAIL'}  Blender {self.blender}, {self.faces:,} faces, {self.kind}:"
            f" check {self.seconds('check'):.2f} s (at most {MOST_CHECK:g}),"
            f" longest stall {stalls:.2f} of an import's (at most 1)"
        )


@dataclass(frozen=True)
class MeasuredAlign:
    """The runs in one Blender, those of `finish_runs.align`."""

    blender: str
    faces: int
    runs: Sequence[Run]

    def median(self, name: str) -> float:
        """Return the median of a number of the runs."""
        return statistics.median(run[name] for run in self.runs)

    @property
    def is_met(self) -> bool:
        """Whether it takes no longer than required, on the clock and beside Blender's own importer."""
        return self.median("align") <= min(MOST_ALIGN, MOST_OF_IMPORT * self.median("import"))

    def __str__(self) -> str:
        """Return the row of the table."""
        seconds, theirs = self.median("align"), self.median("import")
        return (
            f"| {self.blender} | {self.faces:,} | {seconds:.2f} | {theirs:.2f} | {seconds / theirs:.2f}"
            f" | {100 * self.median('overlap'):.0f} | {'PASS' if self.is_met else 'FAIL'} |"
        )


def table(measured: Sequence[MeasuredFinish]) -> str:
    """Return the medians as Markdown."""
    rows = [HEAD]
    for one in measured:
        verdict = "PASS" if one.is_met else "FAIL"
        stalls = ", ".join(f"{one.seconds(part) * 1000:.0f}" for part in ("take", "arrive"))
        rows.append(
            f"| {one.blender} | {one.faces:,} | {one.kind} | {one.seconds('check'):.2f}"
            f" | {one.seconds('import') * 1000:.0f} | {stalls} | {one.seconds('solid'):.1f} | {verdict} |"
        )
    return "\n".join(rows)
