"""A model's thumbnail: it shows the model as the eye in front of it would, whole, in its own colours."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trellis_blender.core.model.arrays import Material, MeshArrays, Model, Texture
from trellis_blender.core.model.thumbnail import SIDE, picture_of
from trellis_blender.core.picture.encode import png
from trellis_blender.core.picture.pixels import encoded, linear, resized

RED, GREEN, BLUE, WHITE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0)
# The faces of a cube from -1 to 1, each as axis, side and colour: to the front (-Y) red, to the right green, up blue.
SIDES = ((1, -1, RED), (0, 1, GREEN), (2, 1, BLUE), (1, 1, WHITE), (0, -1, WHITE), (2, -1, WHITE))


def material(colour: tuple[float, ...] = WHITE, texture: Texture | None = None) -> Material:
    return Material("", (*colour, 1.0), texture, 0.0, 1.0, None, None, 1.0, None, 1.0, (0.0,) * 3, None, False, True)


def square(axis: int, side: float, pieces: int = 1) -> tuple[Any, Any]:
    """A side of the cube as (triangles, 3, 3) positions and (triangles, 3, 2) UVs, in pieces² squares."""
    ticks = np.linspace(0, 1, pieces + 1)
    corners = [(x, y) for x in range(pieces) for y in range(pieces)]
    steps = np.array([[(0, 0), (1, 0), (1, 1)], [(0, 0), (1, 1), (0, 1)]])
    uv = ticks[np.concatenate([steps + corner for corner in corners])]
    positions = np.insert(uv * 2 - 1, axis, side, axis=2)
    return positions.astype(np.float32), uv.astype(np.float32)


def model(parts: list[tuple[Any, Any]], materials: list[Material]) -> Model:
    """A model of these parts, each with a material."""
    positions, uvs = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    slots = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part[0]) for part in parts])
    none, corners = np.zeros(0, np.int32), np.arange(positions.size // 3, dtype=np.int32)
    mesh = MeshArrays(positions.ravel(), corners, none, none, (uvs.ravel(),), slots, None, None, None, none, None)
    return Model(mesh, tuple(materials), {})


def cube(pieces: int = 1) -> Model:
    return model([square(*side[:2], pieces) for side in SIDES], [material(side[2]) for side in SIDES])


def dominant(pixels: Any) -> Any:
    """For each pixel: 0, 1, 2 for red, green, blue, 3 for a mixture, -1 for nothing."""
    colours = pixels[..., :3].astype(int)
    best = colours.argmax(axis=-1)
    rest = colours.sum(axis=-1) - colours.max(axis=-1)
    return np.where(pixels[..., 3] < 255, -1, np.where(rest > colours.max(axis=-1), 3, best))


@pytest.mark.parametrize("pieces", [1, 7, 200], ids=["12 faces", "588 faces", "480,000 faces"])
def test_a_cube_shows_its_front_its_right_and_its_top_without_holes(pieces: int) -> None:
    pixels = picture_of(cube(pieces), {})
    found = dominant(pixels)
    rows, columns = (np.array([np.argwhere(found == n).mean(axis=0) for n in range(3)])).T
    assert rows[2] > max(rows[:2]) + 40, "the top is not above"
    assert columns[1] > columns[0] + 40, "the right side is not on the right"
    assert not (found == 3).sum() > 0.05 * (found >= 0).sum(), "a hidden side shows"
    touched = np.pad(pixels[..., 3] > 0, 1)
    around = np.lib.stride_tricks.sliding_window_view(touched, (3, 3)).sum(axis=(2, 3)) - touched[1:-1, 1:-1]
    assert (pixels[..., 3][around == 8] == 255).all(), "there is a hole"


def test_a_red_model_is_red_and_lit_from_above() -> None:
    pixels = picture_of(model([square(*side[:2]) for side in SIDES], [material(RED)] * 6), {})
    shown = pixels[pixels[..., 3] == 255]
    assert (shown[:, 0] > 100).all()
    assert (shown[:, 1:3] < 20).all()
    column = pixels[:, SIDE // 2]
    filled = np.flatnonzero(column[:, 3] == 255)
    assert column[filled[-5], 0] > column[filled[5], 0]


def test_the_model_is_as_large_as_the_picture_and_in_its_middle() -> None:
    long = cube()
    long.mesh.positions.reshape(-1, 3)[:, 2] *= 5
    long.mesh.positions.reshape(-1, 3)[:] += (100, 200, 300)
    filled = np.argwhere(picture_of(long, {})[..., 3] > 0)
    low, high = filled.min(axis=0), filled.max(axis=0)
    assert abs((low + high) / 2 - (SIDE - 1) / 2).max() < 1.5
    assert SIDE - 12 < high[0] - low[0] < SIDE


def test_the_texture_stands_the_right_way_up() -> None:
    upper = np.zeros((8, 8, 4), np.float32)
    upper[:4], upper[4:] = (*RED, 1), (*GREEN, 1)  # bottom row first, as Blender has it
    texture = Texture(0, 0, "REPEAT", "Linear")
    pixels = picture_of(model([square(1, -1)], [material(texture=texture)]), {0: upper})
    found = dominant(pixels)
    assert np.argwhere(found == 1)[:, 0].mean() > np.argwhere(found == 0)[:, 0].mean() + 50
    assert not (found == 2).any()


def test_a_texture_that_is_not_there_leaves_the_model_to_be_seen() -> None:
    pixels = picture_of(model([square(1, -1)], [material(texture=Texture(0, 0, "REPEAT", "Linear"))]), {})
    assert (pixels[..., 3] == 255).mean() > 0.2


@pytest.mark.parametrize("extent", [0.0, 1e-30, 1e30])
def test_a_model_of_any_size_has_a_thumbnail(extent: float) -> None:
    small = cube()
    small.mesh.positions[:] *= np.float32(extent)
    assert picture_of(small, {})[..., 3].any()


def test_light_is_turned_into_colours_and_back() -> None:
    values = np.linspace(0, 1, 256, dtype=np.float32)
    assert np.allclose(encoded(linear(values)), values, atol=1e-5)
    assert encoded(np.array([0.5]))[0] == pytest.approx(0.7354, abs=1e-3)


def test_each_pixel_of_a_smaller_picture_is_the_mean_of_its_part() -> None:
    image = np.arange(6 * 10 * 1, dtype=np.float32).reshape(6, 10, 1)
    small = resized(image, 3, 5)
    assert small[0, 0, 0] == image[:2, :2].mean()
    assert small[2, 4, 0] == image[4:, 8:].mean()


def test_a_png_is_what_others_read() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (5, 3, 4), np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(png(pixels)))) == pixels).all()
