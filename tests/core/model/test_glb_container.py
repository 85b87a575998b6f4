"""Files that are no GLB, or whose JSON is none: each is refused with a sentence that says what is wrong."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from tests.core.model.glb_reading import damage
from tests.glbs.draft import Draft, container
from tests.glbs.materials import sampled
from tests.glbs.pictures import texture
from tests.glbs.plain import whole
from tests.glbs.shapes import wedge

# -- the container


def test_a_jpeg_named_glb_is_no_glb() -> None:
    assert damage(texture("jpeg")).startswith("The model's file is not a GLB")


@pytest.mark.parametrize("length", range(12))
def test_a_file_that_ends_within_its_header_is_no_glb(length: int) -> None:
    assert damage(whole(wedge()).glb()[:length]).startswith("The model's file is not a GLB")


def test_gltf_1_is_named_as_what_it_is() -> None:
    assert "glTF 1" in damage(struct.pack("<4sII", b"glTF", 1, 12))


@pytest.mark.parametrize("cut", [1, 4, 100, 300])
def test_a_truncated_file_says_how_much_is_missing(cut: int) -> None:
    glb = whole(wedge()).glb()
    assert damage(glb[:-cut]) == "The model's file did not arrive whole"


def test_a_file_that_is_longer_than_its_header_says_is_refused() -> None:
    glb = whole(wedge()).glb()
    assert damage(glb + b"1234") == "The model's file did not arrive whole"


def test_a_header_alone_has_no_json() -> None:
    assert damage(struct.pack("<4sII", b"glTF", 2, 12)) == "its first chunk is not JSON"


def test_a_binary_chunk_does_not_come_first() -> None:
    assert damage(struct.pack("<4sIII4s4x", b"glTF", 2, 24, 4, b"BIN\0")) == "its first chunk is not JSON"


def test_a_chunk_header_is_whole() -> None:
    assert damage(struct.pack("<4sII4x", b"glTF", 2, 16)) == "a chunk's header ends outside the file"


@pytest.mark.parametrize("length", [5, 2**31, 2**32 - 1])
def test_a_chunk_of_up_to_4_gigabytes_ends_within_the_file(length: int) -> None:
    assert (
        damage(struct.pack("<4sIII4s4s", b"glTF", 2, 24, length, b"JSON", b"{}  ")) == "a chunk ends outside the file"
    )


# -- JSON


@pytest.mark.parametrize("text", [b"", b"{", b"nothing", b'{"a":1,}', b"\xff\xfe{}", b"{} {}", b"\x00" * 8])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    assert damage(container(text)) == "its JSON cannot be read"


@pytest.mark.parametrize("text", [b"[]", b"1", b'"text"', b"null"])
def test_json_is_an_object(text: bytes) -> None:
    assert damage(container(text)) == "its JSON is not an object"


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000])
def test_json_that_is_nested_a_hundred_thousand_deep_is_refused(text: bytes) -> None:
    assert damage(container(text)) == "its JSON cannot be read"


def test_a_number_of_a_million_digits_is_refused() -> None:
    assert damage(container(b'{"scene":' + b"9" * 1_000_000 + b"}")) == "its JSON cannot be read"


def test_json_of_five_megabytes_is_refused() -> None:
    assert damage(container(b'{"a":"' + b" " * (5 * 2**20) + b'"}')) == "its JSON is unreasonably large"


@pytest.mark.parametrize("field", ["accessors", "bufferViews", "buffers", "images", "materials", "meshes", "nodes"])
@pytest.mark.parametrize("value", [1, "text", {}, [1], [[]], [None]])
def test_every_list_is_a_list_of_objects(field: str, value: Any) -> None:
    draft = whole(wedge())
    draft.json[field] = value
    assert damage(draft) == f"{field} is not a list of objects"


@pytest.mark.parametrize("field", ["extensionsRequired", "scenes", "samplers", "textures"])
@pytest.mark.parametrize("value", [1, "text", [1], {"a": 1}])
def test_no_field_of_the_wrong_type_gets_through(field: str, value: Any) -> None:
    draft = sampled({})
    draft.json[field] = value
    assert field in damage(draft)


def test_an_empty_gltf_holds_no_triangles() -> None:
    draft = Draft()
    draft.json["nodes"], draft.json["scenes"] = [{}], [{"nodes": [0]}]
    assert damage(draft) == "it holds no triangles"
