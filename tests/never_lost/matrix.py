"""`docs/fault-matrix.md`: what was seen, written there by the tests themselves, and compared with it in every run.

    TRELLIS_WRITE_MATRIX=1 python3 scripts/test.py --only never_lost

writes it anew. Without the variable a test fails when an outcome differs from the one that stands there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "fault-matrix.md"
WRITES = os.environ.get("TRELLIS_WRITE_MATRIX") == "1"
Rows = Mapping[str, Sequence[str]]


def compare(name: str, header: Sequence[str], rows: Rows, page: Path = PAGE) -> list[str]:
    """How the rows differ from those of the table `name`; with TRELLIS_WRITE_MATRIX=1 they are written there first.

    Rows that were not seen now are not missed: another version of Blender sees them.
    """
    if WRITES:
        _write(name, header, rows, page)
    written = read(name, page)
    return [
        f"{name}: {key}: {list(cells)}, but the page says {written.get(key)}"
        for key, cells in rows.items()
        if list(cells) != written.get(key)
    ]


def tell(name: str, header: Sequence[str], rows: Rows, page: Path = PAGE) -> None:
    """Write a table that is for the reader alone and never compared; only with TRELLIS_WRITE_MATRIX=1."""
    if WRITES:
        _write(name, header, rows, page)


def _section(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)


def read(name: str, page: Path = PAGE) -> dict[str, list[str]]:
    """The rows of the table `name` as they stand on the page."""
    match = _section(name).search(page.read_text(encoding="utf-8"))
    assert match is not None, f"docs/{page.name} has no table {name}"
    lines = [line for line in match[0].splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {row[0]: row[1:] for row in cells}


def _write(name: str, header: Sequence[str], rows: Rows, page: Path) -> None:
    table = [list(header), ["---"] * len(header), *([key, *cells] for key, cells in rows.items())]
    text = "".join(f"| {' | '.join(row)} |\n" for row in table)
    before = page.read_text(encoding="utf-8")
    page.write_text(_section(name).sub(lambda match: match[1] + text + match[2], before), encoding="utf-8")
