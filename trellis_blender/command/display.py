# SPDX-License-Identifier: GPL-3.0-or-later
"""Show what happens: bars on a terminal, plain lines in a log, or a line of JSON for each event.

What is shown comes from several threads. Everything goes through one lock, so no two lines mix.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from ..core.batch.order import BatchEvent, JobChanged, PictureRefused, Row, Standing
from ..core.job.job import Job, Stage
from ..core.job.words import WORDS, cost_words, fraction, state_sentence

_TOLD = frozenset({Stage.RUNNING, *(Stage.READY, Stage.FAILED, Stage.CANCELLED, Stage.UNCERTAIN, Stage.UNCONFIRMED)})


class Display:
    """Plain lines, one for each step that matters: for a log, and for Blender's terminal."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stages: dict[Path, tuple[Stage, str]] = {}  # of the jobs at work
        self._jobs, self._done = 0, 0
        self.last = ""  # the sentence that was shown last

    def begin(self, jobs: int, done: int) -> None:
        """Begin to show the progress of so many jobs, some of which are done already."""
        self._jobs, self._done = jobs, done

    def heard(self, event: BatchEvent) -> None:
        """Show an event of a batch."""
        with self._lock:
            if isinstance(event, JobChanged):
                self._job(event.row)
            elif isinstance(event, PictureRefused):
                facts = {"picture": str(event.picture), "message": event.sentence}
                self.tell("refused", facts, f"{event.picture.name}: {event.sentence}")
            else:
                self.notice(event.sentence)

    def notice(self, sentence: str) -> None:
        """Show a sentence that belongs to no job."""
        self.last = sentence
        self.tell("notice", {"message": sentence}, sentence)

    def saved(self, file: Path) -> None:
        """Show that a file was made of a model."""
        self.tell("file", {"file": str(file)}, f"Saved {file}")

    def error(self, sentence: str, status: int) -> None:
        """Show why the program ends with that status."""
        with self._lock:
            _write(sys.stderr, sentence)

    def tell(self, event: str, facts: Mapping[str, Any], words: str) -> None:
        """Show what was asked for or has happened: in words, or the same as facts for a program. `event`: its kind."""
        self.say(words)

    def close(self) -> None:
        """Give the terminal back."""

    def say(self, line: str) -> None:
        """Show a line."""
        with self._lock:
            _write(sys.stdout, line)

    def _job(self, row: Row) -> None:
        assert row.job is not None
        now = (row.job.stage, row.job.trouble)
        if self._stages.get(row.folder) == now:
            return
        self._stages[row.folder] = now
        if row.job.is_resting:
            del self._stages[row.folder]
            self._done += 1
        if row.job.stage in _TOLD or row.job.trouble:
            self.say(f"[{self._done}/{self._jobs}] {row.job.name}: {job_words(row.job)}")


def _write(stream: TextIO, line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()


def job_words(job: Job) -> str:
    """Return where the job stands, with its sentence and its cost if it has any."""
    words = WORDS[job.stage]
    if job.stage is Stage.READY and job.cost is not None:
        words = f"{words}, {cost_words(job.cost)}"
    sentence = state_sentence(job)
    return f"{words}. {sentence}" if sentence else words


class JsonLines(Display):
    """A line of JSON for each event, on stdout, and nothing else."""

    def error(self, sentence: str, status: int) -> None:
        """Print the error."""
        self.tell("error", {"message": sentence, "status": int(status)}, sentence)

    def tell(self, event: str, facts: Mapping[str, Any], words: str) -> None:
        """Print the facts."""
        self.say(json.dumps({"event": event, **facts}))  # ASCII: a name may hold bytes that are no text

    def _job(self, row: Row) -> None:
        self.tell("job", row_facts(row), "")


def counts_facts(counts: Mapping[Standing, int]) -> Mapping[str, int]:
    """Return how many jobs of a batch stand how, as a program reads it."""
    return {standing.value.replace(" ", "_"): counts[standing] for standing in Standing}


def row_facts(row: Row) -> Mapping[str, Any]:
    """Return a job of a batch as a program reads it."""
    facts = {
        "picture": str(row.picture),
        "variation": row.variation,
        "folder": str(row.folder),
        "standing": row.standing.value,
    }
    return {**facts, **(job_facts(row.job) if row.job is not None else {"message": row.trouble})}


def job_facts(job: Job) -> Mapping[str, Any]:
    """Return how a job stands, as a program reads it. `progress`: 0 to 1. `cost`: compute units."""
    return {
        "name": job.name,
        "stage": job.stage.value,
        "progress": round(fraction(job), 3),
        "cost": job.cost,
        "job_id": job.remote_id,
        "seed": job.parameters["seed"],
        "message": state_sentence(job),
    }


class Bars(Display):
    """Bars on a terminal, by rich: one for all, and one for each model that is being made."""

    def __init__(self) -> None:
        super().__init__()
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            TimeElapsedColumn(),
            transient=True,
        )
        self._all: Any = None
        self._own: dict[Path, Any] = {}
        self._cost, self._failed = 0.0, 0

    def begin(self, jobs: int, done: int) -> None:
        """Draw the bar of all jobs."""
        super().begin(jobs, done)
        self._all = self._bars.add_task("Models", total=jobs, completed=done, words=f"{done}/{jobs}")
        self._bars.start()

    def close(self) -> None:
        """Remove the bars."""
        self._bars.stop()

    def say(self, line: str) -> None:
        """Print the line above the bars."""
        with self._lock:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _job(self, row: Row) -> None:
        job = row.job
        assert job is not None
        if row.standing is Standing.AT_WORK or not job.is_resting:
            if row.folder not in self._own:
                self._own[row.folder] = self._bars.add_task(job.name, total=1.0, words="")
            words = f"{WORDS[job.stage]}  {job.trouble}".strip()
            self._bars.update(self._own[row.folder], completed=fraction(job), words=words)
            return
        with contextlib.suppress(KeyError):
            self._bars.remove_task(self._own.pop(row.folder))
        self._done += 1
        self._cost += job.cost or 0.0
        self._failed += job.stage is not Stage.READY
        cost = f", {cost_words(round(self._cost, 6))}" if self._cost else ""
        failed = f", {self._failed} not made" if self._failed else ""
        self._bars.update(self._all, completed=self._done, words=f"{self._done}/{self._jobs}{cost}{failed}")
        self.say(f"{job.name}: {job_words(job)}")


def choose(*, as_json: bool, has_bars: bool) -> Display:
    """Return what shows the progress. `has_bars`: bars may be drawn, if this is a terminal and rich is there."""
    if as_json:
        return JsonLines()
    if has_bars and sys.stdout.isatty():
        with contextlib.suppress(ImportError):
            return Bars()
    return Display()
