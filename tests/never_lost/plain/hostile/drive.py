"""One job that meets one hostile input: what the artist reads, what becomes of the job, and what it took."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from emulator import Emulator, calls, cdn
from tests.core.studio import tells_what_to_do
from tests.never_lost.plain.hostile.cases import ALWAYS, Case
from tests.never_lost.plain.hostile.front import FindCall, Front, Order
from tests.never_lost.plain.hostile.speeches import acted, says
from tests.never_lost.plain.window import ENDS, QUICK, Window, account
from tests.never_lost.world import KEY, OWN_WITH_MODEL, SECRET, glb, left_over, names_in, new_emulator, picture_in
from trellis_blender.core.errors import Remedy
from trellis_blender.core.job.folder import MODEL_FILE
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.request.account import Account

ON, WAITS, RETRY, AGAIN, UNKNOWN = "goes on", "waits, goes on", "Retry", "Submit Again", "Uncertain"
HERE = "127.0.0.1"
DISK_BYTES = 3_000_000  # of a job's folder, whatever the server sends
SENTENCE_LETTERS = 600
PATIENT = replace(QUICK, search=60.0)  # however slow the machine is, no search is given up before its proof
HASTY = replace(QUICK, search=0.5)
_CLOCK = re.compile(r"\b\d\d:\d\d\b")
SECRETS = (KEY, SECRET, "CANARY", "Signature=", "Policy=", "canary")


@dataclass(frozen=True)
class Outcome:
    """What came of it: the word in the table, what the artist read, and what is wrong."""

    word: str
    sentence: str
    paid: int
    problems: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """Its columns in the table, but the first and the last."""
        said = f"“{self.sentence}”" if self.sentence else "–"
        return self.word, said.replace("|", "¦").replace("<", "&lt;"), str(self.paid)


@dataclass
class Site:
    """An emulator behind hostile fronts. `elsewhere`: a host that must hear nothing."""

    emulator: Emulator
    api: Front
    files: Front
    account: Account
    heard_elsewhere: list[bytes]

    def order(self, case: Case) -> Order:
        """Let the site answer the case's call in the case's way."""
        name = case.call.partition(",")[0]
        front = self.files if name in ("download", "upload_part") else self.api
        order = Order(name, case.speech, case.turns)
        if case.call == "jobs, search" or case.loses_submit:
            front_order = Order("submit", acted(says(b"")))
            self.api.orders.append(front_order)
        front.orders.append(order)
        return order

    def heal(self) -> None:
        """Answer as Scenario does from now on."""
        self.api.orders.clear()
        self.files.orders.clear()


@contextlib.contextmanager
def site(job_seconds: float = 0.1, api_host: str = HERE, files_host: str = HERE) -> Iterator[Site]:
    """Yield a site on loopback, at these two of its addresses."""
    with new_emulator(job_seconds) as emulator, _elsewhere() as (elsewhere, heard):
        address = emulator.url.removesuffix("/v1")
        with (
            _front(calls.find_call, address, api_host) as api,
            _front(cdn.find_call, emulator.cdn_url, files_host) as files,
        ):
            api.replaced = {emulator.cdn_url: files.url}
            api.elsewhere = files.elsewhere = elsewhere
            yield Site(emulator, api, files, account(f"{api.url}/v1"), heard)


def _front(find_call: FindCall, target: str, host: str) -> Front:
    """Return a front that answers at this address, which may be another word for the one it listens at."""
    front = Front(find_call, target, host="::1" if host == "[::1]" else HERE)
    front.url = f"http://{host}:{front.port}"
    return front


def try_address(api_host: str, files_host: str, folder: Path) -> Outcome:
    """Let one job go its way where the API and its files are at these addresses of this computer."""
    with site(0.05, api_host, files_host) as here:
        window = Window(folder / "jobs", None, PATIENT)
        try:
            window.runner.use(here.account)
            job_id = window.add(picture_in(folder), 7)
            word, sentence = word_of(window, window.reach(job_id, *ENDS))
            problems = bring(window, job_id) + badly_said(window, sentence)
        except AssertionError as error:
            return Outcome("?", "", here.emulator.paid, (str(error),))
        finally:
            window.close()
        return Outcome(word, sentence, here.emulator.paid, tuple(problems))


@contextlib.contextmanager
def _elsewhere() -> Iterator[tuple[str, list[bytes]]]:
    """Yield the address of a host that keeps what it hears."""
    heard: list[bytes] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                with client:
                    heard.append(client.recv(65536))

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
        server.shutdown(socket.SHUT_RDWR)


def try_case(case: Case, folder: Path) -> Outcome:
    """Let one job (two, to be polled together) meet the case."""
    seconds = {"jobs, polling": 120.0, "cancel": 2.0}
    with site(seconds.get(case.call, 0.1)) as here:
        window = Window(folder / "jobs", None, HASTY if case.times == ALWAYS else PATIENT)
        window.runner.model_bytes = case.model_bytes
        window.runner.use(here.account)
        order = here.order(case)
        try:
            outcome = _drive(window, here, case, order, folder)
        except AssertionError as error:
            outcome = Outcome("?", "", here.emulator.paid, (str(error),))
        finally:
            window.close()
        problems = [*outcome.problems, *_after(here, order, case, folder / "jobs")]
    return replace(outcome, problems=tuple(f"{case.key}: {problem}" for problem in problems))


def _drive(window: Window, here: Site, case: Case, order: Order, folder: Path) -> Outcome:
    picture = picture_in(folder)
    ids = [window.add(picture, seed) for seed in ((7, 8) if case.call == "jobs, polling" else (7,))]
    if case.call == "jobs, polling":  # both run until they were asked about together, however slow the machine is
        window.wait_for(lambda: order.talks, "a call of the listing")
        for record in [*here.emulator.jobs.values()]:
            record.seconds = 0.1
    else:
        window.wait_for(lambda: order.talks or rests(window, ids[0]), f"a call: {case.call}")
    window.wait_for(lambda: rests(window, ids[0]) or _is_heard(window, ids[0], order), "the outcome")
    disk = _disk(window.root / ids[0])
    here.heal()
    window.runner.model_bytes = 1024**3
    if any("Retrying at" in trouble for trouble in window.troubles(ids[0])):  # an hour passes
        window.runner.use(None, "The hour passes.")
        window.runner.use(here.account)
    first = window.reach(ids[0], *ENDS)
    word, sentence = word_of(window, first)
    problems = [f"{disk} bytes on the disk"] * (disk > DISK_BYTES)
    problems += [f"{here.emulator.paid} paid for {len(ids)}"] * (here.emulator.paid > len(ids))
    for job_id in ids:
        problems += bring(window, job_id)
    paid = here.emulator.paid
    problems += [f"in the end {paid} paid for {len(ids)}"] * (paid != len(ids))
    problems += badly_said(window, sentence)
    return Outcome(word, _CLOCK.sub("…", sentence), paid // len(ids), tuple(problems))


def _disk(folder: Path) -> int:
    """How many bytes the job takes up, but for its model."""
    size = 0
    for path in folder.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # a file that was just renamed
            size += path.stat().st_size if path.name != MODEL_FILE else 0
    return size


def rests(window: Window, job_id: str) -> bool:
    return job_id in window.jobs and window.jobs[job_id].stage in ENDS


def _is_heard(window: Window, job_id: str, order: Order) -> bool:
    """Whether the server has said all that it was told to, or the artist reads about it for the first time."""
    return order.times == 0 if order.times != ALWAYS else bool(window.troubles(job_id))


def word_of(window: Window, job: Job) -> tuple[str, str]:
    troubles = [trouble for trouble in window.troubles(job.id) if "The hour passes" not in trouble]
    if job.stage is Stage.UNCERTAIN:
        return UNKNOWN, job.message
    if job.stage is Stage.FAILED:
        return (AGAIN if job.remedy is Remedy.SUBMIT_AGAIN else RETRY), job.message
    return (WAITS, troubles[0]) if troubles else (ON, "")


def bring(window: Window, job_id: str) -> list[str]:
    """See the job to its model, with one press on Retry where it failed; what is wrong."""
    job = window.reach(job_id, *ENDS)
    if job.stage in (Stage.FAILED, Stage.UNCERTAIN):
        job = window.again(job_id)
    error = window.read(job_id) if job.stage is Stage.READY else ""
    problems = [f"it ended as {job.stage}: {job.message}"] * (job.stage is not Stage.READY)
    model = window.root / job_id / MODEL_FILE
    if not model.is_file() or model.read_bytes() != glb(int(job.parameters["seed"])):
        problems.append("the model is not the one that was made")
    return problems + [error] * bool(error)


def badly_said(window: Window, sentence: str) -> list[str]:
    """What is wrong with the sentences and the files that were written meanwhile."""
    said = repr(window.told) + "".join(path.read_text(encoding="utf-8") for path in window.root.rglob("job.json"))
    problems = [f"a secret is told: {secret}" for secret in SECRETS if secret in said]
    if sentence and not tells_what_to_do(sentence):
        problems.append(f"it does not say what to do: {sentence}")
    is_plain = not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in sentence)
    if len(sentence) > SENTENCE_LETTERS or not is_plain:
        problems.append(f"that is no plain sentence: {sentence!r}")
    return problems + ["something unexpected"] * ("omething unexpected" in said)


def _after(here: Site, order: Order, case: Case, root: Path) -> list[str]:
    problems = ["the call was never made"] * (not order.talks)
    sent = max((talk.sent for talk in order.talks), default=0)
    problems += [f"{sent} bytes were taken"] * (sent > case.most_sent)
    problems += ["another host was asked"] * bool(here.heard_elsewhere)
    problems += ["the key was leaked"] * here.emulator.leaked_credentials
    problems += ["a cookie was kept"] * any(b"\r\nCookie:" in head for head in here.api.heads + here.files.heads)
    extra = left_over(root)
    for job in root.iterdir():
        names = names_in(job)
        if names != OWN_WITH_MODEL:
            extra[job.name] = sorted(names)
    return problems + [f"left over: {extra}"] * bool(extra)
