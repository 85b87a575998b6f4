# SPDX-License-Identifier: GPL-3.0-or-later
"""Generates from one picture: an operator for each source of the table, one that shows picture and price first, and one
for a picture that was refused. Two more help before that: look at the picture again, and make renders transparent.
"""

from __future__ import annotations

import functools
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import PictureError, Text
from ...host import window
from ...host.translation import translated, translated_name
from ...picture import sources
from ...settings import props
from ...settings import scene as scene_settings
from ..at_need import job_words, session
from . import preview_requests, price_tag
from .base import Action, FromBrowser, Generate, Result, Watching, attempt, can_act, click, click_again

if TYPE_CHECKING:
    from ...core.picture.file import ChosenPicture

GENERATE = "trellis2.generate"
QUESTION_SECONDS = 3.0  # how long the question waits for the picture or the price, which Scenario tells


class GenerateFromSource(Generate, Watching):
    """An operator that takes the picture from its source, and generates."""

    source: sources.Source
    _under_way: sources.PictureUnderWay | None = None
    _name = ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        missing = "" if context.scene is None else cls.source.missing(context, scene_settings.of_scene(context.scene))
        return can_act(cls, not missing, otherwise=translated(missing)) and super().poll(context)

    @classmethod
    def description(cls, _context: bpy.types.Context, _properties: Any) -> str:
        """Return the tooltip, which names the key that asks first."""
        tooltip, key = translated(cls.source.tooltip), window.key_of(GENERATE)
        if not key:
            return tooltip
        asks = translated(Text("{key} shows picture and price first", key=key))
        return f"{tooltip}\n{asks}"

    def execute(self, context: bpy.types.Context) -> Result:
        """Take the picture and send it. If it takes time to make, let the artist go on and send it once it is made."""
        result = super().execute(context)
        return result if self._under_way is None else self.watch(context)

    def start_generation(self, context: bpy.types.Context) -> None:
        """Take the picture and send it. Block while it is made only without a window, or if a script asked to wait."""
        from ...core.picture.file import ChosenPicture

        self._name = Path(bpy.data.filepath).stem if self.source.is_of_scene else ""
        taken = self.source.take(context, self._chosen(context), session.incoming())
        if isinstance(taken, ChosenPicture):
            self._send(context, taken)
        elif self.wait or bpy.app.background:
            self._send(context, taken.end())
        else:
            self._keep_parameters(scene_settings.of_scene(context.scene))
            self._under_way = taken
            _redraw()

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Send the picture once it is made. Esc cancels; every other event passes to Blender."""
        assert self._under_way is not None
        if self.is_stopped(event):
            self._under_way.stop()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER" or not self._under_way.is_done:
            return {"PASS_THROUGH"}
        made = self._end(context)
        _redraw()
        return attempt(self, lambda: self._send(context, made.end()))

    def cancel(self, context: bpy.types.Context) -> None:
        """Stop when the window or the file browser was closed, or another file opened."""
        if self._under_way is not None:
            self._end(context).abandon()

    def _send(self, context: bpy.types.Context, picture: ChosenPicture) -> None:
        self.generate(context, picture, self._name or self._name_of(picture))

    def _name_of(self, picture: ChosenPicture) -> str:
        """Return the picture's name without its ending; if it names only its source or its camera, with a number."""
        is_unnamed = picture.name == self.source.label
        if not (is_unnamed or self.source.is_of_scene):
            return Path(picture.name).stem
        name = translated_name(picture.name) if is_unnamed else picture.name
        return job_words.numbered(name, (job.name for job in session.jobs().values()))

    def _chosen(self, context: bpy.types.Context) -> Any:
        """Return the source's settings: the operator's own properties, and the panel's where it was given none.

        Never take from the panel what Blender's file browser fills in: the panel's file is not the one that was meant.
        """
        chosen, properties = scene_settings.of_scene(context.scene), self.properties
        found = SimpleNamespace()
        for setting in self.source.settings:
            is_own = setting.option and (self.source.opens_browser or properties.is_property_set(setting.option))
            value = getattr(self, setting.option) if is_own else getattr(chosen, setting.name)
            setattr(found, setting.name, value)
        return found

    def _end(self, context: bpy.types.Context) -> sources.PictureUnderWay:
        assert self._under_way is not None
        made, self._under_way = self._under_way, None
        self.end_watch(context)
        return made

    def _keep_parameters(self, chosen: scene_settings.TRELLIS2_PG_settings) -> None:
        """Keep the current parameters, since the artist may change them meanwhile."""
        is_open = "seed" if not chosen.use_seed else ""
        for name in (*scene_settings.parameter_annotations(), "variations"):
            if name != is_open and not self.properties.is_property_set(name):
                setattr(self, name, getattr(chosen, name))


def _redraw() -> None:
    """Have the sidebars and the status bar say what is under way."""
    window.redraw_sidebars()
    window.redraw_status_bars()


class GenerateFromBrowser(FromBrowser, GenerateFromSource):
    """An operator that generates from a file chosen in Blender's file browser."""

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Open the file browser, at a click, unless the panel has a file."""
        is_given = self.properties.is_property_set("filepath")
        return Generate.invoke(self, context, event) if is_given else self.browse(context)

    def execute(self, context: bpy.types.Context) -> Result:
        """Send the file. If it was just chosen in the file browser, ask what a click would ask."""
        is_asked = self.is_from_browser and self.objection(context)
        return click_again(self) if is_asked else super().execute(context)


@functools.cache
def operator_of(source: sources.Source) -> type[bpy.types.Operator]:
    """Return the operator that generates from this source, always the same class."""
    behaviour = GenerateFromBrowser if source.opens_browser else GenerateFromSource
    given = {setting.option: setting.of_operator() for setting in source.settings if setting.option}
    own = {
        "__doc__": source.tooltip,
        "__module__": __name__,
        "__annotations__": given,
        "bl_idname": source.operator,
        "bl_label": source.title,
        "source": source,
    }
    return type(source.operator.replace("trellis2.", "TRELLIS2_OT_"), (behaviour, bpy.types.Operator), own)


class TRELLIS2_OT_generate(Watching, bpy.types.Operator):
    """Show picture and price, then make a 3D model of the picture that the Trellis tab has chosen"""

    bl_idname = GENERATE
    bl_label = "Generate"
    bl_options: Any = set()  # not REGISTER: the operator that it calls is in the history

    is_seen: bool = props.BoolProperty(
        name="Seen", description="Ask without waiting for picture and price", options={"SKIP_SAVE", "HIDDEN"}
    )

    _until = 0.0

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the source's own operator can run."""
        return context.scene is not None and operator_of(_source(context)).poll(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        """Ask, once picture and price are known. Let the artist choose a file first where there is none."""
        source, chosen = _source(context), scene_settings.of_scene(context.scene)
        if not all(source.given(chosen).values()):
            return click(self, source.operator)
        if self.is_seen or self._is_ready(context):
            words = translated(price_tag.words(chosen))
            return self.ask(context, title=translated(source.title), confirm_text=words)
        self._until = time.monotonic() + QUESTION_SECONDS
        return self.watch(context)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask anew, by another call, once it is time. Esc cancels; every other event passes to Blender."""
        is_stopped = self.is_stopped(event)
        is_due = event.type == "TIMER" and (time.monotonic() > self._until or self._is_ready(context))
        if not (is_stopped or is_due):
            return {"PASS_THROUGH"}
        self.cancel(context)
        return {"CANCELLED"} if is_stopped else click(self, GENERATE, is_seen=True)

    def cancel(self, context: bpy.types.Context) -> None:
        """Stop when the window was closed, or another file opened."""
        self.end_watch(context)

    def draw(self, context: bpy.types.Context) -> None:
        from ..panels.generate_panel import draw_question

        draw_question(self.layout, context)

    def execute(self, context: bpy.types.Context) -> Result:
        """Generate: the artist has seen picture and price."""
        source, chosen = _source(context), scene_settings.of_scene(context.scene)
        return click(self, source.operator, is_agreed=True, **source.given(chosen))

    def _is_ready(self, context: bpy.types.Context) -> bool:
        """Return whether picture and price are known, as far as they can be before the click. Asks for both."""
        chosen = scene_settings.of_scene(context.scene)
        key, is_made = preview_requests.preview_key(context, chosen), _source(context).preview is None
        is_seen = is_made or not key[1:] or preview_requests.view_of(key) is not None
        return price_tag.cost_shown(chosen) is not None and is_seen


def _source(context: bpy.types.Context) -> sources.Source:
    assert context.scene is not None
    return preview_requests.source_of(context, scene_settings.of_scene(context.scene))


class TRELLIS2_OT_send_opaque(Generate, bpy.types.Operator):
    """Make a 3D model from the picture without its transparency"""

    bl_idname = "trellis2.send_opaque"
    bl_label = "Send Without Transparency"
    bl_options = {"INTERNAL"}

    job_id: str = props.StringProperty(
        name="Job", description="Job whose picture is sent", options={"SKIP_SAVE", "HIDDEN"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Send the picture of a refused job, or else the panel's picture, as the panel's own button would."""
        return super().invoke(context, event) if self.job_id else self.execute(context)

    def execute(self, context: bpy.types.Context) -> Result:
        if self.job_id:
            return super().execute(context)
        chosen = scene_settings.of_scene(context.scene)
        source = sources.by_key(chosen.source)
        return click(self, source.operator, opaque=True, **source.given(chosen))

    def start_generation(self, context: bpy.types.Context) -> None:
        state = session.start()
        picture, job = state.refused.get(self.job_id), state.jobs.get(self.job_id)
        if picture is None or job is None:
            raise PictureError("The picture is gone. Choose it again.")
        self.opaque = True
        self.generate(context, picture, job_words.picture_name(job))
        session.remove(self.job_id)


class TRELLIS2_OT_look_again(Action, bpy.types.Operator):
    """Look at the picture again, which may have changed since"""

    bl_idname = "trellis2.look_again"
    bl_label = "Look at the Picture Again"

    def act(self, context: bpy.types.Context) -> None:
        """Renew the preview, however long it takes."""
        key = preview_requests.preview_key(context, scene_settings.of_scene(context.scene))
        if not key[1:]:
            raise PictureError("There is no picture to look at. Choose one, or render an image (F12) first.")
        preview_requests.renew(key)


class TRELLIS2_OT_make_film_transparent(bpy.types.Operator):
    """Render the background transparent from now on, so that the render says itself what the subject is"""

    bl_idname = "trellis2.make_film_transparent"
    bl_label = "Make Film Transparent"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        is_opaque = context.scene is not None and not context.scene.render.film_transparent
        return can_act(cls, is_opaque, otherwise="The film is transparent. Render again (F12)")

    def execute(self, context: bpy.types.Context) -> Result:
        assert context.scene is not None
        context.scene.render.film_transparent = True
        return {"FINISHED"}
