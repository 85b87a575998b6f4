"""Nothing from outside is evaluated, becomes a driver, an expression or a format string: the source has no way to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

import environments

PACKAGE = environments.ROOT / "trellis_blender"
# Calls that run text as a program, or make objects of bytes.
EVALUATE = frozenset({"eval", "exec", "compile", "__import__", "execfile", "run_module", "run_path", "literal_eval"})
MODULES = frozenset({"pickle", "marshal", "shelve", "dill", "yaml", "code", "codeop", "commands", "ctypes.util"})
# What makes Blender compute an expression or run a text, and a system a command line.
RUN = frozenset({"driver_add", "expression_set", "evaluate", "system", "popen", "getoutput", "startfile", "as_module"})
# By file: what it may do all the same, and why.
ALLOWED = {
    ("picture/image.py", "evaluate"): "a curve of a node, at a number",
    ("core/errors.py", "format"): "a template is ours, and one that a job's file holds has only plain names as fields",
    ("host/translation/__init__.py", "format"): "the template of such a text, or its translation in our dictionary",
}


def found(tree: ast.Module, name: str) -> Iterator[str]:
    constants = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.JoinedStr | ast.BinOp)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node, constants | {each for each in imported if each.isupper()}, name)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and _may_be_text(node.left):
            yield f"{name}:{node.lineno} formats by %"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"{name}:{node.lineno} imports {module}" for module in modules if module in MODULES)
        elif isinstance(node, ast.Attribute) and node.attr == "expression" and isinstance(node.ctx, ast.Store):
            yield f"{name}:{node.lineno} sets an expression"


def _of_call(node: ast.Call, constants: set[str], name: str) -> Iterator[str]:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    is_pattern = isinstance(owner, ast.Name) and owner.id == "re"
    if called in EVALUATE | RUN and not is_pattern and (name, called) not in ALLOWED:
        yield f"{name}:{node.lineno} calls {called}"
    if called in ("format", "format_map") and isinstance(node.func, ast.Attribute):
        text = node.func.value
        is_ours = isinstance(text, ast.Constant) or (isinstance(text, ast.Name) and text.id in constants)
        if not is_ours and (name, "format") not in ALLOWED:
            yield f"{name}:{node.lineno} formats a text that may come from outside"
    if any(keyword.arg == "shell" for keyword in node.keywords):
        yield f"{name}:{node.lineno} uses a shell"


def _may_be_text(left: ast.expr) -> bool:
    return isinstance(left, ast.JoinedStr) or (isinstance(left, ast.Constant) and isinstance(left.value, str))


def test_no_text_is_evaluated_or_formats_another() -> None:
    paths = sorted(PACKAGE.rglob("*.py"))
    assert len(paths) > 100
    trees = ((ast.parse(path.read_text(encoding="utf-8")), path.relative_to(PACKAGE).as_posix()) for path in paths)
    assert [line for tree, name in trees for line in found(tree, name)] == []


@pytest.mark.parametrize(
    "source",
    [
        "eval(job.name)",
        "exec(text)",
        "import pickle",
        "from marshal import loads",
        "job.name.format(1)",
        "text.format_map({})",
        "'%s' % name",
        "thing.driver_add('location').driver.expression = name",
        "driver.expression = name",
        "os.system(name)",
        "subprocess.run(name, shell=True)",
        "ast.literal_eval(text)",
        "bpy.data.texts['x'].as_module()",
        "__import__(name)",
    ],
)
def test_each_way_would_be_found(source: str) -> None:
    assert [*found(ast.parse(source), "core/x.py")]


@pytest.mark.parametrize(
    "source", ["TEXT = '{a}'\nTEXT.format(a=1)", "'{}'.format(1)", "re.compile('a')", "7 % 2", "a % b"]
)
def test_what_is_ours_is_not_mistaken(source: str) -> None:
    assert [*found(ast.parse(source), "core/x.py")] == []
