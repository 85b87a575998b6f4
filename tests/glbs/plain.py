"""Every kind of GLB that our reader reads by itself, as small as it can be. `PLAIN` has them by name."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from tests.glbs.draft import BYTE, FLOAT, SHORT, UNSIGNED_BYTE, UNSIGNED_SHORT, Draft
from tests.glbs.materials import MATERIALS
from tests.glbs.pictures import texture
from tests.glbs.shapes import Solid, cube, globe, wedge

if TYPE_CHECKING:
    from collections.abc import Callable


def add(draft: Draft, solid: Solid, mesh: int = 0, *, without: str = "", **more: Any) -> None:
    """Append the solid as a primitive, without the attributes that are named."""
    names = {
        name: draft.accessor(rows)
        for name, rows in (("POSITION", solid.positions), ("NORMAL", solid.normals), ("TEXCOORD_0", solid.uvs))
        if name not in without
    }
    draft.primitive(mesh, indices=draft.indices(solid.indices), **names, **more)


def whole(solid: Solid, without: str = "") -> Draft:
    """Return a draft of the solid alone, without the attributes that are named."""
    draft = Draft()
    add(draft, solid, without=without)
    return draft


def with_indices(component: int | None) -> Draft:
    """Return the wedge with indices of that type, or with none and a vertex for each corner."""
    draft, solid = Draft(), wedge()
    order = solid.indices if component is None else range(4)
    names = {"POSITION": solid.positions, "NORMAL": solid.normals, "TEXCOORD_0": solid.uvs}
    accessors = {name: draft.accessor([rows[vertex] for vertex in order]) for name, rows in names.items()}
    draft.primitive(indices=None if component is None else draft.indices(solid.indices, component), **accessors)
    return draft


def interleaved() -> Draft:
    """Return the wedge with all attributes in one buffer view, 36 bytes from vertex to vertex, 4 of them unused."""
    draft, solid = Draft(), wedge()
    rows = [
        struct.pack("<8f4x", *position, *normal, *uv)
        for position, normal, uv in zip(solid.positions, solid.normals, solid.uvs, strict=True)
    ]
    view = draft.view(b"".join(rows), byteStride=36)
    names = {
        "POSITION": draft.refer(view, FLOAT, 4, "VEC3"),
        "NORMAL": draft.refer(view, FLOAT, 4, "VEC3", byteOffset=12),
        "TEXCOORD_0": draft.refer(view, FLOAT, 4, "VEC2", byteOffset=24),
    }
    draft.primitive(indices=draft.indices(solid.indices), **names)
    return draft


def quantised(position: int, normal: int, uv: int) -> Draft:
    """Return the wedge with normalised integers of these types, and a node that brings it back to its size."""
    draft, solid = Draft(), wedge()
    draft.require("KHR_mesh_quantization")
    names = {}
    for name, rows, component, size in (
        ("POSITION", solid.positions, position, 4.0),
        ("NORMAL", solid.normals, normal, 1.0),
        ("TEXCOORD_0", solid.uvs, uv, 1.0),
    ):
        most = {BYTE: 127, UNSIGNED_BYTE: 255, SHORT: 32767, UNSIGNED_SHORT: 65535}[component]
        numbers = [[round(number / size * most) for number in row] for row in rows]
        names[name] = draft.accessor(numbers, component, normalized=True)
    draft.primitive(indices=draft.indices(solid.indices), **names)
    draft.json["nodes"][0]["scale"] = [4, 4, 4]
    return draft


def whole_numbers() -> Draft:
    """Return the wedge with positions in whole millimetres, not normalised, and a node that scales them."""
    draft, solid = Draft(), wedge()
    draft.require("KHR_mesh_quantization")
    rows = [[round(number * 1000) for number in row] for row in solid.positions]
    names = {"POSITION": draft.accessor(rows, UNSIGNED_SHORT), "NORMAL": draft.accessor(solid.normals)}
    draft.primitive(indices=draft.indices(solid.indices), **names)
    draft.json["nodes"][0] |= {"scale": [0.001, 0.001, 0.001]}
    return draft


def placed(**transform: Any) -> Draft:
    """Return the wedge in a node with this transform."""
    draft = whole(wedge())
    draft.json["nodes"][0] |= transform
    return draft


def nested() -> Draft:
    """Return a wedge two nodes deep and a cube, below a rotation whose length is not 1 to the last digit."""
    draft = whole(wedge())
    add(draft, cube(), 1)
    draft.json["nodes"] = [
        {"name": "a", "rotation": [0.0, 0.7071, 0.0, 0.7071], "children": [1, 3]},
        {"name": "b", "translation": [1, 2, 3], "children": [2]},
        {"name": "c", "mesh": 0, "scale": [2, 1, 0.5]},
        {"name": "d", "mesh": 1, "translation": [-4, 0, 0]},
    ]
    return draft


def used_twice() -> Draft:
    """Return one mesh in two nodes, the second mirrored."""
    draft = whole(wedge())
    draft.json["nodes"].append({"name": "b", "mesh": 0, "translation": [5, 0, 0], "scale": [1, 1, -1]})
    draft.json["scenes"][0]["nodes"] = [0, 1]
    return draft


def two_primitives() -> Draft:
    """Return a mesh of a wedge without and a cube with UVs, one material each, in the other order."""
    draft = Draft()
    red, blue = (draft.material(pbrMetallicRoughness={"baseColorFactor": [*rgb, 1]}) for rgb in ((1, 0, 0), (0, 0, 1)))
    add(draft, wedge(), without="TEXCOORD_0", material=blue)
    add(draft, cube(), material=red)
    return draft


def without_some_materials() -> Draft:
    """Return a mesh of which one part has a material and the other has none."""
    draft = Draft()
    add(draft, wedge())
    add(draft, cube(), material=draft.material(name="steel", pbrMetallicRoughness={"roughnessFactor": 0.25}))
    return draft


def two_uv_maps() -> Draft:
    """Return the wedge with two UV maps, the second used by its texture."""
    draft, solid = Draft(), wedge()
    second = [(v, 1 - u) for u, v in solid.uvs]
    image = draft.image(texture())
    material = draft.material(pbrMetallicRoughness={"baseColorTexture": {"index": image, "texCoord": 1}})
    add(draft, solid, material=material, TEXCOORD_1=draft.accessor(second))
    return draft


def with_more_triangles(*more: tuple[int, int, int]) -> Draft:
    """Return the wedge with more triangles than it has sides."""
    solid = wedge()
    return whole(Solid(solid.positions, solid.normals, solid.uvs, [*solid.triangles, *more]))


def with_loose_vertices() -> Draft:
    """Return the wedge with three vertices that no triangle uses, far out, one of them first."""
    solid = wedge()
    far: list[Any] = [(90.0, -80.0, 70.0)]
    positions, normals = far + solid.positions + far + [(0.0, -50.0, 0.0)], [(0.0, 1.0, 0.0), *solid.normals]
    normals += [(0.0, 1.0, 0.0)] * 2
    uvs = [(0.0, 0.0), *solid.uvs, (0.0, 0.0), (1.0, 1.0)]
    triangles = [(a + 1, b + 1, c + 1) for a, b, c in solid.triangles]
    return whole(Solid(positions, normals, uvs, triangles))


PLAIN: dict[str, Callable[[], Draft]] = {
    "8-bit indices": lambda: with_indices(UNSIGNED_BYTE),
    "16-bit indices": lambda: with_indices(UNSIGNED_SHORT),
    "32-bit indices": lambda: whole(wedge()),
    "no indices": lambda: with_indices(None),
    "interleaved attributes": interleaved,
    "16-bit quantised": lambda: quantised(UNSIGNED_SHORT, SHORT, UNSIGNED_SHORT),
    "8-bit quantised": lambda: quantised(BYTE, BYTE, UNSIGNED_BYTE),
    "whole numbers as positions": whole_numbers,
    "no normals": lambda: whole(wedge(), "NORMAL"),
    "no UVs": lambda: whole(wedge(), "TEXCOORD_0"),
    "positions alone": lambda: whole(cube(), "NORMAL TEXCOORD_0"),
    "moved and turned node": lambda: placed(translation=[1, 2, 3], rotation=[0.5, 0.5, -0.5, 0.5]),
    "node with a matrix": lambda: placed(matrix=[0, 0, -2, 0, 0, 3, 0, 0, 1, 0, 0, 0, 5, 6, 7, 1]),
    "mirrored node": lambda: placed(scale=[-1, 1, 1]),
    "nested nodes": nested,
    "mesh used twice": used_twice,
    "several primitives": two_primitives,
    "some without material": without_some_materials,
    "two UV maps": two_uv_maps,
    "degenerate triangles": lambda: with_more_triangles((0, 0, 1), (2, 2, 2), (3, 1, 3)),
    "doubled triangles": lambda: with_more_triangles((0, 1, 2), (1, 2, 0)),
    "loose vertices": with_loose_vertices,
    "hard edges": lambda: whole(cube()),
    "smooth with a seam": lambda: whole(globe()),
    **MATERIALS,
}
