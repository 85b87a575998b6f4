"""SECURITY.md promises nothing that is not tested: each bound names a test, and each test that it names is there."""

from __future__ import annotations

import ast
import re

import rooms

ROOT = rooms.PACKAGE.parent
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows(heading: str) -> list[str]:
    """Return the lines of the table below that heading, without its head."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("|")][2:]


def names_of_tests(file: str) -> set[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_each_bound_names_a_test_that_is_there() -> None:
    bounds = rows("Bounds")
    assert len(bounds) > 15
    assert [row for row in bounds if not NAMED.search(row)] == []
    assert [
        (file, name) for row in bounds for file, name in NAMED.findall(row) if name not in names_of_tests(file)
    ] == []


def test_each_promise_names_a_place_that_is_there() -> None:
    promises = rows("What it promises")
    named = [path for row in promises for path in re.findall(r"`(tests/[\w/.]+)`", row)]
    assert len(named) >= 8
    assert [path for path in named if not (ROOT / path).exists()] == []
