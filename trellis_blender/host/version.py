# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the add-on's version and website from its manifest, the only place that states them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


def _manifest() -> dict[str, Any]:
    """Read the manifest: next to the package in the sources, inside it once the extension is installed."""
    package = Path(__file__).parents[1]
    manifest = next(path for path in (package / _NAME, package.parent / _NAME) if path.is_file())
    return tomllib.loads(manifest.read_text(encoding="utf-8"))


_NAME = "blender_manifest.toml"
_KNOWN = _manifest()
VERSION = str(_KNOWN["version"])
WEBSITE = str(_KNOWN["website"])
