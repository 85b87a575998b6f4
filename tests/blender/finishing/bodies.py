"""Models with known faults, as the emulator makes them, in the scene."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np

from emulator import BODY_FLAWS, Flaw
from emulator.model.order import Order
from emulator.model.workshop import make
from tests.addon import addon
from tests.blender.working import tick_until
from tests.emulator.caller import draw_picture

if TYPE_CHECKING:
    from pathlib import Path

FACES = 4000
OPS: Any = bpy.ops
ALONE: tuple[tuple[Flaw, ...], ...] = tuple((flaw,) for flaw in sorted(BODY_FLAWS))
TOGETHER: tuple[Flaw, ...] = tuple(sorted(BODY_FLAWS))


@functools.cache
def body_glb(*flaws: Flaw) -> bytes:
    """Return a model of a disc with these faults."""
    return make(Order(draw_picture("disc"), FACES, 256, "png", False, 1, frozenset(flaws))).glb


def body(folder: Path, *flaws: Flaw) -> Any:
    """Put such a model into the scene, as our reader reads it, and return the object."""
    file = folder / "body.glb"
    file.write_bytes(body_glb(*flaws))
    model = addon.read.read_model(file, addon.arrays.Shape(is_grounded=False))
    mesh = addon.mesh.make_mesh("Körper", model.mesh)
    images = addon.material.make_images(model.images, "Körper")
    mesh.materials.append(addon.material.make_material("Körper", model.materials[0], images))
    thing: Any = bpy.data.objects.new("Körper", mesh)
    assert bpy.context.scene is not None
    assert bpy.context.view_layer is not None
    bpy.context.scene.collection.objects.link(thing)
    thing.select_set(True)
    bpy.context.view_layer.objects.active = thing
    bpy.ops.ed.undo_push(message="A body")
    return thing


def measured(thing: Any) -> Any:
    """Return the findings about an object's mesh."""
    places = np.empty(3 * len(thing.data.vertices), np.float32)
    thing.data.attributes["position"].data.foreach_get("vector", places)
    triangles = np.empty(len(thing.data.loops), np.int32)
    thing.data.attributes[".corner_vert"].data.foreach_get("value", triangles)
    return addon.check.measure(places.reshape(-1, 3), triangles.reshape(-1, 3))


def everything(mesh: Any) -> dict[str, bytes]:
    """Return all attributes of a mesh as bytes by their names."""
    known = addon.mesh_arrays.TYPES
    return {each.name: _bytes(each) for each in mesh.attributes if each.data_type in known}


def _bytes(attribute: Any) -> bytes:
    member, width, kind = addon.mesh_arrays.TYPES[attribute.data_type]
    found = np.empty(len(attribute.data) * width, kind)
    attribute.data.foreach_get(member, found)
    return found.tobytes()


def made_solid(**settings: Any) -> str:
    """Make the active model solid, wait until that is over, and return the sentence that the artist reads."""
    assert OPS.trellis2.make_solid(**settings) == {"FINISHED"}
    return ended()


def ended() -> str:
    """Wait until no step is under way any more. Return the last sentence, or the error of a step."""
    running = addon.session.running()
    tick_until(lambda: not running.finishing.is_busy)
    errors = [work.error or addon.finishing_queue.NO_MODEL for work in running.finishing.works.values()]
    return str(errors[-1] if errors else running.messages.notices[-1].sentence)


def copy_of(thing: Any) -> Any:
    """Return the copy that stands where the model stood."""
    return bpy.data.objects.get(f"{thing.name} Solid")
