"""The API's calls, against the emulator: what goes in, what comes out."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from emulator import Emulator, Fault
from tests.core.recorder import Recorder, Reply
from tests.core.studio import AGENT, account_of, smallest, tells_what_to_do
from trellis_blender.core.errors import AccountError, AnswerLostError, PassingError, RefusedError, StorageError
from trellis_blender.core.request.account import Account
from trellis_blender.core.scenario.api import Api
from trellis_blender.core.scenario.connection import Connections


def going_on(_seconds: float) -> bool:
    return True


def short_wait(seconds: float) -> bool:
    """Wait no longer than the emulator needs to import an upload."""
    time.sleep(min(seconds, 0.1))
    return True


def api_of(url: str) -> Api:
    return Api(Account.checked("k", "s", "", url), Connections(), AGENT)


@pytest.fixture
def api(emulator: Emulator) -> Api:
    return Api(account_of(emulator), Connections(), AGENT)


@pytest.fixture(scope="module")
def large_picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an uncompressed PNG of about 12 MB."""
    path = tmp_path_factory.mktemp("pictures") / "groß.png"
    Image.effect_noise((2000, 2000), 90).convert("RGB").save(path, compress_level=0)
    assert path.stat().st_size > 11_000_000
    return path


def test_a_check_tells_the_models_name(api: Api) -> None:
    assert api.check() == "Trellis 2 (emulated)"


def test_a_check_with_a_wrong_key_is_refused(emulator: Emulator) -> None:
    with pytest.raises(AccountError) as error:
        Api(account_of(emulator, "wrong"), Connections(), AGENT).check()
    assert tells_what_to_do(error.value.sentence)


def test_a_small_picture_arrives_as_it_is(api: Api, emulator: Emulator, picture: Path) -> None:
    asset = api.upload(picture, "Bücher regal.png", "image/png", going_on)
    stored = emulator.assets[asset.id]
    assert (stored.name, stored.data) == ("Bücher regal.png", picture.read_bytes())
    assert asset.created.endswith("Z")
    assert not asset.is_glb
    assert emulator.calls["upload_start"] == 0


def test_a_large_picture_arrives_in_parts_that_get_no_key(api: Api, emulator: Emulator, large_picture: Path) -> None:
    asset = api.upload(large_picture, "groß.png", "image/png", short_wait)
    assert emulator.assets[asset.id].data == large_picture.read_bytes()
    assert (emulator.calls["upload"], emulator.calls["upload_part"]) == (0, 3)
    assert emulator.leaked_credentials == 0


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(close="before"), Fault(status=403)], ids=str)
def test_a_part_that_is_not_stored_can_be_sent_again(
    api: Api, emulator: Emulator, large_picture: Path, fault: Fault
) -> None:
    emulator.fault("upload_part", fault, after=1)
    with pytest.raises(PassingError):
        api.upload(large_picture, "groß.png", "image/png", short_wait)


def test_an_upload_stops_between_parts(api: Api, emulator: Emulator, large_picture: Path) -> None:
    with pytest.raises(PassingError):
        api.upload(large_picture, "groß.png", "image/png", lambda _: emulator.calls["upload_part"] < 1)
    assert emulator.calls["upload_part"] == 1


def test_a_large_file_that_is_no_picture_is_refused_with_the_servers_words(api: Api, folder: Path) -> None:
    path = folder / "text.png"
    path.write_bytes(b"x" * 6_000_000)
    with pytest.raises(RefusedError, match="not a PNG") as error:
        api.upload(path, "text.png", "image/png", short_wait)
    assert tells_what_to_do(error.value.sentence)


def test_a_picture_that_vanished_is_told(api: Api, folder: Path) -> None:
    with pytest.raises(StorageError) as error:
        api.upload(folder / "gone.png", "gone.png", "image/png", going_on)
    assert tells_what_to_do(error.value.sentence)


def test_a_submit_sends_the_whole_body_and_tells_the_price(api: Api, emulator: Emulator, picture: Path) -> None:
    image = api.upload(picture, "a", "image/png", going_on).id
    remote = api.submit(image, smallest(seed=11))
    assert (remote.image, remote.seed, remote.is_over) == (image, 11, False)
    assert remote.cost == emulator.jobs[remote.id].cost
    assert len(emulator.jobs[remote.id].input) == 18
    assert emulator.jobs[remote.id].input["decimationTarget"] == 100_000


@pytest.mark.parametrize(
    "body", ["{}", '{"job": {}}', '{"job": {"jobId": ""}}', '{"job": []}', '{"job": {"jobId": 5}}']
)
def test_an_accepted_submit_that_names_no_job_is_a_lost_answer(api: Api, emulator: Emulator, body: str) -> None:
    emulator.fault("submit", Fault(body=body))
    with pytest.raises(AnswerLostError):
        api.submit("asset_1", smallest())


def test_an_unknown_status_is_alive() -> None:
    body = {"job": {"jobId": "j", "status": "polishing", "progress": 7, "metadata": None, "billing": None}}
    with Recorder(Reply(body=json.dumps(body).encode())) as recorder:
        remote = api_of(recorder.url).job("j")
    assert (remote.status, remote.is_over, remote.is_success) == ("polishing", False, False)
    assert (remote.progress, remote.cost, remote.asset_ids) == (1.0, None, ())


def test_odd_fields_are_taken_for_absent() -> None:
    metadata = {"input": {"seed": "x", "image": None}, "assetIds": "asset", "error": None}
    body = {"job": {"jobId": "j", "status": None, "progress": float("nan"), "metadata": metadata}}
    with Recorder(Reply(body=json.dumps(body).encode())) as recorder:
        remote = api_of(recorder.url).job("j")
    assert (remote.status, remote.progress, remote.seed, remote.image) == ("", 0.0, None, "")
    assert (remote.asset_ids, remote.words) == ((), "")


@pytest.mark.parametrize(
    ("begun", "news", "seconds"),
    [
        ("2026-11-22T10:00:00.000Z", "2026-11-22T10:01:35.500Z", 95.5),
        ("2026-11-22T10:00:00.000Z", "2026-11-22T12:00:00.000+02:00", 0.0),
        ("2026-11-22T10:00:00.000Z", "2026-11-22T09:00:00.000Z", None),
        ("2026-11-22T10:00:00.000Z", "2026-11-22T10:00:00", None),
        ("2026-11-22T10:00:00.000Z", None, None),
        (None, "2026-11-22T10:00:00.000Z", None),
        ("yesterday", "2026-11-22T10:00:00.000Z", None),
        (5, 7, None),
    ],
)
def test_how_long_a_job_took_is_read_from_the_servers_own_dates(begun: Any, news: Any, seconds: float | None) -> None:
    body = {"job": {"jobId": "j", "status": "success", "createdAt": begun, "updatedAt": news}}
    with Recorder(Reply(body=json.dumps(body).encode())) as recorder:
        assert api_of(recorder.url).job("j").seconds == seconds


def test_a_listing_is_read_page_by_page(api: Api, emulator: Emulator, picture: Path) -> None:
    emulator.fault("submit", Fault(job="never_ends"), times=None)
    image = api.upload(picture, "a", "image/png", going_on)
    ids = {api.submit(image.id, smallest()).id for _ in range(130)}
    time.sleep(0.2)  # longer than their jobs take: news would move one from page to page
    first, page = api.jobs("2026-01-01T00:00:00.000Z")
    second, end = api.jobs("2026-01-01T00:00:00.000Z", page)
    assert (len(first), len(second), end) == (100, 30, "")
    assert page
    assert {job.id for job in (*first, *second)} == ids


def test_a_listing_begins_at_the_date(api: Api, picture: Path) -> None:
    api.submit(api.upload(picture, "a", "image/png", going_on).id, smallest())
    assert api.jobs("2099-01-01T00:00:00.000Z") == ([], "")


@pytest.mark.parametrize("body", ["{}", '{"jobs": null}', '{"jobs": [{}]}', '{"jobs": ["x"]}'])
def test_a_listing_that_cannot_be_read_passes(api: Api, emulator: Emulator, body: str) -> None:
    emulator.fault("jobs", Fault(body=body))
    with pytest.raises(PassingError):
        api.jobs("2026-01-01T00:00:00.000Z")


def test_a_cancelled_job_is_over(api: Api, emulator: Emulator, picture: Path) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job = api.submit(api.upload(picture, "a", "image/png", going_on).id, smallest())
    remote = api.cancel(job.id)
    assert (remote.status, remote.is_over, remote.is_success) == ("canceled", True, False)


def test_what_is_not_there_is_refused(api: Api) -> None:
    for call in (api.job, api.cancel, api.asset):
        with pytest.raises(RefusedError):
            call("nowhere")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"mimeType": "model/gltf-binary"}, True),
        ({"url": "https://cdn.example.com/a.GLB?Signature=x"}, True),
        ({"properties": {"format": "glb"}}, True),
        ({"url": "https://cdn.example.com/a.png?name=a.glb", "mimeType": "image/png"}, False),
        ({}, False),
    ],
)
def test_a_glb_is_recognised(fields: dict[str, object], expected: bool) -> None:
    with Recorder(Reply(body=json.dumps({"asset": {"id": "a", **fields}}).encode())) as recorder:
        assert api_of(recorder.url).asset("a").is_glb is expected


def test_a_signed_address_does_not_show_in_an_assets_repr(api: Api, picture: Path) -> None:
    asset = api.upload(picture, "a", "image/png", going_on)
    assert "Signature" in asset.url
    assert "Signature" not in repr(asset)
