"""A second service is what answers the calls of the protocol: the runner takes a job through it all the same."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from emulator import Emulator
from tests.core.studio import QUICK, Studio
from tests.glbs.plain import whole
from tests.glbs.shapes import wedge
from trellis_blender.core.errors import AnswerLostError, PassingError, RefusedError
from trellis_blender.core.job.job import Stage
from trellis_blender.core.model.arrays import Shape
from trellis_blender.core.request.account import Account
from trellis_blender.core.request.models import MODELS, TRELLIS_2, HostedModel
from trellis_blender.core.request.parameters import Value
from trellis_blender.core.request.service import Asset, RemoteJob, Service, ServiceModel, Wait
from trellis_blender.core.runner.messages import ConnectionChecked, ModelRead

Open = Callable[..., Studio]
OTHER = HostedModel("other", "Other", ())
DATE = "2026-11-28T18:00:00.000Z"


class Cupboard:
    """A service in memory, for all threads, that makes a wedge of every picture. `calls` counts what it was asked."""

    def __init__(self, *, loses_answer: bool = False) -> None:
        self.calls, self.loses_answer, self.is_cut = Counter[str](), loses_answer, False
        self.pictures: dict[str, bytes] = {}
        self.submitted: dict[str, tuple[str, str, Mapping[str, Value]]] = {}

    def connect(self, account: Account) -> Service:
        """Itself, for every thread and account."""
        self.account = account
        return self

    def cut(self) -> None:
        """Nothing here waits."""
        self.is_cut = True

    def cut_thread(self, _thread: int) -> None:
        """Nothing here waits."""

    def check(self, model: HostedModel) -> ServiceModel:
        """It has every model."""
        return ServiceModel(f"{model.name} in the cupboard")

    def upload(self, path: Path, name: str, media_type: str, wait: Wait) -> Asset:
        """Keep the picture."""
        return self.upload_hidden(f"{name}, {media_type}", path.read_bytes())

    def upload_hidden(self, name: str, picture: bytes) -> Asset:
        """Keep the picture."""
        self.calls["upload"] += 1
        asset = Asset(f"picture {len(self.pictures)} ({name})", DATE, "", False)
        self.pictures[asset.id] = picture
        return asset

    def price(self, model: HostedModel, image: str, parameters: Mapping[str, Value]) -> float | None:
        """It does not say."""
        return None

    def submit(
        self,
        model: HostedModel,
        image: str,
        parameters: Mapping[str, Value],
        may_leave: Callable[[], bool] = lambda: True,
    ) -> RemoteJob:
        """Begin a job, and lose the first answer where it was told to."""
        self.calls["submit"] += 1
        job_id = f"order {len(self.submitted)}"
        self.submitted[job_id] = model.id, image, parameters
        if self.loses_answer and len(self.submitted) == 1:
            raise AnswerLostError("The line went dead.")
        return self._told(job_id, is_over=False)

    def job(self, job_id: str) -> RemoteJob:
        """It is done as soon as somebody asks."""
        if job_id not in self.submitted:
            raise RefusedError("No such order.", is_gone=True)
        return self._told(job_id)

    def jobs(self, updated_after: str, page: str = "") -> tuple[list[RemoteJob], str]:
        """All that it has, on one page."""
        self.calls["jobs"] += 1
        return [self._told(job_id) for job_id in self.submitted], ""

    def cancel(self, job_id: str) -> RemoteJob:
        """Nothing can be stopped."""
        raise RefusedError("Too late.")

    def asset(self, asset_id: str) -> Asset:
        """What has that name; all but pictures are models."""
        return Asset(asset_id, DATE, "", asset_id not in self.pictures)

    def download(self, asset: Asset, target: Path, wait: Wait, progress: Callable[[float], None], most: int) -> None:
        """Break off once, then come whole."""
        self.calls["download"] += 1
        progress(0.5)
        if self.calls["download"] == 1:
            raise PassingError("The shelf was empty.")
        target.write_bytes(whole(wedge()).glb())

    def _told(self, job_id: str, *, is_over: bool = True) -> RemoteJob:
        model, image, parameters = self.submitted[job_id]
        seed, status = int(parameters["seed"]), "success" if is_over else "queued"
        results = (f"model of {job_id}",) if is_over else ()
        return RemoteJob(job_id, status, 0.0, 3.0, results, image, seed, "", created=DATE, models=frozenset({model}))


@pytest.mark.parametrize("model", [TRELLIS_2, OTHER], ids=["Trellis 2", "another model"])
@pytest.mark.parametrize("loses_answer", [False, True], ids=["all well", "lost answer"])
def test_it_carries_a_job_from_the_picture_to_the_model(
    open_studio: Open, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, loses_answer: bool, model: HostedModel
) -> None:
    monkeypatch.setitem(MODELS, model.id, model)
    cupboard = Cupboard(loses_answer=loses_answer)
    patient = dataclasses.replace(QUICK, word=math.inf)
    studio = open_studio(timing=patient, connector_for=lambda _agent: cupboard)
    studio.reads_models = True
    job = studio.reach(studio.add(model=model), Stage.READING)
    studio.runner.read(job.id, Shape())
    studio.until(lambda: any(isinstance(change, ModelRead) for change in studio.told), "the model")
    (answer,) = (change for change in studio.told if isinstance(change, ModelRead))
    assert answer.model is not None
    assert answer.model.mesh.face_count == len(wedge().triangles)
    assert (job.remote_id, job.cost, cupboard.calls["submit"], cupboard.calls["download"]) == ("order 0", 3.0, 1, 2)
    assert bool(cupboard.calls["jobs"]) >= loses_answer
    ((model_id, image, parameters),) = cupboard.submitted.values()
    assert (model_id, dict(parameters)) == (model.id, dict(job.parameters))
    assert cupboard.pictures[image] == (studio.folder(job.id) / job.picture).read_bytes()
    assert not emulator.calls


def test_it_is_checked_and_cut_off_as_scenario_is(open_studio: Open, emulator: Emulator) -> None:
    cupboard = Cupboard()
    studio = open_studio(connector_for=lambda _agent: cupboard)
    account = Account.checked("k", "s")
    assert studio.checked(account) == ConnectionChecked("Connected: Trellis 2 in the cupboard is ready.", True)
    assert cupboard.account == account
    assert studio.close()
    assert cupboard.is_cut
    assert not emulator.calls
