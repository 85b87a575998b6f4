"""No operator runs within ``temp_override``: with the Python 3.11 of Blender 4.2 to 5.0 it can crash beside a thread.

An operator lets the other threads run. Within an override Blender meanwhile looks things up in a Python dictionary, and
takes another thread's hold of the GIL for its own (``PyC_IsInterpreterActive`` in ``BPY_context_member_get``).
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("trellis_blender", "scripts")
OPERATORS = ("ops", "OPS", "operators")


def is_override(item: ast.withitem) -> bool:
    """Whether a ``with`` enters an override of the context."""
    call = item.context_expr
    return isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "temp_override"


def is_operator(node: ast.AST) -> bool:
    """Whether this names the operators, by Blender's name or by one of ours for it."""
    return (isinstance(node, ast.Attribute) and node.attr == "ops") or (
        isinstance(node, ast.Name) and node.id in OPERATORS
    )


def overridden_operators(source: str) -> list[int]:
    """Return the lines with an operator within an override."""
    return [
        inner.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.With) and any(map(is_override, node.items))
        for statement in node.body
        for inner in ast.walk(statement)
        if isinstance(inner, (ast.Attribute, ast.Name)) and is_operator(inner)
    ]


def test_no_operator_runs_within_an_override() -> None:
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    sources = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in files}
    assert any("temp_override" in source for source in sources.values()), "there is nothing to look at"
    found = [f"{path}:{line}" for path, source in sources.items() for line in overridden_operators(source)]
    assert found == []


@pytest.mark.parametrize(
    "body",
    ["bpy.ops.ed.undo_push()", "OPS.trellis2.report()", "paste = bpy.ops.image.clipboard_paste", "if x:\n  ops.a.b()"],
)
def test_an_operator_within_an_override_is_found(body: str) -> None:
    indented = body.replace("\n", "\n  ")
    assert overridden_operators(f"with bpy.context.temp_override(window=w):\n  {indented}")
    assert not overridden_operators(f"with bpy.context.temp_override(window=w):\n  pass\n{body}")
