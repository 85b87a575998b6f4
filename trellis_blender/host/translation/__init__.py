# SPDX-License-Identifier: GPL-3.0-or-later
"""Translate our texts through Blender's own translation.

Once Blender has our dictionary, it translates labels, tooltips, menus and panels by itself. Texts that we put together
from parts (a price, a name) are a `Text`: they go through `translated`, and reports through `translated_report`, which
look up the template and fill in the values, translated too. Numbers in our sentences follow the language, “7,25 CU” in
French; Blender writes those in its fields the English way in all languages. A sentence that an earlier version wrote
into a job's folder has no template, and stays English.

Blender gets the dictionary of the current language only, and another one when the artist switches. Most artists use
English, which needs none. The dictionaries are `fr.json` and `ja.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import Text

FOLDER = Path(__file__).parent
# Blender looks up an operator's label in a context of its own.
CONTEXTS = ("*", "Operator")
# Fields that hold the artist's own names: never translate these.
NAMES = frozenset({"name", "stem", "picture", "library", "folder", "path"})
# By language: what parts thousands, and what decimals, unless as in English.
SEPARATORS = {"fr": ("\u00a0", ",")}
_DIGITS = "0123456789"
_given: list[str] = []  # the language whose dictionary Blender has; empty while the add-on is disabled


def dictionary(language: str) -> Mapping[str, str]:
    """Return one language's texts by their English ones. `language` is Blender's code: “fr”, “ja”."""
    with (FOLDER / f"{language}.json").open(encoding="utf-8") as file:
        words: dict[str, str] = json.load(file)["words"]
    return words


def translated(text: str) -> str:
    """Return the text in the interface's language; unchanged if that is English, or the text is unknown."""
    return _say(text, "pgettext_iface")


def translated_report(text: str) -> str:
    """Return the text in the language of Blender's reports."""
    return _say(text, "pgettext_rpt")


def translated_name(text: str) -> str:
    """Return the text as Blender names new data: in the interface's language if the artist wants that."""
    return _say(text, "pgettext_data")


@cache
def language_of(locale: str) -> str:
    """Return a locale's language as `dictionary` takes it, “fr” for “fr_FR”; empty if it has no dictionary."""
    language = locale.partition("_")[0]
    return language if language and (FOLDER / f"{language}.json").is_file() else ""


def _say(text: str, lookup: str) -> str:
    language = language_of(bpy.app.translations.locale)  # without languages, the bpy module has no locale
    if not language:
        return text
    translate: Callable[[str], str] = getattr(bpy.app.translations, lookup)  # the stubs say that it returns None
    if isinstance(text, Text):
        said = {field: value if field in NAMES else _say(value, lookup) for field, value in text.values.items()}
        return translate(text.template).format(**said)
    if text[:1] in _DIGITS and not text.strip(_DIGITS + ",."):
        thousands, decimal = SEPARATORS.get(language, (",", "."))
        return text.translate({ord(","): thousands, ord("."): decimal})
    return translate(text)


def register() -> None:
    """Give Blender the dictionary of its language, if we have one."""
    language = language_of(bpy.app.translations.locale)
    if language:
        entries: Any = {
            (context, english): said for english, said in dictionary(language).items() for context in CONTEXTS
        }
        bpy.app.translations.register(__name__, {language: entries})
        _given.append(language)


def language_changed(*_arguments: object) -> None:
    """Swap the dictionary after the artist has chosen a language, if it is a different one."""
    if language_of(bpy.app.translations.locale) not in _given:
        unregister()
        register()


def unregister() -> None:
    """Take the dictionary out of Blender."""
    if _given:
        bpy.app.translations.unregister(__name__)
    _given.clear()
