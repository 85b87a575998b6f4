"""The bar of a job: one number from the click to the model, which never goes back."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from tests.core.studio import new_job
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.job.words import fraction

ORDER = ("queued", "uploading", "submitting", "running", "downloading", "reading", "ready")


def at(stage: str, progress: float = 0.0) -> Job:
    """Return a job in that stage."""
    return dataclasses.replace(new_job(), stage=Stage(stage), progress=progress)


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
def test_every_stage_has_its_place_on_the_bar(stage: Stage, progress: float) -> None:
    assert 0.0 <= fraction(at(stage, progress)) <= 1.0


@pytest.mark.parametrize(("earlier", "later"), list(itertools.pairwise(ORDER)))
def test_the_bar_never_goes_back_from_a_stage_to_the_next(earlier: str, later: str) -> None:
    assert fraction(at(earlier, 1.0)) <= fraction(at(later))
    assert fraction(at(earlier)) < fraction(at(later))


def test_the_bar_moves_with_the_progress_of_the_two_long_stages() -> None:
    for stage in ("running", "downloading"):
        assert fraction(at(stage)) < fraction(at(stage, 0.5)) < fraction(at(stage, 1.0))


def test_what_is_known_better_of_the_generation_moves_the_bar_in_place_of_the_servers_progress() -> None:
    assert fraction(at("running"), 0.5) == fraction(at("running", 0.5))
    assert fraction(at("downloading", 0.2), 0.9) == fraction(at("downloading", 0.2))


def test_what_rests_has_the_whole_bar() -> None:
    assert {fraction(at(stage)) for stage in ("ready", "imported", "failed", "cancelled")} == {1.0}
