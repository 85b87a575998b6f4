# SPDX-License-Identifier: GPL-3.0-or-later
"""Count completed renders, and know which of them have Blender's stamp burned in: dates, names and paths.

Blender calls its render handlers on the render's thread; for F12 in a window, none runs on the main thread. So the
handler there only counts, and notes the hash of the scene, but reads nothing from it. The main thread reads the scenes'
stamp settings whenever Blender's message bus reports a change. A render had its scene's setting as of the last reading.
A script's render calls the handler on the main thread, so the handler itself reads the settings there.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import bpy


class _Renders:
    """The renders of this file. `completed` counts them; `rendered` holds their scenes' hashes since the last reading.

    Any thread may use these two. `burns`: whether each scene had the stamp on at the last reading. `stamped`: whether
    its last render has the stamp. Both go by the scenes' session_uid, and belong to the main thread.
    """

    def __init__(self) -> None:
        self.completed = 0
        self.rendered: deque[int] = deque()
        self.burns: dict[int, bool] = {}
        self.stamped: dict[int, bool] = {}


_renders = _Renders()
_owner = object()  # owns our subscriptions to the message bus


def count() -> int:
    """Return how many renders were completed since the file was opened: a new number means a new picture."""
    return _renders.completed


def is_stamped(scene: Any) -> bool:
    """Return whether Blender has burned its stamp into the scene's render."""
    read_stamps()
    return _renders.stamped.get(scene.session_uid, bool(scene.render.use_stamp))


def read_stamps() -> None:
    """Read the scenes' stamp settings. Renders completed since the last reading had the settings of that reading."""
    rendered = [_renders.rendered.popleft() for _ in range(len(_renders.rendered))]
    scenes: list[Any] = list(bpy.data.scenes)
    burns = {scene.session_uid: bool(scene.render.use_stamp) for scene in scenes}
    before, _renders.burns = {**burns, **_renders.burns}, burns
    for scene in scenes:
        if hash(scene) in rendered:  # the hash of an address (`pyrna_struct_hash` in Blender's bpy_rna.cc)
            _renders.stamped[scene.session_uid] = before[scene.session_uid]


def note_completed(scene: Any) -> None:
    """Note that a render of the scene is complete. For any thread."""
    is_here = threading.current_thread() is threading.main_thread()
    if is_here:
        read_stamps()
    _renders.completed += 1
    _renders.rendered.append(hash(scene))
    if is_here:
        read_stamps()


def file_opened() -> None:
    """Start over after a file was opened: it has no renders yet, and the message bus has lost our subscription."""
    _renders.completed = 0
    for each in (_renders.rendered, _renders.burns, _renders.stamped):
        each.clear()
    _subscribe()
    read_stamps()


def _subscribe() -> None:
    bpy.msgbus.clear_by_owner(_owner)
    key: Any = (bpy.types.RenderSettings, "use_stamp")  # of all scenes; the stubs do not allow a type first
    bpy.msgbus.subscribe_rna(key=key, owner=_owner, args=(), notify=read_stamps)


def watch() -> None:
    """Read the scenes' settings once Blender has started, and whenever a stamp is switched on or off."""
    _subscribe()
    bpy.app.timers.register(read_stamps, first_interval=0.0)  # once: scenes cannot be read while Blender starts


def watch_no_more() -> None:
    """Remove the timer and the subscription."""
    bpy.msgbus.clear_by_owner(_owner)
    if bpy.app.timers.is_registered(read_stamps):
        bpy.app.timers.unregister(read_stamps)
