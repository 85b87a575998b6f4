# SPDX-License-Identifier: GPL-3.0-or-later
"""The report at the end of a batch: a table, a contact sheet beside it, and a text in Blender's Text Editor."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...core.batch.plan import CSV_FILE, MADE, NOT_SENT, SHEET_FILE, Plan, PlanFile, table
from ...core.errors import Text, TrellisError, explained
from ...core.files import write_whole
from ...core.job.folder import MODEL_FILE, THUMBNAIL_FILE
from ...core.job.job import Stage
from ...core.job.words import WORDS, cost_words, duration
from ...host import busy
from ...host.translation import translated

if TYPE_CHECKING:
    from ...host.background.preview_client import PreviewClient

ENDS = {MADE: "Made", NOT_SENT: "Not Sent"}
_log = logging.getLogger(__name__)


class Report:
    """A report under way. A thread writes the files; the main thread makes the text once Blender is free.

    `text`: the name of the text in this file. `trouble`: why a file could not be written.
    """

    def __init__(
        self, plan: Plan, file: PlanFile, root: Path, client: PreviewClient, tell: Callable[[str], None]
    ) -> None:
        self.plan, self.folder = plan, file.folder
        self.text, self.trouble, self.is_shown = "", "", False
        self._file, self._root, self._client, self._tell = file, root, client, tell
        self._stopping, self._is_written = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True, name="trellis-report")
        self._thread.start()

    def step(self) -> bool:
        """Make the text once all files are written and Blender is free. Return whether that happened now."""
        if self.is_shown or not self._is_written.is_set() or busy.busy_reason(bpy.context):
            return False
        self.is_shown = True
        self.write_text()
        bpy.ops.ed.undo_push(message=translated(Text("Report of {name}", name=self.plan.name)))
        self._tell(summary(self.plan))
        return True

    def write_text(self) -> bpy.types.Text:
        """Make the text in this file, and return it."""
        text = bpy.data.texts.new(translated(Text("Batch {name}", name=self.plan.name)))
        text.write("\n".join(lines(self.plan)) + "\n")
        text.cursor_set(0)
        self.text = text.name
        return text

    def stop(self) -> None:
        """Write no more. The next start of Blender writes the report."""
        self._stopping.set()

    def _write(self) -> None:
        try:
            write_whole(self.folder / CSV_FILE, table(self.plan))
            tiles = list(self._tiles())
            if tiles and not self._stopping.is_set():
                self._client.make_contact_sheet(tiles, self.folder / SHEET_FILE)
            if not self._stopping.is_set():
                self._file.finish()
        except Exception as error:  # noqa: BLE001 - the panel says so
            self.trouble = explained(error, "write the report").sentence
        if not self._stopping.is_set():
            self._is_written.set()

    def _tiles(self) -> Iterator[tuple[Path | None, str]]:
        """Yield each model's thumbnail, None if there is none, with what is written below it."""
        for number, (item, place, outcome) in enumerate(self.plan.outcomes(), 1):
            if self._stopping.is_set():
                return
            folder = self._root / item.ids[place]
            if outcome.is_model and not (folder / THUMBNAIL_FILE).exists():
                try:
                    self._client.make_thumbnail(folder / MODEL_FILE)
                except (TrellisError, OSError) as error:
                    _log.info("no thumbnail of %s: %s", item.ids[place], error)
            thumbnail = folder / THUMBNAIL_FILE
            is_there = outcome.is_model and thumbnail.exists()
            yield (thumbnail if is_there else None), f"{number} {Path(item.picture).stem}"


def summary(plan: Plan) -> str:
    """Return one sentence about the whole batch."""
    outcomes = [outcome for _, _, outcome in plan.outcomes()]
    models, cost = sum(outcome.is_model for outcome in outcomes), sum(outcome.cost for outcome in outcomes)
    return Text(
        "Batch “{name}”: {models} of {count} models, {cost}",
        name=plan.name,
        models=models,
        count=len(outcomes),
        cost=cost_words(cost),
    )


def lines(plan: Plan) -> Iterator[str]:
    """Yield the report's lines, translated: the whole, what has no model and why, then every file."""
    outcomes = list(plan.outcomes())
    yield translated(summary(plan))
    if plan.ended is not None:
        yield translated(Text("Time: {time}", time=translated(duration(plan.ended - plan.created))))
    yield translated("Table and contact sheet: press Open Batch Folder")  # no path: the text goes into the .blend
    reasons = Counter(outcome.reason for _, _, outcome in outcomes if outcome.reason)
    if reasons:
        yield ""
        yield translated("Failures")
        yield from (f"{count} × {translated(reason)}" for reason, count in reasons.items())
    yield ""
    for number, (item, place, outcome) in enumerate(outcomes, 1):
        name = Path(item.picture).name + (f" {place + 1}/{len(item.ids)}" if len(item.ids) > 1 else "")
        state = translated(ENDS.get(outcome.state) or WORDS[Stage(outcome.state)])
        parts = [f"{number:>5}", name, state]
        parts += [translated(cost_words(outcome.cost))] if outcome.cost else []
        parts += [translated(duration(outcome.seconds))] if outcome.is_model else []
        parts += [translated(outcome.reason)] if outcome.reason else []
        yield "  ".join(parts)
