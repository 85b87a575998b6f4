# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates the runs of ``game_runs.py``: a table, and the requirements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LARGE = 400_000  # faces from which on times are required, which are about half a million
MOST_SECONDS, MOST_BY_HAND = 90.0, 1.2
MOST_DIFFERENCE = {"PROP": 4.0, "HERO": 1.5}  # of 255
HEAD = (
    "| Blender | model | faces | preset | Game Ready, s | by hand, s | stall of an import, ms | its stalls, ms |"
    " difference, of 255 | outlines, % | verdict |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass(frozen=True)
class MeasuredGame:
    """One run in one Blender, as `game_runs.py` describes it."""

    blender: str
    run: Mapping[str, Any]

    @property
    def is_met(self) -> bool:
        """Whether it looks like the model and, if that is large, takes no longer and stalls no longer than required."""
        run = self.run
        is_alike = bool(run["difference"] < MOST_DIFFERENCE.get(run["preset"], 255.0))
        if run["faces"] < LARGE:
            return is_alike
        is_quick = run["preset"] != "PROP" or run["step"] <= MOST_SECONDS
        is_quick = is_quick and run["step"] <= MOST_BY_HAND * run["by_hand"]
        return bool(is_alike and is_quick and max(run["begin"], run["end"]) <= run["import"])

    def __str__(self) -> str:
        """Return the verdict as one line."""
        run = self.run
        by_hand = f", by hand {run['by_hand']:.1f} s" if "by_hand" in run else ""
        return (
            f"{'PASS' if self.is_met else 'FAIL'}  Blender {self.blender}, {run['model']}, {run['preset'].title()}:"
            f" Game Ready {run['step']:.1f} s{by_hand},"
            f" longest stall {max(run['begin'], run['end']) / run['import']:.2f} of an import's,"
            f" difference {run['difference']:.2f} of 255, outlines {100 * run['overlap']:.1f} %"
        )


def table(measured: Sequence[MeasuredGame]) -> str:
    """Return the runs as Markdown."""
    rows = [HEAD]
    for one in measured:
        run = one.run
        stalls = ", ".join(f"{run[name] * 1000:.0f}" for name in ("begin", "end"))
        by_hand = f"{run['by_hand']:.1f}" if "by_hand" in run else ""
        rows.append(
            f"| {one.blender} | {run['model']} | {run['faces']:,} | {run['preset'].title()} | {run['step']:.1f}"
            f" | {by_hand} | {run['import'] * 1000:.0f} | {stalls} | {run['difference']:.2f}"
            f" | {100 * run['overlap']:.1f} | {'PASS' if one.is_met else 'FAIL'} |"
        )
    return "\n".join(rows)
