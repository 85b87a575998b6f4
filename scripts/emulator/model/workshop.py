# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the models in the background, one after the other, and keeps the last few.

A finished model can always be made again from its order, so forgetting one costs time and nothing else.
"""

import json
import queue
import struct
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from .order import Order

_KEPT_BYTES = 256 * 2**20
_TRIANGLE_BYTES = 1000


@dataclass(frozen=True)
class Product:
    """A finished model: the GLB and its counts."""

    glb: bytes
    face_count: int
    vertex_count: int


@dataclass(frozen=True)
class Task:
    """An order in the queue: `wanted` is asked before the work begins, `done` gets the product or the error's text."""

    order: Order
    wanted: Callable[[], bool]
    done: Callable[[Product | str], None]


class _Shelf:
    """The last products, up to a total size, shared by all workshops of the process."""

    def __init__(self) -> None:
        self._products: OrderedDict[str, Product] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: str) -> Product | None:
        with self._lock:
            product = self._products.get(digest)
            if product is not None:
                self._products.move_to_end(digest)
            return product

    def put(self, digest: str, product: Product) -> None:
        with self._lock:
            self._products[digest] = product
            while len(self._products) > 1 and sum(len(kept.glb) for kept in self._products.values()) > _KEPT_BYTES:
                self._products.popitem(last=False)


_SHELF = _Shelf()
# One model at a time in the whole process: a second of the same order then finds the first on the shelf.
_BENCH = threading.Lock()


def make(order: Order) -> Product:
    """Return the model for `order`, from the shelf or made now (up to some seconds).

    Raises:
        ValueError: TRELLIS.2 would fail on the picture, or no mesh of that many faces can be made of it.
    """
    if order.is_triangle:
        return Product(triangle_glb(order.seed), 1, 3)
    # numpy, Pillow and trimesh are needed for nothing else here, and cost a second.
    from .relief import make_relief
    from .subject import make_of_subject

    digest = order.digest()
    product = _SHELF.get(digest)
    if product is not None:
        return product
    with _BENCH:
        product = _SHELF.get(digest)
        if product is None:
            product = Product(*(make_relief if order.subject is None else make_of_subject)(order))
            _SHELF.put(digest, product)
    return product


def triangle_glb(seed: int, size: int = _TRIANGLE_BYTES) -> bytes:
    """Return a GLB of one triangle with about `size` bytes of binary, different for each seed (glTF 2.0 §4.4)."""
    triangle = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0) + struct.pack("<3I", 0, 1, 2)
    filling = seed.to_bytes(4, "little") * ((size - len(triangle)) // 4)
    binary = triangle + filling
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
            {"bufferView": 1, "componentType": 5125, "count": 3, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": 36},
            {"buffer": 0, "byteOffset": 36, "byteLength": 12},
        ],
        "buffers": [{"byteLength": len(binary)}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    length = 12 + 8 + len(text) + 8 + len(binary)
    chunks = (struct.pack("<I", len(part)) + kind + part for kind, part in ((b"JSON", text), (b"BIN\0", binary)))
    return struct.pack("<4sII", b"glTF", 2, length) + b"".join(chunks)


class Workshop:
    """A queue of tasks and the daemon thread that works on them."""

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="emulator-workshop", daemon=True)

    def open(self) -> None:
        """Start working."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the model being made; tasks still in the queue are dropped."""
        self._tasks.put(None)

    def add(self, task: Task) -> None:
        """Put a task at the end of the queue."""
        self._tasks.put(task)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            if not task.wanted():
                continue
            result: Product | str
            try:
                result = make(task.order)
            except ValueError as error:
                result = str(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, the job fails with it and the next one goes on
                traceback.print_exc()
                result = f"{type(error).__name__}: {error}"
            task.done(result)
