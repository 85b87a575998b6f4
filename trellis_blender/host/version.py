# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's version, from its manifest: the only place where it is written."""

from __future__ import annotations

import tomllib
from pathlib import Path


def _version() -> str:
    """The manifest lies beside the package in the sources, and in it once the extension is installed."""
    package = Path(__file__).parents[1]
    manifest = next(path for path in (package / _NAME, package.parent / _NAME) if path.is_file())
    return str(tomllib.loads(manifest.read_text(encoding="utf-8"))["version"])


_NAME = "blender_manifest.toml"
VERSION = _version()
