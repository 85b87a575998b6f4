# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates ``scripts/bench.py finish`` and ``align``: medians, tables, and the requirements."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Run = Mapping[str, float]

MOST_ALIGN = 3.0  # seconds for half a million faces
MOST_CHECK = 1.0  # seconds of one worker, for half a million faces
LABELS = {
    "solid": "Make Solid",
    "print": "Print Ready",
    "game_ready": "Game Ready",
    "export": "Export",
    "light": "Material Sanity",
}
CHECKED = "solid"  # the check is the same in all of them
CHECK_HEAD = "| Blender | faces | model | check, s of one worker | verdict |\n| --- | --- | --- | --- | --- |"
HEAD = (
    "| Blender | step | model | stall of an import, ms | at its begin, ms | at its end, ms | longest, of an import's |"
    " in the background, s | verdict |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)
ALIGN_HEAD = (
    "| Blender | faces | Align, s | Blender's import, s | of an import's | overlap, % | verdict |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass(frozen=True)
class MeasuredFinish:
    """The runs of one step with one kind of model in one Blender, those of `finish_runs.py`."""

    blender: str
    faces: int
    step: str
    kind: str
    runs: Sequence[Run]

    def seconds(self, part: str) -> float:
        """Return the median of a part of a run, in seconds."""
        return statistics.median(run[part] for run in self.runs)

    @property
    def stall(self) -> float:
        """The longest stall of the main thread, as a part of an import's in the same run."""
        return statistics.median(max(run["begin"], run["end"]) / run["import"] for run in self.runs)

    @property
    def is_checked(self) -> bool:
        """Whether the check takes at most a second."""
        return self.seconds("check") <= MOST_CHECK

    @property
    def is_met(self) -> bool:
        """Whether check and stall are what is required."""
        return self.is_checked and self.stall <= 1

    def __str__(self) -> str:
        """Return the verdict as one line."""
        return (
            f"{_verdict(is_met=self.is_met)}  Blender {self.blender}, {self.faces:,} faces, {LABELS[self.step]},"
            f" {self.kind}: check {self.seconds('check'):.2f} s (at most {MOST_CHECK:g}),"
            f" longest stall {self.stall:.2f} of an import's (at most 1)"
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
        """Whether it takes no longer than required."""
        return self.median("align") <= MOST_ALIGN

    def __str__(self) -> str:
        """Return the row of the table."""
        seconds, theirs = self.median("align"), self.median("import")
        return (
            f"| {self.blender} | {self.faces:,} | {seconds:.2f} | {theirs:.2f} | {seconds / theirs:.2f}"
            f" | {100 * self.median('overlap'):.0f} | {'PASS' if self.is_met else 'FAIL'} |"
        )


def table(measured: Sequence[MeasuredFinish]) -> str:
    """Return the medians as Markdown: of the check, then of the steps."""
    checks = [
        f"| {one.blender} | {one.faces:,} | {one.kind} | {one.seconds('check'):.2f}"
        f" | {_verdict(is_met=one.is_checked)} |"
        for one in measured
        if one.step == CHECKED
    ]
    steps = [
        f"| {one.blender} | {LABELS[one.step]} | {one.kind} | {one.seconds('import') * 1000:.0f}"
        f" | {one.seconds('begin') * 1000:.0f} | {one.seconds('end') * 1000:.0f} | {one.stall:.2f}"
        f" | {one.seconds('step'):.1f} | {_verdict(is_met=one.stall <= 1)} |"
        for one in measured
    ]
    return "\n".join([CHECK_HEAD, *checks, "", HEAD, *steps])


def _verdict(*, is_met: bool) -> str:
    return "PASS" if is_met else "FAIL"
