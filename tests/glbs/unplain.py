"""GLBs that our reader leaves to Blender's importer, as small as they can be."""

from __future__ import annotations

from tests.glbs.draft import UNSIGNED_BYTE, Draft
from tests.glbs.plain import whole
from tests.glbs.shapes import Solid, wedge

IDENTITY = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]


def with_camera(draft: Draft) -> Draft:
    """Put a camera beside what the draft holds."""
    draft.json["cameras"] = [{"type": "perspective", "perspective": {"yfov": 1.0, "znear": 0.1}}]
    draft.json["nodes"].append({"camera": 0, "translation": [0, 1, 7]})
    draft.json["scenes"][0]["nodes"].append(len(draft.json["nodes"]) - 1)
    return draft


def moving() -> Draft:
    """Return the wedge, which climbs two metres in two seconds: its node itself is animated."""
    draft = whole(wedge())
    times, places = draft.accessor([(0.0,), (2.0,)]), draft.accessor([(0.0, 0.0, 0.0), (0.0, 2.0, 0.0)])
    draft.json["accessors"][times] |= {"min": [0.0], "max": [2.0]}
    draft.json["animations"] = [
        {
            "samplers": [{"input": times, "output": places}],
            "channels": [{"sampler": 0, "target": {"node": 0, "path": "translation"}}],
        }
    ]
    return draft


def with_bones() -> Draft:
    """Return the wedge on one bone, ten metres away from it."""
    solid, draft = wedge(), Draft()
    corners = len(solid.positions)
    draft.primitive(
        indices=draft.indices(solid.indices),
        POSITION=draft.accessor(solid.positions),
        NORMAL=draft.accessor(solid.normals),
        JOINTS_0=draft.accessor([(0, 0, 0, 0)] * corners, UNSIGNED_BYTE),
        WEIGHTS_0=draft.accessor([(1.0, 0.0, 0.0, 0.0)] * corners),
    )
    bind = draft.accessor([(*IDENTITY[:12], -10.0, 0.0, 0.0, 1.0)])
    draft.json["nodes"] = [{"mesh": 0, "skin": 0}, {"name": "bone", "translation": [10, 0, 0]}]
    draft.json["scenes"][0]["nodes"] = [0, 1]
    draft.json["skins"] = [{"joints": [1], "inverseBindMatrices": bind}]
    return draft


def many_parts(count: int) -> Draft:
    """Return so many wedges in a row, each in a node of its own, and a camera."""
    draft = whole(wedge())
    draft.json["nodes"] = [{"mesh": 0, "translation": [3 * n, 0, 0]} for n in range(count)]
    draft.json["scenes"][0]["nodes"] = list(range(count))
    return with_camera(draft)


def with_a_broken_position() -> Draft:
    """Return the wedge and a vertex without a place that one triangle uses."""
    solid = wedge()
    nowhere = (float("nan"), 0.0, 0.0)
    positions, normals, uvs = [*solid.positions, nowhere], [*solid.normals, (0.0, 1.0, 0.0)], [*solid.uvs, (0.0, 0.0)]
    return whole(Solid(positions, normals, uvs, [*solid.triangles, (0, 1, 4)]))
