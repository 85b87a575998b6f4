# SPDX-License-Identifier: GPL-3.0-or-later
"""Make models of pictures: say what it costs, ask, run the batch, and bring what is paid whatever happens.

The first Ctrl+C lets the batch submit nothing more and bring what is paid for. The second one ends the process at once,
which is always safe: `resume` goes on from the folders.
"""

from __future__ import annotations

import argparse
import glob
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..core.batch.batch import Batch
from ..core.batch.manifest import FILE as MANIFEST_FILE
from ..core.batch.manifest import is_picture, pictures_in
from ..core.batch.order import BatchEvent, BatchResult, End, JobChanged, Order, Standing
from ..core.errors import Remedy, StorageError, TrellisError
from ..core.job.spending import charged
from ..core.job.words import cost_words
from ..core.picture.file import ChosenPicture, PreparedPicture
from ..core.request.account import Account
from ..core.request.models import TRELLIS_2
from ..core.request.parameters import Value
from ..core.request.presets import CONCURRENCY
from ..core.runner.questions import ask
from ..core.runner.runner import to_scenario
from .blend_client import ModelFiles, Wanted
from .display import Display, counts_facts
from .home import Home
from .parser import ExitStatus, WrongUseError, values

ADVICE = "Name pictures, a folder with pictures, or wildcards."
UNPAID = "Nothing was sent. Answer the price with --yes, or with --max-cost CU."
DECLINED = "Nothing was sent."
STOPPING = "Stopping: nothing more is submitted, and what is paid for is brought. Ctrl+C again leaves at once."
LEFT = "Left at once. What is paid for is not lost: {prog} resume “{folder}” brings it."
NO_PRICE = "Scenario does not say the price, so --max-cost cannot be kept. Try again later, or pay without it: --yes."
_END_STATUS = {End.MOST_COST: ExitStatus.MAX_COST, End.REFUSED: ExitStatus.REFUSED}  # any other end: FAILED
_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")


def generate(options: argparse.Namespace, home: Home, display: Display) -> ExitStatus:
    """Make a model of each picture. Raises WrongUseError or TrellisError before anything is begun."""
    parameters = values(options)
    TRELLIS_2.complete(parameters, 0)  # a wrong value is told before anything else
    folder = Path(options.output) if options.output else output_folder(options.pictures[0])
    pictures = found_pictures(options.pictures)
    account = home.account()
    order = Order(
        parameters=parameters,
        seed=options.seed,
        variations=options.variations,
        ignores_alpha=options.ignore_alpha,
        concurrency=options.concurrency or CONCURRENCY,
        most_cost=options.max_cost,
        price=price(home, account, parameters),
    )
    known = Batch.create(folder, map(Path, pictures), order) if (folder / MANIFEST_FILE).exists() else None
    wanted = _wanted(options, len(pictures))
    to_pay = models = wanted * order.variations
    if known is not None:  # what has failed is tried again by `resume` only
        to_pay = known.state(options.slice).counts[Standing.NOT_SENT]
    plan = Plan(folder, wanted, models, to_pay, order.price, is_begun=known is not None)
    files = None if options.price_only else _files(options, home, display)
    display.tell("plan", plan.facts, plan.words)
    if options.price_only:
        return ExitStatus.DONE
    _agree(plan, options)
    batch = known if known is not None else _created(folder, map(Path, pictures), order)
    _set_limits(batch, options, order.price)
    return _told(drive(batch, account, home, display, files, options.slice), batch.folder, home.prog, display)


def resume(options: argparse.Namespace, home: Home, display: Display) -> ExitStatus:
    """Go on with a folder, and try again what failed. Raises WrongUseError or TrellisError before anything is begun."""
    batch = Batch.open(Path(options.folder))
    account = home.account()
    cost = price(home, account, batch.order.parameters)
    state = batch.state(options.slice)
    uncertain = 0 if options.submit_again else state.counts[Standing.UNCERTAIN]
    wanted = _wanted(options, batch.count)
    plan = Plan(batch.folder, wanted, state.jobs, max(0, state.to_pay - uncertain), cost, is_begun=True)
    files = _files(options, home, display)
    display.tell("plan", plan.facts, plan.words)
    _agree(plan, options)
    _set_limits(batch, options, cost)
    if options.submit_again:
        batch.submit_again()
    else:
        batch.retry_failed()
    return _told(drive(batch, account, home, display, files, options.slice), batch.folder, home.prog, display)


def _wanted(options: argparse.Namespace, count: int) -> int:
    """Return how many of so many pictures are worked on: the last slice may be longer than what is left."""
    return count if options.slice is None else len(range(count)[options.slice.start : options.slice.stop])


def _set_limits(batch: Batch, options: argparse.Namespace, cost: float | None) -> None:
    """Let the batch follow what the user says now. What they do not say stays as it is.

    If nothing changes, nothing is locked: a farm may start a hundred of us at once.
    """
    if (options.concurrency, options.max_cost) != (None, None) or batch.order.price != cost:
        batch.set_limits(concurrency=options.concurrency, most_cost=options.max_cost, price=cost)


def price(home: Home, account: Account, parameters: Mapping[str, Value]) -> float | None:
    """Return what one model costs in compute units, None if Scenario does not say. Raises TrellisError."""
    root = home.jobs_root()
    connector = to_scenario(home.agent)
    place = f"{account.address} {account.project}".strip()
    with suppress(OSError):  # it only remembers the price's picture
        root.mkdir(parents=True, exist_ok=True)
    answer = ask(connector.connect(account), 1, TRELLIS_2.complete(parameters, 0), place, (), root)
    if answer.trouble is not None:
        raise TrellisError(answer.trouble.sentence, remedy=answer.trouble.remedy)
    if answer.notice:
        raise TrellisError(answer.notice, remedy=Remedy.SCENARIO)
    return answer.cost


def _created(folder: Path, pictures: Iterable[Path], order: Order) -> Batch:
    """Begin the batch. Raises WrongUseError if the folder cannot be written, or BatchError."""
    try:
        return Batch.create(folder, pictures, order)
    except StorageError as error:
        raise WrongUseError(error.sentence) from error


def _files(options: argparse.Namespace, home: Home, display: Display) -> ModelFiles | None:
    """Return what makes the files that need Blender, None if none is wanted. Raises WrongUseError if there is none."""
    wanted = Wanted(options.format != "glb", options.thumbnails, options.size)
    return ModelFiles(partial(home.launch, options.blender or ""), wanted, display.saved) if wanted.is_any() else None


# -- the price


@dataclass(frozen=True)
class Plan:
    """What is going to be done: so many pictures and models in a folder, at that price of a model.

    `to_pay`: how many of the models are to be paid for. `price`: in compute units, None if Scenario does not say.
    `is_begun`: an earlier start has begun it.
    """

    folder: Path
    pictures: int
    models: int
    to_pay: int
    price: float | None
    is_begun: bool

    @property
    def total(self) -> float | None:
        """Return the price of all, None if it is unknown."""
        return None if self.price is None else round(self.price * self.to_pay, 6)

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return the plan as a program reads it."""
        counts = {"pictures": self.pictures, "models": self.models, "to_pay": self.to_pay}
        return {**counts, "price": self.price, "total": self.total, "folder": str(self.folder)}

    @property
    def words(self) -> str:
        """Return the plan in a sentence or two."""
        goes_on = " Goes on with what an earlier start has begun." if self.is_begun else ""
        what = f"{_count(self.pictures, 'picture')}, {_count(self.models, 'model')}, in “{self.folder}”.{goes_on}"
        if not self.to_pay:
            return f"{what} Nothing more to pay."
        if self.price is None or self.total is None:
            return f"{what} Scenario does not say the price of the {_count(self.to_pay, 'model')}."
        return f"{what} Price: {self.to_pay:,} x {cost_words(self.price)} = {cost_words(self.total)}."


def _agree(plan: Plan, options: argparse.Namespace) -> None:
    """Ask whether to pay, unless the options answer that. Raises WrongUseError on a no, and if nobody can be asked."""
    if options.max_cost is not None and plan.price is None and plan.to_pay:
        raise TrellisError(NO_PRICE)
    if not plan.to_pay or options.yes or options.max_cost is not None:
        return
    if options.json or not (sys.stdin is not None and sys.stdin.isatty()):
        raise WrongUseError(UNPAID)
    if not _is_yes("Go on? [y/N] "):
        raise WrongUseError(DECLINED)


def _is_yes(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


# -- the run


@dataclass
class Outcome:
    """How the run ended: the engine's answer, the jobs by standing, their cost, and which files were not made."""

    result: BatchResult
    counts: Counter[Standing]
    cost: float
    trouble: list[str]
    is_interrupted: bool

    @property
    def is_all_done(self) -> bool:
        """Return whether there is nothing to go on with."""
        return self.counts[Standing.DONE] == self.counts.total() and not self.trouble

    @property
    def status(self) -> ExitStatus:
        """Return the exit status."""
        if self.is_all_done:
            return ExitStatus.DONE
        if self.is_interrupted and self.result.end is End.STOPPED:
            return ExitStatus.INTERRUPTED
        return _END_STATUS.get(self.result.end, ExitStatus.FAILED)


def drive(
    batch: Batch, account: Account, home: Home, display: Display, files: ModelFiles | None, only: range | None
) -> Outcome:
    """Run the batch, or these pictures of it, until it ends or is stopped. Return how it ended."""
    stop = threading.Event()
    before = batch.state(only)
    display.begin(before.jobs, before.counts[Standing.DONE])

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
                for row in batch.rows(only):
                    if row.standing is Standing.DONE:
                        files.add(row.folder)
                files.finish()
    finally:
        display.close()
        home.end()
    counts, cost = Counter[Standing](), 0.0
    for row in batch.rows(only):  # not by `Batch.state`: what all workers share may be why this run ended
        counts[row.standing] += 1
        cost += charged(row.job) if row.job is not None else 0.0
    trouble = files.trouble if files is not None else []
    return Outcome(result, counts, round(cost, 6), trouble, is_interrupted=stop.is_set())


def _driven(
    run: Callable[..., BatchResult], home: Home, display: Display, files: ModelFiles | None, *, ignores_alpha: bool
) -> BatchResult:
    """Run the batch on a thread of its own, so that this one hears signals on every system. Returns how it ended."""
    ended = Future[BatchResult]()

    def prepare(path: Path) -> PreparedPicture:
        return home.prepare(ChosenPicture(path.name, file=path, ignores_alpha=ignores_alpha))

    def heard(event: BatchEvent) -> None:
        display.heard(event)
        if files is not None and isinstance(event, JobChanged) and event.row.standing is Standing.DONE:
            files.add(event.row.folder)

    def work() -> None:
        try:
            ended.set_result(run(prepare=prepare, heard=heard))
        except BaseException as error:  # noqa: BLE001 - raised again on the main thread
            ended.set_exception(error)

    threading.Thread(target=work, name="trellis-batch", daemon=True).start()
    while not ended.done():
        wait([ended], 0.2)  # short, so that Windows hears Ctrl+C
    return ended.result()


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
        for number, handler in before.items():  # None: a handler that is not Python's, as Blender's own
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _told(outcome: Outcome, folder: Path, prog: str, display: Display) -> ExitStatus:
    """Say how it ended, and return the exit status."""
    for sentence in outcome.trouble:
        display.notice(sentence)
    facts = {
        "end": outcome.result.end.value,
        "status": int(outcome.status),
        "models": outcome.counts.total(),
        **counts_facts(outcome.counts),
        "cost": outcome.cost,
        "folder": str(folder),
        "message": outcome.result.sentence,
    }
    display.tell("end", facts, end_words(outcome, folder, prog, is_told=display.last == outcome.result.sentence))
    return outcome.status


def end_words(outcome: Outcome, folder: Path, prog: str, *, is_told: bool) -> str:
    """Return how it ended: what was made, what was not, what it cost, and how to go on.

    `is_told`: the user has just read why it ended.
    """
    counts = outcome.counts
    parts = [_count(counts[Standing.DONE], "model")]
    parts += [f"{counts[each]:,} {each.value}" for each in Standing if each is not Standing.DONE and counts[each]]
    words = f"{', '.join(parts)}; {cost_words(outcome.cost)} in all, in “{folder}”."
    if outcome.result.sentence and not is_told:
        words = f"{words}\n{outcome.result.sentence}"
    if outcome.is_all_done:
        return words
    words = f'{words}\nTo go on: {prog} resume "{folder}"'
    if counts[Standing.UNCERTAIN]:
        words += "\nLook at Scenario for the uncertain ones first: with --submit-again they may be paid for twice."
    return words


# -- the pictures


def found_pictures(named: Sequence[str]) -> Sequence[str]:
    """Return the pictures behind what the user names: absolute paths, each once, in an order that is always the same.

    Raises WrongUseError for a name behind which there are none, and StorageError.
    """
    found = set[str]()
    for name in named:
        pictures = {str(path.absolute()) for path in _behind(name)}
        if not pictures:
            raise WrongUseError(f"There is no picture in “{name}”. {ADVICE}")
        found |= pictures
    return sorted(found, key=os.fsencode)


def output_folder(first: str) -> Path:
    """Return the folder for the models if the user names none: one here, named after what they name first."""
    plain = first.rstrip("/\\" if os.name == "nt" else "/")
    name = Path(plain).stem if not Path(plain).is_dir() else Path(plain).resolve().name
    kept = "".join(letter for letter in name if letter not in '*?[]"<>|:').strip(" .")
    return Path(f"trellis2-{kept or 'models'}")


def _behind(name: str) -> Iterator[Path]:
    """Yield the pictures behind one name. Raises WrongUseError if it is no file, folder or wildcard."""
    path = Path(name)
    if path.is_dir():
        yield from pictures_in(path)
    elif path.exists():
        if not path.is_file():  # a pipe or a device would never end
            raise WrongUseError(f"“{name}” is no picture. {ADVICE}")
        yield path
    elif any(letter in name for letter in "*?["):
        every = map(Path, glob.iglob(name, recursive=True))  # noqa: PTH207 - `Path.glob` takes no drive and no root
        yield from (found for found in every if is_picture(found.name) and found.is_file())
    else:
        raise WrongUseError(f"There is no “{name}”. {ADVICE}")
