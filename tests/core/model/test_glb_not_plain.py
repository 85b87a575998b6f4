"""Sound files that hold more than our reader takes: they are left to Blender's importer, and the reason is told."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest

from tests.core.model.glb_reading import read, reason
from tests.glbs.draft import FLOAT, Draft
from tests.glbs.materials import as_trellis, plain_factors, sampled
from tests.glbs.plain import add, placed, whole
from tests.glbs.shapes import cube, wedge
from trellis_blender.core.errors import Remedy
from trellis_blender.core.model import read as read_module
from trellis_blender.core.model.arrays import Shape
from trellis_blender.core.runner.questions import read_for_import

if TYPE_CHECKING:
    from pathlib import Path

    from trellis_blender.core.runner.messages import ModelRead


def with_field(path: str, value: Any) -> Draft:
    """Return a textured globe of which the field at the path has this value."""
    draft = as_trellis("png")
    *way, last = path.split()
    holder: Any = draft.json
    for step in way:
        holder = holder[int(step) if step.isdigit() else step]
    holder[int(last) if last.isdigit() else last] = value
    return draft


PRIMITIVE, MATERIAL = "meshes 0 primitives 0", "materials 0"
DRACO = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {}}}
REASONS: dict[str, tuple[str, Any, str]] = {
    "Draco required": (
        "extensionsRequired",
        ["KHR_draco_mesh_compression"],
        "the extension KHR_draco_mesh_compression",
    ),
    "meshopt required": ("extensionsRequired", ["EXT_meshopt_compression"], "the extension EXT_meshopt_compression"),
    "another extension required": ("extensionsRequired", ["EXT_texture_webp", "ACME"], "the extension ACME"),
    "Draco": (f"{PRIMITIVE} extensions", DRACO, "shape keys or compressed meshes"),
    "morph targets": (f"{PRIMITIVE} targets", [{"POSITION": 0}], "shape keys or compressed meshes"),
    "morph weights": ("meshes 0 weights", [0.5], "shape keys"),
    "skins": ("skins", [{"joints": [0]}], "an armature"),
    "animations": ("animations", [{"channels": [], "samplers": []}], "an animation"),
    "cameras": ("cameras", [{"type": "perspective"}], "a camera"),
    "lights": ("nodes 0 extensions", {"KHR_lights_punctual": {"light": 0}}, "lights or other unusual objects"),
    "several scenes": ("scenes", [{"nodes": [0]}, {"nodes": []}], "several scenes"),
    "no scene": ("scenes", [], "no scene"),
    "lines": (f"{PRIMITIVE} mode", 1, "points, lines or strips"),
    "a strip": (f"{PRIMITIVE} mode", 5, "points, lines or strips"),
    "vertex colors": (f"{PRIMITIVE} attributes COLOR_0", 0, "vertex colors or other attributes"),
    "joints": (f"{PRIMITIVE} attributes JOINTS_0", 0, "vertex colors or other attributes"),
    "a ninth UV map": (f"{PRIMITIVE} attributes TEXCOORD_8", 2, "vertex colors or other attributes"),
    "sparse accessors": ("accessors 0 sparse", {"count": 1}, "a mesh stored in an unusual way"),
    "cut-out": (f"{MATERIAL} alphaMode", "MASK", "cut-out materials"),
    "glass": (f"{MATERIAL} extensions", {"KHR_materials_transmission": {}}, "unusual materials"),
    "emission strength": (f"{MATERIAL} extensions", {"KHR_materials_emissive_strength": {}}, "unusual materials"),
    "texture transforms": (
        f"{MATERIAL} pbrMetallicRoughness baseColorTexture extensions",
        {"KHR_texture_transform": {"scale": [2, 2]}},
        "moved or scaled textures",
    ),
    "KTX textures": ("textures 0 extensions", {"KHR_texture_basisu": {"source": 0}}, "unusual textures"),
    "a texture without an image": ("textures 0", {}, "textures without an image"),
    "an image as text": ("images 0", {"uri": "data:image/png;base64,AAAA"}, "images stored in an unusual way"),
    "a buffer as text": ("buffers", [{"uri": "data:,", "byteLength": 0}], "a mesh stored in an unusual way"),
    "two buffers": ("buffers", [{"byteLength": 8}, {"byteLength": 8}], "a mesh stored in an unusual way"),
}


@pytest.mark.parametrize("name", REASONS)
def test_it_is_left_to_blenders_importer_for_a_reason_that_is_told(name: str) -> None:
    path, value, words = REASONS[name]
    assert reason(with_field(path, value)) == words


def test_an_accessor_without_data_is_left_to_blenders_importer() -> None:
    draft = whole(wedge())
    del draft.json["accessors"][1]["bufferView"]
    assert reason(draft) == "a mesh stored in an unusual way"


def test_parts_without_normals_beside_parts_with_them_are_left_to_blenders_importer() -> None:
    draft = whole(wedge())
    add(draft, cube(), without="NORMAL")
    assert reason(draft) == "parts without normals beside parts with them"


def test_a_texture_that_wraps_differently_in_both_directions_is_left_to_blenders_importer() -> None:
    assert reason(sampled({"wrapS": 33071})) == "textures that wrap differently in both directions"


def test_an_extension_that_is_used_but_not_required_is_no_obstacle() -> None:
    draft = whole(wedge())
    draft.json["extensionsUsed"] = ["KHR_materials_ior", "ACME_notes"]
    assert read(draft).mesh.face_count == 4


def test_a_material_that_nothing_uses_is_no_obstacle() -> None:
    draft = plain_factors()
    draft.material(alphaMode="MASK", extensions={"KHR_materials_clearcoat": {}})
    assert len(read(draft).materials) == 1


def test_an_image_that_nothing_uses_is_left_out() -> None:
    draft = as_trellis("png")
    draft.json["images"].append({"bufferView": draft.view(b"no image at all")})
    assert sorted(read(draft).images) == [0, 1]


def test_a_mesh_that_is_used_tens_of_thousands_of_times_is_left_to_blenders_importer() -> None:
    draft = placed()
    draft.json["nodes"] = [{"mesh": 0}] * 20_000
    draft.json["scenes"][0]["nodes"] = list(range(20_000))
    assert reason(draft) == "thousands of parts"


def in_different_materials(count: int) -> Draft:
    """A body with so many parts, each in a material of its own."""
    draft = plain_factors()
    primitive = draft.json["meshes"][0]["primitives"][0]
    draft.json["materials"] = [{"pbrMetallicRoughness": {"metallicFactor": n / count}} for n in range(count)]
    draft.json["meshes"][0]["primitives"] = [{**primitive, "material": n} for n in range(count)]
    return draft


def test_hundreds_of_different_materials_are_left_to_blenders_importer() -> None:
    assert reason(in_different_materials(1000)) == "1,000 materials"


def test_no_more_materials_are_made_than_blender_makes_in_a_moment() -> None:
    assert len(read(in_different_materials(64)).materials) == 64
    assert reason(in_different_materials(65)) == "65 materials"


def test_data_that_is_used_many_times_over_is_left_to_blenders_importer() -> None:
    draft, count = Draft(), 60_000
    view = draft.view(bytes(12 * count))
    position = draft.refer(view, FLOAT, count, "VEC3")
    for _ in range(100):
        draft.primitive(POSITION=position)
    assert reason(draft) == "a mesh that is used many times over"


def test_the_reason_is_in_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(with_field("skins", [{"joints": [0]}]).glb())
    answer = read_for_import("job_1", path, Shape())
    assert (answer.id, answer.model, answer.reason, answer.error) == ("job_1", None, "an armature", "")


def answer_to(file: bytes, folder: Path) -> ModelRead:
    """Return the answer to a request to read such a file."""
    path = folder / "model.glb"
    path.write_bytes(file)
    return read_for_import("job_1", path, Shape())


def test_what_our_reader_stumbles_over_is_left_to_blenders_importer(tmp_path: Path) -> None:
    answer = answer_to(with_field("accessors 0 count", 7000).glb(), tmp_path)
    words = "an error"
    assert (answer.model, answer.reason, answer.error) == (None, words, "")


@pytest.mark.unexpected
def test_so_is_a_file_that_breaks_our_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_arguments: object) -> None:
        raise IndexError("a mistake of ours")

    monkeypatch.setattr(read_module, "read_parts", stumble)
    answer = answer_to(whole(wedge()).glb(), tmp_path)
    assert (answer.model, answer.reason, answer.error) == (None, "something unexpected", "")


@pytest.mark.parametrize(
    ("file", "says", "remedy"),
    [
        (b"<html>sorry</html>", "The model's file is not a GLB", Remedy.RETRY),
        (struct.pack("<4sII", b"glTF", 3, 12), "The model's file is glTF 3", Remedy.UPDATE),
    ],
)
def test_what_blender_cannot_read_either_is_told_with_what_helps(
    file: bytes, says: str, remedy: Remedy, tmp_path: Path
) -> None:
    answer = answer_to(file, tmp_path)
    assert (answer.model, answer.reason, answer.remedy) == (None, "", remedy)
    assert answer.error.startswith(says)


def test_a_file_that_is_gone_is_in_the_answer(tmp_path: Path) -> None:
    answer = read_for_import("job_1", tmp_path / "model.glb", Shape())
    assert answer.model is None
    assert answer.error.startswith("Could not read the model: ")
