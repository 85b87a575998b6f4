"""Each flaw of real exports, as a reader of models meets it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import trimesh

from emulator.model.flawed_mesh import BITS, HOLE_RADIUS
from emulator.model.flaws import ALL_FLAWS, BODY_FLAWS, FLAWS, Flaw, check_flaws
from tests.emulator.reliefs import Glb, relief, weld


def flawed(*flaws: Flaw) -> Glb:
    return relief(flaws=frozenset(flaws))


def coarse(*flaws: Flaw) -> Glb:
    return relief(flaws=frozenset(flaws), faces=10_000)


def face_normals(glb: Glb) -> npt.NDArray[np.float64]:
    corners = glb.attribute("POSITION", 3).astype(np.float64)[glb.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    unit: npt.NDArray[np.float64] = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    return unit


def edges(glb: Glb) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the directed edges between welded corners, and how often each is there."""
    _, triangles = weld(glb)
    directed = np.concatenate([triangles[:, pair] for pair in ((0, 1), (1, 2), (2, 0))])
    found, counts = np.unique(directed, axis=0, return_counts=True)
    return found, counts


def test_normals_can_be_missing() -> None:
    assert set(flawed("no_normals").primitive["attributes"]) == {"POSITION", "TEXCOORD_0"}


def test_normals_can_differ_from_corner_to_corner() -> None:
    glb = flawed("corner_normals")
    normals = glb.attribute("NORMAL", 3)
    assert len(normals) == 3 * len(glb.triangles)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    _, places = np.unique(glb.attribute("POSITION", 3), axis=0, return_inverse=True)
    order = np.argsort(places.reshape(-1), kind="stable")
    same_place = np.diff(places.reshape(-1)[order]) == 0
    apart = np.einsum("ij,ij->i", normals[order][1:], normals[order][:-1])[same_place] < np.cos(np.radians(0.5))
    assert np.mean(apart) > 0.2


def test_patches_can_be_inside_out_with_their_normals() -> None:
    sound, glb = flawed(), flawed("flipped_patches")
    assert len(glb.triangles) == len(sound.triangles)
    turned = np.mean(edges(glb)[1] == 2)
    assert 0 < turned < 0.1, "along the border of a patch both faces go the same way"
    own = np.einsum("ij,ikj->ik", face_normals(glb), glb.attribute("NORMAL", 3)[glb.triangles])
    assert np.mean(own > 0) > 0.97, "the normals belong to the faces as they are wound"


def test_sheets_can_be_doubled_with_a_back_or_as_they_are() -> None:
    sound, glb = flawed(), flawed("doubled_sheets")
    assert len(glb.triangles) > len(sound.triangles) * 1.1
    _, triangles = weld(glb)
    rolled = np.array([np.roll(face, -int(face.argmin())) for face in triangles])
    _, same_winding = np.unique(rolled, axis=0, return_counts=True)
    _, same_corners = np.unique(np.sort(triangles, axis=1), axis=0, return_counts=True)
    twice, with_back = int(np.sum(same_winding == 2)), int(np.sum(same_corners == 2)) - int(np.sum(same_winding == 2))
    assert twice > 1000
    assert with_back > 1000


def test_one_normal_can_be_no_number() -> None:
    normals = flawed("nan_normal").attribute("NORMAL", 3)
    assert np.count_nonzero(np.isnan(normals).any(axis=1)) == 1


def test_no_other_number_of_a_flawed_file_is_wrong() -> None:
    glb = flawed(*ALL_FLAWS)
    assert np.isfinite(glb.attribute("POSITION", 3)).all()
    assert np.isfinite(glb.attribute("TEXCOORD_0", 2)).all()
    assert int(glb.triangles.max()) < len(glb.attribute("POSITION", 3))


def test_all_flaws_but_missing_normals_can_be_in_one_file() -> None:
    glb = flawed(*ALL_FLAWS)
    assert set(FLAWS) - {"no_normals"} == ALL_FLAWS | BODY_FLAWS
    assert np.isnan(glb.attribute("NORMAL", 3)).any()
    assert len(glb.attribute("NORMAL", 3)) == 3 * len(glb.triangles)
    assert len(glb.triangles) > len(flawed().triangles)


def groups(pairs: npt.NDArray[np.int64]) -> list[list[int]]:
    """Return the numbers of the pairs, (n, 2 or more), that hang together, the largest group first."""
    root: dict[int, int] = {}

    def find(number: int) -> int:
        while root.setdefault(number, number) != number:
            root[number] = root[root[number]]
            number = root[number]
        return number

    for first, *others in pairs.tolist():
        for other in others:
            root[find(other)] = find(first)
    found: dict[int, list[int]] = {}
    for number, (first, *_others) in enumerate(pairs.tolist()):
        found.setdefault(find(first), []).append(number)
    return sorted(found.values(), key=len, reverse=True)


def parts(glb: Glb) -> list[list[int]]:
    """Return the faces of each part that hangs together, welded, the largest part first."""
    return groups(weld(glb)[1])


def open_edges(glb: Glb) -> npt.NDArray[np.int64]:
    """Return the edges that have one face: (n, 2)."""
    _, triangles = weld(glb)
    both = np.sort(np.concatenate([triangles[:, pair] for pair in ((0, 1), (1, 2), (2, 0))]), axis=1)
    found, counts = np.unique(both, axis=0, return_counts=True)
    single: npt.NDArray[np.int64] = found[counts == 1]
    return single


def test_a_second_skin_can_lie_inside_and_face_inwards() -> None:
    sound, glb = coarse(), coarse("inner_shell")
    outer, inner = parts(glb)
    assert len(outer) == len(inner) == len(sound.triangles)
    positions, triangles = weld(glb)
    skins = [trimesh.Trimesh(positions, triangles[skin], process=False) for skin in (outer, inner)]
    assert all(skin.is_watertight for skin in skins)
    assert sorted(skin.volume > 0 for skin in skins) == [False, True]
    assert not len(open_edges(glb))


def test_bits_can_float_around_the_model() -> None:
    glb = coarse("loose_bits")
    bits = parts(glb)[1:]
    assert [len(bit) for bit in bits] == [8] * BITS


def test_the_surface_can_have_a_small_and_a_large_hole() -> None:
    glb = flawed("holes")
    assert not len(open_edges(flawed()))
    rims, positions = open_edges(glb), weld(glb)[0]
    lengths = np.linalg.norm(positions[rims[:, 0]] - positions[rims[:, 1]], axis=1)
    around = sorted(float(lengths[rim].sum()) for rim in groups(rims))
    assert len(around) == 2
    assert around[0] < 0.03 < 2 * HOLE_RADIUS * 3 < around[1]


def test_the_base_color_can_be_clear_in_frames() -> None:
    alpha = np.asarray(flawed("clear_rims").image(0).getchannel("A"))
    assert 0.4 < np.mean(alpha == 0) < 0.6
    assert not np.any(np.asarray(flawed().image(0).getchannel("A")) == 0)


def test_spots_can_be_black_mirrors() -> None:
    texture = np.asarray(flawed("mirror_spots").image(1).convert("RGB")).astype(int)
    mirrors = (texture[..., 1] < 25) & (texture[..., 2] > 230)
    assert 0.02 < np.mean(mirrors) < 0.1
    assert np.asarray(flawed("mirror_spots").image(0).convert("L"))[mirrors].mean() < 20
    sound = np.asarray(flawed().image(1).convert("RGB")).astype(int)
    assert not np.any((sound[..., 1] < 25) & (sound[..., 2] > 230))


def test_the_body_can_be_flat() -> None:
    def depth(glb: Glb) -> float:
        extents = np.ptp(glb.attribute("POSITION", 3), axis=0)
        return float(extents.min() / extents.max())

    assert depth(flawed("slab")) < 0.06
    assert depth(flawed()) > 0.15


def test_all_flaws_of_a_body_can_be_in_one_model() -> None:
    glb = coarse(*BODY_FLAWS)
    sizes = [len(part) for part in parts(glb)]
    assert sizes[-BITS:] == [8] * BITS
    assert len(coarse().triangles) * 1.9 < sum(sizes[:-BITS]) < len(coarse().triangles) * 2
    assert len(open_edges(glb)) > 10
    assert np.mean(edges(glb)[1] == 2) > 0


@pytest.mark.parametrize("flaws", [{"no_such"}, {"no_normals", "nan_normal"}, {"no_normals", "corner_normals"}])
def test_flaws_that_do_not_exist_or_go_together_are_an_error(flaws: set[Flaw]) -> None:
    with pytest.raises(ValueError, match="normals"):
        check_flaws(frozenset(flaws))
