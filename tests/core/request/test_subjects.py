"""Kinds of subject move a few parameters, and each question after a result changes exactly one."""

from __future__ import annotations

import pytest

from trellis_blender.core.request.models import TRELLIS_2
from trellis_blender.core.request.presets import COMPLAINTS, MOVED, PRESETS, SUBJECTS


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_subject_fits_every_preset_and_says_why(preset: object) -> None:
    values = {name: preset.value(name) for name in MOVED}  # type: ignore[attr-defined]
    for subject in SUBJECTS.values():
        moved = subject.values(values)
        TRELLIS_2.complete(moved, 1)  # raises if a value lies outside its range
        assert all(moved[name] >= values[name] for name in subject.least)
        assert subject.reason


def test_a_prop_is_what_the_preset_says_and_no_two_subjects_are_alike() -> None:
    values = {name: PRESETS["STANDARD"].value(name) for name in MOVED}
    made = [subject.values(values) for subject in SUBJECTS.values()]
    assert made[0] == values
    assert all(made.count(each) == 1 for each in made)


@pytest.mark.parametrize("complaint", COMPLAINTS.values(), ids=lambda complaint: complaint.name)
def test_a_question_changes_one_thing_at_a_time_until_nothing_is_left(complaint: object) -> None:
    values = dict(TRELLIS_2.complete({}, 1))
    for _ in range(50):
        change = complaint.change(values)  # type: ignore[attr-defined]
        if change is None:
            break
        name, value, _reason = change
        assert value != values[name]
        values[name] = value
        TRELLIS_2.complete({key: each for key, each in values.items() if key != "seed"}, 1)
    assert complaint.change(values) is None  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("complaint", "first", "then"),
    [
        ("FLAT", ("ss_guidance_strength", False), None),
        ("SOFT", ("tex_slat_rescale_t", True), ("tex_slat_sampling_steps", True)),
        ("SPOTS", ("tex_slat_guidance_rescale", True), ("tex_slat_guidance_strength", False)),
    ],
)
def test_a_question_moves_its_parameter_the_way_that_helps(
    complaint: str, first: tuple[str, bool], then: tuple[str, bool] | None
) -> None:
    values, moved = dict(TRELLIS_2.complete({}, 1)), []
    while (change := COMPLAINTS[complaint].change(values)) is not None:
        name, value, _reason = change
        moved.append((name, value > values[name]))
        values[name] = value
    assert list(dict.fromkeys(moved)) == [each for each in (first, then) if each is not None]
