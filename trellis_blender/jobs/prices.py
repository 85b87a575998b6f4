# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices by parameters: draw functions look them up; a worker asks for them once the artist stops changing values."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..core.job.job import Job
from ..core.request.account import Account
from ..core.request.parameters import TABLE, Value
from ..core.runner.messages import PriceReady
from ..core.runner.questions import ask
from ..core.runner.runner import Runner

# All parameters but the seed, in the table's order, as Blender's properties hold them.
Key = tuple[Value | str, ...]
Question = tuple[Account, Key]

REST_SECONDS = 0.5
FAILED_SECONDS = 60.0


@dataclass
class Prices:
    """The known prices, in compute units, and the one open question.

    `wanted`: the question to ask next, at the monotonic time `due`. `asked`: the question that awaits its answer, the
    `number`-th so far. `failed`: when a question got no answer. `pictures`: per account, a picture's ID that got one.
    """

    runner: Runner
    root: Path
    tell: Callable[[str], None]
    costs: dict[Question, float] = field(default_factory=dict)
    failed: dict[Question, float] = field(default_factory=dict)
    pictures: dict[Account, str] = field(default_factory=dict)
    wanted: Question | None = None
    asked: Question | None = None
    due: float = 0.0
    number: int = 0
    is_over: bool = False

    @property
    def is_busy(self) -> bool:
        """Whether there is anything to wait for."""
        return self.wanted is not None or self.asked is not None

    def want(self, question: Question) -> bool:
        """Ask this once no other question was wanted for a while. Return whether it is asked, or will be.

        A question without an answer is not repeated for a minute. A question with a NaN never equals itself, so we
        would ask it at every redraw.
        """
        now = time.monotonic()
        if any(isinstance(value, float) and math.isnan(value) for value in question[1]):
            return False
        if self.is_over or now - self.failed.get(question, -FAILED_SECONDS) < FAILED_SECONDS:
            return False
        if question not in (self.wanted, self.asked):
            self.wanted, self.due = question, now + REST_SECONDS
        return True

    def step(self, account: Account | None, jobs: dict[str, Job] | None) -> None:
        """Ask the wanted question if it is due. `jobs`, oldest first, lend a picture; None: they are not known yet."""
        if jobs is None or self.wanted is None or self.asked is not None or time.monotonic() < self.due:
            return
        question, self.wanted = self.wanted, None
        asked, key = question
        if self.is_over or account != asked:  # the account changed, or Blender is offline now
            return
        self.asked = question
        self.number += 1
        picture = next((job.asset_id for job in reversed(jobs.values()) if job.asset_id), "")
        known = (self.pictures.get(asked, ""), picture)
        parameters = {
            parameter.name: int(value or 0) if isinstance(value, str) else value
            for parameter, value in zip(TABLE, key, strict=True)
        }
        place = f"{asked.address} {asked.project}".strip()
        call = partial(ask, number=self.number, parameters=parameters, place=place, known=known, root=self.root)
        self.runner.ask(asked, call)

    def receive(self, answer: PriceReady) -> None:
        """Take an answer."""
        self.is_over = self.is_over or answer.is_last
        if answer.notice:
            self.tell(answer.notice)
        if answer.number != self.number or self.asked is None:
            return
        question, self.asked = self.asked, None
        if answer.asset_id:
            self.pictures[question[0]] = answer.asset_id
        if answer.cost is None:
            self.failed[question] = time.monotonic()
        else:
            self.costs[question] = answer.cost
