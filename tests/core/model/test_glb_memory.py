"""What a file may cost: memory in proportion to its size, and time in proportion to its length."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.core.model.glb_reading import damage, read
from tests.glbs.draft import FLOAT, UNSIGNED_BYTE, UNSIGNED_INT, Draft, container
from tests.glbs.materials import globe_of
from tests.glbs.pictures import texture
from tests.glbs.plain import whole
from tests.glbs.shapes import wedge
from trellis_blender.core.errors import ModelFileError
from trellis_blender.core.model.arrays import Shape
from trellis_blender.core.model.glb import JSON_BYTES_MAXIMUM, NotPlainError
from trellis_blender.core.model.parts import CORNER_BYTES, EXPANSION_MAXIMUM, ROOM, UV_BYTES, VERTEX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 2**20


def peak(work: Callable[[], object]) -> int:
    """Return the most bytes that were in use at once, above those before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def attempt(file: bytes) -> None:
    """Read the file, or let the reader say why it does not."""
    with contextlib.suppress(ModelFileError, NotPlainError):
        read(file)


def crowd(vertices: int, faces: int, *, uv_maps: int, parts: int, smooth: bool) -> Draft:
    """Return triangles strewn about at random: hardly any edge is shared, and nothing can be welded."""
    rng, draft = np.random.default_rng(1), Draft()
    for _ in range(parts):
        view = draft.view(rng.normal(size=(vertices, 3)).astype(np.float32).tobytes())
        names = {"POSITION": draft.refer(view, FLOAT, vertices, "VEC3")}
        if smooth:
            names["NORMAL"] = names["POSITION"]
        uv = draft.view(rng.random((vertices, 2)).astype(np.float32).tobytes())
        names |= {f"TEXCOORD_{n}": draft.refer(uv, FLOAT, vertices, "VEC2") for n in range(uv_maps)}
        corners = draft.view(rng.integers(vertices, size=faces * 3).astype(np.uint32).tobytes())
        draft.primitive(indices=draft.refer(corners, UNSIGNED_INT, faces * 3, "SCALAR"), **names)
    return draft


@pytest.mark.parametrize("uv_maps", [0, 8])
@pytest.mark.parametrize("parts", [1, 4])
@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize(("vertices", "faces"), [(15_000, 500), (1000, 15_000)])
def test_a_mesh_takes_no_more_memory_than_is_reckoned_for_it(
    vertices: int, faces: int, smooth: bool, parts: int, uv_maps: int
) -> None:
    draft = crowd(vertices, faces, uv_maps=uv_maps, parts=parts, smooth=smooth)
    glb = draft.glb()
    shape = Shape(largest=2.0, keeps_seams=False)
    reckoned = parts * (vertices * VERTEX_BYTES + 3 * faces * (CORNER_BYTES + uv_maps * UV_BYTES))
    used = peak(lambda: read(glb, shape)) - len(glb)
    assert used < reckoned + MEGABYTE, f"{used / reckoned:.2f} of what is reckoned"


def test_indices_of_8_bits_take_no_more_memory_than_the_bound_allows() -> None:
    draft, corners = Draft(), 3_000_000
    indices = draft.view(np.random.default_rng(1).integers(256, size=corners).astype(np.uint8).tobytes())
    position = draft.accessor(np.random.default_rng(2).normal(size=(256, 3)).tolist())
    draft.primitive(indices=draft.refer(indices, UNSIGNED_BYTE, corners, "SCALAR"), POSITION=position)
    glb = draft.glb()
    assert peak(lambda: attempt(glb)) < len(glb) * (EXPANSION_MAXIMUM + 1) + ROOM


def test_a_lying_count_takes_no_memory() -> None:
    draft = whole(wedge())
    draft.json["accessors"][0]["count"] = 2**31
    glb = draft.glb()
    assert peak(lambda: damage(glb)) < MEGABYTE


def test_a_chunk_that_says_4_gigabytes_takes_no_memory() -> None:
    glb = bytearray(whole(wedge()).glb())
    glb[12:16] = b"\xff\xff\xff\xff"
    assert peak(lambda: damage(bytes(glb))) < MEGABYTE


@pytest.mark.parametrize("piece", [b"{},", b"[],", b'{"a":0},', b"[0],", b"1.5,"])
def test_json_takes_no_more_than_30_times_its_size(piece: bytes) -> None:
    text = b'{"nodes":[' + piece * (MEGABYTE // 8 // len(piece)) + b"0]}"
    assert peak(lambda: damage(container(text))) < 30 * len(text)
    assert JSON_BYTES_MAXIMUM * 30 <= 120 * MEGABYTE


def test_images_that_share_their_bytes_do_not_multiply_them() -> None:
    draft = Draft()
    first = draft.image(texture() + bytes(MEGABYTE))
    view = draft.json["images"][first]["bufferView"]
    for _ in range(20):
        draft.json["images"].append({"bufferView": view})
        draft.json["textures"].append({"source": len(draft.json["images"]) - 1})
    globe_of(draft)
    primitive = draft.json["meshes"][0]["primitives"][0]
    draft.json["materials"] = [{"emissiveTexture": {"index": number}} for number in range(20)]
    draft.json["meshes"][0]["primitives"] = [{**primitive, "material": number} for number in range(20)]
    glb = draft.glb()
    assert peak(lambda: damage(glb)) < 6 * MEGABYTE
    assert damage(glb) == "its images overlap"


def seconds(file: bytes) -> float:
    """Return how long the reader takes, whatever comes of it."""
    begun = time.process_time()
    attempt(file)
    return time.process_time() - begun


def test_many_materials_and_textures_do_not_multiply_the_time() -> None:
    count = 4000
    draft = globe_of(Draft())
    draft.json["images"] = [{"bufferView": draft.view(texture())}]
    draft.json["textures"] = [{"source": 0}] * 100_000
    draft.json["materials"] = [{"emissiveTexture": {"index": number}} for number in range(count)]
    primitive = draft.json["meshes"][0]["primitives"][0]
    draft.json["meshes"][0]["primitives"] = [{**primitive, "material": number} for number in range(count)]
    assert seconds(draft.glb()) < 5


def test_many_nodes_of_many_parts_do_not_multiply_the_time() -> None:
    draft = Draft()
    position = draft.accessor(wedge().positions[:3])
    for _ in range(10_000):
        draft.primitive(POSITION=position)
    draft.json["nodes"] = [{"mesh": 0}] * 30_000
    draft.json["scenes"][0]["nodes"] = list(range(30_000))
    assert seconds(draft.glb()) < 5
