"""What the pages say is so: their links lead somewhere, and what they name is in the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import rooms
import words
from trellis_blender.core.model import glb
from trellis_blender.core.picture import file
from trellis_blender.core.request import service
from trellis_blender.core.runner import steps
from trellis_blender.core.scenario import api, download, http, surroundings

ROOT = rooms.PACKAGE.parent
PAGE = ROOT / "docs" / "architecture.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# What the README prints slanted: labels of the interface, with a colon or an angle between two of them.
SLANTED = re.compile(r"(?<![*\w])\*([^*\n]+(?:\n[^*\n]+)?)\*(?![*\w])")
# Of Blender's own interface, or names.
NOT_OURS = {
    "Add-ons", "Allow Online Access", "Check for Updates on Startup", "Edit", "Get Extensions", "Install from Disk",
    "Material Preview", "Network", "PNG", "Preferences",
    "Solid", "System", "Trellis", "Trellis 2 Image to 3D", "Visible Objects", "generate",
}  # fmt: skip
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


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_within_the_repository_leads_somewhere(page: Path) -> None:
    lost = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        file, _, part = link.partition("#")
        target = page.parent / file if file else page
        if "://" in link:
            continue
        if not target.exists() or (part and part not in map(anchor, HEADING.findall(target.read_text("utf-8")))):
            lost.append(link)
    assert lost == []


def test_each_label_that_the_readme_names_is_in_the_interface() -> None:
    labels = {text.rstrip(".").removesuffix(": {count}") for text in words.collect()}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {
        label.strip().rstrip(".")
        for slanted in SLANTED.findall(text)
        for label in re.split(r" > |: |, ", " ".join(slanted.split()))
    }
    assert len(named) > 30
    assert sorted(named - labels - NOT_OURS) == []


def test_the_security_page_names_files_and_tests_that_are_there() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = [name for name in re.findall(r"`([\w./]+)`", text) if "/" in name or name.endswith(".py")]
    assert len(named) > 15
    assert [name for name in named if not any(ROOT.rglob(f"*/{name}")) and not (ROOT / name).exists()] == []


def test_the_security_page_names_the_bounds_that_hold() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    bounds = {
        "a call, its answer included": f"{http.CALL_SECONDS:.0f} s; {http.PICTURE_SECONDS:.0f} s with a picture",
        f"{download.CHUNK_BYTES // 1024} kB of a download, or its first answer": f"{download.CHUNK_SECONDS:.0f} s",
        "an answer": f"{http.ANSWER_BYTES_MAXIMUM // 1024**2} MB after ",
        "a refusal": f"{http.REFUSAL_BYTES_MAXIMUM // 1024} kB ",
        "a model": f"*Largest Download* in the preferences ({service.MODEL_BYTES_MAXIMUM // 1024**3} GiB)",
        "redirects of a download": f"{download.REDIRECTS_MAXIMUM} ",
        "a file's host": f"{surroundings.HOST_CHARACTERS_MAXIMUM} characters",
        "an upload that is not imported": f"{api.IMPORT_LOOKS} looks",
        "pages of a search": f"{steps.PAGES_MAXIMUM:,}, ",
        "a number": f"{http.DIGITS_MAXIMUM} digits",
        "a picture": f"{file.PIXELS_MAXIMUM // 10**6} megapixels",
        "a model's JSON": f"{glb.JSON_BYTES_MAXIMUM // 1024**2} MB",
    }
    assert [what for what, bound in bounds.items() if f"| {what} | {bound}" not in text] == []


def test_the_pages_name_the_version_of_the_manifest() -> None:
    version = words_of("blender_manifest.toml", r'^version = "([^"]+)"$')
    assert words_of("CHANGELOG.md", r"^## (\S+) \(\d{4}-\d\d-\d\d\)$") == version
    assert words_of("README.md", r"dist/trellis_blender-([\d.]+)\.zip") == version


def words_of(page: str, pattern: str) -> str:
    """Return what the pattern's group finds first on the page."""
    found = re.search(pattern, (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"{page} does not hold {pattern}"
    return found[1]
