"""Presets: one click sets all parameters, one more takes a group back, and the artist's own are files of Blender's."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.drawing import draw, operator_type
from tests.blender.working import OPS, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "Größe Ünïcode 東"
SECONDS = 0.0001


def chosen() -> Any:
    """The scene's settings."""
    scene: Any = bpy.context.scene
    return scene.trellis2


def values(addon: Any) -> dict[str, Any]:
    """All parameters as Scenario would get them, and the seed."""
    names = addon.scene_settings.parameter_annotations()
    return {name: getattr(chosen(), name) for name in names}


def dots(panel: Any) -> list[str]:
    """The parameters of a sub-panel that a dot stands beside."""
    page = draw(panel)
    assert len(page.properties) == len(page.icons)
    return [name for name, icon in zip(page.properties, page.icons, strict=True) if icon == "DOT"]


@pytest.fixture
def own_folder(addon: Any) -> Iterator[Path]:
    """Where Blender keeps our presets."""
    folder = Path(bpy.utils.user_resource("SCRIPTS")) / "presets" / "trellis2"
    menu = addon.panels.TRELLIS2_PT_presets
    label = menu.bl_label
    yield folder
    menu.bl_label = label  # Blender makes it the name of the preset last used
    for path in folder.glob("*.py"):
        path.unlink()


def kept_in(folder: Path) -> list[str]:
    """The names of all that is in the folder, but what Python keeps of the presets that Blender has run."""
    return [path.name for path in folder.iterdir() if path.name != "__pycache__"]


def unasked() -> Any:
    """An operator that was given nothing."""
    return SimpleNamespace(properties=SimpleNamespace(is_property_set=lambda _name: False))


def pressed(addon: Any) -> list[str]:
    """The labels of the presets that are drawn as pressed."""
    page = draw(addon.panels.TRELLIS2_PT_generate)
    labels = [label for name, label, _ in page.operators if name == "trellis2.use_preset"]
    assert labels == ["Draft", "Standard", "High", "Ultra"]
    return page.pressed


@pytest.mark.parametrize("preset", ["DRAFT", "STANDARD", "HIGH", "ULTRA"])
def test_a_preset_sets_every_parameter_and_shows_as_pressed(addon: Any, preset: str) -> None:
    for parameter in addon.scene_settings.TABLE:
        if not parameter.choices:
            setattr(chosen(), parameter.name, parameter.minimum)
    chosen().seed = 11
    assert OPS.trellis2.use_preset(preset=preset) == {"FINISHED"}
    sent, _ = addon.scene_settings.values(unasked(), chosen())
    expected = addon.preset_operators.PRESETS[preset]
    complete = addon.begin.TRELLIS_2.complete(sent, 7)
    assert {name: complete[name] for name in sent} == {name: expected.value(name) for name in sent}
    assert (chosen().seed, pressed(addon)) == (11, [expected.label])


@pytest.mark.parametrize("name", ["resolution", "ss_guidance_rescale", "decimation_target", "remesh"])
def test_with_one_value_of_the_artists_own_no_preset_is_pressed(addon: Any, name: str) -> None:
    assert pressed(addon) == ["Standard"]
    other = {"resolution": "512", "ss_guidance_rescale": 0.69, "decimation_target": 500_001, "remesh": False}
    setattr(chosen(), name, other[name])
    assert pressed(addon) == []


def test_a_tooltip_tells_what_the_preset_changes(addon: Any) -> None:
    def tip(preset: str) -> str:
        words: str = addon.preset_operators.TRELLIS2_OT_use_preset.description(
            bpy.context, SimpleNamespace(preset=preset)
        )
        return words

    assert tip("DRAFT").startswith("Resolution 512 voxels, Structure Steps 12, ")
    assert "Faces 100,000, Texture Size 1024" in tip("DRAFT")
    assert "Faces 2,000,000" in tip("ULTRA")
    assert "default" in tip("STANDARD")
    assert not any(tip(name).endswith(".") for name in addon.preset_operators.PRESETS)


def test_a_dot_stands_beside_what_differs_from_the_preset_chosen_last(addon: Any) -> None:
    mesh, _structure, shape, _texture = addon.panels.PARAMETER_PANELS
    assert dots(mesh) == []
    chosen().texture_size = "4096"
    assert dots(mesh) == ["texture_size"]
    OPS.trellis2.use_preset(preset="HIGH")
    assert dots(mesh) == []
    chosen().texture_size = "2048"
    assert dots(mesh) == ["texture_size"]
    assert dots(shape) == []


def test_a_group_that_differs_can_be_reset_and_no_other_is_touched(addon: Any) -> None:
    OPS.trellis2.use_preset(preset="ULTRA")
    mesh, _structure, shape, _texture = addon.panels.PARAMETER_PANELS
    assert draw(mesh, part="draw_header_preset").operators == []
    chosen().decimation_target, chosen().shape_slat_sampling_steps = 123_456, 7
    ((name, _, given),) = draw(mesh, part="draw_header_preset").operators
    assert (name, given) == ("trellis2.reset_group", {"group": "MESH"})
    OPS.trellis2.reset_group(**given)
    assert (chosen().decimation_target, chosen().shape_slat_sampling_steps) == (2_000_000, 7)
    assert draw(mesh, part="draw_header_preset").operators == []
    assert draw(shape, part="draw_header_preset").operators != []


@pytest.mark.parametrize(("width", "rows"), [(200, 2), (300, 1), (500, 1)])
def test_the_row_of_presets_is_parted_in_two_only_where_it_would_not_be_readable(
    addon: Any, width: int, rows: int
) -> None:
    drawn = draw(addon.panels.TRELLIS2_PT_generate, width=width)
    assert len({id(row) for row, name in drawn.rows if name == "trellis2.use_preset"}) == rows


def test_presets_can_be_undone(addon: Any) -> None:
    presets = addon.preset_operators
    assert all({"UNDO"} <= cls.bl_options for cls in (presets.TRELLIS2_OT_use_preset, presets.TRELLIS2_OT_reset_group))


def test_which_preset_is_pressed_is_told_in_a_tenth_of_a_millisecond(addon: Any) -> None:
    settings, taken = chosen(), []
    for _ in range(200):
        begun = time.perf_counter()
        addon.presets.name_of(settings)
        taken.append(time.perf_counter() - begun)
    assert statistics.median(taken) < SECONDS


def test_a_preset_of_the_artists_own_is_kept_used_and_removed(addon: Any, own_folder: Path) -> None:
    for parameter in addon.scene_settings.TABLE:
        low, last = parameter.minimum, parameter.choices[-1:]
        setattr(chosen(), parameter.name, str(last[0]) if last else type(parameter.default)(low))
    chosen().seed, chosen().use_seed = 2_147_483_647, True
    kept = values(addon)
    assert OPS.trellis2.add_preset(name=NAME) == {"FINISHED"}
    (file,) = own_folder.glob("*.py")
    assert bpy.path.display_name(file.name) == NAME
    OPS.trellis2.use_preset(preset="DRAFT")
    chosen().seed, chosen().use_seed = 1, False
    chosen().source, chosen().filepath = "FILE", "//chair.png"
    assert bpy.ops.script.execute_preset(filepath=str(file), menu_idname="TRELLIS2_PT_presets") == {"FINISHED"}
    assert values(addon) == kept
    assert (chosen().source, chosen().filepath) == ("FILE", "//chair.png")
    assert OPS.trellis2.add_preset(name=NAME, remove_name=True) == {"FINISHED"}
    assert kept_in(own_folder) == []


def test_a_preset_of_the_artists_own_holds_all_seventeen_parameters_and_nothing_else(
    addon: Any, own_folder: Path
) -> None:
    OPS.trellis2.add_preset(name="Mine")
    lines = (own_folder / "Mine.py").read_text(encoding="utf-8").splitlines()
    written = {line.split("=")[0].strip().removeprefix("chosen.") for line in lines if line.startswith("chosen.")}
    assert written == {parameter.name for parameter in addon.scene_settings.TABLE} | {"seed", "use_seed"}


def test_a_preset_that_cannot_be_written_is_told_and_none_is_left(addon: Any, own_folder: Path) -> None:
    own_folder.mkdir(parents=True, exist_ok=True)
    (own_folder / "Mine.py.part").mkdir()  # where it is written until it is whole
    said = refusal(lambda: OPS.trellis2.add_preset(name="Mine"))
    (own_folder / "Mine.py.part").rmdir()
    assert said == "Could not save the preset: “Mine.py.part” is a folder. Move it somewhere else, then try again."
    assert kept_in(own_folder) == []


@pytest.mark.parametrize("line", ["chosen.no_such_group.steps = 3", "chosen.resolution = '99'", "chosen.remesh = ]"])
def test_a_preset_that_does_not_fit_is_told_by_blender_and_harms_nothing(
    addon: Any, own_folder: Path, line: str
) -> None:
    OPS.trellis2.add_preset(name="Mine")
    file = own_folder / "Mine.py"
    file.write_text(file.read_text(encoding="utf-8") + line, encoding="utf-8")
    told = refusal(lambda: bpy.ops.script.execute_preset(filepath=str(file), menu_idname="TRELLIS2_PT_presets"))
    assert "preset" in told
    assert pressed(addon) == ["Standard"]


def test_values_out_of_range_in_a_preset_are_held_within_it(addon: Any, own_folder: Path) -> None:
    OPS.trellis2.add_preset(name="Mine")
    file = own_folder / "Mine.py"
    lines = "chosen.decimation_target = 10**9\nchosen.ss_guidance_rescale = -7\nchosen.seed = -1\n"
    file.write_text(file.read_text(encoding="utf-8") + lines, encoding="utf-8")
    bpy.ops.script.execute_preset(filepath=str(file), menu_idname="TRELLIS2_PT_presets")
    assert (chosen().decimation_target, chosen().ss_guidance_rescale, chosen().seed) == (2_000_000, 0.0, 0)


def test_the_artists_presets_are_offered_in_the_header_of_the_parameters(addon: Any, own_folder: Path) -> None:
    OPS.trellis2.add_preset(name=NAME)
    page = draw(addon.panels.TRELLIS2_PT_parameters, part="draw_header_preset")
    assert page.popovers == ["TRELLIS2_PT_presets"]
    offered = addon.panels.TRELLIS2_PT_presets
    assert bpy.utils.preset_paths(offered.preset_subdir) == [str(own_folder)]
    assert operator_type(offered.preset_add_operator)
