"""The operators in a script's hands: what they are given is in the request, and `wait` ends with the model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.pictures import picture_file
from tests.blender.working import OPS, finish, generate, meshes, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

SEED_MAXIMUM = 2**31 - 1


def current_scene() -> Any:
    """The scene with the add-on's settings, which no stubs know."""
    return bpy.context.scene


def table(addon: Any) -> Any:
    """The add-on's parameters."""
    return addon.scene_settings.TABLE


def other_value(parameter: Any) -> Any:
    """A value other than the default, as the parameter's Blender property takes it."""
    if parameter.choices:
        return str(next(choice for choice in parameter.choices if choice != parameter.default))
    if isinstance(parameter.default, bool):
        return not parameter.default
    if isinstance(parameter.default, int):
        return parameter.default + 1
    return 0.3 if parameter.minimum < 0.3 else 3.3


def sent_request(connected: Emulator) -> dict[str, object]:
    """The body of the newest submit."""
    tick_until(lambda: connected.paid)
    return list(connected.jobs.values())[-1].input


def test_the_request_holds_every_parameter_and_nothing_else(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    generate(picture_file(tmp_path))
    wires = {parameter.wire for parameter in table(addon)}
    assert sent_request(connected).keys() == wires | {"seed", "image"}


def test_without_a_word_the_defaults_of_the_api_are_sent(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    assert OPS.trellis2.generate_image(filepath=str(picture_file(tmp_path))) == {"FINISHED"}
    request = sent_request(connected)
    assert {parameter.wire: request[parameter.wire] for parameter in table(addon)} == {
        parameter.wire: parameter.default for parameter in table(addon)
    }


def test_the_scenes_settings_are_sent(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    given = {parameter.name: other_value(parameter) for parameter in table(addon)}
    for name, value in given.items():
        setattr(current_scene().trellis2, name, value)
    assert OPS.trellis2.generate_image(filepath=str(picture_file(tmp_path))) == {"FINISHED"}
    request = sent_request(connected)
    for parameter in table(addon):
        expected = given[parameter.name]
        assert request[parameter.wire] == (int(expected) if isinstance(expected, str) else expected)


def test_what_the_operator_is_given_wins_over_the_scene(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    for parameter in table(addon):
        setattr(current_scene().trellis2, parameter.name, other_value(parameter))
    defaults = {
        parameter.name: str(parameter.default) if parameter.choices else parameter.default for parameter in table(addon)
    }
    assert OPS.trellis2.generate_image(filepath=str(picture_file(tmp_path)), **defaults) == {"FINISHED"}
    request = sent_request(connected)
    assert {parameter.wire: request[parameter.wire] for parameter in table(addon)} == {
        parameter.wire: parameter.default for parameter in table(addon)
    }


@pytest.mark.parametrize("value", [0.7, 0.1, 0.55])
def test_a_fraction_is_sent_as_it_was_typed(tmp_path: Path, connected: Emulator, value: float) -> None:
    current_scene().trellis2.ss_guidance_rescale = value
    generate(picture_file(tmp_path))
    assert sent_request(connected)["ssGuidanceRescale"] == value


def test_a_fixed_seed_is_sent(tmp_path: Path, connected: Emulator) -> None:
    current_scene().trellis2.use_seed, current_scene().trellis2.seed = True, SEED_MAXIMUM
    assert OPS.trellis2.generate_image(filepath=str(picture_file(tmp_path))) == {"FINISHED"}
    assert sent_request(connected)["seed"] == SEED_MAXIMUM


def test_a_seed_given_to_the_operator_is_sent(tmp_path: Path, connected: Emulator) -> None:
    current_scene().trellis2.use_seed, current_scene().trellis2.seed = True, 5
    generate(picture_file(tmp_path), seed=0)
    assert sent_request(connected)["seed"] == 0


def test_without_a_fixed_seed_each_job_draws_its_own(tmp_path: Path, connected: Emulator) -> None:
    current_scene().trellis2.seed = 5
    picture = str(picture_file(tmp_path))
    for _ in range(3):
        assert OPS.trellis2.generate_image(filepath=picture) == {"FINISHED"}
    tick_until(lambda: connected.paid == 3)
    seeds = {job.input["seed"] for job in connected.jobs.values()}
    assert len(seeds) == 3
    assert 5 not in seeds


def test_a_value_outside_its_range_is_held_at_the_end_of_it(tmp_path: Path, connected: Emulator) -> None:
    generate(picture_file(tmp_path), ss_sampling_steps=51, decimation_target=1)
    request = sent_request(connected)
    assert (request["ssSamplingSteps"], request["decimationTarget"]) == (50, 100_000)


def test_both_operators_take_the_same_parameters(addon: Any) -> None:
    names = {parameter.name for parameter in table(addon)} | {"seed", "use_seed", "wait"}
    for operator in (OPS.trellis2.generate_image, OPS.trellis2.generate_render):
        assert names <= set(operator.get_rna_type().properties.keys())


def test_waiting_ends_with_the_model_in_the_scene(tmp_path: Path, connected: Emulator) -> None:
    job = finish(picture_file(tmp_path))
    assert job.stage.value == "imported"
    assert len(meshes()) == 1


def test_not_waiting_returns_before_anything_is_sent(tmp_path: Path, connected: Emulator) -> None:
    job_id = generate(picture_file(tmp_path))
    assert newest_job().id == job_id
    assert not connected.paid
    assert not meshes()


def test_waiting_in_edit_mode_says_so_rather_than_stand_still_for_ever(
    tmp_path: Path, connected: Emulator, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    ticks, tick = iter(range(60)), session.tick

    def counted() -> bool:
        assert next(ticks, None) is not None, "it waits for a mode that nobody can change meanwhile"
        return bool(tick())

    monkeypatch.setattr(session, "tick", counted)
    said = refusal(lambda: finish(picture_file(tmp_path)))
    bpy.ops.object.mode_set(mode="OBJECT")
    assert "object mode" in said.lower()
    assert not connected.paid


def test_waiting_tells_when_the_model_could_not_be_imported(
    tmp_path: Path, connected: Emulator, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise addon.errors.ModelFileError("The model's file holds no mesh.")

    monkeypatch.setattr(addon.build, "build_model", fail)
    assert "holds no mesh" in refusal(lambda: finish(picture_file(tmp_path)))


def test_a_click_a_moment_after_a_click_is_not_paid_twice(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(addon.base_operators, "time", SimpleNamespace(monotonic=lambda: now[0]))

    class Button(addon.base_operators.Generate):  # type: ignore[misc]  # the add-on has no types here
        """Blender makes a new operator for each click, and calls `invoke` only where there is a window."""

        properties = SimpleNamespace(is_property_set=lambda _name: True)
        execute = staticmethod(lambda _context: {"FINISHED"})

    for operator in (
        addon.source_operators.operator_of(addon.sources.by_key("FILE")),
        addon.source_operators.operator_of(addon.sources.by_key("RENDER")),
    ):
        now[0] += 60
        answers = []
        for pause in (0.0, 0.3, 5.0):
            now[0] += pause
            answers.append(operator.invoke(Button(), bpy.context, None))
        assert answers == [{"FINISHED"}, {"CANCELLED"}, {"FINISHED"}]


def test_a_click_that_waited_while_blender_drew_is_not_paid_twice(
    connected: Emulator, addon: Any, session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(picture_file(tmp_path))
    now, begun = [1000.0], session.start().ticks
    monkeypatch.setattr(addon.base_operators, "time", SimpleNamespace(monotonic=lambda: now[0]))
    addon.session.state().clicks.begun, addon.session.state().clicks.ticks = now[0], begun

    class Button(addon.base_operators.Generate):  # type: ignore[misc]  # the add-on has no types here
        """Blender calls `invoke` only where there is a window."""

        execute = staticmethod(lambda _context: {"FINISHED"})
        objection = staticmethod(lambda _context: "")

    now[0] += 3
    assert Button().invoke(bpy.context, None) == {"CANCELLED"}
    for _ in range(addon.base_operators.UNSEEN_TICKS):
        session.tick()
    now[0] += 3
    assert Button().invoke(bpy.context, None) == {"FINISHED"}
