"""Reliefs that the emulator makes, taken apart by hand: the reader of the tests is not the writer of the files."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from emulator.model.order import Order
from emulator.model.workshop import make
from tests.emulator.caller import draw_picture


@dataclass(frozen=True)
class Glb:
    """A GLB, taken apart."""

    document: dict[str, Any]
    binary: bytes

    def view(self, index: int) -> bytes:
        """Return the bytes of a buffer view."""
        view = self.document["bufferViews"][index]
        return self.binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]

    def attribute(self, name: str, width: int) -> npt.NDArray[np.float32]:
        """Return a float32 attribute of the only primitive."""
        accessor = self.document["accessors"][self.primitive["attributes"][name]]
        assert accessor["componentType"] == 5126
        values = np.frombuffer(self.view(accessor["bufferView"]), dtype="<f4").reshape(-1, width)
        assert len(values) == accessor["count"]
        return values

    @property
    def primitive(self) -> dict[str, Any]:
        """The only primitive."""
        ((primitive,),) = (mesh["primitives"] for mesh in self.document["meshes"])
        found: dict[str, Any] = primitive
        return found

    @property
    def triangles(self) -> npt.NDArray[np.int64]:
        """The corners of each face."""
        accessor = self.document["accessors"][self.primitive["indices"]]
        assert accessor["componentType"] == 5125
        return np.frombuffer(self.view(accessor["bufferView"]), dtype="<u4").astype(np.int64).reshape(-1, 3)

    def image(self, index: int) -> Image.Image:
        """Return a picture in the file."""
        return Image.open(io.BytesIO(self.view(self.document["images"][index]["bufferView"])))


def take_apart(glb: bytes) -> Glb:
    magic, version, length, json_length, json_type = struct.unpack_from("<4sIII4s", glb)
    assert (magic, version, length, json_type) == (b"glTF", 2, len(glb), b"JSON")
    binary_length, binary_type = struct.unpack_from("<I4s", glb, 20 + json_length)
    assert (json_length % 4, binary_length % 4, binary_type) == (0, 0, b"BIN\0")
    assert 28 + json_length + binary_length == len(glb)
    # Python's reader would take NaN, which is no JSON.
    return Glb(json.loads(glb[20 : 20 + json_length], parse_constant=refuse), glb[28 + json_length :])


def refuse(constant: str) -> None:
    raise AssertionError(f"there is no {constant} in JSON")


def relief(outline: str = "disc", **changes: Any) -> Glb:
    usual: dict[str, Any] = {
        "faces": 100_000,
        "texture_size": 1024,
        "texture_format": "webp",
        "double_sided": False,
        "seed": 1,
    }
    return take_apart(make(Order(picture=draw_picture(outline), **(usual | changes))).glb)


def weld(glb: Glb) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return the distinct positions and the triangles between them."""
    positions, inverse = np.unique(glb.attribute("POSITION", 3), axis=0, return_inverse=True)
    return positions, inverse.reshape(-1)[glb.triangles]
