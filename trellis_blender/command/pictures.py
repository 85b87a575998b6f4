# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the pictures that the user names: files, folders and wildcards, a hundred thousand as well as one.

Their paths go through a small database on the disk, which sorts them and leaves out doubles. So memory does not grow
with their number, no picture is opened here, and the same folder always gives the same order.
"""

from __future__ import annotations

import glob
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..core.files import PICTURE_ENDINGS
from .parser import WrongUseError

ADVICE = "Name pictures, a folder with pictures, or wildcards."
_WILDCARDS = "*?["


class FoundPictures:
    """The pictures behind what the user names: sorted absolute paths, each once. Iterate as often as you like."""

    def __init__(self, named: Sequence[str]) -> None:
        """Look for the pictures. Raises WrongUseError for a name behind which there are none, and OSError."""
        self._paths = sqlite3.connect("", check_same_thread=False)  # a temporary file of its own
        self._paths.execute("CREATE TABLE found (path BLOB PRIMARY KEY) WITHOUT ROWID")
        for name in named:
            before = len(self)
            self._add(_behind(name))
            if len(self) == before and next(_behind(name), None) is None:  # else another name has named all of it
                raise WrongUseError(f"There is no picture in “{name}”. {ADVICE}")

    def __len__(self) -> int:
        """Return how many there are."""
        (count,) = self._paths.execute("SELECT count(*) FROM found").fetchone()
        return int(count)

    def __iter__(self) -> Iterator[Path]:
        """Yield the paths in their order."""
        for (path,) in self._paths.execute("SELECT path FROM found ORDER BY path"):
            yield Path(os.fsdecode(path))

    def close(self) -> None:
        """Delete the database."""
        self._paths.close()

    def _add(self, paths: Iterable[str]) -> None:
        rows = ((os.fsencode(Path(path).absolute()),) for path in paths)
        with self._paths:
            self._paths.executemany("INSERT OR IGNORE INTO found VALUES (?)", rows)


def output_folder(first: str) -> Path:
    """Return the folder for the models if the user names none: one here, named after what they name first."""
    plain = first.rstrip("/\\" if os.name == "nt" else "/")
    name = Path(plain).stem if not Path(plain).is_dir() else Path(plain).resolve().name
    kept = "".join(letter for letter in name if letter not in '*?[]"<>|:').strip(" .")
    return Path(f"trellis2-{kept or 'models'}")


def _behind(name: str) -> Iterator[str]:
    """Yield the pictures behind one name. Raises WrongUseError if it is no file, folder or wildcard."""
    path = Path(name)
    if path.is_dir():
        yield from _in_folder(path)
    elif path.exists():
        if not path.is_file():  # a pipe or a device would never end
            raise WrongUseError(f"“{name}” is no picture. {ADVICE}")
        yield name
    elif any(letter in name for letter in _WILDCARDS):
        every = glob.iglob(name, recursive=True)  # noqa: PTH207 - a path's own takes no pattern with a drive or a root
        yield from (found for found in every if _is_picture(found) and Path(found).is_file())
    else:
        raise WrongUseError(f"There is no “{name}”. {ADVICE}")


def _in_folder(folder: Path) -> Iterator[str]:
    """Yield the pictures in the folder, and not those of folders in it: they may be models' pictures."""
    with os.scandir(folder) as entries:
        yield from (entry.path for entry in entries if _is_picture(entry.name) and entry.is_file())


def _is_picture(name: str) -> bool:
    """Return whether the name is a picture's. Names that begin with a dot are other programs' own."""
    return Path(name).suffix.lower() in PICTURE_ENDINGS and not Path(name).name.startswith(".")
