# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls that every service offers, and their answers. Scenario is one service (`core/scenario`).

Another service would be another folder beside it.
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

MODEL_BYTES_MAXIMUM = 1024**3  # of a download, unless the artist chooses another size
# Waits that many seconds. Returns whether the work is still wanted.
Wait = Callable[[float], bool]


@dataclass(frozen=True)
class RemoteJob:
    """A job as the service reports it.

    `progress`: 0 to 1. `cost`: compute units, None if not reported.
    `image`, `seed`: from the request it was submitted with. `has_input`: that request could be read.
    `models`: the ids of the models it names. `words`: why it failed.
    `created`: the server's ISO 8601 date. `seconds`: from `created` to its last update, None if not reported.
    `is_refunded`: the service refunds the cost if the job fails.
    `text`: the whole report. It may hold signed addresses: never keep, show or log it.
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
        return self.status == "success"

    @property
    def is_over(self) -> bool:
        """Return whether it ended. A job with an unknown status counts as alive."""
        return self.status in ("success", "failure", "canceled")

    def is_other_than(self, model_id: str) -> bool:
        """Return whether it says that it is a job of another model."""
        return bool(self.models - {model_id})

    def holds(self, asset_id: str) -> bool:
        """Return whether its report names the asset anywhere."""
        whole_id = rf"(?<![0-9A-Za-z_-]){re.escape(asset_id)}(?![0-9A-Za-z_-])"
        return asset_id == self.image or re.search(whole_id, self.text) is not None


@dataclass(frozen=True)
class ServiceModel:
    """A model as the service reports it. `replacement`: its successor's id, or empty; None: it is not replaced."""

    name: str
    replacement: str | None = None


@dataclass(frozen=True)
class Asset:
    """A file at the service. `url`: signed, and expires: never keep, show or log it. `created`: an ISO 8601 date."""

    id: str
    created: str
    url: str
    is_glb: bool

    def __repr__(self) -> str:
        return f"Asset({self.id})"


class Service(Protocol):
    """The calls, for one account and one thread.

    Each raises PassingError, AccountError, CreditsError or RefusedError. Further errors are named at the call.
    """

    def check(self, model: HostedModel) -> ServiceModel:
        """Return the model as the service knows it. A free call that tells whether key and address are right."""

    def upload(self, path: Path, name: str, media_type: str, wait: Wait) -> Asset:
        """Send the picture, free of charge. Raises StorageError, and PassingError as soon as `wait` returns False."""

    def upload_hidden(self, name: str, picture: bytes) -> Asset:
        """Send a small picture that stays hidden from the artist's own, free of charge."""

    def price(self, model: HostedModel, image: str, parameters: Mapping[str, Value]) -> float | None:
        """Return what `submit` would cost, in compute units; None if the service does not say. Starts no job.

        Raises RefusedError (`is_gone`) if there is no such picture, DryRunIgnoredError if it may have started a job.
        """

    def submit(
        self,
        model: HostedModel,
        image: str,
        parameters: Mapping[str, Value],
        may_leave: Callable[[], bool] = lambda: True,
    ) -> RemoteJob:
        """Send the paid call, once.

        `may_leave`: asked just before its first byte leaves this computer. If it returns False, nothing is sent, and
        PassingError is raised.

        Raises AnswerLostError if it may have been accepted but its answer was lost. Any other error means that it was
        certainly not accepted.
        """

    def job(self, job_id: str) -> RemoteJob:
        """Return the job as it stands now. Raises RefusedError (`is_gone`) if there is none."""

    def jobs(self, updated_after: str, page: str = "") -> tuple[list[RemoteJob], str]:
        """Return one page of the jobs updated since that ISO 8601 date, latest first, and the next page's token.

        The token is empty at the end.
        """

    def cancel(self, job_id: str) -> RemoteJob:
        """Ask for the job to be stopped, and return it as it stands afterwards. Raises RefusedError if it goes on."""

    def asset(self, asset_id: str) -> Asset:
        """Return a file at the service, with a fresh address."""

    def download(self, asset: Asset, target: Path, wait: Wait, progress: Callable[[float], None], most: int) -> None:
        """Download a GLB to `target`, whole; continue where an earlier try broke off. `progress` is called with 0 to 1.

        `most`: bytes; if there are more, a ModelFileError's remedy is the preferences. Raises ModelFileError and
        StorageError, PassingError as soon as `wait` returns False, and RefusedError or AccountError if the address has
        expired.
        """


class Connector(Protocol):
    """A way to the service, for all threads of a runner."""

    def connect(self, account: Account) -> Service:
        """Return the service for this account, for the thread that calls."""

    def cut(self) -> None:
        """End all waiting for the service, now and from now on. Any thread may call it."""

    def cut_thread(self, thread: int) -> None:
        """End what waits for the service on the thread with that identifier, now. Any thread may call it."""
