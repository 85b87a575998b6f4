"""The key that asks first: free in Blender's own keymaps, and said in the tooltips as the artist has set it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

MODIFIERS = ("ctrl", "alt", "shift", "oskey")
# What the artist can choose in Blender's own keymap, where it changes keys.
CHOICES: tuple[dict[str, Any], ...] = (
    {"select_mouse": "LEFT"},
    {"select_mouse": "RIGHT"},
    {"select_mouse": "LEFT", "legacy": True},
    {"select_mouse": "LEFT", "use_key_activate_tools": True, "spacebar_action": "TOOL"},
    {"select_mouse": "LEFT", "use_v3d_tab_menu": True, "use_v3d_shade_ex_pie": True, "use_pie_click_drag": True},
)


def keymaps(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All keymaps that come with this Blender, as its own files describe them."""
    utils: Any = bpy.utils
    folder = Path(utils.system_resource("SCRIPTS"), "presets", "keyconfig", "keymap_data")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    own = importlib.import_module("blender_default")
    industry = importlib.import_module("industry_compatible_data")
    every = [own.generate_keymaps(own.Params(**choice)) for choice in CHOICES]
    return [keymap for some in (*every, industry.generate_keymaps(industry.Params())) for keymap in some]


def test_the_key_is_free_in_all_of_blenders_own_keymaps(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = addon.window.KEY
    found = [
        (name, item[0])
        for name, _space, content in keymaps(monkeypatch)
        for item in content["items"]
        if item[1] is not None
        and item[1]["type"] == wanted["type"]
        and (item[1].get("any") or all(bool(item[1].get(each)) == bool(wanted.get(each)) for each in MODIFIERS))
    ]
    assert [each for each in found if "Modal" not in each[0]] == []
    assert len(keymaps(monkeypatch)) > 500, "Blender's keymaps were not found"


@pytest.fixture
def keyconfigs(addon: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A Blender with a window has keymaps: those of add-ons, which the user's own ones take over."""

    class Keymap:
        def __init__(self) -> None:
            self.keymap_items: Any = self
            self.items: list[Any] = []

        def new(self, idname: str, *, type: str, value: str, **modifiers: bool) -> Any:  # noqa: A002 - Blender's name
            words = " ".join([*(name.capitalize() for name in modifiers), type])
            assert value == "PRESS"
            item = SimpleNamespace(idname=idname, active=True, words=words)
            item.to_string = lambda: item.words
            self.items.append(item)
            return item

        def remove(self, item: Any) -> None:
            self.items.remove(item)

        def __iter__(self) -> Any:
            return iter(self.items)

    class Keymaps(dict[str, Any]):
        def new(self, *, name: str, space_type: str) -> Any:
            assert space_type in ("VIEW_3D", "IMAGE_EDITOR")
            return self.setdefault(name, Keymap())

    ours = SimpleNamespace(keymaps=Keymaps())
    found = SimpleNamespace(addon=ours, user=ours)
    monkeypatch.setattr(addon.window, "keyconfigs", lambda: found)
    return found


def tooltip(addon: Any) -> str:
    source = addon.sources.by_key("RENDER")
    return str(addon.source_operators.operator_of(source).description(bpy.context, None))


def test_the_tooltip_names_the_key_as_the_artist_has_set_it(addon: Any, keyconfigs: Any) -> None:
    assert tooltip(addon) == "Make a 3D model from the current render"
    addon.window.register_key("trellis2.generate")
    assert tooltip(addon).splitlines()[1:] == ["Ctrl Shift I shows picture and price first"]
    for keymap in keyconfigs.user.keymaps.values():
        for item in keymap:
            item.words = "F8"
    assert tooltip(addon).splitlines()[1:] == ["F8 shows picture and price first"]
    addon.window.unregister_key("trellis2.generate")
    assert [keymap.items for keymap in keyconfigs.user.keymaps.values()] == [[], []]
    assert tooltip(addon) == "Make a 3D model from the current render"


def test_the_question_is_for_what_the_editor_shows(addon: Any) -> None:
    image, chosen = bpy.data.images.new("Shown", 8, 8), addon.scene_settings.of_scene(bpy.context.scene)
    source_of = addon.chosen_picture.source_of
    assert source_of(bpy.context, chosen).key == "RENDER"
    with bpy.context.temp_override(edit_image=image):
        assert source_of(bpy.context, chosen).key == "IMAGE"
