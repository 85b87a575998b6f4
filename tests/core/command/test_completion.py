"""The shell completes commands, options and their values."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
PROGRAM = "from trellis_blender.command.program import main; main()"


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("trellis2 gen", {"generate"}),
        ("trellis2 generate --pre", {"--preset"}),
        ("trellis2 generate --preset ", {"draft", "standard", "high", "ultra"}),
        ("trellis2 resume --max", {"--max-cost"}),
    ],
)
def test_the_shell_is_told_how_a_word_goes_on(tmp_path: Path, line: str, completed: set[str]) -> None:
    told = tmp_path / "told"
    asked = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_STDOUT_FILENAME": str(told)}
    place = {"COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9"}
    environment = {**os.environ, **asked, **place, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, "-c", PROGRAM], check=False, env=environment, timeout=120)
    assert {word.strip() for word in told.read_text(encoding="utf-8").split("\n")} == completed
