"""Whatever is wrong, there is one sentence and an exit status, and nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault
from tests.core.command.conftest import SMALLEST, Ran, Trellis, draw, models
from trellis_blender.core.batch.batch import Batch
from trellis_blender.core.batch.order import BatchResult
from trellis_blender.core.batch.shared import FOLDER as STATE_FOLDER
from trellis_blender.core.batch.shared import Shared
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.claims import Claims
from trellis_blender.core.request.account import ADDRESS_VARIABLE, KEY_VARIABLE


def refused(ran: Ran, status: int, words: str) -> None:
    """Check that the run ended with the status and one sentence that says this."""
    assert ran.status == status, ran.out + ran.err
    assert len(ran.err.splitlines()) == 1, ran.err
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_a_folder_without_pictures(trellis2: Trellis, folder: Path, output: Path) -> None:
    (folder / "empty").mkdir()
    refused(trellis2("generate", folder / "empty", "--output", output, "--yes"), 2, "There is no picture in “")
    refused(trellis2("generate", folder / "empty" / "*.png", "--output", output), 2, "There is no picture in “")
    refused(trellis2("generate", folder / "gone.png", "--output", output), 2, "There is no “")
    assert not output.exists()


def test_unreadable_pictures_among_good_ones(trellis2: Trellis, photos: Path, output: Path, emulator: Emulator) -> None:
    (photos / "bad.png").write_bytes((photos / "chair.png").read_bytes()[:100])
    (photos / "cloud.exr").write_bytes(b"\x76\x2f\x31\x01" + bytes(100))
    ran = trellis2("generate", photos, "--output", output, "--yes", *SMALLEST)
    assert (ran.status, emulator.paid, len(models(output))) == (1, 3, 3), ran.out + ran.err
    assert "bad.png: “bad.png” is damaged or was not copied whole." in ran.out
    assert "cloud.exr: Only Blender reads OpenEXR." in ran.out
    draw(photos / "bad.png")
    (photos / "cloud.exr").write_bytes((photos / "chair.png").read_bytes())
    ran = trellis2("resume", output, "--yes")
    assert (ran.status, emulator.paid, len(models(output))) == (0, 5, 5), ran.out + ran.err


def test_two_pictures_of_one_name_in_different_folders(
    trellis2: Trellis, folder: Path, output: Path, emulator: Emulator
) -> None:
    first, second = draw(folder / "a" / "chair.png"), draw(folder / "b" / "chair.png")
    ran = trellis2("generate", first, second, "--output", output, "--yes", *SMALLEST)
    assert (ran.status, emulator.paid, len(models(output))) == (0, 2, 2), ran.out + ran.err


def test_names_of_255_bytes(trellis2: Trellis, folder: Path, output: Path, emulator: Emulator) -> None:
    long = draw(folder / ("ü" * 125 + "x.png"))
    assert len(os.fsencode(long.name)) == 255
    ran = trellis2("generate", long, "--output", output, "--yes", *SMALLEST)
    assert (ran.status, emulator.paid, len(models(output))) == (0, 1, 1), ran.out + ran.err


def test_an_output_folder_that_cannot_be_written(
    trellis2: Trellis, photos: Path, folder: Path, emulator: Emulator
) -> None:
    (folder / "file").write_bytes(b"")
    refused(trellis2("generate", photos, "--output", folder / "file", "--yes", *SMALLEST), 2, "Could not")
    assert emulator.paid == 0


def test_a_disk_that_fills_up_in_the_middle(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = job_folder.save
    is_full = [True]

    def saved(*given: Any) -> None:
        if is_full[0] and emulator.paid:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(*given)

    monkeypatch.setattr(job_folder, "save", saved)
    ran = trellis2("generate", photos, "--output", output, "--yes", "--concurrency", "1", *SMALLEST)
    assert ran.status == 1, ran.out + ran.err
    is_full[0] = False
    ran = trellis2("resume", output, "--yes")
    assert (ran.status, len(models(output))) == (0, 3), ran.out + ran.err
    assert emulator.paid == 3, "a model was paid for twice"


def test_no_key_and_a_wrong_key(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "wrong")
    ran = trellis2("generate", photos, "--output", output, "--yes", *SMALLEST)
    refused(ran, 3, "Scenario does not know this API key.")
    monkeypatch.delenv(KEY_VARIABLE)
    refused(trellis2("generate", photos, "--output", output, "--yes"), 3, f"Set {KEY_VARIABLE} and")
    assert (emulator.paid, output.exists()) == (0, False)


def test_an_address_that_is_not_safe(trellis2: Trellis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS_VARIABLE, "http://scenario.example/v1")
    refused(trellis2("test"), 3, f"The address in {ADDRESS_VARIABLE} must begin with https://.")


@pytest.mark.parametrize("status", [401, 402], ids=["revoked key", "no credits"])
def test_what_scenario_refuses_in_the_middle_stops_submitting_and_brings_what_is_paid(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator, status: int
) -> None:
    emulator.fault("submit", Fault(status=status), times=None, after=1)
    ran = trellis2("generate", photos, "--output", output, "--yes", "--concurrency", "1", *SMALLEST)
    assert (ran.status, emulator.paid, len(models(output))) == (3, 1, 1), ran.out + ran.err
    assert f'trellis2 resume "{output}"' in ran.out
    emulator.heal("submit")
    ran = trellis2("resume", output, "--yes")
    assert (ran.status, emulator.paid, len(models(output))) == (0, 3, 3), ran.out + ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "COMMAND"),
        (("generate",), "PICTURE"),
        (("generates", "a.png"), "invalid choice"),
        (("generate", "a.png", "--seed", "x"), "“x” is not a whole number"),
        (("generate", "a.png", "--variations", "9"), "9 is not between 1 and 4"),
        (("generate", "a.png", "--set", "texture_size=3000"), "must be one of 1024, 2048, 4096"),
        (("generate", "a.png", "--set", "texture_sise=1024"), "no parameter “texture_sise”"),
        (("generate", "a.png", "--set", "texture_size=large"), "must be a number"),
        (("generate", "a.png", "--set", "texture_size=nan"), "must be a whole number"),
        (("generate", "a.png", "--set", "remesh=maybe"), "must be true or false"),
        (("generate", "a.png", "--set", "remesh"), "is not complete"),
        (("generate", "a.png", "--max-cost", "-1"), "must be a number from 0 on"),
        (("generate", "a.png", "--slice", "5-2"), "holds no picture"),
        (("resume", "nowhere"), "nowhere"),
        (("status", "nowhere"), "nowhere"),
        (("show", "nothing"), "There is no job “nothing”."),
        (("import", "nothing", "--format", "glb"), "There is no job “nothing”."),
        (("cancel", "nothing"), "There is no job “nothing”."),
    ],
    ids=str,
)
def test_wrong_use(
    trellis2: Trellis, photos: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(photos)
    draw(photos / "a.png")
    refused(trellis2(*arguments), 2, words)


def test_an_error_is_a_line_of_json_too(trellis2: Trellis, folder: Path) -> None:
    ran = trellis2("generate", folder / "gone.png", "--json")
    assert (ran.status, ran.err) == (2, "")
    assert ran.last["event"] == "error"
    assert ran.last["status"] == 2
    assert "There is no “" in json.loads(ran.out)["message"]


def test_no_network(trellis2: Trellis, photos: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS_VARIABLE, "http://127.0.0.1:9/v1")
    refused(trellis2("generate", photos, "--output", output, "--yes"), 1, "No connection to Scenario.")
    assert trellis2("test").status == 1


def test_no_key_is_printed_or_kept(trellis2: Trellis, photos: Path, output: Path, emulator: Emulator) -> None:
    ran = trellis2("generate", photos, "--output", output, "--yes", "--json", *SMALLEST)
    shown = trellis2("show", next(output.glob("*/job.json")).parent, "--json")
    kept = [path.read_bytes() for path in output.rglob("*") if path.is_file() and path.suffix in (".json", "")]
    assert len(kept) > 3
    for secret in (emulator.key.encode(), emulator.secret.encode(), b"Signature="):
        assert secret not in (ran.out + ran.err + shown.out).encode()
        assert not any(secret in data for data in kept)


def test_a_wrong_value_is_told_before_the_key_is_missed(
    trellis2: Trellis, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    refused(trellis2("generate", photos, "--set", "resolution=7", "--yes"), 2, "Resolution must be one of 512, 1024")


def test_what_was_made_is_told_though_the_state_is_gone(
    trellis2: Trellis, photos: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Batch.run

    def run_and_lose_the_state(self: Batch, *arguments: Any, **named: Any) -> BatchResult:
        result = run(self, *arguments, **named)
        shutil.rmtree(output / STATE_FOLDER)
        return result

    monkeypatch.setattr(Batch, "run", run_and_lose_the_state)
    ran = trellis2("generate", photos, "--output", output, "--yes", *SMALLEST)
    assert ran.status == 0, ran.err
    assert "3 models; 20.25 CU in all" in ran.out


def test_a_start_that_changes_nothing_waits_for_nobody(
    trellis2: Trellis, photos: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("generate", photos, "--output", output, "--yes", *SMALLEST)
    assert trellis2(*command).status == 0
    monkeypatch.setattr("trellis_blender.core.batch.shared.WAIT_SECONDS", 0.2)
    with closing(Claims(output)) as claims, Shared(output, claims).change():
        ran = trellis2(*command)
    assert ran.status == 0, ran.err
