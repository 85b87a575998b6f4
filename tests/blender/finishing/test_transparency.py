"""The Transparency switch: nodes, viewport and exporters agree, and off is as it was."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.finishing.bodies import body

if TYPE_CHECKING:
    from pathlib import Path

OPS: Any = bpy.ops


@pytest.fixture
def model(addon: Any, tmp_path: Path) -> Any:
    thing = body(tmp_path, "clear_rims")
    thing["trellis2_version"] = "1.0"  # as our imports have it
    return thing


def exported(folder: Path) -> dict[str, Any]:
    """Return the only material of a glTF export."""
    file = folder / "export.glb"
    bpy.ops.export_scene.gltf(filepath=str(file), use_selection=True)
    data = file.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    (material,) = json.loads(data[20 : 20 + length])["materials"]
    return dict(material)


@pytest.mark.parametrize(
    ("mode", "method", "gltf"),
    [
        ("OFF", "DITHERED", {}),
        ("CLIP", "DITHERED", {"alphaMode": "MASK", "alphaCutoff": pytest.approx(0.3)}),
        ("BLEND", "BLENDED", {"alphaMode": "BLEND"}),
    ],
)
def test_the_viewport_and_the_exporter_follow(model: Any, tmp_path: Path, mode: str, method: str, gltf: Any) -> None:
    assert OPS.trellis2.set_transparency(mode=mode, threshold=0.3) == {"FINISHED"}
    material = model.material_slots[0].material
    assert material.surface_render_method == method
    known = exported(tmp_path)
    assert {name: value for name, value in known.items() if name.startswith("alpha")} == gltf


def test_switching_back_leaves_nothing_behind(addon: Any, model: Any) -> None:
    material = model.material_slots[0].material
    nodes = sorted(node.name for node in material.node_tree.nodes)
    for mode in ("CLIP", "BLEND", "CLIP", "CLIP", "OFF"):
        assert OPS.trellis2.set_transparency(mode=mode) == {"FINISHED"}
        assert addon.nodes.transparency(material).value == mode
    assert sorted(node.name for node in material.node_tree.nodes) == nodes
    assert len(material.node_tree.links) > 0


def test_a_model_without_an_image_for_its_colour_says_so(model: Any) -> None:
    model.material_slots[0].material.node_tree.nodes.clear()
    with pytest.raises(RuntimeError, match="has an image for its base color"):
        OPS.trellis2.set_transparency(mode="BLEND")
