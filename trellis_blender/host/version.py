# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the add-on's version from its manifest, the only place that states it."""

from __future__ import annotations

import tomllib
from pathlib import Path


def _version() -> str:
    """Find the manifest: next to the package in the sources, inside it once the extension is installed."""
    package = Path(__file__).parents[1]
    manifest = next(path for path in (package / _NAME, package.parent / _NAME) if path.is_file())
    return str(tomllib.loads(manifest.read_text(encoding="utf-8"))["version"])


_NAME = "blender_manifest.toml"
VERSION = _version()
