# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates ``scripts/bench.py startup``: medians, a table, and the requirements."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Run = Mapping[str, float]

EMPTY, OURS, HISTORY, AT_ONCE = "empty", "ours", "history", "at once"
WAYS = (EMPTY, OURS, HISTORY, AT_ONCE)
MOST_SECONDS = 0.015  # that enabling may take more than enabling an empty add-on
STAGES = ("enabled", "drawn", "session", "clicked")
WORDS = {OURS: "no jobs", HISTORY: "1,000 jobs", AT_ONCE: "no jobs, everything imported at once"}
HEAD = (
    "| Blender | history | enabling, more than an empty add-on | first draw | session starts | first click"
    " | draw and click | all |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass(frozen=True)
class MeasuredStart:
    """The starts of one version of Blender, per way. Runs are those of ``startup_runs.py``: CPU seconds."""

    blender: str
    runs: Mapping[str, Sequence[Run]]

    def seconds(self, way: str, *stages: str) -> float:
        """Return the median of the sum of these stages, in seconds."""
        return statistics.median(sum(run[stage] for stage in stages) for run in self.runs[way])

    def more(self, way: str) -> float:
        """Return how many seconds enabling takes more than enabling an empty add-on."""
        return self.seconds(way, "enabled") - self.seconds(EMPTY, "enabled")


@dataclass(frozen=True)
class StartVerdict:
    """One requirement: the measured and the allowed seconds."""

    name: str
    found: float
    allowed: float

    @property
    def is_met(self) -> bool:
        """Whether the measured seconds are no more than allowed."""
        return self.found <= self.allowed

    def __str__(self) -> str:
        """Return the verdict as one line."""
        result = "PASS" if self.is_met else "FAIL"
        return f"{result}  {self.name}: {_ms(self.found)} ms (at most {_ms(self.allowed)})"


def judge(measured: Sequence[MeasuredStart]) -> list[StartVerdict]:
    """Return a verdict for each requirement."""
    verdicts = []
    for one in measured:
        for way in (OURS, HISTORY):
            where = f"Blender {one.blender}, {WORDS[way]}"
            verdicts.append(StartVerdict(f"{where}: enabling, more than an empty add-on", one.more(way), MOST_SECONDS))
        name = f"Blender {one.blender}: from enabling to the first click"
        verdicts.append(StartVerdict(name, one.seconds(OURS, *STAGES), one.seconds(AT_ONCE, *STAGES)))
    return verdicts


def table(measured: Sequence[MeasuredStart]) -> str:
    """Return the medians as Markdown, in milliseconds."""
    rows = [HEAD]
    for one in measured:
        for way, words in WORDS.items():
            stages = [_ms(one.seconds(way, stage)) for stage in ("drawn", "session", "clicked")]
            both = _ms(one.seconds(way, "drawn", "clicked"))
            everything = _ms(one.seconds(way, *STAGES))
            cells = [one.blender, words, _ms(one.more(way)), *stages, both, everything]
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"
