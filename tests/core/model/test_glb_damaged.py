"""Files that break glTF's rules: each is refused with a sentence that says what is wrong and where."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import pytest

from tests.core.model.glb_reading import damage, read
from tests.glbs.draft import FLOAT, SHORT, UNSIGNED_INT, Draft, container
from tests.glbs.materials import as_trellis, plain_factors, sampled
from tests.glbs.plain import placed, whole
from tests.glbs.shapes import wedge
from trellis_blender.core.model.arrays import Shape
from trellis_blender.core.runner.questions import read_for_import

if TYPE_CHECKING:
    from pathlib import Path

HUGE = (2**31, 2**32 - 1, 2**32, 2**63, 10**30, 1e300)
NO_NUMBERS: tuple[Any, ...] = (-1, 1.5, True, "1", None, [], {})


def wrong(where: str, index: int, **fields: Any) -> Draft:
    """Return the wedge, sound but for these fields of an accessor, a buffer view and so on.

    Accessor and buffer view 0 are its positions, 1 its normals, 2 its UVs and 3 its indices.
    """
    draft = whole(wedge())
    draft.json[where][index] |= fields
    return draft


# -- accessors and buffer views


@pytest.mark.parametrize("count", [5, 6, 1000, *HUGE[:2]])
def test_a_count_that_lies_is_found_out(count: int) -> None:
    assert damage(wrong("accessors", 1, count=count)) in (
        "accessor 1 ends outside its buffer view",
        "mesh 0 has attributes of different lengths",
    )


@pytest.mark.parametrize("index", [0, 3])
def test_a_count_that_lies_costs_nothing_before_it_is_found_out(index: int) -> None:
    assert damage(wrong("accessors", index, count=2**31)) == f"accessor {index} ends outside its buffer view"


@pytest.mark.parametrize("index", [1, 2])
def test_every_vertex_has_every_attribute(index: int) -> None:
    assert damage(wrong("accessors", index, count=3)) == "mesh 0 has attributes of different lengths"


@pytest.mark.parametrize("count", [*HUGE[2:], *NO_NUMBERS])
def test_a_count_is_a_number_of_elements(count: Any) -> None:
    assert damage(wrong("accessors", 0, count=count)) == "accessor 0 has no valid count"


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_an_accessor_is_not_empty(index: int) -> None:
    assert damage(wrong("accessors", index, count=0)) == f"accessor {index} ends outside its buffer view"


@pytest.mark.parametrize("field", ["byteOffset", "byteLength"])
@pytest.mark.parametrize("value", [*HUGE[2:], *NO_NUMBERS])
def test_a_buffer_views_numbers_are_numbers_of_bytes(field: str, value: Any) -> None:
    assert damage(wrong("bufferViews", 1, **{field: value})) == f"buffer view 1 has no valid {field}"


@pytest.mark.parametrize("value", [200, *HUGE[:2]])
@pytest.mark.parametrize("field", ["byteOffset", "byteLength"])
def test_a_buffer_view_ends_within_the_file(field: str, value: int) -> None:
    assert damage(wrong("bufferViews", 1, **{field: value})) == "buffer view 1 ends outside the file"


@pytest.mark.parametrize("offset", [1, 4, 1000, *HUGE[:2]])
def test_an_accessor_ends_within_its_buffer_view(offset: int) -> None:
    assert damage(wrong("accessors", 0, byteOffset=offset)) == "accessor 0 ends outside its buffer view"


@pytest.mark.parametrize("offset", NO_NUMBERS)
def test_an_accessors_offset_is_a_number_of_bytes(offset: Any) -> None:
    assert damage(wrong("accessors", 0, byteOffset=offset)) == "accessor 0 has no valid byteOffset"


@pytest.mark.parametrize("stride", [0, 1, 4, 11, 16, 252])
def test_a_stride_neither_overlaps_nor_leaves_the_buffer_view(stride: int) -> None:
    assert damage(wrong("bufferViews", 0, byteStride=stride)) == "accessor 0 ends outside its buffer view"


@pytest.mark.parametrize("stride", [253, 2**31, *NO_NUMBERS])
def test_a_stride_is_at_most_252(stride: Any) -> None:
    assert damage(wrong("bufferViews", 0, byteStride=stride)) == "accessor 0 has no valid byteStride"


@pytest.mark.parametrize("buffer", [1, 2**31])
def test_a_buffer_view_has_a_buffer(buffer: int) -> None:
    assert damage(wrong("bufferViews", 0, buffer=buffer)) == "buffer view 0 refers to a buffer that is not there"


def test_a_buffer_is_not_longer_than_the_binary_chunk() -> None:
    draft = whole(wedge())
    draft.json["buffers"] = [{"byteLength": 10**6}]
    assert damage(draft) == "buffer 0 ends outside the file"


def test_a_file_without_a_binary_chunk_has_no_data() -> None:
    assert damage(container(whole(wedge()).json)) == "buffer view 0 ends outside the file"


@pytest.mark.parametrize("view", [4, 2**31, *NO_NUMBERS])
def test_an_accessors_buffer_view_is_there(view: Any) -> None:
    assert damage(wrong("accessors", 0, bufferView=view)) == "accessor 0 has no valid bufferView"


@pytest.mark.parametrize("component", [0, 5124, 5130, 2**31])
def test_an_unknown_component_type_is_refused(component: int) -> None:
    assert damage(wrong("accessors", 0, componentType=component)) == "accessor 0 has another type than its use asks for"


@pytest.mark.parametrize("kind", ["SCALAR", "VEC2", "MAT4", "vec3", ""])
def test_a_position_has_three_numbers(kind: str) -> None:
    assert damage(wrong("accessors", 0, type=kind)) == "accessor 0 has another type than its use asks for"


@pytest.mark.parametrize("component", [SHORT, FLOAT])
def test_indices_are_whole_and_not_negative(component: int) -> None:
    fields = {"componentType": component, "count": 12}
    assert damage(wrong("accessors", 3, **fields)) == "accessor 3 has another type than its use asks for"


def test_32_bit_integers_are_not_normalised() -> None:
    fields = {"componentType": UNSIGNED_INT, "normalized": True}
    assert damage(wrong("accessors", 0, **fields)) == "accessor 0 normalises 32-bit integers"


# -- the mesh


@pytest.mark.parametrize("corner", [4, 5, 2**31 - 1, 2**31, 2**32 - 1])
def test_an_index_points_at_a_vertex_that_is_there(corner: int) -> None:
    draft = whole(wedge())
    struct.pack_into("<I", draft.binary, draft.json["bufferViews"][3]["byteOffset"] + 4, corner)
    assert damage(draft) == "accessor 3 points at a vertex that is not there"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_no_position_is_infinite_or_no_number(number: float) -> None:
    draft = whole(wedge())
    struct.pack_into("<f", draft.binary, draft.json["bufferViews"][0]["byteOffset"] + 4, number)
    assert damage(draft) == "accessor 0 holds a number that is not finite"


@pytest.mark.parametrize("count", [1, 2, 4, 11])
def test_a_triangle_has_three_corners(count: int) -> None:
    assert damage(wrong("accessors", 3, count=count)) == "mesh 0 has a triangle without three corners"


def test_a_mesh_of_nothing_but_collapsed_triangles_holds_none() -> None:
    draft = Draft()
    draft.primitive(indices=draft.indices([0, 0, 1, 2, 1, 2]), POSITION=draft.accessor(wedge().positions))
    assert damage(draft) == "it holds no triangles"


def test_triangles_that_only_welding_collapses_are_none() -> None:
    draft = Draft()
    draft.primitive(POSITION=draft.accessor([(1.0, 2.0, 3.0)] * 3))
    assert damage(draft) == "it holds no triangles"


def test_a_primitive_has_positions() -> None:
    draft = whole(wedge())
    del draft.json["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
    assert damage(draft) == "mesh 0 has no positions"


@pytest.mark.parametrize("name", ["POSITION", "NORMAL", "TEXCOORD_0"])
@pytest.mark.parametrize("accessor", [4, 2**31, *NO_NUMBERS])
def test_an_attributes_accessor_is_there(name: str, accessor: Any) -> None:
    draft = whole(wedge())
    draft.json["meshes"][0]["primitives"][0]["attributes"][name] = accessor
    assert damage(draft) == f"mesh 0 has no valid {name}"


@pytest.mark.parametrize("index", [4, *NO_NUMBERS])
@pytest.mark.parametrize("field", ["indices", "material"])
def test_what_a_primitive_refers_to_is_there(field: str, index: Any) -> None:
    draft = whole(wedge())
    draft.json["meshes"][0]["primitives"][0][field] = index
    assert damage(draft) == f"mesh 0 has no valid {field}"


# -- nodes


def test_a_node_does_not_stand_below_itself() -> None:
    assert damage(placed(children=[0])) == "node 0 stands below itself or twice"


def test_a_node_stands_in_one_place() -> None:
    draft = placed()
    draft.json["scenes"][0]["nodes"] = [0, 0]
    assert damage(draft) == "node 0 stands below itself or twice"


def test_nodes_are_not_nested_without_end() -> None:
    draft = placed()
    draft.json["nodes"] = [{"children": [n + 1]} for n in range(5000)] + [{"mesh": 0}]
    assert "stands below itself or twice" in damage(draft)


@pytest.mark.parametrize("field", ["children", "mesh"])
@pytest.mark.parametrize("value", [7, -1, "a", [9], [-1], [None], {}])
def test_what_a_node_refers_to_is_there(field: str, value: Any) -> None:
    assert damage(placed(**{field: value})) == f"node 0 has no valid {field}"


@pytest.mark.parametrize(
    "transform",
    [
        {"rotation": [0, 0, 0, 0]},
        {"rotation": [0, 0, 1]},
        {"scale": [1, 1, "2"]},
        {"scale": [1, 1, True]},
        {"translation": 3},
        {"translation": [0, 0, 10**400]},
        {"matrix": [1] * 15},
        {"matrix": [float("nan")] * 16},
        {"scale": [float("inf"), 1, 1]},
    ],
)
def test_a_transform_has_as_many_finite_numbers_as_it_needs(transform: dict[str, Any]) -> None:
    (name,) = transform
    assert damage(placed(**transform)) == f"node 0 has no valid {name}"


@pytest.mark.parametrize("transform", [{"scale": [1e30] * 3, "translation": [1e39, 0, 0]}, {"scale": [1e300] * 3}])
def test_a_node_does_not_put_its_mesh_out_of_all_bounds(transform: dict[str, Any]) -> None:
    assert damage(placed(**transform)) == "mesh 0 is placed out of all bounds"


# -- materials and images


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"alphaMode": "SOLID"}, "alphaMode"),
        ({"alphaMode": 1}, "alphaMode"),
        ({"doubleSided": 1}, "doubleSided"),
        ({"name": 1}, "name"),
        ({"pbrMetallicRoughness": []}, "pbrMetallicRoughness"),
        ({"pbrMetallicRoughness": {"metallicFactor": "1"}}, "metallicFactor"),
        ({"pbrMetallicRoughness": {"roughnessFactor": 10**400}}, "roughnessFactor"),
        ({"pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1]}}, "baseColorFactor"),
        ({"pbrMetallicRoughness": {"baseColorTexture": 0}}, "baseColorTexture"),
        ({"emissiveFactor": [float("nan")] * 3}, "emissiveFactor"),
        ({"normalTexture": {"index": 5}}, "index"),
    ],
)
def test_a_materials_fields_are_what_they_must_be(fields: dict[str, Any], field: str) -> None:
    assert damage(plain_factors(**fields)).startswith("material 0")
    assert damage(plain_factors(**fields)).endswith(f"has no valid {field}")


@pytest.mark.parametrize("data", [b"GIF89a" + bytes(30), b"RIFF\0\0\0\0WAVE" + bytes(30), b"\x89PN", b""])
def test_an_image_is_png_jpeg_or_webp(data: bytes) -> None:
    draft = as_trellis("png")
    draft.json["images"][0]["bufferView"] = draft.view(data)
    assert damage(draft) == "image 0 is no PNG, JPEG or WebP"


@pytest.mark.parametrize("field", ["source", "sampler"])
def test_what_a_texture_refers_to_is_there(field: str) -> None:
    draft = as_trellis("png")
    draft.json["textures"][1][field] = 2
    assert damage(draft) == f"texture 1 has no valid {field}"


@pytest.mark.parametrize("field", [{"wrapS": 1}, {"wrapT": 2**40}, {"minFilter": 0}, {"magFilter": 10497}])
def test_a_sampler_has_known_words(field: dict[str, int]) -> None:
    assert "sampler has no valid" in damage(sampled(field))


def test_a_texture_has_the_uv_map_that_it_uses() -> None:
    draft = as_trellis("png")
    draft.json["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"]["texCoord"] = 1
    assert damage(draft) == "a texture uses a UV map that is not there"


# -- what is outside


@pytest.mark.parametrize("where", ["buffers", "images"])
@pytest.mark.parametrize(
    "uri",
    [
        "secret.png",
        "../../secret",
        "file:///secret",
        "https://example.com/a.png",
        "//host/share",
        "http://[",
        "DATA:,a",
        1,
        "",
    ],
)
def test_what_lies_outside_the_file_is_never_looked_for(where: str, uri: Any) -> None:
    draft = as_trellis("png")
    if where == "images":  # without it there is a model all the same
        draft.json["images"][0] = {"uri": uri}
        model = read(draft)
        (material,) = model.materials
        assert material is not None
        assert (sorted(model.images), material.base_texture) == ([1], None)
        return
    draft.json.setdefault("buffers", []).append({"uri": uri, "byteLength": 4})
    assert damage(draft).startswith("The model's file points at files outside itself, which is refused")


@pytest.mark.parametrize("field", ["animations", "nodes"])
def test_a_file_that_points_outside_itself_never_gets_to_blenders_importer(field: str, tmp_path: Path) -> None:
    draft = as_trellis("png")
    draft.json["images"][0] = {"uri": "secret.png"}
    draft.json[field] = [{}]  # with an animation it is not plain, without a mesh it is damaged
    (tmp_path / "model.glb").write_bytes(draft.glb())
    answer = read_for_import("job_1", tmp_path / "model.glb", Shape())
    assert (answer.model, answer.reason) == (None, "")
    assert answer.error.startswith("The model's file points at files outside itself")


def test_numbers_may_be_written_with_a_decimal_point() -> None:
    draft = whole(wedge())
    document = draft.json | {"buffers": [{"byteLength": float(len(draft.binary))}]}
    text = json.dumps(document).replace('"count": 4', '"count": 4.0')
    assert read(container(text.encode(), bytes(draft.binary))).mesh.face_count == 4
