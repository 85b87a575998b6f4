"""Registering and unregistering: all of it or nothing, and nothing is left behind."""

from __future__ import annotations

import inspect
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import addon_utils
import bpy
import pytest

from tests.addon import ADDON
from tests.blender import child, noted
from tests.blender.drawing import operator_type
from tests.blender.pictures import picture_file
from tests.blender.working import generate, tick_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator import Emulator

PROPERTY: Any = type(bpy.props.BoolProperty())  # type: ignore[func-returns-value]  # the stubs say None
MENUS = (
    "TOPBAR_MT_render",
    "IMAGE_MT_image",
    "VIEW3D_MT_add",
    "VIEW3D_MT_view",
    "TOPBAR_MT_file_import",
    "VIEW3D_MT_object_context_menu",
    "STATUSBAR_HT_header",
)


def traces() -> dict[str, list[str]]:
    """Everything in Blender and in this process that comes from the add-on."""
    handlers = [
        f"{name}: {handler!r}"
        for name in dir(bpy.app.handlers)
        if isinstance(getattr(bpy.app.handlers, name), list)
        for handler in getattr(bpy.app.handlers, name)
        if "trellis" in getattr(handler, "__module__", "")
    ]
    drawn = [f"{menu}: {function!r}" for menu in MENUS for function in noted.drawn(getattr(bpy.types, menu))]
    return {
        "classes": [name for name in dir(bpy.types) if "TRELLIS2" in name],
        "operators": dir(bpy.ops.trellis2),  # type: ignore[attr-defined]  # not in the stubs
        "properties": [
            f"{owner.__name__}.{name}"
            for owner in (bpy.types.Scene, bpy.types.WindowManager, bpy.types.Object)
            for name in owner.bl_rna.properties.keys()  # noqa: SIM118 - the collection yields properties, not names
            if "trellis" in name
        ],
        "handlers": handlers,
        "menu entries": drawn,
        "threads": [thread.name for thread in threading.enumerate() if thread.name.startswith("trellis")],
        "timers": timers(),
    }


def timers() -> list[str]:
    """The functions of the add-on that a timer of Blender's will call."""
    modules = [module for name, module in [*sys.modules.items()] if name.startswith(ADDON)]
    functions = {function for module in modules for _name, function in inspect.getmembers(module, inspect.isfunction)}
    return sorted(f"{each.__module__}.{each.__name__}" for each in functions if bpy.app.timers.is_registered(each))


def first_look(addon: Any) -> str:
    """The timer that looks at the scenes once Blender has started; the bpy module calls none."""
    return f"{addon.completed_renders.__name__}.settle"


def left() -> dict[str, list[str]]:
    """What is left of the add-on."""
    return {kind: found for kind, found in traces().items() if found}


class Translations:
    """Blender's own: the bpy module has no languages, and keeps no dictionary."""

    def __init__(self) -> None:
        self.locale, self.known = "fr_FR", dict[str, dict[str, Any]]()

    def register(self, name: str, words: dict[str, Any]) -> None:
        assert name not in self.known, "Blender takes no second dictionary by the same name"
        self.known[name] = words

    def unregister(self, name: str) -> None:
        del self.known[name]

    def pgettext_iface(self, text: str) -> str:
        return text

    pgettext_rpt = pgettext_iface


@pytest.fixture
def in_french(addon: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Translations]:
    """Enabled in a Blender whose interface is French."""
    blenders = Translations()
    addon.package.unregister()
    monkeypatch.setattr(addon.translation, "bpy", SimpleNamespace(app=SimpleNamespace(translations=blenders)))
    addon.package.register()
    yield blenders
    addon.package.unregister()
    monkeypatch.undo()
    addon.package.register()


def test_registered_it_is_there_once(addon: Any) -> None:
    found = traces()
    assert len(found["classes"]) == len(set(found["classes"])) > 10
    assert (len(found["handlers"]), len(found["menu entries"])) == (len(addon.registration.HANDLERS), len(MENUS))
    assert found["properties"] == ["Scene.trellis2", "WindowManager.trellis2", "WindowManager.trellis2_gallery"]


def declared(cls: type) -> set[str]:
    """The properties that a class and its bases declare, as Blender takes them: in annotations, or text of these."""
    given = [item for base in cls.__mro__ for item in vars(base).get("__annotations__", {}).items()]
    return {name for name, value in given if isinstance(value, PROPERTY) or "Property(" in str(value)}


def test_blender_knows_every_property_of_every_class(addon: Any) -> None:
    """It drops all properties of a class one of whose annotations, of whatever kind, means nothing at run time."""
    found = 0
    for cls in addon.registration.classes():
        rna = operator_type(cls.bl_idname) if issubclass(cls, bpy.types.Operator) else cls.bl_rna
        assert declared(cls) - {*rna.properties.keys()} == set(), cls.__name__
        found += len(declared(cls))
    assert found > 300


@pytest.mark.usefixtures("cold")
def test_unregistered_twice_over_nothing_is_left(
    addon: Any, in_french: Translations, tmp_path: Path, connected: Emulator, session: Any
) -> None:
    for _ in range(2):
        generate(picture_file(tmp_path))
        tick_until(lambda: connected.calls)
        found = traces()
        assert found["timers"] == [f"{addon.session.__name__}._timer", first_look(addon)]
        assert found["threads"]
        assert in_french.known
        addon.package.unregister()
        assert left() == {}
        assert in_french.known == {}
        assert addon.session.state() == addon.state.State()
        addon.package.register()
    assert traces() == {**found, "timers": [first_look(addon)], "threads": []}


def test_with_a_window_earlier_jobs_are_looked_for_a_second_after_the_start(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = SimpleNamespace(background=False, timers=bpy.app.timers, handlers=bpy.app.handlers)
    windowed = SimpleNamespace(**{**vars(bpy), "app": app})
    addon.package.unregister()
    try:
        monkeypatch.setattr(addon.registration, "bpy", windowed)
        addon.package.register()
        assert timers() == [f"{addon.registration.__name__}.resume_earlier", first_look(addon)]
        addon.package.unregister()
        assert timers() == []
    finally:
        monkeypatch.undo()
        addon.package.register()


class Broken(bpy.types.Operator):
    """Blender refuses an operator without a name."""

    bl_idname = "trellis2.broken"


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("panels.PARAMETER_PANELS", Broken),
        ("menus.DRAWN", ("NO_MT_such_menu", print)),
        ("registration.HANDLERS", ("no_such_event", print)),
    ],
)
def test_what_cannot_be_registered_leaves_nothing_of_the_rest(
    addon: Any, in_french: Translations, monkeypatch: pytest.MonkeyPatch, table: str, row: Any
) -> None:
    module, name = table.split(".")
    rows = getattr(getattr(addon, module), name)
    addon.package.unregister()
    with monkeypatch.context() as patch:
        patch.setattr(getattr(addon, module), name, (*rows[:2], row, *rows[2:]))
        with pytest.raises((AttributeError, RuntimeError)):
            addon.package.register()
    assert left() == {}
    assert in_french.known == {}
    addon.package.register()
    assert len(traces()["handlers"]) == len(addon.registration.HANDLERS)


def test_what_cannot_be_taken_out_keeps_nothing_else_in(addon: Any, in_french: Translations) -> None:
    event, handler = addon.registration.HANDLERS[-1]
    getattr(bpy.app.handlers, event).remove(handler)  # as another add-on did it
    with pytest.raises(ValueError, match="not in list"):
        addon.package.unregister()
    assert left() == {}
    assert in_french.known == {}
    addon.package.register()


def test_blender_has_the_words_of_the_language_that_it_shows(addon: Any, in_french: Translations) -> None:
    for locale, languages in (("fr_FR", ["fr"]), ("ja_JP", ["ja"]), ("de_DE", []), ("", []), ("fr_FR", ["fr"])):
        in_french.locale = locale
        assert addon.translation.language_changed in bpy.app.handlers.translation_update_post
        addon.translation.language_changed()
        known = in_french.known.get(addon.translation.__name__, {})
        assert list(known) == languages
        for language, said in known.items():
            assert said["*", "Use Settings"] == addon.translation.dictionary(language)["Use Settings"]


def test_importing_the_package_imports_no_blender(tmp_path: Path) -> None:
    script = """
sys.path.insert(0, str(__import__("pathlib").Path(bpy.utils.user_resource("EXTENSIONS")) / "user_default"))
before = set(sys.modules)
import trellis_blender
print("new:", sorted(set(sys.modules) - before))
"""
    ending = child.run(tmp_path, script)
    assert (ending.status, "new: ['trellis_blender']" in ending.output) == (0, True), ending.output


def test_a_factory_start_without_preferences_is_no_error(addon: Any) -> None:
    assert bpy.context.preferences is not None
    addon_utils.disable(ADDON, default_set=True)
    addon_utils.enable(ADDON, default_set=False)
    try:
        assert addon.preferences.preferences() is None
        assert "API key is missing" in str(addon.preferences.problem())
    finally:
        addon_utils.disable(ADDON)
        addon_utils.enable(ADDON, default_set=True)
