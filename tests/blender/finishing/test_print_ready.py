"""Print Ready: a solid copy in millimetres with a flat bottom, and a check that says what is wrong and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
import trimesh

from tests.blender.finishing.bodies import body, ended
from tests.blender.working import refusal

OPS: Any = bpy.ops
PROPS: Any = bpy.props


def printed(**settings: Any) -> str:
    """Make the active model ready to print, wait, and return the sentence."""
    assert OPS.trellis2.print_ready(**settings) == {"FINISHED"}
    return ended()


def test_an_stl_is_in_millimetres_flat_and_watertight(addon: Any, tmp_path: Path) -> None:
    thing = body(tmp_path, "inner_shell")
    thing.scale, thing.location = (2.0, 2.0, 2.0), (1.0, 2.0, 3.0)
    outside = tmp_path / "outside.txt"
    outside.write_text("mine", encoding="utf-8")
    (tmp_path / "Drück").mkdir()
    (tmp_path / "Drück" / ".Körper.stl.part").symlink_to(outside)
    sentence = printed(size=80.0, cut=4.0, density=2.0, format="STL", folder=str(tmp_path / "Drück"))
    assert outside.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "Drück" / "Körper.stl").is_symlink()
    read: Any = trimesh.load_mesh(tmp_path / "Drück" / "Körper.stl")
    assert read.is_watertight
    assert read.is_winding_consistent
    assert read.extents.max() == pytest.approx(80.0, abs=4.1)
    assert read.extents[0] == pytest.approx(80.0, abs=0.01)
    lowest = read.triangles[:, :, 2].max(axis=1) < 1e-3
    assert read.bounds[0][2] == pytest.approx(0.0, abs=1e-4)
    assert read.area_faces[lowest].sum() > 100.0
    assert (read.face_normals[lowest] @ [0, 0, -1] > 0.99).all()
    copy: Any = bpy.data.objects["Körper Print"]
    (step,) = json.loads(copy["trellis2_finishing"])
    assert step["volume_cm3"] == pytest.approx(read.volume / 1000, rel=1e-3)
    assert step["grams"] == pytest.approx(2 * step["volume_cm3"])
    assert "ready to print: 80.0 × " in sentence
    assert f"{step['grams']:.0f} g" in sentence
    assert (thing.visible_get(), copy.visible_get()) == (False, True)
    assert max(copy.dimensions) == pytest.approx(0.08, abs=1e-4)
    assert copy.matrix_world.translation.z == pytest.approx(lowest_of(thing), abs=1e-4)


def test_what_keeps_it_from_printing_is_counted_and_selected(addon: Any) -> None:
    OPS.mesh.primitive_cube_add()
    thing: Any = bpy.context.active_object
    OPS.object.mode_set(mode="EDIT")
    OPS.mesh.primitive_cube_add(location=(0.7, 0.3, 0.4))
    OPS.object.mode_set(mode="OBJECT")
    sentence = printed(cut=0.0, format="NONE")
    copy: Any = bpy.data.objects[f"{thing.name} Print"]
    chosen = [face for face in copy.data.polygons if face.select]
    assert "may not print: open edges 0, edges of more than two faces 0, flipped 0, faces that cut" in sentence
    assert f"The {len(chosen)} faces are selected" in sentence
    assert 6 <= len(chosen) <= 12


@pytest.mark.parametrize("cut", [0.0, 5.0])
def test_flat_faces_stay_flat(addon: Any, cut: float) -> None:
    OPS.mesh.primitive_cube_add()
    printed(cut=cut, format="NONE")
    copy: Any = bpy.data.objects["Cube Print"]
    assert [face.use_smooth for face in copy.data.polygons] == [False] * len(copy.data.polygons)


def test_a_bottom_with_a_ring_stays_a_ring(addon: Any, tmp_path: Path) -> None:
    OPS.mesh.primitive_torus_add(major_radius=1.0, minor_radius=0.3)
    sentence = printed(size=100.0, cut=5.0, format="STL", folder=str(tmp_path))
    read: Any = trimesh.load_mesh(tmp_path / "Torus.stl")
    assert "without faults" in sentence
    assert (read.is_watertight, read.euler_number) == (True, 0)


def test_units_of_the_scene_are_heeded(addon: Any, tmp_path: Path) -> None:
    assert bpy.context.scene is not None
    bpy.context.scene.unit_settings.scale_length = 0.001
    OPS.mesh.primitive_cube_add()
    printed(size=50.0, cut=5.0, density=2.0, format="STL", folder=str(tmp_path))
    read: Any = trimesh.load_mesh(tmp_path / "Cube.stl")
    assert read.extents == pytest.approx([50.0, 50.0, 45.0])
    copy: Any = bpy.data.objects["Cube Print"]
    assert max(copy.dimensions) == pytest.approx(50.0)
    (step,) = json.loads(copy["trellis2_finishing"])
    assert (step["volume_cm3"], step["grams"]) == (pytest.approx(112.5), pytest.approx(225.0))


def test_a_turned_model_is_printed_as_it_stands(addon: Any, tmp_path: Path) -> None:
    OPS.mesh.primitive_cone_add(rotation=(np.pi / 2, 0.0, 0.0))  # its tip points to -Y
    printed(size=60.0, cut=0.0, format="STL", folder=str(tmp_path))
    read: Any = trimesh.load_mesh(tmp_path / "Cone.stl")
    low, high = read.bounds
    assert read.center_mass[1] == pytest.approx(high[1] - (high[1] - low[1]) / 4, abs=0.5)
    assert read.center_mass[0] == pytest.approx((low[0] + high[0]) / 2, abs=0.5)


def test_a_mirrored_model_keeps_its_outside(addon: Any, tmp_path: Path) -> None:
    """An open one, of which nothing but the model itself tells which side that is."""
    OPS.mesh.primitive_cone_add(end_fill_type="NOTHING")
    thing: Any = bpy.context.active_object
    thing.scale.x = -1.0
    printed(size=60.0, cut=0.0, format="STL", folder=str(tmp_path))
    read: Any = trimesh.load_mesh(tmp_path / "Cone.stl")
    outwards = read.triangles_center - read.centroid
    assert ((outwards * read.face_normals).sum(axis=1) > 0).all()


def test_a_cut_that_leaves_nothing_a_missing_exporter_and_modifiers_say_so(addon: Any, tmp_path: Path) -> None:
    OPS.mesh.primitive_cube_add()
    assert "no exporter for 3MF" in refusal(lambda: OPS.trellis2.print_ready(format="3MF", folder=str(tmp_path)))
    assert "takes the whole model away" in printed(size=10.0, cut=20.0, format="NONE")
    OPS.trellis2.cancel_step()
    assert bpy.context.active_object is not None
    mirror = bpy.context.active_object.modifiers.new("Mirror", "MIRROR")
    assert "has modifiers, which would be lost" in refusal(lambda: OPS.trellis2.print_ready(format="NONE"))
    mirror.show_viewport = False
    assert "is ready to print" in printed(format="NONE")


def test_an_extension_that_has_3mf_writes_it(addon: Any, tmp_path: Path) -> None:
    class EXPORT_MESH_OT_threemf(bpy.types.Operator):
        bl_idname = "export_mesh.threemf"
        bl_label = "3MF"

        def execute(self, context: Any) -> Any:
            given: Any = self
            names = ",".join(each.name for each in context.selected_objects)
            Path(given.filepath).write_text(names, encoding="utf-8")
            return {"FINISHED"}

    kind: Any = EXPORT_MESH_OT_threemf
    kind.__annotations__ = {"filepath": PROPS.StringProperty(), "use_selection": PROPS.BoolProperty()}
    bpy.utils.register_class(kind)
    try:
        OPS.mesh.primitive_cone_add()
        other: Any = bpy.context.active_object
        OPS.mesh.primitive_cube_add()
        other.select_set(True)
        printed(format="3MF", folder=str(tmp_path))
        assert other.select_get()
        assert (tmp_path / "Cube.3mf").read_text(encoding="utf-8") == "Cube Print"
    finally:
        bpy.utils.unregister_class(kind)


def lowest_of(thing: Any) -> float:
    """Return the height of the object's bottom in the world."""
    return float(np.min([(thing.matrix_world @ vertex.co).z for vertex in thing.data.vertices]))
