"""Remove: the whole job or nothing of it, and never anything else."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.studio import Studio, new_job, tells_what_to_do
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Stage

JOB = dataclasses.replace(new_job(), stage=Stage.FAILED, message="No.")
OWN = ("source.png", "model.glb", "thumbnail.png", "imported.blend", "favorite", "lock", "model.glb.part")


@pytest.fixture
def own(folder: Path) -> Path:
    """Return the folder of a job with all that can be in it."""
    path = folder / "jobs" / JOB.id
    (path / "textures").mkdir(parents=True)
    job_folder.save(path, JOB)
    for name in (*OWN, f"textures/a-{JOB.id}-1.png"):
        (path / name).write_bytes(b"x")
    return path


def names(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def refuse(monkeypatch: pytest.MonkeyPatch, is_refused: Callable[[Path], bool]) -> None:
    """Let the system refuse to delete these files, as Windows does while a program has one open."""
    unlink = Path.unlink

    def refused(path: Path, missing_ok: bool = False) -> None:
        if is_refused(path):
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)


def test_a_job_is_gone_with_all_of_its_files(own: Path) -> None:
    assert job_folder.remove(own)
    assert names(own.parent) == []


@pytest.mark.parametrize("kept", [*OWN, "job.json"])
def test_a_file_that_cannot_be_deleted_leaves_no_half_job(
    own: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    with monkeypatch.context() as patch:
        refuse(patch, lambda path: path.name == kept)
        assert not job_folder.remove(own)
    assert job_folder.job_folders(own.parent) == []
    job_folder.sweep(own.parent, time.time())
    assert names(own.parent) == []


def test_a_job_of_which_nothing_can_be_deleted_is_whole(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names(own.parent)
    with monkeypatch.context() as patch:
        refuse(patch, lambda _path: True)
        with pytest.raises(PermissionError):
            job_folder.remove(own)
    assert names(own.parent) == before
    assert job_folder.load(own) == JOB


def test_a_folder_that_cannot_be_renamed_is_whole(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names(own.parent)

    def held(*_paths: object) -> None:
        raise PermissionError(errno.EACCES, "The process cannot access the file")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", held)
        patch.setattr(os, "rename", held)
        with pytest.raises(PermissionError):
            job_folder.remove(own)
    assert names(own.parent) == before


@pytest.mark.parametrize("last", range(len(OWN) + 1))
def test_a_crash_in_the_middle_leaves_no_half_job(own: Path, monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    class Crash(BaseException):
        """The end of Blender."""

    unlink, done = Path.unlink, list[Path]()

    def crash(path: Path, missing_ok: bool = False) -> None:
        if len(done) == last:
            raise Crash
        done.append(path)
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", crash)
        with pytest.raises(Crash):
            job_folder.remove(own)
    assert job_folder.job_folders(own.parent) == []
    job_folder.sweep(own.parent, time.time())
    assert names(own.parent) == []


def test_what_else_is_in_the_folder_stays_where_it_was(own: Path, folder: Path) -> None:
    (folder / "outside").mkdir()
    (folder / "outside" / f"b-{JOB.id}-1.png").write_bytes(b"mine")
    (own / "renders").mkdir()
    (own / "renders" / "model.glb").write_bytes(b"mine")
    (own / "notes.txt").write_bytes(b"mine")
    (own / "textures" / "mine.png").write_bytes(b"mine")
    (own / "mine").symlink_to(folder / "outside", target_is_directory=True)
    assert job_folder.remove(own)
    assert names(own.parent) == [
        JOB.id,
        *(f"{JOB.id}/{name}" for name in ("mine", "notes.txt", "renders", "renders/model.glb", "textures")),
        f"{JOB.id}/textures/mine.png",
    ]
    assert (folder / "outside" / f"b-{JOB.id}-1.png").read_bytes() == b"mine"


def test_textures_that_are_a_link_stay_where_they_are(own: Path, folder: Path) -> None:
    (own / "textures" / f"a-{JOB.id}-1.png").unlink()
    (own / "textures").rmdir()
    (folder / "outside").mkdir()
    (folder / "outside" / f"a-{JOB.id}-1.png").write_bytes(b"mine")
    (own / "textures").symlink_to(folder / "outside", target_is_directory=True)
    job_folder.remove(own)
    assert (folder / "outside" / f"a-{JOB.id}-1.png").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["model.glb", "source.png", "job.json.part"])
def test_a_folder_with_a_name_of_ours_is_somebody_elses(own: Path, name: str) -> None:
    (own / name).unlink(missing_ok=True)
    (own / name).mkdir()
    (own / name / "mine.txt").write_bytes(b"mine")
    assert job_folder.remove(own)
    assert names(own) == [name, f"{name}/mine.txt"]


def test_a_folder_whose_name_is_a_pattern_loses_only_its_own(folder: Path) -> None:
    other = dataclasses.replace(JOB, id="a")
    for job_id in ("[a]", "a"):
        (folder / job_id / "textures").mkdir(parents=True)
        job_folder.save(folder / job_id, dataclasses.replace(JOB, id=job_id))
    (folder / "[a]" / "textures" / "x-a-1.png").write_bytes(b"mine")
    job_folder.remove(folder / "[a]")
    assert names(folder / "[a]") == ["textures", "textures/x-a-1.png"]
    assert job_folder.load(folder / "a") == other


def test_the_artist_hears_of_files_that_could_not_be_deleted(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.rest()
    job = studio.reach(studio.add(), Stage.READY)
    refuse(monkeypatch, lambda path: path.name == "model.glb")
    studio.runner.remove(job.id)
    studio.until(studio.notices, "a notice")
    assert [tells_what_to_do(sentence) or "will be deleted" in sentence for sentence in studio.notices()] == [True]
    assert job_folder.job_folders(studio.root) == []
    assert json.dumps(studio.notices())
