# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulated server is like, and what it remembers: assets, uploads and jobs, and their JSON.

Times are seconds since the epoch. The JSON has every field that scenario-sdk 2.4.0 requires of the same object
(`scenario_sdk/types/*.py`). A job's state is not stored: it follows from the clock, so asking never changes anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from .model.flaws import Flaw, check_flaws
from .model.order import Order, TextureFormat

AUTHOR_ID = "user_emulator"
OWNER_ID = "proj_emulator"

Clock = Callable[[], float]

STEPS = (("pending", 0.0), ("queued", 0.05), ("warming-up", 0.15), ("in-progress", 0.25), ("finalizing", 0.9))
"""A job's statuses on the way, each with the part of its time at which it begins."""
ENDED = ("success", "failure", "canceled")
IMPORT_SECONDS = 0.2
"""From an upload's completion to its end; the id of the asset may take as long again."""
IMPORT_STEPS = (("complete", 0.0), ("validating", 0.25), ("validated", 0.75))
_PROGRESS_TENTHS = 10


@dataclass(frozen=True)
class Service:
    """How the live service answers and what its models are like, where that is not known for sure.

    `docs/emulator.md` says what is known from where. A default is the harder branch: whoever copes with that copes with
    the other one too. All settings are options of the command line as well.

    Raises:
        ValueError: the flaws do not go together.
    """

    cancels: bool = False
    """A job on its way can be canceled, else that is refused."""
    lists_inputs: bool = False
    """The listing of jobs has `metadata.input`. A job asked for alone always has it."""
    imports_at_once: bool = False
    """An upload that is `imported` has its `entityId`, else it follows a moment later."""

    shows_progress: bool = False
    """`progress` goes on with the job, else it stays 0 until the end."""
    names_files: bool = False
    """The address of a file ends with its name, such as `model.glb`."""
    knows_glb: bool = False
    """A GLB is `model/gltf-binary`, else `application/octet-stream`, in its record as at its address."""
    explains_413: bool = False
    """A body that is too large is refused in JSON, else by the HTML of a gateway."""
    largest_upload: int = 4_000_000
    """Bytes of picture that `POST /assets` takes; what is larger goes through `POST /uploads`."""
    job_key: Literal["jobId", "id"] = "jobId"
    """The name under which a job gives its id."""
    job_limit: int | None = None
    """How many jobs of a team may be on their way; a submit above that is refused with 429."""
    replaced_by: str = ""
    """The model that takes the place of this one, which is then marked as deprecated."""
    texture_format: TextureFormat = "webp"
    """Of the textures in a GLB."""
    triangles: bool = False
    """A model is one triangle, made with the answer to the submit: for measuring what waits for models."""
    flaws: frozenset[Flaw] = frozenset()
    """What is wrong with a GLB, as with those of other generators; `ALL_FLAWS` is all that one file can have.

    `BODY_FLAWS` is all that is wrong with the bodies in them.
    """

    def __post_init__(self) -> None:
        check_flaws(self.flaws)


def iso(moment: float) -> str:
    """Return `moment` as ISO 8601 in UTC with milliseconds and `Z`, e.g. 2026-11-22T10:39:40.123Z."""
    return iso_text(datetime.fromtimestamp(moment, UTC))


def iso_text(date: datetime) -> str:
    """Return a date in UTC in the form of `iso`, in which dates sort as text."""
    return date.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class AssetRecord:
    """An asset: an uploaded picture, or a result of a job. A GLB is made by `order`, its `data` is empty."""

    id: str
    name: str
    mime_type: str
    kind: Literal["image", "3d"]
    data: bytes
    created: float
    source: Literal["uploaded", "img23d"] = "uploaded"
    properties: Mapping[str, object] = field(default_factory=dict)
    order: Order | None = None

    def to_json(self, url: str) -> dict[str, object]:
        """Return the asset as the API gives it, with `url` to download it from."""
        return {
            "id": self.id,
            "authorId": AUTHOR_ID,
            "ownerId": OWNER_ID,
            "collectionIds": [],
            "createdAt": iso(self.created),
            "updatedAt": iso(self.created),
            "editCapabilities": [],
            "kind": self.kind,
            "metadata": {"kind": self.kind, "type": self.source, "name": self.name},
            "mimeType": self.mime_type,
            "privacy": "private",
            "properties": dict(self.properties) or {"size": len(self.data)},
            "source": self.source,
            "status": "success",
            "tags": [],
            "url": url,
        }


@dataclass
class UploadRecord:
    """A multipart upload: its parts by number as they arrive, and what became of it."""

    id: str
    file_name: str
    content_type: str
    file_size: int
    part_urls: tuple[str, ...]
    expires: float
    created: float
    parts: dict[int, bytes] = field(default_factory=dict)
    completed: float | None = None
    entity_id: str = ""
    error: str = ""

    def status(self, now: float) -> str:
        """Return the upload's status at `now`."""
        if self.completed is None:
            return "pending"
        part = (now - self.completed) / IMPORT_SECONDS
        if part >= 1:
            return "failed" if self.error else "imported"
        return [status for status, start in IMPORT_STEPS if start <= part][-1]

    def entity(self, now: float, service: Service) -> str | None:
        """Return the id of the asset that the upload has become, None until it is known."""
        if self.completed is None or self.error:
            return None
        seconds = IMPORT_SECONDS if service.imports_at_once else 2 * IMPORT_SECONDS
        return self.entity_id if now - self.completed >= seconds else None

    def to_json(self, now: float, service: Service) -> dict[str, object]:
        """Return the upload as the API gives it at `now`."""
        status = self.status(now)
        upload: dict[str, object] = {
            "id": self.id,
            "authorId": AUTHOR_ID,
            "ownerId": OWNER_ID,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.created if self.completed is None else self.completed),
            "fileName": self.file_name,
            "originalFileName": self.file_name,
            "contentType": self.content_type,
            "fileSize": self.file_size,
            "kind": "image",
            "source": "multipart",
            "status": status,
            "entityId": self.entity(now, service),
            "partsCount": len(self.part_urls),
            "parts": [
                {"number": number, "url": url, "expires": iso(self.expires)}
                for number, url in enumerate(self.part_urls, 1)
            ],
        }
        if status == "failed":
            upload["errorMessage"] = self.error
        return upload


@dataclass
class JobRecord:
    """A paid job. It ends when its time is over and its outcome is known, at `settled`; then `asset_ids` show."""

    id: str
    input: dict[str, object]
    cost: float
    created: float
    seconds: float
    clock: Clock
    ending: Literal["success", "failure", "never"] = "success"
    error: str = ""
    hint: str = ""
    asset_ids: tuple[str, ...] = ()
    settled: float | None = None
    canceled: float | None = None

    def fail(self, error: str, hint: str) -> None:
        """Let the job end in failure, with the text of the `error` and the `hint` for the user."""
        self.ending, self.error, self.hint, self.settled = "failure", error, hint, self.clock()

    @property
    def status(self) -> str:
        """The job's status at this moment."""
        return self.history()[-1][0]

    def history(self) -> list[tuple[str, float]]:
        """Return the statuses reached so far, oldest first, each with the moment it began."""
        now = self.clock()
        steps = [(status, self.created + start * self.seconds) for status, start in STEPS]
        if self.ending == "never":
            steps.pop()
        elif self.settled is not None:
            steps.append((self.ending, max(self.settled, self.created + self.seconds)))
        if self.canceled is not None:
            steps = [step for step in steps if step[1] <= self.canceled] + [("canceled", self.canceled)]
        return steps[:1] + [step for step in steps[1:] if step[1] <= now]

    def progress(self, service: Service) -> tuple[float, float]:
        """Return the progress from 0 to 1 in tenths, and the moment at which it or the status last changed."""
        status, since = self.history()[-1]
        if status == "success":
            return 1.0, since
        if not service.shows_progress:
            return 0.0, since
        if status in ("failure", "canceled", "finalizing"):
            return 0.9, since
        if status != "in-progress":
            return 0.0, since
        tenth = self.seconds * (STEPS[-1][1] - STEPS[-2][1]) / _PROGRESS_TENTHS
        tenths = min(_PROGRESS_TENTHS - 1, int((self.clock() - since) / tenth)) if tenth > 0 else 0
        return tenths / _PROGRESS_TENTHS, since + tenths * tenth

    def to_json(self, service: Service, *, listed: bool = False) -> dict[str, object]:
        """Return the job as the API gives it at this moment, alone or in the listing."""
        history = self.history()
        progress, updated = self.progress(service)
        metadata: dict[str, object] = {"input": self.input, "assetIds": []}
        if listed and not service.lists_inputs:
            metadata.pop("input")
        if history[-1][0] == "success":
            metadata["assetIds"] = list(self.asset_ids)
        if history[-1][0] == "failure":
            metadata |= {"error": self.error, "hint": self.hint}
        return {
            service.job_key: self.id,
            "jobType": "custom",
            "status": history[-1][0],
            "progress": progress,
            "createdAt": iso(self.created),
            "updatedAt": iso(updated),
            "authorId": AUTHOR_ID,
            "ownerId": OWNER_ID,
            "statusHistory": [{"status": status, "date": iso(since)} for status, since in history],
            "metadata": metadata,
            "billing": {"cuCost": self.cost, "cuDiscount": 0},
        }
