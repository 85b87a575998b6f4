# SPDX-License-Identifier: GPL-3.0-or-later
"""`batch.json`: what was ordered, of which pictures. Written once, and read picture by picture.

It is one JSON object whose first line holds everything but the pictures, which follow one a line:

    {"format": 1, "order": {...}, "count": 2       , "pictures": [
    "/renders/chair.png",
    "/renders/table.png"
    ]}
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import Text, TrellisError, as_storage_error, storage_error
from ..files import flush_folder, new_own, open_own, rename
from ..request.models import MODELS
from ..request.presets import PICTURE_ENDINGS
from ..stored import restored
from ..text import one_line
from .order import BatchDiffersError, BatchError, NoBatchError, Order

FORMAT = 1
FILE = "batch.json"
NAME_BYTES = 60  # of a picture's name, as a part of its folder's name
LINES_PER_MARK = 256
LINE_BYTES = 1024 * 1024  # of the order, or of a picture's path
COUNT_MAXIMUM, COUNT_DIGITS = 10_000_000, 8
AT_ONCE_MAXIMUM = 10_000  # variations, and jobs at the same time
_OTHER_ORDER = "The folder {folder} holds another batch: {what} is {old} there, and {new} here. Choose another folder."
_OTHER_PICTURE = (
    "The folder {folder} holds another batch: its picture {number} is {before}, and {now} here. Choose another folder."
)
_FEWER = "The folder {folder} holds another batch, of {count} pictures; here are fewer. Choose another folder."
_MORE = "The folder {folder} holds another batch, of {count} pictures; here are more. Choose another folder."
LIMITS = ("concurrency", "most_cost", "price")  # these may change, so they are not what tells two batches apart


class Manifest:
    """The order and the pictures of the batch in `folder`. Any thread may use it."""

    def __init__(self, folder: Path, order: Order, count: int, first: int) -> None:
        self.folder, self.order, self.count = folder, order, count
        self._marks, self._lock = [first], threading.Lock()  # where each 256th picture begins in the file, in bytes

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the order. Raises NoBatchError, or StorageError if the file cannot be read."""
        try:
            with open_own(folder / FILE) as file:
                head = file.readline(LINE_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            raise NoBatchError(
                Text("There is no batch in {folder}. Choose the folder that a batch was begun in.", folder=folder)
            ) from None
        except OSError as error:
            raise storage_error("read the batch", error) from error
        try:
            data = json.loads(head + b"]}")
            if data["format"] > FORMAT:
                raise NoBatchError("The batch was begun by a newer version of the add-on. Update this one.")
            count = data["count"]
            if type(count) is not int or not 0 < count <= COUNT_MAXIMUM:
                raise ValueError("no such number of pictures")
            return cls(folder, _order(data["order"]), count, len(head))
        except NoBatchError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, TrellisError):
            raise _damaged(folder) from None

    def pictures(self, first: int = 0) -> Iterator[Path]:
        """Iterate over the pictures from that number on. Raises StorageError."""
        try:
            with as_storage_error("read the batch"), open_own(self.folder / FILE) as file:
                self._seek(file, first)
                for _ in range(first, self.count):
                    yield _picture(file.readline(LINE_BYTES))
        except (ValueError, RecursionError) as error:
            raise _damaged(self.folder) from error

    def _seek(self, file: BinaryIO, index: int) -> None:
        with self._lock:
            mark = min(index // LINES_PER_MARK, len(self._marks) - 1)
            file.seek(self._marks[mark])
            for number in range(mark * LINES_PER_MARK, index):
                if number % LINES_PER_MARK == 0 and number // LINES_PER_MARK == len(self._marks):
                    self._marks.append(file.tell())
                file.readline(LINE_BYTES)

    def job_id(self, index: int, picture: Path, variation: int) -> str:
        """Return the id of a job, which names its folder: `000017-chair-2`."""
        digits = max(6, len(str(self.count)))
        last = f"-{variation + 1}" if self.order.variations > 1 else ""
        return f"{index:0{digits}d}-{_plain_name(picture)}{last}"


def index_of(job_id: str) -> int:
    """Return the number of the job's picture."""
    return int(job_id.partition("-")[0])


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures in the folder by name, and not those of folders in it: they may be models' pictures.

    None is opened: there may be a hundred thousand. Raises StorageError.
    """
    with as_storage_error("read the folder"), os.scandir(folder) as entries:
        names = [entry.name for entry in entries if is_picture(entry.name) and entry.is_file()]
    return [folder / name for name in sorted(names, key=str.lower)]


def is_picture(name: str) -> bool:
    """Return whether a file's name is a picture's. Names that begin with a dot are other programs' own."""
    return name.lower().endswith(PICTURE_ENDINGS) and not name.startswith(".")


def create(folder: Path, pictures: Iterable[Path], order: Order) -> Manifest:
    """Write the file, unless it is there with the same content. Raises what `Batch.create` raises."""
    order = _checked(order)
    with as_storage_error("begin the batch"):
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / FILE).exists():
            return _same(Manifest.read(folder), pictures, order)
        return _write(folder, pictures, order)


def _write(folder: Path, pictures: Iterable[Path], order: Order) -> Manifest:
    """Write the file. The first line is written again at the end: only then is it known how many pictures they are."""
    part, count = folder / f".{FILE}-{secrets.token_hex(3)}", 0
    try:
        with new_own(part) as file:
            file.write(_head(order, count))
            for count, picture in enumerate(pictures, 1):
                file.write((b",\n" if count > 1 else b"") + json.dumps(str(picture.absolute())).encode("ascii"))
            if not count:
                raise BatchError("There is no picture to make a model of. Choose pictures, or a folder with some.")
            file.write(b"\n]}\n")
            file.seek(0)
            file.write(_head(order, count))
            file.flush()
            os.fsync(file.fileno())
        _place(part, folder / FILE)
        flush_folder(folder)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    written = Manifest.read(folder)
    if written.count != count or written.order != order:
        raise BatchDiffersError("Another batch was begun in this folder at the same time. Choose another folder.")
    return written


def _head(order: Order, count: int) -> bytes:
    """Return the first line, which is as long for any number of pictures: spaces follow a short one."""
    known = json.dumps({"format": FORMAT, "order": vars(order), "count": count})[:-1]
    return (known + " " * (COUNT_DIGITS - len(str(count))) + ', "pictures": [\n').encode("ascii")


def _place(part: Path, target: Path) -> None:
    """Give the file its name unless it is taken. Raises OSError."""
    try:
        os.link(part, target)
    except FileExistsError:  # another process begins the batch, too
        pass
    except OSError:  # a file system without links
        rename(part, target)


def _same(known: Manifest, pictures: Iterable[Path], order: Order) -> Manifest:
    """Return the batch if it is of these pictures and this order. Raises BatchDiffersError."""
    folder = known.folder
    for spec in dataclasses.fields(Order):
        what, old, new = spec.name, getattr(known.order, spec.name), getattr(order, spec.name)
        if what not in LIMITS and old != new:
            if what == "parameters":
                what = next(name for name in {**old, **new} if old.get(name) != new.get(name))
                old, new = old.get(what), new.get(what)
            raise BatchDiffersError(Text(_OTHER_ORDER, folder=folder, what=what, old=old, new=new))
    for number, (before, now) in enumerate(itertools.zip_longest(known.pictures(), pictures), 1):
        if before is None or now is None:
            raise BatchDiffersError(Text(_FEWER if now is None else _MORE, folder=folder, count=known.count))
        if before != now.absolute():
            raise BatchDiffersError(Text(_OTHER_PICTURE, folder=folder, number=number, before=before, now=now))
    return known


def _checked(order: Order) -> Order:
    """Return the order with all parameters. Raises ParameterError, BatchError."""
    parameters = dict(MODELS[order.model].complete(order.parameters, order.seed or 0))
    del parameters["seed"]
    if order.variations < 1 or order.concurrency < 1:
        raise BatchError("Variations and concurrency must be at least 1. Change them and try again.")
    return dataclasses.replace(order, parameters=parameters)


def _order(data: Any) -> Order:
    known = {spec.name for spec in dataclasses.fields(Order)}
    if not known <= data.keys() or data["model"] not in MODELS:
        raise ValueError("no such order")
    order = restored(Order, data)
    if max(order.variations, order.concurrency) > AT_ONCE_MAXIMUM:
        raise ValueError("more than anybody orders")
    _checked(order)  # of an earlier version it may lack parameters, which is what tells it from another one
    return order


def _picture(line: bytes) -> Path:
    name = json.loads(line.rstrip().rstrip(b","))
    if not isinstance(name, str) or "\0" in name:
        raise ValueError("no path")
    return Path(name)


def _plain_name(picture: Path) -> str:
    """Return the picture's name, as a part of a folder's name on any system."""
    name = unicodedata.normalize("NFC", picture.stem.encode("utf-8", "replace").decode())
    name = one_line(re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*\s]+', "_", name)).strip("._ ")
    while len(name.encode()) > NAME_BYTES:
        name = name[:-1]
    return name.rstrip("._ ") or "picture"


def _damaged(folder: Path) -> NoBatchError:
    return NoBatchError(
        Text(
            "The file {file} in {folder} is damaged. Restore it, or begin the batch in another folder.",
            file=FILE,
            folder=folder,
        )
    )
