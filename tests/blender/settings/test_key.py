"""The key: in a file of its own, and in nothing that an artist gives away; taken over once from where it was."""

from __future__ import annotations

import importlib
import json
import stat
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.addon import ADDON
from tests.blender import child
from tests.blender.drawing import draw, operator_type
from tests.blender.priced import asking
from tests.blender.working import OPS, refusal

KEY, SECRET = "api_kQ7uniqueKey19", "sec_Zx3uniqueSecret77"
# As the add-on was before: Blender stores what the properties hold.
OLD_ADDON = f"""
class Old(bpy.types.AddonPreferences):
    bl_idname = ADDON
    api_key: bpy.props.StringProperty(subtype="PASSWORD")
    api_secret: bpy.props.StringProperty(subtype="PASSWORD")
    project_id: bpy.props.StringProperty()

bpy.utils.register_class(Old)
bpy.context.preferences.addons.new().module = ADDON
preferences = bpy.context.preferences.addons[ADDON].preferences
preferences.api_key, preferences.api_secret, preferences.project_id = {KEY!r}, {SECRET!r}, "proj_7"
bpy.ops.wm.save_userpref()
bpy.utils.unregister_class(Old)
"""
# The next start of that Blender.
READ = """
bpy.ops.wm.read_userpref()
"""
NEW_ADDON = """
enable()
preferences = bpy.context.preferences.addons[ADDON].preferences
print("known", preferences.api_key, preferences.api_secret, preferences.project_id)
print("dirty", bpy.context.preferences.is_dirty)
bpy.ops.wm.save_userpref()
"""


def kept() -> Any:
    """The add-on's preferences."""
    assert bpy.context.preferences is not None
    return bpy.context.preferences.addons[ADDON].preferences


def saved_preferences() -> bytes:
    """What a saved userpref.blend holds, unpacked."""
    bpy.ops.wm.save_userpref()
    return unpacked(Path(bpy.utils.user_resource("CONFIG"), "userpref.blend"))


def unpacked(path: Path) -> bytes:
    """A .blend's bytes as Blender reads them."""
    data = path.read_bytes()
    if data.startswith(b"\x28\xb5\x2f\xfd"):  # RFC 8878 §3.1.1
        data = (
            importlib.import_module("zstandard").ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
        )
    assert data.startswith(b"BLENDER")
    return data


@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "packed"])
def test_saved_preferences_hold_no_key(addon: Any, is_packed: bool) -> None:
    assert bpy.context.preferences is not None
    paths = bpy.context.preferences.filepaths
    before, paths.use_file_compression = paths.use_file_compression, is_packed
    kept().api_key, kept().api_secret, kept().project_id = KEY, SECRET, "proj_uniqueProject5"
    try:
        data = saved_preferences()
    finally:
        paths.use_file_compression = before
    assert b"proj_uniqueProject5" in data  # so the search looks at the right file
    assert KEY.encode() not in data
    assert SECRET.encode() not in data


def test_a_script_sets_and_gets_it_as_before_and_it_is_in_the_file(addon: Any) -> None:
    kept().api_key, kept().api_secret = KEY, SECRET
    assert (kept().api_key, kept().api_secret) == (KEY, SECRET)
    path = addon.preferences.key_file().path
    assert json.loads(path.read_bytes()) == {"api_key": KEY, "api_secret": SECRET}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.is_relative_to(bpy.utils.user_resource("EXTENSIONS"))
    assert kept().bl_rna.properties["api_key"].subtype == "PASSWORD"


def test_a_key_that_the_preferences_held_is_moved_to_the_file(tmp_path: Path) -> None:
    assert child.run(tmp_path, OLD_ADDON).status == 0
    (preferences,) = tmp_path.rglob("userpref.blend")
    assert KEY.encode() in unpacked(preferences)
    can_read = bpy.app.version >= (4, 3)  # the module of 4.2 crashes when it reads preferences
    ending = child.run(tmp_path, (READ if can_read else OLD_ADDON) + NEW_ADDON)
    assert ending.status == 0, ending.output
    assert f"known {KEY} {SECRET} proj_7" in ending.output
    assert "dirty True" in ending.output, "Blender would keep the key when it quits"
    (path,) = tmp_path.rglob("key.json")
    assert json.loads(path.read_bytes()) == {"api_key": KEY, "api_secret": SECRET}
    data = unpacked(preferences)
    assert b"proj_7" in data
    assert KEY.encode() not in data
    assert SECRET.encode() not in data
    path.unlink()  # it is moved once: nothing brings it back
    if can_read:
        assert "known   proj_7" in child.run(tmp_path, READ + NEW_ADDON).output


def test_the_preferences_say_where_the_key_is_and_show_neither_half(addon: Any) -> None:
    kept().api_key, kept().api_secret = KEY, SECRET
    page = draw(addon.preferences.TRELLIS2_AP_preferences)
    assert f"Only you can read {addon.preferences.key_file().path}" in page.texts
    assert "trellis2.forget_key" in page.operator_ids
    assert not {KEY, SECRET} & set(page.texts)


def test_forget_key_deletes_the_file_and_the_panel_asks_for_a_key(addon: Any) -> None:
    kept().api_key, kept().api_secret = KEY, SECRET
    assert OPS.trellis2.forget_key() == {"FINISHED"}
    assert not addon.preferences.key_file().path.exists()
    assert (kept().api_key, kept().api_secret) == ("", "")
    assert "trellis2.enter_key" in draw(addon.panels.TRELLIS2_PT_generate).operator_ids
    assert "trellis2.forget_key" not in draw(addon.preferences.TRELLIS2_AP_preferences).operator_ids


def test_forget_key_asks_first(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(addon.base_operators.Asking, "confirm", lambda *given: asked.append((given[3], given[0].yes)))
    kept().api_key = KEY
    asking(addon, addon.account_operators.TRELLIS2_OT_forget_key).invoke(bpy.context, None)
    assert asked == [("Scenario shows a secret only once. Delete it here?", "Forget Key")]
    assert kept().api_key == KEY
    assert operator_type("trellis2.forget_key")


@pytest.fixture
def in_the_way(addon: Any) -> Any:
    """A folder where the key's file would be."""
    kept().api_key = kept().api_secret = ""
    path = addon.preferences.key_file().path
    path.mkdir()
    yield path
    path.rmdir()


def test_what_keeps_the_key_from_being_saved_is_told_where_it_is_entered(addon: Any, in_the_way: Path) -> None:
    said = refusal(lambda: OPS.trellis2.enter_key(api_key=KEY, api_secret=SECRET))
    assert said.startswith("Could not save the key: ")
    assert KEY not in said
    assert said in draw(addon.preferences.TRELLIS2_AP_preferences).texts


def test_a_file_that_cannot_be_read_is_told_in_the_panel(addon: Any, in_the_way: Path) -> None:
    addon.preferences.key_file().read_if_changed()
    page = draw(addon.panels.TRELLIS2_PT_generate, width=900)
    assert "The file with your key cannot be read: “key.json” is a folder. Enter the key again." in page.texts
    assert page.operator_ids[-1] == "trellis2.enter_key"
