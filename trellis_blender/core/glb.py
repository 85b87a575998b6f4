# SPDX-License-Identifier: GPL-3.0-or-later
"""The model's file: is it a whole GLB?"""

from __future__ import annotations

import struct
from pathlib import Path

from .errors import ModelFileError

MAGIC = b"glTF"
HEADER_BYTES = 12


def check_glb(path: Path) -> None:
    """Raises ModelFileError unless it is a GLB, as long as its header says (glTF 2.0 §4.4.2), or OSError."""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or header[:4] != MAGIC:
        raise ModelFileError(
            "The model's file is not a GLB. Press Retry to download it again; it is not charged again."
        )
    version, length = struct.unpack_from("<II", header, 4)
    if version != 2:
        raise ModelFileError(f"The model's file is glTF {version}, which this add-on cannot read. Update the add-on.")
    if length != path.stat().st_size:
        raise ModelFileError("The model's file is damaged. Press Retry to download it again; it is not charged again.")
