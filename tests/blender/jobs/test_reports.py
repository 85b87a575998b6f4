"""Reports: what an artist who looks elsewhere is told, once, and never as a pop-up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import addon_utils
import bpy
import pytest

from emulator import Fault
from tests.blender.boxes import box
from tests.blender.pictures import picture_file
from tests.blender.scene.test_import import add_camera
from tests.blender.snapshots import snapshot
from tests.blender.working import OPS, finish, generate, rest, stage_of, tick_until, waiting_reason

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


@pytest.fixture
def told(addon: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """What was reported, and whether as a warning: without a window nothing is shown."""
    reported: list[tuple[str, bool]] = []
    monkeypatch.setattr(addon.window, "report", lambda text, *, is_bad: reported.append((text, is_bad)))
    return reported


def test_a_model_that_arrives_is_reported_with_its_time_and_cost(
    tmp_path: Path, connected: Emulator, told: list[tuple[str, bool]]
) -> None:
    job = finish(picture_file(tmp_path, "lamp.png"))
    rest()
    ((text, is_bad),) = told
    begin, end = f"“{job.name}” is in the scene · 0:0", f", {job.cost:g} CU"
    assert (text[: len(begin)], text[-len(end) :], is_bad) == (begin, end, False)


def test_a_job_that_fails_at_scenario_is_reported_once_as_a_warning(
    tmp_path: Path, connected: Emulator, told: list[tuple[str, bool]]
) -> None:
    connected.fault("submit", Fault(job="fails"))
    job_id = generate(picture_file(tmp_path, "lamp.png"))
    tick_until(lambda: stage_of(job_id) == "failed")
    rest()
    ((text, is_bad),) = told
    assert text.startswith("“lamp” failed: Scenario could not make the model")
    assert is_bad


def test_a_model_that_cannot_be_read_is_reported_once(
    tmp_path: Path, connected: Emulator, addon: Any, told: list[tuple[str, bool]]
) -> None:
    job = finish(picture_file(tmp_path, "lamp.png"))
    (addon.session.jobs_root() / job.id / "model.glb").write_bytes(b"glTF")
    told.clear()
    OPS.trellis2.import_model(job_id=job.id)
    tick_until(lambda: stage_of(job.id) == "failed")
    rest()
    assert [(text.startswith("“lamp” failed: "), is_bad) for text, is_bad in told] == [(True, True)]


def test_a_model_that_blender_cannot_import_is_reported_once(
    tmp_path: Path,
    connected: Emulator,
    addon: Any,
    session: Any,
    told: list[tuple[str, bool]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addon.start, "blender_path", lambda: "/nowhere/blender")
    job = finish(picture_file(tmp_path, "lamp.png"))
    add_camera(session.jobs_root() / job.id / "model.glb")  # which leaves it to Blender's own importer
    told.clear()
    addon_utils.disable("io_scene_gltf2")
    try:
        OPS.trellis2.import_model(job_id=job.id)
        tick_until(lambda: stage_of(job.id) == "failed")
        rest()
    finally:
        addon_utils.enable("io_scene_gltf2")
    assert [(text.startswith("“lamp” failed: Blender's glTF importer is off"), is_bad) for text, is_bad in told] == [
        (True, True)
    ]


def test_a_model_for_a_file_that_is_no_longer_open_is_reported_as_ready(
    tmp_path: Path, connected: Emulator, told: list[tuple[str, bool]]
) -> None:
    job_id = generate(picture_file(tmp_path, "lamp.png"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    tick_until(lambda: stage_of(job_id) == "ready")
    rest()
    assert told == [("“lamp” is ready. Press Import to bring it in", False)]


def test_a_model_whose_box_was_deleted_is_reported_as_ready(
    tmp_path: Path, connected: Emulator, told: list[tuple[str, bool]]
) -> None:
    job_id = generate(picture_file(tmp_path, "lamp.png"))
    tick_until(lambda: stage_of(job_id) == "running")
    bpy.data.objects.remove(box())
    tick_until(lambda: stage_of(job_id) == "ready")
    rest()
    assert told == [("“lamp” is ready. The box was deleted or undone. Press Import to bring it in", False)]


def test_a_model_that_waits_for_the_artist_is_reported_once(
    tmp_path: Path,
    connected: Emulator,
    addon: Any,
    told: list[tuple[str, bool]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addon.importing, "RETRY_SECONDS", 0.0)  # it is tried with every tick
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    job_id = generate(picture_file(tmp_path, "lamp.png"))
    tick_until(lambda: stage_of(job_id) == "ready")
    tick_until(waiting_reason)
    rest()
    assert told == [("“lamp” is ready. Waiting for Object Mode", False)]


def test_a_job_that_the_artist_cancelled_is_not_reported(
    tmp_path: Path, connected: Emulator, told: list[tuple[str, bool]]
) -> None:
    job_id = generate(picture_file(tmp_path))
    OPS.trellis2.cancel(job_id=job_id)
    tick_until(lambda: stage_of(job_id) == "cancelled")
    rest()
    assert told == []


def test_what_happened_in_earlier_sessions_is_not_reported_again(
    addon: Any, session: Any, told: list[tuple[str, bool]]
) -> None:
    from tests.blender.snapshots import written

    for number, stage in enumerate(("failed", "ready", "imported")):
        written(addon, stage, number, message="It went wrong.")
    session.start()
    tick_until(lambda: len(session.jobs()) == 3)
    rest()
    assert told == []


def test_a_job_that_waits_for_help_is_reported_and_not_when_it_goes_on(addon: Any, told: list[Any]) -> None:
    remedies = addon.messages.Remedy
    running = snapshot(addon, "running", name="Lamp")
    held = replace(running, trouble="Credits are used up.", trouble_remedy=remedies.CREDITS)
    reports = addon.messages.Reports()
    reports.compare(running, held, is_awaited=True)
    reports.flush()
    assert told == [("“Lamp” waits: Credits are used up.", True)]

    for news in (addon.events.Polled("in-progress", 0.5, None), addon.events.Generated(("asset_1",), None)):
        goes_on = addon.job.advance(held, news, 0.0)
        assert (goes_on.trouble, goes_on.trouble_remedy) == ("", remedies.NONE)
        reports.compare(held, goes_on, is_awaited=True)
    reports.flush()
    assert len(told) == 1


def test_each_of_several_is_said_in_the_artists_language(
    addon: Any, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.messages, "translated_report", lambda text: f"<{text}>")
    reports = addon.messages.Reports()
    reports.tell("One.")
    reports.tell("Two.")
    reports.flush()
    assert told == [("<One.>; <Two.>", False)]


def test_a_notice_keeps_its_template_so_that_it_can_be_translated(addon: Any) -> None:
    messages = addon.messages.Messages()
    messages.tell(addon.errors.Text("“{name}” has no faces.", name="A\nB"))
    assert messages.notices[0].sentence == "“A B” has no faces."
    assert messages.notices[0].sentence.template == "“{name}” has no faces."


def test_several_at_once_are_one_report_and_bad_news_is_a_warning(addon: Any, told: list[tuple[str, bool]]) -> None:
    reports = addon.messages.Reports()
    reports.tell("One.")
    reports.tell("Two.", is_bad=True)
    reports.tell("Three.")
    reports.flush()
    reports.flush()
    assert told == [("One.; Two.; Three.", True)]
    reports.tell("Four.")
    reports.flush()
    assert told[1:] == [("Four.", False)]


@pytest.mark.parametrize(
    ("values", "end"),
    [
        ({"cost": 12.0, "ended": 1102.0}, " · 1:42, 12 CU"),
        ({"ended": 1102.0}, " · 1:42"),
        ({"cost": 7.25}, " · 7.25 CU"),
        ({}, ""),
    ],
)
def test_what_is_not_known_is_left_out(addon: Any, values: dict[str, Any], end: str) -> None:
    job = snapshot(addon, "ready", name="Lamp", created=1000.0, **values)
    assert addon.messages.arrived(job) == f"“Lamp” is in the scene{end}"


@pytest.mark.parametrize(("is_bad", "level"), [(False, "Info"), (True, "Warning")])
def test_bad_news_is_a_warning_and_never_an_error_that_would_pop_up(
    addon: Any, capfd: pytest.CaptureFixture[str], is_bad: bool, level: str
) -> None:
    assert OPS.trellis2.report(text="The lamp is in the scene", is_bad=is_bad) == {"FINISHED"}
    assert f"{level}: The lamp is in the scene" in capfd.readouterr().out


def test_in_the_background_nothing_is_reported(addon: Any, capfd: pytest.CaptureFixture[str]) -> None:
    addon.window.report("Nobody looks", is_bad=False)
    assert "Nobody looks" not in capfd.readouterr().out


def test_a_message_is_no_tool_that_an_import_waits_for(addon: Any) -> None:
    kind = type("Operator", (), {"bl_idname": "TRELLIS2_OT_report"})
    assert addon.busy.running_tools(type("Window", (), {"modal_operators": [kind]})) == []
    assert issubclass(addon.window.TRELLIS2_OT_report, bpy.types.Operator)
    assert hasattr(bpy.types, "TRELLIS2_OT_report")
