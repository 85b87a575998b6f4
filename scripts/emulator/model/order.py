# SPDX-License-Identifier: GPL-3.0-or-later
"""An order for a model: everything that its bytes depend on, and what kind of picture it is of."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from .flaws import Flaw

TextureFormat = Literal["webp", "png"]
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(frozen=True)
class Order:
    """All that a model depends on: equal orders give equal bytes.

    `flaws` are those of other generators' exports. `subject` is a GLB of what the picture shows, None: nobody gave one.
    `is_triangle`: one triangle in place of all that.
    """

    picture: bytes
    faces: int
    texture_size: int
    texture_format: TextureFormat
    double_sided: bool
    seed: int
    flaws: frozenset[Flaw] = frozenset()
    subject: bytes | None = field(default=None, repr=False)
    is_triangle: bool = False

    def digest(self) -> str:
        """Return a name for the model that this order gives."""
        rest = f"{self.faces} {self.texture_size} {self.texture_format} {self.double_sided} {self.seed}"
        flaws = " ".join(sorted(self.flaws))
        subject = "" if self.subject is None else hashlib.sha256(self.subject).hexdigest()
        return hashlib.sha256(hashlib.sha256(self.picture).digest() + f"{rest} {flaws} {subject}".encode()).hexdigest()


def picture_type(data: bytes) -> str | None:
    """Return the media type of a PNG, JPEG, GIF or WebP, or None for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((mime_type for magic, mime_type in _MAGIC if data.startswith(magic)), None)
