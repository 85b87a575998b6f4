"""Dates and durations as Blender writes them."""

from __future__ import annotations

import time

import pytest

from trellis_blender.core.job.words import date, duration


def moment(*date_and_time: int) -> float:
    """Return the seconds since 1970 of a local date."""
    year, month, day, hour, minute = date_and_time
    return time.mktime((year, month, day, hour, minute, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0:00"), (0.4, "0:00"), (59.6, "1:00"), (83.45, "1:23"), (3599.6, "1:00:00"), (3661, "1:01:01")],
)
def test_a_duration_is_minutes_and_seconds(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ((2026, 3, 1, 10, 45), "Today 10:45"),
        ((2026, 3, 1, 0, 0), "Today 00:00"),
        ((2026, 2, 28, 23, 59), "Yesterday 23:59"),
        ((2026, 2, 27, 23, 59), "27 Feb 2026 23:59"),
        ((2025, 3, 1, 10, 45), "01 Mar 2025 10:45"),
        ((2025, 12, 31, 0, 5), "31 Dec 2025 00:05"),
    ],
)
def test_a_date_is_the_day_and_the_time(then: tuple[int, ...], words: str) -> None:
    assert date(moment(*then), moment(2026, 3, 1, 12, 0)) == words
