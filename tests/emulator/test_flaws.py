"""Each flaw of real exports, as a reader of models meets it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from emulator.model.flaws import ALL_FLAWS, FLAWS, Flaw, check_flaws
from tests.emulator.reliefs import Glb, relief, weld


def flawed(*flaws: Flaw) -> Glb:
    return relief(flaws=frozenset(flaws))


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
    assert set(FLAWS) - {"no_normals"} == ALL_FLAWS
    assert np.isnan(glb.attribute("NORMAL", 3)).any()
    assert len(glb.attribute("NORMAL", 3)) == 3 * len(glb.triangles)
    assert len(glb.triangles) > len(flawed().triangles)


@pytest.mark.parametrize("flaws", [{"holes"}, {"no_normals", "nan_normal"}, {"no_normals", "corner_normals"}])
def test_flaws_that_do_not_exist_or_go_together_are_an_error(flaws: set[Flaw]) -> None:
    with pytest.raises(ValueError, match="normals"):
        check_flaws(frozenset(flaws))
