# SPDX-License-Identifier: GPL-3.0-or-later
"""How many renders were completed, and which of them Blender has burned its stamp into: dates, names and paths.

Blender calls its render handlers on the render's thread, all of them: of F12 in a window not one comes on the main
thread. So the handler counts there, notes which scene it was by the hash of what it is given, and asks nothing of it.
What a render burned in is what its scene said when it was last looked at: on the main thread, whenever that changes, of
which Blender's message bus tells. A script's render, in its own call, comes on the main thread and is looked at there.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import bpy


class _Renders:
    """`completed` counts them, `rendered` are the hashes of their scenes since the last look; both on any thread.

    `burns`: whether each scene burned in stamps when it was last looked at, `stamped`: whether its last render was.
    Both are by the scenes' session_uid, on the main thread.
    """

    def __init__(self) -> None:
        self.completed = 0
        self.rendered: deque[int] = deque()
        self.burns: dict[int, bool] = {}
        self.stamped: dict[int, bool] = {}


_renders = _Renders()
_owner = object()  # of what the message bus was asked for


def count() -> int:
    """How many renders were completed since the file was opened: another number, another picture."""
    return _renders.completed


def is_stamped(scene: Any) -> bool:
    """Whether Blender has burned its stamp into the scene's render."""
    look()
    return _renders.stamped.get(scene.session_uid, bool(scene.render.use_stamp))


def look() -> None:
    """See what the scenes say now; what was completed before was rendered as they said until now."""
    rendered = [_renders.rendered.popleft() for _ in range(len(_renders.rendered))]
    scenes: list[Any] = list(bpy.data.scenes)
    burns = {scene.session_uid: bool(scene.render.use_stamp) for scene in scenes}
    before, _renders.burns = {**burns, **_renders.burns}, burns
    for scene in scenes:
        if hash(scene) in rendered:  # of an address (`pyrna_struct_hash` in Blender's bpy_rna.cc)
            _renders.stamped[scene.session_uid] = before[scene.session_uid]


def note_completed(scene: Any) -> None:
    """A render of the scene is complete. On any thread."""
    is_here = threading.current_thread() is threading.main_thread()
    if is_here:
        look()
    _renders.completed += 1
    _renders.rendered.append(hash(scene))
    if is_here:
        look()


def file_opened() -> None:
    """Nothing was rendered in this file yet, and the message bus has forgotten what it was asked for."""
    _renders.completed = 0
    for each in (_renders.rendered, _renders.burns, _renders.stamped):
        each.clear()
    _subscribe()
    look()


def _subscribe() -> None:
    bpy.msgbus.clear_by_owner(_owner)
    key: Any = (bpy.types.RenderSettings, "use_stamp")  # of all scenes; the stubs know no type as its first part
    bpy.msgbus.subscribe_rna(key=key, owner=_owner, args=(), notify=look)


def watch() -> None:
    """Look at the scenes once Blender has started, and whenever a stamp is switched on or off."""
    _subscribe()
    bpy.app.timers.register(look, first_interval=0.0)  # once: no scene may be looked at while Blender starts


def watch_no_more() -> None:
    """Leave no timer or subscription behind."""
    bpy.msgbus.clear_by_owner(_owner)
    if bpy.app.timers.is_registered(look):
        bpy.app.timers.unregister(look)
