# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can happen to a job, as plain values in the order of its life."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Remedy
from ..model.surface.findings import Findings


@dataclass(frozen=True)
class Event:
    """Something that happened to a job. One without values needs no more than its name."""


class UploadStarted(Event):
    """The start of the upload: the picture is about to be sent."""


@dataclass(frozen=True)
class Prepared(Event):
    """A new picture for a job of an earlier version: its file's name, its name at Scenario, and its crop."""

    picture: str
    picture_name: str
    crop: tuple[int, ...]


@dataclass(frozen=True)
class Uploaded(Event):
    """The end of the upload: the picture is an asset. `uploaded_at`: the server's date of the asset."""

    asset_id: str
    uploaded_at: str
    picture_sha256: str


class SubmitStarted(Event):
    """The start of the submit: the paid call is about to be sent."""


class SubmitPutOff(Event):
    """A postponed submit: Scenario refused the paid call for now (429), or it never left this computer."""


class PictureForgotten(Event):
    """A submit refused because Scenario no longer knows the picture, which was uploaded a while ago."""


class AnswerLost(Event):
    """A submit without an answer: the paid call was sent, and its answer never came."""


@dataclass(frozen=True)
class Submitted(Event):
    """An accepted submit: Scenario accepted the paid call, or a search found it there afterwards."""

    remote_id: str
    cost: float | None


class NeverArrived(Event):
    """Proof that the paid call never arrived: the whole listing was searched, twice and late enough."""


class NotFound(Event):
    """The end of a search without proof: the paid call was not found, but may have been accepted."""


@dataclass(frozen=True)
class Polled(Event):
    """A report of the running job. `progress`: 0 to 1."""

    remote_status: str
    progress: float
    cost: float | None


@dataclass(frozen=True)
class Generated(Event):
    """The successful end at Scenario. `seconds`: how long it took there; None if not reported."""

    asset_ids: tuple[str, ...]
    cost: float | None
    seconds: float | None = None


@dataclass(frozen=True)
class Downloaded(Event):
    """The end of the download: the whole model file is in the folder."""

    asset_id: str


class Read(Event):
    """The end of reading: the model is in arrays, or is left to Blender's own importer."""


class KeptUnread(Event):
    """A model left on disk until it is requested, because nobody waits for it now."""


class Imported(Event):
    """An import: the model is in a scene."""


@dataclass(frozen=True)
class Checked(Event):
    """A check of the model: what was measured of it, or more of that than before."""

    findings: Findings


@dataclass(frozen=True)
class Damaged(Event):
    """A model file that proved unusable when it was read. `message`: the artist's sentence."""

    message: str
    remedy: Remedy = Remedy.RETRY


@dataclass(frozen=True)
class Failed(Event):
    """A failure: the job cannot go on by itself. `message`: the artist's sentence.

    `remote_ended`: the remote job ended without a model.
    `charged`: the compute units that Scenario charged for it all the same.
    `asset_gone`: the picture has to be sent again.
    """

    message: str
    remedy: Remedy
    remote_ended: bool = False
    asset_gone: bool = False
    charged: float = 0.0


class CancelAsked(Event):
    """A cancel request by the artist."""


class CancelRefused(Event):
    """Scenario's refusal to stop the running job."""


@dataclass(frozen=True)
class Cancelled(Event):
    """The end of a cancelled job. `message` says whether it was paid for; `charged`: compute units."""

    message: str
    remote_ended: bool = False
    charged: float = 0.0


@dataclass(frozen=True)
class Resumed(Event):
    """A retry by the artist. `prepares`: prepare the picture of an earlier version again before it is sent."""

    prepares: bool = False
