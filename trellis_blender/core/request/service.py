# SPDX-License-Identifier: GPL-3.0-or-later
"""What the runner asks of a service, and what that answers. Scenario is one (`core/scenario`); a second is a folder
beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .account import Account
from .models import HostedModel
from .parameters import Value

# Waits that many seconds, and tells whether the work is still wanted.
Wait = Callable[[float], bool]


@dataclass(frozen=True)
class RemoteJob:
    """A job as the service tells it. `progress` is 0 to 1; `cost` in creative units, None when not told.

    `image` and `seed` are those of the body it was submitted with, `has_input`: they could be read. `models` are the
    ids of models that are named in it. `words` say why it failed. `created` is the server's ISO 8601 date; `seconds`
    passed between that and the last news of it, None when not told. `is_refunded`: the cost is given back should it
    fail. `text` is all that was told, which may hold signed addresses: it must not be kept, shown or logged.
    """

    id: str
    status: str
    progress: float
    cost: float | None
    asset_ids: tuple[str, ...]
    image: str
    seed: int | None
    words: str
    seconds: float | None = None
    is_refunded: bool = True
    created: str = ""
    has_input: bool = True
    models: frozenset[str] = frozenset()
    text: str = field(default="", repr=False, compare=False)

    @property
    def is_success(self) -> bool:
        """Whether it ended with a result."""
        return self.status == "success"

    @property
    def is_over(self) -> bool:
        """Whether it ended. A status that is not known here is alive."""
        return self.status in ("success", "failure", "canceled")

    def is_other_than(self, model_id: str) -> bool:
        """Whether it says that it is a job of another model."""
        return bool(self.models - {model_id})

    def holds(self, asset_id: str) -> bool:
        """Whether anything that was told of it names the asset."""
        whole_id = rf"(?<![0-9A-Za-z_-]){re.escape(asset_id)}(?![0-9A-Za-z_-])"
        return asset_id == self.image or re.search(whole_id, self.text) is not None


@dataclass(frozen=True)
class ServiceModel:
    """A model as the service tells of it. `replacement` is the id of the one that takes its place, None while none
    does; it may be empty.
    """

    name: str
    replacement: str | None = None


@dataclass(frozen=True)
class Asset:
    """A file at the service. `url` is signed and expires: it must not be kept, shown or logged. `created` is ISO
    8601.
    """

    id: str
    created: str
    url: str
    is_glb: bool

    def __repr__(self) -> str:
        return f"Asset({self.id})"


class Service(Protocol):
    """The calls, for one account and one thread.

    Each raises PassingError, AccountError, CreditsError or RefusedError; what else it may raise is said below.
    """

    def check(self, model: HostedModel) -> ServiceModel:
        """The model as it is there: a free call that tells whether key and address are right."""

    def upload(self, path: Path, name: str, media_type: str, wait: Wait) -> Asset:
        """Send the picture, free of charge. Raises StorageError; PassingError as soon as `wait` says so."""

    def upload_hidden(self, name: str, picture: bytes) -> Asset:
        """Send a small picture that does not show among the artist's own, free of charge."""

    def price(self, model: HostedModel, image: str, parameters: Mapping[str, Value]) -> float | None:
        """What `submit` would cost, in creative units; None when that is not told. Nothing is started by it.

        Raises RefusedError (`is_gone`) when there is no such picture, DryRunIgnoredError when it may have started one.
        """

    def submit(self, model: HostedModel, image: str, parameters: Mapping[str, Value]) -> RemoteJob:
        """The paid call, sent once. Raises AnswerLostError when it may have been accepted without our hearing of it,
        and any other error only when it certainly was not.
        """

    def job(self, job_id: str) -> RemoteJob:
        """The job as it stands now. Raises RefusedError (`is_gone`) when there is none."""

    def jobs(self, updated_after: str, page: str = "") -> tuple[list[RemoteJob], str]:
        """One page of the jobs with news since that ISO 8601 date, the latest first, and the token of the next page,
        empty at the end.
        """

    def cancel(self, job_id: str) -> RemoteJob:
        """Ask for the job to be stopped; the job as it stands after that. Raises RefusedError where it goes on."""

    def asset(self, asset_id: str) -> Asset:
        """A file there, with a fresh address."""

    def download(self, asset: Asset, target: Path, wait: Wait, progress: Callable[[float], None]) -> None:
        """Bring a GLB to `target`, whole, from where an earlier try broke off. `progress` is told 0 to 1.

        Raises ModelFileError and StorageError; PassingError as soon as `wait` says so; RefusedError or AccountError
        when the address has expired.
        """


class Connector(Protocol):
    """A way to the service, for all threads of a runner."""

    def connect(self, account: Account) -> Service:
        """The service for this account, for the thread that asks."""

    def cut(self) -> None:
        """End all waiting for the service, now and from now on. Called from any thread."""
