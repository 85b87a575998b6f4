"""What is not known of the live service: the harder branch unless told, and the kinder one as a setting."""

from __future__ import annotations

import base64
import dataclasses
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

import environments
from emulator import ALL_FLAWS, FLAWS, Emulator, Fault, Service
from tests.emulator.caller import GENERATE, SMALLEST, Caller, download, draw_picture
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def served() -> Iterator[Callable[..., Caller]]:
    """Yield what starts an emulator with the settings given and returns a client of it."""
    running: list[Emulator] = []

    def serve(**settings: Any) -> Caller:
        running.append(Emulator(job_seconds=0.1, service=Service(**settings)))
        running[-1].__enter__()
        return Caller(running[-1])

    yield serve
    for emulator in running:
        emulator.__exit__(None, None, None)


def never_ending(caller: Caller) -> str:
    caller.emulator.fault("submit", Fault(job="never_ends"))
    return caller.submit(caller.upload(draw_picture()))


def test_canceling_a_job_is_refused_and_changes_nothing(caller: Caller) -> None:
    job_id = never_ending(caller)
    answer = caller.post(f"/jobs/{job_id}/action", {"action": "cancel"})
    assert answer.status_code == 400
    assert answer.json() == {"reason": "Cannot cancel this type of job. Action not permitted."}
    assert caller.job(job_id)["status"] != "canceled"


def test_a_service_can_cancel(served: Callable[..., Caller]) -> None:
    caller = served(cancels=True)
    answer = caller.post(f"/jobs/{never_ending(caller)}/action", {"action": "cancel"})
    assert answer.json()["job"]["status"] == "canceled"


@pytest.mark.parametrize("lists_inputs", [False, True])
def test_the_listing_may_lack_what_a_job_alone_tells(served: Callable[..., Caller], *, lists_inputs: bool) -> None:
    caller = served(lists_inputs=lists_inputs)
    image = caller.upload(draw_picture())
    job_id = caller.submit(image)
    (listed,) = caller.get("/jobs").json()["jobs"]
    assert (listed["jobId"], "input" in listed["metadata"]) == (job_id, lists_inputs)
    assert caller.job(job_id)["metadata"]["input"]["image"] == image


@pytest.mark.parametrize("shows_progress", [False, True])
def test_progress_may_stay_0_until_the_end(*, shows_progress: bool) -> None:
    now = [1_800_000_000.0]
    with Emulator(job_seconds=100, service=Service(shows_progress=shows_progress), clock=lambda: now[0]) as emulator:
        caller = Caller(emulator)
        job_id = caller.submit(caller.upload(draw_picture()))
        seen = []
        for seconds in (30, 30, 35):
            now[0] += seconds
            seen.append(caller.job(job_id)["progress"])
        now[0] += 10
        assert caller.finish(job_id)["progress"] == 1
    assert any(seen) is shows_progress


def test_a_glb_is_bytes_at_an_address_without_an_ending(caller: Caller) -> None:
    job = caller.finish(caller.submit(caller.upload(draw_picture())))
    asset = caller.get(f"/assets/{job['metadata']['assetIds'][1]}").json()["asset"]
    answer = download(asset["url"])
    assert asset["mimeType"] == answer.headers["Content-Type"] == "application/octet-stream"
    assert "glb" not in asset["url"].split("?")[0]
    assert asset["properties"]["format"] == "glb"


def test_a_glb_can_be_known_by_type_and_name(served: Callable[..., Caller]) -> None:
    caller = served(knows_glb=True, names_files=True)
    url = caller.generate(draw_picture())
    assert url.split("?")[0].endswith(".glb")
    assert download(url).headers["Content-Type"] == "model/gltf-binary"


def test_a_service_can_name_an_uploads_asset_as_soon_as_it_is_imported(served: Callable[..., Caller]) -> None:
    caller = served(imports_at_once=True)
    body = {"fileName": "x", "contentType": "image/png", "fileSize": len(draw_picture()), "kind": "image", "parts": 1}
    upload = caller.post("/uploads", body).json()["upload"]
    caller.session.put(upload["parts"][0]["url"], data=draw_picture(), auth=lambda request: request, timeout=PATIENCE)
    caller.post(f"/uploads/{upload['id']}/action", {"action": "complete"})
    until = time.monotonic() + PATIENCE
    while upload["status"] != "imported":
        assert time.monotonic() < until, upload
        upload = caller.get(f"/uploads/{upload['id']}").json()["upload"]
    assert upload["entityId"] in caller.emulator.assets


@pytest.mark.parametrize(("explains", "content_type"), [(False, "text/html"), (True, "application/json")])
def test_what_is_too_large_is_refused_by_the_gateway_or_by_the_service(
    served: Callable[..., Caller], content_type: str, *, explains: bool
) -> None:
    caller = served(largest_upload=1000, explains_413=explains)
    image = base64.b64encode(draw_picture().ljust(1001, b"\0")).decode()
    answer = caller.post("/assets", {"name": "x", "image": image})
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, content_type)


def test_a_job_can_be_named_by_id(served: Callable[..., Caller]) -> None:
    caller = served(job_key="id")
    job = caller.post(GENERATE, {"image": caller.upload(draw_picture()), **SMALLEST}).json()["job"]
    assert "jobId" not in job
    assert list(caller.emulator.jobs) == [job["id"]]
    assert [listed["id"] for listed in caller.get("/jobs").json()["jobs"]] == [job["id"]]


def test_a_team_may_have_so_many_jobs_at_the_same_time(served: Callable[..., Caller]) -> None:
    caller = served(job_limit=2, cancels=True)
    first, _ = (never_ending(caller) for _ in range(2))
    body = {"image": caller.upload(draw_picture()), **SMALLEST}
    answer = caller.post(GENERATE, body)
    assert (answer.status_code, caller.emulator.paid) == (429, 2)
    assert answer.json()["details"] == {"actionName": "custom-generation", "actionLimit": 2}
    assert "plan" in answer.json()["reason"], "its text speaks of the plan, and yet waiting is all it takes"
    assert caller.post(GENERATE, body).status_code == 429
    caller.post(f"/jobs/{first}/action", {"action": "cancel"})
    assert caller.post(GENERATE, body).status_code == 200


@pytest.mark.parametrize(("replaced_by", "tags"), [("", []), ("model_trellis-3", ["deprecated:model_trellis-3"])])
def test_a_model_can_be_deprecated(served: Callable[..., Caller], replaced_by: str, tags: list[str]) -> None:
    assert served(replaced_by=replaced_by).get("/models/model_trellis-2").json()["model"]["tags"] == tags


def test_the_models_of_a_service_can_have_flaws(served: Callable[..., Caller]) -> None:
    sound, flawed = (
        len(download(served(flaws=flaws).generate(draw_picture(), seed=5)).content)
        for flaws in (frozenset(), ALL_FLAWS)
    )
    assert flawed > sound * 2, "each corner has a vertex of its own"


def test_the_page_on_the_emulator_has_each_setting_with_its_default_and_each_flaw() -> None:
    page = (environments.ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    usual = Service()
    for field in dataclasses.fields(Service):
        value = getattr(usual, field.name)
        said = {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"`{value}`" if value else "none"
        assert re.search(rf"\| `{field.name}`: `?{re.escape(said.strip('`'))}`? \|", page), (field.name, said)
    assert re.findall(r"^\| `(\w+)` \|", page.partition("| Flaw |")[2], re.MULTILINE) == list(FLAWS)


def test_models_can_be_triangles_that_are_made_at_once(served: Callable[..., Caller]) -> None:
    caller = served(triangles=True)
    caller.emulator.job_seconds = 0.0
    image = caller.upload(draw_picture())
    jobs = [caller.job(caller.submit(image, seed=seed)) for seed in (1, 2)]
    assert {job["status"] for job in jobs} == {"success"}
    models = [download(caller.model_url(job)).content for job in jobs]
    assert all(len(model) < 2000 and model.startswith(b"glTF") for model in models)
    assert models[0] != models[1]
