"""A second model of the service is a row in the table: its jobs go all the way with its own id and parameters."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from emulator import Emulator, Fault
from tests.core.studio import Studio, account_of
from trellis_blender.core.job.folder import JOB_FILE
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.request.models import MODELS, TRELLIS_2, HostedModel
from trellis_blender.core.request.parameters import Parameter
from trellis_blender.core.runner.messages import ConnectionChecked, JobsLoaded, PriceReady
from trellis_blender.core.runner.questions import ask, check

Open = Callable[..., Studio]
POLYGONS = Parameter("polygons", "polygon_count", "Polygons", "Mesh", 5_000, 1_000, 50_000, "Triangles of the mesh")
MADE_UP = HostedModel("model_made-up", "Made Up", (POLYGONS,))
SENT = {"polygons": 5_000, "seed": 7}


@pytest.fixture(autouse=True)
def _second_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row, which is all that a second model takes."""
    monkeypatch.setitem(MODELS, MADE_UP.id, MADE_UP)


def inputs(emulator: Emulator) -> list[dict[str, object]]:
    """What the jobs were submitted with, without their pictures."""
    return [{name: value for name, value in job.input.items() if name != "image"} for job in emulator.jobs.values()]


def test_its_jobs_go_from_the_picture_to_the_model(studio: Studio, emulator: Emulator) -> None:
    job = studio.reach(studio.add(model=MADE_UP), Stage.READY)
    assert inputs(emulator) == [SENT]
    assert (job.model, job.cost, emulator.paid) == (MADE_UP.id, 2.5, 1)
    assert (studio.folder(job.id) / "model.glb").is_file()


def test_each_model_is_asked_for_its_own_jobs(studio: Studio, emulator: Emulator) -> None:
    jobs = [studio.reach(studio.add(model=model), Stage.READY) for model in (TRELLIS_2, MADE_UP)]
    assert [set(sent) for sent in inputs(emulator)] == [
        {"seed", *(parameter.wire for parameter in TRELLIS_2.parameters)},
        set(SENT),
    ]
    assert [job.cost for job in jobs] != [2.5, 2.5]


def test_its_job_is_still_its_own_after_a_restart(open_studio: Open, emulator: Emulator) -> None:
    first = open_studio(use_account=False)
    job_id = first.add(model=MADE_UP)
    first.reach(job_id, Stage.QUEUED)
    first.close()
    second = open_studio()
    assert second.reach(job_id, Stage.READY).model == MADE_UP.id
    assert inputs(emulator) == [SENT]


def test_its_lost_answer_is_found(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(close="after"))
    studio.reach(studio.add(model=MADE_UP), Stage.READY)
    assert emulator.paid == 1


def test_what_it_costs_and_whether_it_is_there_is_asked(studio: Studio, emulator: Emulator) -> None:
    parameters, account = MADE_UP.complete({}, 7), account_of(emulator)
    studio.runner.ask(account, lambda service: ask(service, 1, parameters, "here", (), studio.root, MADE_UP))
    studio.runner.ask(account, lambda service: check(service, MADE_UP))
    studio.until(lambda: {PriceReady, ConnectionChecked} <= {type(change) for change in studio.told}, "both answers")
    assert [change.cost for change in studio.told if isinstance(change, PriceReady)] == [2.5]
    assert ConnectionChecked("Connected: Made up (emulated) is ready.", True) in studio.told
    assert emulator.paid == 0


def test_a_job_of_trellis_2_is_written_as_it_always_was(studio: Studio) -> None:
    ids = [studio.add(), studio.add(model=MADE_UP)]
    written = [json.loads((studio.folder(studio.reach(i, Stage.READY).id) / JOB_FILE).read_bytes()) for i in ids]
    assert "model" not in written[0]
    assert written[1]["model"] == MADE_UP.id


def test_a_job_of_a_model_that_is_not_known_here_is_left_alone(
    open_studio: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_studio()
    job = first.reach(first.add(model=MADE_UP), Stage.READY)
    first.close()
    monkeypatch.delitem(MODELS, MADE_UP.id)
    second = open_studio()
    second.until(lambda: any(isinstance(change, JobsLoaded) for change in second.told), "the loading")
    assert not [change for change in second.told if isinstance(change, Job)]
    assert second.notices() == ["A job was made by a newer version of the add-on. Update it to see that job."]
    assert json.loads((second.folder(job.id) / JOB_FILE).read_bytes())["model"] == MADE_UP.id
