"""The OpenJD template is valid, cuts the pictures into chunks, and several processes that run it pay once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.core.farm.conftest import FARM, PICTURES, Studio

TEMPLATE = FARM / "trellis2.openjd.yaml"
OPENJD = Path(sys.executable).with_name("openjd")
CHUNKS = ("--extensions", "TASK_CHUNKING")


def parameters(studio: Studio, count: int = PICTURES, per_task: int = 3) -> list[str]:
    """The parameters of a job."""
    given = {"Pictures": studio.pictures, "Models": studio.models, "Count": count, "MaxCost": 500.5}
    return [word for name, value in given.items() for word in ("-p", f"{name}={value}")] + [
        *("-p", f"PicturesPerTask={per_task}")
    ]


def test_the_template_is_valid_and_makes_a_task_of_so_many_pictures(studio: Studio) -> None:
    command = [str(OPENJD), "summary", str(TEMPLATE), *CHUNKS, *parameters(studio, 1000, 25), "--output", "json"]
    ran = subprocess.run(command, env=studio.variables, capture_output=True, text=True, check=True, timeout=120)
    summary = json.loads(ran.stdout)
    assert summary["status"] == "success"
    assert (summary["total_steps"], summary["total_tasks"]) == (1, 1000)


def test_several_machines_that_run_the_job_and_run_it_twice_pay_for_each_picture_once(studio: Studio) -> None:
    """Two machines share the tasks, and a third one runs all of them at the same time."""
    common = [str(OPENJD), "run", str(TEMPLATE), *CHUNKS, *parameters(studio)]
    shares: list[list[str]] = [["-tp", "Slice=1-4"], ["-tp", "Slice=5-7"], []]
    runs = [
        subprocess.Popen(
            [*common, *share], env=studio.variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
        )
        for share in shares
    ]
    for run in runs:
        said, _ = run.communicate(timeout=250)
        assert run.returncode == 0, said
    assert (studio.made(), len(studio.paid()), studio.emulator.paid) == (PICTURES, PICTURES, PICTURES)
