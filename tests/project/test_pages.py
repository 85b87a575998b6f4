"""What the pages say is so: their links lead somewhere, and what they name is in the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import rooms
import words

ROOT = rooms.PACKAGE.parent
PAGE = ROOT / "docs" / "architecture.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# What the README prints slanted: labels of the interface, with a colon or an angle between two of them.
SLANTED = re.compile(r"(?<![*\w])\*([^*\n]+(?:\n[^*\n]+)?)\*(?![*\w])")
# Of Blender's own interface, or names.
NOT_OURS = {
    "Add-ons", "Edit", "Get Extensions", "Install from Disk", "Material Preview", "Network", "PNG", "Preferences",
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
    labels = {text.rstrip(".") for text in words.collect()}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {
        label.strip().rstrip(".")
        for slanted in SLANTED.findall(text)
        for label in re.split(r" > |: |, ", " ".join(slanted.split()))
    }
    assert len(named) > 30
    assert sorted(named - labels - NOT_OURS) == []
