"""A link, a folder, a pipe, a device or a far too large file in the way: a sentence, no hang, and nothing outside."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import threading
from collections.abc import Callable, Mapping
from io import BufferedReader
from pathlib import Path

import pytest

from tests.core.recorder import Recorder, Reply
from tests.core.studio import AGENT, new_job, tells_what_to_do
from tests.glbs.materials import as_trellis
from tests.hostile_files.in_the_way import FILES_OF_ALL, MINE, READ, REASONS, REPLACED, THINGS, WAYS
from tests.patience import PATIENCE
from trellis_blender.core import places
from trellis_blender.core.errors import InTheWayError, TrellisError, storage_error
from trellis_blender.core.files import open_own, read_own, write_whole
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job import spending
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.job.lock import FolderLock
from trellis_blender.core.model.arrays import Shape
from trellis_blender.core.model.read import read_model
from trellis_blender.core.request.account import Account
from trellis_blender.core.request.key_file import KeyFile
from trellis_blender.core.request.service import Asset
from trellis_blender.core.runner.job_store import JobStore
from trellis_blender.core.runner.messages import Notice, RunnerMessage
from trellis_blender.core.runner.questions import ask, read_for_import
from trellis_blender.core.runner.steps import StepTools, upload
from trellis_blender.core.runner.timing import Clock, Timing
from trellis_blender.core.scenario.api import Api
from trellis_blender.core.scenario.connection import Connections, Session
from trellis_blender.core.scenario.download import download

GLB = as_trellis("webp").glb()
JOB = dataclasses.replace(new_job(), stage=Stage.FAILED, message="No.", is_prepared=True, remote_id="job_1", cost=7.0)
NOWHERE = "http://127.0.0.1:9"  # nobody listens there


def tools() -> StepTools:
    service = Api(Account.checked("key", "secret", "", NOWHERE), Connections(), AGENT)
    return StepTools(service, lambda _seconds: True, lambda _fraction: None)


def told(root: Path) -> list[RunnerMessage]:
    store = JobStore(root, Timing(), Clock())
    store.load()
    return [store.messages.get() for _ in range(store.messages.qsize())]


def is_well(said: str) -> bool:
    """Whether all went well, or the sentence says what to do, or that nothing has to be done."""
    return said == "" or tells_what_to_do(said) or "was set aside. Its files are kept in" in said


def in_time(work: Callable[[], str]) -> str:
    """Return what the work says, which has to end by itself: what hangs can only be left behind."""
    said: list[str] = []

    def run() -> None:
        try:
            said.append(work())
        except TrellisError as error:
            said.append(error.sentence)
        except OSError as error:
            said.append(storage_error("do it", error).sentence)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "it hangs"
    assert said, "it raised what nobody tells"
    return said[0]


# -- one deed for each file; an empty text means that all went well


def _load(folder: Path) -> str:
    messages = told(folder.parent)
    if [message for message in messages if isinstance(message, Job)] == [JOB]:
        return ""
    return next(message.sentence for message in messages if isinstance(message, Notice))


def _save(folder: Path) -> str:
    job_folder.save(folder, JOB)
    assert job_folder.load(folder) == JOB
    return ""


def _lock(folder: Path) -> str:
    lock = FolderLock.acquire(folder)
    if lock is None:
        return ""  # another process drives the job; nothing has to be done
    lock.release()
    return ""


def _send(folder: Path) -> str:
    upload(JOB, folder, tools())
    return ""


def _read(folder: Path) -> str:
    answer = read_for_import(JOB.id, folder / "model.glb", Shape())
    return answer.error or answer.reason


def _download(folder: Path) -> str:
    with Recorder(Reply(200, GLB, {"ETag": '"one"'})) as recorder:
        asset = Asset("asset_1", "", recorder.url, True)
        target = folder / "model.glb"
        download(Session(Connections(), AGENT), asset, target, lambda _seconds: True, lambda _fraction: None)
    assert (folder / "model.glb").read_bytes() == GLB
    return ""


def _mark(folder: Path) -> str:
    job_folder.mark(folder, is_favorite=True)
    assert job_folder.favorites(folder.parent) == {JOB.id}
    job_folder.mark(folder, is_favorite=False)
    assert job_folder.favorites(folder.parent) == set()
    return ""


def _thumbnail(folder: Path) -> str:
    write_whole(folder / "thumbnail.png", b"PNG")
    assert (folder / "thumbnail.png").read_bytes() == b"PNG"
    return ""


def _textures(folder: Path) -> str:
    write_whole(folder / "model.glb", GLB)
    model = read_model(folder / "model.glb", Shape(images=folder / "textures", stem=f"a-{JOB.id}", packs=True))
    assert model.images
    assert all(image.data for image in model.images.values())
    return ""


DEEDS: Mapping[str, Callable[[Path], str]] = {
    "job.json": _load,
    "job.json.part": _save,
    "lock": _lock,
    "source.png": _send,
    "model.glb": _read,
    "model.glb.part": _download,
    "model.glb.origin": _download,
    "favorite": _mark,
    "thumbnail.png": _thumbnail,
    "thumbnail.png.part": _thumbnail,
    "textures": _textures,
}


@pytest.fixture
def outside(folder: Path) -> Path:
    """Return a file outside the jobs' folder, with names beside it that a job's files have, too."""
    beyond = folder / "outside"
    beyond.mkdir()
    for name in ("secret.png", f"a-{JOB.id}-1.webp", f"a-{JOB.id}-1.png", "job.json", "inside.txt"):
        (beyond / name).write_text(MINE, encoding="utf-8")
    return beyond / "secret.png"


def is_untouched(outside: Path) -> bool:
    files = [*outside.parent.iterdir()]
    return len(files) == 5 and all(path.read_text(encoding="utf-8") == MINE for path in files)


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("name", WAYS)
def test_what_is_in_the_way_is_told_or_replaced_and_nothing_outside_is_touched(
    folder: Path, outside: Path, name: str, thing: str
) -> None:
    own = folder / "jobs" / JOB.id
    own.mkdir(parents=True)
    job_folder.save(own, JOB)
    modes = [path.stat().st_mode for path in sorted(outside.parent.iterdir())]
    (own / name).unlink(missing_ok=True)
    THINGS[thing](own / name, outside)
    said = in_time(lambda: DEEDS[name](own))
    assert is_well(said), said
    reason = next((reason for kind, reason in REASONS.items() if thing.startswith(kind)), "")
    is_claim = name == "lock" and thing.startswith("a folder with")
    assert name not in READ or is_claim or reason in said
    assert name not in REPLACED or bool(said) == thing.startswith("a folder"), said
    assert is_untouched(outside)
    with contextlib.suppress(OSError):
        job_folder.remove(own)
    assert is_untouched(outside)
    assert [path.stat().st_mode for path in sorted(outside.parent.iterdir())] == modes
    left = [*own.rglob("*")] if own.exists() else []
    stays = name == "job.json" or is_claim
    assert stays or "job.json" not in [path.name for path in left if path.is_file()], left


# -- the files of all jobs


def _what_removed_jobs_cost(folder: Path) -> str:
    assert spending.removed(folder) == {}
    spending.keep(folder, JOB)
    assert spending.removed(folder) == {JOB.id: (JOB.created, 7.0, "job_1")}
    return ""


def _price(folder: Path) -> str:
    answer = ask(tools().service, 1, JOB.parameters, "place", (), folder)
    return answer.trouble.sentence if answer.trouble is not None else answer.notice


def _choice(folder: Path) -> str:
    assert places.read_choice(folder) == places.Choice()
    places.write_choice(folder, places.Choice("/mine"))
    assert places.read_choice(folder) == places.Choice("/mine")
    return ""


def _key(folder: Path) -> str:
    file = KeyFile(folder / "key.json")
    file.refresh()
    assert (file.key, file.secret) == ("", "")
    file.keep("key", "secret")
    again = KeyFile(folder / "key.json")
    again.refresh()
    assert (again.key, again.secret) == ("key", "secret")
    return ""


ALL_DEEDS: Mapping[str, Callable[[Path], str]] = {
    "removed jobs.json": _what_removed_jobs_cost,
    "price pictures.json": _price,
    "jobs folder.json": _choice,
    "key.json": _key,
}


@pytest.mark.parametrize("thing", [thing for thing in THINGS if "may read" not in thing])
@pytest.mark.parametrize("name", FILES_OF_ALL)
def test_the_files_of_all_jobs_are_guarded_alike(folder: Path, outside: Path, name: str, thing: str) -> None:
    data = folder / "data"
    data.mkdir()
    THINGS[thing](data / name, outside)
    said = in_time(lambda: ALL_DEEDS[name](data))
    assert is_well(said), said
    assert is_untouched(outside)


def test_what_a_link_points_at_is_not_taken_even_if_it_is_sound(folder: Path) -> None:
    sound, own = folder / "sound", folder / "own"
    sound.mkdir()
    own.mkdir()
    KeyFile(sound / "key.json").keep("key", "secret")
    places.write_choice(sound, places.Choice("/theirs"))
    spending.keep(sound, JOB)
    for path in sound.iterdir():
        (own / path.name).symlink_to(path)
    key = KeyFile(own / "key.json")
    key.refresh()
    assert "is a link" in key.trouble
    assert (key.key, places.read_choice(own), spending.removed(own)) == ("", places.Choice(), {})


def test_a_job_that_a_link_points_at_is_not_taken(folder: Path) -> None:
    sound, root = folder / "sound", folder / "jobs"
    for path in (sound, root / JOB.id):
        path.mkdir(parents=True)
    job_folder.save(sound, JOB)
    (root / JOB.id / "job.json").symlink_to(sound / "job.json")
    assert not any(isinstance(message, Job) for message in told(root))
    assert (sound / "job.json").is_file()


def test_a_file_that_grows_while_it_is_read_ends_all_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "key.json"
    path.write_bytes(b"0123456789")

    def grown(path: Path, most: int | None = None) -> BufferedReader:
        opened = open_own(path, most)
        path.write_bytes(b"x" * 1000)
        return opened

    monkeypatch.setattr("trellis_blender.core.files.open_own", grown)
    with pytest.raises(InTheWayError, match="larger than it should be"):
        read_own(path, 10)


# -- folders that are links


def test_a_jobs_folder_that_is_a_link_is_told_and_never_removed(folder: Path, outside: Path) -> None:
    elsewhere, root = folder / "elsewhere", folder / "jobs"
    elsewhere.mkdir()
    root.mkdir()
    job_folder.save(elsewhere, JOB)
    (root / JOB.id).symlink_to(elsewhere, target_is_directory=True)
    before = (elsewhere / "job.json").read_bytes()
    sentences = [message.sentence for message in told(root) if isinstance(message, Notice)]
    assert [JOB.id in sentence and tells_what_to_do(sentence) for sentence in sentences] == [True]
    assert [path.name for path in elsewhere.iterdir()] == ["job.json"]
    assert (elsewhere / "job.json").read_bytes() == before


def test_the_folder_of_all_jobs_may_be_a_link_which_is_the_artists_choice(folder: Path) -> None:
    (folder / "big drive").mkdir()
    (folder / "jobs").symlink_to(folder / "big drive", target_is_directory=True)
    job_folder.create(folder / "jobs", JOB, None)
    assert [message.id for message in told(folder / "jobs") if isinstance(message, Job)] == [JOB.id]
    assert job_folder.remove(folder / "jobs" / JOB.id)
    assert [*(folder / "big drive").iterdir()] == []


@pytest.mark.parametrize("name", [".incoming", f".new-{JOB.id}", f".removed-abcdef-{JOB.id}", f".copy-{JOB.id}"])
def test_sweeping_follows_no_link(folder: Path, outside: Path, name: str) -> None:
    root = folder / "jobs"
    root.mkdir()
    (root / name).symlink_to(outside.parent, target_is_directory=True)
    for path in (*outside.parent.iterdir(), outside.parent):
        os.utime(path, (0, 0))
    job_folder.sweep(root, 2e9)
    assert is_untouched(outside)


def test_sweeping_leaves_what_only_looks_like_ours(folder: Path) -> None:
    names = (".new-project", ".removed-files", ".copy-of-it", ".newer")
    for name in names:
        (folder / name).mkdir()
        (folder / name / "model.glb").write_text(MINE, encoding="utf-8")
        os.utime(folder / name, (0, 0))
    job_folder.sweep(folder, 2e9)
    assert all((folder / name / "model.glb").is_file() for name in names)


def test_no_sentence_of_these_speaks_of_disk_space(folder: Path) -> None:
    (folder / "job.json").mkdir()
    with pytest.raises(OSError, match=r"job\.json") as raised:
        write_whole(folder / "job.json", b"")
    said = storage_error("save the job", raised.value).sentence
    assert said == "Could not save the job: “job.json” is a folder. Move it somewhere else, then try again."
    assert json.dumps(said)
