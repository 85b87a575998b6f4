"""Names by which jobs, and their models in the scene, can be told apart."""

from __future__ import annotations

import dataclasses

import pytest

from tests.core.studio import new_job
from trellis_blender.core.job.words import job_names, numbered, object_name, picture_name, size_words


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ([], "Render 001"),
        (["Render", "Render 1a", "Rendering 007", "My Render 009"], "Render 001"),
        (["Render 001", "Render 007", "Render 003"], "Render 008"),
        (["Render 999"], "Render 1000"),
        (["Render 001", "Render 002 1/4", "Render 002 4/4"], "Render 003"),
    ],
)
def test_a_number_follows_the_highest_that_is_taken(taken: list[str], name: str) -> None:
    assert numbered("Render", taken) == name


def test_a_name_may_hold_what_means_something_in_a_pattern() -> None:
    assert numbered("Cam (2) [a+", ["Cam (2) [a+ 004"]) == "Cam (2) [a+ 005"


def test_a_variation_has_its_place_in_its_name_and_a_single_job_has_none() -> None:
    assert job_names("apfel", 4) == [f"apfel {n}/4" for n in (1, 2, 3, 4)]
    assert job_names("apfel", 1) == ["apfel"]


@pytest.mark.parametrize(
    ("name", "batch", "picture", "thing"),
    [
        ("apfel 2/4", "first", "apfel", "apfel 2"),
        ("teller 1/2 2/3", "first", "teller 1/2", "teller 1/2 2"),
        ("apfel 2/4", "", "apfel 2/4", "apfel 2/4"),  # an artist's own name
        ("apfel", "first", "apfel", "apfel"),  # of an earlier version
    ],
)
def test_the_picture_and_the_object_are_named_without_the_count(
    name: str, batch: str, picture: str, thing: str
) -> None:
    job = dataclasses.replace(new_job(), name=name, batch=batch)
    assert (picture_name(job), object_name(job)) == (picture, thing)


@pytest.mark.parametrize(
    ("size", "words"), [(1, "1 kB"), (850_000, "850 kB"), (12_345_678, "12.3 MB"), (4_096_000_000, "4,096.0 MB")]
)
def test_the_size_of_files_is_said_with_its_unit(size: int, words: str) -> None:
    assert size_words(size) == words
