"""Hostile names of an artist's picture: what the file is called, and what the artist reads and Blender gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Name:
    """A file's stem as the disk has it, and as it is shown."""

    given: str
    shown: str

    @property
    def outcome(self) -> str:
        """Return what becomes of it, in words."""
        return f"Plain text everywhere: {self.shown[:40]!a}; the model is made and named by it"


NAMES: Mapping[str, Name] = {
    "a format of Python": Name("{0.__class__.__mro__}", "{0.__class__.__mro__}"),
    "a format with a field of ours": Name("{name} {reason} {folder}", "{name} {reason} {folder}"),
    "a format of C": Name("%s%n%(name)s", "%s%n%(name)s"),
    "a path": Name("..%2f..%2fetc%2fpasswd", "..%2f..%2fetc%2fpasswd"),
    "a driver of Blender": Name("#frame", "#frame"),
    "a call of Python": Name("__import__('os').abort()", "__import__('os').abort()"),
    "a shell's command": Name("$(touch owned);`id`|rm", "$(touch owned);`id`|rm"),
    "a relative path of Blender": Name("--python-expr import os", "--python-expr import os"),
    "a byte that is no text": Name("St\udcfchle", "St\ufffdhle"),
    "turned around": Name("a\u202egnp.b", "agnp.b"),
    "marks of direction": Name("\u200fa\u2066b\u2069", "ab"),
    "a terminal's command": Name("a\x1b[31mb\x07", "a[31mb"),
    "line breaks": Name("a\nb\rc", "a b c"),
    "separators of lines": Name("a\u2028b\u2029c", "a b c"),
    "invisible signs": Name("a\u200bb\ufeffc\u2060d", "abcd"),
    "only invisible signs": Name("\u200b\ufeff", "Trellis Model"),
    "only spaces": Name("   ", "Trellis Model"),
    "a device of Windows": Name("NUL", "NUL"),
    "a web page's script": Name("<script>alert(1)<", "<script>alert(1)<"),
    "far too long": Name("x" * 240, "x" * 40),
    "long, of many bytes": Name("\u6f22" * 80, "\u6f22" * 40),
    "emoji of several parts": Name("👩\u200d🚀", "👩\u200d🚀"),
}
