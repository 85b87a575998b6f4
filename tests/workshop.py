"""Replaces the models that the emulators of this process make, for tests that do not need the real ones."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator

import pytest

import emulator.cdn
import emulator.model.workshop
from emulator.model.order import Order
from emulator.model.workshop import Product

FACES, TEXTURE = range(2000, 6000, 500), 64


@contextlib.contextmanager
def making(make: Callable[[Order], Product]) -> Iterator[None]:
    """Have the emulators answer with the result of `make`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emulator.model.workshop, "make", make)
        patch.setattr(emulator.cdn, "make", make)
        yield


@contextlib.contextmanager
def small_reliefs() -> Iterator[None]:
    """Have the emulators make reliefs with few faces and pixels, which saves time.

    A full relief takes a second to make, and as long again to read, to draw and to import.
    """
    make = emulator.model.workshop.make

    def make_small(order: Order) -> Product:
        for faces in FACES:
            # with so few faces the grid is coarse: some outlines meet no number exactly enough
            with contextlib.suppress(ValueError):
                return make(dataclasses.replace(order, faces=faces, texture_size=TEXTURE))
        return make(order)

    with making(make_small):
        yield
