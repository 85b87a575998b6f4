# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves models to where their pictures show them, as soon as the background Blender has found out where that is.

Or puts a model in the place of its block-out: the objects that were selected when its picture was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from mathutils import Matrix, Vector

from ...core.errors import Text, TrellisError
from ...core.job.folder import MODEL_FILE
from ...core.job.job import Job
from ...core.picture.viewpoint import Viewpoint
from ...host import busy
from ...host.at_need import AtNeed
from ...host.background.model_client import ModelClient
from ...host.translation import translated
from .. import asset, placeholder, recipe
from ..place import SOLID, bounds, corners, foot, moved

if TYPE_CHECKING:
    from . import projecting
else:  # it brings numpy
    projecting = AtNeed("scene.pictured.projecting")

ASIDE = 0.01  # of the model's extent
WHOLE = (-1.0, -1.0, 1.0, 1.0)
GAP = 0.25  # of the model's width, between two models of one picture
TOUCH = 0.02  # of the model's extent: what overlaps by less only touches
PICTURE = f"{recipe.PREFIX}picture_sha256"
BLOCK_OUT = "Block-Out"  # the collection of the parts that models have replaced


@dataclass
class Request:
    """Models to move in one step. `objects`: the `session_uid` and the job of each.

    `viewpoint`: the camera for jobs without one of their own. `moves`: they are moved there. `projects`: the picture is
    projected onto them. `replaces`: they are put in the place of their block-outs. `found`: the answers so far.
    """

    objects: list[tuple[int, Job]]
    may_tilt: bool = False
    viewpoint: Viewpoint | None = None
    moves: bool = True
    projects: bool = False
    replaces: bool = False
    found: list[tuple[int, Job, Mapping[str, Any]]] = field(default_factory=list)


@dataclass
class Aligning:
    """The models that wait to be moved, one at a time.

    `tell` says what came of it. `begin` begins a step on a model: its name and its settings.
    """

    root: Path
    tell: Callable[[str], None]
    begin: Callable[[str, bpy.types.Object, Mapping[str, Any]], object]
    waiting: list[Request] = field(default_factory=list)
    client: ModelClient = field(default_factory=ModelClient)

    @property
    def is_busy(self) -> bool:
        """Return whether there is anything left to do."""
        return bool(self.waiting)

    def add(self, models: Sequence[tuple[bpy.types.Object, Job]], **wanted: Any) -> None:
        """Move these models, in one step. `wanted`: see `Request`."""
        self.waiting.append(Request([(obj.session_uid, job) for obj, job in models], **wanted))

    def leave_file(self) -> None:
        """Forget all models, because another file is open."""
        self.client.stop()
        self.waiting.clear()

    def step(self) -> bool:
        """Take the answer for a model, ask for the next one, and move all of a request. Return whether any moved."""
        if not self.waiting:
            return False
        request = self.waiting[0]
        if self.client.task is not None:
            if not self.client.task.done():
                return False
            self._take(request)
        if request.objects:
            self._ask(request)
            return False
        if busy.busy_reason(bpy.context, ()):
            return False
        self.waiting.pop(0)
        if not self.waiting:
            self.client.stop()
        return self._move(request)

    def _ask(self, request: Request) -> None:
        """Have the background Blender look for the first model of the request."""
        uid, job = request.objects[0]
        viewpoint, folder = job.viewpoint or request.viewpoint, self.root / job.id
        if viewpoint is None or _found(uid) is None or not job.picture:
            request.objects.pop(0)
            return
        wanted = {
            "viewpoint": viewpoint.as_json(),
            "shows": shown_part(job),
            "may_tilt": request.may_tilt,
            "knows_ground": not request.replaces,  # the block-out tells the depth better
            "points": [list(point) for point in _depths(viewpoint)],
        }
        self.client.begin_align(folder / MODEL_FILE, folder / job.picture, wanted)

    def _take(self, request: Request) -> None:
        uid, job = request.objects.pop(0)
        try:
            request.found.append((uid, job, self.client.take()))
        except TrellisError as error:
            self.tell(Text("“{name}” stays where it is: {sentence}", name=job.name, sentence=error.sentence))

    def _move(self, request: Request) -> bool:
        """Move the models that the background Blender is sure of, as one undo step. Return whether any moved.

        Models of one picture would all stand in the same place: they stand beside each other, in the jobs' order.
        """
        is_moved = False
        last = {uid for uid, _job, _found_there in request.found} if request.moves else set()
        for uid, job, found in sorted(request.found, key=lambda each: each[1].place):
            obj = _found(uid)
            if obj is None:
                continue
            last.discard(uid)
            is_sure = bool(found["matrix"]) and not found["doubt"]
            stands = aligned(obj, found) if is_sure else obj.matrix_world.copy()
            viewpoint = job.viewpoint or request.viewpoint
            parts = block_out_of(job.viewpoint) if request.replaces else []
            if parts:
                replace_block_out(obj, stands, parts, is_fitted=is_sure)
            elif is_sure and request.moves and viewpoint is not None:
                right = Vector((viewpoint.matrix[0], viewpoint.matrix[4], viewpoint.matrix[8]))
                obj.matrix_world = _moved_aside(obj, stands, right, ignored=last)
            is_moved = is_moved or bool(parts) or (is_sure and request.moves)
            is_aside = (obj.matrix_world.translation - stands.translation).length > ASIDE * obj.dimensions.length
            self.tell(_sentence(job, found, is_aside=is_aside, parts=parts))
            if is_sure and request.projects and viewpoint is not None:
                self._project(obj, job, viewpoint, stands)
        if is_moved:
            bpy.ops.ed.undo_push(
                message=translated("Replace the Block-Out" if request.replaces else "Align to Picture")
            )
        return is_moved

    def _project(self, obj: bpy.types.Object, job: Job, viewpoint: Viewpoint, stands: Matrix) -> None:
        picture = self.root / job.id / job.picture
        try:
            self.begin("project", obj, projecting.settings(viewpoint, stands, shown_part(job), picture))
        except TrellisError as error:
            self.tell(error.sentence)


def _sentence(job: Job, found: Mapping[str, Any], *, is_aside: bool, parts: Sequence[Any]) -> str:
    """Return what came of it."""
    doubt = found["doubt"]
    if parts and doubt:
        sentence = "“{name}” has the place of its block-out, but its turn is not known: {found}."
    elif parts:
        sentence = "“{name}” has the place of its block-out: {share} % of the outlines overlap."
    elif doubt or not found["matrix"]:
        sentence = "“{name}” stays where it is. {found}: {share} % of the outlines overlap."
    elif is_aside:
        sentence = "“{name}” stands beside the other model of its picture: {share} % of the outlines overlap."
    else:
        sentence = "“{name}” stands where the picture shows it: {share} % of the outlines overlap."
    return Text(sentence, name=job.name, share=round(found["overlap"] * 100), found=doubt)


def shown_part(job: Job) -> tuple[float, float, float, float]:
    """Return the part of the frame that the sent picture shows: left, bottom, right and top, the frame from -1 to 1."""
    if not job.crop:
        return WHOLE
    left, top, right, bottom, width, height = job.crop
    return 2 * left / width - 1, 1 - 2 * bottom / height, 2 * right / width - 1, 1 - 2 * top / height


def aligned(obj: bpy.types.Object, found: Mapping[str, Any]) -> Matrix:
    """Return the object's place in the world. The answer is about the file's model; the object has its own size."""
    low, high = Vector(found["low"]), Vector(found["high"])
    own_low, own_high = bounds(corners(obj, Matrix()))
    own, its = max((own_high - own_low).to_tuple()), max((high - low).to_tuple())
    of_file = moved((own_low + own_high) / 2, (low + high) / 2, its / own if own > 0 else 1.0)
    rows = [found["matrix"][start : start + 4] for start in range(0, 16, 4)]
    return Matrix(rows) @ of_file


def _depths(viewpoint: Viewpoint) -> list[tuple[float, ...]]:
    """Return what lies as far away as the model: the middle of the objects that were selected, and the 3D cursor."""
    assert bpy.context.scene is not None
    points, selected = [bpy.context.scene.cursor.location.copy()], _selected(viewpoint)
    if selected:
        low, high = _extent(selected)
        points.insert(0, (low + high) / 2)
    return [point.to_tuple() for point in points]


# -- models of one picture: all of them would stand in one and the same place


def _moved_aside(obj: bpy.types.Object, matrix: Matrix, right: Vector, *, ignored: Collection[int] = ()) -> Matrix:
    """Return the matrix moved along `right` until the model overlaps no other one of its picture.

    `matrix`: where the model would stand. `ignored`: the `session_uid`s of models that will move as well.
    """
    flat = Vector((right.x, right.y, 0.0))
    across = flat.normalized() if flat.length > 1e-3 else Vector((1.0, 0.0, 0.0))
    # Into axes to the right in the picture, away from the camera, and up.
    turn = Matrix((across.to_tuple(), (-across.y, across.x, 0.0), (0.0, 0.0, 1.0))).to_4x4()
    low, high = bounds(corners(obj, turn @ matrix))
    scene: Any = bpy.context.scene
    picture = obj.get(PICTURE)
    others = [
        bounds(corners(other, turn @ other.matrix_world))
        for other in scene.objects
        if picture is not None and other.get(PICTURE) == picture and other.type == "MESH" and other.visible_get()
        if other != obj and other.session_uid not in ignored
    ]
    touch, shift = TOUCH * (high - low), Vector()
    for near, far in sorted(others, key=lambda extent: extent[0].x):
        overlaps = (high + shift - touch - near).to_tuple() + (far - low - shift - touch).to_tuple()
        if min(overlaps) > 0:
            shift.x = far.x + GAP * (high.x - low.x) - low.x
    return Matrix.Translation(across * shift.x) @ matrix


# -- the block-out


def block_out_of(viewpoint: Viewpoint | None) -> list[bpy.types.Object]:
    """Return the parts of the block-out that still stand in the scene, none if nothing was selected."""
    found = _selected(viewpoint) if viewpoint is not None else []
    standing = (each for each in found if not any(map(_is_for_parts, each.users_collection)))
    return [each for each in standing if each.type in SOLID and not asset.is_model(each)]


def replace_block_out(
    obj: bpy.types.Object, matrix: Matrix, parts: Sequence[bpy.types.Object], *, is_fitted: bool
) -> None:
    """Put the model in the place of these parts, and hide those. It makes no undo step. The model has their parent.

    `is_fitted`: the matrix is where the picture shows the model, as far away as the parts. If not, it only tells the
    turn, and the model has the parts' largest dimension, their middle and their base.
    """
    (low, high), (own_low, own_high) = _extent(parts), bounds(corners(obj, matrix))
    factor = max((high - low).to_tuple()) / max(1e-9, *(own_high - own_low).to_tuple())
    boxed = moved(foot(own_low, own_high), foot(low, high), factor) @ matrix
    parents = {part.parent for part in parts} - set(parts)
    parent = next(iter(parents)) if len(parents) == 1 else None
    if parent is not None and parent != obj:
        obj.parent = parent
        obj.matrix_parent_inverse = parent.matrix_world.inverted_safe()
    obj.matrix_world = matrix if is_fitted else boxed
    _put_away(parts)


def _put_away(parts: Sequence[bpy.types.Object]) -> None:
    """Move the parts to the collection “Block-Out”, which neither the viewport nor a render shows."""
    scene: Any = bpy.context.scene
    kept = next(filter(_is_for_parts, scene.collection.children), None)
    if kept is None or kept.library is not None:
        kept = bpy.data.collections.new(BLOCK_OUT)
        scene.collection.children.link(kept)
    kept.hide_viewport = kept.hide_render = True
    for part in parts:
        placeholder.relink(part, [kept])


def _is_for_parts(collection: bpy.types.Collection) -> bool:
    return collection.name.split(".")[0] == BLOCK_OUT


def _selected(viewpoint: Viewpoint) -> list[bpy.types.Object]:
    """Return the objects that were selected when the picture was taken, and still stand in the scene."""
    scene = bpy.context.scene
    known: Any = scene.objects if scene is not None else {}
    return [known[name] for name in viewpoint.selected if name in known]


def _extent(objects: Sequence[bpy.types.Object]) -> tuple[Vector, Vector]:
    return bounds(corner for obj in objects for corner in corners(obj, obj.matrix_world))


def _found(uid: int) -> bpy.types.Object | None:
    return next((obj for obj in bpy.data.objects if obj.session_uid == uid), None)
