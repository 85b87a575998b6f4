"""A `job.json` that somebody has written: nothing in it leads out of the folder, and none hides the other jobs."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.core.studio import new_job
from tests.hostile_files.records import ID, RECORDS
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job import words
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.job.spending import Spending
from trellis_blender.core.runner.job_store import JobStore
from trellis_blender.core.runner.messages import Notice, RunnerMessage
from trellis_blender.core.runner.timing import Clock, Timing

SOUND = dataclasses.replace(new_job(), stage=Stage.FAILED, message="No.", ended=1767270000.0)


def save(root: Path, job: Job) -> Path:
    folder = root / job.id
    folder.mkdir(parents=True)
    job_folder.save(folder, job)
    return folder


def loaded(root: Path) -> list[RunnerMessage]:
    """Return what the jobs in the folder make a new session say."""
    store = JobStore(root, Timing(), Clock())
    store.load()
    told = []
    while not store.messages.empty():
        told.append(store.messages.get())
    return told


@pytest.mark.parametrize("name", RECORDS)
def test_a_hostile_record_leads_nowhere_and_hides_no_other_job(folder: Path, name: str) -> None:
    record, root = RECORDS[name], folder / "jobs"
    hostile = save(root, dataclasses.replace(SOUND, id=ID))
    save(root, SOUND)
    path = hostile / "job.json"
    path.write_bytes(record.written(json.loads(path.read_text(encoding="utf-8"))))
    told = loaded(root)
    jobs = {message.id: message for message in told if isinstance(message, Job)}
    notices = [message.sentence for message in told if isinstance(message, Notice)]
    assert SOUND.id in jobs
    if record.mended is None:
        assert list(jobs) == [SOUND.id]
        assert [str(hostile) in sentence for sentence in notices] == [True]
        assert not path.exists()
        assert not any(isinstance(message, Notice) for message in loaded(root))  # it is not met again
        return
    assert notices == []
    said = {field: getattr(jobs[ID], field) for field in record.mended}
    assert said == dict(record.mended)
    assert _can_be_shown(jobs[ID])
    assert json.dumps(job_folder.as_json(jobs[ID]), allow_nan=False)


def _can_be_shown(job: Job) -> bool:
    """Whether all that the panel computes of a job can be computed."""
    spending = Spending()
    spending.add(job)
    ended = 0.0 if job.ended is None else job.ended
    shown = [words.date(job.created, time.time()), words.duration(ended - job.begun), words.charge_words(job)]
    shown += [words.cost_words(month.cost) for month in spending.months]
    return all(text.isprintable() for text in shown)


def test_what_is_written_is_loaded_again_whatever_its_name_was(folder: Path) -> None:
    job = dataclasses.replace(SOUND, id=ID, name="St\udcfchle\n\u202e", picture_name="\ud83e.png")
    loaded_again = job_folder.load(save(folder, job))
    assert (loaded_again.name, loaded_again.picture_name) == ("St\ufffdhle ", "\ufffd.png")
    assert job_folder.as_json(loaded_again) == job_folder.as_json(job)


@pytest.mark.parametrize("job_id", ["", ".", "..", "../x", "a/b", "a\\b", "C:x", " x", ".x", "a*", "x" * 256])
def test_an_id_that_could_lead_elsewhere_is_none(job_id: str) -> None:
    known = json.loads(json.dumps(job_folder.as_json(SOUND)))
    assert job_folder.from_json(known) == SOUND
    with pytest.raises(ValueError, match="none of ours"):
        job_folder.from_json({**known, "id": job_id})


@pytest.mark.parametrize("field", ["asset_id", "remote_id", "model_asset_id", "uploaded_at"])
def test_an_id_at_scenario_has_a_length(folder: Path, field: str) -> None:
    changed: Any = {field: "a" * 10_000}
    assert getattr(job_folder.load(save(folder, dataclasses.replace(SOUND, id=ID, **changed))), field) == "a" * 300


def test_every_record_is_of_another_kind() -> None:
    written = [record.written({}) for record in RECORDS.values()]
    assert len({*written}) == len(written) >= 100
    assert all(record.given and record.outcome for record in RECORDS.values())
