"""What the commands say of jobs and batches, and what they do to one."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from emulator import Emulator
from tests.core.command.conftest import SMALLEST, Trellis, models
from tests.core.studio import account_of
from tests.services import scenario_stops
from trellis_blender.core.generation import Generation


@pytest.fixture
def job(variables: dict[str, str], photos: Path, folder: Path, emulator: Emulator) -> Path:
    """Return the folder of a job that a Python program has made."""
    smallest = {"decimation_target": 100_000, "texture_size": 1024}
    with Generation.submit(photos / "chair.png", folder / "one", account_of(emulator), smallest, seed=7) as made:
        made.download()
        return made.folder


def test_the_key_is_tested(trellis2: Trellis) -> None:
    ran = trellis2("test")
    assert (ran.status, ran.out.strip()) == (0, "Connected: Trellis 2 (emulated) is ready.")


def test_a_batch_is_told_and_listed(trellis2: Trellis, photos: Path, output: Path) -> None:
    assert trellis2("generate", photos, "--output", output, "--yes", *SMALLEST).status == 0
    ran = trellis2("status", output, "--json")
    assert (ran.status, ran.last["done"], ran.last["models"], ran.last["cost"]) == (0, 3, 3, 20.25)
    ran = trellis2("list", output)
    assert len(ran.out.splitlines()) == 3
    assert all("Ready" in line and "6.75 CU" in line for line in ran.out.splitlines())


def test_a_job_is_shown_by_its_folder_its_name_and_its_id_at_scenario(
    trellis2: Trellis, job: Path, variables: dict[str, str]
) -> None:
    shown = trellis2("show", job)
    assert shown.status == 0
    assert "Ready" in shown.out
    assert "6.75 CU" in shown.out
    facts = trellis2("show", job, "--json").last
    assert (facts["name"], facts["parameters"]["seed"], facts["folder"]) == ("chair", 7, str(job))
    from trellis_blender.command.home import jobs_root

    jobs_root().mkdir(parents=True)
    job.rename(jobs_root() / job.name)
    for name in (job.name, facts["remote_id"], "chair"):
        assert trellis2("show", name, "--json").last["id"] == job.name
    listed = trellis2("list").out.splitlines()
    assert [line.split()[0] for line in listed] == [job.name]


def test_a_job_that_was_made_elsewhere_is_fetched_by_its_id_and_costs_nothing(
    trellis2: Trellis, job: Path, folder: Path, emulator: Emulator
) -> None:
    remote_id = trellis2("show", job, "--json").last["remote_id"]
    ran = trellis2("import", remote_id, "--output", folder / "fetched", "--format", "glb")
    assert (ran.status, emulator.paid) == (0, 1), ran.err
    assert models(folder / "fetched")[0].read_bytes() == (job / "model.glb").read_bytes()
    calls = emulator.calls["download"]
    assert trellis2("import", remote_id, "--output", folder / "fetched", "--format", "glb").status == 0
    assert emulator.calls["download"] == calls, "it was fetched a second time"


def test_a_model_is_copied_out_of_its_job(trellis2: Trellis, job: Path, folder: Path) -> None:
    assert trellis2("import", job, "--format", "glb", "--output", folder / "out").status == 0
    assert (folder / "out" / "model.glb").read_bytes() == (job / "model.glb").read_bytes()


def test_a_blend_needs_a_blender_and_says_so_before_anything_is_paid(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(photos))
    ran = trellis2("generate", photos, "--output", output, "--yes", "--format", "blend")
    assert (ran.status, emulator.paid) == (2, 0)
    assert "No Blender was found, which a .blend and a thumbnail need." in ran.err
    ran = trellis2("generate", photos, "--output", output, "--yes", "--thumbnails", "--blender", "/nowhere")
    assert (ran.status, emulator.paid) == (2, 0)
    assert ran.err.startswith("--blender names “/nowhere”, which is no program.")


@scenario_stops
def test_cancelling_a_batch_stops_what_is_at_scenario(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    emulator.job_seconds = 3600.0
    ran: list[int] = []
    command = ("generate", photos, "--output", output, "--yes", "--concurrency", "2", *SMALLEST)
    from trellis_blender.command import program
    from trellis_blender.command.home import plain

    worker = threading.Thread(target=lambda: ran.append(_on_a_thread(program, plain(), command)))
    worker.start()
    while emulator.paid < 2:
        worker.join(0.05)
    assert trellis2("cancel", output).status == 0
    worker.join()
    assert (ran, emulator.paid) == ([1], 2)
    told = trellis2("status", output, "--json").last
    assert (told["cancelled"], told["done"]) == (3, 0), told


def _on_a_thread(program: object, home: object, command: tuple[object, ...]) -> int:
    """Run the program where no signal can be heard."""
    import signal

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal, "signal", lambda _number, _handler: None)
        return int(program.run([str(each) for each in command], home))  # type: ignore[attr-defined]  # the program


def test_a_job_that_nobody_drives_is_cancelled(
    trellis2: Trellis, photos: Path, folder: Path, emulator: Emulator, variables: dict[str, str]
) -> None:
    emulator.job_seconds = 3600.0
    smallest = {"decimation_target": 100_000, "texture_size": 1024}
    made = Generation.submit(photos / "chair.png", folder / "one", account_of(emulator), smallest)
    assert trellis2("cancel", made.folder).status == 1, "its own process drives it"
    made.close()
    ran = trellis2("cancel", made.folder)
    assert ran.status == 1, "the live service stops no running model"
    assert "Scenario does not stop a running model; it is paid for and will be kept." in ran.out
    assert trellis2("show", made.folder, "--json").last["cancel_asked"] is True


def test_what_is_uncertain_rests_until_the_user_says_yes_and_is_looked_for_first(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    assert trellis2("generate", photos, "--output", output, "--yes", *SMALLEST).status == 0
    job = models(output)[0].parent
    facts = json.loads((job / "job.json").read_text(encoding="utf-8"))
    lost = {"stage": "uncertain", "may_be_paid": True, "remote_id": "", "model_asset_ids": [], "cost": None}
    (job / "job.json").write_text(json.dumps({**facts, **lost, "model_asset_id": ""}), encoding="utf-8")
    (job / "model.glb").unlink()
    ran = trellis2("resume", output, "--yes")
    assert (ran.status, emulator.paid) == (1, 3)
    assert "2 models, 1 uncertain" in ran.out
    assert "with --submit-again they may be paid for twice" in ran.out
    assert trellis2("resume", output, "--submit-again").status == 2, "the price is asked: it may be paid for twice"
    ran = trellis2("resume", output, "--submit-again", "--yes")
    assert (ran.status, emulator.paid, len(models(output))) == (0, 3, 3), ran.out + ran.err
