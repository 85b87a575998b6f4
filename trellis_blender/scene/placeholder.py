# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the placeholder, a box that stands in the scene until its model arrives, and replace it by the model.

It is a lattice of two by two by two points. No other object shows as a box of its own size, is never rendered, and is
ignored by exporters: FBX, OBJ, PLY, STL and USD would write an empty, but leave a lattice out. Its custom properties
are on the lattice, not on the object. So an exporter of custom properties never sees them, and we find placeholders
among the few lattices of a file rather than among all its objects.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import bpy
from mathutils import Matrix, Vector

JOB = "trellis2_job"
HOME = "trellis2_home"
LARGEST = "trellis2_largest"
GROUNDED = "trellis2_grounded"
METER = "trellis2_meter"
SAME, FLAT = 1e-5, 1e-9  # the rounding error of a matrix's entries, and the volume that counts as none
CORNERS = [(x, y, z) for z in (-0.5, 0.5) for y in (-0.5, 0.5) for x in (-0.5, 0.5)]
# The channels of a transform, in the order to copy them: the mode says which rotation counts.
CHANNELS = (
    "rotation_mode",
    "location",
    "rotation_euler",
    "rotation_quaternion",
    "rotation_axis_angle",
    "scale",
    "delta_location",
    "delta_rotation_euler",
    "delta_rotation_quaternion",
    "delta_scale",
)


class Size(NamedTuple):
    """How large a model shall be, and where its origin is.

    `largest`: its largest dimension in scene units, None: as Trellis makes it, one metre. `meter`: scene units per
    metre. `is_grounded`: the origin is in the middle of its base, else in its own middle.
    """

    largest: float | None
    meter: float = 1.0
    is_grounded: bool = True

    @property
    def edge(self) -> float:
        """The length of a placeholder's edge, in scene units."""
        return self.meter if self.largest is None else self.largest

    @property
    def base(self) -> float:
        """The height of a placeholder's base above its origin, in scene units."""
        return 0.0 if self.is_grounded else -self.edge / 2


def home(root: Path) -> str:
    """Return a name for this computer's folder of jobs that reveals nothing about either."""
    return hashlib.sha256(f"{platform.node()} {root}".encode(errors="replace")).hexdigest()[:16]


def make(name: str, job_id: str, home: str, size: Size) -> bpy.types.Object:
    """Return a new placeholder, in no collection yet."""
    lattice = bpy.data.lattices.new(name)
    points: Any = lattice.points  # the stubs do not allow iteration
    for point, corner in zip(points, _corners(size), strict=True):
        point.co_deform = corner
    stubless = cast(Any, lattice)  # nor custom properties on a lattice
    stubless[JOB], stubless[HOME] = job_id, home
    stubless[LARGEST], stubless[METER], stubless[GROUNDED] = size.largest or 0.0, size.meter, size.is_grounded
    box: bpy.types.Object = bpy.data.objects.new(name, lattice)
    box.hide_render = True  # since 5.0, Alembic's exporter then leaves it out too
    return box


def job_id(obj: object) -> str:
    """Return the id of a placeholder's job, empty if the object is not a placeholder or belongs to a linked file."""
    data: Any = obj.data if isinstance(obj, bpy.types.Object) and obj.type == "LATTICE" else None
    if data is None or cast(Any, obj).library is not None:
        return ""
    found = data.get(JOB, "")
    return found if isinstance(found, str) else ""


def home_of(box: bpy.types.Object) -> str:
    """Return the name of the folder that holds the placeholder's job."""
    return str(cast(Any, box.data).get(HOME, ""))


def boxes_of_jobs() -> list[tuple[bpy.types.Object, str]]:
    """Return all placeholders in any scene, those of the current scene first, each with its job's id."""
    if not any(JOB in cast(Any, lattice) for lattice in bpy.data.lattices):
        return []
    here = bpy.context.scene
    found = [(obj, wanted) for obj in bpy.data.objects if (wanted := job_id(obj))]
    # Not by `users_scene`: each object would look through all scenes, and a batch has a thousand boxes.
    near: set[Any] = set(here.objects) if here is not None else set()
    far: set[Any] = set().union(*(scene.objects for scene in bpy.data.scenes if scene != here)) - near
    return [one for objects in (near, far) if objects for one in found if one[0] in objects]


def find(wanted: str, name: str = "") -> bpy.types.Object | None:
    """Return the job's placeholder, the first if the artist has copied it, None if there is none.

    `name`: its name when it was last seen, so that not all objects have to be looked at.
    """
    seen: bpy.types.Object | None = cast(Any, bpy.data.objects).get(name) if name else None
    if seen is not None and job_id(seen) == wanted and cast(Any, seen).users_scene:
        return seen
    return next((box for box, found in boxes_of_jobs() if found == wanted), None)


def size_of(box: bpy.types.Object) -> Size:
    """Return the size that the placeholder's model shall have, and the scene's unit when the placeholder was made."""
    data: Any = box.data
    return Size(float(data[LARGEST]) or None, float(data.get(METER, 1.0)), bool(data[GROUNDED]))


def _corners(size: Size) -> list[Vector]:
    """Return the corners of a new placeholder."""
    return [Vector((x, y, z + 0.5)) * size.edge + Vector((0.0, 0.0, size.base)) for x, y, z in CORNERS]


def reshaped(box: bpy.types.Object) -> Matrix:
    """Return the matrix from the lattice's original points to its current ones.

    Apply Scale and Set Origin change the points rather than the object. The matrix is the identity if the points no
    longer span a box.
    """
    points: Any = cast(Any, box.data).points
    if len(points) != len(CORNERS):
        return Matrix.Identity(4)
    size = size_of(box)
    first, *along = (Vector(points[number].co_deform) for number in (0, 1, 2, 4))
    linear = Matrix([((point - first) / size.edge)[:] for point in along]).transposed()
    moved = Matrix.Translation(first - linear @ _corners(size)[0]) @ linear.to_4x4()
    change: Any = moved - Matrix.Identity(4)
    is_as_made = max(abs(value) for row in change for value in row) < SAME
    return Matrix.Identity(4) if is_as_made or abs(linear.determinant()) < FLAT else moved


def remove(box: bpy.types.Object) -> None:
    """Remove the placeholder from the file. Its children stay where they are."""
    for child in box.children:
        unparent(child)
    lattice = box.data
    bpy.data.objects.remove(box)
    if isinstance(lattice, bpy.types.Lattice) and not lattice.users:
        bpy.data.lattices.remove(lattice)


def unparent(obj: bpy.types.Object) -> None:
    """Remove the object's parent and keep its place in the world."""
    world = obj.matrix_world.copy()
    obj.parent = None
    obj.matrix_world = world


def relink(obj: bpy.types.Object, collections: Iterable[bpy.types.Collection]) -> None:
    """Move the object to these collections, out of all others."""
    for collection in obj.users_collection:
        collection.objects.unlink(obj)
    for collection in collections:
        collection.objects.link(obj)


def hand_over(box: bpy.types.Object, roots: list[bpy.types.Object]) -> None:
    """Replace the placeholder by the model, whose `roots` stand at the origin.

    All roots get its transform, parent and collections. The first one also gets its name, and everything that referred
    to the placeholder now refers to that root. The placeholder and its copies are removed.
    """
    first, name, wanted = roots[0], box.name, job_id(box)
    for root in roots:
        relink(root, box.users_collection)
        _take_transform(box, root)
        root.hide_viewport, root.hide_select = box.hide_viewport, box.hide_select
        _take_view(box, root)
    relink(box, ())
    box.user_remap(first)  # its children, and constraints or modifiers that refer to it
    for child in first.children:
        child.parent_type = "OBJECT" if child.parent_type == "LATTICE" else child.parent_type
    remove(box)
    for copy, found in boxes_of_jobs():
        if found == wanted:
            remove(copy)
    first.name = name


def _take_transform(box: bpy.types.Object, root: bpy.types.Object) -> None:
    """Copy parent, transform, constraints and animation from the placeholder to the root.

    The root's own transform is kept on top.
    """
    own = reshaped(box) @ root.matrix_basis
    root.parent = box.parent
    root.parent_type = box.parent_type
    root.parent_bone = box.parent_bone
    if box.parent_type in ("VERTEX", "VERTEX_3"):
        cast(Any, root).parent_vertices = box.parent_vertices
    root.matrix_parent_inverse = box.matrix_parent_inverse.copy()
    for channel in CHANNELS:
        setattr(root, channel, getattr(box, channel))
    if own != Matrix.Identity(4) and box.animation_data is not None:  # the animation would overwrite the channels
        _reshape(root, own)
    elif own != Matrix.Identity(4):
        root.matrix_basis = box.matrix_basis @ own
    for constraint in box.constraints:
        cast(Any, root.constraints).copy(constraint)
    _take_animation(box, root)


def _reshape(root: bpy.types.Object, own: Matrix) -> None:
    """Apply the transform to the root's mesh and children instead of to the root."""
    if isinstance(root.data, bpy.types.Mesh):
        root.data.transform(own)
    for child in root.children:
        child.matrix_parent_inverse = own @ child.matrix_parent_inverse


def _take_animation(box: bpy.types.Object, root: bpy.types.Object) -> None:
    """Copy the placeholder's action and drivers to the root."""
    theirs: Any = box.animation_data
    if theirs is None:
        return
    root.animation_data_create()
    ours: Any = root.animation_data
    ours.action = theirs.action
    if theirs.action is not None and hasattr(theirs, "action_slot"):  # Blender 4.4 and later
        ours.action_slot = theirs.action_slot
    for driver in theirs.drivers:
        ours.drivers.from_existing(src_driver=driver)


def _take_view(box: bpy.types.Object, root: bpy.types.Object) -> None:
    """Hide, select and activate the root wherever the placeholder is, and show it in the same local views."""
    for space in local_views():
        if box.local_view_get(space):
            root.local_view_set(space, True)
    for layer in [layer for owner in box.users_scene for layer in owner.view_layers]:
        root.visible_get(view_layer=layer)  # updates the layer, which does not have the root yet
        if all(layer.objects.get(obj.name) == obj for obj in (box, root)):
            if box.hide_get(view_layer=layer):
                root.hide_set(True, view_layer=layer)
            elif box.select_get(view_layer=layer):
                root.select_set(True, view_layer=layer)
            if layer.objects.active == box:
                layer.objects.active = root


def local_views() -> Iterator[bpy.types.SpaceView3D]:
    """Yield every viewport that is in local view."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager is not None else ():
        for area in window.screen.areas:
            space = area.spaces.active
            if isinstance(space, bpy.types.SpaceView3D) and space.local_view is not None:
                yield space
