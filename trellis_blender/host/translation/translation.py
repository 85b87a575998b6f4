# SPDX-License-Identifier: GPL-3.0-or-later
"""Our texts in the artist's language, by Blender's own translation.

Blender translates labels, tooltips and the texts in menus and panels by itself, once it has our dictionary. What is put
together from parts (a price, a name) goes through `translated`, and a report through `translated_report`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from .sentences import Sentences

FOLDER = Path(__file__).parent
# Blender looks up an operator's label in a context of its own.
CONTEXTS = ("*", "Operator")
# Fields that hold the artist's own names, which nobody translates.
NAMES = frozenset({"name", "name2", "stem", "picture", "library", "folder", "path"})
_sentences: list[Sentences] = []  # of the dictionaries that Blender has, from `register` to `unregister`


def dictionary(language: str) -> Mapping[str, str]:
    """The words of one language by the English ones. `language` is Blender's code: “fr”, “ja”."""
    with (FOLDER / f"{language}.json").open(encoding="utf-8") as file:
        words: dict[str, str] = json.load(file)["words"]
    return words


def languages() -> list[str]:
    """The codes of the languages that there is a dictionary for."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def translated(text: str) -> str:
    """The text in the language of the interface; as it is where that is English, or the text is not known."""
    return _say(text, "pgettext_iface") if _is_needed() else text


def translated_report(text: str) -> str:
    """The text in the language of Blender's reports."""
    return _say(text, "pgettext_rpt") if _is_needed() else text


def _is_needed() -> bool:
    """Blender without languages (the bpy module) tells no locale."""
    return bool(_sentences) and not bpy.app.translations.locale.startswith("en") and bool(bpy.app.translations.locale)


def _say(text: str, lookup: str) -> str:
    return _say_in(bpy.app.translations.locale, text, lookup)


@lru_cache(maxsize=4096)
def _say_in(locale: str, text: str, lookup: str) -> str:
    translate: Callable[[str], str] = getattr(bpy.app.translations, lookup)  # the stubs have it return None
    said = translate(text)
    if said != text:
        return said
    parts = _sentences[0].take_apart(text)
    if parts is None:
        return text
    pattern, values = parts
    spoken = {field: value if field in NAMES else _say_in(locale, value, lookup) for field, value in values.items()}
    return translate(pattern).format(**spoken)


def register() -> None:
    """Give Blender our dictionaries."""
    by_language = {language: dictionary(language) for language in languages()}
    blenders: Any = {
        language: {(context, english): said for english, said in known.items() for context in CONTEXTS}
        for language, known in by_language.items()
    }
    bpy.app.translations.register(__name__, blenders)
    _sentences.append(Sentences({english for known in by_language.values() for english in known}))


def unregister() -> None:
    """Take them back."""
    bpy.app.translations.unregister(__name__)
    _sentences.clear()
    _say_in.cache_clear()
