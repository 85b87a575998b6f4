# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the add-on keeps what outlives it and every version of Blender: in a folder of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import TypeVar

OWN_FOLDER = "Trellis 2 for Blender"
_Path = TypeVar("_Path", bound=PurePath)


def data_folder(platform: str, environment: Mapping[str, str], home: _Path) -> _Path:
    """Return the add-on's folder for data in the system's place for it. `platform`: as `sys.platform`.

    - Windows: %LOCALAPPDATA%. Not %APPDATA%, which Windows copies to a server at every sign-out where profiles roam:
      models are too large for that (Microsoft, “Known Folder IDs”, FOLDERID_LocalAppData).
    - macOS: ~/Library/Application Support (Apple, “File System Programming Guide”).
    - Linux: $XDG_DATA_HOME if it is absolute, else ~/.local/share (“XDG Base Directory Specification” 0.8).
    """
    kind = type(home)
    if platform == "win32":
        given, usual = environment.get("LOCALAPPDATA", ""), home / "AppData" / "Local"
    elif platform == "darwin":
        given, usual = "", home / "Library" / "Application Support"
    else:
        given, usual = environment.get("XDG_DATA_HOME", ""), home / ".local" / "share"
    return (kind(given) if kind(given).is_absolute() else usual) / OWN_FOLDER
