"""The library for Python programs: one model is paid for once, and a program that ended goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import Emulator, Fault
from trellis_blender.core.errors import GenerationFailedError, PictureError, StorageError, TrellisError
from trellis_blender.core.generation import Generation
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.request.account import ADDRESS_VARIABLE, KEY_VARIABLE, SECRET_VARIABLE, Account

SMALLEST = {"decimation_target": 100_000, "texture_size": 1024}


def test_a_picture_becomes_a_model_in_a_folder_of_its_own(
    picture: Path, folder: Path, account: Account, emulator: Emulator
) -> None:
    heard: list[Job] = []
    with Generation.submit(picture, folder / "models", account, SMALLEST, seed=7) as generation:
        assert generation.job is not None
        assert generation.job.remote_id in emulator.jobs
        generation.wait(heard.append)
        model = generation.download()
    assert model == generation.folder / "model.glb"
    assert model.read_bytes().startswith(b"glTF")
    assert heard[-1].stage is Stage.READY
    assert emulator.paid == 1


def test_a_program_that_ended_in_the_middle_goes_on_and_pays_nothing_more(
    picture: Path, folder: Path, account: Account, emulator: Emulator
) -> None:
    emulator.job_seconds = 0.5
    first = Generation.submit(picture, folder / "models", account, SMALLEST)
    first.close()
    with Generation.open(first.folder, account) as generation:
        assert generation.download().is_file()
    assert emulator.paid == 1


def test_what_scenario_could_not_make_is_an_error_with_its_reason(
    picture: Path, folder: Path, account: Account, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(job="fails"))
    with (
        Generation.submit(picture, folder / "models", account, SMALLEST) as generation,
        pytest.raises(GenerationFailedError, match="Scenario could not make the model"),
    ):
        generation.wait()


def test_a_picture_that_cannot_be_sent_is_an_error_and_costs_nothing(
    folder: Path, account: Account, emulator: Emulator
) -> None:
    notes = folder / "notes.png"
    notes.write_text("Buy milk", encoding="utf-8")
    with pytest.raises(TrellisError, match=r"“notes\.png” is no picture that can be read"):
        Generation.submit(notes, folder / "models", account)
    with pytest.raises(StorageError, match="There is no job in"):
        Generation.open(folder, account)
    assert emulator.paid == 0
    assert issubclass(PictureError, TrellisError)


def test_the_account_is_that_of_scenarios_own_sdk(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, account.key)
    monkeypatch.setenv(SECRET_VARIABLE, account.secret)
    monkeypatch.setenv(ADDRESS_VARIABLE, account.address)
    assert Account.of_environment() == account
