# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a batch as a table, for any spreadsheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from .plan import Plan

CSV_FILE, SHEET_FILE = "report.csv", "contact sheet.png"
COLUMNS = ("number", "file", "variation", "state", "cost_cu", "seconds", "reason", "job")


def table(plan: Plan) -> bytes:
    """Return the report as CSV (RFC 4180), with the mark by which Excel knows UTF-8. One line per model."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, (item, place, outcome) in enumerate(plan.outcomes(), 1):
        cost, seconds = f"{outcome.cost:.10g}", f"{outcome.seconds:.0f}"
        file = str(Path(item.picture))
        writer.writerow((number, file, place + 1, outcome.state, cost, seconds, outcome.reason, item.ids[place]))
    return text.getvalue().encode("utf-8-sig", "backslashreplace")
