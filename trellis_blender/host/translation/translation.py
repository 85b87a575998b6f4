# SPDX-License-Identifier: GPL-3.0-or-later
"""Translate our texts through Blender's own translation.

Once Blender has our dictionary, it translates labels, tooltips, menus and panels by itself. Texts that we put together
from parts (a price, a name) go through `translated`, and reports through `translated_report`. Numbers in our sentences
follow the language, “7,25 CU” in French; Blender writes those in its fields the English way in all languages.

Blender gets the dictionary of the current language only, and another one when the artist switches. Most artists use
English, which needs none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from .sentences import Sentences

FOLDER = Path(__file__).parent
# Blender looks up an operator's label in a context of its own.
CONTEXTS = ("*", "Operator")
# Fields that hold the artist's own names: never translate these.
NAMES = frozenset({"name", "name2", "stem", "picture", "library", "folder", "path"})
# By language: what parts thousands, and what decimals, unless as in English.
SEPARATORS = {"fr": ("\u00a0", ",")}
_NUMBER = re.compile(r"\d+(,\d{3})*(\.\d+)?")
_sentences: list[Sentences] = []  # of the current language, made when first needed
_given: list[str] = []  # the language whose dictionary Blender has; empty while the add-on is disabled


def dictionary(language: str) -> Mapping[str, str]:
    """Return one language's texts by their English ones. `language` is Blender's code: “fr”, “ja”."""
    with (FOLDER / f"{language}.json").open(encoding="utf-8") as file:
        words: dict[str, str] = json.load(file)["words"]
    return words


def languages() -> list[str]:
    """Return the codes of the languages that have a dictionary."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def translated(text: str) -> str:
    """Return the text in the interface's language; unchanged if that is English, or the text is unknown."""
    return _say(text, "pgettext_iface") if _is_needed() else text


def translated_report(text: str) -> str:
    """Return the text in the language of Blender's reports."""
    return _say(text, "pgettext_rpt") if _is_needed() else text


def translated_name(text: str) -> str:
    """Return the text as Blender names new data: in the interface's language if the artist wants that."""
    return _say(text, "pgettext_data") if _is_needed() else text


def _is_needed() -> bool:
    """Return whether Blender needs a dictionary. Without languages (the bpy module) it has no locale."""
    return bool(language_of(bpy.app.translations.locale))


@cache
def language_of(locale: str) -> str:
    """Return a locale's language as `dictionary` takes it, “fr” for “fr_FR”; empty if it has no dictionary."""
    language = locale.partition("_")[0]
    return language if language and (FOLDER / f"{language}.json").is_file() else ""


def _say(text: str, lookup: str) -> str:
    return _say_in(bpy.app.translations.locale, text, lookup)


@lru_cache(maxsize=4096)
def _say_in(locale: str, text: str, lookup: str) -> str:
    if _NUMBER.fullmatch(text):
        thousands, decimal = SEPARATORS.get(language_of(locale), (",", "."))
        return text.translate({ord(","): thousands, ord("."): decimal})
    translate: Callable[[str], str] = getattr(bpy.app.translations, lookup)  # the stubs say that it returns None
    said = translate(text)
    if said != text:
        return said
    if not _sentences:
        from .sentences import Sentences

        _sentences.append(Sentences(dictionary(language_of(locale))))
    parts = _sentences[0].take_apart(text)
    if parts is None:
        return text
    pattern, values = parts
    spoken = {field: value if field in NAMES else _say_in(locale, value, lookup) for field, value in values.items()}
    return translate(pattern).format(**spoken)


def register() -> None:
    """Give Blender the dictionary of its language, if we have one."""
    language = language_of(bpy.app.translations.locale)
    if language:
        entries: Any = {
            (context, english): said for english, said in dictionary(language).items() for context in CONTEXTS
        }
        bpy.app.translations.register(__name__, {language: entries})
        _given.append(language)


def language_changed() -> None:
    """Swap the dictionary after the artist has chosen a language, if it is a different one."""
    if language_of(bpy.app.translations.locale) not in _given:
        unregister()
        register()


def unregister() -> None:
    """Take the dictionary out of Blender."""
    if _given:
        bpy.app.translations.unregister(__name__)
    _given.clear()
    _sentences.clear()
    _say_in.cache_clear()
