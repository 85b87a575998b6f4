"""A power cut right after any step: what was written is on the disk before it is relied on, in the right order."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator
from tests.core.studio import Studio, new_job
from trellis_blender.core import files
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Job, Stage

FLUSHES_FOLDERS = os.name != "nt"
"""Windows has no such call; NTFS keeps renames in its journal."""


class Disk:
    """Sees what is flushed and renamed below a folder, in order. A flush of a file is told with the file's size."""

    def __init__(self, root: Path) -> None:
        self.root, self.deeds = root, list[tuple[str, ...]]()
        self._fsync, self._replace = os.fsync, os.replace

    def fsync(self, handle: int) -> None:
        """Flush, and take note."""
        status = os.fstat(handle)
        for path in (self.root, *self.root.rglob("*")):
            if os.path.samestat(path.stat(), status):
                size = () if stat.S_ISDIR(status.st_mode) else (str(status.st_size),)
                self.deeds.append(("flush", self._name(path), *size))
        self._fsync(handle)

    def replace(self, source: Any, target: Any) -> None:
        """Rename, and take note."""
        self._replace(source, target)
        self.deeds.append(("rename", self._name(Path(source)), self._name(Path(target))))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


@pytest.fixture
def disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Return what sees all that is done to the disk in the test's folder."""
    watched = Disk(folder)
    monkeypatch.setattr(os, "fsync", watched.fsync)
    monkeypatch.setattr(os, "replace", watched.replace)
    return watched


def folder_flush(name: str) -> list[tuple[str, ...]]:
    """The flush of a folder, where there is one."""
    return [("flush", name)] if FLUSHES_FOLDERS else []


def test_a_save_flushes_the_whole_file_renames_it_and_flushes_the_folder(folder: Path, disk: Disk) -> None:
    job_folder.save(folder, new_job())
    size = str((folder / "job.json").stat().st_size)
    assert disk.deeds == [
        ("flush", "job.json.part", size),
        ("rename", "job.json.part", "job.json"),
        *folder_flush("."),
    ]


def test_a_new_job_has_its_picture_and_itself_on_disk_before_it_has_its_name(
    folder: Path, picture: Path, disk: Disk
) -> None:
    job, size = new_job(), str(picture.stat().st_size)
    job_folder.create(folder / "jobs", job, picture)
    new = disk.deeds[0][2].removesuffix("/source.png")
    assert new.startswith(f"jobs/.new-{job.id}")
    assert disk.deeds == [
        ("rename", picture.name, f"{new}/source.png"),
        ("flush", f"{new}/source.png", size),
        ("flush", f"{new}/job.json.part", str((folder / "jobs" / job.id / "job.json").stat().st_size)),
        ("rename", f"{new}/job.json.part", f"{new}/job.json"),
        *folder_flush(new),
        ("rename", new, f"jobs/{job.id}"),
        *folder_flush("jobs"),
    ]


def test_a_whole_file_is_flushed_before_it_takes_the_old_ones_place(folder: Path, disk: Disk) -> None:
    files.write_whole(folder / "removed jobs.json", b"12345")
    assert disk.deeds == [
        ("flush", "removed jobs.json.part", "5"),
        ("rename", "removed jobs.json.part", "removed jobs.json"),
        *folder_flush("."),
    ]


def test_a_model_is_on_disk_before_the_job_says_so(studio: Studio, disk: Disk) -> None:
    job = studio.reach(studio.add(), Stage.READY)
    own = [deed for deed in disk.deeds if deed[1].startswith(f"jobs/{job.id}")]
    model = f"jobs/{job.id}/model.glb"
    size = str((studio.folder(job.id) / "model.glb").stat().st_size)
    flushed, renamed = own.index(("flush", f"{model}.part", size)), own.index(("rename", f"{model}.part", model))
    assert flushed < renamed
    saves = [number for number, deed in enumerate(own) if deed[2:] == (f"jobs/{job.id}/job.json",)]
    saved = next(number for number in saves if number > renamed)
    assert own[renamed + 1 : saved] == [own[saved - 1]]  # the flush of job.json itself
    assert own[saved + 1 : saved + 2] == folder_flush(f"jobs/{job.id}")


def refuse_folders(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the file system refuse to flush folders with that error."""
    fsync = os.fsync

    def refuse(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", refuse)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS], ids=errno.errorcode.get)
def test_a_file_system_that_flushes_no_folders_keeps_jobs_all_the_same(
    studio: Studio, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refuse_folders(monkeypatch, number)
    job = studio.reach(studio.add(), Stage.READY)
    assert studio.is_saved(job)
    assert emulator.paid == 1


def test_a_folder_that_a_broken_disk_cannot_flush_is_not_saved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_folders(monkeypatch, errno.EIO)
    outcome = pytest.raises(OSError, match=os.strerror(errno.EIO)) if FLUSHES_FOLDERS else contextlib.nullcontext()
    with outcome:
        job_folder.save(folder, new_job())


NO_TEXT = "St\udcfchle"
"""A name on Linux that was written in Latin-1: no UTF-8, and so no text."""


def test_a_name_that_is_no_text_is_kept_as_text(folder: Path) -> None:
    job = dataclasses.replace(new_job(), name=NO_TEXT, picture_name=f"{NO_TEXT}.png")
    own = folder / job.id
    own.mkdir()
    job_folder.save(own, job)
    assert (own / "job.json").read_text(encoding="utf-8")
    assert job_folder.load(own).name == "St\ufffdhle"


def test_a_picture_whose_name_is_no_text_becomes_a_model(
    open_studio: Callable[..., Studio], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = open_studio()
    monkeypatch.setattr("tests.core.studio.new_job", lambda **given: _unnamed(new_job(**given)))
    job = studio.reach(studio.add(), Stage.READY)
    assert job.picture_name == f"{NO_TEXT}.png"
    assert studio.is_saved(job)


def _unnamed(job: Job) -> Job:
    return dataclasses.replace(job, name=NO_TEXT, picture_name=f"{NO_TEXT}.png")
