"""A GLB written by hand: every byte of it stands in the test that makes it, and any rule can be broken."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]

BYTE, UNSIGNED_BYTE, SHORT, UNSIGNED_SHORT, UNSIGNED_INT, FLOAT = 5120, 5121, 5122, 5123, 5125, 5126
CODES = {BYTE: "b", UNSIGNED_BYTE: "B", SHORT: "h", UNSIGNED_SHORT: "H", UNSIGNED_INT: "I", FLOAT: "f"}
KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


class Draft:
    """A glTF's JSON and its binary chunk, with one scene, one node and one mesh to begin with."""

    def __init__(self) -> None:
        self.json: Json = {
            "asset": {"version": "2.0"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0, "name": "a"}],
            "meshes": [{"primitives": []}],
            "accessors": [],
            "bufferViews": [],
        }
        self.binary = bytearray()

    def view(self, data: bytes, **more: Any) -> int:
        """Append the bytes at a multiple of 4, and return the index of the new buffer view."""
        self.binary += bytes(-len(self.binary) % 4)
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data), **more})
        self.binary += data
        return len(self.json["bufferViews"]) - 1

    def accessor(self, rows: Sequence[Sequence[float]], component: int = FLOAT, **more: Any) -> int:
        """Append rows of numbers in a view of their own, each row at a multiple of 4 unless they are single numbers."""
        width, count = len(rows[0]), len(rows)
        row = struct.Struct(f"<{width}{CODES[component]}")
        gap = 0 if width == 1 else -row.size % 4
        data = b"".join(row.pack(*numbers) + bytes(gap) for numbers in rows)
        view = self.view(data, **({"byteStride": row.size + gap} if gap else {}))
        return self.refer(view, component, count, KINDS[width], **more)

    def refer(self, view: int, component: int, count: int, kind: str, **more: Any) -> int:
        """Append an accessor of a view and return its index."""
        self.json["accessors"].append(
            {"bufferView": view, "componentType": component, "count": count, "type": kind, **more}
        )
        return len(self.json["accessors"]) - 1

    def indices(self, numbers: Sequence[int], component: int = UNSIGNED_INT) -> int:
        """Append indices and return their accessor."""
        return self.accessor([(number,) for number in numbers], component)

    def primitive(
        self, mesh: int = 0, *, indices: int | None = None, material: int | None = None, **names: int
    ) -> Json:
        """Append a primitive with these attributes to a mesh and return its JSON."""
        made: Json = {"attributes": names}
        made |= {} if indices is None else {"indices": indices}
        made |= {} if material is None else {"material": material}
        while len(self.json["meshes"]) <= mesh:
            self.json["meshes"].append({"primitives": []})
        self.json["meshes"][mesh]["primitives"].append(made)
        return made

    def image(self, data: bytes, kind: str = "png") -> int:
        """Append an image, with a texture of the same index, and return that."""
        view = self.view(data)
        self.json.setdefault("images", []).append({"bufferView": view, "mimeType": f"image/{kind}"})
        number = len(self.json["images"]) - 1
        texture: Json = {"source": number}
        if kind == "webp":
            texture = {"extensions": {"EXT_texture_webp": {"source": number}}}
            self.require("EXT_texture_webp")
        self.json.setdefault("textures", []).append(texture)
        return len(self.json["textures"]) - 1

    def material(self, **fields: Any) -> int:
        """Append a material and return its index."""
        self.json.setdefault("materials", []).append(fields)
        return len(self.json["materials"]) - 1

    def require(self, extension: str) -> None:
        """Name an extension as used and required."""
        for field in ("extensionsUsed", "extensionsRequired"):
            names = self.json.setdefault(field, [])
            if extension not in names:
                names.append(extension)

    def glb(self) -> bytes:
        """Return the file."""
        binary = bytes(self.binary) + bytes(-len(self.binary) % 4)
        return container({"buffers": [{"byteLength": len(binary)}], **self.json} if binary else self.json, binary)


def container(document: Json | bytes, binary: bytes = b"") -> bytes:
    """Return header, JSON chunk and, unless it is empty, binary chunk (glTF 2.0 §4.4)."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode("utf-8")
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text
    if binary:
        body += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body
