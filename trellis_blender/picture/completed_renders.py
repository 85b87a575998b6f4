# SPDX-License-Identifier: GPL-3.0-or-later
"""Count completed renders, and know what they were taken with: the camera, and Blender's stamp (dates, names, paths).

Blender calls its render handlers on the render's thread; for F12 in a window, none runs on the main thread. So the
handler there only counts, and notes the hash of the scene, but reads nothing from it. The main thread reads the scenes'
stamp settings whenever Blender's message bus reports a change. A render had its scene's setting as of the last reading.
A script's render calls the handler on the main thread, so the handler itself reads the settings there.

The camera is noted in the same way, after each change of the scene: a render was taken by the camera as it was noted
last before the render began, however long it took and whatever the artist has moved since.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from ..core.picture.viewpoint import Viewpoint
    from ..host.viewpoint import Note

RENDER_RESULT = "RENDER_RESULT"  # the type of the current render's image, whose pixels cannot be read
CAMERAS = ("OBJECT", "CAMERA", "SCENE")  # the kinds of data that a viewpoint is made of


class _Renders:
    """The renders of this file. Any thread may use the first four.

    `completed` counts them. `begun`, `ended`: the hashes of scenes whose renders began or ended since `settle`.
    `frames`: how many frames the last render of each scene has, by the scenes' hashes.

    The others belong to the main thread. By the scenes' `session_uid`: `burns`, whether each had the stamp on at the
    last reading; `stamped`, whether its last render has the stamp; `seen`, its camera as it was noted last. `taken`:
    that of its last render, by slot too.
    """

    def __init__(self) -> None:
        self.start_over()

    def start_over(self) -> None:
        """Forget all renders."""
        self.completed = 0
        self.begun: deque[int] = deque()
        self.ended: deque[int] = deque()
        self.frames: dict[int, int] = {}
        self.burns: dict[int, bool] = {}
        self.stamped: dict[int, bool] = {}
        self.seen: dict[int, Note | None] = {}
        self.taken: dict[tuple[int, int], Note | None] = {}


_renders = _Renders()
_owner = object()  # owns our subscriptions to the message bus


def count() -> int:
    """Return how many renders were completed since the file was opened: a new number means a new picture."""
    settle()
    return _renders.completed


def is_stamped(scene: Any) -> bool:
    """Return whether Blender has burned its stamp into the scene's render."""
    settle()
    return _renders.stamped.get(scene.session_uid, bool(scene.render.use_stamp))


def settle() -> None:
    """Read the scenes' stamp settings. Renders that ended since the last reading had the settings of that reading.

    Those that began since the last note of a camera have the cameras as they were then. Only the main thread does it.
    """
    if not _is_main_thread():
        return
    begun, ended = ({queue.popleft() for _ in range(len(queue))} for queue in (_renders.begun, _renders.ended))
    for scene in bpy.data.scenes:
        uid, burns, key = scene.session_uid, bool(scene.render.use_stamp), hash(scene)
        if key in ended:  # the hash of an address (`pyrna_struct_hash` in Blender's bpy_rna.cc)
            _renders.stamped[uid] = _renders.burns.get(uid, burns)
        if key in begun:
            _renders.taken[uid, shown_slot()] = _renders.seen[uid] if uid in _renders.seen else _noted(scene)
        _renders.burns[uid] = burns


def note_completed(scene: Any, *_arguments: object) -> None:
    """Note that a render of the scene is complete. For any thread."""
    settle()
    _renders.completed += 1
    _renders.ended.append(hash(scene))
    settle()


def note_begun(scene: Any, *_arguments: object) -> None:
    """Note that a render of the scene begins. For any thread."""
    settle()
    if _is_main_thread():
        _renders.seen[scene.session_uid] = _noted(scene)
    _renders.frames[hash(scene)] = 0
    _renders.begun.append(hash(scene))
    settle()


def note_frame(scene: Any, *_arguments: object) -> None:
    """Note that another frame of the scene is rendered. For any thread."""
    _renders.frames[hash(scene)] = _renders.frames.get(hash(scene), 0) + 1


def scene_changed(scene: Any, graph: Any) -> None:
    """Note the scene's camera after a change. For any thread: a render's own changes are none of the artist's."""
    if _is_main_thread() and any(map(graph.id_type_updated, CAMERAS)):
        settle()
        _renders.seen[scene.session_uid] = _note(scene, graph, graph.view_layer)


def viewpoint_of(scene: Any) -> Viewpoint | None:
    """Return where the shown render of the scene was taken from; None if nobody saw that, or it is an animation's."""
    settle()
    noted = _renders.taken.get((scene.session_uid, shown_slot()))
    if noted is None or _renders.frames.get(hash(scene), 0) > 1:
        return None
    from ..host import viewpoint

    return viewpoint.of_note(noted)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _noted(scene: Any) -> Note | None:
    """Return the scene's camera as it is now."""
    context = bpy.context
    if scene == context.scene:
        return _note(scene, context.evaluated_depsgraph_get(), context.view_layer)
    layer = scene.view_layers[0]
    return _note(scene, layer.depsgraph, layer) if layer.depsgraph is not None else None


def _note(scene: Any, graph: Any, layer: Any) -> Note | None:
    from ..host import viewpoint

    return viewpoint.note(graph, scene, layer, uses_border=True)


def render_result() -> Any:
    """Return the image of the current render, None if there is none. Its name depends on the language."""
    every: list[Any] = list(bpy.data.images)
    return next((image for image in every if image.type == RENDER_RESULT), None)


def shown_slot() -> int:
    """Return the slot that the Render Result shows, counted from 0."""
    result = render_result()
    return 0 if result is None else int(result.render_slots.active_index)


def file_opened() -> None:
    """Start over after a file was opened: it has no renders yet, and the message bus has lost our subscription."""
    _renders.start_over()
    _subscribe()
    settle()


def _subscribe() -> None:
    bpy.msgbus.clear_by_owner(_owner)
    key: Any = (bpy.types.RenderSettings, "use_stamp")  # of all scenes; the stubs do not allow a type first
    bpy.msgbus.subscribe_rna(key=key, owner=_owner, args=(), notify=settle)


def watch() -> None:
    """Read the scenes' settings once Blender has started, and whenever a stamp is switched on or off."""
    _subscribe()
    bpy.app.timers.register(settle, first_interval=0.0)  # once: scenes cannot be read while Blender starts


def watch_no_more() -> None:
    """Remove the timer and the subscription."""
    bpy.msgbus.clear_by_owner(_owner)
    if bpy.app.timers.is_registered(settle):
        bpy.app.timers.unregister(settle)
