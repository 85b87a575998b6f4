"""The SLURM script starts our command on slices; a task that is queued again while its first copy lives pays nothing.

`scripts/farm/prove.py slurm` tries the same on a real scheduler with two nodes.
"""

from __future__ import annotations

import subprocess

from tests.core.farm.conftest import FARM, PICTURES, Studio

SCRIPT = FARM / "trellis2.slurm.sh"


def task(studio: Studio, number: int) -> subprocess.Popen[str]:
    """Start a task of an array with three pictures for each task, as SLURM does."""
    given = ("3", str(studio.pictures), "--output", str(studio.models), "--yes")
    return subprocess.Popen(
        ["bash", str(SCRIPT), *given],
        env={**studio.variables, "SLURM_ARRAY_TASK_ID": str(number)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def test_all_tasks_of_an_array_and_second_copies_of_them_pay_for_each_picture_once(studio: Studio) -> None:
    copies = [task(studio, number) for number in (0, 1, 2, 1, 2)]
    for copy in copies:
        said, _ = copy.communicate(timeout=200)
        assert copy.returncode == 0, said
    assert (studio.made(), len(studio.paid()), studio.emulator.paid) == (PICTURES, PICTURES, PICTURES)


def test_a_task_that_is_no_part_of_an_array_or_has_no_pictures_says_so(studio: Studio) -> None:
    for given, words in (([], "the number of pictures for each task"), (["3"], "sbatch --array")):
        ran = subprocess.run(
            ["bash", str(SCRIPT), *given], env=studio.variables, capture_output=True, text=True, check=False
        )
        assert ran.returncode != 0
        assert words in ran.stderr
    assert studio.emulator.paid == 0
