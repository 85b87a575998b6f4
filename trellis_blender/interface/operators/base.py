# SPDX-License-Identifier: GPL-3.0-or-later
"""What our operators share: properties, dialogs, reports; and what every button does that generates models: ask, start
the jobs, add placeholders.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import bpy

from ...core.errors import Text, TrellisError
from ...core.request.presets import PICTURE_ENDINGS, VARIATIONS_MAXIMUM
from ...host.translation import translated, translated_report
from ...settings import Fields, preferences, props
from ...settings import scene as scene_settings
from ..at_need import begin, build, busy, jobs_folder, place, placeholder, session
from . import price_tag

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems
    from mathutils import Vector

    from ...core.job.job import Job
    from ...core.picture.file import ChosenPicture
    from ...core.request.parameters import Value

    Result = set[OperatorReturnItems]
    MixIn = bpy.types.Operator
else:
    Result = set
    MixIn = object  # Blender registers no property of a base that is an operator itself

DOUBLE_CLICK_SECONDS = 0.8
# While Blender draws something large, a second click waits in its queue. So we ignore clicks until the artist could see
# the result of the first: a few ticks of the timer later, or after so many seconds if there are no ticks.
UNSEEN_TICKS, UNSEEN_SECONDS = 4, 10.0
LOOK_SECONDS = 0.2
IMAGE_EXTENSIONS = ";".join(f"*{ending}" for ending in PICTURE_ENDINGS)


def factor(*, name: str, description: str, default: float) -> Any:
    """Return a property that is a share, from 0 to 1, as a slider."""
    return props.FloatProperty(name=name, description=description, default=default, min=0.0, max=1.0, subtype="FACTOR")


def can_act(operator: type, is_possible: bool, *, otherwise: str) -> bool:
    """Return whether it is possible. If not, the operator's grey button says why (`otherwise`, without a period)."""
    if not is_possible:
        cast(Any, operator).poll_message_set(otherwise)
    return is_possible


def attempt(operator: bpy.types.Operator, action: Callable[[], object]) -> Result:
    """Run the action and tell the artist what went wrong."""
    try:
        action()
    except TrellisError as error:
        tell(operator, error)
        return {"CANCELLED"}
    session.state().messages.refusal = None
    return {"FINISHED"}


def tell(operator: bpy.types.Operator, error: TrellisError) -> None:
    """Tell the artist what went wrong. This is the one place where an error becomes a report."""
    refuse(error)
    operator.report({"ERROR"}, translated_report(error.sentence))


def refuse(error: TrellisError) -> None:
    """Show the error in the panel."""
    session.state().messages.refuse(error)
    session.redraw()


class TrellisOperator(Fields, MixIn):
    """What all our operators share."""

    def ask(self, context: bpy.types.Context, **look: Any) -> Result:
        """Open the operator's dialog. `look`: its width, title and label, see `invoke_props_dialog`."""
        manager: Any = context.window_manager
        answer: Result = manager.invoke_props_dialog(self, **look)
        return answer

    def draw_fields(self, *names: str) -> Any:
        """Draw these properties below each other, and return the layout."""
        layout: Any = self.layout
        layout.use_property_split = True
        for name in names:
            layout.prop(self, name)
        return layout


class FromBrowser(TrellisOperator):
    """An operator that takes files, which the artist may choose in Blender's file browser."""

    filter_glob: str = props.StringProperty(default=IMAGE_EXTENSIONS, options={"HIDDEN"})
    is_from_browser = False

    def browse(self, context: bpy.types.Context) -> Result:
        """Open the file browser, which executes the operator."""
        manager: Any = context.window_manager
        manager.fileselect_add(self)
        self.is_from_browser = True
        return {"RUNNING_MODAL"}

    def draw(self, _context: bpy.types.Context) -> None:
        """Keep the file browser's sidebar empty: the parameters are in the panel."""


class Watching(TrellisOperator):
    """An operator that waits for something while the artist goes on: Blender calls its `modal` at every event."""

    _timer: Any = None

    def watch(self, context: bpy.types.Context) -> Result:
        """Begin to wait, with an event every now and then."""
        manager: Any = context.window_manager
        self._timer = manager.event_timer_add(LOOK_SECONDS, window=context.window)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def end_watch(self, context: bpy.types.Context) -> None:
        """Wait no more."""
        manager: Any = context.window_manager
        if self._timer is not None:
            manager.event_timer_remove(self._timer)
            self._timer = None

    @staticmethod
    def is_stopped(event: bpy.types.Event) -> bool:
        """Return whether the artist has pressed Esc."""
        return event.type == "ESC" and event.value == "PRESS"


class Action(TrellisOperator):
    """An operator that may fail, and then tells the artist why."""

    def execute(self, context: bpy.types.Context) -> Result:
        """Act, and tell the artist what went wrong."""
        return attempt(self, lambda: self.act(context))

    def act(self, context: bpy.types.Context) -> None:
        """Do what the operator's tooltip says. Raises TrellisError."""
        raise NotImplementedError


class Asking(Action):
    """An action that may ask first, at a click. `yes`: the label of the button that goes on."""

    yes = "Generate"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask, at a click, if there is an objection."""
        try:
            objection = self.objection(context)
        except TrellisError as error:
            tell(self, error)
            return {"CANCELLED"}
        return self.confirm(context, event, objection) if objection else self.execute(context)

    def confirm(self, context: bpy.types.Context, event: bpy.types.Event, question: str) -> Result:
        """Ask the artist whether to go on."""
        manager: Any = context.window_manager
        title, message = translated(self.bl_label), translated(question)
        answer: Result = manager.invoke_confirm(self, event, title=title, message=message, confirm_text=self.yes)
        return answer

    def objection(self, context: bpy.types.Context) -> str:
        """Return the question to ask the artist first, empty if none is necessary. Raises TrellisError."""
        raise NotImplementedError


class WaitOption(Action):
    """An operator that can block until the model is in the scene."""

    wait: bool = props.BoolProperty(
        name="Wait",
        description="Return only when the model is in the scene, for scripts without a window",
        default=False,
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def check_wait(self, context: bpy.types.Context) -> None:
        """Refuse to wait for a model that cannot come while Blender is blocked. Raises TrellisError."""
        reason = busy.busy_reason(context) if self.wait else ""
        if reason:
            raise TrellisError(Text("{reason}, so Wait would never return. Try again then.", reason=reason))


class PaidAction(WaitOption, Asking):
    """An operator that starts jobs, which are paid for: what guards its clicks, and what it asks before it pays.

    None of them has the option REGISTER: what is paid for is no step of Blender's history, which Shift R repeats.
    """

    bl_options: Any = set()
    dropped: Any = None  # where the artist dropped the pictures: a Vector in scene units, None if nowhere
    beside: Any = None  # where another model stands that this one shall stand beside, likewise

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return whether there is an account and Blender may go online."""
        problem = preferences.problem()
        return problem is None or can_act(cls, False, otherwise=translated(problem.sentence))

    def is_double_click(self) -> bool:
        """Return whether the same button was pressed a moment ago, which must not be paid twice."""
        now, clicks = time.monotonic(), session.state().clicks
        last, clicks.last[type(self)] = clicks.last.get(type(self), 0.0), now
        return now - last < DOUBLE_CLICK_SECONDS or self._is_unseen(now)

    def _is_unseen(self, now: float) -> bool:
        """Return whether a job was started that the artist cannot have seen yet."""
        clicks, running = session.state().clicks, session.running()
        is_late = now - clicks.begun >= UNSEEN_SECONDS
        return not is_late and running is not None and 0 <= running.ticks - clicks.ticks < UNSEEN_TICKS

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ignore a double click. Ask first if the price is above the artist's limit."""
        return {"CANCELLED"} if self.is_double_click() else super().invoke(context, event)

    def objection(self, context: bpy.types.Context) -> str:
        return price_tag.objection(self.cost(context)) if preferences.values().price_limit else ""

    def cost(self, context: bpy.types.Context) -> float | None:
        """Return the price of all models together, in compute units; None until it is known."""
        raise NotImplementedError

    def act(self, context: bpy.types.Context) -> None:
        """Take the picture and send it. Raises TrellisError."""
        preferences.online_account()
        self.check_wait(context)
        self.start_generation(context)

    def start_generation(self, context: bpy.types.Context) -> None:
        """Take this operator's picture, and generate. Raises TrellisError."""
        raise NotImplementedError

    def start(
        self, picture: ChosenPicture, name: str, values: Mapping[str, Value], seed: int | None, count: int
    ) -> list[Job]:
        """Start the job, or several of the same picture, as `begin.start_jobs` does. Raises TrellisError."""
        jobs = begin.start_jobs(picture, name, values, seed, count)
        self.note_begun()
        return jobs

    def note_begun(self) -> None:
        """Ignore clicks until the artist can see that jobs were started."""
        clicks = session.state().clicks
        clicks.begun, clicks.ticks = time.monotonic(), session.start().ticks

    def await_models(self, context: bpy.types.Context, jobs: Sequence[Job]) -> None:
        """Give the models of this action their places. Return at once, or when they are there if a script waits."""
        choose_places(context, jobs, with_boxes=not self.wait, dropped=self.dropped, beside=self.beside)
        for job in jobs if self.wait else ():
            session.wait(job.id)


class Generate(PaidAction):
    """The parameters and steps that all Generate operators share."""

    opaque: bool = props.BoolProperty(
        name="Without Transparency",
        description="Send the picture without its transparency, for one that is see-through everywhere",
        default=False,
        options={"SKIP_SAVE", "HIDDEN"},
    )
    variations: int = props.IntProperty(
        name="Variations",
        description=scene_settings.VARIATIONS_DESCRIPTION,
        default=1,
        min=1,
        max=VARIATIONS_MAXIMUM,
        options={"SKIP_SAVE"},
    )

    def count(self, context: bpy.types.Context) -> int:
        """Return how many models this makes."""
        return scene_settings.variations(self, scene_settings.of_scene(context.scene))

    def cost(self, context: bpy.types.Context) -> float | None:
        cost = price_tag.cost_of(scene_settings.values(self, scene_settings.of_scene(context.scene))[0])
        return None if cost is None else cost * self.count(context)

    def generate(self, context: bpy.types.Context, picture: ChosenPicture, name: str) -> None:
        """Start the job, or several of the same picture, and await them. Raises TrellisError."""
        self.await_models(context, self.start_jobs(context, picture, name))

    def start_jobs(self, context: bpy.types.Context, picture: ChosenPicture, name: str) -> list[Job]:
        """Start the job, or several of the same picture, and return them. Raises TrellisError."""
        chosen = scene_settings.of_scene(context.scene)
        values, seed = scene_settings.values(self, chosen)
        if self.opaque:
            from dataclasses import replace  # here, because it is slow to import and this is rare

            picture = replace(picture, ignores_alpha=True)
        return self.start(picture, name, values, seed, scene_settings.variations(self, chosen))


def click_again(operator: bpy.types.Operator) -> Result:
    """Run the operator again as by a click, with the same properties, so that it asks what a click would ask."""
    given: dict[str, Any] = {}
    for spec in operator.properties.bl_rna.properties:
        name = spec.identifier
        if name != "rna_type" and operator.properties.is_property_set(name):
            value = getattr(operator, name)
            given[name] = [{"name": each.name} for each in value] if spec.type == "COLLECTION" else value
    return click(operator, type(operator).bl_idname, **given)


def click(operator: bpy.types.Operator, name: str, *, is_agreed: bool = False, **given: Any) -> Result:
    """Call the operator of that name as by a click, and report its objection.

    `is_agreed`: the artist has seen the price and agreed, so it asks nothing.
    """
    module, function = name.split(".")
    try:
        getattr(getattr(bpy.ops, module), function)("EXEC_DEFAULT" if is_agreed else "INVOKE_DEFAULT", **given)
    except RuntimeError as error:  # its report, or why its poll refused
        said = str(error).strip().removeprefix("Error: ").rpartition(".poll() ")[2]
        operator.report({"ERROR"}, said)
    return {"CANCELLED"}  # if the other operator did anything, it is in the history itself


def choose_places(
    context: bpy.types.Context,
    jobs: Sequence[Job],
    *,
    with_boxes: bool = True,
    dropped: Vector | None = None,
    beside: Vector | None = None,
) -> None:
    """Choose where the models of one action will stand, and mark the places with placeholders.

    A job that has a placeholder keeps it. Add none if the artist switched them off, nor without `with_boxes`; then the
    importer keeps the places. `dropped`: where the artist dropped the pictures. `beside`: where another model stands;
    they take the first free place beside it.
    """
    bare = [job for job in jobs if placeholder.find(job.id) is None]
    if not bare:
        return
    places = mark_places(context, bare, place.places(context, len(bare), dropped, beside), with_boxes=with_boxes)
    session.start().importer.place(places)


def mark_places(
    context: bpy.types.Context,
    jobs: Sequence[Job],
    places: Sequence[Vector],
    *,
    with_boxes: bool,
    collection: bpy.types.Collection | None = None,
) -> dict[str, Vector]:
    """Mark the places of the models with placeholders.

    Return the places of those without one: of all, if the artist switched placeholders off, and without `with_boxes`.
    """
    if with_boxes and preferences.values().use_placeholders and not busy.is_rendering():
        build.add_placeholders(context, jobs, places, placeholder.home(jobs_folder.usual()), collection)
        return {}
    return {job.id: place for job, place in zip(jobs, places, strict=True)}


Generate.__annotations__.update(scene_settings.parameter_annotations())
