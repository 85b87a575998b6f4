"""What can be done with a job of the list: use its settings, open its folder, copy its id, remove it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import Fault
from tests.blender.pictures import picture_file, sent
from tests.blender.snapshots import written
from tests.blender.working import (
    OPS,
    finish,
    generate,
    job,
    meshes,
    newest_job,
    refusal,
    rest,
    stage_of,
    tick_until,
)

if TYPE_CHECKING:
    from emulator import Emulator

UNUSUAL = {"resolution": "512", "ss_guidance_strength": 3.3, "ss_sampling_steps": 7, "remesh": False, "seed": 0}


def other_file() -> None:
    """Begin a new file, with the settings as they are at first."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def panel() -> Any:
    """The scene's settings, as the panel shows them."""
    scene: Any = bpy.context.scene
    return scene.trellis2


def pressed(addon: Any, operator: str, **of_self: Any) -> Any:
    """An operator as `execute` and `invoke` see it, for what Blender does only with a window."""
    cls = getattr(addon.job_operators, f"TRELLIS2_OT_{operator}")
    given = {"job_id": "", "report": lambda kind, text: None, **of_self}
    names = ("none", "bl_label", "target", "hold", "objection", "confirm", "yes", "act")
    own = {name: getattr(cls, name) for name in names if hasattr(cls, name)}
    return type("Pressed", (), {**own, "fits": staticmethod(cls.fits), **given})()


# -- Use Settings


def test_use_settings_puts_picture_parameters_and_seed_back(tmp_path: Path, connected: Emulator) -> None:
    done = finish(picture_file(tmp_path, "Tür.png"), **UNUSUAL)
    other_file()
    assert OPS.trellis2.use_settings(job_id=done.id) == {"FINISHED"}
    values = {name: getattr(panel(), name) for name in UNUSUAL}
    assert values == pytest.approx(UNUSUAL)
    assert panel().use_seed
    assert panel().source == "FILE"


def test_generating_again_with_used_settings_sends_the_same_request(tmp_path: Path, connected: Emulator) -> None:
    picture = picture_file(tmp_path, "Tür.png")
    done = finish(picture, **UNUSUAL)
    chosen = sent(connected)
    picture.unlink()
    other_file()
    OPS.trellis2.use_settings(job_id=done.id)
    assert OPS.trellis2.generate_image(filepath=panel().filepath) == {"FINISHED"}
    tick_until(lambda: connected.paid == 2)
    first, second = (dict(remote.input) for remote in connected.jobs.values())
    assert first.pop("image") != second.pop("image")
    assert first == second
    assert sent(connected) == chosen
    assert (newest_job().name, newest_job().picture_name) == ("Tür", "Tür.png")


def test_used_settings_of_a_converted_picture_send_what_was_sent(tmp_path: Path, connected: Emulator) -> None:
    done = finish(picture_file(tmp_path, "Tür.tif"))
    before = sent(connected)
    OPS.trellis2.use_settings(job_id=done.id)
    finish(Path(bpy.path.abspath(panel().filepath)))
    assert sent(connected) == before
    assert newest_job().name == "Tür"


def test_use_settings_can_be_undone(addon: Any) -> None:
    assert "UNDO" in addon.job_operators.TRELLIS2_OT_use_settings.bl_options


# -- Open Folder, Copy Job ID


def test_open_folder_shows_the_jobs_own_folder(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = finish(picture_file(tmp_path))
    shown: list[str] = []

    def path_open(*, filepath: str) -> None:
        shown.append(filepath)

    window = SimpleNamespace(path_open=path_open)
    monkeypatch.setattr(addon.job_operators, "bpy", SimpleNamespace(ops=SimpleNamespace(wm=window)))
    operator = pressed(addon, "open_folder", job_id=done.id)
    assert addon.job_operators.TRELLIS2_OT_open_folder.execute(operator, None) == {"FINISHED"}
    assert shown == [str(session.jobs_root() / done.id)]


def test_where_no_file_browser_is_the_folder_is_told(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(filepath: str) -> None:
        raise RuntimeError("Error: Python: FileNotFoundError: xdg-open")

    done = finish(picture_file(tmp_path))
    said: list[str] = []
    window = SimpleNamespace(path_open=fail)
    monkeypatch.setattr(addon.job_operators, "bpy", SimpleNamespace(ops=SimpleNamespace(wm=window)))
    operator = pressed(addon, "open_folder", report=lambda _self, _kind, text: said.append(text))
    assert addon.job_operators.TRELLIS2_OT_open_folder.execute(operator, None) == {"CANCELLED"}
    assert said == [f"The folder could not be shown. It is {session.jobs_root() / done.id}."]


def test_copy_job_id_puts_scenarios_id_on_the_clipboard(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    done = finish(picture_file(tmp_path))
    clipboard = SimpleNamespace(clipboard="")  # without a window Blender has none
    context = SimpleNamespace(window_manager=clipboard)
    operator = pressed(addon, "copy_job_id", job_id=done.id)
    assert addon.job_operators.TRELLIS2_OT_copy_job_id.execute(operator, context) == {"FINISHED"}
    assert [clipboard.clipboard] == list(connected.jobs)


def test_before_the_submit_there_is_no_id_to_copy(tmp_path: Path, connected: Emulator) -> None:
    connected.fault("upload", Fault(delay=2))
    generate(picture_file(tmp_path))
    assert refusal(OPS.trellis2.copy_job_id).endswith("No job has an ID at Scenario yet. Wait until one is submitted")


# -- Remove


def click_remove(addon: Any, job_id: str) -> tuple[list[dict[str, str]], Any]:
    """Click on Remove; the questions that Blender is told to ask, and what the click returned."""
    asked: list[dict[str, str]] = []
    described: Any = bpy.types.WindowManager.bl_rna
    known = described.functions["invoke_confirm"].parameters
    cls = addon.job_operators.TRELLIS2_OT_remove

    def invoke_confirm(_operator: Any, _event: Any, **words: str) -> set[str]:
        assert set(words) <= set(known.keys())
        asked.append(words)
        return {"RUNNING_MODAL"}

    context = SimpleNamespace(window_manager=SimpleNamespace(invoke_confirm=invoke_confirm))
    operator = pressed(addon, "remove", job_id=job_id, execute=cls.execute)
    return asked, cls.invoke(operator, context, SimpleNamespace())


def test_remove_asks_before_it_deletes_a_model_that_was_paid_for(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any
) -> None:
    done = finish(picture_file(tmp_path, "Tür.png"))
    asked, returned = click_remove(addon, done.id)
    assert returned == {"RUNNING_MODAL"}
    assert "“Tür”" in asked[0]["message"]
    assert "paid" in asked[0]["message"]
    rest()
    assert done.id in session.jobs()
    assert (session.jobs_root() / done.id / "model.glb").is_file()


def test_remove_does_not_ask_where_nothing_was_paid_for(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any
) -> None:
    connected.fault("upload", Fault(status=400))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "failed")
    assert click_remove(addon, job_id) == ([], {"FINISHED"})
    tick_until(lambda: job_id not in session.jobs())


def test_remove_deletes_the_folder_and_leaves_what_is_in_the_scene(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any
) -> None:
    done, kept = finish(picture_file(tmp_path)), finish(picture_file(tmp_path))
    assert OPS.trellis2.remove(job_id=done.id) == {"FINISHED"}
    tick_until(lambda: done.id not in session.jobs())
    assert not (session.jobs_root() / done.id).exists()
    assert (session.jobs_root() / kept.id / "model.glb").is_file()
    assert [row.job_id for row in addon.rows.of_window_manager().rows] == [kept.id]
    assert len(meshes()) == 2
    assert all(image.packed_file for image in bpy.data.images if image.source == "FILE")


def test_remove_deletes_only_the_jobs_own_files(tmp_path: Path, connected: Emulator, session: Any) -> None:
    done = finish(picture_file(tmp_path))
    folder = session.jobs_root() / done.id
    (folder / "notes.txt").write_text("of the artist", encoding="utf-8")
    assert OPS.trellis2.remove(job_id=done.id) == {"FINISHED"}
    tick_until(lambda: done.id not in session.jobs())
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_a_removed_job_does_not_come_back(tmp_path: Path, connected: Emulator, session: Any) -> None:
    done = finish(picture_file(tmp_path))
    OPS.trellis2.remove(job_id=done.id)
    tick_until(lambda: done.id not in session.jobs())
    session.stop()
    session.start()
    tick_until(lambda: session.tick() is False)
    assert session.jobs() == {}


def test_a_running_job_is_not_removed(tmp_path: Path, connected: Emulator) -> None:
    connected.fault("submit", Fault(job="never_ends"))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "running")
    assert "No job has ended" in refusal(lambda: OPS.trellis2.remove(job_id=job_id))
    assert stage_of(job_id) == "running"


def test_a_model_that_is_removed_and_imported_in_one_moment_does_not_keep_later_ones_out(
    tmp_path: Path, connected: Emulator
) -> None:
    done = finish(picture_file(tmp_path))
    OPS.trellis2.remove(job_id=done.id)
    OPS.trellis2.import_model(job_id=done.id)
    later = generate(picture_file(tmp_path, "later.png"))
    tick_until(lambda: stage_of(later) == "imported")


def test_a_retry_in_the_moment_of_the_failure_still_brings_the_model_by_itself(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise addon.errors.ModelFileError("The model's file holds no mesh.")

    with monkeypatch.context() as patch:
        patch.setattr(addon.build, "build_model", fail)
        refusal(lambda: finish(picture_file(tmp_path)))
    assert OPS.trellis2.retry(job_id=newest_job().id) == {"FINISHED"}
    tick_until(lambda: meshes() and job(newest_job().id).stage.value == "imported")
    assert connected.paid == 1


@pytest.mark.parametrize("operator", ["use_settings", "open_folder", "copy_job_id", "remove"])
def test_without_a_job_the_tooltip_says_what_to_do(operator: str) -> None:
    said = refusal(getattr(OPS.trellis2, operator))
    assert any(word in said for word in ("Generate a model first", "Wait until one is submitted", "Cancel one first"))


def test_a_job_of_an_earlier_session_can_be_used_and_removed(addon: Any, session: Any) -> None:
    left = written(addon, "failed", message="It went wrong.")
    session.start()
    tick_until(lambda: left.id in session.jobs())
    assert OPS.trellis2.use_settings() == {"FINISHED"}
    assert panel().filepath == str(session.jobs_root() / left.id / "source.png")
    assert OPS.trellis2.remove() == {"FINISHED"}
    tick_until(lambda: not session.jobs())
