# SPDX-License-Identifier: GPL-3.0-or-later
"""Has Blender decode the textures of a new model in the background.

Blender decodes an image when it first shows it, on the main thread: half a second for two of 4096 pixels. The job that
makes previews of images decodes on its own thread, without Python's lock, and what it decoded stays in the image. So we
ask for a preview of each texture, and drop the preview again: only the upload to the graphics card is left to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import bpy

from ..host import busy
from .material import images_of

MOST_BYTES = 512 * 2**20  # of decoded textures: those of four models with two textures of 4096 pixels
MOST_TRIES = 3  # any other preview that Blender is asked for ends the job


class Texture(NamedTuple):
    """A texture to decode: the `session_uid` of a model and of its image, which outlive undo."""

    model: int
    image: int
    tries: int = 0


@dataclass
class Decoding:
    """The textures that wait to be decoded, one at a time, since a second request would end the job of the first.

    `in_hand`: the texture that the job decodes now. Until the job is over nothing may ask this image for its size, its
    pixels or whether it `has_data`: that would wait for the job. `held`: how many bytes the images that were decoded
    here hold, by their `session_uid`.
    """

    waiting: list[Texture] = field(default_factory=list)
    in_hand: Texture | None = None
    held: dict[int, int] = field(default_factory=dict)

    @property
    def is_busy(self) -> bool:
        """Return whether there is anything left to do."""
        return bool(self.waiting) or self.in_hand is not None

    def has_in_hand(self, image: bpy.types.ID) -> bool:
        """Return whether the job decodes this image now: it must not be removed, since the job does not notice."""
        return self.in_hand is not None and self.in_hand.image == image.session_uid

    def add(self, model: bpy.types.Object) -> None:
        """Have the textures of this object, and of all below it, decoded when Blender is free.

        Nobody looks at them in the background.
        """
        if not bpy.app.background:
            images = images_of(model, *model.children_recursive)
            self.waiting += [Texture(model.session_uid, image.session_uid) for image in images]

    def leave_file(self) -> None:
        """Forget all textures, because another file is open. Blender has ended the job."""
        self.waiting.clear()
        self.held.clear()
        self.in_hand = None

    def step(self) -> None:
        """Take the result of the job if it is over, and have the next texture decoded if Blender is free."""
        if not self.is_busy or busy.is_previewing():
            return
        if self.in_hand is not None:
            self._take(self.in_hand)
        if not busy.occupied_reason(bpy.context):
            self._begin()

    def _begin(self) -> None:
        """Start the job for the first texture that needs it."""
        images: Any = bpy.data.images
        self.held = {uid: size for uid, size in self.held.items() if _found(images, uid) is not None}
        while self.waiting:
            texture = self.waiting.pop(0)
            image: Any = _found(images, texture.image)
            is_used = image is not None and _found(bpy.data.objects, texture.model) is not None
            # A preview that is there may be the artist's own.
            is_free = is_used and (image.preview is None or not any(image.preview.image_size))
            if is_free and not image.has_data and sum(self.held.values()) < MOST_BYTES:
                self.in_hand = texture
                image.asset_generate_preview()
                return

    def _take(self, texture: Texture) -> None:
        """Note what the image holds now, and drop its preview. Try again if another preview ended the job too early."""
        self.in_hand = None
        image: Any = _found(bpy.data.images, texture.image)
        if image is None:
            return
        if image.preview is not None:  # it would make the .blend larger; Blender makes another one where it shows it
            image.preview.image_size = 0, 0
            image.preview.is_image_custom = False  # setting the size made it the artist's, which Blender never renews
        if image.has_data:
            width, height = image.size
            self.held[texture.image] = width * height * (16 if image.is_float else 4)
        elif texture.tries + 1 < MOST_TRIES:
            self.waiting.insert(0, texture._replace(tries=texture.tries + 1))


def _found(blocks: Iterable[Any], uid: int) -> Any:
    """Return the data-block with this `session_uid`, None if it is gone."""
    return next((block for block in blocks if block.session_uid == uid), None)
