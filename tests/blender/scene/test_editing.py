"""A model survives being edited: no edit turns its normals against its faces, whatever normals its file has."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from PIL import Image, ImageDraw

from emulator.model.flaws import ALL_FLAWS, Flaw
from emulator.model.order import Order
from emulator.model.workshop import make
from tests.blender.comparing import build, import_theirs, read
from tests.blender.editing import EDITS, mean_off, share_away
from tests.glbs.plain import whole
from tests.glbs.shapes import Row, Solid, cube, globe

if TYPE_CHECKING:
    from pathlib import Path

MORE_AWAY = 0.005
"""How many more corners than with Blender's own importer may look away from their face."""
DEGREES = 0.5
"""How far kept normals may be off the file's in the mean."""


def dented(solid: Solid) -> Solid:
    """Return the globe with deep, uneven dents."""
    rows: list[Row] = []
    for x, y, z in solid.positions:
        length = 1 + 0.25 * math.sin(5 * x + 1) * math.cos(7 * y) + 0.1 * math.sin(11 * z)
        rows.append((x * length, y * length, z * length))
    return Solid(rows, solid.normals, solid.uvs, solid.triangles)


def area_weighted(solid: Solid) -> Solid:
    """Return the solid with normals as TRELLIS.2's exporter makes them: the sum of the faces' cross products, one for
    each place, so that the vertices on both sides of a UV seam share it.
    """
    rows, triangles = np.array(solid.positions), np.array(solid.triangles)
    places, place = np.unique(rows.round(9), axis=0, return_inverse=True)
    corners = rows[triangles]
    crosses = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    total = np.zeros_like(places)
    for corner in range(3):
        np.add.at(total, place.ravel()[triangles[:, corner]], crosses)
    total /= np.linalg.norm(total, axis=1, keepdims=True)
    return Solid(solid.positions, as_rows(total[place.ravel()]), solid.uvs, solid.triangles)


def with_a_vertex_for_each_corner(solid: Solid) -> Solid:
    """Return the solid with normals that differ at every corner: each leans a little, another way than the next."""
    order = np.array(solid.indices)
    positions = np.array(solid.positions)[order]
    corners = positions.reshape(-1, 3, 3)
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).repeat(3, axis=0)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    leaning = flat + np.random.default_rng(1).normal(scale=0.1, size=flat.shape)
    leaning /= np.linalg.norm(leaning, axis=1, keepdims=True)
    uvs = as_rows(np.array(solid.uvs)[order])
    triangles = [(start, start + 1, start + 2) for start in range(0, len(order), 3)]
    return Solid(as_rows(positions), as_rows(leaning), uvs, triangles)


def relief(*flaws: Flaw) -> bytes:
    """Return a relief in the structure of Trellis 2's models, with these flaws of other generators' files."""
    return bytes(make(Order(picture(), 2000, 64, "png", double_sided=False, seed=1, flaws=frozenset(flaws))).glb)


def picture() -> bytes:
    """Return a ring."""
    image = Image.new("RGBA", (96, 96))
    ImageDraw.Draw(image).ellipse((8, 8, 88, 88), fill=(200, 120, 40, 255))
    ImageDraw.Draw(image).ellipse((36, 36, 60, 60), fill=(0, 0, 0, 0))
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()


def as_rows(array: Any) -> list[Row]:
    """Return a plain list of the array's rows."""
    return [tuple(row) for row in array.tolist()]


BODIES: dict[str, Callable[[], bytes]] = {
    "area-weighted over UV seams": lambda: whole(area_weighted(dented(globe(24, 32)))).glb(),
    "hard-edged": lambda: whole(cube()).glb(),
    "differing at every corner": lambda: whole(with_a_vertex_for_each_corner(dented(globe(12, 16)))).glb(),
    "Trellis 2's structure": relief,
    "flipped patches": lambda: relief("flipped_patches"),
    "all flaws": lambda: relief(*ALL_FLAWS),
}


@pytest.fixture(params=BODIES)
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A file with the body of that name."""
    path = tmp_path / "model.glb"
    path.write_bytes(BODIES[request.param]())
    return path


def theirs(file: Path) -> Any:
    """What Blender's importer makes of the file, in an empty file."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    (thing,) = import_theirs(file)
    return thing


def ours(file: Path, *, keeps_normals: bool) -> Any:
    """What we make of it, in an empty file."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return build(read(file, keeps_normals=keeps_normals))


@pytest.mark.parametrize("keeps_normals", [False, True], ids=["as it comes", "normals kept"])
@pytest.mark.parametrize("edit", EDITS)
def test_no_more_corners_look_away_than_with_blenders_importer(file: Path, edit: str, keeps_normals: bool) -> None:
    wanted = theirs(file)
    EDITS[edit](wanted)
    most = share_away(wanted) + MORE_AWAY
    made = ours(file, keeps_normals=keeps_normals)
    EDITS[edit](made)
    assert share_away(made) <= most


def test_kept_normals_are_the_files(file: Path) -> None:
    model = read(file, keeps_normals=True)
    assert mean_off(build(model), model.mesh.normals.reshape(-1, 3, 3)) <= DEGREES


@pytest.mark.parametrize("keeps_normals", [False, True], ids=["as it comes", "normals kept"])
def test_no_normals_are_stored_that_stay_behind_when_the_mesh_is_edited(file: Path, keeps_normals: bool) -> None:
    attributes = {each.name: each.data_type for each in ours(file, keeps_normals=keeps_normals).data.attributes}
    assert attributes.get("custom_normal", "INT16_2D") == "INT16_2D"
    assert keeps_normals or "custom_normal" not in attributes
