"""How long it takes: learnt from the artist's own jobs, and said as a range or not at all."""

from __future__ import annotations

import itertools

import pytest

from trellis_blender.core.job.progress import NEWEST, Estimate, PastDurations, group_of
from trellis_blender.core.request.models import TRELLIS_2
from trellis_blender.core.request.presets import PRESETS


def learnt(*seconds: float) -> PastDurations:
    """What is known after generations of one group that took so long."""
    experience = PastDurations()
    for each in seconds:
        experience.learn("STANDARD", each)
    return experience


def test_nothing_is_said_before_one_is_known() -> None:
    assert learnt().estimate("STANDARD") is None


def test_the_fewer_are_known_the_wider_is_the_range() -> None:
    assert learnt(80).estimate("STANDARD") == Estimate(40, 80, 160)
    ranges = [found for count in range(1, NEWEST) if (found := learnt(*[80] * count).estimate("STANDARD"))]
    assert len(ranges) == NEWEST - 1
    assert all(more.high - more.low < fewer.high - fewer.low for fewer, more in itertools.pairwise(ranges))
    assert {found.middle for found in ranges} == {80}


def test_one_group_says_nothing_about_another() -> None:
    assert learnt(60, 70, 80).estimate("ULTRA") is None


def test_one_that_took_very_long_does_not_spoil_the_range() -> None:
    found = learnt(60, 61, 62, 63, 4000).estimate("STANDARD")
    assert found is not None
    assert 45 < found.low < found.middle == 62 < found.high < 80


def test_only_the_newest_count() -> None:
    assert learnt(*[1000] * 30, *[60] * NEWEST).estimate("STANDARD") == learnt(*[60] * NEWEST).estimate("STANDARD")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_group_whatever_the_seed(name: str) -> None:
    for seed in (1, 2):
        assert group_of(TRELLIS_2.complete(PRESETS[name].changes, seed)) == name


def test_own_settings_are_compared_with_the_very_same_only() -> None:
    own, same, other = (
        TRELLIS_2.complete({"texture_size": 1024, "decimation_target": n}, n) for n in (150_000, 150_000, 160_000)
    )
    assert group_of(own) == group_of({**same, "seed": 99})
    assert group_of(own) != group_of(other)


@pytest.mark.parametrize(
    ("low", "high", "elapsed", "words"),
    [
        (70, 115, 0, "70–120 s left"),
        (70, 125, 0, "1–3 min left"),
        (130, 170, 0, "2–3 min left"),
        (130, 170, -3600, "2–3 min left"),
        (125, 300, 5, "2–5 min left"),
        (60, 150, 20, "under 3 min left"),
        (181, 239, 0, "3–4 min left"),
        (180, 180, 0, "3–4 min left"),
        (42, 61, 20, "20–50 s left"),
        (60, 80, 20, "40–60 s left"),
        (60, 60, 20, "40–50 s left"),
        (60, 90, 50, "10–40 s left"),
        (60, 90, 51, ""),
        (60, 90, 89, ""),
        (60, 90, 200, ""),
        (20, 110, 0, ""),
    ],
)
def test_what_is_left_is_said_as_a_range_or_not_at_all(low: float, high: float, elapsed: float, words: str) -> None:
    assert Estimate(low, (low + high) / 2, high).words(elapsed) == words


@pytest.mark.parametrize("known", [1, 2, 3, 20])
@pytest.mark.parametrize("usual", [5, 12, 30, 100, 600])
@pytest.mark.parametrize("is_told", [True, False])
def test_at_a_third_of_its_time_no_job_is_said_to_be_almost_done(known: int, usual: float, is_told: bool) -> None:
    estimate = learnt(*[usual] * known).estimate("STANDARD")
    assert estimate is not None
    for slower in (1.0, 1.5, 3.0, 10.0):
        whole = usual * slower
        words = estimate.words(whole / 3, 1 / 3 if is_told else 0.0)
        if words:
            most = float(words.split()[-3].split("–")[-1]) * (60 if " min " in words else 1)
            assert most > whole / 3, (slower, words)


def test_what_the_server_tells_widens_the_range() -> None:
    estimate = Estimate(60, 70, 80)
    assert estimate.words(20) == "40–60 s left"
    assert estimate.words(20, 0.2) == "40–80 s left"  # at this pace 80 s are left
    assert estimate.words(20, 0.5) == "40–60 s left"  # the first steps are often the quickest
    assert estimate.words(20, 0.05) == ""  # it stands in a queue


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
