"""Import by Job ID: the model of a job that somebody else started, brought in by Scenario's id of it."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy
import pytest
import requests

from emulator import Fault
from tests.blender.pictures import picture_file
from tests.blender.working import OPS, finish, generate, meshes, newest_job, refusal, stage_of, tick_until
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


@pytest.fixture
def elsewhere(tmp_path: Path, connected: Emulator) -> str:
    """The id of a job that was started without the add-on, with plain requests."""
    with requests.Session() as web:
        web.trust_env = False
        web.auth = ("test-key", "test-secret")
        image = base64.b64encode(picture_file(tmp_path, "theirs.png").read_bytes()).decode("ascii")
        asset = web.post(f"{connected.url}/assets", json={"name": "theirs", "image": image}, timeout=PATIENCE).json()
        body = {"image": asset["asset"]["id"], "seed": 7, "decimationTarget": 100_000, "textureSize": 1024}
        answer = web.post(f"{connected.url}/generate/custom/model_trellis-2", json=body, timeout=PATIENCE)
        return str(answer.json()["job"]["jobId"])


def bring(remote_id: str, **given: Any) -> set[str]:
    """Import by that id."""
    outcome: set[str] = OPS.trellis2.import_by_id(remote_id=remote_id, **given)
    return outcome


def test_a_job_that_was_started_elsewhere_comes_into_the_scene_and_is_not_paid_again(
    connected: Emulator, elsewhere: str
) -> None:
    assert bring(elsewhere, wait=True) == {"FINISHED"}
    assert [thing.name for thing in meshes()] == [elsewhere]
    assert (stage_of(newest_job().id), connected.paid) == ("imported", 1)
    assert connected.calls["upload"] == 1


def test_it_stands_in_the_list_with_its_cost_and_without_a_picture(addon: Any, elsewhere: str) -> None:
    bring(elsewhere, wait=True)
    found = newest_job()
    assert found.remote_id == elsewhere
    assert found.cost is not None
    assert addon.session.picture_path(found) is None
    assert "settings are known" in refusal(OPS.trellis2.use_settings)


@pytest.fixture
def uncertain(addon: Any, tmp_path: Path, connected: Emulator, session: Any) -> Any:
    """A job of which nobody here knows whether Scenario has accepted it; it has."""
    finish(picture_file(tmp_path))
    done = newest_job()
    job_id = done.id
    session.stop()
    stages = addon.begin.Stage
    changes = {"stage": stages.UNCERTAIN, "remote_id": "", "model_asset_ids": (), "model_asset_id": "", "cost": None}
    addon.begin.job_folder.save(
        session.jobs_root() / job_id, replace(done, message="It is not known.", may_be_paid=True, **changes)
    )
    for thing in meshes():
        bpy.data.objects.remove(thing)
    session.start()
    tick_until(lambda: job_id in session.jobs())
    return done


def test_the_id_of_an_uncertain_job_settles_it_and_brings_its_model(
    connected: Emulator, uncertain: Any, session: Any
) -> None:
    assert bring(uncertain.remote_id, job_id=uncertain.id) == {"FINISHED"}
    tick_until(lambda: stage_of(uncertain.id) == "imported")
    assert (list(session.jobs()), len(meshes()), connected.paid) == ([uncertain.id], 1, 1)


def test_the_id_of_another_job_leaves_it_uncertain(uncertain: Any, elsewhere: str, session: Any) -> None:
    for wrong in (elsewhere, "job_nowhere"):
        bring(wrong, job_id=uncertain.id)
        tick_until(session.notices)
        assert (stage_of(uncertain.id), meshes()) == ("uncertain", [])
        session.state().messages.dismiss()
    assert "no job's ID" in refusal(lambda: bring("?", job_id=uncertain.id))


def test_submit_again_finds_an_uncertain_job_that_was_accepted(connected: Emulator, uncertain: Any) -> None:
    assert OPS.trellis2.retry(job_id=uncertain.id) == {"FINISHED"}
    tick_until(lambda: stage_of(uncertain.id) == "imported")
    assert (newest_job().remote_id, connected.paid) == (uncertain.remote_id, 1)


def test_blanks_around_the_id_do_no_harm(elsewhere: str) -> None:
    assert bring(f"  {elsewhere}\n", wait=True) == {"FINISHED"}
    assert len(meshes()) == 1


def test_the_same_id_twice_is_one_job_and_imported_again(session: Any, elsewhere: str, connected: Emulator) -> None:
    for _ in range(2):
        assert bring(elsewhere, wait=True) == {"FINISHED"}
    assert len(session.jobs()) == 1
    assert len(meshes()) == 2
    assert connected.calls["download"] == 1


def test_the_id_of_a_job_that_was_made_here_is_that_job(tmp_path: Path, session: Any, connected: Emulator) -> None:
    done = finish(picture_file(tmp_path, "ours.png"))
    assert bring(done.remote_id, wait=True) == {"FINISHED"}
    assert list(session.jobs()) == [done.id]
    assert [thing.name.split(".")[0] for thing in meshes()] == ["ours", "ours"]


@pytest.mark.parametrize("wrong", ["", "   ", "a b", "https://app.scenario.com/jobs/job_1", "job", "jöb_12345"])
def test_what_cannot_be_an_id_is_refused_without_asking_scenario(connected: Emulator, session: Any, wrong: str) -> None:
    said = refusal(lambda: bring(wrong))
    assert said == "That is no job's ID. Copy it from Scenario: it begins with “job_”."
    assert not session.jobs()
    assert not connected.calls


def test_an_id_that_scenario_does_not_know_fails_with_a_sentence_and_can_be_removed(
    connected: Emulator, session: Any
) -> None:
    said = refusal(lambda: bring("job_0123456789", wait=True))
    found = newest_job()
    assert found.stage.value == "failed"
    assert said == found.message
    assert "does not know this job" in said
    assert said.endswith("try again.")
    assert OPS.trellis2.remove(job_id=found.id) == {"FINISHED"}
    tick_until(lambda: not session.jobs())


def test_asking_again_for_a_job_that_failed_tries_again(connected: Emulator, session: Any, elsewhere: str) -> None:
    connected.fault("job", Fault(status=404))
    assert refusal(lambda: bring(elsewhere, wait=True))
    assert bring(elsewhere, wait=True) == {"FINISHED"}
    assert len(session.jobs()) == len(meshes()) == 1


@pytest.mark.parametrize("limit", [0.0, 1.0])
def test_the_id_of_a_job_of_ours_that_ended_without_a_model_is_not_paid_again(
    tmp_path: Path, addon: Any, session: Any, connected: Emulator, limit: float
) -> None:
    connected.fault("submit", Fault(job="fails"))
    failed = refused_by_scenario(picture_file(tmp_path))
    addon.preferences.preferences().price_limit = limit
    try:
        said = refusal(lambda: bring(failed.remote_id))
    finally:
        addon.preferences.preferences().price_limit = 0.0
    assert said == "That job ended without a model. Try it again from the list; that is charged again."
    assert (connected.paid, session.jobs()[failed.id].stage.value) == (1, "failed")


def refused_by_scenario(picture: Path) -> Any:
    """A job of ours that Scenario ended without a model."""
    job_id = generate(picture)
    tick_until(lambda: stage_of(job_id) == "failed")
    return newest_job()


def test_without_an_account_it_says_so(connected: Emulator, addon: Any, session: Any) -> None:
    kept: Any = addon.preferences.preferences()
    kept.api_key = ""
    assert refusal(lambda: bring("job_0123456789")) == "The API key is missing. Enter it."
    assert not session.jobs()


def test_waiting_in_edit_mode_says_so_rather_than_stand_still_for_ever(
    addon: Any, session: Any, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    monkeypatch.setattr(
        addon.session, "wait", lambda _job_id: pytest.fail("it waits for a mode that nobody can change")
    )
    said = refusal(lambda: bring(elsewhere, wait=True))
    bpy.ops.object.mode_set(mode="OBJECT")
    assert said.startswith("Waiting for Object Mode")
    assert not session.jobs()


def test_its_recipe_holds_only_what_is_known(elsewhere: str) -> None:
    bring(elsewhere, wait=True)
    (model,) = meshes()
    assert model["trellis2_job_id"] == elsewhere
    assert {key for key in model.keys() if key.startswith("trellis2_")} == {  # noqa: SIM118 - not a dictionary
        "trellis2_job_id",
        "trellis2_asset_id",
        "trellis2_version",
    }
