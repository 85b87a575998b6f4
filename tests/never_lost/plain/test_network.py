"""Every fault of the network at every call: the job pays once, and its model arrives."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path

import pytest

from emulator import CALL_NAMES, Emulator, Fault
from tests.never_lost import matrix
from tests.never_lost.plain.window import ENDS, QUICK, Window
from tests.never_lost.world import OWN_WITH_MODEL, glb, left_over, names_in, new_emulator, picture_in
from tests.patience import PATIENCE
from trellis_blender.core.errors import Remedy
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.folder import MODEL_FILE
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.scenario import api, connection

FAULTS: Mapping[str, Fault] = {
    "slow": Fault(delay=0.3),
    "401": Fault(status=401),
    "402": Fault(status=402),
    "403": Fault(status=403),
    "404": Fault(status=404),
    "429": Fault(status=429),
    "429, Retry-After in seconds": Fault(status=429, retry_after="0.2"),
    "429, Retry-After as a date": Fault(status=429, retry_after="soon"),  # `_dated` puts the date in
    "429, remainingSeconds": Fault(status=429, remaining_seconds=0.2),
    "500": Fault(status=500),
    "502 with a page": Fault(status=502, html=True),
    "503": Fault(status=503),
    "503 after it was accepted": Fault(status=503, acted=True),
    "429, too many jobs at once": Fault(status=429, details={"actionName": "custom", "actionLimit": 2}),
    "302": Fault(status=302),
    "413 with a page": Fault(status=413, html=True),
    "closed before it acts": Fault(close="before"),
    "closed in the answer": Fault(close="middle"),
    "closed before the answer": Fault(close="after"),
    "byte by byte": Fault(trickle=0.0004),
    "silence before it acts": Fault(silence="before"),
    "silence in the answer": Fault(silence="middle"),
    "silence after it acted": Fault(silence="after"),
}
NO_INPUT = Fault(body='{"jobs": [{"jobId": "job_elsewhere", "status": "queued"}]}')
SPECIAL: Mapping[tuple[str, str], Fault] = {
    ("asset", "expired address"): Fault(expired=True),
    ("download", "truncated model"): Fault(glb="truncated"),
    ("download", "corrupt model"): Fault(glb="corrupt"),
    ("jobs, search", "lagging list"): Fault(lag=60),
    ("jobs, polling", "lagging list"): Fault(lag=60),
    ("jobs, search", "jobs without their input"): NO_INPUT,
}
# The storage answers with nothing but headers, so there is no middle to break off in.
IMPOSSIBLE = {("upload_part", "closed in the answer"), ("upload_part", "silence in the answer")}
IN_PARTS = ("upload_start", "upload_part", "upload_action", "upload_status")
CALLS = ("upload", *IN_PARTS, "submit", "job", "jobs, search", "jobs, polling", "cancel", "asset", "download")
ON, WAITS, RETRY, AGAIN, UNKNOWN, NONE = "goes on", "waits, goes on", "Retry", "Submit Again", "Uncertain", "–"
AT_ONCE = 12
# How long an answer is waited for: long enough for a loaded machine, and shorter than the product's minute.
ANSWER_SECONDS = 3.0


@dataclass(frozen=True)
class Outcome:
    """What came of one fault at one call: the word in the table, and what the artist read."""

    word: str
    sentence: str
    problems: tuple[str, ...]


# However slow the machine is, no search is given up before its proof.
PATIENT = replace(QUICK, search=60.0)


def _dated(fault: Fault) -> Fault:
    return (
        replace(fault, retry_after=formatdate(time.time() + 1, usegmt=True)) if fault.retry_after == "soon" else fault
    )


def _outcome(window: Window, job: Job) -> tuple[str, str]:
    troubles = window.troubles(job.id)
    if job.stage is Stage.UNCERTAIN:
        return UNKNOWN, job.message
    if job.stage is Stage.FAILED:
        return (AGAIN if job.remedy is Remedy.SUBMIT_AGAIN else RETRY), job.message
    return (WAITS, troubles[-1]) if troubles else (ON, "")


def _drive(window: Window, emulator: Emulator, call: str, fault: Fault, folder: Path) -> Outcome:
    """Let one job (two, to be polled together) meet the fault; what came of the first."""
    name = call.partition(",")[0]
    emulator.fault(name, _dated(fault), times=None if fault is NO_INPUT else 1)
    if call == "jobs, search":
        emulator.fault("submit", Fault(close="after"))
    picture = picture_in(folder)
    ids = [window.add(picture, seed) for seed in ((7, 8) if call == "jobs, polling" else (7,))]
    if call == "cancel":
        window.reach(ids[0], Stage.RUNNING)
        window.runner.cancel(ids[0])
    if call == "jobs, polling":  # both run until they were asked about together, however slow the machine is
        window.wait_for(lambda: emulator.calls[name], f"a call of {name}")
        for record in [*emulator.jobs.values()]:
            record.seconds = 0.1
    first = window.reach(ids[0], *ENDS)
    word, sentence = _outcome(window, first)
    problems = [f"{emulator.paid} paid for {len(ids)}"] * (emulator.paid > len(ids))
    problems += [f"{name} was never called"] * (not emulator.calls[name])
    emulator.heal("jobs")
    for job_id in ids:
        word, sentence, wrong = _bring(window, job_id, word, sentence)
        problems += wrong
    problems += [] if emulator.paid == len(ids) else [f"in the end {emulator.paid} paid for {len(ids)}"]
    problems += ["the key was leaked"] * emulator.leaked_credentials
    return Outcome(word, sentence, tuple(problems))


def _bring(window: Window, job_id: str, word: str, sentence: str) -> tuple[str, str, list[str]]:
    """See the job to its model, with one press on Retry where it failed; the outcome, and what is wrong."""
    job, presses = window.reach(job_id, *ENDS), 0
    if job.stage in (Stage.FAILED, Stage.UNCERTAIN):
        job, presses = window.again(job_id), 1
    error = window.read(job_id) if job.stage is Stage.READY else ""
    if error and not presses:  # a model that only a look inside shows to be damaged
        window.reach(job_id, Stage.FAILED)
        job, word, sentence = window.again(job_id), RETRY, error
        error = window.read(job_id)
    problems = [f"it ended as {job.stage}: {job.message}"] * (job.stage is not Stage.READY)
    model = window.root / job_id / MODEL_FILE
    if not model.is_file() or model.read_bytes() != glb(int(job.parameters["seed"])):
        problems.append("the model is not the one that was made")
    return word, sentence, problems + [error] * bool(error)


def _try(call: str, name: str, fault: Fault, folder: Path) -> Outcome:
    seconds = {"jobs, polling": 2 * PATIENCE, "cancel": 2.0}
    with new_emulator(seconds.get(call, 0.1)) as emulator:
        window = Window(folder / "jobs", emulator, replace(QUICK, search=1.0) if fault is NO_INPUT else PATIENT)
        try:
            outcome = _drive(window, emulator, call, fault, folder)
        except AssertionError as error:
            outcome = Outcome("?", "", (str(error),))
        finally:
            window.close()
        extra = left_over(folder / "jobs")
        for job in job_folder.job_folders(folder / "jobs"):
            names = names_in(job)
            if names != OWN_WITH_MODEL:
                extra[job.name] = sorted(names)
    problems = (*outcome.problems, *([f"left over: {extra}"] if extra else []))
    return replace(outcome, problems=tuple(f"{call} × {name}: {problem}" for problem in problems))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], Outcome]:
    """Return what came of each fault at each call; a dozen are tried at the same time."""
    folder = tmp_path_factory.mktemp("network")
    cells = {(call, name): fault for call in CALLS for name, fault in FAULTS.items()} | dict(SPECIAL)
    cells = {cell: fault for cell, fault in cells.items() if cell not in IMPOSSIBLE}
    numbered = {cell: folder / str(number) for number, cell in enumerate(cells)}

    def try_all(wanted: list[tuple[str, str]]) -> dict[tuple[str, str], Outcome]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            tried = pool.map(lambda cell: _try(cell[0], cell[1], cells[cell], numbered[cell]), wanted)
            return dict(zip(wanted, tried, strict=True))

    found: dict[tuple[str, str], Outcome] = {}
    for in_parts, silent in itertools.product((True, False), repeat=2):
        with pytest.MonkeyPatch.context() as patch:
            if in_parts:
                patch.setattr(api, "SMALL_PICTURE_BYTES", 10)
                patch.setattr(api, "PART_BYTES", 50)
            if silent:
                patch.setattr(connection, "ANSWER_SECONDS", ANSWER_SECONDS)
            chosen = [cell for cell in cells if (cell[0] in IN_PARTS) is in_parts]
            found |= try_all([cell for cell in chosen if bool(cells[cell].silence) is silent])
    return found


def test_every_call_of_the_way_is_in_the_matrix() -> None:
    tried = {call.partition(",")[0] for call in CALLS}
    assert tried == set(CALL_NAMES) - {"model", "dry_run"}  # which cost nothing and belong to no job


def test_with_every_fault_each_job_pays_once_and_its_model_arrives(
    outcomes: Mapping[tuple[str, str], Outcome],
) -> None:
    assert [problem for outcome in outcomes.values() for problem in outcome.problems] == []


def test_a_paid_call_that_may_have_arrived_is_never_repeated_by_itself(
    outcomes: Mapping[tuple[str, str], Outcome],
) -> None:
    words = {name: outcomes["submit", name].word for name in FAULTS}
    assert {name for name, word in words.items() if word == AGAIN} == {
        "302",
        "413 with a page",
        "500",
        "502 with a page",
        "503",
        "closed before it acts",
        "silence before it acts",
    }
    found = ("503 after it was accepted", *(name for name in FAULTS if name.endswith(("answer", "it acted"))))
    assert {words[name] for name in found} == {ON}
    assert outcomes["jobs, search", "jobs without their input"].word == UNKNOWN


def test_what_was_seen_is_what_the_page_says(outcomes: Mapping[tuple[str, str], Outcome]) -> None:
    names = [*FAULTS, *(name for _, name in SPECIAL)]
    cells = {
        name: [outcomes[call, name].word if (call, name) in outcomes else NONE for call in CALLS] for name in names
    }
    sentences = {
        f"“{outcome.sentence}”": (outcome.word,) for outcome in sorted(outcomes.values(), key=str) if outcome.sentence
    }
    matrix.tell("sentences", ("The artist reads", "and the job"), sentences)
    assert matrix.compare("network", ("Fault", *CALLS), cells) == []
