# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates ``scripts/bench.py import``: medians, tables, ratios to Blender's importer, and the requirements."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Run = Mapping[str, float]

OURS, BLENDERS = "ours", "importer"
NORMALS = {"area": "area-weighted", "none": "none", "corner": "differing per corner"}
MEBI = 1024 * 1024
# The required ratio of the importer's value to ours, for these numbers of faces, by the kind of normals. Without
# normals Blender's importer has little work; with three times the vertices our worker has much.
REQUIRED = {
    "area": {"stall": 15.0, "main": 15.0, "object": 2.0, "peak": 1.0},
    "none": {"stall": 15.0, "main": 15.0, "object": 0.8, "peak": 1.0},
    "corner": {"stall": 15.0, "main": 15.0, "object": 1.25, "peak": 1.0},
}
REQUIRED_FACES = (500_000, 2_000_000)
WORDS = {
    "stall": "longest stall",
    "main": "main thread in all",
    "object": "file to object",
    "peak": "peak memory",
}


@dataclass(frozen=True)
class Measured:
    """The runs of one file in one version of Blender, per way of import: warm runs, and a fresh process's first run.

    `normals` is one of NORMALS. Runs are those of ``import_runs.py``: seconds, and in first runs ``peak`` in bytes.
    """

    blender: str
    faces: int
    pixels: int
    normals: str
    warm: Mapping[str, Sequence[Run]]
    first: Mapping[str, Run]

    def value(self, way: str, name: str) -> float:
        """Return the median of the warm runs, in seconds; for ``peak`` the first run's value, in bytes."""
        if name == "peak":
            return self.first[way]["peak"]
        return statistics.median(run[name] for run in self.warm[way])

    def ratio(self, name: str) -> float:
        """Return the ratio of the importer's value to ours."""
        return self.value(BLENDERS, name) / max(self.value(OURS, name), 1e-9)

    @property
    def title(self) -> str:
        """A title for the file, such as "500k / 2048 / none"."""
        return f"{_thousands(self.faces)} / {self.pixels} / {NORMALS[self.normals]}"


@dataclass(frozen=True)
class Verdict:
    """One requirement with its measurement."""

    name: str
    measured: Measured

    @property
    def is_met(self) -> bool:
        """Whether the ratio meets the requirement."""
        return self.measured.ratio(self.name) >= self.needed

    @property
    def needed(self) -> float:
        """The required ratio."""
        return REQUIRED[self.measured.normals][self.name]

    def __str__(self) -> str:
        """Return the verdict as one line."""
        result = "PASS" if self.is_met else "FAIL"
        found, needed = shown_ratio(self.measured.ratio(self.name)), shown_ratio(self.needed)
        where = f"Blender {self.measured.blender}, {self.measured.title}"
        return f"{result}  {where}: {WORDS[self.name]} {found} of the importer's (required: {needed})"


def judge(measured: Sequence[Measured]) -> list[Verdict]:
    """Return a verdict for each measurement and requirement; none for sizes without requirements."""
    return [Verdict(name, one) for one in measured if one.faces in REQUIRED_FACES for name in WORDS]


def table(measured: Sequence[Measured]) -> str:
    """Return the ratios, then the absolute values of each version, as Markdown."""
    parts = [_ratios(measured)]
    for version in dict.fromkeys(one.blender for one in measured):
        rows = [row for one in measured if one.blender == version for row in _absolute(one)]
        head = ["faces / texture / normals", "way", "file to object", "longest stall (first)", "main thread in all"]
        head += ["longest wait while reading", "peak memory, MB", "decoding the textures", "undo step"]
        parts.append(f"### Blender {version}, ms\n\n{_markdown(head, rows)}")
    return "\n\n".join(parts)


def shown_ratio(ratio: float) -> str:
    """Return our value as a fraction of the importer's: "1/20" for 20, "1/2.5" for 2.5, "1.25" for 0.8."""
    if ratio <= 1:
        return f"{1 / max(ratio, 1e-9):.2f}".removesuffix(".00")
    # Rounded down, so that the table never claims too much.
    return f"1/{math.floor(ratio)}" if ratio >= 10 else f"1/{math.floor(ratio * 10) / 10:g}"


def _thousands(faces: int) -> str:
    return f"{faces / 1e6:g}M" if faces >= 1_000_000 else f"{faces / 1000:g}k"


def _ratios(measured: Sequence[Measured]) -> str:
    rows = []
    for one in measured:
        verdicts = judge([one])
        result = "" if not verdicts else "PASS" if all(verdict.is_met for verdict in verdicts) else "FAIL"
        rows.append([one.blender, one.title, *(shown_ratio(one.ratio(name)) for name in WORDS), result])
    sizes = ", ".join(map(_thousands, REQUIRED_FACES))
    needed = [
        ["required", f"{sizes} / {NORMALS[kind]}", *(shown_ratio(ratios[name]) for name in WORDS), ""]
        for kind, ratios in REQUIRED.items()
    ]
    head = ["Blender", "faces / texture / normals", *WORDS.values(), "verdict"]
    return f"### Ours as a part of the importer's\n\n{_markdown(head, [*rows, *needed])}"


def _absolute(one: Measured) -> list[list[str]]:
    rows = []
    for way, words in ((BLENDERS, "Blender's importer"), (OURS, "ours")):
        cells = [_ms(one.value(way, name)) for name in ("object", "stall", "main", "wait")]
        cells[1] += f" ({_ms(one.first[way]['stall'])})"
        if way == BLENDERS:
            cells[3] = "-"  # it has no worker
        rest = [f"{one.value(way, 'peak') / MEBI:.0f}", _ms(one.value(way, "decode")), _ms(one.value(way, "undo"))]
        rows.append([one.title, words, *cells, *rest])
    return rows


def _ms(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f}" if milliseconds >= 10 else f"{milliseconds:.1f}"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |".replace("  ", " ") for cells in lines)
