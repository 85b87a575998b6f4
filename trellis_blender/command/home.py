# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program needs of where it runs. This file has the one without Blender; `in_blender.py` has the other."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import places
from ..core.errors import AccountError, Remedy, StorageError
from ..core.request.account import ADDRESS_VARIABLE, KEY_VARIABLE, SECRET_VARIABLE, Account, check_address
from ..core.request.key_file import FILE, KeyFile
from ..host.version import VERSION

if TYPE_CHECKING:
    from ..core.picture.file import Prepare
    from ..host.background.process import Launch

NO_KEY = (
    f"There is no API key, or no secret. Set {KEY_VARIABLE} and {SECRET_VARIABLE},"
    " or enter a key in Blender: Trellis 2 keeps it for the command line, too."
)


@dataclass(frozen=True)
class Home:
    """Where the program runs.

    `prog`: how the user calls it. `agent`: our name to the service. `account`: returns who pays; raises AccountError or
    OnlineAccessError. `jobs_root`: the add-on's folder of jobs. `prepare`: decodes and prepares a picture.
    `launch`: returns how to start Blender with one of our programs; its first argument is the path that the user gave,
    empty if none. It raises WrongUseError if that is no program, or none is found.
    `end`: stops what `prepare` has started. `has_bars`: progress bars may be drawn, if it is on a terminal.
    """

    prog: str
    agent: str
    account: Callable[[], Account]
    jobs_root: Callable[[], Path]
    prepare: Prepare
    launch: Callable[[str, Path], Launch]
    end: Callable[[], object]
    has_bars: bool = False


def plain() -> Home:
    """Return the home without Blender: Pillow decodes pictures, and the key is the environment's or the add-on's."""
    from ..core.picture.pillow import prepare
    from ..host.background.process import launch_of
    from .blend_client import find_blender

    return Home(
        prog="trellis2",
        agent=f"trellis-blender/{VERSION} Python/{sys.version_info[0]}.{sys.version_info[1]}",
        account=lambda: account_of(*stored_key()),
        jobs_root=jobs_root,
        prepare=prepare,
        launch=lambda given, program: launch_of(find_blender(given), program),
        end=lambda: None,
        has_bars=True,
    )


def account_of(key: str, secret: str, project: str = "", address: str = "") -> Account:
    """Return the account. What the environment says takes precedence. Raises AccountError."""
    key, secret = os.environ.get(KEY_VARIABLE) or key, os.environ.get(SECRET_VARIABLE) or secret
    given = os.environ.get(ADDRESS_VARIABLE, "")
    try:
        address = check_address(given or address)
    except AccountError as error:
        if given:  # the sentence's advice is for the preferences
            sentence = f"The address in {ADDRESS_VARIABLE} must begin with https://. Correct it, or unset it."
            raise AccountError(sentence, remedy=Remedy.NONE) from error
        raise
    if not (key.strip() and secret.strip()):
        raise AccountError(NO_KEY)
    return Account.checked(key, secret, project, address)


def stored_key() -> tuple[str, str]:
    """Return key and secret as the add-on keeps them, each empty if missing. Raises StorageError."""
    file = KeyFile(data_folder() / FILE)
    file.refresh()
    if file.trouble and not os.environ.get(KEY_VARIABLE):
        raise StorageError(file.trouble)
    return file.key, file.secret


def data_folder() -> Path:
    """Return the add-on's own folder, which every Blender of this user shares."""
    return places.data_folder(sys.platform, os.environ, Path.home())


def jobs_root() -> Path:
    """Return the add-on's folder of jobs: the one chosen in Blender if it is there, or the usual one."""
    chosen = places.read_choice(data_folder()).folder
    return Path(chosen) if chosen and Path(chosen).is_dir() else data_folder() / places.JOBS_FOLDER
