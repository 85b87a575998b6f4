# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the models in the background, one after the other, and keeps the last few.

A finished model can always be made again from its order, so forgetting one costs time and nothing else.
"""

import queue
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from .order import Order
from .triangle import triangle_glb

_KEPT_BYTES = 256 * 2**20


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
