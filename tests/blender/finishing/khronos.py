"""Khronos' own glTF validator, which Node.js runs."""

from __future__ import annotations

import functools
import json
import subprocess
import warnings
from typing import TYPE_CHECKING, Any

from environments import EnvironmentNotBuiltError, gltf_validator

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 60.0
PROGRAM = """
const [validator, file] = process.argv.slice(1).map((path) => require("path").resolve(path));
const bytes = new Uint8Array(require("fs").readFileSync(file));
require(validator).validateBytes(bytes).then((report) => console.log(JSON.stringify(report.issues.messages)));
"""
WARNING = 1  # the severity of a warning; an error has 0, a hint more


def problems(glb: Path) -> list[str]:
    """Return the errors and warnings in a GLB; none, with a warning, where the validator cannot be had.

    The tests need nothing but Python, so Node.js and what it fetches are no reason to fail.
    """
    validator = _validator()
    if validator is None:
        warnings.warn("Without Node.js, npm and its registry nobody has validated the GLBs", stacklevel=2)
        return []
    command = ["node", "-e", PROGRAM, str(validator), str(glb)]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", timeout=SECONDS)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return [f"{one['code']}: {one['message']}" for one in found if one["severity"] <= WARNING]


@functools.cache
def _validator() -> Path | None:
    try:
        return gltf_validator()
    except EnvironmentNotBuiltError:
        return None
