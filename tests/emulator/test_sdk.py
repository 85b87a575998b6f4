"""The official SDK is the judge of the emulator's shapes: its client makes the calls, its types read the answers.

The SDK's client forgives missing and wrong fields. So each answer is also read strictly: all fields that the
type requires, of the right type, and no field that the type does not know.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import BaseModel, ValidationError
from scenario_sdk import APIStatusError, Scenario
from scenario_sdk.types import (
    AssetRetrieveResponse,
    AssetUploadResponse,
    GenerateRunModelResponse,
    JobListResponse,
    JobRetrieveResponse,
    JobTriggerActionResponse,
    ModelRetrieveResponse,
    UploadCreateResponse,
    UploadRetrieveResponse,
    UploadTriggerActionResponse,
)

from emulator import Emulator, Service
from tests.emulator.caller import SMALLEST, Caller, draw_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = "model_trellis-2"


def read_strictly(kind: type[BaseModel], payload: dict[str, Any]) -> None:
    """Raise ValidationError or AssertionError unless `payload` is exactly what `kind` describes."""
    assert unknown_fields(kind.model_validate(payload, strict=True)) == []


def unknown_fields(value: object, path: str = "") -> list[str]:
    """Return the path of each field in a parsed answer that its SDK type does not have."""
    if isinstance(value, list):
        return [name for item in value for name in unknown_fields(item, path + "[]")]
    if not isinstance(value, BaseModel):
        return []
    fields = [(name, getattr(value, name)) for name in type(value).model_fields]
    extra = [f"{path}.{name}" for name in value.model_extra or {}]
    return extra + [name for key, item in fields for name in unknown_fields(item, f"{path}.{key}")]


@pytest.fixture
def sdk(emulator: Emulator) -> Iterator[Scenario]:
    with client(emulator) as sdk:
        yield sdk


@contextlib.contextmanager
def client(emulator: Emulator) -> Iterator[Scenario]:
    """Yield the SDK's client of the emulator."""
    with (
        httpx.Client(trust_env=False) as http,
        Scenario(
            api_key=emulator.key, api_secret=emulator.secret, base_url=emulator.url, http_client=http, max_retries=0
        ) as sdk,
    ):
        yield sdk


def uploaded(sdk: Scenario) -> str:
    image = base64.b64encode(draw_picture()).decode("ascii")
    return sdk.assets.upload(name="disc.png", image=image).asset.id


def started(sdk: Scenario, image: str, **parameters: Any) -> str:
    body = {"image": image, **SMALLEST, **parameters}
    return sdk.generate.run_model(MODEL, body=body).job.job_id


def finished(sdk: Scenario, job_id: str) -> dict[str, Any]:
    for _ in range(500):
        raw: dict[str, Any] = sdk.jobs.with_raw_response.retrieve(job_id).http_response.json()
        if raw["job"]["status"] == "success":
            return raw
        time.sleep(0.02)
    raise TimeoutError(job_id)


def test_the_answer_to_an_upload_is_what_the_sdk_describes(sdk: Scenario) -> None:
    image = base64.b64encode(draw_picture()).decode("ascii")
    answer = sdk.assets.with_raw_response.upload(name="disc.png", image=image, project_id="proj_x")
    assert answer.parse().asset.mime_type == "image/png"
    read_strictly(AssetUploadResponse, answer.http_response.json())


def test_the_sdk_takes_an_upload_in_parts_to_its_asset(sdk: Scenario, emulator: Emulator) -> None:
    picture = draw_picture()
    created = sdk.uploads.with_raw_response.create(
        file_name="disc.png", content_type="image/png", file_size=len(picture), kind="image", parts=2
    )
    read_strictly(UploadCreateResponse, created.http_response.json())
    upload = created.parse().upload
    assert upload.status == "pending"
    assert upload.parts is not None
    for part, data in zip(upload.parts, (picture[:100], picture[100:]), strict=True):
        assert httpx.put(part.url, content=data, trust_env=False).status_code == 200
    completed = sdk.uploads.with_raw_response.trigger_action(upload.id, action="complete")
    read_strictly(UploadTriggerActionResponse, completed.http_response.json())
    for _ in range(200):
        status = sdk.uploads.with_raw_response.retrieve(upload.id)
        read_strictly(UploadRetrieveResponse, status.http_response.json())
        if status.parse().upload.entity_id is not None:
            break
        time.sleep(0.02)
    assert emulator.assets[str(status.parse().upload.entity_id)].data == picture


def test_the_description_of_the_model_is_what_the_sdk_describes(sdk: Scenario) -> None:
    answer = sdk.models.with_raw_response.retrieve(MODEL)
    read_strictly(ModelRetrieveResponse, answer.http_response.json())
    inputs = {row.name: row for row in answer.parse().model.inputs or []}
    assert len(inputs) == 18
    assert (inputs["decimationTarget"].min, inputs["decimationTarget"].max) == (100_000, 2_000_000)


def test_a_dry_run_by_the_sdk_tells_a_price_and_starts_nothing(sdk: Scenario, emulator: Emulator) -> None:
    answer = sdk.generate.with_raw_response.run_model(MODEL, body={"image": uploaded(sdk)}, dry_run="true")
    assert answer.http_response.status_code == 269
    assert answer.parse().creative_units_cost == 7.25
    assert emulator.jobs == {}


def test_the_answer_to_a_submit_is_what_the_sdk_describes(sdk: Scenario, emulator: Emulator) -> None:
    body = {"image": uploaded(sdk), **SMALLEST, "seed": 5}
    answer = sdk.generate.with_raw_response.run_model(MODEL, body=body)
    read_strictly(GenerateRunModelResponse, answer.http_response.json())
    assert answer.parse().job.metadata.input == body
    assert emulator.paid == 1


def test_every_answer_about_a_job_on_its_way_is_what_the_sdk_describes(sdk: Scenario) -> None:
    job_id = started(sdk, uploaded(sdk))
    status = ""
    while status != "success":
        answer = sdk.jobs.with_raw_response.retrieve(job_id)
        read_strictly(JobRetrieveResponse, answer.http_response.json())
        status = answer.parse().job.status
    assert [entry["status"] for entry in answer.http_response.json()["job"]["statusHistory"]] == [
        "pending",
        "queued",
        "warming-up",
        "in-progress",
        "finalizing",
        "success",
    ]


def test_the_sdk_pages_through_all_jobs_newest_first(sdk: Scenario) -> None:
    image = uploaded(sdk)
    started_ids = [started(sdk, image) for _ in range(5)]
    page = sdk.jobs.with_raw_response.list(page_size=2)
    for job in page.http_response.json()["jobs"]:
        read_strictly(JobListResponse, job)
    assert {job.job_id for job in page.parse()} == set(started_ids)
    listed = list(sdk.jobs.list(page_size=2))
    assert len(listed) == 5
    assert [job.created_at for job in listed] == sorted((job.created_at for job in listed), reverse=True)


def test_the_sdk_filters_jobs_by_types(sdk: Scenario) -> None:
    job_id = started(sdk, uploaded(sdk))
    listed = sdk.jobs.list(types=["custom", "upload"], updated_after="2020-01-01T00:00:00Z")
    assert [job.job_id for job in listed] == [job_id]
    assert list(sdk.jobs.list(types=["upload"])) == []


def test_the_sdk_cancels_a_job_where_that_is_allowed() -> None:
    with Emulator(service=Service(cancels=True)) as emulator, client(emulator) as sdk:
        answer = sdk.jobs.with_raw_response.trigger_action(started(sdk, uploaded(sdk)), action="cancel")
        read_strictly(JobTriggerActionResponse, answer.http_response.json())
        assert answer.parse().job.status == "canceled"


def test_the_sdk_tells_that_canceling_is_refused(sdk: Scenario) -> None:
    with pytest.raises(APIStatusError, match="Cannot cancel this type of job"):
        sdk.jobs.trigger_action(started(sdk, uploaded(sdk)), action="cancel")


def test_a_result_is_what_the_sdk_describes_and_its_picture_comes_first(sdk: Scenario) -> None:
    job = finished(sdk, started(sdk, uploaded(sdk)))
    answers = [sdk.assets.with_raw_response.retrieve(asset) for asset in job["job"]["metadata"]["assetIds"]]
    for answer in answers:
        read_strictly(AssetRetrieveResponse, answer.http_response.json())
    assert [answer.parse().asset.kind for answer in answers] == ["image", "3d"]
    model = answers[1].parse().asset
    assert httpx.get(model.url, trust_env=False).content[:4] == b"glTF"
    assert model.properties.face_count == pytest.approx(100_000, rel=0.02)


def test_the_sdk_raises_its_own_error_with_the_reason(sdk: Scenario) -> None:
    with pytest.raises(APIStatusError, match="textureSize"):
        sdk.generate.run_model(MODEL, body={"image": uploaded(sdk), "textureSize": 7})


@pytest.mark.parametrize(
    "path",
    [
        ("jobId",),
        ("statusHistory",),
        ("statusHistory", 0, "date"),
        ("billing", "cuCost"),
        ("metadata",),
        ("progress",),
    ],
)
def test_the_judge_refuses_a_job_that_lacks_a_field(caller: Caller, path: tuple[str | int, ...]) -> None:
    payload = {"job": caller.job(caller.submit(caller.upload(draw_picture())))}
    read_strictly(JobRetrieveResponse, payload)
    broken: Any = copy.deepcopy(payload)
    parent = broken["job"]
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    with pytest.raises(ValidationError):
        read_strictly(JobRetrieveResponse, broken)


def test_the_judge_refuses_a_status_that_does_not_exist(caller: Caller) -> None:
    job = caller.job(caller.submit(caller.upload(draw_picture())))
    with pytest.raises(ValidationError):
        read_strictly(JobRetrieveResponse, {"job": job | {"status": "done"}})


def test_the_judge_refuses_a_key_that_is_not_camel_case(caller: Caller) -> None:
    job = caller.job(caller.submit(caller.upload(draw_picture())))
    with pytest.raises(AssertionError):
        read_strictly(JobRetrieveResponse, {"job": job | {"owner_id": "x"}})
