"""No server gets a key, a secret or a signed address written down, shown or logged by telling it back."""

from __future__ import annotations

import contextlib
import logging
import re
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault
from tests.core.studio import QUICK, Studio
from tests.hostile_files.echoes import ADDRESS, CANARIES, ECHOES, HEADER, KEY, SECRET, SIGNATURE
from trellis_blender.core.errors import TrellisError
from trellis_blender.core.job.job import Stage
from trellis_blender.core.request.account import Account
from trellis_blender.core.request.models import TRELLIS_2
from trellis_blender.core.runner.outcomes import Outcomes
from trellis_blender.core.runner.questions import ask, check
from trellis_blender.core.scenario.api import Api
from trellis_blender.core.scenario.connection import Connections
from trellis_blender.core.text import plain_values, redacted

CALLS = ("upload", "submit", "job", "jobs", "asset", "download")
OVER = (Stage.READY, Stage.FAILED, Stage.CANCELLED, Stage.UNCERTAIN)
SIGNED = re.compile(r"(Signature|Expires|Key-Pair-Id)=(?!…)", re.IGNORECASE)


def leaks(text: str) -> list[str]:
    """Return the canaries that are in the text, and every signature of the emulator's own addresses."""
    return [canary for canary in CANARIES if canary in text] + SIGNED.findall(text)


def all_of(error: BaseException) -> Iterator[str]:
    """Yield all texts that hang on an error: its own, those of its causes, and of what its arguments hold."""
    seen: set[int] = set()
    left: list[Any] = [error]
    while left:
        thing = left.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, BaseException):
            yield "".join(traceback.format_exception(thing))
            left += [thing.__cause__, thing.__context__, *thing.args, *vars(thing).values()]
        elif isinstance(thing, str | bytes):
            yield str(thing)
        elif isinstance(thing, list | tuple | set):
            left += thing
        elif isinstance(thing, dict):
            left += [*thing.keys(), *thing.values()]
        elif hasattr(thing, "headers"):  # a request or an answer
            yield f"{thing!r} {vars(thing)}"


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """Return all errors that a step has ended with."""
    found: list[BaseException] = []
    apply = Outcomes.apply

    def noted(outcomes: Outcomes, entry: Any, result: Any) -> None:
        if isinstance(result, BaseException):
            found.append(result)
        apply(outcomes, entry, result)

    monkeypatch.setattr(Outcomes, "apply", noted)
    return found


@pytest.fixture
def own_temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of all temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _until_over(studio: Studio, job_id: str) -> None:
    studio.until(lambda: job_id in studio.jobs and studio.jobs[job_id].stage in OVER, "the end")


@pytest.mark.parametrize("echo", ECHOES)
def test_what_a_server_tells_back_is_nowhere(
    folder: Path,
    picture: Path,
    echo: str,
    own_temp: Path,
    raised: list[BaseException],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    told: list[str] = []
    for call in CALLS:
        with contextlib.ExitStack() as stack:
            emulator = stack.enter_context(Emulator(key=KEY, secret=SECRET, job_seconds=0.05))
            emulator.fault(call, ECHOES[echo]())
            studio = Studio(folder / call, picture, emulator, QUICK)
            stack.callback(studio.close)
            job_id = studio.add()
            _until_over(studio, job_id)
            studio.runner.ask(Account.checked(KEY, SECRET, "", emulator.url), check)
            studio.rest()
            told += [repr(change) for change in studio.told]
            assert emulator.leaked_credentials == 0
    files = [path for root in (folder, own_temp) for path in root.rglob("*") if path.is_file()]
    assert len(files) > len(CALLS)
    assert {path.name for path in files if leaks(path.read_bytes().decode("utf-8", "replace"))} == set()
    assert [line for line in told if leaks(line)] == []
    assert leaks(caplog.text) == []
    assert leaks("".join(capfd.readouterr())) == []
    assert [text for error in raised for text in all_of(error) if leaks(text)] == []


@pytest.mark.parametrize("echo", ECHOES)
def test_the_account_and_the_price_tell_nothing_either(
    folder: Path, echo: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Emulator(key=KEY, secret=SECRET) as emulator:
        for call in ("model", "dry_run", "upload"):
            emulator.fault(call, ECHOES[echo]())
        account = Account.checked(KEY, SECRET, "", emulator.url)
        service = Api(account, Connections(), "tests")
        told = [repr(check(service)), repr(ask(service, 1, {"seed": 1}, "place", (), folder)), repr(account)]
        for failing in (
            lambda: service.check(TRELLIS_2),
            lambda: service.cancel("job_unknown"),
            lambda: service.asset("asset_unknown"),
        ):
            for call in ("model", "cancel", "asset"):
                emulator.fault(call, ECHOES[echo]())
            try:
                told.append(repr(failing()))
            except TrellisError as error:
                told += all_of(error)
    assert [line for line in told if leaks(line)] == []
    assert leaks(caplog.text) == []
    assert not any(leaks(path.read_text(encoding="utf-8")) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"See {ADDRESS} now", "See https://cdn.example.com/a/b.glb now"),
        (f"<{ADDRESS}>", "<https://cdn.example.com/a/b.glb>"),
        (f'"{ADDRESS}"', '"https://cdn.example.com/a/b.glb"'),
        (f"Signature={SIGNATURE}&x=1", "Signature=…&x=1"),
        (f"x-amz-signature: {SIGNATURE}", "x-amz-signature: …"),
        (f"Authorization: Basic {HEADER}", "Authorization: … …"),
        (f"It was {HEADER}.", "It was …."),
        ("It was Basic c29tZWJvZHk6ZWxzZQ== of somebody.", "It was Basic … of somebody."),
        ("It was bearer abc123.def456-x of somebody.", "It was bearer … of somebody."),
        ("The basic plan allows one job.", "The basic plan allows one job."),
        ("Your plan expires tomorrow. Upgrade it.", "Your plan expires tomorrow. Upgrade it."),
        ("The policy: no such words.", "The policy: … such words."),
        ("Look at https://docs.scenario.com/errors#limits.", "Look at https://docs.scenario.com/errors"),
    ],
)
def test_a_text_loses_what_is_signed_and_nothing_else(text: str, expected: str) -> None:
    assert redacted(text, Account.checked(KEY, SECRET).traces) in (expected, expected.replace("… …", "…"))


def test_an_answer_keeps_no_secret_in_its_names_or_in_an_address_that_is_used() -> None:
    secrets = Account.checked(KEY, SECRET).traces
    answer = {KEY: 1, f"a {ADDRESS}": 2, "asset": {"url": f"https://cdn.example/{SECRET}", "id": "asset_1"}}
    kept = plain_values(answer, secrets)
    assert leaks(repr(kept)) == []
    assert kept["asset"] == {"url": "…", "id": "asset_1"}
    assert plain_values({"url": ADDRESS}, secrets) == {"url": ADDRESS}  # without its signature it is of no use


def test_a_word_is_no_secret_because_a_test_calls_its_key_so() -> None:
    assert redacted("Enter the key.", Account("key", "secret").traces) == "Enter the key."


def test_what_others_log_of_their_own_calls_stays(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    connections, filters = Connections(), [*logging.getLogger("urllib3.connectionpool").filters]
    with connections.deadline(60.0):
        logging.getLogger("urllib3.connectionpool").debug("ours %s", ADDRESS)
        assert logging.getLogger("urllib3.connectionpool").filters != filters
    logging.getLogger("urllib3.connectionpool").debug("theirs")
    assert [record.getMessage() for record in caplog.records] == ["theirs"]
    connections.cut()
    assert logging.getLogger("urllib3.connectionpool").filters == filters


@pytest.mark.parametrize("tag", [SECRET, f"Signature={SIGNATURE}"])
def test_a_tag_that_tells_a_secret_is_not_kept_beside_a_broken_download(folder: Path, picture: Path, tag: str) -> None:
    with Emulator(key=KEY, secret=SECRET, job_seconds=0.05) as emulator:
        emulator.fault("download", Fault(headers={"ETag": f'"{tag}"'}, close="middle"))
        emulator.fault("download", Fault(status=503), times=None, after=1)
        studio = Studio(folder / "jobs", picture, emulator, QUICK)
        job_id = studio.add()
        studio.trouble(job_id)
        origin = studio.folder(job_id) / "model.glb.origin"
        studio.until(origin.exists, "the broken download")
        assert leaks(origin.read_text(encoding="utf-8")) == []
        assert studio.close()
