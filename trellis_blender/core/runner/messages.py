# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages from the runner to the main thread: frozen values, read from one queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Remedy
from ..job.job import Job

if TYPE_CHECKING:
    from ..model.arrays import Model
    from ..model.surface.findings import Findings
    from ..picture.file import FileStamp, PreparedPicture
    from ..picture.view import View

Key = tuple[str, ...]


@dataclass(frozen=True)
class JobRemoved:
    """A removed job: it and its folder are gone."""

    id: str


@dataclass(frozen=True)
class Answer:
    """The end of a request for this job, done or refused. The messages about its effect come first."""

    id: str


@dataclass(frozen=True)
class Notice:
    """A sentence that belongs to no job, and its remedy."""

    sentence: str
    remedy: Remedy = Remedy.NONE


@dataclass(frozen=True)
class ConnectionChecked:
    """The answer to `check`: a sentence, whether all is well, and the remedy if it is not."""

    sentence: str
    is_well: bool
    remedy: Remedy = Remedy.NONE


@dataclass(frozen=True)
class ModelRead:
    """The answer to `Runner.read`.

    `model`: None if it could not be read. Either only Blender's own importer may read it, for the `reason`, or nothing
    can, as the `error` says, with its remedy.
    `webp_images`: images that are wanted as PNG but are not yet; each WebP file with the PNG to make from it.
    """

    id: str
    model: Model | None
    reason: str = ""
    error: str = ""
    remedy: Remedy = Remedy.RETRY
    webp_images: tuple[tuple[Path, Path], ...] = ()


@dataclass(frozen=True)
class ModelMeasured:
    """What a worker measured of a job's model; None if it could not."""

    id: str
    findings: Findings | None


@dataclass(frozen=True)
class PriceReady:
    """The answer of `questions.ask` to the price request with that `number`.

    `cost`: compute units, None if Scenario does not say. `asset_id`: the picture it was requested with.
    `is_last`: do not request another price in this session. `notice`: a sentence for the artist, or empty.
    `trouble`: why Scenario could not be asked, None if it could.
    """

    number: int
    cost: float | None = None
    asset_id: str = ""
    is_last: bool = False
    notice: str = ""
    trouble: ConnectionChecked | None = None


@dataclass(frozen=True)
class StorageUsed:
    """The sizes of jobs' folders in bytes, by the jobs' ids: of those that were measured now."""

    sizes: Mapping[str, int]


@dataclass(frozen=True)
class RemovedCosts:
    """The costs of removed jobs: when each was created (seconds since 1970), compute units, its id at Scenario."""

    costs: Mapping[str, tuple[float, float, str]]


@dataclass(frozen=True)
class Marked:
    """Whether these jobs are favorites on disk: all that are, after loading; one of them, after `Runner.mark`."""

    favorites: Mapping[str, bool]


@dataclass(frozen=True)
class JobsLoaded:
    """The end of loading: all jobs of earlier sessions have been sent. Unless `is_whole`, some are missing.

    `is_moving`: jobs of other folders are still on their way, and another such message follows.
    """

    is_whole: bool = True
    is_moving: bool = False


@dataclass(frozen=True)
class PreviewReady:
    """A preview of the picture that the key names: what the model sees of it.

    `number`: the preview request's number. `prepared`: the picture that would be sent. `stamp`: the stamp of the file.
    `error`: why there is no preview, with its remedy. `is_refused`: the picture itself is the reason, so a click would
    be refused, too.

    With neither `view` nor `error`, the preview takes so long that the artist has to request it.
    """

    key: Key
    number: int = 0
    view: View | None = None
    error: str = ""
    remedy: Remedy = Remedy.NONE
    is_refused: bool = False
    prepared: PreparedPicture | None = None
    stamp: FileStamp | None = None


@dataclass(frozen=True)
class StampReady:
    """The present stamp of the picture's file with this key; None if there is no file."""

    key: Key
    stamp: FileStamp | None


@dataclass(frozen=True)
class ThumbnailTried:
    """The end of making a thumbnail of this job's model: it is in the job's folder, unless that failed."""

    id: str


@dataclass(frozen=True)
class SmallPicture:
    """A job's picture, small. `pixels`: `height` rows of `width` RGBA bytes, bottom row first, sRGB, straight alpha.

    They are empty if the picture cannot be shown.
    """

    id: str
    width: int = 0
    height: int = 0
    pixels: bytes = b""


@dataclass(frozen=True)
class LargePicture:
    """A picture shown large. `place`: where. `number`: the request's. `pixels`: as those of a `SmallPicture`."""

    place: str
    number: int
    width: int = 0
    height: int = 0
    pixels: bytes = b""


PreviewMessage = PreviewReady | StampReady | ThumbnailTried | SmallPicture | LargePicture
RunnerMessage = (
    Job
    | JobRemoved
    | Answer
    | Notice
    | ConnectionChecked
    | ModelRead
    | ModelMeasured
    | PriceReady
    | StorageUsed
    | RemovedCosts
    | Marked
    | JobsLoaded
    | PreviewMessage
)
