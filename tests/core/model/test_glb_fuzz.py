"""Whatever the bytes are: the reader gives a sound model or says what is wrong, soon, and in little memory.

For some seconds by default; as long as TRELLIS_FUZZ_SECONDS says, where that is set.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
import struct
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.model.glb_reading import read
from tests.glbs.draft import container
from tests.glbs.plain import PLAIN
from trellis_blender.core.errors import ModelFileError
from trellis_blender.core.model.arrays import Shape
from trellis_blender.core.model.glb import NotPlainError

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = float(os.environ.get("TRELLIS_FUZZ_SECONDS", "4"))
SHAPES = (Shape(is_grounded=False), Shape(largest=2.0), Shape(keeps_seams=True))
PEAK_BYTES = 64 * 2**20  # the files have less than 30 kilobytes
SLOW = 10.0
SEEDS = [draft() for draft in PLAIN.values()]
NUMBERS = (0, 1, 2, 3, 4, 5, 12, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63, 2**64)
WORDS = ("POSITION", "NORMAL", "TEXCOORD_0", "COLOR_0", "VEC3", "SCALAR", "MASK", "BLEND", "data:,", "a.png", "")
VALUES: tuple[Any, ...] = (*NUMBERS, *(-n for n in NUMBERS), *WORDS, 5120, 5121, 5126, 0.5, 1e39, 1e300, None, True)
VALUES = (*VALUES, [], {}, [0], [[0]], [{}], {"0": 0}, float("nan"), float("inf"), 10**400)


def try_to_read(file: bytes, shape: Shape = SHAPES[0]) -> None:
    """Read the file: a sound model, or one of our own errors, soon and in little memory."""
    begun = time.monotonic()
    if tracemalloc.is_tracing():
        tracemalloc.reset_peak()
    with contextlib.suppress(ModelFileError, NotPlainError):
        check_sound(read(file, shape))
    assert tracemalloc.get_traced_memory()[1] < PEAK_BYTES  # 0 where nothing is measured
    assert time.monotonic() - begun < SLOW


def check_sound(model: Any) -> None:
    """Nothing in the model points outside it, and every number is one."""
    mesh = model.mesh
    vertices, edges = len(mesh.positions) // 3, len(mesh.edges) // 2
    for array, count in ((mesh.corner_vertices, vertices), (mesh.edges, vertices), (mesh.corner_edges, edges)):
        assert 0 <= int(array.min()) <= int(array.max()) < count
    for array in (mesh.positions, *mesh.uvs, *([] if mesh.normals is None else [mesh.normals])):
        assert np.isfinite(array).all()
    assert mesh.materials is None or int(mesh.materials.max()) < len(model.materials)
    for material in filter(None, model.materials):
        assert all(texture.image in model.images for texture in material.textures)


@pytest.fixture
def traced() -> Iterator[None]:
    """Let memory be measured, which takes time."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def places(node: Any) -> list[tuple[Any, Any]]:
    """Return every field and item of the JSON, as holder and key."""
    found: list[tuple[Any, Any]] = []
    stack = [node]
    while stack:
        holder = stack.pop()
        for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                stack.append(holder[key])
    return found


def any_value(rng: random.Random) -> Any:
    """Return one of the values, by itself: what is changed in it later is not changed in all files to come."""
    return copy.deepcopy(rng.choice(VALUES))


def spoil_json(draft: Any, rng: random.Random) -> bytes:
    """Return the file with one to three fields of its JSON changed, removed or copied from elsewhere."""
    document = json.loads(json.dumps({"buffers": [{"byteLength": len(draft.binary)}], **draft.json}))
    for _ in range(rng.randint(1, 3)):
        holder, key = rng.choice(places(document))
        other_holder, other_key = rng.choice(places(document))
        match rng.randint(0, 3):
            case 0 if isinstance(holder, dict):
                del holder[key]
            case 1:
                holder[key] = json.loads(json.dumps(other_holder[other_key]))
            case 2 if isinstance(holder, dict):
                holder[rng.choice([str(other_key), *WORDS])] = any_value(rng)
            case _:
                holder[key] = any_value(rng)
    return container(document, bytes(draft.binary))


def spoil_bytes(draft: Any, rng: random.Random) -> bytes:
    """Return the file with some bytes changed, cut out or put in; its header mostly says the length that it has."""
    data = bytearray(draft.glb())
    for _ in range(rng.choice((1, 1, 2, 5, 30))):
        place = rng.randrange(len(data) - 4)
        match rng.randint(0, 4):
            case 0:
                data[place] = rng.randrange(256)
            case 1:
                data[place] ^= 1 << rng.randrange(8)
            case 2:
                data[place : place + 4] = struct.pack("<I", rng.choice(NUMBERS) % 2**32)
            case 3:
                del data[place : place + rng.choice((1, 4, 100))]
            case _:
                data[place:place] = rng.randbytes(rng.choice((1, 4, 100)))
        data += bytes(max(0, 24 - len(data)))
    if rng.random() < 0.9:
        data[:12] = struct.pack("<4sII", b"glTF", 2, len(data))
    return bytes(data)


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("spoil", [spoil_json, spoil_bytes])
def test_a_spoilt_file_is_read_or_refused(spoil: Any) -> None:
    end, number = time.monotonic() + SECONDS / 2, 0
    while time.monotonic() < end:
        rng = random.Random(number)
        file = spoil(rng.choice(SEEDS), rng)
        try:
            try_to_read(file, rng.choice(SHAPES))
        except Exception as error:
            raise AssertionError(f"{spoil.__name__} with seed {number}") from error
        number += 1
    assert number > 20


@given(st.binary(max_size=300))
@settings(derandomize=True, deadline=None, max_examples=100)
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises((ModelFileError, NotPlainError)):
        read(data)


def anything() -> st.SearchStrategy[Any]:
    """Any JSON at all, with a liking for the words and numbers of a glTF."""
    fields = (
        "accessors",
        "bufferViews",
        "nodes",
        "meshes",
        "primitives",
        "attributes",
        "indices",
        "materials",
        "count",
    )
    leaves = st.one_of(st.sampled_from(VALUES), st.floats(), st.integers(), st.text(max_size=5))
    keys = st.one_of(st.sampled_from([*fields, *WORDS]), st.text(max_size=5))
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=12)


@given(st.data())
@settings(derandomize=True, deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
def test_any_json_in_any_place_is_read_or_refused(data: st.DataObject) -> None:
    draft = SEEDS[data.draw(st.integers(0, len(SEEDS) - 1), "file")]
    document = json.loads(json.dumps({"buffers": [{"byteLength": len(draft.binary)}], **draft.json}))
    fields = places(document)
    holder, key = fields[data.draw(st.integers(0, len(fields) - 1), "place")]
    holder[key] = data.draw(anything(), "value")
    try_to_read(container(document, bytes(draft.binary)))
