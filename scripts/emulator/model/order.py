# SPDX-License-Identifier: GPL-3.0-or-later
"""An order for a model: everything that its bytes depend on."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from .flaws import Flaw

TextureFormat = Literal["webp", "png"]


@dataclass(frozen=True)
class Order:
    """All that a model depends on: equal orders give equal bytes.

    `flaws` are those of other generators' exports. `subject` is a GLB of what the picture shows, None: nobody gave one.
    """

    picture: bytes
    faces: int
    texture_size: int
    texture_format: TextureFormat
    double_sided: bool
    seed: int
    flaws: frozenset[Flaw] = frozenset()
    subject: bytes | None = field(default=None, repr=False)

    def digest(self) -> str:
        """Return a name for the model that this order gives."""
        rest = f"{self.faces} {self.texture_size} {self.texture_format} {self.double_sided} {self.seed}"
        flaws = " ".join(sorted(self.flaws))
        subject = "" if self.subject is None else hashlib.sha256(self.subject).hexdigest()
        return hashlib.sha256(hashlib.sha256(self.picture).digest() + f"{rest} {flaws} {subject}".encode()).hexdigest()
