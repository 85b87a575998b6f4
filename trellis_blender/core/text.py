# SPDX-License-Identifier: GPL-3.0-or-later
"""A text for the artist with values in it: a template and its values, so that it can be translated first, filled then.

    Text("The picture “{name}” is gone. Choose another file.", name=path.name)

It is the finished English text, too: the log, the command line and the core use it like any other. Whatever changes it
(`+`, `strip`, an f-string) makes a plain text of it, which stays English.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Text(str):
    """The filled template. `values`: what stands in its fields; a value that is a `Text` is translated with it."""

    template: str
    values: Mapping[str, str]

    def __new__(cls, template: str, /, **values: object) -> Text:
        """Fill the template. Raises KeyError if a field has no value."""
        filled = {name: value if isinstance(value, str) else str(value) for name, value in values.items()}
        text = super().__new__(cls, template.format(**filled))
        text.template, text.values = template, filled
        return text


def packed(text: str) -> Any:
    """Return the text as JSON: a plain one as it is, a `Text` as a list of its template and its values."""
    if isinstance(text, Text):
        return [text.template, {name: packed(value) for name, value in text.values.items()}]
    return str(text)


def unpacked(data: Any) -> str:
    """Return the text that `packed` returned. Raises ValueError, TypeError, LookupError or AttributeError."""
    if isinstance(data, str):
        return data
    template, values = data
    return Text(template, **{name: unpacked(value) for name, value in values.items()})
