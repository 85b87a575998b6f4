"""Translation: everything that Blender knows by name has an entry, and composed texts are said in the language."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.blender.interface.test_words import operators, shown_properties

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def translation(addon: Any) -> Any:
    """The add-on's translation module."""
    return addon.translation


@pytest.fixture
def french(addon: Any, translation: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Blender in French: the bpy module has no languages, so a dictionary stands in for Blender's lookup."""
    known = {
        "Generating {percent}": "Génération : {percent}",
        "{words} in Another Blender": "{words} dans un autre Blender",
        "“{name}” failed: {message}": "« {name} » a échoué : {message}",
        "Generating": "Génération",
        "Ready": "Prêt",
    }
    lookup = SimpleNamespace(
        locale="fr_FR",
        pgettext_iface=lambda text: known.get(text, text),
        register=lambda *_given: None,
        unregister=lambda *_given: None,
    )
    translation.unregister()
    with monkeypatch.context() as patch:
        patch.setattr(translation, "bpy", SimpleNamespace(app=SimpleNamespace(translations=lookup)))
        patch.setattr(translation, "dictionary", lambda _language: known)
        translation.register()
        yield translation
        translation.unregister()
    translation.register()


@pytest.mark.parametrize(
    ("template", "values", "said"),
    [
        ("Ready", {}, "Prêt"),
        ("Generating {percent}", {"percent": "42 %"}, "Génération : 42 %"),
        ("{words} in Another Blender", {"words": "Generating"}, "Génération dans un autre Blender"),
        ("“{name}” failed: {message}", {"name": "Ready", "message": "Ready"}, "« Ready » a échoué : Prêt"),
        ("“{name}” failed: {message}", {"name": "{percent}", "message": "{a}"}, "« {percent} » a échoué : {a}"),
        ("Never heard {of}.", {"of": "Ready"}, "Never heard Prêt."),
    ],
)
def test_a_composed_text_is_said_in_the_artists_language(
    french: Any, addon: Any, template: str, values: dict[str, str], said: str
) -> None:
    text = addon.errors.Text(template, **values)
    assert text == template.format(**values)
    assert french.translated(text) == said


def test_a_text_in_a_text_is_said_in_the_artists_language(french: Any, addon: Any) -> None:
    inner = addon.errors.Text("Generating {percent}", percent="42 %")
    text = addon.errors.Text("{words} in Another Blender", words=inner)
    assert text == "Generating 42 % in Another Blender"
    assert french.translated(text) == "Génération : 42 % dans un autre Blender"


def test_a_finished_sentence_of_an_earlier_version_stays_as_it_was_written(french: Any) -> None:
    assert french.translated("Generating 42 %") == "Generating 42 %"


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("7.25", "7,25"),
        ("1,234.5", "1\u00a0234,5"),
        ("2,000,000", "2\u00a0000\u00a0000"),
        ("1024", "1024"),
        ("1:35", "1:35"),
        ("glTF 2.0", "glTF 2.0"),
    ],
)
def test_a_number_is_written_as_the_language_does(french: Any, english: str, said: str) -> None:
    assert french.translated(english) == said


def test_a_number_in_a_text_is_written_as_the_language_does(french: Any, addon: Any) -> None:
    assert french.translated(addon.errors.Text("Generating {percent}", percent="7.25")) == "Génération : 7,25"


@pytest.mark.parametrize(
    ("moment", "fr", "ja"),
    [
        ("2026-11-22 10:45", "22 nov. 2026 10:45", "2026年11月22日 10:45"),
        ("2026-05-05 00:00", "05 mai 2026 00:00", "2026年5月05日 00:00"),
    ],
)
def test_a_date_is_written_as_the_language_does(addon: Any, moment: str, fr: str, ja: str) -> None:
    text = addon.job_words.date(time.mktime(time.strptime(moment, "%Y-%m-%d %H:%M")), 0.0)
    for language, said in (("fr", fr), ("ja", ja)):
        assert addon.translation.dictionary(language)[text.template].format(**text.values) == said


def languages(translation: Any) -> list[str]:
    """Return the codes of the languages that have a dictionary."""
    return [path.stem for path in translation.FOLDER.glob("*.json")]


def test_every_month_has_its_date_in_every_language(addon: Any) -> None:
    year = [time.mktime((2026, month, 22, 10, 45, 0, 0, 0, -1)) for month in range(1, 13)]
    templates = {addon.job_words.date(moment, 0.0).template for moment in year}
    for language in languages(addon.translation):
        assert len({addon.translation.dictionary(language)[template] for template in templates}) == 12


def test_without_another_language_a_text_stays_as_it_is(translation: Any) -> None:
    assert translation.translated("Generating 42 %") == "Generating 42 %"


def test_every_name_and_tooltip_that_blender_shows_has_a_translation(addon: Any, translation: Any) -> None:
    texts = {text for rna in shown_properties(addon) for text in (rna.name, rna.description)}
    texts |= {cls.bl_label for cls in addon.registration.classes() if hasattr(cls, "bl_label")}
    for cls in operators(addon):
        texts.add(" ".join(str(cls.__doc__).split()))
    for rna in shown_properties(addon):
        items = getattr(rna, "enum_items", ())
        texts |= {text for item in items for text in (item.name, item.description)}
    shown = {text for text in texts if any(character.isalpha() for character in text)}
    assert len(shown) > 100
    names = {
        "Trellis",
        "PNG",
        *("3MF", "FBX", "GLB", "OBJ", "STL", "USD", "glTF", "Unity", "Unreal", "Godot"),
        "Name",
        "Name of the preset, used to make the path name",
    }  # the last two are Blender's own
    for language in languages(translation):
        assert sorted(shown - names - translation.dictionary(language).keys()) == []
