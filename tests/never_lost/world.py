"""What the proofs have in common: a small picture, small models from the emulator, and waiting."""

from __future__ import annotations

import contextlib
import re
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from emulator import Emulator, Service
from emulator.model.order import Order
from emulator.model.workshop import Product, triangle_glb
from tests.patience import PATIENCE
from tests.workshop import making

KEY, SECRET = "test-key", "test-secret"
MODEL_BYTES = 300_000
# What may be in a job's folder when the job is over, the model only where there is one.
OWN = frozenset({"job.json", "source.png"})
OWN_WITH_MODEL = OWN | {"model.glb"}


def png() -> bytes:
    """A PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\xc8\x28\x1e")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def glb(seed: int, size: int = MODEL_BYTES) -> bytes:
    """A sound GLB of one triangle, as long as a model need be for what is tried, different for each seed."""
    return triangle_glb(seed, size)


@contextlib.contextmanager
def small_models(size: int = MODEL_BYTES) -> Iterator[None]:
    """Have the emulators of this process answer with `glb` in place of a relief, which takes a second to make."""

    def make(order: Order) -> Product:
        return Product(glb(order.seed, size), 1, 3)

    with making(make):
        yield


def new_emulator(
    job_seconds: float = 0.1, log: Callable[[str], None] | None = None, service: Service | None = None
) -> Emulator:
    """An emulator with the account that the proofs use."""
    return Emulator(key=KEY, secret=SECRET, job_seconds=job_seconds, log=log, service=service or Service())


def picture_in(folder: Path) -> Path:
    """A picture's file in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "Grüner Stuhl.png"
    path.write_bytes(png())
    return path


def until(is_so: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until it is so. Raises AssertionError with what did not happen."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.005)


def names_in(folder: Path) -> set[str]:
    """The names of what is in a job's folder, but for the files that decide who sends its paid calls."""
    return {path.name for path in folder.iterdir() if not re.fullmatch(r"submit-\d+", path.name)}


def left_over(root: Path) -> dict[str, list[str]]:
    """What is in the jobs' folder beside whole jobs: names of files by the name of the folder they are in."""
    found: dict[str, list[str]] = {}
    for entry in sorted(root.iterdir()):
        if not entry.is_dir() or entry.name.startswith("."):
            found.setdefault("", []).append(entry.name)
            continue
        strange = names_in(entry) - OWN_WITH_MODEL
        if strange:
            found[entry.name] = sorted(strange)
    return found
