"""The page that follows a picture from the click to the model names what is in the code."""

from __future__ import annotations

import ast
import re

import rooms

PAGE = rooms.PACKAGE.parent / "docs" / "architecture.md"
STEP = re.compile(r"`([\w/]+\.py)`\s+`([\w.]+)`")


def names_in(path: str) -> set[str]:
    """What that file of the package defines: functions, classes with their methods, names that are set."""
    found = set[str]()
    for node in ast.parse((rooms.PACKAGE / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
        if isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def test_each_step_of_the_page_is_a_function_in_the_code() -> None:
    steps = STEP.findall(PAGE.read_text(encoding="utf-8"))
    assert len(steps) > 15
    assert [step for step in steps if step[1] not in names_in(step[0])] == []
