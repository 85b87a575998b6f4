"""The job's folder: whole or absent, and a damaged one is neither lost nor met again."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.core.studio import Studio, new_job, tells_what_to_do
from trellis_blender.core import files
from trellis_blender.core.errors import Remedy, Text, packed
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.folder import DamagedJobError
from trellis_blender.core.job.job import TRANSIENT, Job, Stage
from trellis_blender.core.model.surface.findings import Findings
from trellis_blender.core.picture.file import PictureFile
from trellis_blender.core.picture.viewpoint import Viewpoint
from trellis_blender.core.request.models import MODELS, HostedModel

FULL = dataclasses.replace(
    new_job(),
    name="Stühle & Söhne",
    stage=Stage.FAILED,
    picture_sha256="ab",
    asset_id="asset_1",
    asset_gone=True,
    uploaded_at="2026-11-22T10:00:00.000Z",
    remote_id="job_1",
    remote_ended=True,
    past_remote_ids=("job_0",),
    submits=2,
    is_prepared=True,
    crop=(-5, 10, 395, 410, 390, 420),
    cost=7.25,
    model_asset_ids=("asset_2", "asset_3"),
    model_asset_id="asset_3",
    batch="20261122-104511-3fa9c1",
    place=2,
    cancel_asked=True,
    cancel_refused=True,
    may_be_paid=True,
    may_submit_again=True,
    message="Schade – “nein”.",
    remedy=Remedy.RETRY,
    ended=12.5,
    resumed=9.5,
    accepted=10.5,
    generation_seconds=1.5,
    charged_in_vain=3.5,
    model="model_other",
    findings=Findings(faces=100_000, parts=3, holes=2, largest_hole=0.4, clear=0.25, texture=1024),
    viewpoint=Viewpoint(tuple(map(float, range(16))), (0.5,) * 16, is_perspective=True, selected=("Würfel",)),
)


@pytest.fixture(autouse=True)
def _other_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model of that job."""
    monkeypatch.setitem(MODELS, "model_other", HostedModel("model_other", "Other", ()))


def save(root: Path, job: Job = FULL) -> Path:
    """Return the folder in which the job was saved."""
    folder = root / job.id
    folder.mkdir(parents=True)
    job_folder.save(folder, job)
    return folder


def damage(folder: Path, **fields: Any) -> None:
    """Change what `job.json` says."""
    path = folder / "job.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**data, **fields}), encoding="utf-8")


@pytest.mark.parametrize("job", [new_job(), FULL], ids=["new", "full"])
def test_what_is_saved_is_loaded(folder: Path, job: Job) -> None:
    loaded = job_folder.load(save(folder, job))
    assert loaded == job
    assert [type(value) for value in loaded.parameters.values()] == [type(value) for value in job.parameters.values()]


FAILED_TEXT = Text("Could not {action}: {reason}. Try again.", action="read the picture", reason="gone")


def test_a_message_is_written_as_a_sentence_and_loaded_with_its_template(folder: Path) -> None:
    job = dataclasses.replace(FULL, message=FAILED_TEXT)
    path = save(folder, job)
    assert json.loads((path / "job.json").read_text(encoding="utf-8"))["message"] == str(FAILED_TEXT)
    loaded = job_folder.load(path)
    assert loaded == job
    assert packed(loaded.message) == packed(FAILED_TEXT)


@pytest.mark.parametrize(
    "parts", [None, "no", 7, ["{a}"], ["{action} now", {"action": "Wait"}], ["{b}", {}], [1, {"a": "b"}]]
)
def test_a_message_whose_parts_do_not_fit_is_shown_as_the_sentence_it_is(folder: Path, parts: Any) -> None:
    path = save(folder, dataclasses.replace(FULL, message=FAILED_TEXT))
    damage(path, message_parts=parts)
    assert job_folder.load(path).message == FAILED_TEXT


def test_the_finished_message_of_an_earlier_version_is_shown_as_it_is(folder: Path) -> None:
    path = save(folder, dataclasses.replace(FULL, message="Could not read the picture: gone. Try again."))
    assert "message_parts" not in json.loads((path / "job.json").read_text(encoding="utf-8"))
    assert job_folder.load(path).message == "Could not read the picture: gone. Try again."


def test_every_field_is_tested_with_a_value_of_its_own() -> None:
    fields = [spec for spec in dataclasses.fields(Job) if spec.default is not dataclasses.MISSING]
    same = [spec.name for spec in fields if getattr(FULL, spec.name) == spec.default]
    assert set(same) == TRANSIENT


def test_what_is_only_shown_is_not_written(folder: Path) -> None:
    shown = dataclasses.replace(FULL, remote_status="queued", progress=0.5, trouble="No connection.", foreign=True)
    saved = save(folder, shown)
    assert not TRANSIENT & json.loads((saved / "job.json").read_text(encoding="utf-8")).keys()
    assert job_folder.load(saved) == FULL


def test_a_person_can_read_the_file(folder: Path) -> None:
    text = (save(folder) / "job.json").read_text(encoding="utf-8")
    assert '"name": "Stühle & Söhne"' in text
    assert '"stage": "failed"' in text


def test_a_file_without_the_newest_fields_is_loaded_with_their_defaults(folder: Path) -> None:
    saved = save(folder)
    data = json.loads((saved / "job.json").read_text(encoding="utf-8"))
    newest: dict[str, Any] = {
        "past_remote_ids": (),
        "ended": None,
        "resumed": None,
        "accepted": None,
        "generation_seconds": None,
    }
    newest |= {"cancel_refused": False, "may_be_paid": False, "may_submit_again": False}
    newest |= {"charged_in_vain": 0.0, "batch": "", "place": 0, "is_prepared": False, "crop": (), "asset_gone": False}
    for name in newest:
        del data[name]
    (saved / "job.json").write_text(json.dumps(data), encoding="utf-8")
    assert job_folder.load(saved) == dataclasses.replace(FULL, **newest)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "zeros, as after a power cut": lambda data: bytes(len(data)),
    "cut off": lambda data: data[: len(data) // 2],
    "binary": lambda _: bytes(range(256)),
    "another text": lambda _: b"hello",
    "a list": lambda _: b"[]",
    "null": lambda _: b"null",
    "a number": lambda _: b"7",
    "an empty object": lambda _: b"{}",
    "nested without end": lambda _: b"[" * 200_000,
    "not UTF-8": lambda data: data.replace("ü".encode(), b"\xfc"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_told_from_a_job(folder: Path, name: str) -> None:
    path = save(folder) / "job.json"
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    with pytest.raises(DamagedJobError):
        job_folder.load(path.parent)


REQUIRED = [spec.name for spec in dataclasses.fields(Job) if spec.default is dataclasses.MISSING]
MAY_BE_NULL = {"cost", "ended", "resumed", "accepted", "generation_seconds", "findings", "viewpoint"}
WRONG: list[Any] = [[], {}, "other", 5.5, None, True, [1], {"a": "b"}]


@pytest.mark.parametrize("name", [spec.name for spec in dataclasses.fields(Job) if spec.name not in TRANSIENT])
def test_a_field_of_the_wrong_type_is_damage(folder: Path, name: str) -> None:
    saved = save(folder)
    right = json.loads((saved / "job.json").read_text(encoding="utf-8"))[name]
    for value in WRONG:
        is_number = isinstance(right, float) and isinstance(value, float)
        is_text = type(right) is type(value) is str and name not in ("id", "stage", "remedy")
        if is_number or is_text or (type(right) is type(value) is bool) or (value is None and name in MAY_BE_NULL):
            continue
        if value == [] and isinstance(right, list):
            continue
        damage(saved, **{name: value})
        with pytest.raises(DamagedJobError):
            print(name, value, job_folder.load(saved))


def test_a_job_of_an_earlier_version_has_no_findings_and_is_written_as_that_version_wrote_it(folder: Path) -> None:
    saved = save(folder, dataclasses.replace(FULL, findings=None))
    assert "findings" not in json.loads((saved / "job.json").read_text(encoding="utf-8"))
    assert job_folder.load(saved).findings is None


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_field_that_is_missing_is_damage(folder: Path, name: str) -> None:
    path = save(folder) / "job.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    del data[name]
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(DamagedJobError):
        job_folder.load(path.parent)


@pytest.mark.parametrize(
    "fields",
    [{"format": 2}, {"format": None}, {"id": "another"}, {"stage": "dancing"}, {"remedy": "prayer"}],
    ids=str,
)
def test_what_this_version_does_not_know_is_damage(folder: Path, fields: dict[str, Any]) -> None:
    saved = save(folder)
    damage(saved, **fields)
    with pytest.raises(DamagedJobError):
        job_folder.load(saved)


def test_a_job_without_its_seed_is_damage(folder: Path) -> None:
    saved = save(folder)
    damage(saved, parameters={"remesh": True})
    with pytest.raises(DamagedJobError):
        job_folder.load(saved)


def test_what_is_set_aside_is_kept_and_not_met_again(folder: Path) -> None:
    saved = save(folder)
    (saved / "job.json").write_bytes(b"oh")
    job_folder.set_aside(saved)
    assert job_folder.job_folders(folder) == []
    assert [path.read_bytes() for path in saved.iterdir()] == [b"oh"]


@pytest.mark.parametrize("fields", [{"format": None}, {"stage": 5}, {"parameters": []}, {"created": None}], ids=str)
def test_a_damaged_job_is_set_aside_and_the_others_are_told(
    open_studio: Callable[..., Studio], folder: Path, fields: dict[str, Any]
) -> None:
    damaged = save(folder / "jobs", dataclasses.replace(FULL, id="20260101-000000-aaaaaa"))
    (damaged / "model.glb").write_bytes(b"glTF")
    damage(damaged, **fields)
    save(folder / "jobs")
    studio = open_studio()
    studio.loaded()
    assert list(studio.jobs) == [FULL.id]
    assert [str(damaged) in sentence for sentence in studio.notices()] == [True]
    names = sorted(path.name.split("-")[0] for path in damaged.iterdir() if path.name != "lock")
    assert names == ["job.damaged", "model.glb"]


def test_a_damaged_job_that_cannot_be_set_aside_does_not_hide_the_others(
    open_studio: Callable[..., Studio], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(job_folder, "set_aside", refuse)
    damage(save(folder / "jobs", dataclasses.replace(FULL, id="20260101-000000-aaaaaa")), format=0)
    save(folder / "jobs")
    studio = open_studio()
    studio.loaded()
    assert list(studio.jobs) == [FULL.id]
    assert all(map(tells_what_to_do, studio.notices()))


def test_a_new_folder_holds_the_job_and_exactly_the_picture(folder: Path, picture: Path) -> None:
    job, data = new_job(), picture.read_bytes()
    job_folder.create(folder / "jobs", job, picture)
    assert [path.name for path in (folder / "jobs").iterdir()] == [job.id]
    assert sorted(path.name for path in (folder / "jobs" / job.id).iterdir()) == ["job.json", "source.png"]
    assert (folder / "jobs" / job.id / "source.png").read_bytes() == data
    assert job_folder.load(folder / "jobs" / job.id) == job
    assert not picture.exists()


def test_nothing_is_left_when_the_picture_is_gone(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        job_folder.create(folder / "jobs", new_job(), folder / "gone.png")
    assert list((folder / "jobs").iterdir()) == []


def test_a_job_that_could_not_be_created_is_told_as_failed(studio: Studio, folder: Path) -> None:
    job = new_job()
    studio.runner.add([job], PictureFile(folder / "gone.png"))
    failed = studio.reach(job.id, Stage.FAILED)
    assert failed.message.startswith("Could not save the job")
    assert tells_what_to_do(failed.message)


def test_nothing_is_left_and_the_picture_is_not_lost_when_the_name_is_taken(folder: Path, picture: Path) -> None:
    job = new_job()
    taken = folder / "jobs" / job.id / "something"
    taken.mkdir(parents=True)
    with pytest.raises(OSError, match=job.id):
        job_folder.create(folder / "jobs", job, picture)
    assert [path.name for path in (folder / "jobs").iterdir()] == [job.id]
    assert list((folder / "jobs" / job.id).iterdir()) == [taken]
    assert picture.exists()


def test_saving_never_touches_the_old_file_before_the_new_one_is_whole(folder: Path) -> None:
    saved = save(folder)
    before = (saved / "job.json").read_bytes()
    with pytest.raises(TypeError):
        job_folder.save(saved, dataclasses.replace(FULL, name=object()))  # type: ignore[arg-type]  # to break midway
    assert (saved / "job.json").read_bytes() == before


def test_jobs_are_listed_oldest_first_and_nothing_else_is(folder: Path) -> None:
    for name in ("20260102-000000-aaaaaa", "20260101-000000-bbbbbb"):
        save(folder, dataclasses.replace(FULL, id=name))
    (folder / ".incoming").mkdir()
    (folder / "no job").mkdir()
    (folder / "file").write_bytes(b"")
    save(folder, dataclasses.replace(FULL, id=".new-20260101-000000-cccccc"))
    assert [path.name for path in job_folder.job_folders(folder)] == [
        "20260101-000000-bbbbbb",
        "20260102-000000-aaaaaa",
    ]
    assert job_folder.job_folders(folder / "nowhere") == []


def test_an_id_sorts_by_age_and_is_unique() -> None:
    assert job_folder.new_id(0.0).startswith("19700101-000000-")
    assert len({job_folder.new_id(0.0) for _ in range(100)}) > 95
    assert job_folder.new_id(1e9) < job_folder.new_id(1e9 + 1)


def test_only_old_leftovers_are_swept(folder: Path) -> None:
    now = 2_000_000_000.0
    old = [folder / ".new-20260101-000000-aaaaaa" / "job.json", folder / ".incoming" / "old.png"]
    young = [folder / ".new-20260101-000000-bbbbbb" / "job.json", folder / ".incoming" / "young.png"]
    job = save(folder)
    for path in (*old, *young):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    for path in (old[1], old[0], old[0].parent, job):
        os.utime(path, (now - 25 * 3600, now - 25 * 3600))
    for path in (*young, young[0].parent):
        os.utime(path, (now - 23 * 3600, now - 23 * 3600))
    job_folder.sweep(folder, now)
    assert [path.exists() for path in old] == [False, False]
    assert [path.exists() for path in young] == [True, True]
    assert not old[0].parent.exists()
    assert (job / "job.json").exists()


def test_a_whole_file_that_cannot_be_written_leaves_nothing_beside_what_was_there(folder: Path) -> None:
    (folder / "thumbnail.png").mkdir()  # nothing can take its place
    with pytest.raises(OSError, match="is a folder"):
        files.write_whole(folder / "thumbnail.png", b"x")
    assert [path.name for path in folder.iterdir()] == ["thumbnail.png"]


def test_a_favorite_is_marked_beside_the_record_and_goes_with_the_job(tmp_path: Path) -> None:
    for job in (FULL, dataclasses.replace(FULL, id="other")):
        (tmp_path / job.id).mkdir()
        job_folder.save(tmp_path / job.id, job)
    folder = tmp_path / FULL.id
    record = (folder / "job.json").read_bytes()
    for _ in range(2):  # a second click finds it as it is
        job_folder.mark(folder, is_favorite=True)
        assert job_folder.favorites(tmp_path) == {FULL.id}
    job_folder.save(folder, FULL)  # as an earlier version does, which does not know favorites
    assert job_folder.favorites(tmp_path) == {FULL.id}
    for _ in range(2):
        job_folder.mark(folder, is_favorite=False)
        assert job_folder.favorites(tmp_path) == set()
    assert (folder / "job.json").read_bytes() == record
    job_folder.mark(folder, is_favorite=True)
    job_folder.remove(folder)
    assert not folder.exists()
    with pytest.raises(OSError, match="No such file"):
        job_folder.mark(folder, is_favorite=True)


@pytest.mark.parametrize("name", ["000000-Tür", "000001-photo (1) & more, really", "000002-写真", "000003-a.b"])
def test_a_batchs_job_has_the_name_of_its_picture(folder: Path, name: str) -> None:
    job = dataclasses.replace(FULL, id=name, batch=name)
    assert job_folder.load(save(folder, job)) == job
