"""One call: sent once, without the key where it does not belong, and every answer has its error."""

from __future__ import annotations

import base64
import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest

from emulator import Emulator, Fault
from tests.core.recorder import Recorder, Reply
from tests.core.studio import AGENT, account_of, tells_what_to_do
from trellis_blender.core.errors import (
    AccountError,
    AnswerLostError,
    CreditsError,
    LimitError,
    PassingError,
    RefusedError,
    Remedy,
    TooLargeError,
    TrellisError,
)
from trellis_blender.core.request.account import Account
from trellis_blender.core.scenario.connection import Connections
from trellis_blender.core.scenario.http import WAIT_MAXIMUM, Caller, error_for, own_words

MEGABYTE = 1024 * 1024
MODEL = "/models/model_trellis-2"


def caller_of(url: str, project: str = "", key: str = "a-key") -> Caller:
    return Caller(Account.checked(key, "a-secret", project, url), Connections(), AGENT)


def failure(caller: Caller, *, paid: bool = False) -> TrellisError:
    """Return the error of a call."""
    with pytest.raises(TrellisError) as error:
        caller.call("POST" if paid else "GET", MODEL, {} if paid else None, paid=paid)
    return error.value


def test_the_answers_object_is_returned(emulator: Emulator) -> None:
    answer = Caller(account_of(emulator), Connections(), AGENT).call("GET", MODEL)
    assert answer["model"]["id"] == "model_trellis-2"


def test_a_call_names_key_project_and_program() -> None:
    with Recorder() as recorder:
        caller_of(recorder.url, "proj_1").call("POST", "/jobs", {"ä": 1}, {"pageSize": 2})
    (asked,) = recorder.asked
    assert (asked.method, asked.path) == ("POST", "/jobs")
    assert asked.query == {"pageSize": "2", "projectId": "proj_1"}
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"a-key:a-secret").decode()
    assert asked.headers["user-agent"] == AGENT
    assert asked.headers["content-type"] == "application/json"


def test_without_a_project_none_is_named() -> None:
    with Recorder() as recorder:
        caller_of(recorder.url).call("GET", "/jobs")
    assert recorder.asked[0].query == {}


def test_a_key_of_any_letters_can_be_sent() -> None:
    with Recorder() as recorder:
        caller_of(recorder.url, key="Schlüssel “ß”").call("GET", "/jobs")
    sent = base64.b64decode(recorder.asked[0].headers["authorization"].removeprefix("Basic "))
    assert sent.decode("utf-8") == "Schlüssel “ß”:a-secret"


CASES: list[tuple[int, str, type[TrellisError]]] = [
    (400, "Unknown parameter", RefusedError),
    (401, "", AccountError),
    (402, "", CreditsError),
    (403, "This key may not do that", AccountError),
    (403, "Your plan does not include this model", CreditsError),
    (404, "No such job", RefusedError),
    (408, "", PassingError),
    (409, "", PassingError),
    (422, "Not like this", RefusedError),
    (425, "", PassingError),
    (429, "Too many requests", PassingError),
    (429, "Not enough compute units", CreditsError),
    (500, "", PassingError),
    (502, "", PassingError),
    (503, "", PassingError),
    (504, "", PassingError),
    (301, "", PassingError),
]


@pytest.mark.parametrize(("status", "words", "expected"), CASES)
def test_every_status_is_the_right_error(status: int, words: str, expected: type[TrellisError]) -> None:
    body = b'{"reason": "%s"}' % words.encode()
    with Recorder(Reply(status, body)) as recorder:
        error = failure(caller_of(recorder.url))
    assert type(error) is expected
    assert tells_what_to_do(error.sentence)
    assert len(recorder.asked) == 1


# What a gateway may answer in Scenario's place.
ODD = (400, 404, 405, 406, 410, 411, 413, 414, 415, 418, 421, 422, 431, 451, 499)


@pytest.mark.parametrize("status", ODD)
@pytest.mark.parametrize("body", [b"<html>Request Entity Too Large</html>", b"", b'{"reason": ""}'])
def test_an_odd_refusal_of_a_call_that_asks_or_fetches_proves_nothing_and_passes(status: int, body: bytes) -> None:
    with Recorder(Reply(status, body)) as recorder:
        error = failure(caller_of(recorder.url))
    assert type(error) is PassingError
    assert "picture" not in error.sentence


@pytest.mark.parametrize("status", [status for status in ODD if status not in (400, 404, 422)])
def test_nor_does_one_with_words_that_scenario_has_no_status_for(status: int) -> None:
    assert type(error_for(status, {}, {"reason": "Too large."})) is PassingError


def test_only_a_call_that_sends_a_picture_hears_that_it_is_too_large() -> None:
    error = error_for(413, {}, {}, sends_picture=True)
    assert type(error) is TooLargeError
    assert error.sentence.endswith("Choose a smaller picture.")


@pytest.mark.parametrize("status", [400, 404, 422])
def test_only_who_sends_a_picture_or_settings_is_told_to_change_them(status: int) -> None:
    said = {"reason": "Not like this"}
    for kind in ({"paid": True}, {"sends_picture": True}):
        assert error_for(status, {}, said, **kind).sentence.endswith(
            "Change the settings or the picture, then try again."
        )
    error = error_for(status, {}, said)
    assert (error.sentence, error.remedy) == ("Scenario refused the request: Not like this. Try again.", Remedy.RETRY)


PAID: list[tuple[int, type[TrellisError]]] = [
    (400, RefusedError),
    (401, AccountError),
    (402, CreditsError),
    (403, AccountError),
    (404, RefusedError),
    (422, RefusedError),
    (429, PassingError),
    *((status, AnswerLostError) for status in (300, 302, 307, 399)),
    *((status, AnswerLostError) for status in (405, 406, 408, 409, 410, 413, 418, 425, 431, 451, 499)),
    *((status, AnswerLostError) for status in (500, 502, 503, 504, 599)),
]


@pytest.mark.parametrize(("status", "expected"), PAID)
@pytest.mark.parametrize("may_retry", ["", "true"])
def test_a_paid_call_passes_only_when_it_was_certainly_not_accepted(
    status: int, expected: type[TrellisError], may_retry: str
) -> None:
    error = error_for(status, {"x-should-retry": may_retry}, {"reason": "No."}, paid=True)
    assert type(error) is (AnswerLostError if may_retry and status != 429 else expected)


@pytest.mark.parametrize("status", [status for status, _ in PAID])
@pytest.mark.parametrize("body", [b"<html>No.</html>", b"", b"{}", b'{"reason": ""}', b'["No."]'])
def test_a_refusal_that_scenario_does_not_explain_is_none(status: int, body: bytes) -> None:
    with Recorder(Reply(status, body)) as recorder:
        assert type(failure(caller_of(recorder.url), paid=True)) is AnswerLostError


@pytest.mark.parametrize(
    "line", [b"HTTP/1.1 CERTIFICATE_VERIFY_FAILED", b"CERTIFICATE_VERIFY_FAILED NewConnectionError"]
)
def test_what_the_server_writes_does_not_decide_whether_it_was_reached(line: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(line + b"\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert type(failure(caller_of(url), paid=True)) is AnswerLostError
        thread.join()


AT_LIMIT = {"reason": "Your plan allows 2 jobs", "details": {"actionName": "custom", "actionLimit": 2}}


def test_a_ceiling_on_jobs_is_waited_for_whatever_plan_its_text_names() -> None:
    error = error_for(429, {}, AT_LIMIT, paid=True)
    assert type(error) is LimitError
    assert "2 of your jobs" in error.sentence
    assert tells_what_to_do(error.sentence)


def test_a_call_that_begins_no_job_is_not_told_of_a_ceiling_on_jobs() -> None:
    error = error_for(429, {}, AT_LIMIT)
    assert (type(error), error.sentence) == (PassingError, "Scenario is busy. Retrying.")


@pytest.mark.parametrize("limit", [None, 0, "2", True, 2.5])
def test_a_ceiling_of_an_unknown_height_is_one(limit: object) -> None:
    error = error_for(429, {}, {"details": {"actionLimit": limit}}, paid=True)
    assert type(error) is LimitError
    assert tells_what_to_do(error.sentence)


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize(
    "body", [b'{"job": {"jobId": "job_', b"", b"<html>oh</html>", b"[1]", b"\xff\xfe", b"[" * 99_999]
)
def test_an_answer_that_cannot_be_read_is_no_answer(body: bytes, paid: bool) -> None:
    with Recorder(Reply(200, body)) as recorder:
        error = failure(caller_of(recorder.url), paid=paid)
    assert type(error) is (AnswerLostError if paid else PassingError)
    assert len(recorder.asked) == 1


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("close", ["before", "middle", "after"])
def test_a_connection_that_breaks_is_never_tried_again_by_itself(emulator: Emulator, close: Any, paid: bool) -> None:
    name = "submit" if paid else "model"
    emulator.fault(name, Fault(close=close), times=None)
    caller = Caller(account_of(emulator), Connections(), AGENT)
    path = "/generate/custom/model_trellis-2" if paid else MODEL
    with pytest.raises(AnswerLostError if paid else PassingError):
        caller.call("POST" if paid else "GET", path, {} if paid else None, paid=paid)
    assert emulator.calls[name] == 1


@pytest.mark.parametrize("paid", [False, True])
def test_a_call_that_never_left_may_be_made_again_even_when_it_is_paid(paid: bool) -> None:
    with Recorder() as recorder:
        url = recorder.url
    assert type(failure(caller_of(url), paid=paid)) is PassingError


def test_a_gateways_html_is_not_shown(emulator: Emulator) -> None:
    emulator.fault("model", Fault(status=502, html=True))
    error = failure(Caller(account_of(emulator), Connections(), AGENT))
    assert isinstance(error, PassingError)
    assert error.sentence == "Scenario has a problem (502). Retrying."


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("paid", [False, True])
def test_a_redirect_is_not_followed_and_the_key_stays_here(status: int, paid: bool) -> None:
    with Recorder() as other, Recorder(Reply(status, b"", {"Location": other.url})) as recorder:
        assert type(failure(caller_of(recorder.url), paid=paid)) is (AnswerLostError if paid else PassingError)
    assert other.asked == []
    assert len(recorder.asked) == 1


HINTS: list[tuple[Mapping[str, str], Mapping[str, Any], float | None]] = [
    ({"Retry-After": "7"}, {}, 7.0),
    ({"Retry-After": "1.5"}, {}, 1.5),
    ({"retry-after-ms": "250", "Retry-After": "7"}, {}, 0.25),
    ({}, {"remainingSeconds": 12}, 12.0),
    ({"Retry-After": "3"}, {"remainingSeconds": 12}, 3.0),
    ({"Retry-After": "soon"}, {"remainingSeconds": 4}, 4.0),
    ({"Retry-After": "-5"}, {}, None),
    ({"Retry-After": "nan"}, {}, None),
    ({"Retry-After": "inf"}, {}, None),
    ({"Retry-After": "Sun, 01 Jan 2006 00:00:00 GMT"}, {}, None),
    ({"Retry-After": "999999"}, {}, WAIT_MAXIMUM),
    ({}, {"remainingSeconds": "x"}, None),
    ({}, {"remainingSeconds": None}, None),
    ({}, {}, None),
]


@pytest.mark.parametrize(("headers", "data", "expected"), HINTS)
@pytest.mark.parametrize("status", [429, 503])
def test_the_servers_hint_how_long_to_wait_is_understood(
    headers: Mapping[str, str], data: Mapping[str, Any], expected: float | None, status: int
) -> None:
    error = error_for(status, headers, data)
    assert isinstance(error, PassingError)
    assert error.retry_after == expected


def test_a_date_to_wait_for_is_understood() -> None:
    error = error_for(503, {"Retry-After": formatdate(time.time() + 30, usegmt=True)}, {})
    assert isinstance(error, PassingError)
    assert error.retry_after is not None
    assert 27 <= error.retry_after <= 30


def test_a_hint_comes_over_the_wire(emulator: Emulator) -> None:
    emulator.fault("model", Fault(status=429, remaining_seconds=11))
    emulator.fault("model", Fault(status=429, retry_after="12"), after=1)
    caller = Caller(account_of(emulator), Connections(), AGENT)
    hints = [error.retry_after for error in (failure(caller), failure(caller)) if isinstance(error, PassingError)]
    assert hints == [11, 12]


@pytest.mark.parametrize(
    ("status", "may_retry", "expected"),
    [(400, "true", PassingError), (500, "false", RefusedError), (429, "False", RefusedError), (500, "?", PassingError)],
)
def test_the_servers_word_whether_to_retry_counts(status: int, may_retry: str, expected: type[TrellisError]) -> None:
    with Recorder(Reply(status, b"{}", {"X-Should-Retry": may_retry})) as recorder:
        assert type(failure(caller_of(recorder.url))) is expected


@pytest.mark.parametrize("words", ["Rate limit reached, your plan allows 60 calls a minute", "Request quota reached"])
def test_a_limit_that_names_the_time_to_wait_is_waited_for(words: str) -> None:
    assert type(error_for(429, {"Retry-After": "3"}, {"reason": words})) is PassingError


@pytest.mark.parametrize("name", ["reason", "message", "error", "detail"])
def test_the_servers_own_words_are_found(name: str) -> None:
    assert own_words({name: " The picture\n is\todd "}) == "The picture is odd."
    assert own_words({name: 5, "trace_id": "x"}) == ""


def test_long_words_are_shortened() -> None:
    words = own_words({"reason": "word " * 200})
    assert len(words) <= 301
    assert words.endswith("…")


def test_no_signed_address_is_in_the_servers_words() -> None:
    words = own_words({"message": "Cannot read https://cdn.example.com/a.png?Signature=abc&Expires=1 now"})
    assert words == "Cannot read https://cdn.example.com/a.png now."


def test_an_endless_answer_is_given_up() -> None:
    with Recorder(Reply(200, b'{"a": "' + b"x" * (33 * 1024 * 1024) + b'"}')) as recorder:
        assert isinstance(failure(caller_of(recorder.url)), PassingError)


@pytest.mark.parametrize("paid", [False, True])
def test_an_answer_that_is_packed_more_than_once_is_not_unpacked(paid: bool) -> None:
    packed = gzip.compress(gzip.compress(b" " * (64 * MEGABYTE), compresslevel=1))
    with Recorder(Reply(200, packed, {"Content-Encoding": "gzip, gzip"})) as recorder:
        tracemalloc.start()
        try:
            error = failure(caller_of(recorder.url), paid=paid)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert type(error) is (AnswerLostError if paid else PassingError)
    assert peak < 8 * MEGABYTE


@pytest.mark.parametrize("packing", ["zstd", "br", "ZSTD", " br", "gzip, br", "gzip,"])
@pytest.mark.parametrize("paid", [False, True])
def test_an_answer_that_is_packed_in_a_way_that_was_not_asked_for_is_not_unpacked(packing: str, paid: bool) -> None:
    with Recorder(Reply(200, b"{}", {"Content-Encoding": packing})) as recorder:
        error = failure(caller_of(recorder.url), paid=paid)
    assert type(error) is (AnswerLostError if paid else PassingError)
    assert paid or str(error) == "Scenario's answer could not be read."
    assert recorder.asked[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("paid", [False, True])
def test_an_answer_that_is_shorter_than_it_says_is_none_even_if_it_can_be_read(paid: bool) -> None:
    with Recorder(Reply(200, b'{"a": 1}', length=100)) as recorder:
        error = failure(caller_of(recorder.url), paid=paid)
    assert type(error) is (AnswerLostError if paid else PassingError)


@pytest.mark.parametrize("how_much", [1, 10**9], ids=["a byte", "all"])
def test_what_has_begun_to_leave_counts_as_sent_even_if_sending_it_fails(
    monkeypatch: pytest.MonkeyPatch, how_much: int
) -> None:
    sendall = socket.socket.sendall

    def broken(sock: socket.socket, data: Any) -> None:
        sendall(sock, bytes(data)[:how_much])
        raise ConnectionResetError("in the middle")

    with Recorder() as recorder:
        monkeypatch.setattr(socket.socket, "sendall", broken)
        assert type(failure(caller_of(recorder.url), paid=True)) is AnswerLostError
        monkeypatch.undo()


def test_a_packing_that_nobody_knows_is_none() -> None:
    with Recorder(Reply(200, b'{"a": 1}', {"Content-Encoding": "aws-chunked"})) as recorder:
        assert caller_of(recorder.url).call("GET", MODEL) == {"a": 1}


def test_an_answer_that_is_packed_once_is_read() -> None:
    with Recorder(Reply(200, gzip.compress(b'{"a": 1}'), {"Content-Encoding": "gzip"})) as recorder:
        assert caller_of(recorder.url).call("GET", MODEL) == {"a": 1}
