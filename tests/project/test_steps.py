"""The verdict on a test run: what the summary says is what happened."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import IO

import pytest

import environments
import screens
import steps
from steps import FAILED, LEFT_OUT, PASSED, Counts, Outcome, Step
from tests.patience import PATIENCE

PASSING = '<testcase name="a" /><testcase name="b" />'
SKIPPED = '<testcase name="c"><skipped type="pytest.skip" /></testcase>'
FAILING = '<testcase name="d"><failure /></testcase>'
BROKEN = '<testcase name="e"><error /></testcase>'


def _load_test_script() -> ModuleType:
    """Return scripts/test.py as a module; by its plain name Python would find its own package of tests."""
    path = environments.ROOT / "scripts" / "test.py"
    spec = importlib.util.spec_from_file_location("test_script", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script = _load_test_script()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.xml"


def _write(report: Path, cases: str) -> None:
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>", encoding="utf-8")


def test_tests_are_counted_by_what_became_of_them(report: Path) -> None:
    _write(report, PASSING + SKIPPED + FAILING + BROKEN)
    assert steps.read_counts(report) == Counts(passed=2, failed=2, skipped=1)


def test_a_clean_run_passes(report: Path) -> None:
    _write(report, PASSING)
    assert steps.judge(0, report) == (PASSED, "", Counts(passed=2))


def test_a_failed_test_fails_the_run(report: Path) -> None:
    _write(report, PASSING + FAILING)
    assert steps.judge(1, report) == (FAILED, "1 failed", Counts(passed=2, failed=1))


def test_a_skipped_test_fails_the_run(report: Path) -> None:
    _write(report, PASSING + SKIPPED)
    result, reason, counts = steps.judge(0, report)
    assert (result, counts.skipped) == (FAILED, 1)
    assert "1 skipped" in reason


def test_a_crash_at_exit_fails_a_run_whose_tests_passed(report: Path) -> None:
    _write(report, PASSING)
    result, reason, counts = steps.judge(-11, report)
    assert (result, counts) == (FAILED, Counts(passed=2, failed=1))
    assert "status -11" in reason


def test_a_run_that_hung_at_exit_fails(report: Path) -> None:
    _write(report, PASSING)
    result, reason, counts = steps.judge(None, report)
    assert (result, counts.failed) == (FAILED, 1)
    assert "hung" in reason


def test_a_run_without_a_report_counts_as_a_failure(report: Path) -> None:
    assert steps.judge(0, report)[0] == FAILED
    assert steps.judge(0, report)[2] == Counts(failed=1)


def test_a_report_that_breaks_off_counts_as_a_failure(report: Path) -> None:
    report.write_text("<testsuites><testsuite><testcase", encoding="utf-8")
    assert steps.judge(0, report)[0] == FAILED


def test_a_run_that_collected_nothing_fails(report: Path) -> None:
    _write(report, "")
    assert steps.judge(5, report) == (FAILED, "pytest collected nothing", Counts(failed=1))


def test_a_selection_may_match_nothing_in_a_suite(report: Path) -> None:
    _write(report, "")
    assert steps.judge(5, report, may_match_nothing=True)[0] == LEFT_OUT


def test_an_environment_that_cannot_be_made_fails_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_version: str) -> Path:
        raise environments.EnvironmentNotBuiltError("no room left")

    monkeypatch.setattr(environments, "plain_environment", refuse)
    outcome = steps.run(Step("core", "3.11"), [])
    assert (outcome.result, outcome.reason) == (FAILED, "no room left")


def test_the_closing_line_stands_alone_and_sums_all_runs() -> None:
    outcomes = [
        Outcome(Step("core", "3.11"), PASSED, counts=Counts(passed=40)),
        Outcome(Step("blender", "3.11", "4.5.15"), FAILED, "1 failed", Counts(2, 1, 3)),
    ]
    assert script.summary(outcomes).splitlines()[-1] == "42 passed, 1 failed, 3 skipped"
    assert script.summary(outcomes[:1]).splitlines()[-1] == "40 passed, 0 failed"


def test_one_failed_step_fails_the_whole() -> None:
    passed, failed = Outcome(Step("core", "3.11"), PASSED), Outcome(Step("mypy", "3.11"), FAILED)
    assert script.succeeded([passed])
    assert not script.succeeded([passed, failed])


def test_a_run_in_which_nothing_ran_is_no_success() -> None:
    assert not script.succeeded([Outcome(Step("core", "3.11"), LEFT_OUT)])
    assert not script.succeeded([])


def test_all_covers_every_blender_and_every_python() -> None:
    planned = script.plan(script.parse(["--all"]))
    assert {step.blender for step in planned if step.name == "blender"} == {"4.2.23", "4.5.15", "5.0.1", "5.2.3"}
    for suite in ("core", "project"):
        assert {step.python for step in planned if step.name == suite} == {"3.11", "3.13"}
    assert {"ruff check", "ruff format", "bandit", "mypy"} <= {step.name for step in planned}


def test_what_takes_longest_begins_first() -> None:
    planned = [step for step in script.plan(script.parse(["--all"])) if step.name not in steps.CHECKS]
    assert [(step.name, step.blender) for step in planned[:3]] == [
        ("blender", "5.2.3"),
        ("blender", "4.2.23"),
        ("core", ""),
    ]


def test_the_tests_of_the_scripts_run_once_in_ci_on_each_blender_before_a_release_and_else_when_named() -> None:
    for arguments, blenders in (
        ([], set[str]()),
        (["--all"], {"5.2.3"}),
        (["--all", "--long"], {*environments.PYTHON_OF_BLENDER}),
        (["--only", "blender", "--bpy", "4.2.23"], {"4.2.23"}),
    ):
        planned = [step for step in script.plan(script.parse(arguments)) if step.name == "blender" and not step.only]
        assert planned
        assert {step.blender for step in planned if not {*script.OF_SCRIPTS} & {*step.without}} == blenders


def test_the_emulators_own_tests_run_on_every_python_before_a_release_on_one_in_ci_and_else_when_named() -> None:
    here = environments.running_python()
    for arguments, pythons in (
        ([], set[str]()),
        (["--only", "emulator"], {here}),
        (["--all"], {"3.11"}),
        (["--all", "--long"], {"3.11", "3.13"}),
    ):
        planned = script.plan(script.parse(arguments))
        assert {step.python for step in planned if step.name == "emulator"} == pythons


def test_of_the_core_what_uses_no_library_runs_on_one_python_in_ci_and_on_each_before_a_release() -> None:
    for arguments, whole in (["--all"], {"3.11"}), (["--all", "--long"], {"3.11", "3.13"}):
        planned = [step for step in script.plan(script.parse(arguments)) if step.name == "core"]
        assert {step.python for step in planned if not step.without} == whole
        assert {step.python for step in planned} == {"3.11", "3.13"}


def test_the_parts_of_a_suite_are_the_whole_of_it() -> None:
    planned = script.plan(script.parse([]))
    for suite in script.PARTS:
        *parts, rest = sorted((step for step in planned if step.name == suite), key=lambda step: not step.only)
        whole, *more = (step for step in script.plan(script.parse(["--only", suite])) if step.name == suite)
        assert not more
        assert (whole.only, whole.without, rest.only) == ((), (), ())
        assert parts
        assert {folder for part in parts for folder in part.only} == {*rest.without} - {*script.OF_SCRIPTS}


def test_a_part_of_a_suite_runs_its_folders_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("one", "two", "three"):
        tests = tmp_path / "tests" / "core" / folder
        tests.mkdir(parents=True)
        (tests / f"test_{folder}.py").write_text("def test_it():\n    pass\n", encoding="utf-8")
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(environments, "plain_environment", lambda _version: Path(sys.executable))
    for step, passed in (
        (Step("core", "3.11"), 3),
        (Step("core", "3.11", only=("one", "two")), 2),
        (Step("core", "3.11", without=("one", "two")), 1),
    ):
        assert steps.run(step, []).counts == Counts(passed)


def test_the_rooms_that_a_step_is_about_or_leaves_out_exist() -> None:
    planned = [*script.plan(script.parse(["--all"])), *script.plan(script.parse([]))]
    left_out = {(step.name, room) for step in planned for room in (*step.without, *step.only)}
    assert left_out
    assert [
        f"{suite}/{room}" for suite, room in left_out if not (environments.ROOT / "tests" / suite / room).exists()
    ] == []


def test_what_still_runs_when_the_time_is_up_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "tools_environment", lambda: Path(sys.executable))
    monkeypatch.setitem(steps.CHECKS, "mypy", ("http.server", "0", "--bind", "127.0.0.1"))  # which never ends
    options = script.parse(["--only", "types", "--minutes", "0.01"])
    (outcome,) = script.carry_out_all(script.plan(options), options)
    assert (outcome.result, outcome.reason) == (FAILED, "it hung and was ended")


def test_that_no_job_is_lost_is_proved_on_the_oldest_and_the_newest_blender_and_before_a_release_on_all() -> None:
    for arguments, blenders, pythons in (
        (["--all"], {"4.2.23", "5.2.3"}, {"3.11"}),
        (["--all", "--long"], {*environments.PYTHON_OF_BLENDER}, {"3.11", "3.13"}),
    ):
        planned = script.plan(script.parse(arguments))
        assert {step.blender for step in planned if step.name == "never_lost/blender"} == blenders
        assert {step.python for step in planned if step.name == "never_lost/plain"} == pythons


def test_the_long_form_is_asked_for_by_its_own_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "carry_out_all", lambda _planned, _options: [])
    for arguments, soak in (["--all"], None), (["--all", "--long"], "200"):
        monkeypatch.setattr(sys, "argv", ["test.py", *arguments])
        for name in script.LONG_RUNS:  # set first, so that what `main` sets does not outlive the test
            monkeypatch.setenv(name, "")
            monkeypatch.delenv(name)
        script.main()
        assert os.environ.get("TRELLIS_SOAK_JOBS") == soak


def test_steps_run_side_by_side_and_each_prints_its_own_output_whole(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    both = threading.Barrier(2, timeout=PATIENCE)

    def run(step: Step, *_given: object, output: IO[bytes], **_named: object) -> Outcome:
        output.write(f"{step.name} begins\n".encode())
        both.wait()  # passes only where both are under way
        output.write(f"{step.name} ends\n".encode())
        return Outcome(step, PASSED, counts=Counts(1))

    monkeypatch.setattr(steps, "run", run)
    here = environments.running_python()
    planned = [Step("core", here), Step("project", here)]
    outcomes = script.carry_out_all(planned, script.parse(["--jobs", "2"]))
    assert [outcome.step for outcome in outcomes] == planned
    printed = capfdbinary.readouterr().out.decode()
    for step in planned:
        assert f"{step.name} begins\n{step.name} ends\n--- tests/{step.name}" in printed


def test_without_options_the_blender_fits_the_running_python() -> None:
    planned = script.plan(script.parse([]))
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert {step.python for step in planned} == {here}
    assert {step.name for step in planned} >= {"ruff check", "mypy", "core", "project", "blender"}


def test_every_folder_of_tests_is_a_suite_or_has_its_own_option() -> None:
    folders = {path.parent.name for path in (environments.ROOT / "tests").glob("*/test_*.py")}
    assert "project" in folders
    assert folders - {steps.GUI} <= set(script.SUITES)


def test_what_stands_after_two_dashes_goes_to_pytest() -> None:
    options = script.parse(["--only", "core", "-k", "job", "--", "-x", "--all"])
    assert options.pytest == ["-k", "job", "-x", "--all"]
    assert not options.all


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (["--all"], LEFT_OUT),
        (["--all", "--require-all"], FAILED),
        (["--bpy", "5.2.3"], FAILED),
    ],
)
def test_a_missing_python_is_forgiven_only_where_it_was_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], result: str
) -> None:
    monkeypatch.setattr(environments, "find_python", lambda _version: None)
    outcome = script.carry_out(Step("blender", "3.13", "5.2.3"), script.parse(arguments))
    assert (outcome.result, outcome.reason) == (result, "no Python 3.13 was found")


def test_the_window_is_opened_only_when_it_is_asked_for() -> None:
    assert "gui" not in {step.name for step in script.plan(script.parse(["--all"]))}
    assert [step.name for step in script.plan(script.parse(["--gui"]))] == ["gui"]
    both = {step.name for step in script.plan(script.parse(["--gui", "--only", "core"]))}
    assert both == {"core", "gui"}


def test_without_a_blender_to_open_the_step_fails_with_a_sentence() -> None:
    options = script.parse(["--gui", "--blender", "no-blender-of-this-name"])
    outcome = script.carry_out(script.plan(options)[0], options)
    assert outcome.result == FAILED
    assert "no-blender-of-this-name was not found" in outcome.reason
    assert "--blender" in outcome.reason


def test_without_a_screen_the_step_fails_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "has_desktop", lambda: False)
    monkeypatch.setenv("PATH", "")
    options = script.parse(["--gui", "--blender", sys.executable])
    outcome = script.carry_out(script.plan(options)[0], options)
    assert outcome.result == FAILED
    assert "install Xvfb" in outcome.reason
