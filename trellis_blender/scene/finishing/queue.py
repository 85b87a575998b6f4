# SPDX-License-Identifier: GPL-3.0-or-later
"""All steps under way, one heavy one at a time. The session calls `step` at each tick; everything here is quick.

The paid jobs and their runner know nothing of this: no step can reach a paid call.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import Remedy, TrellisError, explained
from ...core.job.lock import FolderLock
from ...host import busy
from ...host.at_need import AtNeed
from ...host.background import start
from .. import recipe
from .work import FOLDER, Look, Order, Room, Terms, Work, put_unfinished

if TYPE_CHECKING:
    from . import steps
else:  # they bring numpy, which the runner's thread imports meanwhile
    steps = AtNeed("scene.finishing.steps")

RETRY_SECONDS = 0.3
LOOK_SECONDS = 300.0
NO_MODEL = "Its model is not in this file"
Found = Sequence[tuple[Order, FolderLock]]


@dataclass
class Finishing:
    """The steps of this Blender. `root`: the jobs' folder. `tell`: says a sentence to the artist.

    `works`: by their ids, oldest first; a failed one stays until the artist dismisses it. `looks`: by the jobs' ids, at
    the textures of their models. `due`: when to ask again whether Blender is free. `is_changed`: a work came or went.
    `looked`: takes what a look has found. `decode`: has a new object's textures decoded.
    `turn`: of the one heavy step that is at work.
    """

    root: Path
    tell: Callable[[str], None]
    looked: Callable[[str, Mapping[str, Any]], None]
    decode: Callable[[bpy.types.Object], None] = lambda _obj: None
    works: dict[str, Work] = field(default_factory=dict)
    looks: dict[str, Look] = field(default_factory=dict)
    due: float = 0.0
    is_searching: bool = False
    is_changed: bool = False
    turn: threading.Lock = field(default_factory=threading.Lock)
    _found: queue.SimpleQueue[Found] = field(default_factory=queue.SimpleQueue)

    def begin(self, step: str, obj: bpy.types.Object, settings: Mapping[str, Any]) -> Work:
        """Begin a step on the model. Raises TrellisError if the model does not allow it."""
        order = Order(step, obj.name, str(obj.get(recipe.JOB_ID, "")), dict(settings))
        size, take = steps.STEPS[step].size, steps.STEPS[step].take
        mesh = take(obj, self.root / FOLDER / order.id, Room(0)) if size is None else size(obj)
        work = self._work(order, uid=obj.session_uid, mesh=mesh)
        self.works[order.id], self.is_changed = work, True
        return work

    def begin_again(self, work_id: str, changes: Mapping[str, Any]) -> Work:
        """Begin a failed step again with other settings, and dismiss it. Raises TrellisError as `begin` does."""
        failed = self.works[work_id]
        obj = _model(failed)
        if obj is None:
            raise TrellisError(f"{NO_MODEL}.", remedy=Remedy.NONE)
        work = self.begin(failed.order.step, obj, {**failed.order.settings, **changes})
        self.forget(work_id)
        return work

    def look(self, job_id: str, file: Path) -> None:
        """Look at the textures of a job's model. `looked` is called with the numbers, unless that fails."""
        if job_id not in self.looks:
            self.looks[job_id] = Look(self._terms(LOOK_SECONDS), "look", {"file": str(file)})

    def resume(self) -> None:
        """Go on with what an earlier session has begun. Another thread looks for it."""
        self.is_searching = True
        given = self.root, self._found
        threading.Thread(target=put_unfinished, args=given, daemon=True, name="trellis-finishing").start()

    def forget(self, work_id: str) -> None:
        """Cancel a step, or dismiss one that failed. The model stays as it is."""
        work, self.is_changed = self.works.pop(work_id, None), True
        if work is not None:
            work.leave()
            work.forget()

    def file_opened(self) -> None:
        """Look again for the models of finished steps: another file is open."""
        self.undone()
        for work in self.works.values():
            work.uid = 0

    def undone(self) -> None:
        """Look again for the models of finished steps: undo may have brought one back, and has taken half results."""
        for work in self.works.values():
            work.is_waiting = False
            work.leave()

    @property
    def is_busy(self) -> bool:
        """Return whether anything is to happen by itself."""
        return self.is_searching or bool(self.looks) or any(map(_is_alive, self.works.values()))

    def step(self) -> bool:
        """Take in what has ended, and put one result into the scene if Blender is free. Return whether that was so."""
        is_changed = self._take_found() or self.is_changed
        self.is_changed = False
        for job_id, look in [*self.looks.items()]:
            if look.is_done:
                del self.looks[job_id]
                if look.numbers is not None:
                    self.looked(job_id, look.numbers)
        for work in filter(_is_alive, [*self.works.values()]):
            if work.room is not None:
                self._with_model(work, _take)
                is_changed = is_changed or not _is_alive(work)
            elif work.is_done:
                return self._bring(work) or is_changed
        return is_changed

    def stop(self) -> None:
        """End all steps. They go on from their folders another time."""
        for work in self.works.values():
            work.stop()
        for look in self.looks.values():
            look.stop()

    def _bring(self, work: Work) -> bool:
        if time.monotonic() < self.due:
            return False
        if work.result is None:  # it was stopped
            self.forget(work.order.id)
            return True
        if busy.busy_reason(bpy.context):
            self.due = time.monotonic() + RETRY_SECONDS
            return False
        said = self._with_model(work, self._arrive)
        if said:
            self.tell(said)
            self.forget(work.order.id)
        return True

    def _with_model(self, work: Work, do: Callable[[Work, bpy.types.Object], str]) -> str:
        """Return what `do` returns with the work's model, empty if it fails or the work has to wait for its model."""
        try:
            obj = _model(work)
            if obj is not None:
                return do(work, obj)
            work.is_waiting = True
            work.leave()
        except Exception as error:  # noqa: BLE001 - the timer must survive
            work.fail(explained(error))
        return ""

    def _arrive(self, work: Work, obj: bpy.types.Object) -> str:
        """Let the result arrive, or a part of it. Return the sentence, empty if more is to come at the next tick.

        The textures are decoded of what shows, and was not there before.
        """
        before = {each.session_uid for each in bpy.data.objects}
        said = _arrived(work, obj)
        for each in bpy.data.objects:
            if each.session_uid not in before and each.visible_get():
                self.decode(each)
        return said

    def _take_found(self) -> bool:
        if self._found.empty():
            return False
        found, self.is_searching = self._found.get(), False
        known = steps.STEPS  # imported here, at a tick of its own: neither the session's begin nor a click waits for it
        for order, lock in found:
            if order.step in known:
                self.works[order.id] = self._work(order, lock=lock)
            else:
                lock.release()  # of a newer version
        return bool(found)

    def _work(self, order: Order, **given: Any) -> Work:
        step = steps.STEPS[order.step]
        terms = self._terms(step.seconds, step.ended(order.settings))
        return Work(order, terms, self.root / FOLDER / order.id, **given)

    def _terms(self, seconds: float, ended: TrellisError | None = None) -> Terms:
        launch = start.launch(steps.PROGRAM, memory_maximum=steps.MEMORY_MAXIMUM)
        return Terms(launch, self.turn, seconds, ended)


def _take(work: Work, obj: bpy.types.Object) -> str:
    """Take the model's mesh, unless it is being edited: its arrays are empty then."""
    if obj.mode != "EDIT" and work.room is not None:
        work.take(steps.STEPS[work.order.step].take(obj, work.folder, work.room))
    return ""


def _arrived(work: Work, obj: bpy.types.Object) -> str:
    if work.arriving is None:
        assert work.result is not None
        came = steps.STEPS[work.order.step].arrive(work.order, obj, work.result)
        if isinstance(came, str):
            return came
        work.arriving = came
    try:
        next(work.arriving)
    except StopIteration as done:
        return str(done.value)
    except ReferenceError:  # something was deleted between two ticks
        work.leave()
    return ""


def _is_alive(work: Work) -> bool:
    return not (work.error or work.is_waiting)


def _model(work: Work) -> bpy.types.Object | None:
    """Return the model that the work was begun on, None if it is not in this file."""
    objects: Any = bpy.data.objects
    if work.uid:
        found = next((obj for obj in objects if obj.session_uid == work.uid), None)
    else:
        found = objects.get(work.order.name)
        is_other = found is not None and str(found.get(recipe.JOB_ID, "")) != work.order.job_id
        found = None if is_other else found
    return found if found is not None and found.type == "MESH" and found.users_collection else None
