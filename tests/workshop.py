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

FACES, TEXTURE = 2000, 64


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
    with making(lambda order: make(dataclasses.replace(order, faces=FACES, texture_size=TEXTURE))):
        yield
