"""Presets: sets of values that Scenario takes, told apart by their values."""

from __future__ import annotations

import pytest

from trellis_blender.core.request.models import TRELLIS_2
from trellis_blender.core.request.parameters import BY_NAME
from trellis_blender.core.request.presets import PRESETS, name_of

ORDERED = ("DRAFT", "STANDARD", "HIGH", "ULTRA")


def test_there_are_four_from_quick_to_fine() -> None:
    assert tuple(PRESETS) == ORDERED
    for name in ("resolution", "decimation_target", "texture_size", "shape_slat_sampling_steps"):
        values = [PRESETS[preset].value(name) for preset in ORDERED]
        assert values == sorted(values)
        assert values[0] < values[-1]


@pytest.mark.parametrize("name", ORDERED)
def test_every_preset_is_within_the_ranges_and_known_again_by_its_values(name: str) -> None:
    values = TRELLIS_2.complete(PRESETS[name].changes, seed=7)
    assert name_of(values) == name


def test_standard_is_the_defaults() -> None:
    assert {name: PRESETS["STANDARD"].value(name) for name in BY_NAME} == {
        name: parameter.default for name, parameter in BY_NAME.items()
    }


def test_a_value_of_the_artists_own_is_no_preset() -> None:
    assert name_of({**TRELLIS_2.complete({}, seed=7), "ss_guidance_strength": 8.4}) == ""


def test_a_value_as_blender_holds_it_is_the_same() -> None:
    assert name_of({**TRELLIS_2.complete({}, seed=7), "ss_guidance_rescale": 0.699999988079071}) == "STANDARD"
