"""The runner: from the click to the model, many jobs at once, from any stage on, and out of the way when it is told."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault, Service
from tests.core.studio import AGENT, QUICK, Studio, account_of, new_job, tells_what_to_do
from tests.patience import PATIENCE
from trellis_blender.core.errors import Remedy
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.request.account import Account
from trellis_blender.core.request.models import TRELLIS_2
from trellis_blender.core.runner.job_store import JobStore
from trellis_blender.core.runner.messages import ConnectionChecked, JobsLoaded, RemovedCosts
from trellis_blender.core.runner.runner import Runner
from trellis_blender.core.scenario.api import Api
from trellis_blender.core.scenario.connection import Connections

Open = Callable[..., Studio]
HANGS = 2 * PATIENCE
WHOLE_WAY = ["queued", "uploading", "submitting", "running", "downloading", "reading", "ready"]


def own_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("trellis-")]


def never_ending(emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"), times=None)


def test_a_job_goes_the_whole_way(studio: Studio, emulator: Emulator) -> None:
    job = studio.reach(studio.add(), Stage.READY)
    assert studio.stages(job.id) == WHOLE_WAY
    assert (studio.folder(job.id) / "model.glb").read_bytes()[:4] == b"glTF"
    (record,) = emulator.jobs.values()
    assert (record.id, record.cost, record.input["seed"]) == (job.remote_id, job.cost, 7)
    assert job.model_asset_id == record.asset_ids[1]
    assert (emulator.paid, emulator.leaked_credentials) == (1, 0)


def test_exactly_the_pictures_bytes_are_sent(studio: Studio, emulator: Emulator) -> None:
    job = studio.reach(studio.add(), Stage.READY)
    sent = emulator.assets[job.asset_id]
    assert sent.data == studio.picture.read_bytes()
    assert job.picture_sha256 == hashlib.sha256(sent.data).hexdigest()
    assert sent.name == "Bücher regal.png"


def test_every_change_is_on_disk_before_it_is_told(studio: Studio) -> None:
    job = studio.reach(studio.add(), Stage.READY)
    assert studio.is_saved(job)
    studio.runner.imported(job.id)
    job = studio.reach(job.id, Stage.IMPORTED)
    assert studio.is_saved(job)


def test_progress_is_told_and_goes_up(open_studio: Open, folder: Path, picture: Path) -> None:
    with Emulator(job_seconds=1.0, service=Service(shows_progress=True)) as emulator:
        studio = Studio(folder / "jobs", picture, emulator)
        job = studio.reach(studio.add(), Stage.READY)
        assert studio.close()
    told = [c for c in studio.told if isinstance(c, Job) and c.id == job.id]
    running = [c.progress for c in told if c.stage is Stage.RUNNING]
    assert running == sorted(running)
    assert len(set(running)) > 3
    assert max(c.progress for c in told if c.stage is Stage.DOWNLOADING) == 1.0
    assert "in-progress" in {c.remote_status for c in told}


def test_twenty_jobs_at_once_share_the_polling(studio: Studio, emulator: Emulator) -> None:
    never_ending(emulator)
    ids = [studio.add() for _ in range(20)]
    studio.until(lambda: all(i in studio.jobs and studio.jobs[i].stage is Stage.RUNNING for i in ids), "all running")
    before, begun = sum(emulator.calls.values()), time.monotonic()
    studio.until(lambda: sum(emulator.calls.values()) - before >= 10, "some polls")
    polls = sum(emulator.calls.values()) - before
    assert polls <= (time.monotonic() - begun) / QUICK.poll_first + 1
    assert emulator.paid == 20


def test_twenty_jobs_at_once_all_arrive(studio: Studio, emulator: Emulator) -> None:
    ids = [studio.add() for _ in range(20)]
    for job_id in ids:
        studio.reach(job_id, Stage.READY)
    assert emulator.paid == 20
    assert len({studio.jobs[job_id].remote_id for job_id in ids}) == 20


def test_more_jobs_than_a_page_holds_are_all_seen_with_few_calls(open_studio: Open, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="fails", hint="Bad."), times=None)
    api = Api(account_of(emulator), Connections(), AGENT)
    studio = open_studio(use_account=False)
    asset = api.upload(studio.picture, "a", "image/png", lambda _: True)
    studio.close()
    for number in range(230):
        job = dataclasses.replace(new_job(), id=f"20260101-000000-{number:06d}", stage=Stage.RUNNING, asset_id=asset.id)
        remote_id = api.submit(TRELLIS_2, asset.id, job.parameters).id
        folder = studio.folder(job.id)
        folder.mkdir(parents=True)
        job_folder.save(folder, dataclasses.replace(job, remote_id=remote_id, uploaded_at=asset.created))
    second = open_studio(timing=dataclasses.replace(QUICK, poll_last=2.0))
    failed = Stage.FAILED
    second.until(lambda: len(second.jobs) == 230 and all(j.stage is failed for j in second.jobs.values()), "all failed")
    assert emulator.calls["jobs"] + emulator.calls["job"] <= 12
    assert emulator.paid == 230


def test_jobs_that_were_long_unseen_are_looked_at_together(studio: Studio, emulator: Emulator) -> None:
    never_ending(emulator)
    ids = [studio.add() for _ in range(12)]
    studio.until(lambda: all(i in studio.jobs and studio.jobs[i].stage is Stage.RUNNING for i in ids), "all running")
    studio.runner.use(None)
    studio.checked(account_of(emulator))
    time.sleep(4 * QUICK.poll_last)
    listings, single = emulator.calls["jobs"], emulator.calls["job"]
    studio.runner.use(account_of(emulator))
    studio.until(lambda: emulator.calls["jobs"] - listings >= 3, "three listings")
    assert emulator.calls["job"] - single <= 3


STAGES = [Stage.QUEUED, Stage.UPLOADING, Stage.RUNNING, Stage.DOWNLOADING, Stage.READING]


@pytest.mark.parametrize(("stage", "uploaded"), [(Stage.UPLOADING, True), *((stage, False) for stage in STAGES)])
def test_a_new_runner_goes_on_from_every_stage(
    open_studio: Open, emulator: Emulator, folder: Path, stage: Stage, uploaded: bool
) -> None:
    first = open_studio()
    done = first.reach(first.add(), Stage.READY)
    first.close()
    shown = STAGES.index(stage)
    paid, uploads = shown >= 2, shown >= 2 or (stage is Stage.UPLOADING and uploaded)
    job = dataclasses.replace(
        done,
        stage=stage,
        ended=None,
        asset_id=done.asset_id if uploads else "",
        uploaded_at=done.uploaded_at if uploads else "",
        remote_id=done.remote_id if paid else "",
        model_asset_ids=done.model_asset_ids if shown >= 3 else (),
        model_asset_id=done.model_asset_id if shown >= 4 else "",
    )
    job_folder.save(first.folder(job.id), job)
    if stage is not Stage.READING:
        (first.folder(job.id) / "model.glb").unlink()
    second = open_studio()
    assert second.reach(job.id, Stage.READY).model_asset_id
    assert (second.folder(job.id) / "model.glb").exists()
    assert emulator.paid == (1 if paid else 2)
    assert emulator.calls["upload"] == (1 if uploads else 2)
    assert emulator.calls["download"] == (1 if stage is Stage.READING else 2)


def test_a_resting_job_of_an_earlier_session_is_told_and_left_alone(open_studio: Open, emulator: Emulator) -> None:
    first = open_studio()
    job = first.reach(first.add(), Stage.READY)
    first.close()
    calls = emulator.calls.copy()
    second = open_studio()
    second.loaded()
    assert second.told == [RemovedCosts(costs={}), dataclasses.replace(job, remote_status=""), JobsLoaded()]
    second.rest()
    assert emulator.calls == calls


@pytest.mark.parametrize("step", ["sweep", "load"])
def test_jobs_that_cannot_be_read_now_are_known_not_to_be_all(
    open_studio: Open, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def gone(*_given: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    first = open_studio()
    first.reach(first.add(), Stage.READY)
    first.close()
    with monkeypatch.context() as broken:
        broken.setattr(f"trellis_blender.core.runner.job_store.job_folder.{step}", gone)
        studio = open_studio()
        studio.until(lambda: JobsLoaded(is_whole=False) in studio.told, "the end of the loading")
    studio.runner.load()
    studio.until(lambda: JobsLoaded() in studio.told, "the loading")


def test_a_moved_folder_of_jobs_goes_on(open_studio: Open, emulator: Emulator, folder: Path) -> None:
    never_ending(emulator)
    first = open_studio()
    job = first.reach(first.add(), Stage.RUNNING)
    first.close()
    shutil.copytree(folder / "jobs", folder / "copy of jobs")
    copy = Studio(folder / "copy of jobs", first.picture, emulator)
    assert copy.reach(job.id, Stage.RUNNING).remote_id == job.remote_id
    assert copy.close()


@pytest.mark.parametrize("call", ["upload", "submit", "job", "asset", "download"])
def test_stopping_does_not_wait_for_a_call_that_hangs(open_studio: Open, emulator: Emulator, call: str) -> None:
    emulator.fault(call, Fault(delay=HANGS), times=None)
    studio = open_studio()
    studio.add()
    studio.until(lambda: emulator.calls[call], "the call that hangs")
    assert studio.runner.stop(HANGS / 2)
    assert own_threads() == []


def test_stopping_cuts_a_call_at_once_while_the_drive_of_the_jobs_hangs(
    open_studio: Open, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, drive, ended, upload = threading.Event(), threading.Event(), threading.Event(), Api.upload

    def hang(*_given: object) -> None:
        hangs.set()
        drive.wait(HANGS)

    def noted(*given: Any) -> Any:
        try:
            return upload(*given)
        finally:
            ended.set()

    monkeypatch.setattr(Api, "upload", noted)
    monkeypatch.setattr(JobStore, "tidy", hang)
    emulator.fault("upload", Fault(delay=HANGS), times=None)
    studio = open_studio()
    studio.add()
    studio.until(lambda: emulator.calls["upload"], "the call that hangs")
    studio.runner.tidy(None)
    assert hangs.wait(PATIENCE)
    assert not studio.runner.stop(0.0)
    assert ended.wait(PATIENCE)
    drive.set()
    assert studio.runner.stop(PATIENCE)


def test_stopping_does_not_wait_for_a_pause(open_studio: Open, emulator: Emulator) -> None:
    emulator.fault("upload", Fault(status=503, retry_after="3000"), times=None)
    studio = open_studio()
    studio.trouble(studio.add())
    assert studio.runner.stop(PATIENCE)


def test_a_runner_that_was_never_started_stops(folder: Path) -> None:
    assert Runner(folder / "jobs", AGENT).stop()


def test_nothing_happens_before_the_start(folder: Path, account: Account) -> None:
    runner = Runner(folder / "jobs", AGENT)
    runner.use(account)
    assert own_threads() == []
    assert runner.messages.empty()
    assert not (folder / "jobs").exists()


def test_a_check_tells_whether_the_account_works(studio: Studio, account: Account) -> None:
    assert studio.checked(account) == ConnectionChecked("Connected: Trellis 2 (emulated) is ready.", True)


@pytest.mark.parametrize(
    ("emulator", "words"),
    [
        (Service(replaced_by="model_trellis-3"), "is replacing Trellis 2 (emulated) with model_trellis-3."),
    ],
    indirect=["emulator"],
    ids=["replaced"],
)
def test_a_check_tells_when_the_model_is_retired(studio: Studio, account: Account, words: str) -> None:
    answer = studio.checked(account)
    assert (answer.is_well, answer.remedy) == (True, Remedy.UPDATE)
    assert words in answer.sentence
    assert tells_what_to_do(answer.sentence)


def test_a_check_with_a_wrong_key_says_what_to_do(studio: Studio, emulator: Emulator) -> None:
    answer = studio.checked(account_of(emulator, "wrong"))
    assert not answer.is_well
    assert tells_what_to_do(answer.sentence)
