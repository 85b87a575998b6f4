"""Translations: complete, in step with the source, and marked as what they are."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

import words

LANGUAGES = {"fr": "French", "ja": "Japanese"}
# A word or two may be the same in French (“Variations”), but most are not; no Japanese text has only ASCII letters.
SAME_AT_MOST = {"fr": 0.04, "ja": 0.02}
WORDS_THE_SAME = 2


def content(language: str) -> dict[str, Any]:
    """Return a dictionary's file."""
    known: dict[str, Any] = json.loads((words.FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return known


def test_there_is_a_french_and_a_japanese_dictionary_marked_as_unreviewed() -> None:
    assert {path.stem for path in words.FOLDER.glob("*.json")} == set(LANGUAGES)
    for code, name in LANGUAGES.items():
        assert (content(code)["language"], content(code)["reviewed"]) == (name, False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_source_is_translated_and_none_is_left_over(language: str) -> None:
    texts = words.collect()
    assert len(texts) > 300
    assert words.differences(texts, content(language)["words"]) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_same_fields_as_its_text(language: str) -> None:
    known = content(language)["words"]
    assert {english: said for english, said in known.items() if words.fields(english) != words.fields(said)} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_are_not_the_english_texts(language: str) -> None:
    known = content(language)["words"]
    same = [english for english, said in known.items() if english == said]
    assert [english for english in same if len(english.split()) > WORDS_THE_SAME] == []
    assert len(same) <= SAME_AT_MOST[language] * len(known), same


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_ends_as_its_text_does(language: str) -> None:
    ends = {".": ".。", "...": ("...", "…"), ":": ":\uff1a"}
    for english, said in content(language)["words"].items():
        last = next((end for end in ("...", ".", ":") if english.endswith(end)), "")
        assert said.endswith(tuple(ends[last])) if last else not said.endswith((".", "。")), (english, said)


SOURCE = '''
"""A module."""
import re
PATTERN = re.compile("A pattern. It is")
class TRELLIS2_OT_thing(Operator):
    """Do the
    thing"""
    bl_label = "Thing"
    size: FloatProperty(name="Size", description="How large it is")
    def execute(self, context: Context) -> None:
        """Do it."""
        assert self.size, "never happens here"
        raise PictureError(Text("“{name}” is {size} m, not {other}. Try again.", name=path.name, size=2, other=3))
    def log(self) -> None:
        _log.info(f"{self} was seen")
        self.say(f"{self.size:g} m of it")
class Plain:
    """Not a tooltip at all."""
    kind = names["Some Key"]
    said = "{count} models".format(count=2)
'''


def test_texts_are_collected_from_where_the_artist_reads_them(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(SOURCE, encoding="utf-8")
    assert ast.parse(SOURCE)
    assert set(words.collect(tmp_path)) == {
        "Do the thing",
        "Thing",
        "Size",
        "How large it is",
        "“{name}” is {size} m, not {other}. Try again.",
        "{count} models",
    }


def test_a_text_for_the_artist_that_is_an_f_string_is_told(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(SOURCE, encoding="utf-8")
    assert words.without_template(tmp_path) == ["not a Text: '{} m of it' (module.py)"]


def test_every_text_with_values_keeps_its_template() -> None:
    assert words.without_template() == []


def test_what_is_missing_and_what_is_left_over_is_told() -> None:
    lines = words.differences(
        {"Old": "a.py", "New": "b.py", "Empty": "c.py"}, {"Old": "Alt", "Gone": "Weg", "Empty": ""}
    )
    assert lines == [
        "not translated: 'New' (b.py)",
        "not translated: 'Empty' (c.py)",
        "not used any more: 'Gone'",
    ]
