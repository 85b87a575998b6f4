#!/usr/bin/env python3
"""Ask before a release what is known to be wrong with the libraries in use: ``python3 scripts/audit.py``.

The extension bundles none. It runs on those that Blender ships, which nobody but Blender can update. So what is known
of them and does not reach us stands in ``audit.toml``, with a reason and a date on which to look again. The packages
that the project's own tools need are asked about, too.

This needs the network: pip-audit asks the package index about each package. If that does not answer, nothing was
checked, and the script fails.
"""

import argparse
import datetime
import json
import subprocess  # nosec B404 # each call says why it is safe
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environments

KNOWN = environments.ROOT / "scripts" / "audit.toml"
SECONDS = 600


class AuditError(Exception):
    """The question was not answered, at least not for every package. The message says why."""


@dataclass(frozen=True)
class Found:
    """Something that is known to be wrong with a package: its names (CVE, GHSA, PYSEC), the versions that mend it."""

    package: str
    version: str
    names: frozenset[str]
    mended: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as one line."""
        mended = f", mended in {', '.join(self.mended)}" if self.mended else ", not mended yet"
        return f"{self.package} {self.version}: {', '.join(sorted(self.names))}{mended}"


@dataclass(frozen=True)
class Known:
    """An exception: what was found in these versions of a package does not reach us. Look at it again on `until`."""

    package: str
    name: str
    versions: tuple[str, ...]
    reason: str
    until: datetime.date

    def covers(self, found: Found) -> bool:
        """Return whether it is about what was found."""
        return self.package == found.package and self.name in found.names and found.version in self.versions


def libraries_of_blender() -> dict[str, list[str]]:
    """Return the pinned libraries that each Blender ships and the extension uses, by version ("4.2")."""
    return {version: list(pins) for version, pins in environments.read_toml(KNOWN)["blender"].items()}


def exceptions() -> list[Known]:
    """Return the exceptions. Raises KeyError and TypeError for one without reason or date."""
    return [
        Known(entry["package"], entry["name"], tuple(entry["versions"]), entry["reason"], entry["until"])
        for entry in environments.read_toml(KNOWN)["exception"]
    ]


def sets_of_packages() -> list[list[str]]:
    """Return all pinned packages to ask about, those of Blender first. pip-audit takes a package once at a time."""
    shipped = libraries_of_blender().values()
    groups = environments.read_toml(environments.ROOT / "pyproject.toml")["dependency-groups"]
    ours = {pin.partition(";")[0].strip() for group in groups for pin in environments.requirements(group)}
    sets: list[list[str]] = []
    for pin in (*(pin for pins in shipped for pin in pins), *sorted(ours)):
        if not any(pin in packages for packages in sets):
            name = pin.partition("==")[0] + "=="
            free = (packages for packages in sets if not any(other.startswith(name) for other in packages))
            packages = next(free, None)
            if packages is None:
                packages = []
                sets.append(packages)
            packages.append(pin)
    return sets


def ask(command: Sequence[str]) -> list[Found]:
    """Run pip-audit with that command, and return what it found. Raises AuditError."""
    try:
        ended = subprocess.run(  # nosec B603 # a program of ours
            command,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            env=environments.clean_variables(),
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise AuditError(f"pip-audit did not end in {SECONDS} s.") from error
    return read(ended.stdout, ended.stderr)


def read(report: str, complaint: str = "") -> list[Found]:
    """Return what a report of pip-audit names (``--format json``).

    Raises AuditError where it is no report, which `complaint` explains, or where a package was passed over: pip-audit
    itself calls that a success.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError) as error:
        last = (complaint.strip() or "it said nothing").splitlines()[-1]
        raise AuditError(f"pip-audit gave no report: {last}") from error
    passed_over = [package for package in packages if "skip_reason" in package]
    if passed_over:
        raise AuditError(
            f"The package index says nothing about {len(passed_over)} of {len(packages)} packages:"
            f" {', '.join(package['name'] for package in passed_over)}. The first: {passed_over[0]['skip_reason']}.\n"
            "A mirror of the index may know the packages and nothing about them: ask where the index itself is reached."
        )
    if not packages:
        raise AuditError("pip-audit asked about no package.")
    return [
        Found(
            package["name"],
            package["version"],
            frozenset({wrong["id"], *wrong.get("aliases", [])}),
            tuple(wrong.get("fix_versions", [])),
        )
        for package in packages
        for wrong in package.get("vulns", [])
    ]


def complaints(found: Iterable[Found], known: Sequence[Known], today: datetime.date) -> list[str]:
    """Return what has to be done before a release, one line each: about what was found and has no exception, about
    exceptions whose date has come, and about those that nothing needs any more.
    """
    wrong = sorted(set(found), key=str)
    lines = [f"Not looked at: {each}" for each in wrong if not any(entry.covers(each) for entry in known)]
    for entry in known:
        if entry.until <= today:
            lines.append(f"Look again: {entry.package}, {entry.name}, was accepted until {entry.until}")
        if not any(entry.covers(each) for each in wrong):
            lines.append(f"Remove the exception: {entry.package}, {entry.name}, is no longer found")
    return lines


def ask_about(packages: Sequence[str]) -> list[Found]:
    """Return what is known to be wrong with these pinned packages. Raises AuditError and EnvironmentNotBuiltError."""
    python = environments.environment("audit", environments.running_python())
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder, "packages.txt")
        asked.write_text("\n".join(packages), encoding="utf-8")
        command = [str(python), "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
        return ask([*command, "--no-deps", "--disable-pip", "--requirement", str(asked)])


def main() -> int:
    """Ask, print what has to be done, and return the exit status."""
    argparse.ArgumentParser(description="Ask what is known to be wrong with the libraries in use.").parse_args()
    sets = sets_of_packages()
    try:
        found = [each for packages in sets for each in ask_about(packages)]
    except (AuditError, environments.EnvironmentNotBuiltError) as error:
        print(f"Not everything was checked, so do not release.\n{error}", file=sys.stderr)
        return 1
    lines = complaints(found, exceptions(), datetime.datetime.now(datetime.UTC).date())
    count = sum(map(len, sets))
    print("\n".join(lines) or f"{count} packages, and nothing wrong with them but what {KNOWN.name} accepts.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
