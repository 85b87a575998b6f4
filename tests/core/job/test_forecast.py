"""What is said of a job that runs: the server's progress, else the estimate, and a bar that never goes back."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.core.studio import new_job
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.job.progress import Progress

BEGUN = 1_000_000.0


def running(**values: Any) -> Job:
    """Return a job that is generated since BEGUN."""
    known = {"id": "now", "stage": Stage.RUNNING, "accepted": BEGUN, "remote_id": "job_now"}
    return dataclasses.replace(new_job(), **{**known, **values})


def finished(number: int, seconds: float | None = 100.0, **values: Any) -> Job:
    """Return a job that took Scenario so long."""
    known = {"stage": Stage.IMPORTED, "remote_id": f"job_{number}", "generation_seconds": seconds}
    return dataclasses.replace(new_job(), **{**known, **values})


def experienced(count: int = 3, **values: Any) -> Progress:
    """Return what is known after so many jobs of 100 seconds."""
    progress = Progress()
    for number in range(count):
        progress.learn(finished(number, **values))
    return progress


def test_with_one_job_of_the_preset_what_is_left_is_said() -> None:
    for count, words in ((0, ""), (1, "1–6 min left"), (3, "2–4 min left")):
        progress, job = experienced(count, seconds=180.0), running()
        progress.step([job], BEGUN + 10)
        assert progress.left(job, BEGUN + 10) == words


def test_a_server_that_tells_that_it_is_slower_than_usual_is_believed() -> None:
    progress = experienced(20, seconds=60.0)
    for told, words in ((0.0, "30–50 s left"), (0.2, "30–80 s left")):
        job = running(progress=told)
        progress.step([job], BEGUN + 20)
        assert progress.left(job, BEGUN + 20) == words


def test_a_job_that_is_told_many_times_counts_once() -> None:
    progress, other, job = Progress(), experienced(1), running()
    for _ in range(5):
        progress.learn(finished(1))
    for each in (progress, other):
        each.step([job], BEGUN)
    assert progress.left(job, BEGUN) == other.left(job, BEGUN) != ""


@pytest.mark.parametrize("values", [{"picture": ""}, {"seconds": None}], ids=["brought in by its ID", "never told"])
def test_a_job_of_which_too_little_is_known_teaches_nothing(values: dict[str, Any]) -> None:
    progress, job = experienced(**values), running()
    progress.step([job], BEGUN)
    assert progress.left(job, BEGUN) == ""


def test_while_the_server_tells_no_progress_the_estimate_moves_the_bar() -> None:
    progress, job = experienced(), running()
    ways = []
    for second in (0, 10, 50, 100, 500):
        assert progress.step([job], BEGUN + second)
        ways.append(progress.fraction(job))
    assert ways == sorted(set(ways))
    assert ways[-1] < 0.85


def test_the_bar_does_not_go_back_when_the_server_begins_to_tell_its_progress() -> None:
    progress = experienced()
    progress.step([running()], BEGUN + 50)
    held = progress.generated(running())
    assert held == pytest.approx(0.45)
    for told, shown in ((0.1, held), (0.3, held), (0.6, 0.6)):
        job = running(progress=told)
        assert not progress.step([job], BEGUN + 60)
        assert progress.generated(job) == pytest.approx(shown)


def test_the_bar_does_not_go_back_when_more_is_learnt() -> None:
    progress, job = experienced(), running()
    progress.step([job], BEGUN + 50)
    before = progress.fraction(job)
    for number in range(10, 30):
        progress.learn(finished(number, 1000.0))
    progress.step([job], BEGUN + 51)
    assert progress.fraction(job) == before


def test_where_neither_is_known_the_bar_stands_where_the_generation_begins() -> None:
    progress, job = Progress(), running()
    assert not progress.step([job], BEGUN + 50)
    assert progress.fraction(job) == pytest.approx(0.1)


def test_a_job_whose_acceptance_is_not_known_is_not_guessed_at() -> None:
    progress, job = experienced(), running(accepted=None)
    assert not progress.step([job], BEGUN + 50)
    assert (progress.left(job, BEGUN + 50), progress.generated(job)) == ("", 0.0)


def test_nothing_is_left_to_say_of_a_job_that_is_being_cancelled_or_is_past_its_generation() -> None:
    for job in (running(cancel_asked=True), running(stage=Stage.DOWNLOADING)):
        progress = experienced()
        progress.step([job], BEGUN + 5)
        assert progress.left(job, BEGUN + 5) == ""


def test_a_job_that_begins_anew_begins_with_an_empty_bar() -> None:
    progress, job = experienced(), running()
    progress.step([job], BEGUN + 90)
    progress.step([running(stage=Stage.FAILED)], BEGUN + 91)
    again = running(accepted=BEGUN + 100)
    progress.step([again], BEGUN + 100)
    assert progress.generated(again) == 0.0
