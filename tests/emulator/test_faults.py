"""The faults that a test can order, as a client meets them."""

from __future__ import annotations

import base64
import threading
import time
from typing import TYPE_CHECKING, Any, Literal

import pytest
import requests

from emulator import CALL_NAMES, Emulator, Fault, Service
from tests.emulator.caller import GENERATE, SMALLEST, Caller, download, draw_picture
from tests.patience import PATIENCE
from trellis_blender.core.scenario.connection import Connections, Session

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 500, 503])
def test_an_error_comes_with_a_reason(emulator: Emulator, caller: Caller, status: int) -> None:
    emulator.fault("jobs", Fault(status=status))
    answer = caller.get("/jobs")
    assert answer.status_code == status
    assert answer.json()["reason"]
    assert caller.get("/jobs").status_code == 200


def test_a_gateway_answers_with_html(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("jobs", Fault(status=502, html=True))
    answer = caller.get("/jobs")
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert answer.text.startswith("<html>")


def test_an_error_can_have_a_body_of_its_own(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("jobs", Fault(status=500, body="{broken"))
    assert caller.get("/jobs").text == "{broken"


def test_a_good_status_can_have_a_broken_body(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("jobs", Fault(body='{"jobs": '))
    answer = caller.get("/jobs")
    assert (answer.status_code, answer.text) == (200, '{"jobs": ')


@pytest.mark.parametrize("retry_after", ["2", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_retry_after_is_sent_as_ordered(emulator: Emulator, caller: Caller, retry_after: str) -> None:
    emulator.fault("jobs", Fault(status=429, retry_after=retry_after))
    assert caller.get("/jobs").headers["Retry-After"] == retry_after


def test_the_remaining_seconds_are_in_the_body(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("jobs", Fault(status=429, remaining_seconds=1.5))
    answer = caller.get("/jobs")
    assert answer.json()["remainingSeconds"] == 1.5
    assert "Retry-After" not in answer.headers


def test_more_headers_go_with_any_answer(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("jobs", Fault(status=500, headers={"x-should-retry": "false"}))
    emulator.fault("jobs", Fault(headers={"retry-after-ms": "20"}))
    assert caller.get("/jobs").headers["x-should-retry"] == "false"
    answer = caller.get("/jobs")
    assert (answer.status_code, answer.headers["retry-after-ms"]) == (200, "20")


def test_a_delay_only_delays(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("jobs", Fault(delay=0.3))
    started = time.monotonic()
    assert caller.get("/jobs").json() == {"jobs": []}
    assert time.monotonic() - started >= 0.3


def test_a_call_that_waits_is_answered_once_it_may(emulator: Emulator, caller: Caller) -> None:
    may = threading.Event()
    emulator.fault("jobs", Fault(until=may))
    with pytest.raises(requests.Timeout):
        caller.session.get(emulator.url + "/jobs", timeout=0.2)
    emulator.fault("jobs", Fault(until=may))
    threading.Timer(0.3, may.set).start()
    assert caller.get("/jobs").json() == {"jobs": []}
    assert may.is_set()


def test_a_fault_strikes_as_often_as_ordered_and_after_as_many_calls(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("jobs", Fault(status=500), times=2, after=1)
    assert [caller.get("/jobs").status_code for _ in range(5)] == [200, 500, 500, 200, 200]


def test_faults_of_one_call_strike_in_the_order_they_were_given(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("jobs", Fault(status=500))
    emulator.fault("jobs", Fault(status=503))
    assert [caller.get("/jobs").status_code for _ in range(3)] == [500, 503, 200]


def test_a_fault_without_a_number_strikes_forever(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("jobs", Fault(status=500), times=None)
    assert {caller.get("/jobs").status_code for _ in range(10)} == {500}


def test_a_fault_strikes_its_own_call_only(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("job", Fault(status=500))
    assert caller.get("/jobs").status_code == 200


@pytest.mark.parametrize(
    "order",
    [
        lambda emulator: emulator.fault("sumbit", Fault(status=500)),
        lambda emulator: emulator.fault("job", Fault(job="fails")),
        lambda emulator: emulator.fault("download", Fault(expired=True)),
        lambda emulator: emulator.fault("asset", Fault(glb="corrupt")),
        lambda emulator: emulator.fault("job", Fault(lag=1)),
        lambda emulator: emulator.fault("job", Fault(status=500), times=0),
        lambda emulator: emulator.fault("job", Fault(acted=True)),
    ],
)
def test_an_order_that_could_never_strike_is_an_error(emulator: Emulator, order: Callable[[Emulator], None]) -> None:
    with pytest.raises(ValueError, match=r"call|for"):
        order(emulator)


def test_a_connection_closed_before_acting_starts_no_job(emulator: Emulator, caller: Caller) -> None:
    image = caller.upload(draw_picture())
    emulator.fault("submit", Fault(close="before"))
    with pytest.raises(requests.ConnectionError):
        caller.submit(image)
    assert (emulator.paid, emulator.jobs, emulator.calls["submit"]) == (0, {}, 1)


@pytest.mark.parametrize("close", ["middle", "after"])
def test_an_answer_lost_after_acting_leaves_a_paid_job(
    emulator: Emulator, caller: Caller, close: Literal["middle", "after"]
) -> None:
    image = caller.upload(draw_picture())
    emulator.fault("submit", Fault(close=close))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        caller.submit(image, seed=77)
    assert emulator.paid == 1
    (listed,) = caller.get("/jobs").json()["jobs"]
    assert caller.job(listed["jobId"])["metadata"]["input"]["seed"] == 77


@pytest.mark.parametrize("name", CALL_NAMES)
def test_any_call_can_meet_silence(emulator: Emulator, caller: Caller, name: str) -> None:
    method, url, body = call_of(caller, name)
    emulator.fault(name, Fault(silence="before"))
    counted = emulator.calls[name]
    with requests.Session() as session:
        session.trust_env = False
        session.auth = None if url.startswith(emulator.cdn_url) else caller.session.auth
        with pytest.raises(requests.ReadTimeout):
            session.request(method, url, json=body, timeout=(PATIENCE, 0.2))
        assert emulator.calls[name] == counted + 1
        assert session.request(method, url, json=body, timeout=PATIENCE).ok is (name != "cancel"), (
            "the next is answered"
        )


def call_of(caller: Caller, name: str) -> tuple[str, str, dict[str, Any] | None]:
    """Return method, address and body with which the call of that name is accepted."""
    picture = draw_picture()
    image = caller.upload(picture)
    announced = {"fileName": "x", "contentType": "image/png", "fileSize": 2, "kind": "image", "parts": 1}
    upload = caller.post("/uploads", announced).json()["upload"]
    part = upload["parts"][0]["url"]
    job_id = caller.submit(image)
    paths: dict[str, tuple[str, str, dict[str, Any] | None]] = {
        "upload": ("POST", "/assets", {"name": "x", "image": base64.b64encode(picture).decode()}),
        "upload_start": ("POST", "/uploads", announced),
        "upload_action": ("POST", f"/uploads/{upload['id']}/action", {"action": "complete"}),
        "upload_status": ("GET", f"/uploads/{upload['id']}", None),
        "model": ("GET", "/models/model_trellis-2", None),
        "dry_run": ("POST", GENERATE + "?dryRun=true", {"image": image}),
        "submit": ("POST", GENERATE, {"image": image, **SMALLEST}),
        "job": ("GET", f"/jobs/{job_id}", None),
        "jobs": ("GET", "/jobs", None),
        "cancel": ("POST", f"/jobs/{job_id}/action", {"action": "cancel"}),
        "asset": ("GET", f"/assets/{image}", None),
    }
    if name == "upload_part":
        return "PUT", part, {}
    if name == "download":
        return "GET", caller.get(f"/assets/{image}").json()["asset"]["url"], None
    if name == "upload_action":
        with requests.Session() as session:
            session.trust_env = False
            assert session.put(part, json={}, timeout=PATIENCE).ok
    method, path, body = paths[name]
    return method, caller.emulator.url + path, body


def test_a_submit_that_is_never_answered_may_have_been_accepted(emulator: Emulator, caller: Caller) -> None:
    image = caller.upload(draw_picture())
    for fault, paid in ((Fault(silence="before"), 0), (Fault(silence="after"), 1)):
        emulator.fault("submit", fault)
        with pytest.raises(requests.ReadTimeout):
            caller.session.post(emulator.url + GENERATE, json={"image": image, **SMALLEST}, timeout=(PATIENCE, 0.3))
        assert emulator.paid == paid


def test_an_answer_can_stop_coming_in_the_middle(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("model", Fault(silence="middle"))
    got: list[bytes] = []
    with caller.session.get(emulator.url + "/models/model_trellis-2", stream=True, timeout=(PATIENCE, 0.2)) as answer:
        with pytest.raises(requests.ConnectionError, match="Read timed out"):
            got.extend(answer.iter_content(1))
        assert len(got) == int(answer.headers["Content-Length"]) // 2


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_gives_up_on_a_call_that_was_accepted(emulator: Emulator, caller: Caller, status: int) -> None:
    image = caller.upload(draw_picture())
    emulator.fault("submit", Fault(status=status, html=True, acted=True))
    answer = caller.post(GENERATE, {"image": image, **SMALLEST})
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html")
    assert (emulator.paid, len(emulator.jobs)) == (1, 1)


def test_the_details_of_a_limit_are_in_the_body(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("jobs", Fault(status=429, details={"actionName": "custom-generation", "actionLimit": 4}))
    assert caller.get("/jobs").json()["details"] == {"actionName": "custom-generation", "actionLimit": 4}


def test_a_refused_submit_starts_no_job(emulator: Emulator, caller: Caller) -> None:
    image = caller.upload(draw_picture())
    emulator.fault("submit", Fault(status=503))
    assert caller.post(GENERATE, {"image": image, **SMALLEST}).status_code == 503
    assert (emulator.paid, emulator.jobs) == (0, {})


def test_a_trickling_answer_comes_complete_and_byte_by_byte(emulator: Emulator, caller: Caller) -> None:
    emulator.fault("jobs", Fault(trickle=0.02))
    started = time.monotonic()
    answer = caller.session.get(emulator.url + "/jobs", stream=True, timeout=PATIENCE)
    first_bytes = answer.raw.read(2)
    assert time.monotonic() - started < 0.2
    assert first_bytes + answer.raw.read() == b'{"jobs": []}'
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("wait", [Fault(delay=30), Fault(until=threading.Event()), Fault(silence="before")])
def test_leaving_ends_a_wait(wait: Fault) -> None:
    before = set(threading.enumerate())
    with Emulator() as emulator:
        emulator.fault("jobs", wait)
        with pytest.raises(requests.Timeout):
            Caller(emulator).session.get(emulator.url + "/jobs", timeout=0.2)
    started = time.monotonic()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
    assert time.monotonic() - started < 2


def test_a_job_fails_with_the_hint_that_was_ordered(emulator: Emulator, caller: Caller) -> None:
    image = caller.upload(draw_picture())
    emulator.fault("submit", Fault(job="fails", hint="Use a picture with one subject."))
    job = caller.finish(caller.submit(image))
    assert job["status"] == "failure"
    assert job["metadata"]["hint"] == "Use a picture with one subject."
    assert job["metadata"]["error"]
    assert emulator.paid == 1


def test_a_job_that_never_ends_stays_in_progress(caller: Caller) -> None:
    image = caller.upload(draw_picture())
    caller.emulator.fault("submit", Fault(job="never_ends"))
    job_id = caller.submit(image)
    time.sleep(0.5)
    assert caller.job(job_id)["status"] == "in-progress"


def test_a_job_that_never_ends_can_be_canceled() -> None:
    with Emulator(service=Service(cancels=True)) as emulator:
        caller = Caller(emulator)
        image = caller.upload(draw_picture())
        emulator.fault("submit", Fault(job="never_ends"))
        job_id = caller.submit(image)
        assert caller.post(f"/jobs/{job_id}/action", {"action": "cancel"}).json()["job"]["status"] == "canceled"


def test_an_asset_can_name_an_expired_address(emulator: Emulator, caller: Caller) -> None:
    job = caller.finish(caller.submit(caller.upload(draw_picture())))
    emulator.fault("asset", Fault(expired=True), times=2)
    answer = download(caller.model_url(job))
    assert answer.status_code == 403
    assert "expired" in answer.text
    assert download(caller.model_url(job)).status_code == 200


def test_a_truncated_glb_has_the_length_it_announces(emulator: Emulator, caller: Caller) -> None:
    url = caller.generate(draw_picture())
    whole = download(url).content
    emulator.fault("download", Fault(glb="truncated"))
    part = download(url)
    assert int(part.headers["Content-Length"]) == len(part.content) < len(whole)
    assert whole.startswith(part.content)


def test_a_corrupt_glb_has_the_right_length_and_wrong_json(emulator: Emulator, caller: Caller) -> None:
    url = caller.generate(draw_picture())
    whole = download(url).content
    emulator.fault("download", Fault(glb="corrupt"))
    wrong = download(url).content
    assert (len(wrong), wrong[:20]) == (len(whole), whole[:20])
    assert not wrong[20:].startswith(b"{")


def test_a_download_breaks_off_midway(emulator: Emulator, caller: Caller) -> None:
    url = caller.generate(draw_picture())
    emulator.fault("download", Fault(close="middle"))
    got: list[bytes] = []
    session = Session(Connections(), "trellis-tests")  # which holds an answer to its length
    with session.get(url, stream=True, timeout=PATIENCE) as answer:
        announced = int(answer.headers["Content-Length"])
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            got.extend(answer.iter_content(4096))
    assert got[0][:4] == b"glTF"
    assert announced / 3 < sum(map(len, got)) < announced
