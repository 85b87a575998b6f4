# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the files of an image sequence is seen at a frame.

An Image Editor knows that, with its own start, offset and length. Elsewhere the sequence begins with the scene's frame
of the same number as its first file, and holds its first and last file before and after.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_NUMBER = re.compile(r"(\d+)(\D*)$")
OF_THE_EDITOR = ("frame_start", "frame_offset", "frame_duration", "use_cyclic", "frame_current")


def show(user: Any, image: Any, frame: int, editors: Any = None) -> None:
    """Set an image user so that it shows the image at that frame: as the editor's does, or by the files there are."""
    if editors is not None:
        for name in OF_THE_EDITOR:
            setattr(user, name, getattr(editors, name))
        return
    if image.source == "SEQUENCE":
        frame = shown_number(numbers(Path(image.filepath_from_user())), frame)
    user.frame_start, user.frame_offset = 1, 0
    user.frame_duration = max(frame, image.frame_duration, 1)
    user.frame_current = frame


def numbers(path: Path) -> list[int]:
    """The numbers of the sequence's files, smallest first, empty where none is found."""
    match = _NUMBER.search(path.name)
    if match is None:
        return []
    before, after = path.name[: match.start()], match[2]
    pattern = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
    try:
        found = [pattern.fullmatch(each.name) for each in path.parent.iterdir()]
    except OSError:
        return []
    return sorted(int(each[1]) for each in found if each is not None)


def shown_number(there: list[int], frame: int) -> int:
    """The number of the file that is seen at the frame: within those there are."""
    return min(max(frame, there[0]), there[-1]) if there else frame
