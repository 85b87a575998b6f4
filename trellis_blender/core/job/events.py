# SPDX-License-Identifier: GPL-3.0-or-later
"""What can happen to a job: plain values, told in the order of its life."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Remedy


class Event:
    """Something that happened to a job."""


@dataclass(frozen=True)
class UploadStarted(Event):
    """The picture is about to be sent."""


@dataclass(frozen=True)
class Prepared(Event):
    """The picture of a job from before is made anew: its file's name, its name at Scenario, and what was cut out."""

    picture: str
    picture_name: str
    crop: tuple[int, ...]


@dataclass(frozen=True)
class Uploaded(Event):
    """The picture is an asset now. `uploaded_at` is the server's date of it."""

    asset_id: str
    uploaded_at: str
    picture_sha256: str


@dataclass(frozen=True)
class SubmitStarted(Event):
    """The paid call is about to be sent."""


@dataclass(frozen=True)
class SubmitPutOff(Event):
    """Scenario said that it did not accept the paid call now (429), or it never left this computer."""


@dataclass(frozen=True)
class AnswerLost(Event):
    """The paid call was sent and its answer never came."""


@dataclass(frozen=True)
class Submitted(Event):
    """Scenario accepted the paid call, or the call was found there afterwards."""

    remote_id: str
    cost: float | None


@dataclass(frozen=True)
class NeverArrived(Event):
    """The whole listing was searched, twice and late enough: the paid call is certainly not there."""


@dataclass(frozen=True)
class NotFound(Event):
    """The search is over: the paid call was not found, and whether it was accepted is not known."""


@dataclass(frozen=True)
class Polled(Event):
    """News of the running job. `progress` is 0 to 1."""

    remote_status: str
    progress: float
    cost: float | None


@dataclass(frozen=True)
class Generated(Event):
    """The job ended well on Scenario's side. `seconds` is how long it took there, None when not told."""

    asset_ids: tuple[str, ...]
    cost: float | None
    seconds: float | None = None


@dataclass(frozen=True)
class Downloaded(Event):
    """The whole model file is in the folder."""

    asset_id: str


@dataclass(frozen=True)
class Read(Event):
    """The model was read into arrays, or Blender's own importer has to read it."""


@dataclass(frozen=True)
class KeptUnread(Event):
    """Nobody waits for the model now: it stays on the disk until it is asked for."""


@dataclass(frozen=True)
class Imported(Event):
    """The model is in a scene."""


@dataclass(frozen=True)
class Damaged(Event):
    """A look inside the model's file showed that it cannot be used. `message` is the artist's sentence."""

    message: str
    remedy: Remedy = Remedy.RETRY


@dataclass(frozen=True)
class Failed(Event):
    """It cannot go on by itself. `message` is the artist's sentence.

    `remote_ended`: the remote job is over without a model, and Scenario `charged` that many creative units for it all
    the same. `asset_gone`: the picture has to be sent again.
    """

    message: str
    remedy: Remedy
    remote_ended: bool = False
    asset_gone: bool = False
    charged: float = 0.0


@dataclass(frozen=True)
class CancelAsked(Event):
    """The artist wants it stopped."""


@dataclass(frozen=True)
class CancelRefused(Event):
    """Scenario does not stop the running job."""


@dataclass(frozen=True)
class Cancelled(Event):
    """It is stopped. `message` says whether it was paid; `charged` is how many creative units."""

    message: str
    remote_ended: bool = False
    charged: float = 0.0


@dataclass(frozen=True)
class Resumed(Event):
    """The artist asked to try again. `prepares`: a picture from before is made anew before it is sent."""

    prepares: bool = False
