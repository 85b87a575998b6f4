"""What goes wrong at Scenario's: the sentence that the artist reads, and where it leads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from emulator import Fault
from tests.blender.pictures import picture_file
from tests.blender.working import OPS, finish, generate, job, newest_job, refusal, stage_of, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def words(status: int, reason: str) -> Fault:
    """An answer with that status in Scenario's own words."""
    return Fault(status=status, body=json.dumps({"reason": reason}))


def failed(tmp_path: Path) -> Any:
    """Generate until it fails, and return the job."""
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "failed")
    return job(job_id)


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "Enter key and secret again."), (403, "Enter another key, or another project.")]
)
def test_a_refused_account_points_to_the_key(tmp_path: Path, connected: Emulator, status: int, advice: str) -> None:
    connected.fault("upload", words(status, "This key is not allowed to do that"), times=None)
    found = failed(tmp_path)
    assert found.remedy.value == "key"
    assert found.message.endswith(advice)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (402, "Your team needs 12 more compute units"),
        (403, "Your plan does not include 3D models"),
        (429, "Monthly quota of compute units is used up"),
    ],
)
def test_a_question_of_money_is_told_in_scenarios_own_words(
    tmp_path: Path, connected: Emulator, status: int, reason: str
) -> None:
    connected.fault("submit", words(status, reason), times=None)
    found = failed(tmp_path)
    assert f"{reason}." in found.message
    assert "app.scenario.com" in found.message
    assert connected.paid == 0


def test_a_failed_generation_shows_the_advice_that_comes_with_it(tmp_path: Path, connected: Emulator) -> None:
    connected.fault("submit", Fault(job="fails", hint="Use a picture with one object"))
    assert "Use a picture with one object." in failed(tmp_path).message


def test_waiting_reports_the_jobs_own_message(tmp_path: Path, connected: Emulator) -> None:
    connected.fault("submit", Fault(job="fails", hint="Use a picture with one object"))
    said = refusal(lambda: finish(picture_file(tmp_path)))
    assert said == newest_job().message != ""


def test_a_busy_server_is_waited_for_and_said_to_be(tmp_path: Path, connected: Emulator) -> None:
    connected.fault("upload", Fault(status=429, retry_after="1"))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: job(job_id).trouble)
    assert job(job_id).trouble == "Scenario is busy. Retrying."
    tick_until(lambda: stage_of(job_id) == "imported")
    assert job(job_id).trouble == ""


def test_a_lost_answer_is_not_paid_twice(tmp_path: Path, connected: Emulator) -> None:
    connected.fault("submit", Fault(close="after"))
    assert finish(picture_file(tmp_path)).stage.value == "imported"
    assert connected.paid == 1


def test_a_failed_job_can_be_tried_again(tmp_path: Path, connected: Emulator) -> None:
    connected.fault("submit", Fault(job="fails"))
    job_id = failed(tmp_path).id
    assert OPS.trellis2.retry() == {"FINISHED"}
    tick_until(lambda: stage_of(job_id) == "imported")
    assert job(job_id).message == ""


@pytest.mark.parametrize("operator", ["cancel", "retry", "import_model"])
def test_with_no_job_to_do_it_to_the_tooltip_says_so(operator: str) -> None:
    said = refusal(getattr(OPS.trellis2, operator))
    ends = {"cancel": "Generate a model first", "retry": "nothing to try again", "import_model": "Generate one first"}
    assert said.endswith(ends[operator])


@pytest.mark.parametrize("operator", ["cancel", "retry", "import_model"])
def test_an_unknown_job_is_refused(tmp_path: Path, connected: Emulator, operator: str) -> None:
    connected.fault("upload", Fault(status=400))
    failed(tmp_path)
    finish(picture_file(tmp_path))
    connected.fault("upload", Fault(delay=2))
    generate(picture_file(tmp_path))
    said = refusal(lambda: getattr(OPS.trellis2, operator)(job_id="20010101-000000-000000"))
    assert said.startswith("No ")
