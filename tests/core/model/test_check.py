"""The check of a model that has arrived: it finds all that is known to be there, and nothing in a sound model."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from emulator import BODY_FLAWS, Flaw
from emulator.model.flawed_mesh import BITS
from emulator.model.order import Order
from emulator.model.workshop import make
from tests.core.model.glb_reading import read
from tests.emulator.caller import draw_picture
from trellis_blender.core.model.surface.check import measure, measure_model
from trellis_blender.core.model.surface.findings import Fault, Findings, from_json, numbers
from trellis_blender.core.model.surface.textures import look_at
from trellis_blender.core.model.surface.welded import components, make_surface
from trellis_blender.core.model.surface.winding import inside_out, winding_numbers

if TYPE_CHECKING:
    from trellis_blender.core.model.arrays import Model

FACES, TEXTURE = 20_000, 256
FAULT_OF: dict[Flaw, Fault] = {
    "inner_shell": Fault.HIDDEN,
    "loose_bits": Fault.LOOSE,
    "holes": Fault.HOLES,
    "flipped_patches": Fault.FLIPPED,
    "slab": Fault.FLAT,
    "clear_rims": Fault.CLEAR,
    "mirror_spots": Fault.MIRROR,
}


@functools.cache
def body(*flaws: Flaw) -> Model:
    order = Order(draw_picture("disc"), FACES, TEXTURE, "png", False, 1, frozenset(flaws))
    return read(make(order).glb)


def pixels(model: Model) -> dict[int, Any]:
    """Return the model's images as the background Blender hands them on: the lowest row first."""
    return {
        index: np.asarray(Image.open(io.BytesIO(image.data or b"")).convert("RGBA"))[::-1]
        for index, image in model.images.items()
    }


def checked(*flaws: Flaw) -> Findings:
    """Return all that can be known of such a body."""
    model = body(*flaws)
    found = measure_model(model)
    seen: Any = look_at(model, pixels(model))
    return Findings(**{**vars(found), **seen})


def test_nothing_is_wrong_with_a_sound_model() -> None:
    found = checked()
    assert found.faults(TEXTURE) == []
    assert (found.parts, found.holes, found.hidden_faces, found.flipped_faces, found.loose_parts) == (1, 0, 0, 0, 0)


@pytest.mark.parametrize(("flaw", "fault"), FAULT_OF.items())
def test_each_fault_is_found_and_no_other(flaw: Flaw, fault: Fault) -> None:
    assert checked(flaw).faults(TEXTURE) == [fault]


def test_all_faults_are_found_together() -> None:
    assert set(checked(*BODY_FLAWS).faults(TEXTURE)) == set(FAULT_OF.values())
    assert set(FAULT_OF) == BODY_FLAWS


def test_what_is_found_is_counted_exactly() -> None:
    sound = measure_model(body()).faces
    found = checked(*BODY_FLAWS)
    assert (found.hidden_parts, found.hidden_faces) == (1, sound)
    assert (found.loose_parts, found.loose_faces) == (BITS, 8 * BITS)
    assert (found.parts, found.holes) == (2 + BITS, 2)
    alone = measure_model(body("flipped_patches"))
    assert alone.flipped_faces == len(set(windings(body())) - set(windings(body("flipped_patches"))))


def windings(model: Model) -> list[tuple[bytes, ...]]:
    """Return each face by the places of its corners, beginning with the least one."""
    corners = model.mesh.positions.reshape(-1, 3)[model.mesh.corner_vertices].reshape(-1, 3, 3)
    found = []
    for face in corners:
        places = [place.tobytes() for place in face]
        first = places.index(min(places))
        found.append((*places[first:], *places[:first]))
    return found


def test_faces_split_at_seams_count_as_one_part() -> None:
    model = body()
    places, triangles = model.mesh.positions.reshape(-1, 3), model.mesh.corner_vertices
    split = measure(places[triangles], np.arange(len(triangles), dtype=np.int32).reshape(-1, 3))
    assert split == measure(places, triangles.reshape(-1, 3))


@pytest.mark.parametrize("flaws", [(), ("holes",)])
def test_a_model_that_is_inside_out_as_a_whole_is_found(flaws: tuple[Flaw, ...]) -> None:
    model = body(*flaws)
    triangles = model.mesh.corner_vertices.reshape(-1, 3)[:, ::-1]
    assert measure(model.mesh.positions.reshape(-1, 3), triangles).flipped_faces == len(triangles)


def test_the_wall_of_a_cavity_is_right_as_it_is() -> None:
    assert measure_model(body("inner_shell")).flipped_faces == 0
    alone, beside = body("flipped_patches"), body("flipped_patches", "inner_shell")
    assert measure_model(beside).flipped_faces == measure_model(alone).flipped_faces > 0


def test_a_ball_is_not_flat_and_a_tenth_of_it_faces_along_an_axis() -> None:
    ball = trimesh.creation.icosphere(subdivisions=4)
    found = measure(ball.vertices.astype(np.float32), ball.faces.astype(np.int32))
    assert found.flatness > 0.97
    assert found.facing == pytest.approx(0.1, abs=0.02)


def test_a_band_without_sides_is_no_fault_and_is_told_apart() -> None:
    count = 40
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    edge = []
    for side in (-0.3, 0.3):
        radius = 1 + side * np.cos(turn / 2)
        edge.append(np.stack([radius * np.cos(turn), radius * np.sin(turn), side * np.sin(turn / 2)]))
    places = np.concatenate(edge, axis=1).T.astype(np.float32)
    triangles = []
    for number in range(count):
        after, crossed = (number + 1) % count, number + 1 == count
        low, high = (after + count, after) if crossed else (after, after + count)
        triangles += [(number, low, number + count), (low, high, number + count)]
    surface = make_surface(places, np.array(triangles, np.int32))
    flipped, has_no_sides = inside_out(surface)
    assert not flipped.any()
    assert has_no_sides.all()


def test_the_winding_number_is_one_inside_and_nothing_outside() -> None:
    model = body()
    corners = model.mesh.positions.reshape(-1, 3)[model.mesh.corner_vertices].reshape(-1, 3, 3)
    around = winding_numbers(np.array([(0.0, 0.0, 0.0), (0.6, 0.0, 0.0)]), corners)
    assert around == pytest.approx([1.0, 0.0], abs=1e-3)


def test_connected_nodes_get_the_least_of_their_numbers() -> None:
    chain = np.arange(999)
    assert components(1001, chain, chain + 1).tolist() == [0] * 1000 + [1000]
    shuffled = np.random.default_rng(1).permutation(1000)
    assert (components(1000, shuffled[:-1], shuffled[1:]) == 0).all()
    assert components(3, np.array([], int), np.array([], int)).tolist() == [0, 1, 2]


def test_a_smaller_texture_than_asked_is_told() -> None:
    found = measure_model(body())
    assert found.texture == TEXTURE
    assert found.faults(2 * TEXTURE) == [Fault.TEXTURE]
    assert found.faults() == []
    assert "Textures: 256 pixels; asked: 512" in numbers(found, 512)


def test_the_tooltip_has_numbers() -> None:
    lines = numbers(checked(*BODY_FLAWS))
    assert any(line.startswith("Parts hidden inside: 1, with ") for line in lines)
    assert all(any(character.isdigit() for character in line) for line in lines)


def test_how_much_of_the_mirror_is_black_is_told_of_a_mirror_alone() -> None:
    found = Findings(1, 1, mirror=0.5, black_mirror=0.1)
    assert numbers(found)[-1] == "Black as well: 10 % of the surface"
    assert not any("Black" in line for line in numbers(Findings(1, 1, black_mirror=0.1)))


def test_findings_of_a_newer_version_are_read_and_those_that_are_no_numbers_are_not() -> None:
    assert from_json({"faces": 3, "parts": 1, "colour": 7}) == Findings(3, 1)
    assert from_json(None) is None
    with pytest.raises(TypeError, match="holes"):
        from_json({"faces": 3, "parts": 1, "holes": "many"})
    with pytest.raises(TypeError, match="faces"):
        from_json({"faces": True, "parts": 1})
    with pytest.raises(ValueError, match="bounds"):
        from_json({"faces": 3, "parts": 1, "holes": -1})
