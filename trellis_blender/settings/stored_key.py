# SPDX-License-Identifier: GPL-3.0-or-later
"""The key's file behind Blender's properties for key and secret, and the move of a key that Blender stored itself."""

import contextlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import bpy

from ..core.errors import StorageError

if TYPE_CHECKING:
    from ..core.request.key_file import KeyFile

NAMES = ("api_key", "api_secret")


@cache
def key_file() -> "KeyFile":
    """Return the file that holds key and secret."""
    from ..core.places import data_folder
    from ..core.request.key_file import FILE, KeyFile

    return KeyFile(data_folder(sys.platform, os.environ, Path.home()) / FILE)


def as_property(half: Literal["key", "secret"]) -> dict[str, Callable[..., Any]]:
    """Return the functions that make a Blender property of one half of the file. Blender then stores nothing itself."""

    def read(_owner: Any) -> str:
        file = key_file()
        file.refresh()
        return str(getattr(file, half))

    def write(_owner: Any, value: str) -> None:
        file = key_file()
        file.refresh()
        with contextlib.suppress(StorageError):  # the preferences show it; a property cannot report it to a script
            file.keep(**{"key": file.key, "secret": file.secret, half: value})

    return {"get": read, "set": write}


def take_over(owner: Any) -> None:
    """Move a key that Blender itself stores for the owner to the file, so that its next save is without it.

    Up to version 0.1 the preferences held the key. A start of Blender waits for this, so it does nothing else.
    """
    stored = _stored(owner)
    if not stored or not any(name in stored for name in NAMES):
        return
    values = [str(stored.get(name, "")) for name in NAMES]
    if any(values):
        try:
            key_file().take_over(*values)
        except StorageError:
            return  # the preferences show it; the next start tries again
        key_file().is_moved = True
    for name in NAMES:
        stored.pop(name, None)
    assert bpy.context.preferences is not None
    bpy.context.preferences.is_dirty = True  # otherwise Blender would keep the old ones when it quits


def _stored(owner: Any) -> Any:
    """Return the values that Blender stores for the owner's properties; None if there are none.

    From Blender 5.0 on they are in a group of their own.
    """
    return owner.bl_system_properties_get() if hasattr(owner, "bl_system_properties_get") else owner
