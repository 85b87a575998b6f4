"""Models as bombs: what a GLB claims to hold, and what becomes of it."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.glbs.draft import Draft, container
from tests.glbs.materials import as_trellis
from tests.glbs.plain import whole
from tests.glbs.shapes import wedge
from tests.hostile_files.pictures import PICTURES

REFUSED = "Refused with a sentence, the paid file is kept; nothing is decoded or made room for"
DAMAGED = "Told from a sound file at once; what Blender's importer makes of it, it makes in the background"


@dataclass(frozen=True)
class Bomb:
    """A file, by how it is made. `outcome`: what becomes of it, in words. `said`: what the sentence holds."""

    given: str
    make: Callable[[], bytes]
    outcome: str = REFUSED
    said: str = "cannot be opened safely"


def _with_image(name: str, kind: str = "png", *, unplain: bool = False, in_json: bool = False) -> bytes:
    draft = as_trellis("png")
    data = PICTURES[name].make()[:200_000]
    if in_json:
        uri = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
        draft.json["images"][0] = {"uri": uri, "mimeType": f"image/{kind}"}
    else:
        view = draft.view(data)
        draft.json["images"][0] = {"bufferView": view, "mimeType": f"image/{kind}"}
    return (_animated(draft) if unplain else draft).glb()


def _animated(draft: Draft) -> Draft:
    """Let only Blender's importer read it."""
    draft.json["animations"] = [{"channels": [], "samplers": []}]
    return draft


def _many_images(count: int, *, unplain: bool = False) -> bytes:
    draft = as_trellis("png")
    draft.json["images"] = [draft.json["images"][0]] * count
    return (_animated(draft) if unplain else draft).glb()


def _adding_up() -> bytes:
    """Return a hundred images of 4096 x 4096, each of a hundred bytes."""
    draft = as_trellis("png")
    header = struct.pack(">I4sIIBBBBB", 13, b"IHDR", 4096, 4096, 8, 6, 0, 0, 0)
    view = draft.view(b"\x89PNG\r\n\x1a\n" + header + bytes(64))
    draft.json["images"] = [{"bufferView": view, "mimeType": "image/png"}] * 100
    return draft.glb()


def _accessor(**fields: Any) -> bytes:
    draft = whole(wedge())
    draft.json["accessors"][0] = {"componentType": 5126, "type": "VEC3", **fields}
    return draft.glb()


def _many_accessors() -> bytes:
    draft = whole(wedge())
    draft.json["accessors"] += [{"componentType": 5126, "type": "VEC3", "count": 10_000_000}] * 100
    return draft.glb()


def _lying(**fields: Any) -> bytes:
    draft = whole(wedge())
    draft.json["accessors"][0] |= fields
    return draft.glb()


def _nested(depth: int) -> bytes:
    return container(b'{"asset":{"version":"2.0"},"extras":' + b"[" * depth + b"]" * depth + b"}")


def _nodes(count: int) -> bytes:
    draft = whole(wedge())
    draft.json["nodes"] = [{"mesh": 0}] * count
    draft.json["scenes"] = [{"nodes": list(range(count))}]
    return draft.glb()


def _node_cycle() -> bytes:
    draft = whole(wedge())
    draft.json["nodes"] = [{"mesh": 0, "children": [0]}]
    return draft.glb()


def _long_json(size: int) -> bytes:
    return container(json.dumps({"asset": {"version": "2.0"}, "extras": ["x"] * (size // 5)}).encode())


SPARSE = {"count": 2, "indices": {"bufferView": 3, "componentType": 5125}, "values": {"bufferView": 0}}
MODELS: Mapping[str, Bomb] = {
    "a PNG of 60,000 x 60,000": Bomb("a texture of 60,000 x 60,000 in 100 kB", lambda: _with_image("PNG")),
    "a PNG of 2^31 x 2^31": Bomb("a texture of 2^31 x 2^31", lambda: _with_image("PNG, the largest")),
    "a JPEG": Bomb("a JPEG texture of 60,000 x 60,000", lambda: _with_image("JPEG", "jpeg")),
    "a WebP": Bomb("a WebP texture whose canvas is 60,000 x 60,000", lambda: _with_image("WebP, extended", "webp")),
    "an animated WebP": Bomb(
        "an animated WebP texture of 60,000 x 60,000", lambda: _with_image("WebP, animated", "webp")
    ),
    "an OpenEXR in place of a PNG": Bomb("an OpenEXR of 60,000 x 60,000 as a texture", lambda: _with_image("OpenEXR")),
    "a TIFF in place of a PNG": Bomb("a BMP of 60,000 x 60,000 as a texture", lambda: _with_image("BMP")),
    "an image in the JSON": Bomb(
        "a texture of 60,000 x 60,000 within the JSON", lambda: _with_image("PNG", in_json=True)
    ),
    "for Blender's importer": Bomb(
        "a texture of 60,000 x 60,000, in a file that only Blender reads", lambda: _with_image("PNG", unplain=True)
    ),
    "images that add up": Bomb("a hundred textures of 4096 x 4096 that share 100 bytes", _adding_up),
    "5,000 tiny images": Bomb("5,000 tiny images", lambda: _many_images(5000)),
    "5,000 tiny images for Blender": Bomb(
        "5,000 tiny images, in a file that only Blender reads", lambda: _many_images(5000, unplain=True)
    ),
    "vertices without data": Bomb("4 billion vertices that are all zero", lambda: _accessor(count=2**32 - 1)),
    "vertices without data, 10^18": Bomb("10^18 vertices that are all zero", lambda: _accessor(count=10**18)),
    "sparse vertices": Bomb(
        "4 billion sparse vertices", lambda: _accessor(count=2**32 - 1, bufferView=0, sparse=SPARSE)
    ),
    "accessors that add up": Bomb("a hundred accessors of 10 million zeros", _many_accessors),
    "a count that lies": Bomb("4 billion vertices in 100 bytes", lambda: _lying(count=2**32 - 1), DAMAGED, ""),
    "JSON nested deep": Bomb("100,000 lists within each other", lambda: _nested(100_000), DAMAGED, ""),
    "JSON nested as deep as fits": Bomb("1,900,000 lists within each other", lambda: _nested(1_900_000), DAMAGED, ""),
    "long JSON": Bomb("30 MB of JSON made of tiny texts", lambda: _long_json(30_000_000), DAMAGED, ""),
    "a mesh in 100,000 places": Bomb("a mesh in 100,000 places", lambda: _nodes(100_000), DAMAGED, ""),
    "a node that is its own child": Bomb("a node that is its own child", _node_cycle, DAMAGED, ""),
}
