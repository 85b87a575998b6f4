"""Khronos' own glTF validator, which Node.js runs."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from typing import TYPE_CHECKING, Any

from environments import gltf_validator

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
    """Return the errors and warnings in a GLB. Without Node.js it warns and returns none, but fails where CI is set."""
    validator = gltf_validator()
    if validator is None:
        assert not os.environ.get("CI"), "Node.js and npm are missing, which the glTF validator needs"
        warnings.warn("Without Node.js and npm nobody has validated the GLBs", stacklevel=2)
        return []
    command = ["node", "-e", PROGRAM, str(validator), str(glb)]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", timeout=SECONDS)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return [f"{one['code']}: {one['message']}" for one in found if one["severity"] <= WARNING]
