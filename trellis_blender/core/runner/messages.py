# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runner tells the main thread: frozen values, read from one queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Remedy
from ..job.job import Job

if TYPE_CHECKING:
    from ..model.arrays import Model
    from ..picture.file import FileStamp, PreparedPicture
    from ..picture.view import View

Key = tuple[str, ...]


@dataclass(frozen=True)
class JobRemoved:
    """The job and its folder are gone."""

    id: str


@dataclass(frozen=True)
class Answer:
    """What the main thread asked for this job is done, or refused. What came of it was told before."""

    id: str


@dataclass(frozen=True)
class Notice:
    """A sentence that belongs to no job, and what helps."""

    sentence: str
    remedy: Remedy = Remedy.NONE


@dataclass(frozen=True)
class ConnectionChecked:
    """The answer to `check`: a plain sentence, whether all is well, and what helps when it is not."""

    sentence: str
    is_well: bool
    remedy: Remedy = Remedy.NONE


@dataclass(frozen=True)
class ModelRead:
    """The model's file was read, as `Runner.read` asked.

    `webp_images`: those of its images that are wanted as PNG and are not yet, as files and what is to be made of them.
    `model` is None when only Blender's own importer may read it, for the `reason`, or when it could not be read at
    all, as the `error` says, with what helps.
    """

    id: str
    model: Model | None
    reason: str = ""
    error: str = ""
    remedy: Remedy = Remedy.RETRY
    webp_images: tuple[tuple[Path, Path], ...] = ()


@dataclass(frozen=True)
class PriceReady:
    """What the answer to `price.ask` is to the question with that `number`.

    `cost` is in creative units, None when Scenario does not say. `asset_id` is the picture that it was asked with.
    `is_last`: no more is to be asked in this session. `notice` is a sentence for the artist, empty when there is none.
    """

    number: int
    cost: float | None = None
    asset_id: str = ""
    is_last: bool = False
    notice: str = ""


@dataclass(frozen=True)
class StorageUsed:
    """How many bytes the folders of all jobs take up."""

    size: int


@dataclass(frozen=True)
class RemovedCosts:
    """What the jobs cost that were removed: when they were created, in seconds since 1970, creative units, and their
    ids at Scenario.
    """

    costs: Mapping[str, tuple[float, float, str]]


@dataclass(frozen=True)
class JobsLoaded:
    """All jobs of earlier sessions have been told; unless `is_whole`, all that could be read."""

    is_whole: bool = True


@dataclass(frozen=True)
class PreviewReady:
    """What the model sees of the picture that the key names, or the sentence that says why that is not known, and what
    helps. `number` is that of the look. `prepared` is what would be sent, `stamp` that of the file that was looked at.
    `is_refused`: the picture itself is why, so it would be refused at the click as well.

    Neither: to have the picture takes so long that the artist has to ask for it.
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
    """The stamp that the file of the picture with this key has now, None where there is none."""

    key: Key
    stamp: FileStamp | None


@dataclass(frozen=True)
class ThumbnailsReady:
    """These jobs have a thumbnail of their model now. `tried` is the job whose turn it was, if it was one's."""

    ids: frozenset[str]
    tried: str = ""


@dataclass(frozen=True)
class SmallPicture:
    """A job's picture, small: `pixels` are `height` rows of `width` RGBA bytes, bottom row first, sRGB with straight
    alpha; none where it cannot be shown.
    """

    id: str
    width: int = 0
    height: int = 0
    pixels: bytes = b""


PreviewMessage = PreviewReady | StampReady | ThumbnailsReady | SmallPicture
RunnerMessage = (
    Job
    | JobRemoved
    | Answer
    | Notice
    | ConnectionChecked
    | ModelRead
    | PriceReady
    | StorageUsed
    | RemovedCosts
    | JobsLoaded
    | PreviewMessage
)
