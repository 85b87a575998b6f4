"""What comes of the answers of the background Blender: given here, so that each case costs no render and no fit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

from tests.addon import addon
from tests.blender.picture.test_render import current_scene

OPS: Any = bpy.ops
NO_TURN = "Several turns fit the picture alike"
THERE = Matrix.LocRotScale((5.0, 1.0, 2.0), Matrix.Rotation(0.5, 3, "Z").to_quaternion(), (3.0, 3.0, 3.0))
EYE = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0, -9.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)  # looks along Y


@pytest.fixture
def scene(addon: Any) -> Any:
    """An empty scene."""
    return current_scene()


def viewpoint(*selected: str, name: str = "") -> Any:
    """A viewpoint; `name` tells it from others."""
    assert addon.viewpoint.of_note  # the package is loaded
    return SimpleNamespace(
        matrix=EYE, projection=EYE, is_perspective=True, selected=selected, as_json=lambda: {"name": name}
    )


def job(place: int = 1, **given: Any) -> Any:
    """A job as the answers know it."""
    return SimpleNamespace(
        **{
            "id": f"job{place}",
            "name": f"Model {place}",
            "place": place,
            "viewpoint": viewpoint(),
            "crop": (),
            "picture": "source.png",
            **given,
        }
    )


def cube(size: float = 2.0, x: float = 0.0) -> Any:
    """A model of the one picture, a cube on the ground."""
    OPS.mesh.primitive_cube_add(size=size, location=(x, 0.0, 0.0))
    made: Any = bpy.context.active_object
    made["trellis2_picture_sha256"] = "one"
    return made


def found(**given: Any) -> dict[str, Any]:
    """An answer: the file's model is a cube of 2, and stands there."""
    flat = [float(THERE[row][column]) for row in range(4) for column in range(4)]
    return {"matrix": flat, "low": [-1, -1, -1], "high": [1, 1, 1], "overlap": 0.934, "doubt": "", **given}


def moved(*answers: tuple[Any, Any, dict[str, Any]], **wanted: Any) -> tuple[list[str], list[Any]]:
    """Let these models' answers arrive. Return what was told, and the steps that were begun with their settings."""
    told: list[str] = []
    begun: list[Any] = []
    aligning = addon.aligning.Aligning(Path("jobs"), told.append, lambda *given: begun.append(given))
    aligning.add([], **wanted)
    aligning.waiting[0].found += [(thing.session_uid, of, answer) for thing, of, answer in answers]
    bpy.ops.ed.undo_push(message="before")
    aligning.step()
    assert not aligning.is_busy
    return told, begun


def test_the_model_has_its_place_whatever_the_size_of_its_mesh(scene: Any) -> None:
    small = cube(size=0.5)
    told, begun = moved((small, job(), found()))
    corners: Any = [small.matrix_world @ Vector(corner) for corner in small.bound_box]
    ends = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    expected: Any = [THERE @ Vector(end) for end in ends]
    assert np.ptp(corners, axis=0) == pytest.approx(np.ptp(expected, axis=0), abs=1e-4)
    assert np.mean(corners, axis=0) == pytest.approx(np.mean(expected, axis=0), abs=1e-4)
    assert told == ["“Model 1” stands where the picture shows it: 93 % of the outlines overlap."]
    assert begun == []


def test_a_model_of_which_it_is_not_sure_stays_and_the_reason_is_told(scene: Any) -> None:
    thing = cube(x=7.0)
    before = thing.matrix_world.copy()
    told, begun = moved((thing, job(), found(doubt=NO_TURN)), projects=True)
    assert thing.matrix_world == before
    assert told == [f"“Model 1” stays where it is. {NO_TURN}: 93 % of the outlines overlap."]
    moved((thing, job(), found(matrix=[], doubt=NO_TURN)), projects=True)
    assert thing.matrix_world == before
    assert begun == []


def test_several_of_one_picture_move_in_one_step_side_by_side_in_the_order_of_their_jobs(scene: Any) -> None:
    third, first, second = cube(x=-9.0), cube(x=9.0), cube()
    second.matrix_world = THERE.copy()  # already there: the first has the place all the same
    last = job(3)
    answers = [(third, last, found()), (second, job(2), found()), (first, job(1), found())]
    told, begun = moved(*answers, projects=True)
    assert first.matrix_world.translation == THERE.translation
    (_low, one), (two, three), (four, _high) = (reach(thing) for thing in (first, second, third))
    assert [two - one, four - three] == pytest.approx([0.25 * (three - two)] * 2)
    assert all(thing.matrix_world.to_3x3() == THERE.to_3x3() for thing in (first, second, third))
    assert ["beside the other" in sentence for sentence in told] == [False, True, True]
    assert len({str(settings["matrix"]) for _step, _thing, settings in begun}) == 1  # as the picture shows each
    names = [thing.name for thing in (first, second, third)]
    OPS.ed.undo()
    again = [bpy.data.objects[name].matrix_world.translation.x for name in names]
    assert again == pytest.approx([9.0, THERE.translation.x, -9.0])


def reach(thing: Any) -> tuple[float, float]:
    """Return from where to where a thing reaches to the right."""
    across = [(thing.matrix_world @ Vector(corner)).x for corner in thing.bound_box]
    return min(across), max(across)


def test_models_of_other_pictures_and_hidden_ones_do_not_push_it_aside(scene: Any) -> None:
    thing, other, hidden = cube(x=9.0), cube(), cube()
    other["trellis2_picture_sha256"] = "two"
    hidden.hide_set(True)
    for each in (other, hidden):
        each.matrix_world = THERE.copy()
    moved((thing, job(), found()))
    assert thing.matrix_world.translation == THERE.translation


def test_a_model_that_was_removed_meanwhile_is_left_out(scene: Any) -> None:
    gone, here = cube(), cube(x=3.0)
    answers = [(gone, job(1), found()), (here, job(2), found())]
    uid = gone.session_uid
    bpy.data.objects.remove(gone)
    answers[0] = (SimpleNamespace(session_uid=uid), *answers[0][1:])
    told, _begun = moved(*answers)
    assert here.matrix_world.translation == THERE.translation
    assert len(told) == 1


def test_a_model_stays_and_only_gets_its_picture_if_it_shall_not_move(scene: Any) -> None:
    thing = cube(x=7.0)
    _told, begun = moved((thing, job(), found()), moves=False, projects=True)
    assert thing.matrix_world.translation.x == 7.0
    ((step, of, settings),) = begun
    assert (step, of) == ("project", thing)
    own = THERE.inverted() @ Matrix([EYE[row : row + 4] for row in range(0, 16, 4)])
    assert settings["matrix"] == pytest.approx([own[row][column] for row in range(4) for column in range(4)], abs=1e-5)


def asked(monkeypatch: pytest.MonkeyPatch, of: Any, **wanted: Any) -> dict[str, Any]:
    """Return what the background Blender is asked about a model."""
    questions: list[dict[str, Any]] = []
    aligning = addon.aligning.Aligning(Path("jobs"), print, print)
    monkeypatch.setattr(aligning.client, "begin_align", lambda _file, _picture, given: questions.append(given))
    aligning.add([(cube(), of)], **wanted)
    aligning.step()
    return questions[0]


def test_the_jobs_own_camera_goes_before_the_scenes(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scenes = viewpoint(name="scene's")
    of = job(viewpoint=viewpoint(name="job's"))
    assert asked(monkeypatch, of, viewpoint=scenes)["viewpoint"] == {"name": "job's"}
    assert asked(monkeypatch, job(viewpoint=None), viewpoint=scenes)["viewpoint"] == {"name": "scene's"}


def test_depth_comes_from_the_ground_then_from_what_was_selected_then_from_the_cursor(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = cube(x=3.0), cube(x=5.0)
    scene.cursor.location = (0.0, 8.0, 1.0)
    given = asked(monkeypatch, job(viewpoint=viewpoint(one.name, other.name, "gone")))
    assert (given["knows_ground"], given["may_tilt"]) == (True, False)
    assert given["points"] == [pytest.approx([4.0, 0.0, 0.0]), pytest.approx([0.0, 8.0, 1.0])]
    assert asked(monkeypatch, job())["points"] == [pytest.approx([0.0, 8.0, 1.0])]
    given = asked(monkeypatch, job(), replaces=True, may_tilt=True)
    assert (given["knows_ground"], given["may_tilt"]) == (False, True)


def test_a_picture_that_was_cut_shows_a_part_of_the_frame(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given = asked(monkeypatch, job(crop=(50, 20, 150, 80, 200, 100)))  # left, top, right, bottom of 200 by 100
    assert given["shows"] == pytest.approx((-0.5, -0.6, 0.5, 0.6))
    given = asked(monkeypatch, job(crop=(0, 10, 150, 100, 200, 100)))
    assert given["shows"] == pytest.approx((-1.0, -1.0, 0.5, 0.8))
