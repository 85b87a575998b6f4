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
        "{stage} in Another Blender": "{stage} dans un autre Blender",
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
        patch.setattr(translation, "languages", lambda: ["fr"])
        patch.setattr(translation, "dictionary", lambda _language: known)
        translation.register()
        yield translation
        translation.unregister()
    translation.register()


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("Ready", "Prêt"),
        ("Generating 42 %", "Génération : 42 %"),
        ("Generating in Another Blender", "Génération dans un autre Blender"),
        ("Never heard of.", "Never heard of."),
    ],
)
def test_a_composed_text_is_said_in_the_artists_language(french: Any, english: str, said: str) -> None:
    assert french.translated(english) == said


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("7.25", "7,25"),
        ("1,234.5", "1\u00a0234,5"),
        ("2,000,000", "2\u00a0000\u00a0000"),
        ("1024", "1024"),
        ("Generating 7.25", "Génération : 7,25"),
        ("1:35", "1:35"),
        ("glTF 2.0", "glTF 2.0"),
    ],
)
def test_a_number_is_written_as_the_language_does(french: Any, english: str, said: str) -> None:
    assert french.translated(english) == said


@pytest.mark.parametrize(
    ("english", "fr", "ja"),
    [
        ("22 Nov 2026 10:45", "22 nov. 2026 10:45", "2026年11月22日 10:45"),
        ("05 May 2026 00:00", "05 mai 2026 00:00", "2026年5月05日 00:00"),
        ("Today 10:45", "Aujourd’hui 10:45", "今日 10:45"),
    ],
)
def test_a_date_is_written_as_the_language_does(addon: Any, english: str, fr: str, ja: str) -> None:
    for language, said in (("fr", fr), ("ja", ja)):
        words = addon.translation.dictionary(language)
        pattern, values = addon.sentences.Sentences(words).take_apart(english)
        assert words[pattern].format(**values) == said


def test_every_month_has_its_date_in_every_language(addon: Any) -> None:
    year = [time.mktime((2026, month, 22, 10, 45, 0, 0, 0, -1)) for month in range(1, 13)]
    for language in addon.translation.languages():
        known = addon.sentences.Sentences(addon.translation.dictionary(language))
        patterns = {known.take_apart(addon.job_words.date(moment, 0.0))[0] for moment in year}
        assert len({addon.translation.dictionary(language)[pattern] for pattern in patterns}) == 12


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
        "Name",
        "Name of the preset, used to make the path name",
    }  # the last two are Blender's own
    for language in translation.languages():
        assert sorted(shown - names - translation.dictionary(language).keys()) == []
