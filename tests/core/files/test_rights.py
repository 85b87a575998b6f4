"""Job folders are closed to others (0700) and so are their files (0600), new ones and those that are taken over."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator import Emulator, Fault
from tests.core.studio import Studio, new_job
from trellis_blender.core.files import close_to_others, own_folder, write_whole
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Stage

Open = Callable[..., Studio]


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def rights(root: Path) -> dict[str, int]:
    """Return the rights of all that lies in the folder."""
    return {path.relative_to(root).as_posix(): stat.S_IMODE(path.lstat().st_mode) for path in root.rglob("*")}


def assert_closed(root: Path) -> None:
    for path in root.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), f"{path}: {mode:o}"


def test_all_that_a_job_leaves_is_closed(studio: Studio) -> None:
    job = studio.reach(studio.add(), Stage.READY)
    studio.runner.mark(job.id, is_favorite=True)
    studio.rest()
    assert len(rights(studio.folder(job.id))) == 5
    assert_closed(studio.root)
    assert stat.S_IMODE(studio.root.stat().st_mode) == 0o700


def test_a_download_that_broke_off_is_closed(open_studio: Open, emulator: Emulator) -> None:
    emulator.fault("download", Fault(close="middle"))
    emulator.fault("download", Fault(status=503), times=None, after=1)
    studio = open_studio()
    job_id = studio.add()
    studio.trouble(job_id)
    studio.until((studio.folder(job_id) / "model.glb.part").exists, "the broken download")
    assert_closed(studio.folder(job_id))


def test_a_job_that_is_taken_over_is_closed(open_studio: Open, folder: Path) -> None:
    first = open_studio()
    job = first.reach(first.add(), Stage.READY)
    first.close()
    (first.folder(job.id) / "textures").mkdir()
    (first.folder(job.id) / "textures" / f"a-{job.id}-1.png").write_bytes(b"x")
    for path in (first.folder(job.id), *first.folder(job.id).rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    (first.folder(job.id) / "notes.txt").write_bytes(b"mine")
    open_studio().loaded()
    kept = rights(first.folder(job.id))
    assert kept.pop("notes.txt") == 0o666  # it is not ours
    assert {*kept.values()} == {0o700, 0o600}
    assert stat.S_IMODE(first.folder(job.id).stat().st_mode) == 0o700


def test_a_file_beside_the_artists_own_has_the_rights_of_any_other(tmp_path: Path) -> None:
    for mode, expected in ((0o755, 0o666), (0o700, 0o600)):
        tmp_path.chmod(mode)
        write_whole(tmp_path / "texture.png", b"x")
        assert stat.S_IMODE((tmp_path / "texture.png").stat().st_mode) == expected


def test_a_link_is_not_opened_to_close_what_it_points_at(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir(mode=0o755)
    (tmp_path / "20260101-120000-aaaaaa").symlink_to(tmp_path / "outside", target_is_directory=True)
    job_folder.close(tmp_path / "20260101-120000-aaaaaa")
    assert stat.S_IMODE((tmp_path / "outside").stat().st_mode) == 0o755


def test_what_a_link_points_at_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_bytes(b"x")
    (tmp_path / "outside.txt").chmod(0o644)
    (tmp_path / "key.json").symlink_to(tmp_path / "outside.txt")
    close_to_others(tmp_path / "key.json")
    assert stat.S_IMODE((tmp_path / "outside.txt").stat().st_mode) == 0o644


def test_a_folder_of_ours_that_is_open_is_closed_before_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "batches").mkdir(mode=0o755)
    own_folder(tmp_path / "batches")
    own_folder(tmp_path / "new")
    assert rights(tmp_path) == {"batches": 0o700, "new": 0o700}


def test_a_job_is_closed_even_where_its_folder_is_not(tmp_path: Path) -> None:
    job = new_job()
    folder = tmp_path / job.id
    folder.mkdir(mode=0o755)
    job_folder.save(folder, job)
    job_folder.mark(folder, is_favorite=True)
    assert job_folder.begin_submit(folder, 1)
    assert {*rights(folder).values()} == {0o600}
