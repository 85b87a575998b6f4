# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates ``scripts/bench.py textures``: medians, a table, and the requirement."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Run = Mapping[str, float]

UNPREPARED, OURS = "unprepared", "ours"
MOST_SHARE = 0.4  # of the unprepared display, with what the main thread does more than at rest while Blender decodes
HEAD = (
    "| Blender | textures | unprepared, ms | ours, ms | of it while Blender decodes, ms | ours / unprepared |"
    " from the request to the end, ms | verdict |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass(frozen=True)
class MeasuredTextures:
    """The first displays in one Blender, per way. `pixels`: the textures' side. Runs are those of `texture_runs.py`."""

    blender: str
    pixels: int
    runs: Mapping[str, Sequence[Run]]

    def seconds(self, way: str, *parts: str) -> float:
        """Return the median of the sum of these parts of a run, in seconds."""
        return statistics.median(sum(run[part] for part in parts) for run in self.runs[way])

    @property
    def share(self) -> float:
        """How much CPU ours takes on the main thread, in all, as a share of the unprepared display."""
        return self.seconds(OURS, "decoding", "display") / self.seconds(UNPREPARED, "display")

    @property
    def is_met(self) -> bool:
        """Whether the share is no more than allowed."""
        return self.share <= MOST_SHARE

    def __str__(self) -> str:
        """Return the verdict as one line."""
        result = "PASS" if self.is_met else "FAIL"
        where = f"Blender {self.blender}, two textures of {self.pixels} pixels"
        return f"{result}  {where}: first display {self.share:.2f} of the unprepared one (at most {MOST_SHARE})"


def table(measured: Sequence[MeasuredTextures]) -> str:
    """Return the medians as Markdown."""
    rows = [HEAD]
    for one in measured:
        times = [
            one.seconds(UNPREPARED, "display"),
            one.seconds(OURS, "decoding", "display"),
            one.seconds(OURS, "decoding"),
        ]
        cells = [one.blender, f"two of {one.pixels}", *(f"{seconds * 1000:.0f}" for seconds in times)]
        cells += [f"{one.share:.2f}", f"{one.seconds(OURS, 'elapsed') * 1000:.0f}", "PASS" if one.is_met else "FAIL"]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
