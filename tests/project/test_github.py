"""What stands in ``.github/``: the tests that run there are the project's own, and the form asks for no secret.

The workflow has never run. So it holds no command that a person does not start, too.
"""

from __future__ import annotations

import re

import environments

ROOT = environments.ROOT
WORKFLOW = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
FORM = (ROOT / ".github" / "ISSUE_TEMPLATE" / "problem.yml").read_text(encoding="utf-8")
RUN = re.compile(r"^\s*(?:- )?run: (.+)$", re.MULTILINE)
ASKED = re.compile(r"^\s*(?:- )?(?:label|description|placeholder): (.+)$", re.MULTILINE)
SECRET = re.compile(r"\bkeys?\b|password|userpref|signature", re.IGNORECASE)


def commands() -> list[str]:
    """Return what the workflow runs, as the pages write it: `python3`, where the workflow has the right Python."""
    return [re.sub(r"^python ", "python3 ", command) for command in RUN.findall(WORKFLOW)]


def test_the_workflow_runs_nothing_but_what_the_pages_tell_a_person_to_run() -> None:
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md")]
    told = {line.partition("#")[0].strip() for page in pages for line in page.splitlines()}
    told |= {quoted for page in pages for quoted in re.findall(r"`([^`\n]+)`", page)}
    assert "python3 scripts/test.py" in commands()
    assert [command for command in commands() if command not in told] == []


def test_the_workflow_has_the_three_systems_and_both_pythons() -> None:
    systems, pythons = (re.findall(rf"^\s*{name}: \[(.+)\]$", WORKFLOW, re.MULTILINE) for name in ("system", "python"))
    assert [system.split("-")[0] for system in systems[0].split(", ")] == ["ubuntu", "windows", "macos"]
    assert tuple(python.strip('"') for python in pythons[0].split(", ")) == environments.SUPPORTED_PYTHONS


def test_the_workflow_says_that_it_has_never_run() -> None:
    assert "It has never run" in WORKFLOW


def test_the_workflow_may_only_read() -> None:
    assert re.findall(r"^permissions:\n  contents: read$", WORKFLOW, re.MULTILINE)
    assert "secrets." not in WORKFLOW
    assert "pull_request_target" not in WORKFLOW


def test_no_field_of_a_form_asks_for_a_secret_and_its_head_warns_of_them() -> None:
    head, _, fields = FORM.partition("- type: textarea")
    assert len(ASKED.findall(fields)) > 10
    assert [line for line in ASKED.findall(fields) if SECRET.search(line)] == []
    assert "Never paste your API key or its secret" in head
    assert "Signature=" in head


def test_the_form_insists_on_what_every_report_needs() -> None:
    fields = FORM.split("    id: ")[1:]
    needed = {field.split("\n", 1)[0] for field in fields if "required: true" in field}
    assert needed == {"what", "addon", "blender", "system", "looked"}
