"""How long it takes: learnt from the artist's own jobs, said as a range, and never sooner than it is known."""

from __future__ import annotations

import itertools

import pytest

from trellis_blender.core.job.time_left import ENOUGH, NEWEST, Estimate, PastDurations, group_of
from trellis_blender.core.request.parameters import complete
from trellis_blender.core.request.presets import PRESETS


def learnt(*seconds: float) -> PastDurations:
    """What is known after generations of one group that took so long."""
    experience = PastDurations()
    for each in seconds:
        experience.learn("STANDARD", each)
    return experience


def test_nothing_is_said_before_three_are_known() -> None:
    assert ENOUGH == 3
    assert learnt(60, 70).estimate("STANDARD") is None
    assert learnt(60, 70, 80).estimate("STANDARD") == Estimate(65, 70, 75)


def test_one_group_says_nothing_about_another() -> None:
    assert learnt(60, 70, 80).estimate("ULTRA") is None


def test_one_that_took_very_long_does_not_spoil_the_range() -> None:
    found = learnt(60, 61, 62, 63, 4000).estimate("STANDARD")
    assert found == Estimate(61, 62, 63)


def test_only_the_newest_count() -> None:
    assert learnt(*[1000] * 30, *[60] * NEWEST).estimate("STANDARD") == Estimate(60, 60, 60)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_group_whatever_the_seed(name: str) -> None:
    assert group_of(complete(PRESETS[name].changes, 1)) == group_of(complete(PRESETS[name].changes, 2)) == name


def test_own_settings_are_compared_with_the_very_same_only() -> None:
    own, same, other = (
        complete({"texture_size": 1024, "decimation_target": n}, n) for n in (150_000, 150_000, 160_000)
    )
    assert group_of(own) == group_of({**same, "seed": 99})
    assert group_of(own) != group_of(other)


@pytest.mark.parametrize(
    ("low", "high", "elapsed", "words"),
    [
        (70, 115, 0, "1–2 min left"),
        (130, 170, 0, "2–3 min left"),
        (130, 170, -3600, "2–3 min left"),
        (125, 300, 5, "2–5 min left"),
        (60, 118, 20, "under 2 min left"),
        (181, 239, 0, "3–4 min left"),
        (180, 180, 0, "about 3 min left"),
        (42, 61, 20, "20–50 s left"),
        (60, 80, 20, "40–60 s left"),
        (60, 60, 20, "about 40 s left"),
        (60, 90, 61, "under 30 s left"),
        (60, 90, 85, "a few seconds left"),
        (60, 90, 90, "any moment now"),
        (60, 90, 135, "any moment now"),
        (60, 90, 136, "longer than usual"),
    ],
)
def test_what_is_left_is_said_as_an_artist_would(low: float, high: float, elapsed: float, words: str) -> None:
    assert Estimate(low, (low + high) / 2, high).words(elapsed) == words


def test_the_estimate_moves_the_bar_forward_only_and_never_to_its_end() -> None:
    estimate = Estimate(50, 60, 80)
    way = [estimate.fraction(second) for second in range(-5, 3600)]
    assert way[0] == way[5] == 0.0
    assert all(later > earlier for earlier, later in itertools.pairwise(way[5:]))
    assert 0.85 < way[65] < 0.95
    assert way[-1] < 1.0


def test_generations_that_took_no_time_at_all_do_no_harm() -> None:
    found = learnt(0, 0, 0).estimate("STANDARD")
    assert found is not None
    assert 0 < found.fraction(1) < 1
