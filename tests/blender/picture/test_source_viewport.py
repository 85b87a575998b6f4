"""The viewport: what stands in it, without overlays and background, and all as it was afterwards.

Blender as a module draws it from 5.2 on; in older ones `tests/gui` does, in a window.
"""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.picture.test_render import all_settings
from tests.blender.untouched import names

if TYPE_CHECKING:
    from collections.abc import Callable

DRAWS = bpy.app.version >= (5, 2, 0)
SIDE = 256


@pytest.fixture
def capture(addon: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What captures the viewport of a scene with one cube of plain red, as straight pixels (SIDE, …, 4)."""
    monkeypatch.setattr(addon.viewport, "SIDE", SIDE)
    bpy.ops.wm.read_homefile(use_empty=False, use_factory_startup=True)
    if DRAWS:
        import gpu

        start: Any = gpu
        start.init()

    def take(**given: Any) -> Any:
        window = SimpleNamespace(app=SimpleNamespace(background=False))
        with monkeypatch.context() as patch:
            patch.setattr(addon.viewport, "bpy", window)  # as if there were one
            with bpy.context.temp_override(area=area()):
                return addon.viewport.from_viewport(bpy.context, **given).pixels.rows()

    return take


def area() -> Any:
    """The 3D viewport."""
    assert bpy.context.window is not None
    return next(each for each in bpy.context.window.screen.areas if each.type == "VIEW_3D")


def space() -> Any:
    return area().spaces.active


def shade(kind: str) -> None:
    """Show the cube by Workbench, lit by nothing, in red."""
    scene: Any = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.view_settings.view_transform = "Standard"
    space().shading.type = kind
    for shading in (space().shading, scene.display.shading):
        shading.light, shading.color_type, shading.single_color = "FLAT", "SINGLE", (1, 0, 0)


@pytest.mark.parametrize("kind", ["SOLID", "RENDERED"])
def test_only_what_stands_in_the_view_is_seen_and_the_view_stays_as_it_was(capture: Any, kind: str) -> None:
    scene: Any = bpy.context.scene
    shade(kind)
    assert space().overlay.show_overlays
    before = all_settings(scene.render), all_settings(space().shading), all_settings(space().overlay), names()
    if not DRAWS:
        with contextlib.suppress(SystemError):  # unless an earlier render has made Blender able to draw
            capture()
    else:
        seen = capture()
        assert max(seen.shape[:2]) == SIDE
        solid = seen[..., 3] == 255
        assert 0.3 < solid.mean() < 0.8, "more than the cube is seen, or it is not as large as can be"
        assert not seen[[0, 0, -1, -1], [0, -1, 0, -1], 3].any()
        assert abs(seen[solid][:, :3].astype(int) - (255, 0, 0)).max() <= 40, "other colours than the cube's"
        edge = (seen[..., 3] > 100) & ~solid
        assert abs(seen[edge][:, :3].astype(int) - (255, 0, 0)).max(initial=0) <= 40, "a dark edge"
        rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
        assert abs((columns[0] + columns[-1]) / 2 - seen.shape[1] / 2) < SIDE / 8
        assert abs((rows[0] + rows[-1]) / 2 - seen.shape[0] / 2) < SIDE / 8
    after = all_settings(scene.render), all_settings(space().shading), all_settings(space().overlay), names()
    assert after == before


def test_selected_only_leaves_out_what_is_not_selected_and_all_is_as_it_was(capture: Any) -> None:
    shade("SOLID")
    bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 4))
    bpy.data.objects["Cube.001"].select_set(False)
    bpy.data.objects["Cube"].select_set(True)
    bpy.data.objects["Camera"].hide_set(True)

    def state() -> Any:
        things = [(thing.name, thing.select_get(), thing.hide_get()) for thing in bpy.data.objects]
        return things, getattr(bpy.context.object, "name", ""), all_settings(space().overlay), names()

    before = state()
    if not DRAWS:
        with contextlib.suppress(SystemError):  # as above
            capture(selected_only=True)
    else:
        both, one = capture(), capture(selected_only=True)
        assert both.shape[0] > both.shape[1], "the small cube above is not seen"
        assert one.shape[0] < 1.3 * one.shape[1], "what is not selected is seen"
        assert 0.3 < (one[..., 3] == 255).mean() < 0.8
    assert state() == before


def test_selected_only_with_nothing_selected_is_refused(addon: Any, capture: Any) -> None:
    bpy.ops.object.select_all(action="DESELECT")
    with pytest.raises(addon.errors.PictureError, match="Nothing is selected"):
        capture(selected_only=True)


def test_it_is_the_right_way_up(capture: Any) -> None:
    if not DRAWS:
        return
    shade("SOLID")
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.ops.mesh.primitive_cone_add(location=(0, 0, 3))
    solid = capture()[..., 3] == 255
    middle = solid.shape[0] // 2
    assert 0 < solid[:middle].sum() < solid[middle:].sum()


@pytest.mark.parametrize("place", [(0.0, 0.0, 0.0), (2.0, -3.0, 1.0)])
def test_what_is_far_away_or_small_keeps_its_pixels(
    addon: Any, capture: Any, place: tuple[float, float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not DRAWS:
        return
    shade("SOLID")
    cube = bpy.data.objects["Cube"]
    cube.location, cube.scale = place, (0.3, 0.6, 0.15)
    near = capture()[..., 3] == 255
    monkeypatch.setattr(addon.viewport, "SUBJECT_SHARE", 0.0)  # the whole view, in which it is small
    monkeypatch.setattr(addon.viewport, "SIDE", 8 * SIDE)
    far = capture()[..., 3] == 255
    rows, columns = (np.flatnonzero(far.any(axis)) for axis in (1, 0))
    extent = max(np.ptp(rows), np.ptp(columns)) + 1
    assert extent < 8 * SIDE / 4
    assert max(np.ptp(np.flatnonzero(near.any(axis))) + 1 for axis in (0, 1)) > SIDE / 2
    # the same outline, row by row of what it covers
    shares = [
        np.interp(np.linspace(0, 1, 40), np.linspace(0, 1, len(each)), each) for each in (outline(near), outline(far))
    ]
    assert abs(shares[0] - shares[1]).max() < 0.05


def outline(solid: Any) -> Any:
    """How wide it is in each of its rows, as a share of the widest."""
    widths = solid.sum(axis=1)
    shown = widths[widths > 0]
    return shown / shown.max()


def test_without_a_window_it_says_what_to_use_instead(addon: Any) -> None:
    with pytest.raises(addon.errors.PictureError, match="Use the camera as the source"):
        addon.viewport.from_viewport(bpy.context)
