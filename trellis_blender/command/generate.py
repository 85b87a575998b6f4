# SPDX-License-Identifier: GPL-3.0-or-later
"""Make models of pictures: say what it costs, ask, run the batch, and bring what is paid whatever happens.

The first Ctrl+C lets the batch submit nothing more and bring what is paid for. The second one ends the process at once,
which is always safe: `resume` goes on from the folders.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..core.batch.batch import Batch
from ..core.batch.order import (
    BatchDiffersError,
    BatchError,
    BatchEvent,
    BatchResult,
    End,
    JobChanged,
    NoBatchError,
    Order,
    Row,
    Standing,
)
from ..core.errors import Remedy, StorageError, TrellisError
from ..core.job.job import Stage
from ..core.job.spending import charged
from ..core.job.words import cost_words
from ..core.picture.file import ChosenPicture, PreparedPicture
from ..core.request.account import Account
from ..core.request.models import TRELLIS_2
from ..core.request.parameters import Value
from ..core.runner.questions import ask
from ..core.runner.runner import to_scenario
from ..core.runner.steps import StepTools
from .blend_client import ModelFiles, Wanted
from .display import Display
from .home import Home
from .parser import ExitStatus, WrongUseError, values
from .pictures import FoundPictures, output_folder

UNPAID = "Nothing was sent. Answer the price with --yes, or with --max-cost CU."
DECLINED = "Nothing was sent."
STOPPING = "Stopping: nothing more is submitted, and what is paid for is brought. Ctrl+C again leaves at once."
LEFT = "Left at once. What is paid for is not lost: {prog} resume “{folder}” brings it."
NO_PRICE = "Scenario does not say the price, so --max-cost cannot be kept. Try again later, or pay without it: --yes."
_END_STATUS = {
    End.MOST_COST: ExitStatus.MAX_COST,
    End.REFUSED: ExitStatus.REFUSED,
    End.STORAGE: ExitStatus.FAILED,
    End.STOPPED: ExitStatus.FAILED,
}
_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")


def generate(options: argparse.Namespace, home: Home, display: Display) -> ExitStatus:
    """Make a model of each picture. Raises WrongUseError or TrellisError before anything is begun."""
    wished = TRELLIS_2.complete(values(options), 0)
    parameters = {name: value for name, value in wished.items() if name != "seed"}
    folder = Path(options.output) if options.output else output_folder(options.pictures[0])
    pictures = FoundPictures(options.pictures)
    try:
        account = home.account()
        order = Order(
            parameters=parameters,
            seed=options.seed,
            variations=options.variations,
            ignores_alpha=options.ignore_alpha,
            concurrency=options.concurrency,
            most_cost=options.max_cost,
            price=price(home, account, parameters),
        )
        known = _known_batch(folder, pictures, order)
        models = len(pictures) * order.variations
        # What has failed is tried again by `resume` only.
        to_pay = models if known is None else known.state().counts.get(Standing.NOT_SENT, 0)
        files = None if options.price_only else _files(options, home, display)
        if not _is_agreed(display, options, order.price, to_pay, pictures=len(pictures), models=models, folder=folder):
            return ExitStatus.DONE
        batch = known if known is not None else _created(folder, pictures, order)
    finally:
        pictures.close()
    batch.set_limits(concurrency=options.concurrency, most_cost=_limit(options.max_cost), price=order.price)
    return _run(batch, account, home, display, files, options.slice)


def resume(options: argparse.Namespace, home: Home, display: Display) -> ExitStatus:
    """Go on with a folder, and try again what failed. Raises WrongUseError or TrellisError before anything is begun."""
    batch = _opened(Path(options.folder))
    account = home.account()
    order = batch.order
    cost = price(home, account, order.parameters)
    state = batch.state()
    uncertain = 0 if options.submit_again else state.counts.get(Standing.UNCERTAIN, 0)
    files = _files(options, home, display)
    is_agreed = _is_agreed(
        display,
        options,
        cost,
        max(0, state.to_pay - uncertain),
        pictures=batch.count,
        models=state.jobs,
        folder=batch.folder,
    )
    assert is_agreed, "only --price-only leaves it"
    if options.max_cost is not None or cost is not None or options.concurrency is not None:
        most_cost = options.max_cost if options.max_cost is not None else _limit(None)
        batch.set_limits(concurrency=options.concurrency, most_cost=most_cost, price=cost)
    if options.submit_again:
        batch.submit_again()
    else:
        batch.retry_failed()
    return _run(batch, account, home, display, files, options.slice)


def _limit(most_cost: float | None) -> float:
    """Return the limit as the batch keeps it: what the user says now replaces what they said before."""
    return float("inf") if most_cost is None else most_cost


def price(home: Home, account: Account, parameters: Mapping[str, Value]) -> float | None:
    """Return what one model costs in compute units, None if Scenario does not say. Raises TrellisError."""
    root = home.jobs_root()
    connector = to_scenario(home.agent)
    tools = StepTools(connector.connect(account), lambda _seconds: True, lambda _fraction: None)
    place = f"{account.address} {account.project}".strip()
    with suppress(OSError):  # it only remembers the price's picture
        root.mkdir(parents=True, exist_ok=True)
    answer = ask(tools, 1, TRELLIS_2.complete(parameters, 0), place, (), root)
    if answer.trouble is not None:
        raise TrellisError(answer.trouble.sentence, remedy=answer.trouble.remedy)
    if answer.notice:
        raise TrellisError(answer.notice, remedy=Remedy.SCENARIO)
    return answer.cost


def _opened(folder: Path) -> Batch:
    """Return the batch in the folder. Raises WrongUseError."""
    try:
        return Batch.open(folder)
    except NoBatchError as error:
        raise WrongUseError(error.sentence) from error


def _known_batch(folder: Path, pictures: FoundPictures, order: Order) -> Batch | None:
    """Return the batch that the folder holds already, None if it holds none. Raises WrongUseError if it is another."""
    try:
        Batch.open(folder)
    except NoBatchError as error:
        if (folder / "batch.json").exists():
            raise WrongUseError(error.sentence) from error
        return None
    try:
        return Batch.create(folder, pictures, order)
    except BatchDiffersError as error:
        raise WrongUseError(error.sentence) from error


def _created(folder: Path, pictures: FoundPictures, order: Order) -> Batch:
    try:
        return Batch.create(folder, pictures, order)
    except (BatchError, StorageError) as error:
        raise WrongUseError(error.sentence) from error


def _files(options: argparse.Namespace, home: Home, display: Display) -> ModelFiles | None:
    """Return what makes the files that need Blender, None if none is wanted. Raises WrongUseError if there is none."""
    wanted = Wanted(options.format != "glb", options.thumbnails, options.size)
    return ModelFiles(partial(home.launch, options.blender or ""), wanted, display.saved) if wanted.is_any() else None


# -- the price


def _is_agreed(
    display: Display,
    options: argparse.Namespace,
    cost: float | None,
    to_pay: int,
    *,
    pictures: int,
    models: int,
    folder: Path,
) -> bool:
    """Say what it costs, and ask. Return False if the user wants only to know. Raises WrongUseError on a no."""
    total = None if cost is None else cost * to_pay
    facts = {"pictures": pictures, "models": models, "to_pay": to_pay, "price": cost, "total": total}
    display.plan({**facts, "folder": str(folder)}, plan_words(pictures, models, to_pay, cost, folder))
    if getattr(options, "price_only", False):
        return False
    if options.max_cost is not None and cost is None and to_pay:
        raise TrellisError(NO_PRICE)
    if not to_pay or options.yes or options.max_cost is not None:
        return True
    if options.json or not (sys.stdin is not None and sys.stdin.isatty()):
        raise WrongUseError(UNPAID)
    if not _asked("Go on? [y/N] "):
        raise WrongUseError(DECLINED)
    return True


def _asked(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def plan_words(pictures: int, models: int, to_pay: int, cost: float | None, folder: Path) -> str:
    """Return what is going to be done and what it costs, in a sentence or two."""
    what = f"{_count(pictures, 'picture')}, {_count(models, 'model')}, in “{folder}”."
    done = f" {_count(models - to_pay, 'model')} of them paid for already." if to_pay < models else ""
    if not to_pay:
        return f"{what}{done} Nothing more to pay."
    if cost is None:
        return f"{what}{done} Scenario does not say the price of the {_count(to_pay, 'model')}."
    return f"{what}{done} Price: {to_pay:,} x {cost_words(cost)} = {cost_words(round(cost * to_pay, 6))}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


# -- the run


def _run(
    batch: Batch, account: Account, home: Home, display: Display, files: ModelFiles | None, only: range | None
) -> ExitStatus:
    """Run the batch, or these pictures of it, until it ends or is stopped. Return the exit status."""
    stop = threading.Event()
    before = batch.state()
    display.begin(before.jobs, before.counts.get(Standing.DONE, 0))

    def leave() -> None:
        display.close()
        display.notice(LEFT.format(prog=home.prog, folder=batch.folder))
        sys.stdout.flush()
        os._exit(ExitStatus.INTERRUPTED)  # nothing is waited for: every step is on disk before the next

    try:
        with _two_signals(stop, lambda: display.notice(STOPPING), leave):
            run = partial(batch.run, account, home.agent, stop=stop, only=only)
            result = _driven(run, home, display, files, ignores_alpha=batch.order.ignores_alpha)
            if files is not None:
                for row in _rows(batch, only):
                    if row.standing is Standing.DONE:
                        files.add(row.folder)
                files.finish()
    finally:
        display.close()
        home.end()
    outcome = _Outcome(result, dict.fromkeys(Standing, 0), files.trouble if files is not None else [])
    for row in _rows(batch, only):
        outcome.counts[row.standing] += 1
        outcome.cost += charged(row.job) if row.job is not None else 0.0
    return _told(outcome, batch.folder, home.prog, display, is_interrupted=stop.is_set())


def _rows(batch: Batch, only: range | None) -> Iterator[Row]:
    """Yield the batch's jobs, or those of these pictures."""
    return (row for row in batch.rows() if only is None or row.index in only)


def _driven(
    run: Callable[..., BatchResult], home: Home, display: Display, files: ModelFiles | None, *, ignores_alpha: bool
) -> BatchResult:
    """Run the batch on a thread of its own, so that this one hears signals on every system. Returns how it ended."""
    ended: list[BatchResult | Exception] = []

    def prepare(path: Path) -> PreparedPicture:
        return home.prepare(ChosenPicture(path.name, file=path, ignores_alpha=ignores_alpha))

    def heard(event: BatchEvent) -> None:
        display.heard(event)
        job = event.row.job if isinstance(event, JobChanged) else None
        if files is not None and isinstance(event, JobChanged) and job is not None and job.stage is Stage.READY:
            files.add(event.row.folder)

    def work() -> None:
        try:
            ended.append(run(prepare=prepare, heard=heard))
        except Exception as error:  # noqa: BLE001 - raised again on the main thread
            ended.append(error)

    thread = threading.Thread(target=work, name="trellis-batch", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.2)
    if isinstance(ended[0], Exception):
        raise ended[0]
    return ended[0]


@contextmanager
def _two_signals(stop: threading.Event, first: Callable[[], None], second: Callable[[], None]) -> Iterator[None]:
    """Within the block, set `stop` at the first Ctrl+C and call `first`; at the next one, call `second`."""

    def interrupted(_number: int, _frame: Any) -> None:
        if stop.is_set():
            second()
        stop.set()
        first()

    known = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.signal(number, interrupted) for number in known}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class _Outcome:
    """How the run ended: the engine's answer, the jobs by standing, their cost, and which files were not made."""

    result: BatchResult
    counts: dict[Standing, int]
    trouble: list[str]
    cost: float = 0.0

    @property
    def is_all_done(self) -> bool:
        """Return whether there is nothing to go on with."""
        return self.counts[Standing.DONE] == sum(self.counts.values()) and not self.trouble


def _told(outcome: _Outcome, folder: Path, prog: str, display: Display, *, is_interrupted: bool) -> ExitStatus:
    """Say how it ended, and return the exit status."""
    for sentence in outcome.trouble:
        display.notice(sentence)
    status = ExitStatus.DONE if outcome.is_all_done else ExitStatus.FAILED
    if not outcome.is_all_done or outcome.result.end is not End.STOPPED:
        status = _END_STATUS.get(outcome.result.end, status)
    if is_interrupted and status is ExitStatus.FAILED and outcome.result.end is End.STOPPED:
        status = ExitStatus.INTERRUPTED
    facts = {
        "end": outcome.result.end.value,
        "status": int(status),
        "models": sum(outcome.counts.values()),
        **{standing.value.replace(" ", "_"): count for standing, count in outcome.counts.items()},
        "cost": round(outcome.cost, 6),
        "folder": str(folder),
        "message": outcome.result.sentence,
    }
    display.end(facts, end_words(outcome.counts, outcome.cost, outcome.result.sentence, folder, prog))
    return status


def end_words(counts: Mapping[Standing, int], cost: float, sentence: str, folder: Path, prog: str) -> str:
    """Return how it ended: what was made, what was not, what it cost, and how to go on."""
    parts = [_count(counts[Standing.DONE], "model")]
    parts += [f"{counts[each]:,} {each.value}" for each in Standing if each is not Standing.DONE and counts[each]]
    words = f"{', '.join(parts)}; {cost_words(round(cost, 6))} in all, in “{folder}”."
    if sentence:
        words = f"{words}\n{sentence}"
    if counts[Standing.DONE] == sum(counts.values()):
        return words
    words = f'{words}\nTo go on: {prog} resume "{folder}"'
    if counts[Standing.UNCERTAIN]:
        words = (
            f"{words}\nLook at Scenario for the uncertain ones first: with --submit-again they may be paid for twice."
        )
    return words
