"""One fold, by the sources: who changes a job."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import rooms


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
