# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the turn, the size and the place at which a model, seen by the picture's camera, covers the subject best.

The model is a cloud of points on its surface. Each turn about Z is tried with the size and the place that make the
model's box the subject's; the best few are refined. How well a turn fits: the overlap of the outlines (the share of
their union), and a little for how the colours of what lies in front go together.

What a picture cannot tell is told apart from what was not found: of a cube, a vase or a ball several turns fit alike.

Nor does a picture tell how far away the model stands: a small thing nearby looks like a large one. In perspective,
scaling about the eye changes no pixel; without it, sliding along the view does not. So the depth comes from what the
scene knows: the ground, an object, or a point.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..picture.pixels import Array, texels
from .view import CELLS, Camera, Subject

COUNT, SEED = 20_000, 1  # of the points on a model; the same model gives the same answer
TURNS = 72  # tried: one every 5 degrees
FEW, COARSE, FINE = 1_500, 6_000, 10_000  # points: for the box, to tell good turns from bad ones, to refine
BOXED = 4  # rounds after which the model's box is the subject's
DISTANCE = 10.0  # of the model's size, before its depth is known
TURN_STEP, SIZE_STEP, TILT_STEP = math.radians(5), 0.05, math.radians(4)  # the first ones of refining
LAST_STEP = 0.08  # of the first
MOST_TILT = math.radians(8)  # of a model that Trellis makes upright
COLOUR, MORE_COLOUR = 0.15, 0.5  # the weight of the colours against the outline's
REFINED = 3
APART = math.radians(25)  # turns that lie nearer are one and the same answer
LEAST_MARGIN = 0.04  # by which the best turn's score must lead, or the turn is not known
SURE_MARGIN = 0.08  # below, the outline alone and the colours must lead to turns that lie as near as
AGREE = math.radians(12)
LEAST_OVERLAP = 0.75
QUANTILES = (0.005, 0.995)  # of the points: what the box of a model takes in
FEW_IN_FRONT = 32  # cells in which both are seen, to compare colours
LOWEST = 0.002  # of the points may lie below what counts as the model's base
FLATTEST = math.sin(math.radians(4.0))  # a line of sight that meets the ground at less tells no depth
NO_TURN = "Several turns fit the picture alike"
NO_FIT = "The model's outline does not fit the picture's"
NO_EDGE = "The picture does not set its subject off from the background"
NO_BOX = "The picture shows too little of its subject"
NO_DEPTH = "Nothing tells how far away the model stands"


@dataclass(frozen=True)
class Pose:
    """A turn about Z in radians, a factor of the size, and a place in the world for the middle of the points."""

    turn: float
    size: float
    place: Array
    tilt: tuple[float, float] = (0.0, 0.0)  # about the world's X and Y, in radians

    @property
    def rotation(self) -> Array:
        """Return its rotation: (3, 3)."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        about_z = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        cx, sx, cy, sy = (f(angle) for angle in self.tilt for f in (math.cos, math.sin))
        about_x = np.array([[1.0, 0.0, 0.0], [0.0, cx, -sx], [0.0, sx, cx]])
        about_y = np.array([[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]])
        turned: Array = about_y @ about_x @ about_z
        return turned

    def put(self, points: Array) -> Array:
        """Return where the points are, (n, 3), given around their middle."""
        return (points @ self.rotation.T) * self.size + self.place


@dataclass(frozen=True)
class Cloud:
    """Points on a model's surface in random order, around their middle: (n, 3), and their colours, (n, 3) 0 to 1."""

    points: Array
    colours: Array | None

    def first(self, count: int) -> Cloud:
        """Return a cloud of the first points."""
        return Cloud(self.points[:count], None if self.colours is None else self.colours[:count])


@dataclass(frozen=True)
class Fit:
    """The best pose. `overlap`: of the outlines, 0 to 1. `doubt`: why it is not sure, empty if it is."""

    pose: Pose
    overlap: float
    doubt: str


def scatter(
    positions: Array, triangles: Array, uvs: Array | None, slots: Array | None, textures: Sequence[Array | None]
) -> tuple[Cloud, Array]:
    """Return points in random order, as many to an area everywhere, and the place that they are given around: (3).

    `positions`: (vertices, 3) float32. `triangles`: (faces, 3) int32. `uvs`: (faces, 3, 2) float32, None without.
    `slots`: each face's material, (faces) int32; None with one material. `textures`: of each material, (height, width,
    3 or 4) uint8 as stored, the bottom row first; None if it has none. Raises ValueError if the surface has no area.
    """
    draw = np.random.default_rng(SEED)
    first, second, third = (positions[triangles[:, corner]] for corner in range(3))
    areas = np.linalg.norm(np.cross(second - first, third - first), axis=1)
    up_to = np.cumsum(np.nan_to_num(areas), dtype=np.float64)
    if not len(up_to) or not up_to[-1] > 0:
        raise ValueError("no area")
    face = np.searchsorted(up_to, draw.random(COUNT) * up_to[-1], side="right").clip(0, len(up_to) - 1)
    across, along = draw.random((2, COUNT), dtype=np.float32)
    is_over = across + along > 1
    across[is_over], along[is_over] = 1 - across[is_over], 1 - along[is_over]
    weights = np.stack([1 - across - along, across, along], axis=1)
    corners = positions[triangles[face]]
    points = np.einsum("nc,ncx->nx", weights, corners).astype(np.float32)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    if uvs is None or all(texture is None for texture in textures):
        return Cloud(points - middle, None), middle.astype(np.float64)
    places = np.einsum("nc,ncx->nx", weights, uvs[face])
    colours = np.full((COUNT, 3), 0.5, np.float32)  # grey where there is no texture
    for slot, texture in enumerate(textures):
        if texture is not None:
            mine = slice(None) if slots is None else slots[face] == slot
            colours[mine] = texels(texture, places[mine])[:, :3].astype(np.float32) / 255
    return Cloud(points - middle, colours), middle.astype(np.float64)


def fit(cloud: Cloud, camera: Camera, subject: Subject, *, may_tilt: bool = False) -> Fit | None:
    """Return how the model fits the picture best; None if the picture shows too little of the subject to tell.

    Its depth is arbitrary: see `on_ground` and `at_point`. `may_tilt`: the model need not stand upright.
    """
    if not (subject.ends[0] or subject.ends[2]) and not (subject.ends[1] or subject.ends[3]):
        return None
    search = _Search(cloud, camera, subject)
    coarse = search.coarse()
    best, second = search.best(coarse, COLOUR, REFINED)
    margin, doubt = best.score - second.score, ""
    if best.overlap < LEAST_OVERLAP:
        doubt = NO_FIT
    elif margin < LEAST_MARGIN:
        doubt = NO_TURN
    elif margin < SURE_MARGIN:
        outline, coloured = (search.best(coarse, weight, 1)[0] for weight in (0.0, MORE_COLOUR))
        doubt = NO_TURN if _apart(outline, coloured) > AGREE else ""
    return Fit(best.pose if may_tilt else replace(best.pose, tilt=(0.0, 0.0)), best.overlap, doubt)


@dataclass(frozen=True)
class _Try:
    pose: Pose
    overlap: float
    likeness: float
    weight: float

    @property
    def score(self) -> float:
        return self.overlap + self.weight * self.likeness


class _Search:
    """Tries poses of one model for one picture, and keeps what is the same for all of them."""

    def __init__(self, cloud: Cloud, camera: Camera, subject: Subject) -> None:
        self._cloud, self._camera, self._subject = cloud, camera, subject
        box, grid = subject.box, subject.grid
        self._full = camera.projection @ np.linalg.inv(camera.matrix)  # from the world to the frame, homogeneous
        near, along = camera.ray(np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]))
        self._distance = DISTANCE * max(1e-6, float(np.ptp(cloud.points, axis=0).max()))
        self._anchor = near + along * self._distance
        self._cell = np.array([(grid[2] - grid[0]) / CELLS, (grid[3] - grid[1]) / CELLS])
        self._wanted = subject.covered & subject.known
        self._pictured = subject.colours.reshape(-1, 3)

    def coarse(self) -> list[_Try]:
        """Return a try for each turn, whose box is the subject's."""
        few, tries = self._cloud.first(COARSE), []
        for number in range(TURNS):
            pose = Pose(math.tau * number / TURNS, 1.0, self._anchor)
            for _ in range(BOXED):
                pose = self._nearer(few, pose)
            tries.append(self._tried(few, pose, COLOUR))
        return tries

    def best(self, coarse: Sequence[_Try], weight: float, count: int) -> tuple[_Try, _Try]:
        """Return the best try of all that refining so many leads to, and the best of those that lie apart from it."""
        ordered = sorted((replace(each, weight=weight) for each in coarse), key=lambda each: -each.score)
        chosen: list[_Try] = []
        for each in ordered:
            if all(_apart(each, other) > APART for other in chosen):
                chosen.append(each)
            if len(chosen) == count:
                break
        refined = [self._refined(each) for each in chosen]
        best = max(refined, key=lambda each: each.score)
        others = [each for each in (*refined, *ordered) if _apart(each, best) > APART]
        return best, max(others, key=lambda each: each.score)

    def _nearer(self, cloud: Cloud, pose: Pose) -> Pose:
        """Return the pose scaled and moved so that the sides of both boxes meet where the subject's are known."""
        places, _ = self._seen(cloud.first(FEW), pose)
        low, high = np.quantile(places, QUANTILES, axis=1)
        box, ends = self._subject.box, self._subject.ends
        wanted_low, wanted_high = np.array(box[:2]), np.array(box[2:])
        is_whole = np.array([ends[0] and ends[2], ends[1] and ends[3]])
        ratios = (wanted_high - wanted_low) / np.maximum(high - low, 1e-9)
        scale = (
            float(np.exp(np.log(np.maximum(ratios[is_whole], 1e-9)).mean())) if is_whole.any() else float(ratios.max())
        )
        middle, half = (low + high) / 2, (high - low) / 2 * scale
        target = (wanted_low + wanted_high) / 2
        for axis in range(2):
            if is_whole[axis] or not (ends[axis] or ends[axis + 2]):
                continue
            target[axis] = wanted_low[axis] + half[axis] if ends[axis] else wanted_high[axis] - half[axis]
        return self._moved(replace(pose, size=pose.size * scale), target - middle)

    def _moved(self, pose: Pose, across: Array) -> Pose:
        """Return the pose moved by a step in the frame."""
        camera = self._camera
        depth = self._distance if camera.is_perspective else 1.0
        step = np.array([across[0] / camera.projection[0, 0], across[1] / camera.projection[1, 1]]) * depth
        return replace(pose, place=pose.place + camera.matrix[:3, :2] @ step)

    def _seen(self, cloud: Cloud, pose: Pose) -> tuple[Array, Array]:
        """Return the points' places in the frame, (2, n), and how far away they are, (n), both float32."""
        turned = self._full[:, :3] @ (pose.rotation * pose.size)
        flat = turned.astype(np.float32) @ cloud.points.T
        flat += (self._full[:, :3] @ pose.place + self._full[:, 3]).astype(np.float32)[:, None]
        if self._camera.is_perspective:
            away = np.maximum(flat[3], np.float32(1e-6))
            return flat[:2] / away, away
        return flat[:2], flat[2]

    def _tried(self, cloud: Cloud, pose: Pose, weight: float) -> _Try:
        subject = self._subject
        places, away = self._seen(cloud, pose)
        column = ((places[0] - subject.grid[0]) / self._cell[0]).astype(np.int32)
        row = ((subject.grid[3] - places[1]) / self._cell[1]).astype(np.int32)
        is_inside = (column.view(np.uint32) < CELLS) & (row.view(np.uint32) < CELLS)
        inside = np.flatnonzero(is_inside)
        cell = row[inside] * CELLS + column[inside]
        covered = np.zeros(CELLS * CELLS, bool)
        covered[cell] = True
        mask = _closed(covered.reshape(CELLS, CELLS)) & subject.known
        outside = 1.0 - len(inside) / len(column) if all(subject.ends) else 0.0
        union = np.count_nonzero(mask | self._wanted) * (1.0 + outside)
        overlap = float(np.count_nonzero(mask & self._wanted) / max(union, 1.0))
        likeness = 0.0
        if cloud.colours is not None and weight:
            order = np.argsort(-away[inside])
            front = np.full(CELLS * CELLS, -1, np.int64)
            front[cell[order]] = inside[order]  # the last one written stays: the nearest
            both = np.flatnonzero((front >= 0) & self._wanted.ravel())
            if len(both) >= FEW_IN_FRONT:
                likeness = _likeness(cloud.colours[front[both]], self._pictured[both])
        return _Try(pose, overlap, likeness, weight)

    def _refined(self, start: _Try) -> _Try:
        """Return the best try near this one: steps that become smaller, along turn, size, place and tilt."""
        cloud, weight = self._cloud.first(FINE), start.weight
        best = self._tried(cloud, start.pose, weight)
        step = 1.0
        while step > LAST_STEP:
            is_better = False
            for direction in np.eye(6):
                for by in (step, -step):
                    tried = self._tried(cloud, self._stepped(best.pose, direction * by), weight)
                    if tried.score > best.score + 1e-6:
                        best, is_better = tried, True
                        break
            if not is_better:
                step /= 2
        return best

    def _stepped(self, pose: Pose, steps: Array) -> Pose:
        """Return the pose after so many steps along its turn, its size, its place across and up, and its tilts: (6)."""
        turn, size = pose.turn + TURN_STEP * steps[0], pose.size * (1 + SIZE_STEP * steps[1])
        place = self._moved(pose, steps[2:4] * 2 * self._cell).place
        tilt = np.clip(pose.tilt + TILT_STEP * steps[4:], -MOST_TILT, MOST_TILT)
        return Pose(turn, size, place, (tilt[0], tilt[1]))


def _apart(one: _Try, other: _Try) -> float:
    turn = (one.pose.turn - other.pose.turn) % math.tau
    return min(turn, math.tau - turn)


def _closed(covered: Array) -> Array:
    """Return the cells with the gaps between points filled: those with covered cells on two opposite sides."""
    padded = np.pad(covered, 1)
    across, down = padded[1:-1, :-2] & padded[1:-1, 2:], padded[:-2, 1:-1] & padded[2:, 1:-1]
    closed: Array = covered | across | down
    return closed


def _likeness(ours: Array, theirs: Array) -> float:
    """Return how the colours go together, -1 to 1, whatever their brightness."""
    first, second = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float((first * second).sum()) / size if size > 1e-6 else 0.0


def on_ground(pose: Pose, cloud: Cloud, camera: Camera, height: float = 0.0) -> Pose | None:
    """Return the pose whose base is at that height; None if the camera looks along the ground or from below it."""
    base = float(np.quantile((cloud.points @ pose.rotation.T)[:, 2], LOWEST)) * pose.size + pose.place[2]
    foot = np.array([pose.place[0], pose.place[1], base])
    if not camera.is_perspective:
        down = -float(camera.backward[2])
        if down > -FLATTEST:
            return None
        return replace(pose, place=pose.place - camera.backward * ((height - base) / down))
    sight = foot - camera.eye
    drop, above = -float(sight[2]), float(camera.eye[2]) - height
    if above <= 0 or drop < FLATTEST * float(np.linalg.norm(sight)):
        return None
    return _scaled(pose, camera, above / drop)


def at_point(pose: Pose, camera: Camera, point: Array) -> Pose | None:
    """Return the pose that is as far along the view as the point, (3); None if that lies behind the camera."""
    wanted = float((camera.eye - point) @ camera.backward)
    now = float((camera.eye - pose.place) @ camera.backward)
    if not camera.is_perspective:
        return replace(pose, place=pose.place - camera.backward * (wanted - now))
    return _scaled(pose, camera, wanted / now) if wanted > 1e-6 and now > 1e-6 else None


def _scaled(pose: Pose, camera: Camera, factor: float) -> Pose:
    return replace(pose, size=pose.size * factor, place=camera.eye + (pose.place - camera.eye) * factor)
