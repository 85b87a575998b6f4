"""The parameters: the same as Scenario's, checked, and complete."""

from __future__ import annotations

import struct

import pytest

from emulator.inputs import INPUTS
from tests.core.studio import tells_what_to_do
from trellis_blender.core.errors import ParameterError
from trellis_blender.core.request.models import TRELLIS_2
from trellis_blender.core.request.parameters import BY_NAME, SEED_MAXIMUM, TABLE, Parameter, Value

# Scenario's API reference and its documentation of the model: name, default, least, most, allowed values.
DOCUMENTED: tuple[tuple[str, Value, float, float, tuple[int, ...]], ...] = (
    ("resolution", 1024, 512, 1536, (512, 1024, 1536)),
    ("ssGuidanceStrength", 8.5, 0, 10, ()),
    ("ssGuidanceRescale", 0.7, 0, 1, ()),
    ("ssSamplingSteps", 20, 1, 50, ()),
    ("ssRescaleT", 5.0, 1, 6, ()),
    ("shapeSlatGuidanceStrength", 7.5, 0, 10, ()),
    ("shapeSlatGuidanceRescale", 0.5, 0, 1, ()),
    ("shapeSlatSamplingSteps", 20, 1, 50, ()),
    ("texSlatGuidanceStrength", 2.0, 0, 10, ()),
    ("texSlatGuidanceRescale", 0.0, 0, 1, ()),
    ("texSlatSamplingSteps", 20, 1, 50, ()),
    ("texSlatRescaleT", 3.0, 1, 6, ()),
    ("decimationTarget", 500_000, 100_000, 2_000_000, ()),
    ("textureSize", 2048, 1024, 4096, (1024, 2048, 4096)),
    ("remesh", True, 0, 1, ()),
    ("remeshBand", 1.0, 1, 4, ()),
)
NUMBERS = [parameter for parameter in TABLE if not isinstance(parameter.default, bool)]


def as_blender_holds_it(value: float) -> float:
    """Return what a FloatProperty of Blender gives back: the value in 32 bits."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def test_the_table_is_the_documented_one() -> None:
    rows = [(p.wire, p.default, p.minimum, p.maximum, p.choices) for p in TABLE]
    assert rows == list(DOCUMENTED)
    assert [type(p.default) for p in TABLE] == [type(row[1]) for row in DOCUMENTED]


def test_the_table_and_the_server_agree() -> None:
    theirs = {row.name: row for row in INPUTS.values() if row.name not in ("image", "seed")}
    assert {p.wire for p in TABLE} == theirs.keys()
    for p in TABLE:
        row = theirs[p.wire]
        assert p.default == row.default
        assert p.choices == row.allowed
        assert row.low is None or (p.minimum, p.maximum) == (row.low, row.high)
    assert INPUTS["seed"].high == SEED_MAXIMUM


def test_python_names_are_the_wire_names_in_snake_case() -> None:
    for p in TABLE:
        assert p.name == "".join("_" + c.lower() if c.isupper() else c for c in p.wire)


def test_every_parameter_has_words_for_the_artist() -> None:
    assert all(p.label and p.description and not p.description.endswith(".") for p in TABLE)


def test_a_body_is_complete_and_in_scenarios_names() -> None:
    body = TRELLIS_2.to_wire(TRELLIS_2.complete({"remesh": False}, seed=5))
    assert body == {**{row[0]: row[1] for row in DOCUMENTED}, "remesh": False, "seed": 5}


@pytest.mark.parametrize("p", [p for p in TABLE if type(p.default) is float], ids=lambda p: p.name)
def test_a_32_bit_float_is_sent_as_the_decimal_that_was_entered(p: Parameter) -> None:
    steps = int((p.maximum - p.minimum) * 100)
    entered = [round(p.minimum + step / 100, 2) for step in range(steps + 1)]
    sent = [TRELLIS_2.complete({p.name: as_blender_holds_it(value)})[p.name] for value in entered]
    assert sent == entered


def test_a_float_of_more_than_32_bits_is_sent_as_it_is() -> None:
    assert TRELLIS_2.complete({"ss_guidance_rescale": 0.123456789012})["ss_guidance_rescale"] == 0.123456789012


@pytest.mark.parametrize("p", NUMBERS, ids=lambda p: p.name)
def test_the_ends_of_a_range_belong_to_it_and_nothing_beyond_does(p: Parameter) -> None:
    assert TRELLIS_2.complete({p.name: p.minimum})[p.name] == p.minimum
    assert TRELLIS_2.complete({p.name: p.maximum})[p.name] == p.maximum
    step = 1 if isinstance(p.default, int) else 0.01
    for beyond in (p.minimum - step, p.maximum + step):
        with pytest.raises(ParameterError) as error:
            TRELLIS_2.complete({p.name: beyond})
        assert p.label in error.value.sentence
        assert tells_what_to_do(error.value.sentence)


@pytest.mark.parametrize("p", NUMBERS, ids=lambda p: p.name)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")], ids=str)
def test_what_is_no_number_is_out_of_range(p: Parameter, value: float) -> None:
    with pytest.raises(ParameterError):
        TRELLIS_2.complete({p.name: value})


def test_between_the_choices_nothing_is_allowed() -> None:
    with pytest.raises(ParameterError, match="512, 1024, 1536"):
        TRELLIS_2.complete({"resolution": 768})


def test_a_fraction_of_a_step_is_refused_and_not_cut_off() -> None:
    with pytest.raises(ParameterError):
        TRELLIS_2.complete({"ss_sampling_steps": 20.7})


def test_an_unknown_parameter_is_named() -> None:
    with pytest.raises(ParameterError, match="shape_slat_rescale_t") as error:
        TRELLIS_2.complete({"shape_slat_rescale_t": 3.0})
    assert tells_what_to_do(error.value.sentence)


def test_a_seed_is_drawn_when_none_is_given_and_differs_each_time() -> None:
    seeds = [TRELLIS_2.complete({})["seed"] for _ in range(200)]
    assert all(isinstance(seed, int) and 0 <= seed <= SEED_MAXIMUM for seed in seeds)
    assert len(set(seeds)) > 190
    assert max(seeds) > SEED_MAXIMUM // 2


@pytest.mark.parametrize("seed", [0, SEED_MAXIMUM])
def test_a_seed_in_range_is_kept(seed: int) -> None:
    assert TRELLIS_2.complete({}, seed)["seed"] == seed


@pytest.mark.parametrize("seed", [-1, SEED_MAXIMUM + 1])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ParameterError) as error:
        TRELLIS_2.complete({}, seed)
    assert tells_what_to_do(error.value.sentence)


def test_checked_parameters_cannot_be_changed_any_more() -> None:
    values = TRELLIS_2.complete({})
    with pytest.raises(TypeError):
        values["seed"] = 1  # type: ignore[index]  # that it is refused is the point
    assert set(values) == {*BY_NAME, "seed"}
