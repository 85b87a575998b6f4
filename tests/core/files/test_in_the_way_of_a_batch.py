"""The same things in the way of the files of a batch, which any program may share: no hang, and nothing outside."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.core.files.test_in_the_way import in_time, is_untouched, is_well, outside
from tests.core.files.test_odd_values import write_manifest, write_plan, write_state
from tests.hostile_files.in_the_way import FILES_OF_A_BATCH, THINGS
from trellis_blender.core.batch import plan as plans
from trellis_blender.core.batch.batch import Batch
from trellis_blender.core.batch.batch_store import REMOTE_IDS, OtherRemoteIds
from trellis_blender.core.batch.order import NoBatchError
from trellis_blender.core.job.claims import PROCESSES, Claims, this_machine

__all__ = ["outside"]


def _open(folder: Path) -> str:
    Batch.open(folder)
    return ""


def _see(folder: Path) -> str:
    batch = Batch.open(folder)
    assert [row.job for row in batch.rows()] == [None]
    assert batch.state().to_pay <= 1
    return ""


def _keep_whose(folder: Path) -> str:
    name = next(iter((folder / REMOTE_IDS).iterdir())).name
    assert name not in OtherRemoteIds(folder / REMOTE_IDS, "000000-a")
    OtherRemoteIds(folder / REMOTE_IDS, "000000-a").add_own(name)
    assert name not in OtherRemoteIds(folder / REMOTE_IDS, "000000-a")
    return ""


def _ask_who_lives(folder: Path) -> str:
    claims = Claims(folder)
    for name in [path.name for path in (folder / PROCESSES).iterdir()]:
        claims.is_dead(name)
    claims.look_anew()
    claims.close()
    return ""


def _load_plan(folder: Path) -> str:
    told: list[str] = []
    for _, file in plans.load_all(folder, told.append):
        file.close()
    return " ".join(told)


def _save_plan(folder: Path) -> str:
    told: list[str] = []
    for plan, file in plans.load_all(folder, told.append):
        file.save(plan)
        file.wait()
        file.close()
        return file.trouble
    return _load_plan(folder)


DEEDS: Mapping[str, Callable[[Path], str]] = {
    "batch.json": _open,
    ".batch/free/state.json": _see,
    "000000-a.refused.txt": _see,
    ".remote-ids/job_1": _keep_whose,
    ".processes/OTHER": _ask_who_lives,
    "batches/20260101-120000-aaaaaa/batch.json": _load_plan,
    "batches/20260101-120000-aaaaaa/batch.json.part": _save_plan,
    "batches/20260101-120000-aaaaaa/lock": _load_plan,
    "batches": _load_plan,
}


@pytest.mark.parametrize("thing", [thing for thing in THINGS if "may read" not in thing])
@pytest.mark.parametrize("name", FILES_OF_A_BATCH)
def test_the_files_of_a_batch_are_guarded_alike(
    folder: Path, outside: Path, name: str, thing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trellis_blender.core.batch.shared.WAIT_SECONDS", 0.05)
    root = folder / "root"
    root.mkdir()
    if name.startswith("batches/"):
        write_plan(root)
    elif name.startswith((".batch", "000000")):
        write_state(root)
    elif name == "batch.json":
        write_manifest(root)
    path = root / name.replace(".remote-ids", REMOTE_IDS).replace(".processes", PROCESSES)
    names = [path.name]
    if path.name == "OTHER":  # one of this machine, and one of another
        names = [f"{this_machine()}-1-abcdef", "elsewhere-1234-1-abcdef"]
    path.parent.mkdir(parents=True, exist_ok=True)
    for each in names:
        path.with_name(each).unlink(missing_ok=True)
        THINGS[thing](path.with_name(each), outside)
    said = in_time(lambda: DEEDS[name](root))
    assert is_well(said), said
    assert is_untouched(outside)


def test_batches_behind_a_link_are_not_taken(folder: Path) -> None:
    theirs, root = folder / "theirs", folder / "root"
    theirs.mkdir()
    root.mkdir()
    write_plan(theirs)
    (root / plans.FOLDER).symlink_to(theirs / plans.FOLDER, target_is_directory=True)
    before = sorted((theirs / plans.FOLDER).rglob("*"))
    assert list(plans.load_all(root, pytest.fail)) == []
    assert sorted((theirs / plans.FOLDER).rglob("*")) == before


def test_a_line_without_an_end_is_not_read_to_it(folder: Path) -> None:
    THINGS["100 MB of zeros"](folder / "batch.json", folder)
    tracemalloc.start()
    try:
        with pytest.raises(NoBatchError, match="is damaged"):
            Batch.open(folder)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 * 1024 * 1024
