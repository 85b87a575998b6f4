#!/usr/bin/env python3
"""Keep the translations complete: ``python3 scripts/words.py`` lists missing and unused ones.

It collects the artist's texts from the add-on's source: labels, tooltips, sentences. ``--write`` updates the
dictionaries in ``trellis_blender/host/translation/``: it adds new texts with an empty translation, and removes unused
ones. A text with values in it is a `Text` (``core/errors.py``): an f-string that the artist reads has no translation,
so each is listed, too.
"""

import argparse
import ast
import json
import re
import string
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environments

PACKAGE = environments.ROOT / "trellis_blender"
FOLDER = PACKAGE / "host" / "translation"
# Calls with texts that no artist reads: the log, the fault of a file, patterns, names of attributes, nodes, sockets and
# files.
_UNREAD_CALLS = {"compile", "damaged", "debug", "info", "error", "exception", "getattr", "warning", "named", "fromkeys"}
# Files without texts for the artist: names of nodes and sockets; the faults of a job.json; names of folders.
_UNREAD_FILES = frozenset({"scene/material.py", "core/job/folder.py", "core/job/record.py", "core/places.py"}) | {
    "core/stored.py",
    "core/picture/viewpoint.py",
    "scene/finishing/mesh_arrays.py",
    "scene/finishing/nodes.py",
}
# The command line and the library for Python programs speak English.
_ENGLISH = ("command/", "core/picture/pillow.py", "core/generation.py", "core/__init__.py")
# Files that name the faults of a model's file, for the log. The artist reads only why a sound file is not plain.
_FAULT_FILES = frozenset(f"core/model/{name}.py" for name in ("accessors", "materials", "parts", "read"))
# Names of Blender, Scenario and HTTP, and the program's own errors.
_NAMES = frozenset(
    {"Trellis", "Trellis Import", "Scenario", "Render Result", "Viewer Node", "Operator", "Range", "Linear", "Closest"}
)
_NAMES |= {"Base Color", "Roughness", "Metallic", "Normal", "Emission", "Emission Color", "Factor", "Spare", "Print"}
_NAMES |= {"Color", "Red", "Green", "Blue"}
_NAMES |= {"JPEG 2000", "JPEG XL", "Raw", "Trellis Picture", "3D View Generic", "Image Generic"}
_UNREAD_TEXTS = frozenset(
    {
        "Traceback (most recent call last)",
        "end of file",
        "answer line",
        "gzip, deflate",
        "too many interim answers",
        "the answer is too long",
        "the answer holds too many values",
        "the call is over",
        "the host has no address",
        "the host does not answer",
        "a pipe or a device, which may never end",
        "the deadline has passed",
        "the host is not on the public internet",
        "nobody wants it to leave any more",
        "Tunnel connection failed",
        "the answer is packed in another way",
        "bytes {}-",
        "does not have any image data",
        "texture {}",
        "Trellis Picture {}",
        "{} LOD",
        "{} Baked",
        "{} Without Light",
        "{} With Picture",
        "its JSON is unreasonably large",
    }
)
_UNREAD_ERRORS = frozenset({"ImpossibleEventError", "AssertionError", "ValueError", "BackgroundStoppedError"})
_LABEL = re.compile(r"[A-Z][a-z]+(?:\.\.\.|\?)?")
_LETTERS = re.compile(r"[A-Za-z]{2}")
# A pattern, an address, a file name, a log line, a line of code.
_CODE = re.compile(r"[\\^\[\]]|/\{|\.(?:json|png|blend)$|%s|^#|bpy\.|^import |^chosen\.")
_FIELD = re.compile(r"\{\w*\}")


def collect(package: Path = PACKAGE) -> dict[str, str]:
    """Return every text that the artist may read, or its template, with the first file that has it."""
    found: dict[str, str] = {}
    for name, reader in _readers(package):
        for text in reader.texts:
            found.setdefault(text, name)
    return found


def without_template(package: Path = PACKAGE) -> list[str]:
    """Return a line for each f-string that the artist may read."""
    return [f"not a Text: {text!r} ({name})" for name, reader in _readers(package) for text in reader.filled]


def _readers(package: Path) -> Iterator[tuple[str, "_Reader"]]:
    """Yield what each file has for the artist."""
    for path in sorted(package.rglob("*.py")):
        relative = path.relative_to(package).as_posix()
        if relative in _UNREAD_FILES or relative.startswith(_ENGLISH):
            continue
        name, tree = path.relative_to(package).as_posix(), ast.parse(path.read_text(encoding="utf-8"))
        if name in _FAULT_FILES:
            calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
            tree.body = [ast.Expr(call) for call in calls if getattr(call.func, "id", "") == "NotPlainError"]
        reader = _Reader()
        reader.visit(tree)
        yield name, reader


class _Reader(ast.NodeVisitor):
    """A visitor that collects the texts of one file. `filled`: those that are f-strings, with empty fields."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.filled: list[str] = []

    def visit_Module(self, node: ast.Module) -> None:
        self._visit_body(node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(default)
        self._visit_body(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Collect an operator's docstring, which is its tooltip. Other docstrings are for readers of the source."""
        tooltip = ast.get_docstring(node)
        if tooltip and "_OT_" in node.name:
            self.texts.append(" ".join(tooltip.split()))
        self._visit_body(node.body)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Visit an annotation that is a Blender property. Other annotations are types."""
        if isinstance(node.annotation, ast.Call):
            self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in _UNREAD_CALLS | _UNREAD_ERRORS:
            self.generic_visit(node)

    def visit_Assert(self, _node: ast.Assert) -> None:
        """Skip an assertion: it reports a bug, which no artist reads."""

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Skip the brackets, which hold a key."""
        self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and self._is_read(node.value):
            self.texts.append(node.value.strip())

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts: list[str] = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            elif isinstance(part, ast.FormattedValue):
                parts.append("{}")
                self.visit(part.value)
        if self._is_read("".join(parts)):
            self.filled.append("".join(parts))

    def _visit_body(self, body: list[ast.stmt]) -> None:
        for statement in body:
            is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if not is_docstring:
                self.visit(statement)

    def _is_read(self, text: str) -> bool:
        own = _FIELD.sub("", text).strip()
        is_shown = " " in text.strip() or _LABEL.fullmatch(text) is not None
        is_named = text in _NAMES | _UNREAD_TEXTS or _CODE.search(text) is not None
        return _LETTERS.search(own) is not None and is_shown and not is_named


def fields(template: str) -> list[str]:
    """Return the names of the template's fields in alphabetical order, each as often as it occurs."""
    return sorted(name for _text, name, _spec, _conversion in string.Formatter().parse(template) if name is not None)


def differences(texts: dict[str, str], known: dict[str, str]) -> list[str]:
    """Return a line for each text without a translation, and each translation without a text."""
    missing = [f"not translated: {text!r} ({where})" for text, where in texts.items() if not known.get(text)]
    return missing + [f"not used any more: {text!r}" for text in known if text not in texts]


def main() -> int:
    """Compare the dictionaries with the source. Return 0 if they are complete."""
    parser = argparse.ArgumentParser(description="Keep the translations complete.")
    parser.add_argument("--write", action="store_true", help="add what is missing, empty, and drop what is unused")
    parser.add_argument("--list", action="store_true", help="print all texts as JSON")
    options = parser.parse_args()
    texts, lines = collect(), without_template()
    wrong = len(lines)
    print(*lines, sep="\n", end="\n" if lines else "", file=sys.stderr)
    if options.list:
        json.dump(texts, sys.stdout, ensure_ascii=False, indent=1)
        return 0
    for path in sorted(FOLDER.glob("*.json")):
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if options.write:
            content["words"] = {text: content["words"].get(text, "") for text in sorted(texts)}
            path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        lines = differences(texts, content["words"])
        wrong += len(lines)
        print(f"{path.name}: {len(content['words'])} texts, {len(lines)} to do", *lines, sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
