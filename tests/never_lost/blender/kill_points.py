"""Where a job is killed: each transition with what leads there, and the middle of each call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emulator import Emulator, Fault

BEFORE, AFTER, DURING = "before", "after", "during"


class Since:
    """An emulator's counts since a job began."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator, self._calls, self._paid = emulator, emulator.calls.copy(), emulator.paid

    def calls(self, name: str) -> int:
        """How often that call came in since."""
        return self._emulator.calls[name] - self._calls[name]

    @property
    def paid(self) -> int:
        """How many paid calls were accepted since."""
        return self._emulator.paid - self._paid


@dataclass(frozen=True)
class Point:
    """One kill. `event` and `when` name the step; without an event it is killed once `moment` is so.

    `faults` are ordered first, by call; what they wait for happens once Blender is dead. `leads` are what the artist
    does on the way: ("failed", "retry") means that Retry is pressed once the job has failed. "spoil", "stop" and
    "forget" are no buttons: the model's file is damaged, the job is stopped on Scenario's page, Scenario loses the
    pictures. `lasting` faults meet every call until Blender is dead. `job_seconds` is how long the job takes.
    `paid` is what the server accepts until all is over.
    """

    name: str
    event: str = ""
    when: str = ""
    faults: Mapping[str, Fault] = field(default_factory=dict)
    leads: tuple[tuple[str, str], ...] = ()
    moment: Callable[[Since, Path], object] | None = None
    lasting: Mapping[str, Fault] = field(default_factory=dict)
    job_seconds: float = 0.1
    paid: int = 1


def around(event: str, words: str, *whens: str, **options: object) -> list[Point]:
    """The points around one transition, before and after it unless others are asked for."""
    return [
        Point(f"{when} {words}", event, when, **options)  # type: ignore[arg-type]  # Point checks the names
        for when in whens or (BEFORE, AFTER)
    ]


def asked(call: str) -> Callable[[Since, Path], object]:
    """The server has read that call's request."""
    return lambda since, _root: since.calls(call)


def _is_partly_there(_since: Since, root: Path) -> bool:
    return any(part.stat().st_size >= 256 * 1024 for part in root.glob("*/model.glb.part"))


LOST = {"submit": Fault(close="after")}
UNSENT = {"submit": Fault(close="before")}
REFUSED = {"submit": Fault(status=402)}
UNREADABLE = Fault(body='{"jobs": [{"jobId": "job_elsewhere", "status": "queued"}]}')
ENDLESS = {"submit": Fault(job="never_ends")}
CANCEL = (("running", "cancel"),)
CANCEL_LATE = (("downloading", "cancel"),)
SPOIL = (("imported", "spoil"), ("imported", "import_model"))

POINTS: tuple[Point, ...] = (
    Point("before its folder has its name", "created", BEFORE, paid=0),
    Point("after its folder has its name", "created", AFTER),
    *around("UploadStarted", "the upload begins"),
    *around("Uploaded", "the picture is known to be there"),
    *around("SubmitStarted", "the paid call is announced", BEFORE, DURING, AFTER),
    *around("SubmitPutOff", "the paid call is put off (429)", faults={"submit": Fault(status=429)}),
    *around("AnswerLost", "the answer is known to be lost", faults=LOST),
    *around("Submitted", "the paid job's id is kept", BEFORE, DURING, AFTER),
    *around("Submitted", "the lost job is found again", faults=LOST),
    *around("NeverArrived", "the paid call is known never to have arrived", faults=UNSENT),
    *around("Generated", "the result is known"),
    *around("Downloaded", "the model is known to be there"),
    *around("Read", "the model is known to be read"),
    *around("KeptUnread", "the model that nobody waits for is kept", leads=CANCEL, job_seconds=4.0),
    *around("Imported", "the model is known to be in the scene", BEFORE, DURING, AFTER),
    *around("Checked", "what was measured of the model is known"),
    *around("Damaged", "the model is known to be damaged", leads=SPOIL),
    *around("Failed", "the refusal is known (402)", faults=REFUSED),
    *around("Resumed", "Retry is known", faults=REFUSED, leads=(("failed", "retry"),)),
    *around(
        "PictureForgotten",
        "it is known that Scenario has forgotten the picture",
        faults=REFUSED,
        leads=(("failed", "forget"), ("failed", "retry")),
    ),
    *around("NotFound", "the search is given up", faults=LOST, lasting={"jobs": UNREADABLE}),
    *around("CancelAsked", "Cancel is known", leads=CANCEL, job_seconds=4.0),
    *around(
        "CancelAsked",
        "Cancel is known, during the download",
        leads=CANCEL_LATE,
        faults={"download": Fault(until=threading.Event())},
    ),
    *around("CancelRefused", "the refusal to cancel is known", leads=CANCEL, job_seconds=4.0),
    *around("Cancelled", "it is known to be cancelled at Scenario", faults=ENDLESS, leads=(("running", "stop"),)),
    Point("in the middle of the upload", faults={"upload": Fault(until=threading.Event())}, moment=asked("upload")),
    Point(
        "in the paid call, which never arrives",
        faults={"submit": Fault(until=threading.Event(), close="before")},
        moment=asked("submit"),
    ),
    Point(
        "in the paid call, before the server acts",
        faults={"submit": Fault(until=threading.Event())},
        moment=asked("submit"),
    ),
    Point(
        "in the paid call, after the server acted",
        faults={"submit": Fault(trickle=0.1)},
        moment=lambda since, _root: since.paid,
    ),
    Point(
        "in the middle of the download",
        faults={"download": Fault(trickle=0.03)},
        moment=_is_partly_there,
    ),
)
