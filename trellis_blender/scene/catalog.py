# SPDX-License-Identifier: GPL-3.0-or-later
"""Add our catalogue to the Asset Browser: one line in a text file at the root of a library or next to a .blend.

Blender has no Python API for catalogues. The format (Blender manual, “Asset Catalogs”): a line `VERSION 1`, then a line
`UUID:path:simple name` for each catalogue. `#` begins a comment.
"""

from __future__ import annotations

from pathlib import Path

from ..core.errors import storage_error
from ..core.files import write_whole

CATALOG_FILE = "blender_assets.cats.txt"
CATALOG_ID = "7b1f3d6a-4c52-4d0e-9a57-2e8c61f0b3d4"
CATALOG_NAME = "Trellis"
_HEADER = (
    "# This is an Asset Catalog Definition file for Blender.\n"
    "#\n"
    "# Empty lines and lines starting with `#` will be ignored.\n"
    "# The first non-ignored line should be the version indicator.\n"
    '# Other lines are of the format "UUID:catalog/path/for/assets:simple catalog name"\n'
    "\n"
    "VERSION 1\n"
    "\n"
)


def ensure_catalog(folder: Path) -> bool:
    """Make sure the folder's file lists our catalogue. Return whether the file had to be changed.

    Other catalogues stay as they are. The old file is kept as `…txt~`, as Blender does. Raises StorageError.
    """
    path = folder / CATALOG_FILE
    try:
        before = path.read_bytes() if path.exists() else b""
        if any(line.strip().lower().startswith(f"{CATALOG_ID}:".encode()) for line in before.splitlines()):
            return False
        if before:
            write_whole(path.with_name(path.name + "~"), before)
        write_whole(path, _extended(before))
    except OSError as error:
        raise storage_error("write the asset catalog", error) from error
    return True


def _extended(before: bytes) -> bytes:
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    first = next((line for line in before.splitlines() if line.strip() and not line.strip().startswith(b"#")), b"")
    if not first.strip().startswith(b"VERSION "):  # Blender ignores a file that begins with anything else
        before = _HEADER.encode().replace(b"\n", newline) + before
    gap = b"" if before.endswith(b"\n") else newline
    return before + gap + f"{CATALOG_ID}:{CATALOG_NAME}:{CATALOG_NAME}".encode() + newline
