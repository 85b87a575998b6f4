"""The check on arrival: measured by a worker, kept with the job, and told in one line with the remedies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import BODY_FLAWS, Emulator, Service
from tests.blender.drawing import draw
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import finish, newest_job, tick_until
from tests.emulator.caller import draw_picture

if TYPE_CHECKING:
    from pathlib import Path

OPS: Any = bpy.ops
TYPES: Any = bpy.types
FLAWED = Service(flaws=BODY_FLAWS, texture_format="png")


def disc(folder: Path) -> Path:
    picture = folder / "Scheibe.png"
    picture.write_bytes(draw_picture("disc"))
    return picture


def test_a_sound_model_is_measured_when_it_has_arrived(addon: Any, connected: Emulator, tmp_path: Path) -> None:
    job = finish(disc(tmp_path))
    tick_until(lambda: newest_job().findings is not None)
    found = newest_job().findings
    assert (found.parts, found.holes, found.flipped_faces, found.hidden_faces) == (1, 0, 0, 0)
    kept = addon.session.folder(job.id) / "job.json"
    tick_until(lambda: "findings" in json.loads(kept.read_text(encoding="utf-8")))
    assert json.loads(kept.read_text(encoding="utf-8"))["findings"]["faces"] == found.faces


@pytest.mark.parametrize("emulator", [FLAWED], indirect=True)
def test_every_fault_of_a_model_is_found_and_nothing_is_changed(
    addon: Any, connected: Emulator, tmp_path: Path
) -> None:
    job = finish(disc(tmp_path))
    (thing,) = [thing for thing in bpy.data.objects if thing.type == "MESH"]
    faces = len(thing.data.polygons)  # type: ignore[union-attr]  # a mesh
    assert OPS.trellis2.check_model(job_id=job.id) == {"FINISHED"}
    tick_until(lambda: newest_job().findings is not None and newest_job().findings.clear is not None)
    names = {fault.name for fault in newest_job().findings.faults()}
    assert names >= {"HIDDEN", "LOOSE", "HOLES", "FLIPPED", "FLAT", "CLEAR", "MIRROR"}
    assert len(thing.data.polygons) == faces  # type: ignore[union-attr]  # a mesh
    assert [each.name for each in bpy.data.objects if each.type == "MESH"] == [thing.name]


@pytest.mark.parametrize("emulator", [Service(flaws=frozenset({"clear_rims"}), texture_format="png")], indirect=True)
def test_transparency_is_offered_as_a_switch_where_the_alpha_is_in_use(
    addon: Any, connected: Emulator, tmp_path: Path
) -> None:
    job = finish(disc(tmp_path))
    OPS.trellis2.check_model(job_id=job.id)
    tick_until(lambda: newest_job().findings is not None and newest_job().findings.clear is not None)
    page = draw(TYPES.TRELLIS2_PT_jobs)
    switch = [(label, given["job_id"]) for name, label, given in page.operators if name == "trellis2.set_transparency"]
    assert switch == [("Off", job.id), ("Clip", job.id), ("Blend", job.id)]
    assert page.pressed == ["Off"]
    OPS.trellis2.set_transparency(mode="CLIP", job_id=job.id)
    assert draw(TYPES.TRELLIS2_PT_jobs).pressed == ["Clip"]


@pytest.mark.parametrize("emulator", [FLAWED], indirect=True)
def test_the_remedy_beside_the_line_acts_on_the_jobs_model(addon: Any, connected: Emulator, tmp_path: Path) -> None:
    job = finish(disc(tmp_path))
    assert OPS.trellis2.make_solid(job_id=job.id, smallest_part=1.0) == {"FINISHED"}
    running = addon.session.running()
    tick_until(lambda: not running.finishing.is_busy)
    assert "is mended" in running.messages.notices[-1].sentence
    assert len([each for each in bpy.data.objects if each.type == "MESH"]) == 2


def findings(addon: Any, **measures: Any) -> Any:
    return addon.findings.Findings(**{"faces": 1000, "parts": 1, "clear": 0.0, "texture": 2048, **measures})


def drawn(addon: Any, **job: Any) -> Any:
    """Return what the details of a job show."""
    with session_with(addon, [snapshot(addon, **job)]):
        return draw(TYPES.TRELLIS2_PT_jobs)


def buttons(panel: Any) -> set[str]:
    """Return the ids of the operators on it."""
    return {name for name, _label, _given in panel.operators}


def test_the_details_say_it_in_one_line_with_a_button_for_each_remedy(addon: Any) -> None:
    panel = drawn(addon, findings=findings(addon, hidden_parts=1, hidden_faces=400, clear=0.3))
    assert "Hidden shell · Unused alpha" in panel.texts
    assert {"trellis2.make_solid", "trellis2.check_model"} <= buttons(panel)


def test_spots_and_a_flat_body_lead_to_the_model_that_may_be_without(addon: Any) -> None:
    model = bpy.data.objects.new("model", bpy.data.meshes.new("model"))
    model["trellis2_job_id"], model["trellis2_version"] = "r1", "1.0.0"
    bpy.context.scene.collection.objects.link(model)  # type: ignore[union-attr]  # there is one
    spots = drawn(addon, remote_id="r1", findings=findings(addon, mirror=0.2))
    assert "Mirror spots" in spots.texts
    assert "trellis2.material_sanity" in buttons(spots)
    assert complaints(spots) == ["SPOTS"]
    assert complaints(drawn(addon, findings=findings(addon, flatness=0.05, facing=0.6))) == ["FLAT"]
    assert complaints(drawn(addon, findings=findings(addon))) == []
    assert complaints(drawn(addon, findings=findings(addon, mirror=0.2), picture="")) == []  # nothing to make it from
    left = drawn(addon, stage="ready", remote_id="r1", findings=findings(addon, mirror=0.2))
    assert complaints(left) == ["SPOTS"]
    assert "trellis2.material_sanity" not in buttons(left)


def complaints(panel: Any) -> list[str]:
    """Return the complaints that it has a button for before the fold that has all three."""
    asked = [given["complaint"] for name, _label, given in panel.operators if name == "trellis2.change_one_thing"]
    assert asked[-3:] in ([], ["FLAT", "SOFT", "SPOTS"])
    return asked[:-3]


def test_a_sound_model_needs_no_remedy(addon: Any) -> None:
    panel = drawn(addon, findings=findings(addon))
    assert "No faults found" in panel.texts
    assert "trellis2.make_solid" not in buttons(panel)


def test_a_model_that_was_never_checked_can_be_by_the_jobs_menu(addon: Any) -> None:
    with session_with(addon, [snapshot(addon)]):
        page, menu = draw(TYPES.TRELLIS2_PT_jobs), draw(TYPES.TRELLIS2_MT_job)
    assert "trellis2.check_model" not in buttons(page)  # a model that arrived is being measured: the button would flash
    assert "trellis2.check_model" in buttons(menu)
    assert "trellis2.check_model" not in menu.grey
    assert "No faults found" not in page.texts


def test_the_tooltip_says_it_in_numbers(addon: Any) -> None:
    job = snapshot(addon, findings=findings(addon, hidden_parts=1, hidden_faces=400))
    with session_with(addon, [job]):
        properties = type("Given", (), {"job_id": job.id})
        said = TYPES.TRELLIS2_OT_check_model.description(bpy.context, properties)
        assert "Parts hidden inside: 1, with 400 faces (40 %)" in said
        assert "Parts hidden inside: 1, with 400 faces (40 %)" in TYPES.TRELLIS2_OT_make_solid.description(
            bpy.context, properties
        )
