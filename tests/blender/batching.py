"""Batches as an artist starts them, and what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tests.addon import addon
from tests.blender.working import OPS, SMALL, tick_until

if TYPE_CHECKING:
    from pathlib import Path


def folder_of(folder: Path, *names: str) -> Path:
    """Write small pictures, each in a colour of its own, and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        pixels = np.full((48, 60, 3), 77, np.uint8)
        pixels[..., 0] = np.arange(60) * 4
        pixels[..., 1] = number * 9 % 256
        Image.fromarray(pixels).save(folder / name)
    return folder


def begin(folder: Path, **given: Any) -> Any:
    """Begin a batch with the folder's pictures, and return it."""
    assert OPS.trellis2.generate_batch(directory=str(folder), **{**SMALL, **given}) == {"FINISHED"}
    return newest()


def newest() -> Any:
    """The newest batch of the session."""
    return next(reversed(addon.session.running().batches.all), None)


def finish(batch: Any) -> None:
    """Tick until the batch has its report."""
    tick_until(lambda: batch.is_reported)
