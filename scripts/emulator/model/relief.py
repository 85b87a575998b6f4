# SPDX-License-Identifier: GPL-3.0-or-later
"""From a picture to a GLB: a stand-in for Trellis 2 that keeps to the structure of its files, not to its quality.

The model is a solid relief: a cushion in the outline of the picture (its alpha, or else the whole rectangle), with
front, back and sides, whose height follows the brightness. Axes are those of glTF: Y up, the picture's front facing +Z.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

from .atlas import paint_atlas
from .flawed_mesh import spoil
from .flawed_textures import spoil_textures
from .order import Order
from .preprocess import preprocess
from .relief_mesh import Bools, build_mesh
from .textured_glb import write_glb

_SOLID = 128
"""The alpha from which on a pixel belongs to the subject."""
_TOLERANCE = 0.02
_ATTEMPTS = 12

Heights = npt.NDArray[np.float64]


def make_relief(order: Order) -> tuple[bytes, int, int]:
    """Return the GLB for `order`, its number of faces (within 2 % of those ordered) and of vertices.

    Flaws may add to both.

    Raises:
        PictureError: TRELLIS.2 would fail on the picture.
        ValueError: the outline of the picture does not allow that number of faces.
    """
    subject, outline = _crop(preprocess(order.picture))
    mask = _fit_grid(outline, order.faces)
    front, back = _heights(subject, outline, (mask.shape[0] + 1, mask.shape[1] + 1), order.seed)
    mesh = spoil(build_mesh(mask, front, back, subject.width / subject.height), order.flaws)
    glb = write_glb(
        mesh,
        spoil_textures(paint_atlas(subject, order.texture_size), order.flaws),
        order.texture_format,
        double_sided=order.double_sided,
        with_normals="no_normals" not in order.flaws,
        note="Made by the API emulator from the picture alone.",
    )
    return glb, len(mesh.indices) // 3, len(mesh.positions)


def _crop(image: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Return the picture and its outline (L, 255 within), cut to the subject."""
    outline = image.getchannel("A").point(lambda alpha: 255 if alpha >= _SOLID else 0)
    box = outline.getbbox()
    return image.crop(box), outline.crop(box)


def _fit_grid(outline: Image.Image, faces: int) -> Bools:
    """Return the outline on a grid of cells, so many that a mesh of it has about `faces` triangles.

    A cell gives four triangles (front and back), an edge of the outline two. The shorter side is set once, the
    longer one is tried until the count fits.
    """
    width, height = outline.size
    filled = outline.histogram()[255] / (width * height)
    cells = faces / 4 / filled
    short_is_width = width < height
    aspect = min(width, height) / max(width, height)
    short = max(2, round((cells * aspect) ** 0.5))
    long = max(2, round(cells / short))
    best, best_error = None, float("inf")
    for _ in range(_ATTEMPTS):
        mask = _rasterize(outline, (short, long) if short_is_width else (long, short))
        count = _count_faces(mask)
        if abs(count - faces) < best_error:
            best, best_error = mask, abs(count - faces)
        nearer = max(2, round(long * faces / count))
        if nearer == long:
            break
        long = nearer
    if best is None or best_error > faces * _TOLERANCE:
        raise ValueError(f"the outline of the picture does not allow a mesh of {faces} faces")
    return best


def _rasterize(outline: Image.Image, size: tuple[int, int]) -> Bools:
    mask: Bools = np.asarray(outline.resize(size, Image.Resampling.BILINEAR)) >= _SOLID
    if not mask.any():
        mask = np.asarray(outline.resize(size, Image.Resampling.BOX)) > 0
    return _without_pinches(mask)


def _without_pinches(mask: Bools) -> Bools:
    """Return the mask with cells that touch at a corner only joined, for the edge there would have four faces."""
    mask = mask.copy()
    while True:
        a, b, c, d = mask[:-1, :-1], mask[:-1, 1:], mask[1:, :-1], mask[1:, 1:]
        falling = a & d & ~b & ~c
        rising = b & c & ~a & ~d
        if not (falling.any() or rising.any()):
            return mask
        b |= falling
        a |= rising


def _count_faces(mask: Bools) -> int:
    padded = np.pad(mask, 1)
    edges = np.count_nonzero(padded[1:] != padded[:-1]) + np.count_nonzero(padded[:, 1:] != padded[:, :-1])
    return 4 * int(np.count_nonzero(mask)) + 2 * int(edges)


def _heights(subject: Image.Image, outline: Image.Image, shape: tuple[int, int], seed: int) -> tuple[Heights, Heights]:
    """Return the heights (glTF z, in the unit of the longest side) of front and back for `shape` grid points."""
    rng = np.random.default_rng(seed)
    cushion = _cushion(outline, shape)
    light = _spread(_small(subject.convert("L"), 96), shape)
    detail = _spread(_small(subject.convert("L"), 320), shape) - light
    dents = _spread(rng.normal(0, 1, (7, 7)), shape)
    swell = 0.16 * (1 + 0.1 * rng.uniform(-1, 1))
    front = 0.02 + cushion * (swell + 0.05 * light + 0.03 * detail + 0.006 * dents)
    back = -0.02 - cushion * (0.6 * swell - 0.006 * dents)
    return np.maximum(front, 0.01), np.minimum(back, -0.01)


def _cushion(outline: Image.Image, shape: tuple[int, int]) -> Heights:
    """Return 0 on the outline, rising to 1 deep inside: how far blurs of several widths see no edge."""
    small = np.pad(_small(outline, 96), 24)
    total = np.zeros_like(small)
    for radius in (3, 8, 20):
        blurred = small
        for _ in range(2):
            blurred = _box_blur(_box_blur(blurred, radius).T, radius).T
        total += np.clip(2 * blurred - 1, 0, 1) / 3
    return np.sqrt(np.clip(_spread(total[24:-24, 24:-24], shape), 0, 1))


def _box_blur(values: Heights, radius: int) -> Heights:
    """Return the mean of each value and its `radius` neighbours up and down; beyond the border there is 0."""
    padded = np.pad(values, ((radius + 1, radius), (0, 0)))
    sums = np.cumsum(padded, axis=0)
    return (sums[2 * radius + 1 :] - sums[: -2 * radius - 1]) / (2 * radius + 1)


def _small(image: Image.Image, side: int) -> Heights:
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float64) / 255


def _spread(values: Heights, shape: tuple[int, int]) -> Heights:
    """Return `values` enlarged to `shape` (rows, columns), without steps."""
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), dtype=np.float64)
