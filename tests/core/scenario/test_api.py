"""The API's calls, against the emulator: what goes in, what comes out."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image

from emulator import Emulator, Fault
from tests.core.recorder import Recorder, Reply
from tests.core.studio import AGENT, account_of, smallest, tells_what_to_do
from tests.services import scenario_stops
from trellis_blender.core.errors import AccountError, AnswerLostError, PassingError, RefusedError, StorageError
from trellis_blender.core.request.account import Account
from trellis_blender.core.request.models import TRELLIS_2
from trellis_blender.core.request.service import RemoteJob, ServiceModel
from trellis_blender.core.scenario import api as scenario_api
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
    assert api.check(TRELLIS_2) == ServiceModel("Trellis 2 (emulated)")


@pytest.mark.parametrize(
    ("tags", "replacement"),
    [
        (["deprecated:model_trellis-3"], "model_trellis-3"),
        (["3d", "deprecated:"], ""),
        (["deprecated"], ""),
        (["not-deprecated:x", 5], None),
        ([], None),
        (None, None),
        ("deprecated:x", None),
    ],
)
def test_a_check_tells_what_takes_the_models_place(tags: Any, replacement: str | None) -> None:
    with Recorder(Reply(body=json.dumps({"model": {"name": "Trellis 2", "tags": tags}}).encode())) as recorder:
        assert api_of(recorder.url).check(TRELLIS_2) == ServiceModel("Trellis 2", replacement)


def test_a_check_with_a_wrong_key_is_refused(emulator: Emulator) -> None:
    with pytest.raises(AccountError) as error:
        Api(account_of(emulator, "wrong"), Connections(), AGENT).check(TRELLIS_2)
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


@pytest.mark.parametrize(
    "fault", [Fault(status=500), Fault(close="before"), Fault(status=403), Fault(status=302)], ids=str
)
def test_a_part_that_is_not_stored_can_be_sent_again(
    api: Api, emulator: Emulator, large_picture: Path, fault: Fault
) -> None:
    emulator.fault("upload_part", fault, after=1)
    with pytest.raises(PassingError):
        api.upload(large_picture, "groß.png", "image/png", short_wait)


def test_a_picture_that_is_too_large_for_one_call_goes_on_in_parts(
    api: Api, emulator: Emulator, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario_api, "PART_BYTES", 50)
    emulator.fault("upload", Fault(status=413, html=True))
    asset = api.upload(picture, "a.png", "image/png", short_wait)
    assert emulator.assets[asset.id].data == picture.read_bytes()
    assert (emulator.calls["upload"], emulator.calls["upload_part"] > 1) == (1, True)


def test_an_import_waits_for_the_assets_id(api: Api, emulator: Emulator, large_picture: Path) -> None:
    emulator.fault("upload_status", Fault(body='{"upload": {"status": "imported", "entityId": null}}'))
    asset = api.upload(large_picture, "groß.png", "image/png", short_wait)
    assert emulator.assets[asset.id].data == large_picture.read_bytes()


def test_an_import_that_never_ends_is_given_up(
    api: Api, emulator: Emulator, large_picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario_api, "IMPORT_LOOKS", 3)
    emulator.fault("upload_status", Fault(body='{"upload": {"status": "imported"}}'), times=None)
    with pytest.raises(PassingError):
        api.upload(large_picture, "groß.png", "image/png", going_on)
    assert emulator.calls["upload_status"] == 3


def test_an_import_is_given_up_by_the_clock_too(
    api: Api, emulator: Emulator, large_picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenario_api, "IMPORT_SECONDS", -1.0)
    with pytest.raises(PassingError):
        api.upload(large_picture, "groß.png", "image/png", going_on)
    assert emulator.calls["upload_status"] == 0


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
    remote = api.submit(TRELLIS_2, image, smallest(seed=11))
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
        api.submit(TRELLIS_2, "asset_1", smallest())


def remote_of(fields: dict[str, Any]) -> RemoteJob:
    with Recorder(Reply(body=json.dumps({"job": {"jobId": "j", **fields}}).encode())) as recorder:
        return api_of(recorder.url).job("j")


def test_a_jobs_id_may_have_its_other_name() -> None:
    assert remote_of({"jobId": None, "id": "job_7"}).id == "job_7"
    assert remote_of({"id": "elsewhere"}).id == "j"


HOLDING: list[dict[str, Any]] = [
    {"metadata": {"input": {"image": "asset_1"}}},
    {"metadata": {"input": {"images": [{"id": "asset_1"}]}}},
    {"metadata": {"inputAssets": ["asset_0", "asset_1"]}},
    {"parents": {"asset_1": {}}},
    {"request": '{"image": "asset_1"}'},
    {"thumbnail": "https://cdn.example.com/assets/asset_1.png?Signature=x"},
]


@pytest.mark.parametrize("fields", HOLDING, ids=str)
def test_a_job_holds_a_picture_wherever_its_id_stands(fields: dict[str, Any]) -> None:
    remote = remote_of(fields)
    assert remote.holds("asset_1")
    assert not remote.holds("asset")
    assert not remote.holds("asset_11")
    assert not remote.holds("sset_1")
    assert "asset_1" not in repr(dataclasses.replace(remote, image=""))


@pytest.mark.parametrize(
    ("submitted", "has_input"),
    [
        ({"image": "asset_2", "seed": 7}, True),
        ({"prompt": "a chair"}, True),
        (None, False),
        ({}, False),
        ("asset_2", False),
        ({"seed": 7}, False),
        ({"image": ""}, False),
        ({"image": None, "prompt": "a chair"}, False),
        ({"image": ["asset_2"]}, False),
        ({"image": "https://cdn.example.com/x"}, False),
    ],
    ids=str,
)
def test_an_input_is_readable_when_it_tells_its_picture(submitted: Any, has_input: bool) -> None:
    assert remote_of({"metadata": {"input": submitted}}).has_input is has_input


@pytest.mark.parametrize(
    ("fields", "is_other"),
    [
        ({"modelId": "model_other"}, True),
        ({"metadata": {"modelId": "model_other"}}, True),
        ({"metadata": {"input": {"modelId": "model_other"}}}, True),
        ({"modelId": "model_trellis-2"}, False),
        ({"modelId": ""}, False),
        ({}, False),
    ],
)
def test_a_job_of_another_model_is_known_when_it_says_so(fields: dict[str, Any], is_other: bool) -> None:
    assert remote_of(fields).is_other_than(TRELLIS_2.id) is is_other


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
    ids = {api.submit(TRELLIS_2, image.id, smallest()).id for _ in range(130)}
    time.sleep(0.2)  # longer than their jobs take: news would move one from page to page
    first, page = api.jobs("2026-01-01T00:00:00.000Z")
    second, end = api.jobs("2026-01-01T00:00:00.000Z", page)
    assert (len(first), len(second), end) == (100, 30, "")
    assert page
    assert {job.id for job in (*first, *second)} == ids


def test_a_listing_begins_at_the_date(api: Api, picture: Path) -> None:
    api.submit(TRELLIS_2, api.upload(picture, "a", "image/png", going_on).id, smallest())
    assert api.jobs("2099-01-01T00:00:00.000Z") == ([], "")


@pytest.mark.parametrize("body", ["{}", '{"jobs": null}', '{"jobs": {}}', '{"jobs": "x"}'])
def test_a_listing_that_cannot_be_read_passes(api: Api, emulator: Emulator, body: str) -> None:
    emulator.fault("jobs", Fault(body=body))
    with pytest.raises(PassingError):
        api.jobs("2026-01-01T00:00:00.000Z")


@scenario_stops
def test_a_cancelled_job_is_over(api: Api, emulator: Emulator, picture: Path) -> None:
    emulator.fault("submit", Fault(job="never_ends"))
    job = api.submit(TRELLIS_2, api.upload(picture, "a", "image/png", going_on).id, smallest())
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


# -- what a server names has an end, and leads nowhere else


@pytest.mark.parametrize("name", ["../../users?x=1#y", "a/b", "%2e%2e", "a b", "jobs\\..\\x"])
def test_an_id_is_one_part_of_an_address_whatever_is_in_it(name: str) -> None:
    with Recorder(Reply(200, b'{"job": {"jobId": "j"}, "asset": {"id": "a"}}')) as recorder:
        api_of(recorder.url).job(name)
        api_of(recorder.url).asset(name)
        api_of(recorder.url).cancel(name)
    paths = [asked.path for asked in recorder.asked]
    assert [path.count("/") for path in paths] == [2, 2, 3]
    assert [unquote(path.split("/")[2]) for path in paths] == [name] * 3
    assert [asked.query for asked in recorder.asked] == [{}] * 3


@pytest.mark.parametrize("name", ["", ".", "..", "..."])
def test_an_id_that_is_none_is_not_asked_for(name: str) -> None:
    with Recorder() as recorder:
        for call in (api_of(recorder.url).job, api_of(recorder.url).asset, api_of(recorder.url).cancel):
            with pytest.raises(PassingError):
                call(name)
    assert recorder.asked == []


LONG = "x" * 90_000


def test_what_a_row_names_has_a_length() -> None:
    fields = {"status": LONG, "createdAt": LONG, "metadata": {"assetIds": [LONG] * 90, "input": {"image": LONG}}}
    found = remote_of(fields)
    assert [*map(len, (found.status, found.created, found.image))] == [scenario_api.ID_MAXIMUM] * 3
    assert [*map(len, found.asset_ids)] == [scenario_api.ID_MAXIMUM] * scenario_api.ASSETS_MAXIMUM


@pytest.mark.parametrize("body", [{"job": {"jobId": LONG, "id": LONG}}, {"asset": {"id": LONG}}])
def test_an_id_that_is_too_long_is_none(body: dict[str, Any]) -> None:
    with Recorder(Reply(200, json.dumps(body).encode())) as recorder, pytest.raises(PassingError):
        (api_of(recorder.url).job if "job" in body else api_of(recorder.url).asset)("one")


@pytest.mark.parametrize(("length", "is_taken"), [(scenario_api.TOKEN_MAXIMUM, True), (90_000, False)])
def test_a_next_page_has_a_length(length: int, is_taken: bool) -> None:
    body = json.dumps({"jobs": [], "nextPaginationToken": "t" * length}).encode()
    with Recorder(Reply(200, body)) as recorder:
        if is_taken:
            assert len(api_of(recorder.url).jobs("2026")[1]) == length
        else:
            with pytest.raises(PassingError):
                api_of(recorder.url).jobs("2026")


@pytest.mark.parametrize("cost", [-1, -1e300, 1e7, 1e300, True, "7", [7], float("nan"), float("inf"), None])
def test_a_cost_that_nobody_could_charge_is_none(cost: Any) -> None:
    assert remote_of({"billing": {"cuCost": cost}}).cost is None


@pytest.mark.parametrize("value", [True, "0.5", None, float("nan"), [1]])
def test_a_progress_that_is_no_number_is_none(value: Any) -> None:
    assert remote_of({"progress": value}).progress == 0.0
