"""What the artist reads: every operator in a menu, tooltips and labels in Blender's manner, all from one table."""

from __future__ import annotations

import ast
import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Layout, Page, draw, operator_type

FITS = 14  # characters, in the label's part of a row; a Japanese one counts twice
SMALL_WORDS = {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}


def width_of(words: str) -> int:
    """How many characters it is wide."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in words)


def drawn_menus(addon: Any) -> Page:
    """Everything that stands in Blender's menus because of the add-on."""
    whole = Page()
    for menu, function in addon.menus.ENTRIES:
        assert hasattr(bpy.types, menu)
        pages = [draw(type("JobEntry", (), {"draw": staticmethod(function)}))]
        while pages:
            page = pages.pop()
            whole.operators += page.operators
            pages += [draw(getattr(bpy.types, submenu)) for submenu in page.menus]
    return whole


def operators(addon: Any) -> list[Any]:
    """All operators of the add-on that the artist may call."""
    classes = [cls for cls in addon.registration.classes() if issubclass(cls, bpy.types.Operator)]
    return [cls for cls in classes if "INTERNAL" not in getattr(cls, "bl_options", ())]


def is_title_case(label: str) -> bool:
    """Whether all words but the small ones begin with a capital or a digit."""
    words = label.replace("(", "").replace(")", "").split()
    return all(word[0].isupper() or word[0].isdigit() or word in SMALL_WORDS for word in words) and bool(words)


def shown_properties(addon: Any) -> list[Any]:
    """All properties of the add-on that the artist can see."""
    found = []
    for owner in (addon.scene_settings.TRELLIS2_PG_settings, addon.preferences.TRELLIS2_AP_preferences):
        found += [owner.bl_rna.properties[name] for name in owner.__annotations__]
    for owner in operators(addon):
        names = {name for base in owner.__mro__ for name in getattr(base, "__annotations__", {})}
        properties = operator_type(owner.bl_idname).properties
        found += [properties[name] for name in sorted(names) if name in properties]
    return [rna for rna in found if not rna.is_hidden]


def test_every_operator_stands_in_a_menu(addon: Any) -> None:
    assert len(operators(addon)) > 12
    # A file that is dropped is no entry of a menu.
    named = {cls.bl_idname for cls in operators(addon) if "INTERNAL" not in getattr(cls, "bl_options", ())}
    assert named == set(drawn_menus(addon).operator_ids)


def test_an_entry_of_a_menu_is_a_click_in_those_that_pop_up_at_the_pointer_too(addon: Any) -> None:
    for menu, function in addon.menus.ENTRIES:
        layout = Layout(Page())
        function(SimpleNamespace(layout=layout), SimpleNamespace(active_object=None))
        assert vars(layout)["operator_context"] == "INVOKE_REGION_WIN", menu


@pytest.mark.parametrize("operator", ["generate_image", "import_by_id"])
def test_an_entry_that_opens_a_dialog_says_so(addon: Any, operator: str) -> None:
    labels = [text for name, text, _ in drawn_menus(addon).operators if name == f"trellis2.{operator}"]
    assert labels
    assert all(label.endswith("...") for label in labels)


def labels_in_source(addon: Any) -> Iterator[tuple[str, str]]:
    """Each label of a button, a menu entry, a remedy or a drop that the source writes, with its operator's id."""
    for path in Path(addon.package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            texts = [getattr(part, "value", None) for part in getattr(node, "elts", ())[:2]]
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "operator":
                texts = [getattr(part, "value", None) for part in node.args[:1]]
                texts += [getattr(word.value, "value", None) for word in node.keywords if word.arg == "text"]
            match texts:
                case [str(operator), str(label)] if operator.startswith("trellis2.") and label:
                    yield operator, label
    for cls in addon.registration.classes():
        if issubclass(cls, bpy.types.FileHandler):
            yield cls.bl_import_operator, cls.bl_label


def test_one_action_has_one_name_everywhere(addon: Any) -> None:
    found = {each for each in labels_in_source(addon) if each[0] != "trellis2.generate"}  # whose entry F3 looks for
    assert {"trellis2.open_jobs_folder", "trellis2.use_file", "trellis2.clean_up"} < {name for name, _ in found}
    named = {name: operator_type(name).name for name, _ in found}
    assert {(name, label) for name, label in found if label.removesuffix("...") != named[name]} == set()


def test_no_two_actions_have_the_same_name(addon: Any) -> None:
    labels = Counter(cls.bl_label for cls in addon.registration.classes() if issubclass(cls, bpy.types.Operator))
    # Dropped or chosen in the file browser, it is the same.
    assert [label for label, count in labels.items() if count > 1] == ["Generate 3D Models from Image Files"]


def test_labels_are_title_case(addon: Any) -> None:
    labels = [cls.bl_label for cls in addon.registration.classes() if hasattr(cls, "bl_label")]
    labels += [text.removesuffix("...") for _, text, _ in drawn_menus(addon).operators]
    labels += [rna.name for rna in shown_properties(addon)]
    labels += [
        *addon.job_words.WORDS.values(),
        *(label for _, label, *_ in addon.sidebar.REMEDIES.values()),
    ]
    assert [label for label in labels if not is_title_case(label)] == []


def test_tooltips_exist_and_end_without_a_period(addon: Any) -> None:
    tooltips = {cls.bl_idname: operator_type(cls.bl_idname).description for cls in operators(addon)}
    tooltips |= {rna.identifier: rna.description for rna in shown_properties(addon)}
    assert len(tooltips) > 25
    assert {name: text for name, text in tooltips.items() if not text.strip() or text.rstrip().endswith(".")} == {}


def test_no_label_beside_a_field_is_cut_in_a_sidebar_of_blenders_default_width(addon: Any) -> None:
    settings = addon.scene_settings.TRELLIS2_PG_settings.bl_rna.properties
    beside = [
        settings[name]
        for name in (
            *(parameter.name for parameter in addon.scene_settings.TABLE),
            "place",
            "collection",
            "textures",
            "seed",
        )
    ]
    labels = [
        rna.name for rna in beside if rna.type != "BOOLEAN"
    ]  # a box has its label at its right, where there is room
    assert len(labels) > 15
    languages = [path.stem for path in addon.translation.FOLDER.glob("*.json")]
    for known in ({}, *map(addon.translation.dictionary, languages)):
        said = [known.get(label, label) for label in labels]
        assert [words for words in said if width_of(words) > FITS] == []


def test_sizes_have_their_unit(addon: Any) -> None:
    settings = addon.scene_settings.TRELLIS2_PG_settings.bl_rna.properties
    assert [item.name for item in settings["texture_size"].enum_items] == ["1024 px", "2048 px", "4096 px"]
    assert [item.name for item in settings["resolution"].enum_items] == ["512 voxels", "1024 voxels", "1536 voxels"]


def test_without_a_preset_of_its_own_the_menu_speaks_of_no_missing_path(addon: Any) -> None:
    for folder in bpy.utils.preset_paths("trellis2"):  # where another test has saved one
        shutil.rmtree(folder)
    assert bpy.utils.preset_paths("trellis2") == []
    page, presets = Page(), addon.panels.TRELLIS2_PT_presets
    menu = SimpleNamespace(layout=Layout(page), bl_idname="TRELLIS2_PT_presets")
    presets.path_menu(menu, [], presets.preset_operator, add_operator=presets.preset_add_operator)
    assert (page.texts, page.operator_ids) == ([], ["trellis2.add_preset"])


@pytest.mark.parametrize("owner", ["settings", "generate_image", "generate_render"])
def test_ranges_defaults_and_words_of_all_parameters_are_the_tables(addon: Any, owner: str) -> None:
    kind = (
        addon.scene_settings.TRELLIS2_PG_settings.bl_rna if owner == "settings" else operator_type(f"trellis2.{owner}")
    )
    for parameter in addon.scene_settings.TABLE:
        rna = kind.properties[parameter.name]
        assert (rna.name, rna.description) == (parameter.label, parameter.description)
        if parameter.choices:
            assert rna.default == str(parameter.default)
            assert [item.identifier for item in rna.enum_items] == [str(choice) for choice in parameter.choices]
        elif isinstance(parameter.default, bool):
            assert rna.default is parameter.default
        else:
            expected = (parameter.default, parameter.minimum, parameter.maximum)
            assert (rna.default, rna.hard_min, rna.hard_max) == pytest.approx(expected)


def test_the_seed_takes_every_value_that_a_job_can_have(addon: Any) -> None:
    seed = addon.scene_settings.TRELLIS2_PG_settings.bl_rna.properties["seed"]
    assert (seed.hard_min, seed.hard_max) == (0, 2**31 - 1)
