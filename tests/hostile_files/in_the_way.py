"""Things in the way: what another program has put where a file of ours is read or written."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

BIG_BYTES = 100 * 1024 * 1024
MINE = "mine"  # what the files outside hold
Put = Callable[[Path, Path], None]


def _link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def _dangling(path: Path, outside: Path) -> None:
    path.symlink_to(outside.with_name("nowhere"))


def _link_to_folder(path: Path, outside: Path) -> None:
    path.symlink_to(outside.parent, target_is_directory=True)


def _loop(path: Path, _outside: Path) -> None:
    path.symlink_to(path.name)


def _folder(path: Path, _outside: Path) -> None:
    path.mkdir()
    (path / "inside.txt").write_text(MINE, encoding="utf-8")


def _pipe(path: Path, _outside: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path, _outside: Path) -> None:
    """Bind it by its bare name, since a socket's path is short."""
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _endless(path: Path, _outside: Path) -> None:
    path.symlink_to("/dev/zero")


def _big(path: Path, _outside: Path) -> None:
    with path.open("wb") as file:
        file.truncate(BIG_BYTES)


def _closed(path: Path, _outside: Path) -> None:
    path.write_text(MINE, encoding="utf-8")
    path.chmod(0)


# By their names: what they are, and how they are put there. The second path is a file outside, with others beside it.
THINGS: Mapping[str, Put] = {
    "a link to a file outside": _link,
    "a link to nothing": _dangling,
    "a link to a folder outside": _link_to_folder,
    "a link to itself": _loop,
    "a link to a device without end": _endless,
    "a folder with something in it": _folder,
    "a pipe that nobody fills": _pipe,
    "a socket": _socket,
    "100 MB of zeros": _big,
    "a file that nobody may read": _closed,
}
# The files that a job's way reads or writes, and what is tried with each.
WAYS: Mapping[str, str] = {
    "job.json": "loading the job",
    "job.json.part": "saving the job",
    "lock": "taking the job over",
    "source.png": "sending the picture",
    "model.glb": "reading the model",
    "model.glb.part": "downloading the model",
    "model.glb.origin": "downloading the model",
    "favorite": "marking the job",
    "thumbnail.png": "writing the thumbnail",
    "thumbnail.png.part": "writing the thumbnail",
    "textures": "writing the textures",
}
# What the sentence about such a thing says where a file is read, and the files that are written: there it is replaced.
REASONS: Mapping[str, str] = {
    "a link": "is a link to another place",
    "a folder": "is a folder",
    "a pipe": "is not a file",
    "a socket": "is not a file",
}
READ = frozenset({"source.png", "model.glb", "lock"})
REPLACED = frozenset(
    {"job.json.part", "model.glb.part", "model.glb.origin", "favorite", "thumbnail.png", "thumbnail.png.part"}
)
FILES_OF_ALL: Mapping[str, str] = {
    "removed jobs.json": "reading what removed jobs cost",
    "price pictures.json": "reading the price's picture",
    "jobs folder.json": "reading the choice of the folder",
    "key.json": "reading the key",
}
FILES_OF_A_BATCH: Mapping[str, str] = {
    "batch.json": "opening the batch",
    ".batch/free/state.json": "reading the state of the batch",
    "000000-a.refused.txt": "reading why a picture was refused",
    ".remote-ids/job_1": "keeping whose job at Scenario it is",
    ".processes/OTHER": "asking whether another process lives",
    "batches/20260101-120000-aaaaaa/batch.json": "reading the plan of a batch",
    "batches/20260101-120000-aaaaaa/batch.json.part": "saving the plan of a batch",
    "batches/20260101-120000-aaaaaa/lock": "taking the batch over",
    "batches": "looking for batches",
}
OUTCOME = "A sentence or a new file of ours within a second; what is outside stays as it is, and nothing hangs"
