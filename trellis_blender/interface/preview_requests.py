# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture that the settings mean, and its preview, before anything is sent.

Draw functions may not do work. They request a preview here and draw what is ready; the session's next tick fulfils the
requests.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import bpy

from ..core.errors import PictureError, TrellisError
from ..picture import sources
from ..settings import scene as scene_settings
from .at_need import begin_soon, icons, imported, importing, job_folder, messages, render, session

if TYPE_CHECKING:
    from ..core.runner.messages import Key, PreviewReady
    from ..jobs.state import PreviewRequests
    from ..picture.preview import Previews, ShownPreview

ROWS_A_TICK = 24
CHECK_SECONDS = 1.0


def shows_image(context: Any) -> bool:
    """Return whether the current editor is an Image Editor with an image, which its panel generates from."""
    return getattr(context, "edit_image", None) is not None


def source_of(context: bpy.types.Context, chosen: scene_settings.TRELLIS2_PG_settings) -> sources.Source:
    """Return the source that the current editor's panel generates from: the image shown here, else the chosen one."""
    return sources.by_key("IMAGE" if shows_image(context) else chosen.source)


def preview_key(context: bpy.types.Context, chosen: scene_settings.TRELLIS2_PG_settings) -> Key:
    """Return the key of the picture that the current editor's panel means. It changes when the picture does.

    Its first item is the key of the picture's source. Without a picture it has no other item.
    """
    return source_of(context, chosen).preview_key(context, chosen)


def _requests() -> PreviewRequests:
    return session.state().previews


def view_of(key: Key) -> PreviewReady | None:
    """Return the preview of the picture with this key, None until it is ready. For draw functions.

    Requests the preview if there is none yet.
    """
    if not imported(session):
        begin_soon()
        return None
    preview = _shown(key)
    if preview is None:
        requests = _requests()
        if requests.key != key:
            requests.key, requests.is_asked = key, False
        _wake()
    elif preview.file is not None and preview.drawn - preview.checked >= CHECK_SECONDS:
        preview.checked = preview.drawn
        _requests().check = key
        _wake()
    return None if preview is None else preview.answer


def asked_view_of(key: Key) -> PreviewReady | None:
    """Return the preview of a picture for which the artist has to ask, an empty one until then. For draw functions."""
    preview = _shown(key)
    return messages.PreviewReady(key) if preview is None else preview.answer


def _shown(key: Key) -> ShownPreview | None:
    previews = session.previews() if imported(session) else None
    preview = None if previews is None else previews.shown.get(key)
    if preview is not None:
        preview.drawn = time.monotonic()
    return preview


def icon_of(job_id: str) -> int:
    """Return the icon of a row of the list, 0 until there is one. For draw functions."""
    icon = icons.of_job(job_id)
    if icon is None:
        _requests().jobs[job_id] = None
        _wake()
    return icon or 0


def renew(key: Key) -> None:
    """Renew the preview, however long it takes: the artist asked for it."""
    _find(session.start().previews, key, is_asked=True)


def fulfil() -> None:
    """Fulfil all requests once. A script without a window calls this itself."""
    previews, requests = session.start().previews, _requests()
    if requests.key:
        key, requests.key = requests.key, ()
        _find(previews, key, is_asked=requests.is_asked)
    if requests.check:
        key, requests.check = requests.check, ()
        previews.check_file(key)
    if requests.jobs:
        _load_icons()
    if requests.jobs:
        _wake()


def picture_to_preview(key: Key, *, is_asked: bool) -> sources.Taken | None:
    """Take the picture with this key; None: the artist has to ask for it, because it is not made yet or takes long.

    `is_asked`: the artist has asked. Raises TrellisError.
    """
    source, folder, context = sources.by_key(key[0]), session.incoming(), bpy.context
    if source.preview is not None:
        return source.preview.take(context, key, folder, is_asked)
    if not is_asked:
        return None
    scenes: list[Any] = list(bpy.data.scenes)
    scene = next((each for each in scenes if str(each.session_uid) == key[1]), None)
    if scene is None:
        raise PictureError("The scene is gone. Choose another picture.")
    return (source.take_for_preview or source.take)(context, scene_settings.of_scene(scene), folder)


def _find(previews: Previews, key: Key, *, is_asked: bool) -> None:
    try:
        taken = picture_to_preview(key, is_asked=is_asked)
    except render.StillRenderingError:
        _requests().key, _requests().is_asked = key, is_asked  # try again when the render is over
        _wake()
        return
    except TrellisError as error:
        previews.receive_unasked(messages.PreviewReady(key, error=error.sentence, remedy=error.remedy))
    else:
        if taken is None:
            previews.receive_unasked(messages.PreviewReady(key))
        else:
            previews.request(key, taken)
    session.redraw()


def _load_icons() -> None:
    """Load icons for the visible rows: the model's thumbnail, or else the picture it is made from."""
    from ..core.files import is_plain
    from ..core.picture.metadata import is_safe_to_show

    state, is_changed, requests = session.start(), False, _requests()
    for job_id in [*requests.jobs][:ROWS_A_TICK]:
        del requests.jobs[job_id]
        job = state.jobs.get(job_id)
        if job is None:
            continue
        thumbnail = session.folder(job_id) / job_folder.THUMBNAIL_FILE
        has_thumbnail = is_plain(thumbnail)
        path = thumbnail if has_thumbnail else session.picture_path(job)
        has_picture = path is not None and is_safe_to_show(path)
        icons.load(job_id, path if has_picture else None)
        is_changed = is_changed or has_picture
        if not has_thumbnail and importing.is_importable(job) and not state.importer.is_awaited(job):
            state.previews.make_thumbnail(job_id)
    if is_changed:
        session.redraw()


def _wake() -> None:
    if not bpy.app.background:
        session.later(fulfil)
