"""Sentences are known by their patterns, so that they can be said in another language."""

from __future__ import annotations

import pytest

from trellis_blender.host.translation.sentences import Sentences, fields

KNOWN = Sentences(
    [
        "The picture “{name}” is gone. Choose another file.",
        "{error} Try again.",
        "Generating {percent}",
        "{month} {year}: {count} models, {cost} CU",
        "{name} or {name}",
        "Plain words",
    ]
)


@pytest.mark.parametrize(
    ("sentence", "pattern", "values"),
    [
        ("The picture “Tür {1}.png” is gone. Choose another file.", 0, {"name": "Tür {1}.png"}),
        ("Scenario is busy. Try again.", 1, {"error": "Scenario is busy."}),
        ("Generating 42 %", 2, {"percent": "42 %"}),
        ("May 2026: 3 models, 7.25 CU", 3, {"month": "May", "year": "2026", "count": "3", "cost": "7.25"}),
        ("a or a", 4, {"name": "a"}),
        ("The picture “a\nb” is gone. Choose another file.", 0, {"name": "a\nb"}),
    ],
)
def test_a_sentence_is_taken_apart_by_its_pattern(sentence: str, pattern: int, values: dict[str, str]) -> None:
    found = KNOWN.take_apart(sentence)
    assert found is not None
    patterns = [
        "The picture “{name}” is gone. Choose another file.",
        "{error} Try again.",
        "Generating {percent}",
        "{month} {year}: {count} models, {cost} CU",
        "{name} or {name}",
    ]
    assert found == (patterns[pattern], values)


@pytest.mark.parametrize("sentence", ["", "Plain words", "Generating", "generating 42 %", "a or b", "Never heard of."])
def test_what_fits_no_pattern_is_not_taken_apart(sentence: str) -> None:
    assert KNOWN.take_apart(sentence) is None


def test_the_pattern_with_more_words_of_its_own_wins() -> None:
    known = Sentences(["{anything} Try again.", "Scenario has a problem ({status}). Try again."])
    assert known.take_apart("Scenario has a problem (500). Try again.") == (
        "Scenario has a problem ({status}). Try again.",
        {"status": "500"},
    )


def test_the_fields_of_a_pattern_are_told_with_their_number() -> None:
    assert fields("{b} of {a} or {b}") == ["a", "b", "b"]
