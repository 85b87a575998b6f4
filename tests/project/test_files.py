"""What holds for every file in the repository."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_LINES = 500
SOURCE_FOLDERS = ("trellis_blender", "scripts", "tests")
TEXT_FILES = {".cfg", ".css", ".html", ".ini", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yml", ""}
NOT_OURS = {".git", ".venv", "dist", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}

# Somebody's own folders, and the servers that an installation may fetch packages from: both differ per machine.
PERSONAL_PATH = re.compile(r"(?<![\w.~}])/(?:home|root|tmp|work|Users)/\w")
PACKAGE_SERVER = re.compile(r"\bpypi\.|pythonhosted\.|crates\.io|npmjs\.|--(?:extra-)?index-url")

# The second hash keeps bandit from reading the reason as the names of rules.
EXCEPTION = re.compile(r"# " + "nosec.*")
REASONED = re.compile(r"# " + r"nosec B\d{3}(, B\d{3})* # \w.{4,}")


def source_files() -> list[Path]:
    """Return the project's Python files."""
    found = [path for folder in SOURCE_FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if not NOT_OURS & set(path.parts)]


def text_files() -> list[Path]:
    """Return the project's text files, this one left out: it has to spell out what the others may not."""
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and path.suffix in TEXT_FILES
        and not NOT_OURS & set(path.relative_to(ROOT).parts)
        and path != Path(__file__)
    ]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Return the place and text of each line in the repository that the pattern is found in."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_source_file_is_longer_than_a_chapter() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in source_files()}
    assert len(lengths) > 10, "the source files were not found"
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MAX_LINES} == {}


def test_each_exception_from_bandit_names_its_rule_and_its_reason() -> None:
    excepted = [line for path in source_files() for line in EXCEPTION.findall(path.read_text(encoding="utf-8"))]
    assert len(excepted) > 10
    assert [line for line in excepted if not REASONED.fullmatch(line)] == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert ROOT / "pyproject.toml" in text_files()
    assert lines_with(PERSONAL_PATH) == []


def test_no_file_names_a_server_to_fetch_packages_from() -> None:
    assert ROOT / ".ci" / "run" in text_files()
    assert lines_with(PACKAGE_SERVER) == []
