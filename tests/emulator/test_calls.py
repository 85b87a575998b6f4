"""What the emulated API accepts, refuses and counts."""

from __future__ import annotations

import base64
import http.client
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from emulator import Emulator, Service
from tests.emulator.caller import GENERATE, SMALLEST, Caller, download, draw_picture
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

WRONG_PARAMETERS: list[tuple[str, Any]] = [
    ("resolution", 1000),
    ("resolution", "1024"),
    ("ssGuidanceStrength", 10.5),
    ("ssGuidanceStrength", -0.1),
    ("ssSamplingSteps", 20.5),
    ("ssSamplingSteps", 0),
    ("texSlatRescaleT", True),
    ("decimationTarget", 99_999),
    ("decimationTarget", 2_000_001),
    ("textureSize", 512),
    ("remesh", 1),
    ("remeshBand", 4.5),
    ("seed", 2**31),
    ("seed", None),
    ("shapeSlatRescaleT", 3),
    ("image", 5),
]


class Hand:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def slow(hand: Hand) -> Iterator[Caller]:
    """Yield a client of a kind emulator whose jobs take 100 s of a clock that the test moves."""
    kind = Service(cancels=True, shows_progress=True, imports_at_once=False)
    with Emulator(job_seconds=100, url_seconds=60, service=kind, clock=hand) as emulator:
        yield Caller(emulator)


def test_a_wrong_secret_is_refused_with_401(emulator: Emulator) -> None:
    caller = Caller(emulator)
    caller.session.auth = (emulator.key, "wrong")
    assert caller.get("/models/model_trellis-2").status_code == 401


def test_a_call_without_a_key_is_refused_with_401(emulator: Emulator) -> None:
    assert download(emulator.url + "/models/model_trellis-2").status_code == 401


def test_a_refused_submit_is_not_paid(emulator: Emulator, caller: Caller) -> None:
    image = caller.upload(draw_picture())
    caller.session.auth = ("wrong", emulator.secret)
    assert caller.post(GENERATE, {"image": image}).status_code == 401
    assert (emulator.paid, emulator.calls["submit"]) == (0, 1)


def test_api_keys_may_not_ask_who_they_are(caller: Caller) -> None:
    assert caller.get("/me").status_code == 403


def test_an_unknown_path_is_refused_with_404(caller: Caller) -> None:
    assert caller.get("/nothing").status_code == 404


def test_an_unknown_model_is_refused_with_404(caller: Caller) -> None:
    assert caller.get("/models/model_other").status_code == 404
    assert caller.post("/generate/custom/model_other", {"image": "x"}).status_code == 404


def test_a_connection_serves_several_calls(emulator: Emulator) -> None:
    key = base64.b64encode(f"{emulator.key}:{emulator.secret}".encode()).decode("ascii")
    connection = http.client.HTTPConnection(emulator.url.split("/")[2], timeout=PATIENCE)
    local_addresses = set()
    for path in ("/v1/jobs", "/v1/models/model_trellis-2", "/v1/nothing"):
        connection.request("GET", path, headers={"Authorization": f"Basic {key}"})
        local_addresses.add(connection.sock.getsockname())
        connection.getresponse().read()
    connection.close()
    assert len(local_addresses) == 1


@pytest.mark.parametrize(
    ("file_format", "outline", "begins"),
    [
        ("PNG", "rectangle", b"\x89PNG"),
        ("JPEG", "rectangle", b"\xff\xd8"),
        ("WEBP", "rectangle", b"RIFF"),
        ("GIF", "rectangle", b"GIF87a"),
        ("GIF", "disc", b"GIF89a"),
    ],
)
def test_a_picture_of_each_format_is_taken(
    emulator: Emulator, caller: Caller, file_format: str, outline: str, begins: bytes
) -> None:
    picture = draw_picture(outline, file_format)
    assert picture.startswith(begins)
    asset = emulator.assets[caller.upload(picture)]
    assert (asset.data, asset.mime_type) == (picture, f"image/{file_format.lower()}")


def test_a_picture_may_come_as_a_data_url(emulator: Emulator, caller: Caller) -> None:
    image = "data:image/png;base64," + base64.b64encode(draw_picture()).decode("ascii")
    answer = caller.post("/assets", {"name": "x", "image": image})
    assert emulator.assets[answer.json()["asset"]["id"]].data == draw_picture()


@pytest.mark.parametrize("prefix", ["data:text/plain;base64,", "data:image/png,", "\n", "!"])
def test_a_picture_in_anything_but_base64_is_refused_with_400(caller: Caller, prefix: str) -> None:
    image = prefix + base64.b64encode(draw_picture()).decode("ascii")
    assert caller.post("/assets", {"name": "x", "image": image}).status_code == 400


@pytest.mark.parametrize("image", ["not base64!", base64.b64encode(b"%PDF-1.7 is no picture").decode(), "", 7])
def test_what_is_not_a_picture_in_base64_is_refused_with_400(caller: Caller, image: object) -> None:
    answer = caller.post("/assets", {"name": "x", "image": image})
    assert answer.status_code == 400
    assert "image" in answer.json()["reason"]


def test_a_picture_of_more_than_4_mb_is_too_large_for_one_call(caller: Caller) -> None:
    picture = draw_picture()
    for size, status in ((4_000_000, 200), (4_000_001, 413)):
        image = base64.b64encode(picture.ljust(size, b"\0")).decode()
        assert caller.post("/assets", {"name": "x", "image": image}).status_code == status


def test_a_body_that_is_not_json_is_refused_with_400(caller: Caller) -> None:
    answer = caller.session.post(caller.emulator.url + "/assets", data=b"\xff{", timeout=PATIENCE)
    assert answer.status_code == 400


@pytest.mark.parametrize(("name", "value"), WRONG_PARAMETERS)
def test_a_wrong_parameter_is_refused_by_its_name(caller: Caller, name: str, value: object) -> None:
    body = {"image": caller.upload(draw_picture()), name: value}
    answer = caller.post(GENERATE, body)
    assert answer.status_code == 400
    assert f'"{name}"' in answer.json()["reason"]
    assert caller.emulator.paid == 0


def test_a_missing_image_is_refused_by_its_name(caller: Caller) -> None:
    assert '"image"' in caller.post(GENERATE, {}).json()["reason"]


def test_the_ends_of_the_ranges_are_accepted(caller: Caller) -> None:
    image = caller.upload(draw_picture())
    low = {"ssGuidanceStrength": 0, "ssSamplingSteps": 1, "remeshBand": 1.0, "seed": 0, "textureSize": 1024}
    high = {"ssGuidanceStrength": 10, "ssSamplingSteps": 50, "decimationTarget": 2_000_000, "seed": 2**31 - 1}
    for body in (low, high):
        assert caller.post(GENERATE, {"image": image, **body}, dryRun="true").status_code == 269


def test_an_unknown_image_is_refused_with_404(caller: Caller) -> None:
    for query in ({}, {"dryRun": "true"}):
        assert caller.post(GENERATE, {"image": "asset_unknown"}, **query).status_code == 404


def test_a_dry_run_costs_nothing_and_is_counted_apart(emulator: Emulator, caller: Caller) -> None:
    answer = caller.post(GENERATE, {"image": caller.upload(draw_picture())}, dryRun="true")
    assert answer.status_code == 269
    assert (emulator.paid, emulator.jobs, emulator.calls["dry_run"], emulator.calls["submit"]) == (0, {}, 1, 0)


def test_a_dry_run_asked_for_in_the_body_starts_a_paid_job(emulator: Emulator, caller: Caller) -> None:
    answer = caller.post(GENERATE, {"image": caller.upload(draw_picture()), "dryRun": True, **SMALLEST})
    assert answer.status_code == 200
    assert (emulator.paid, list(emulator.jobs)) == (1, [answer.json()["job"]["jobId"]])


@pytest.mark.parametrize(
    "change", [{"resolution": 1536}, {"textureSize": 4096}, {"ssSamplingSteps": 50}, {"texSlatSamplingSteps": 50}]
)
def test_the_price_rises_with_what_makes_the_model_better(caller: Caller, change: dict[str, int]) -> None:
    image = caller.upload(draw_picture())
    usual, better = (
        caller.post(GENERATE, {"image": image, **body}, dryRun="true").json()["creativeUnitsCost"]
        for body in ({}, change)
    )
    assert better > usual


def test_a_job_costs_what_its_dry_run_said(caller: Caller) -> None:
    body = {"image": caller.upload(draw_picture()), **SMALLEST}
    said = caller.post(GENERATE, body, dryRun="true").json()["creativeUnitsCost"]
    job = caller.post(GENERATE, body).json()["job"]
    assert job["billing"] == {"cuCost": said, "cuDiscount": 0}


def test_a_job_walks_through_its_statuses_with_the_clock(slow: Caller, hand: Hand) -> None:
    job_id = slow.submit(slow.upload(draw_picture()))
    seen = []
    for now in (0, 6, 16, 30, 60, 85, 95):
        hand.now = 1_800_000_000.0 + now
        job = slow.job(job_id)
        seen.append((job["status"], job["progress"]))
    assert seen == [
        ("pending", 0),
        ("queued", 0),
        ("warming-up", 0),
        ("in-progress", 0),
        ("in-progress", 0.5),
        ("in-progress", 0.9),
        ("finalizing", 0.9),
    ]
    hand.now += 10
    assert slow.finish(job_id)["status"] == "success"


def test_a_job_shows_its_assets_only_when_it_has_succeeded(slow: Caller, hand: Hand) -> None:
    job_id = slow.submit(slow.upload(draw_picture()))
    hand.now += 99
    until = time.monotonic() + PATIENCE
    while slow.emulator.jobs[job_id].settled is None and time.monotonic() < until:
        time.sleep(0.02)
    assert len(slow.emulator.jobs[job_id].asset_ids) == 2
    assert slow.job(job_id)["metadata"]["assetIds"] == []
    hand.now += 2
    assert len(slow.finish(job_id)["metadata"]["assetIds"]) == 2


def test_a_job_keeps_the_body_it_was_submitted_with(caller: Caller) -> None:
    image = caller.upload(draw_picture())
    job = caller.job(caller.submit(image, seed=42))
    assert job["metadata"]["input"] == {"image": image, "seed": 42, **SMALLEST}


def test_a_canceled_job_stays_canceled(slow: Caller, hand: Hand) -> None:
    job_id = slow.submit(slow.upload(draw_picture()))
    hand.now += 30
    answer = slow.post(f"/jobs/{job_id}/action", {"action": "cancel"})
    assert (answer.status_code, answer.json()["job"]["status"]) == (200, "canceled")
    hand.now += 1000
    assert slow.job(job_id)["status"] == "canceled"


def test_a_job_that_has_ended_keeps_its_status_when_canceled(slow: Caller, hand: Hand) -> None:
    job_id = slow.submit(slow.upload(draw_picture()))
    hand.now += 101
    slow.finish(job_id)
    answer = slow.post(f"/jobs/{job_id}/action", {"action": "cancel"})
    assert (answer.status_code, answer.json()["job"]["status"]) == (200, "success")


def test_another_action_than_cancel_is_refused_with_400(caller: Caller) -> None:
    job_id = caller.submit(caller.upload(draw_picture()))
    assert caller.post(f"/jobs/{job_id}/action", {"action": "pause"}).status_code == 400


def test_a_job_whose_picture_cannot_be_read_fails_with_a_hint(
    caller: Caller, capfd: pytest.CaptureFixture[str]
) -> None:
    job = caller.finish(caller.submit(caller.upload(draw_picture()[:60])))
    assert job["status"] == "failure"
    assert "picture cannot be processed" in job["metadata"]["error"]
    assert job["metadata"]["hint"]
    assert capfd.readouterr().err == "", "a picture that TRELLIS.2 fails on is no fault of the emulator"


def start_upload(caller: Caller, size: int, parts: int = 2) -> dict[str, Any]:
    body = {"fileName": "x.png", "contentType": "image/png", "fileSize": size, "kind": "image", "parts": parts}
    answer = caller.post("/uploads", body)
    assert answer.status_code == 200, answer.text
    upload: dict[str, Any] = answer.json()["upload"]
    return upload


def put_part(url: str, data: bytes, **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.put(url, data=data, headers=headers, timeout=PATIENCE)


def test_an_upload_goes_through_its_statuses_to_imported(slow: Caller, hand: Hand) -> None:
    picture = draw_picture()
    upload = start_upload(slow, len(picture), parts=1)
    assert put_part(upload["parts"][0]["url"], picture).status_code == 200
    seen = [slow.post(f"/uploads/{upload['id']}/action", {"action": "complete"}).json()["upload"]]
    for seconds in (0.08, 0.08, 0.08, 0.2):
        hand.now += seconds
        seen.append(slow.get(f"/uploads/{upload['id']}").json()["upload"])
    assert [upload["status"] for upload in seen] == ["complete", "validating", "validated", "imported", "imported"]
    *before, last = (upload["entityId"] for upload in seen)
    assert before == [None] * 4, "the status alone does not tell that the id is there"
    assert slow.emulator.assets[last].data == picture


def test_an_upload_cannot_be_completed_before_all_parts_are_there(caller: Caller) -> None:
    upload = start_upload(caller, 10)
    put_part(upload["parts"][0]["url"], b"12345")
    answer = caller.post(f"/uploads/{upload['id']}/action", {"action": "complete"})
    assert answer.status_code == 400
    assert "Part 2" in answer.json()["reason"]


@pytest.mark.parametrize(("size", "said"), [(10, "not 10"), (12, "not a PNG")])
def test_an_upload_that_is_not_the_picture_announced_fails(caller: Caller, size: int, said: str) -> None:
    upload = start_upload(caller, size, parts=1)
    put_part(upload["parts"][0]["url"], b"no picture!!")
    caller.post(f"/uploads/{upload['id']}/action", {"action": "complete"})
    for _ in range(200):
        upload = caller.get(f"/uploads/{upload['id']}").json()["upload"]
        if upload["status"] == "failed":
            break
        time.sleep(0.02)
    assert said in upload["errorMessage"]
    assert upload["entityId"] is None


@pytest.mark.parametrize("field", ["fileName", "contentType", "fileSize", "kind", "parts"])
def test_an_upload_without_a_required_field_is_refused_with_400(caller: Caller, field: str) -> None:
    body = {"fileName": "x.png", "contentType": "image/png", "fileSize": 5, "kind": "image", "parts": 1}
    body.pop(field)
    answer = caller.post("/uploads", body)
    assert answer.status_code == 400
    assert f'"{field}"' in answer.json()["reason"]


def test_credentials_sent_with_a_part_are_refused_and_counted(emulator: Emulator, caller: Caller) -> None:
    upload = start_upload(caller, 5, parts=1)
    assert caller.session.put(upload["parts"][0]["url"], data=b"12345", timeout=PATIENCE).status_code == 400
    assert emulator.leaked_credentials == 1


def test_a_part_with_a_wrong_signature_is_refused_with_403(caller: Caller) -> None:
    upload = start_upload(caller, 5, parts=1)
    assert put_part(upload["parts"][0]["url"] + "0", b"12345").status_code == 403


def test_leaving_closes_the_connections_of_clients_at_once() -> None:
    with Emulator() as emulator:
        address = ("127.0.0.1", int(emulator.url.split(":")[2].removesuffix("/v1")))
        client = socket.create_connection(address, timeout=PATIENCE)
        client.sendall(b"GET /v1/jobs HTTP/1.1\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 401"
    with client:
        while client.recv(4096):
            pass
        assert client.recv(1) == b"", "the other side has closed, or this would have timed out"


def test_nothing_is_served_after_leaving() -> None:
    with Emulator() as emulator:
        caller = Caller(emulator)
        caller.get("/jobs")
    with pytest.raises(requests.ConnectionError):
        caller.get("/jobs")
