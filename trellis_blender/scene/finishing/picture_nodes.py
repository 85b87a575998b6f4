# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes that mix a projected picture over the base colour, and what they need of the mesh.

`../pictured/projecting.py` makes them. The background Blender uses this file too, so it imports nothing of ours.
"""

from __future__ import annotations

from typing import Any

UV_MAP, MASK = "Trellis Picture", "trellis_picture"
NODES = UV, IMAGE, MASKING, EDGE, STRENGTH, MIX = tuple(
    f"trellis_picture_{name}" for name in ("uv", "image", "mask", "edge", "strength", "mix")
)
MIX_FACTOR, MIX_FIRST, MIX_SECOND, MIX_RESULT = 0, 6, 7, 2  # the sockets of a Mix node that mixes colours


def below(socket: Any) -> Any:
    """Return the socket that has the model's own colour: below the picture, if one lies over this socket."""
    mix = next((link.from_node for link in socket.links if link.from_node.name == MIX), None)
    return socket if mix is None else mix.inputs[MIX_FIRST]


def image_behind(socket: Any) -> Any:
    """Return the image node that a socket gets its value from, through any nodes between; None if there is none.

    It is the model's own, never the projected picture, and colours go before factors.
    """
    for link in below(socket).links:
        node = link.from_node
        if node.type == "TEX_IMAGE":
            return node
        for entry in sorted(node.inputs, key=lambda each: each.type != "RGBA"):
            found = image_behind(entry)
            if found is not None:
                return found
    return None


def take_from_mesh(mesh: Any) -> None:
    """Remove the picture's UV map and mask."""
    if UV_MAP in mesh.uv_layers:
        mesh.uv_layers.remove(mesh.uv_layers[UV_MAP])
    if MASK in mesh.attributes:
        mesh.attributes.remove(mesh.attributes[MASK])
