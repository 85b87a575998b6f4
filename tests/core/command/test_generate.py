"""A folder of pictures becomes models, after the price was answered, each paid for once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault
from tests.core.command.conftest import SMALLEST, Trellis, draw, models
from trellis_blender.core.model.arrays import Shape
from trellis_blender.core.model.read import read_model


def test_each_picture_of_a_folder_becomes_a_model_and_is_paid_for_once(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    ran = trellis2("generate", photos, "--output", output, "--yes", *SMALLEST)
    assert (ran.status, emulator.paid) == (0, 3), ran.out + ran.err
    assert "3 pictures, 3 models" in ran.out
    assert "3 models; 20.25 CU in all" in ran.out
    for model in models(output):
        assert {"job.json", "source.png", "model.glb"} <= {path.name for path in model.parent.iterdir()}
        assert read_model(model, Shape()).mesh.face_count > 0
    assert len(models(output)) == 3


def test_nothing_is_sent_before_somebody_has_answered_the_price(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    ran = trellis2("generate", photos, "--output", output, *SMALLEST)
    assert ran.status == 2
    assert "Price: 3 x 6.75 CU = 20.25 CU." in ran.out
    assert ran.err.strip() == "Nothing was sent. Answer the price with --yes, or with --max-cost CU."
    assert (emulator.paid, output.exists()) == (0, False)


@pytest.mark.parametrize(("answer", "paid"), [("y\n", 1), ("\n", 0), ("", 0)])
def test_a_person_on_a_terminal_is_asked(
    trellis2: Trellis,
    photos: Path,
    output: Path,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    paid: int,
) -> None:
    import io
    import sys

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    ran = trellis2("generate", photos / "chair.png", "--output", output, *SMALLEST)
    assert (ran.status, emulator.paid) == (0 if paid else 2, paid), ran.err


def test_price_only_sends_no_picture_of_the_users_and_leaves_no_folder(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    ran = trellis2("generate", photos, "--output", output, "--price-only", "--variations", "2", "--json")
    assert ran.status == 0
    assert ran.last == {
        "event": "plan",
        "pictures": 3,
        "models": 6,
        "to_pay": 6,
        "price": 7.25,
        "total": 43.5,
        "folder": str(output),
    }
    assert (emulator.paid, emulator.calls["upload"], output.exists()) == (0, 1, False)
    assert [asset.name for asset in emulator.assets.values()] == ["Trellis price.png"]


def test_the_limit_stops_it_and_a_higher_one_goes_on(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    ran = trellis2("generate", photos, "--output", output, "--max-cost", "14", *SMALLEST)
    assert (ran.status, emulator.paid) == (4, 2), ran.out + ran.err
    assert ran.out.count("The limit of 14 CU leaves nothing for another model.") == 1
    assert f'trellis2 resume "{output}"' in ran.out
    ran = trellis2("resume", output, "--yes")
    assert (ran.status, emulator.paid) == (4, 2), "a limit stays until another one is said"
    ran = trellis2("resume", output, "--max-cost", "30")
    assert (ran.status, emulator.paid, len(models(output))) == (0, 3, 3)


def test_the_same_command_once_more_is_the_same_batch_and_pays_nothing(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    command = ("generate", photos, "--output", output, *SMALLEST)
    assert trellis2(*command, "--yes").status == 0
    ran = trellis2(*command)  # nobody needs to answer a price of nothing
    assert (ran.status, emulator.paid) == (0, 3)
    assert "Nothing more to pay." in ran.out


def test_a_folder_of_another_batch_is_refused(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    assert trellis2("generate", photos, "--output", output, "--yes", *SMALLEST).status == 0
    ran = trellis2("generate", photos, "--output", output, "--yes", "--preset", "draft")
    assert (ran.status, emulator.paid) == (2, 3)
    assert "holds another batch" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_json_is_one_line_for_each_event_and_nothing_else(trellis2: Trellis, photos: Path, output: Path) -> None:
    ran = trellis2("generate", photos, "--output", output, "--yes", "--json", *SMALLEST)
    assert ran.events[0]["event"] == "plan"
    jobs = [event for event in ran.events if event["event"] == "job"]
    assert {event["stage"] for event in jobs} >= {"uploading", "submitting", "running", "ready"}
    assert {Path(event["picture"]).name for event in jobs} == {"chair.png", "Tür.png", "bust 1.PNG"}
    end = ran.last
    assert (end["event"], end["status"], end["done"], end["cost"]) == ("end", 0, 3, 20.25)
    assert ran.err == ""


def test_what_scenario_could_not_make_fails_and_resume_tries_it_again(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    emulator.fault("submit", Fault(job="fails"))
    ran = trellis2("generate", photos, "--output", output, "--yes", "--concurrency", "1", *SMALLEST)
    assert ran.status == 1, ran.out + ran.err
    assert "2 models, 1 failed" in ran.out
    ran = trellis2("resume", output)
    assert ran.status == 2, "it is to be paid for, so the price is asked"
    assert "Price: 1 x 6.75 CU" in ran.out
    ran = trellis2("resume", output, "--yes")
    assert (ran.status, len(models(output))) == (0, 3), ran.out + ran.err


def test_parameters_are_the_presets_with_what_is_set_over_them(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    ran = trellis2(
        *("generate", photos / "chair.png", "--output", output, "--yes", "--preset", "draft", "--seed", "5"),
        *("--variations", "2", "--set", "texture_size=2048", "--set", "remesh=false"),
    )
    assert ran.status == 0, ran.out + ran.err
    sent: list[Any] = sorted((job.input for job in emulator.jobs.values()), key=lambda each: each["seed"])
    assert [each["seed"] for each in sent] == [5, 6]
    assert {(each["resolution"], each["textureSize"], each["remesh"]) for each in sent} == {(512, 2048, False)}


def test_a_slice_begins_only_its_own_pictures(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    command = ("generate", photos, "--output", output, "--yes", *SMALLEST)
    assert trellis2(*command, "--slice", "2-3").status == 0
    assert emulator.paid == 2
    assert [model.parent.name[:6] for model in models(output)] == ["000001", "000002"]
    assert trellis2(*command, "--slice", "1").status == 0
    assert (emulator.paid, len(models(output))) == (3, 3)


def test_a_last_slice_may_be_longer_than_what_is_left(
    trellis2: Trellis, photos: Path, output: Path, emulator: Emulator
) -> None:
    command = ("generate", photos, "--output", output, "--yes", *SMALLEST)
    assert trellis2(*command, "--slice", "3-9").status == 0
    assert trellis2(*command, "--slice", "10-18").status == 0
    assert (emulator.paid, len(models(output))) == (1, 1)


def test_without_an_output_folder_one_is_made_here_with_the_pictures_name(
    trellis2: Trellis, photos: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert trellis2("generate", photos, "--yes", *SMALLEST).status == 0
    assert len(models(folder / "trellis2-photos")) == 3
    assert trellis2("generate", "photos/chair.png", "--yes", *SMALLEST).status == 0
    assert len(models(folder / "trellis2-chair")) == 1


def test_transparency_is_left_out_on_request(trellis2: Trellis, photos: Path, output: Path, emulator: Emulator) -> None:
    assert (
        trellis2("generate", photos / "chair.png", "--output", output, "--yes", "--ignore-alpha", *SMALLEST).status == 0
    )
    job = json.loads(next(output.glob("*/job.json")).read_text(encoding="utf-8"))
    assert job["crop"] == [0, 0, 120, 80, 120, 80], "the subject was cut out by its alpha"


def test_wildcards_and_doubles_name_each_picture_once(
    trellis2: Trellis, photos: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(folder / "more" / "deep" / "lamp.png")
    monkeypatch.chdir(folder)
    ran = trellis2("generate", "photos", photos / "*.png", f"{folder}/**/*.png", "--price-only", "--json")
    assert (ran.status, ran.last["pictures"]) == (0, 4)
