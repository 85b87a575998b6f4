"""What is the artist's, written down before and after: render settings, datablocks, images and the render itself."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

from tests.addon import ADDON
from tests.blender.picture.test_render import all_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OF_AN_IMAGE = ("source", "type", "filepath_raw", "file_format", "is_dirty", "has_data", "alpha_mode", "users")


def names() -> dict[str, list[str]]:
    """Everything that is in bpy.data, by the collections' names. The screens' own are Blender's affair."""
    found: dict[str, list[str]] = {}
    for rna in bpy.types.BlendData.bl_rna.properties:
        if rna.type == "COLLECTION":
            found[rna.identifier] = sorted(each.name for each in getattr(bpy.data, rna.identifier))
    return found


def images() -> dict[str, list[Any]]:
    """What the images are, the packed files among it."""
    every: list[Any] = list(bpy.data.images)
    return {
        image.name: [getattr(image, name) for name in OF_AN_IMAGE]
        + [len(image.packed_files), image.colorspace_settings.name, tuple(image.size)]
        for image in every
    }


def render_result(folder: Path, slot: int) -> Any:
    """The pixels that the Render Result shows in the slot, None where it shows nothing."""
    result: Any = bpy.data.images.get("Render Result")
    scene: Any = bpy.context.scene
    if result is None:
        return None
    shown, result.render_slots.active_index = result.render_slots.active_index, slot
    path = folder / f"slot {slot}.png"
    try:
        result.save_render(str(path), scene=scene)
    except RuntimeError:
        return None
    finally:
        result.render_slots.active_index = shown
    image: Any = bpy.data.images.load(str(path))
    pixels = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return pixels.tobytes()


@contextlib.contextmanager
def untouched(folder: Path, session: Any, slots: tuple[int, ...] = ()) -> Iterator[None]:
    """Whatever happens inside leaves the artist's things as they are, and no file of ours beside the jobs."""
    scene: Any = bpy.context.scene
    preferences: Any = bpy.context.preferences
    preferences.addons[ADDON].preferences.use_placeholders = False  # they are the job's, not the picture's

    def all_of_it() -> dict[str, Any]:
        return {
            "scene": scene.name,
            "render": all_settings(scene.render),
            "view": all_settings(scene.view_settings),
            "layers": [layer.use for layer in scene.view_layers],
            "names": names(),
            "images": images(),
            "preferences": preferences.view.render_display_type,
            "slot": [each.render_slots.active_index for each in bpy.data.images if each.type == "RENDER_RESULT"],
        }

    rendered, before = [render_result(folder, slot) for slot in slots], all_of_it()  # looking at a slot loads it
    try:
        yield
    finally:
        preferences.addons[ADDON].preferences.use_placeholders = True
    after = all_of_it()
    changed = {name: (before[name], after[name]) for name in after if after[name] != before[name]}
    assert not changed, changed
    assert [render_result(folder, slot) for slot in slots] == rendered
    left = session.jobs_root() / ".incoming"
    assert not left.exists() or not list(left.iterdir())
