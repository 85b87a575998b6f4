"""The price before the click: told by a dry run, and by nothing that could ever be paid."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from emulator import Emulator, Fault
from tests.core.recorder import Recorder, Reply
from tests.core.studio import AGENT, Studio, account_of, tells_what_to_do
from trellis_blender.core.errors import DryRunIgnoredError, PassingError, RefusedError, Remedy, TrellisError
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.request.account import Account
from trellis_blender.core.request.models import TRELLIS_2
from trellis_blender.core.request.presets import PRESETS
from trellis_blender.core.runner.messages import ConnectionChecked, PriceReady
from trellis_blender.core.runner.questions import NAME, PICTURE, PICTURES_FILE, ask
from trellis_blender.core.scenario.api import Api
from trellis_blender.core.scenario.connection import Connections
from trellis_blender.core.scenario.http import NotDryError

QUESTIONS = 1000
STANDARD = {name: value for name, value in TRELLIS_2.complete({}, 0).items() if name != "seed"}
ORDERED = json.dumps({"job": {"jobId": "job_paid", "status": "queued"}, "creativeUnitsCost": 12}).encode()


def api_of(url: str, project: str = "") -> Api:
    return Api(Account.checked("k", "s", project, url), Connections(), AGENT)


def service_of(account: Account) -> Api:
    return Api(account, Connections(), AGENT)


@pytest.fixture
def api(emulator: Emulator) -> Api:
    return Api(account_of(emulator), Connections(), AGENT)


@pytest.fixture
def asked(emulator: Emulator, folder: Path) -> Callable[..., PriceReady]:
    """Ask for the price of the defaults, as a worker does, in a folder of jobs."""
    (folder / "jobs").mkdir()

    def ask_once(*known: str, project: str = "") -> PriceReady:
        account = account_of(emulator, project=project)
        return ask(service_of(account), 7, STANDARD, f"{account.address} {project}", known, folder / "jobs")

    return ask_once


def test_the_price_is_what_the_job_costs_then(api: Api, emulator: Emulator) -> None:
    image = api.upload_hidden("x.png", PICTURE).id
    for preset in PRESETS.values():
        parameters = TRELLIS_2.complete(preset.changes, 7)
        assert api.price(TRELLIS_2, image, parameters) == api.submit(TRELLIS_2, image, parameters).cost
    assert (emulator.calls["dry_run"], emulator.paid) == (4, 4)


def test_a_thousand_questions_with_all_kinds_of_faults_are_never_paid(
    emulator: Emulator, asked: Callable[..., PriceReady]
) -> None:
    chance, told = random.Random(5), 0
    faults: tuple[Callable[[], Fault], ...] = (
        lambda: Fault(
            status=chance.choice((307, 308)), headers={"Location": f"{emulator.url}/generate/custom/model_trellis-2"}
        ),
        lambda: Fault(status=chance.choice((400, 401, 402, 403, 404, 408, 409, 429, 500, 502, 503))),
        lambda: Fault(status=429, retry_after="0"),
        lambda: Fault(status=500, headers={"x-should-retry": "true"}),
        lambda: Fault(close=chance.choice(("before", "middle", "after"))),
        lambda: Fault(body=chance.choice(("", "[]", "{", "null", '{"creativeUnitsCost": "12"}')), status=269),
        lambda: Fault(status=chance.choice((200, 269, 502)), html=True),
        lambda: Fault(delay=0.002),
        Fault,
    )
    for _ in range(QUESTIONS):
        emulator.fault("dry_run", chance.choice(faults)())
        if chance.random() < 0.05:
            emulator.fault("upload", chance.choice(faults[1:5])())
        told += asked("asset_unknown").cost is not None
    assert (emulator.paid, emulator.jobs, emulator.calls["submit"]) == (0, {}, 0)
    assert emulator.calls["dry_run"] >= QUESTIONS
    assert 0.1 < told / QUESTIONS < 0.9


def test_the_query_says_that_it_is_a_dry_run_beside_the_project(folder: Path) -> None:
    with Recorder(Reply(269, b'{"creativeUnitsCost": 7.25}')) as server:
        assert api_of(server.url, "project_1").price(TRELLIS_2, "asset_1", STANDARD) == 7.25
    (request,) = server.asked
    assert (request.method, request.path) == ("POST", "/generate/custom/model_trellis-2")
    assert request.query == {"dryRun": "true", "projectId": "project_1"}
    assert json.loads(request.body)["image"] == "asset_1"
    assert "dryRun" not in json.loads(request.body)


def test_a_question_without_the_query_is_never_sent(api: Api, emulator: Emulator, monkeypatch: Any) -> None:
    prepare = requests.Session.prepare_request

    def forgetful(session: requests.Session, request: requests.Request) -> requests.PreparedRequest:
        request.params = {}
        return prepare(session, request)

    image = api.upload_hidden("x.png", PICTURE).id
    monkeypatch.setattr(requests.Session, "prepare_request", forgetful)
    with pytest.raises(NotDryError):
        api.price(TRELLIS_2, image, STANDARD)
    assert (emulator.calls["dry_run"], emulator.calls["submit"], emulator.paid) == (0, 0, 0)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 402, 403, 408, 409, 429, 500, 503])
def test_any_other_status_is_no_price_and_is_not_asked_again(status: int) -> None:
    answer = b'{"creativeUnitsCost": 12}'
    with Recorder(Reply(status, answer, {"Location": "/elsewhere", "Retry-After": "0"})) as server:
        assert api_of(server.url).price(TRELLIS_2, "asset_1", STANDARD) is None
    assert len(server.asked) == 1


def test_a_wrong_key_is_told_by_the_question_for_a_price(folder: Path) -> None:
    with Recorder(Reply(401, b"{}")) as server:
        account = Account.checked("wrong", "s", "", server.url)
        answer = ask(service_of(account), 3, STANDARD, "", ("asset_1",), folder / "jobs")
    assert len(server.asked) == 1
    assert (answer.cost, answer.is_last) == (None, False)
    assert answer.trouble == ConnectionChecked(
        "Scenario does not know this API key. Enter key and secret again.", False, Remedy.KEY
    )


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"creativeUnitsCost": true}', b"<html>"])
def test_an_answer_without_a_number_is_no_price(body: bytes) -> None:
    with Recorder(Reply(269, body)) as server:
        assert api_of(server.url).price(TRELLIS_2, "asset_1", STANDARD) is None


def test_an_answer_that_breaks_off_is_not_asked_again() -> None:
    with Recorder(Reply(269, b'{"creative', length=100)) as server, pytest.raises(PassingError):
        api_of(server.url).price(TRELLIS_2, "asset_1", STANDARD)
    assert len(server.asked) == 1


def test_an_unknown_picture_is_told_apart(api: Api) -> None:
    with pytest.raises(RefusedError) as error:
        api.price(TRELLIS_2, "asset_unknown", STANDARD)
    assert error.value.is_gone


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_job_in_the_answer_ends_all_questions_and_is_told_with_its_id(folder: Path, status: int) -> None:
    with Recorder(Reply(status, ORDERED)) as server:
        with pytest.raises(DryRunIgnoredError) as error:
            api_of(server.url).price(TRELLIS_2, "asset_1", STANDARD)
        account = Account.checked("k", "s", "", server.url)
        answer = ask(service_of(account), 7, STANDARD, "", ("asset_1",), folder / "jobs")
    assert "job_paid" in error.value.sentence
    assert answer == PriceReady(7, is_last=True, notice=error.value.sentence)
    assert len(server.asked) == 2


def test_a_strange_success_ends_all_questions_too(folder: Path) -> None:
    with Recorder(Reply(200, b"<html>Sign in to the network</html>")) as server:
        account = Account.checked("k", "s", "", server.url)
        answer = ask(service_of(account), 7, STANDARD, "", ("asset_1",), folder / "jobs")
    assert answer.is_last
    assert answer.cost is None
    assert "job_" not in answer.notice


def test_what_is_told_of_it_says_what_to_do() -> None:
    with Recorder(Reply(200, ORDERED)) as server, pytest.raises(TrellisError) as error:
        api_of(server.url).price(TRELLIS_2, "asset_1", STANDARD)
    assert "Import by Job ID" in error.value.sentence
    assert not tells_what_to_do("It happened.")


def test_an_earlier_jobs_picture_is_asked_with_and_nothing_is_uploaded(
    api: Api, emulator: Emulator, asked: Callable[..., PriceReady], picture: Path
) -> None:
    image = api.upload(picture, "x.png", "image/png", lambda _seconds: True).id
    assert asked("", image) == PriceReady(7, 7.25, image)
    assert len(emulator.assets) == 1


@pytest.mark.parametrize("known", [(), ("asset_of_another_project",)])
def test_without_one_a_hidden_picture_is_uploaded_once(
    emulator: Emulator, asked: Callable[..., PriceReady], known: tuple[str, ...]
) -> None:
    answers = [asked(*known) for _ in range(3)]
    assert [answer.cost for answer in answers] == [7.25] * 3
    assert {answer.asset_id for answer in answers} == set(emulator.assets)
    assert (len(emulator.assets), emulator.calls["upload"]) == (1, 1)


def test_each_project_has_a_hidden_picture_of_its_own(emulator: Emulator, asked: Callable[..., PriceReady]) -> None:
    for project in ("project_a", "project_b", "project_a"):
        asked(project=project)
    assert emulator.calls["upload"] == 2


def test_a_hidden_picture_that_is_gone_is_uploaded_again(emulator: Emulator, asked: Callable[..., PriceReady]) -> None:
    first = asked().asset_id
    emulator.assets.clear()
    assert asked().cost == 7.25
    assert first not in emulator.assets


def test_the_hidden_picture_is_hidden_tiny_and_a_picture(folder: Path) -> None:
    uploaded = Reply(200, b'{"asset": {"id": "asset_h"}}')
    with Recorder(uploaded, Reply(269, b'{"creativeUnitsCost": 1}')) as server:
        account = Account.checked("k", "s", "", server.url)
        assert ask(service_of(account), 1, STANDARD, "", (), folder / "jobs").asset_id == "asset_h"
    body = json.loads(server.asked[0].body)
    assert (server.asked[0].path, body["name"], body["hide"]) == ("/assets", NAME, True)
    path = folder / "hidden.png"
    path.write_bytes(PICTURE)
    with Image.open(path) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (64, 64))
    assert len(PICTURE) < 200


def test_a_picture_that_is_refused_is_not_uploaded_again_and_again(folder: Path) -> None:
    uploaded = Reply(200, b'{"asset": {"id": "asset_h"}}')
    with Recorder(uploaded, Reply(404, b"{}")) as server:
        account = Account.checked("k", "s", "", server.url)
        assert ask(service_of(account), 1, STANDARD, "", (), folder / "jobs") == PriceReady(1, is_last=True)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"a": 1}', '"x"', "[" * 5000, r'{"\ud800": "\udfff"}'])
def test_a_damaged_file_of_pictures_is_made_anew(
    folder: Path, emulator: Emulator, asked: Callable[..., PriceReady], content: str
) -> None:
    (folder / "jobs" / PICTURES_FILE).write_text(content, encoding="utf-8")
    assert [asked().cost, asked().cost] == [7.25, 7.25]
    assert emulator.calls["upload"] == 1


def test_a_file_of_pictures_that_cannot_be_written_is_no_obstacle(
    folder: Path, asked: Callable[..., PriceReady], caplog: Any
) -> None:
    (folder / "jobs" / PICTURES_FILE).mkdir()
    assert asked().cost == 7.25
    assert "could not keep" in caplog.text


def test_what_is_kept_for_prices_is_no_job_and_holds_no_secret(
    folder: Path, emulator: Emulator, asked: Callable[..., PriceReady]
) -> None:
    asked()
    assert [path.name for path in (folder / "jobs").iterdir()] == [PICTURES_FILE]
    assert job_folder.job_folders(folder / "jobs") == []
    kept = (folder / "jobs" / PICTURES_FILE).read_text(encoding="utf-8")
    assert emulator.secret not in kept
    assert f'"{emulator.key}' not in kept


def test_offline_there_is_no_price_and_the_trouble_is_told(emulator: Emulator, folder: Path) -> None:
    account = Account.checked("k", "s", "", "http://127.0.0.1:9/v1")
    answer = ask(service_of(account), 3, STANDARD, "", (), folder / "jobs")
    assert (answer.number, answer.cost, answer.is_last, answer.notice) == (3, None, False, "")
    assert answer.trouble is not None
    assert answer.trouble.sentence.startswith("No connection to Scenario.")


@pytest.mark.unexpected
def test_a_mistake_of_ours_is_answered_too(folder: Path, emulator: Emulator, monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr(Api, "price", lambda *_arguments: 1 / 0)
    answer = ask(service_of(account_of(emulator)), 3, STANDARD, "", ("a",), folder / "jobs")
    assert answer == PriceReady(3, is_last=True)
    assert "ZeroDivisionError" in caplog.text


def test_the_runner_brings_the_answer_among_its_changes(studio: Studio, emulator: Emulator) -> None:
    account = account_of(emulator)
    studio.runner.ask(account, lambda service: ask(service, 4, STANDARD, account.address, (), studio.root))
    studio.until(lambda: any(isinstance(change, PriceReady) for change in studio.told), "the price")
    assert next(change for change in studio.told if isinstance(change, PriceReady)).cost == 7.25
    assert (emulator.paid, studio.jobs) == (0, {})
