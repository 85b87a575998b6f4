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
    """The renders of this file. `completed` counts them; `rendered` holds their scenes' hashes since the last reading.

    Any thread may use these two. `burns`: whether each scene had the stamp on at the last reading. `stamped`: whether
    its last render has the stamp. Both go by the scenes' session_uid, and belong to the main thread.

    `begun`: the hashes of scenes whose renders began since the last note of a camera. `frames`: how many frames the
    last render of each scene has, by the scenes' hashes. Any thread may use these two as well. `seen`: each scene's
    camera as it was noted last. `taken`: that of its last render, by slot. Both belong to the main thread.
    """

    def __init__(self) -> None:
        self.completed = 0
        self.rendered: deque[int] = deque()
        self.burns: dict[int, bool] = {}
        self.stamped: dict[int, bool] = {}
        self.begun: deque[int] = deque()
        self.frames: dict[int, int] = {}
        self.seen: dict[int, Note | None] = {}
        self.taken: dict[tuple[int, int], Note | None] = {}


_renders = _Renders()
_owner = object()  # owns our subscriptions to the message bus


def count() -> int:
    """Return how many renders were completed since the file was opened: a new number means a new picture."""
    _settle()
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


def note_begun(scene: Any) -> None:
    """Note that a render of the scene begins. For any thread."""
    is_here = threading.current_thread() is threading.main_thread()
    if is_here:
        _settle()
        _renders.seen[scene.session_uid] = _noted(scene)
    _renders.frames[hash(scene)] = 0
    _renders.begun.append(hash(scene))
    if is_here:
        _settle()


def note_frame(scene: Any) -> None:
    """Note that another frame of the scene is rendered. For any thread."""
    _renders.frames[hash(scene)] = _renders.frames.get(hash(scene), 0) + 1


def scene_changed(scene: Any, graph: Any) -> None:
    """Note the scene's camera after a change. For any thread: a render's own changes are none of the artist's."""
    if threading.current_thread() is not threading.main_thread() or not any(map(graph.id_type_updated, CAMERAS)):
        return
    _settle()
    from ..host import viewpoint

    _renders.seen[scene.session_uid] = viewpoint.note(graph, scene, graph.view_layer, uses_border=True)


def viewpoint_of(scene: Any) -> Viewpoint | None:
    """Return where the shown render of the scene was taken from; None if nobody saw that, or it is an animation's."""
    _settle()
    noted = _renders.taken.get((scene.session_uid, shown_slot()))
    if noted is None or _renders.frames.get(hash(scene), 0) > 1:
        return None
    from ..host import viewpoint

    return viewpoint.of_note(noted)


def _settle() -> None:
    """Give the renders that began since the last note the cameras as they were then."""
    begun = {_renders.begun.popleft() for _ in range(len(_renders.begun))}
    for scene in bpy.data.scenes if begun else ():
        if hash(scene) in begun:
            uid = scene.session_uid
            _renders.taken[uid, shown_slot()] = _renders.seen[uid] if uid in _renders.seen else _noted(scene)


def _noted(scene: Any) -> Note | None:
    """Return the scene's camera as it is now."""
    from ..host import viewpoint

    context = bpy.context
    if scene == context.scene:
        return viewpoint.note(context.evaluated_depsgraph_get(), scene, context.view_layer, uses_border=True)
    layer = scene.view_layers[0]
    return viewpoint.note(layer.depsgraph, scene, layer, uses_border=True) if layer.depsgraph is not None else None


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
    _renders.completed = 0
    for each in (_renders.rendered, _renders.burns, _renders.stamped):
        each.clear()
    for other in (_renders.begun, _renders.frames, _renders.seen, _renders.taken):
        other.clear()
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
