# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's version, from its manifest: the only place where it is written."""

from __future__ import annotations

import tomllib
from pathlib import Path


def _version() -> str:
    """The manifest lies beside this file in an installed extension, and one folder up in the sources."""
    here = Path(__file__).parent
    manifest = next(path for path in (here / _NAME, here.parent / _NAME) if path.is_file())
    return str(tomllib.loads(manifest.read_text(encoding="utf-8"))["version"])


_NAME = "blender_manifest.toml"
VERSION = _version()
