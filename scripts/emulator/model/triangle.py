# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest sound model: one triangle, made in no time, for tests and measurements of what brings models home."""

import json
import struct

LEAST_BYTES = 1000


def triangle_glb(seed: int, size: int = LEAST_BYTES) -> bytes:
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
