# SPDX-License-Identifier: GPL-3.0-or-later
"""One button shows the textures, where a viewport shows none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Page, draw
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import OPS, refusal

BUTTON = "trellis2.show_textures"
EVERY = ("WIREFRAME", "SOLID", "MATERIAL", "RENDERED")


@pytest.fixture
def spaces() -> list[Any]:
    """The viewports of the window, two at least, in Solid shading without textures."""
    assert bpy.context.screen is not None
    areas = bpy.context.screen.areas[:2]
    for area in areas:
        area.type = "VIEW_3D"
    found: list[Any] = [area.spaces.active for area in bpy.context.screen.areas if area.type == "VIEW_3D"]
    assert len(found) >= 2
    for space in found:
        space.shading.type, space.shading.color_type = "SOLID", "MATERIAL"
    return found


def use_engine(name: str) -> Any:
    """Choose the scene's engine; the scene."""
    scene: Any = bpy.context.scene
    scene.render.engine = name
    return scene


def shown(space: Any) -> tuple[str, str]:
    """How the viewport shows the scene."""
    return space.shading.type, space.shading.color_type


def seen_in(addon: Any, space: Any) -> bool:
    """Whether the add-on takes it that the artist sees textures, with the mouse in this viewport."""
    context = SimpleNamespace(space_data=space, screen=bpy.context.screen, scene=bpy.context.scene)
    return bool(addon.textures.are_shown(context))


def test_outside_a_viewport_all_of_the_window_show_the_textures_at_once(spaces: list[Any]) -> None:
    assert OPS.trellis2.show_textures() == {"FINISHED"}
    assert {shown(space) for space in spaces} == {("SOLID", "TEXTURE")}


def test_a_viewport_that_shows_textures_stays_as_it_is(spaces: list[Any]) -> None:
    spaces[0].shading.type = "MATERIAL"
    assert OPS.trellis2.show_textures() == {"FINISHED"}
    assert [shown(space)[0] for space in spaces[:2]] == ["MATERIAL", "SOLID"]


def test_in_wireframe_it_shows_the_textures_too(spaces: list[Any]) -> None:
    spaces[0].shading.type = "WIREFRAME"
    OPS.trellis2.show_textures()
    assert shown(spaces[0]) == ("SOLID", "TEXTURE")


def test_material_preview_can_be_asked_for(spaces: list[Any]) -> None:
    OPS.trellis2.show_textures(shading="MATERIAL")
    assert {shown(space)[0] for space in spaces} == {"MATERIAL"}


def test_workbench_has_no_material_preview_so_solid_shows_them(spaces: list[Any]) -> None:
    use_engine("BLENDER_WORKBENCH")
    OPS.trellis2.show_textures(shading="MATERIAL")
    assert {shown(space) for space in spaces} == {("SOLID", "TEXTURE")}


def test_where_textures_are_seen_there_is_nothing_to_do(spaces: list[Any]) -> None:
    OPS.trellis2.show_textures()
    assert "No viewport is without textures" in refusal(OPS.trellis2.show_textures)


@pytest.mark.parametrize(
    ("kind", "color", "is_seen"),
    [
        ("WIREFRAME", "MATERIAL", False),
        ("SOLID", "MATERIAL", False),
        ("SOLID", "TEXTURE", True),
        ("MATERIAL", "MATERIAL", True),
        ("RENDERED", "MATERIAL", True),
    ],
)
def test_a_viewport_shows_textures_or_not(addon: Any, spaces: list[Any], kind: str, color: str, is_seen: bool) -> None:
    use_engine("CYCLES")
    spaces[0].shading.type, spaces[0].shading.color_type = kind, color
    assert seen_in(addon, spaces[0]) is is_seen
    assert not seen_in(addon, spaces[1])  # another one counts for itself


@pytest.mark.parametrize(("color", "is_seen"), [("MATERIAL", False), ("TEXTURE", True)])
def test_what_workbench_renders_is_set_in_the_scene(addon: Any, spaces: list[Any], color: str, is_seen: bool) -> None:
    scene = use_engine("BLENDER_WORKBENCH")
    spaces[0].shading.type, scene.display.shading.color_type = "RENDERED", color
    assert seen_in(addon, spaces[0]) is is_seen


def drawn(addon: Any, space: Any, stage: str = "imported") -> Page:
    """The panel of the jobs, in this viewport."""
    with session_with(addon, [snapshot(addon, stage)]):
        return draw(addon.panels.TRELLIS2_PT_jobs, space=space)


def test_the_panel_offers_it_while_the_viewport_shows_no_textures(addon: Any, spaces: list[Any]) -> None:
    offered = [(label, given) for name, label, given in drawn(addon, spaces[0]).operators if name == BUTTON]
    assert offered == [("Show Textures", {}), ("", {"shading": "MATERIAL"})]
    assert BUTTON not in drawn(addon, spaces[0], "ready").operator_ids
    spaces[0].shading.color_type = "TEXTURE"
    assert BUTTON not in drawn(addon, spaces[0]).operator_ids
    assert BUTTON in drawn(addon, spaces[1]).operator_ids


def test_the_panel_offers_material_preview_only_where_it_exists(addon: Any, spaces: list[Any]) -> None:
    use_engine("BLENDER_WORKBENCH")
    assert drawn(addon, spaces[0]).operator_ids.count(BUTTON) == 1


def test_no_sentence_lectures(addon: Any, spaces: list[Any]) -> None:
    assert "Material Preview" not in drawn(addon, spaces[0]).text
