"""What is asked about the libraries in use before a release: nothing is passed over, no exception is for ever."""

from __future__ import annotations

import datetime
import json
import sys
from typing import Any

import pytest

import audit
import environments
from audit import AuditError, Found, Known

TODAY = datetime.date(2026, 11, 29)
FOUND = Found("requests", "2.27.1", frozenset({"PYSEC-2023-74", "CVE-2023-32681"}), ("2.31.0",))
KNOWN = Known("requests", "CVE-2023-32681", ("2.27.1",), "no redirects", datetime.date(2027, 5, 29))


def report(*packages: dict[str, Any]) -> str:
    """Return a report in the form of pip-audit 2.10."""
    return json.dumps({"dependencies": list(packages), "fixes": []})


REQUESTS = {
    "name": "requests",
    "version": "2.27.1",
    "vulns": [{"id": "PYSEC-2023-74", "fix_versions": ["2.31.0"], "aliases": ["CVE-2023-32681"], "description": ""}],
}
IDNA = {"name": "idna", "version": "3.20", "vulns": []}


def test_what_a_report_names_is_read_with_all_its_names() -> None:
    assert audit.read(report(REQUESTS, IDNA)) == [FOUND]


@pytest.mark.parametrize("text", ["", "Usage: pip-audit", "[]", "{}"])
def test_without_a_report_nothing_counts_as_checked(text: str) -> None:
    with pytest.raises(AuditError, match="gave no report: there is no network"):
        audit.read(text, "Traceback\nthere is no network\n")


def test_a_package_that_was_passed_over_is_no_success() -> None:
    skipped = {"name": "urllib3", "skip_reason": "Dependency not found on PyPI"}
    with pytest.raises(AuditError, match=r"nothing about 1 of 2 packages: urllib3\. The first: Dependency not found"):
        audit.read(report(IDNA, skipped))


def test_a_report_about_nothing_is_no_success() -> None:
    with pytest.raises(AuditError, match="no package"):
        audit.read(report())


def test_a_service_that_does_not_answer_fails_with_its_last_words() -> None:
    program = "import sys; sys.exit('ERROR: could not connect to the vulnerability feed')"
    with pytest.raises(AuditError, match="could not connect to the vulnerability feed"):
        audit.ask([sys.executable, "-c", program])


def test_the_script_fails_where_nothing_could_be_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environments, "environment", lambda _group, _python: sys.executable)  # which has no pip-audit
    monkeypatch.setattr(sys, "argv", ["audit.py"])
    assert audit.main() == 1
    said = capsys.readouterr().err
    assert "Not everything was checked, so do not release." in said
    assert "pip_audit" in said


def test_what_is_accepted_with_a_reason_is_no_complaint() -> None:
    assert audit.complaints([FOUND, FOUND], [KNOWN], TODAY) == []


def test_what_nobody_has_looked_at_is_a_complaint() -> None:
    other = Found("requests", "2.27.1", frozenset({"CVE-2027-1"}))
    (line,) = audit.complaints([FOUND, other], [KNOWN], TODAY)
    assert line == "Not looked at: requests 2.27.1: CVE-2027-1, not mended yet"


def test_an_exception_holds_for_its_versions_only() -> None:
    newer = Found("requests", "2.30.0", FOUND.names)
    assert [line.partition(":")[0] for line in audit.complaints([FOUND, newer], [KNOWN], TODAY)] == ["Not looked at"]


def test_an_exception_ends_on_its_day() -> None:
    assert audit.complaints([FOUND], [KNOWN], KNOWN.until - datetime.timedelta(days=1)) == []
    (line,) = audit.complaints([FOUND], [KNOWN], KNOWN.until)
    assert line.startswith("Look again: requests, CVE-2023-32681")


def test_an_exception_that_nothing_needs_any_more_is_a_complaint() -> None:
    (line,) = audit.complaints([], [KNOWN], TODAY)
    assert line.startswith("Remove the exception: requests, CVE-2023-32681")


def test_every_exception_has_a_reason_a_date_and_a_library_that_blender_ships() -> None:
    shipped = {pin for pins in audit.libraries_of_blender().values() for pin in pins}
    assert len(audit.exceptions()) > 10
    for known in audit.exceptions():
        assert len(known.reason) > 20
        assert type(known.until) is datetime.date
        assert {f"{known.package}=={version}" for version in known.versions} <= shipped


def test_the_libraries_of_every_supported_blender_are_asked_about() -> None:
    minors = {version.rpartition(".")[0] for version in environments.PYTHON_OF_BLENDER}
    assert set(audit.libraries_of_blender()) == minors
    for pins in audit.libraries_of_blender().values():
        assert {"certifi", "idna", "numpy", "requests", "urllib3"} <= {pin.partition("==")[0] for pin in pins}


def test_no_set_has_a_package_twice_and_no_package_is_left_out() -> None:
    sets = audit.sets_of_packages()
    for packages in sets:
        names = [pin.partition("==")[0] for pin in packages]
        assert len(names) == len(set(names))
    asked = {pin for packages in sets for pin in packages}
    assert {"requests==2.27.1", "urllib3==2.4.0", "pytest==9.2.0"} <= asked
    assert not any(";" in pin for pin in asked)
