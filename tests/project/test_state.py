"""One fold and one state, by the sources: who changes a job, where state is held, and who has a timer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import rooms

# Modules outside the core that hold something that changes, beside the one state in `jobs/session.py`. Each says why.
HOLDERS = {
    "host/translation/__init__.py": {"_given"},  # go with what Blender was given
    "interface/operators/assets.py": {"_items"},  # Blender keeps no reference to an enum's items
    "interface/registration.py": {"_undo", "_commands"},  # takes out what Blender was told of
    "jobs/rows.py": {"_clicked", "_tooltip"},  # what the interface, which lies above, does at a click, and says there
    "jobs/session.py": {"_state"},
    "picture/camera.py": {"_under_way"},  # processes that have to be ended
    "picture/completed_renders.py": {"_renders"},  # told on another thread
    "picture/icons.py": {"_collection", "_bare"},  # goes with what Blender was given
    "settings/preferences.py": {"_folder_chosen"},  # how a choice reaches the jobs, which lie above
}
IMMUTABLE = {
    "compile",
    "frozenset",
    "getLogger",
    "MappingProxyType",
    "object",
    "Path",
    "TypeVar",
    "Vector",
    "with_name",
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Each module of the add-on: its path within the package, and what stands there."""
    for path in sorted(rooms.PACKAGE.rglob("*.py")):
        yield path.relative_to(rooms.PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Each call in there, with the last part of the called name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2], node


def test_only_the_runner_advances_a_job() -> None:
    advancing = {name for name, tree in sources() if any(called == "advance" for called, _ in calls(tree))}
    assert advancing
    assert {Path(name).parent.as_posix() for name in advancing} == {"core/runner"}


def test_only_the_table_says_where_a_job_stands_and_what_was_asked_of_it() -> None:
    decided = {"stage", "cancel_asked", "cancel_refused"}
    deciding = {
        name
        for name, tree in sources()
        for called, call in calls(tree)
        if called == "replace" and decided & {keyword.arg for keyword in call.keywords}
    }
    assert deciding == {"core/job/job.py"}


def test_the_runner_knows_no_rule_of_its_own_for_what_follows_a_stage() -> None:
    """`Cancelled` is what Scenario says of a job; `UploadStarted` and `AnswerLost` stand in the table."""
    made = {
        called
        for name, tree in sources()
        if name in ("core/runner/job_store.py", "core/runner/runner.py")
        for called, _ in calls(tree)
    }
    assert not made & {"Cancelled", "UploadStarted", "AnswerLost"}


def is_changeable(value: ast.expr) -> bool:
    """Whether a module's value can hold something else later."""
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).rpartition(".")[2] not in IMMUTABLE
    return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


def held(tree: ast.Module) -> set[str]:
    """The module's own names in small letters whose values can change."""
    names = set()
    for line in tree.body:
        targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
        value = getattr(line, "value", None)
        if isinstance(line, ast.Assign | ast.AnnAssign) and value is not None and is_changeable(value):
            names |= {target.id for target in targets if isinstance(target, ast.Name) and target.id.islower()} - {
                "__all__"
            }
    return names


def test_state_is_held_in_one_place() -> None:
    found = {name: held(tree) for name, tree in sources() if not name.startswith("core/")}
    assert found["jobs/session.py"] == {"_state"}
    assert {
        name: names - HOLDERS.get(name, set()) for name, names in found.items() if names - HOLDERS.get(name, set())
    } == {}


def test_no_function_sets_a_name_of_its_module_but_the_one_that_hands_out_the_state() -> None:
    setting = {name: node.names for name, tree in sources() for node in ast.walk(tree) if isinstance(node, ast.Global)}
    assert setting == {"jobs/session.py": ["_state"]}


def test_no_class_of_an_operator_keeps_state() -> None:
    kept = {
        f"{name}: {ast.unparse(target)}"
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in (target for each in node.targets for target in ast.walk(each))
        if isinstance(target, ast.Attribute)
        and name.startswith("interface/")
        and ast.unparse(target.value) in ("type(self)", "cls", "Generate")
    }
    assert kept == set()


def test_one_timer_does_it_all_and_the_others_run_once() -> None:
    """Blender calls a function again that returns a number."""
    ticking = set()
    for name, tree in sources():
        functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if ast.unparse(call.func) == "bpy.app.timers.register":
                function = functions[ast.unparse(call.args[0])]
                if any(isinstance(node, ast.Return) and node.value for node in ast.walk(function)):
                    ticking.add(f"{name}: {function.name}")
    assert ticking == {"jobs/session.py: _timer"}
