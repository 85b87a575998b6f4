# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulator of the part of Scenario's API that Trellis 2 needs, for tests and for trying things without an account.

It is a stand-in. It speaks the protocol, with the errors a test asks for, but it has no neural network: the "model"
that it returns is a relief of the picture, or the geometry that it was given. It listens on loopback only and costs
nothing.

    with Emulator() as emulator:
        emulator.fault("submit", Fault(status=429, retry_after="2"))
        ...  # talk to emulator.url
        assert emulator.paid == 1
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType

from . import calls, cdn
from .faults import CALL_NAMES, Fault
from .model.flaws import ALL_FLAWS, BODY_FLAWS, FLAWS, Flaw
from .model.workshop import Workshop
from .records import AssetRecord, Clock, JobRecord, Service
from .server import LOOPBACK, Site, SiteServer
from .state import State

__all__ = [
    "ALL_FLAWS",
    "BODY_FLAWS",
    "CALL_NAMES",
    "FLAWS",
    "AssetRecord",
    "Emulator",
    "Fault",
    "Flaw",
    "JobRecord",
    "Service",
]


class Emulator:
    """The API on one port of loopback and its CDN on another, from `with` to the end of the block.

    Args:
        key, secret: the one API key that is valid.
        job_seconds: how long a job takes from submit to success (longer if its model takes longer to make).
        url_seconds: how long a signed address is valid.
        port: of the API; 0 takes a free one.
        service: how it answers where it is not known how the live service does; the harder branches if left out.
        clock: seconds since the epoch; a test may put its own here and move it.
        log: gets a line for each call.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        key: str = "test-key",
        secret: str = "test-secret",  # nosec B107 # opens nothing but this emulator
        job_seconds: float = 0.5,
        url_seconds: float = 3600,
        port: int = 0,
        *,
        service: Service = Service(),  # noqa: B008 - cannot be changed
        clock: Clock = time.time,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self._state = State(key, secret, job_seconds, url_seconds, service, clock, Workshop())
        self._api = SiteServer(Site(self._state, calls.find_call, calls.answer_call, log), port)
        self._cdn = SiteServer(Site(self._state, cdn.find_call, cdn.answer_call, log), 0)
        self._state.cdn_url = self.cdn_url

    def __enter__(self) -> "Emulator":
        self._state.workshop.open()
        self._api.start()
        self._cdn.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._state.closing.set()
        self._state.workshop.close()
        self._api.stop()
        self._cdn.stop()

    def fault(self, name: str, fault: Fault, times: int | None = 1, after: int = 0) -> None:
        """Order `fault` for `times` calls of `name` (None: for all), after the next `after` calls of that name.

        Raises:
            ValueError: there is no such call, or the fault makes no sense for it.
        """
        self._state.faults.order(name, fault, times, after)

    def heal(self, name: str) -> None:
        """Forget the faults that are ordered for calls of `name`."""
        self._state.faults.forget(name)

    @property
    def job_seconds(self) -> float:
        """How long a job takes that is submitted from now on."""
        return self._state.job_seconds

    @job_seconds.setter
    def job_seconds(self, seconds: float) -> None:
        self._state.job_seconds = seconds

    def limit_jobs(self, limit: int) -> None:
        """Let so many jobs run at the same time from now on."""
        self._state.service = replace(self._state.service, job_limit=limit)

    @property
    def subject(self) -> bytes | None:
        """The GLB of what the pictures show: the models of jobs submitted from now on are made of it.

        One mesh with UVs and textures. None: nobody has given one, and models are reliefs of the picture.
        """
        return self._state.subject

    @subject.setter
    def subject(self, glb: bytes | None) -> None:
        self._state.subject = glb

    @property
    def url(self) -> str:
        """The base address of the API, with `/v1` and no slash at the end."""
        return f"http://{LOOPBACK}:{self._api.server_port}/v1"

    @property
    def cdn_url(self) -> str:
        """The address of the host that the signed addresses are on."""
        return f"http://{LOOPBACK}:{self._cdn.server_port}"

    @property
    def key(self) -> str:
        """The API key that is valid."""
        return self._state.key

    @property
    def secret(self) -> str:
        """The secret that belongs to the key."""
        return self._state.secret

    @property
    def calls(self) -> Counter[str]:
        """How often each call came in, by name, the refused ones and those with a fault too."""
        return self._state.calls

    @property
    def paid(self) -> int:
        """How many submits were accepted, each of which would have cost compute units."""
        return self._state.paid

    @property
    def leaked_credentials(self) -> int:
        """How many calls brought credentials of the API to the CDN."""
        return self._state.leaked_credentials

    @property
    def jobs(self) -> dict[str, JobRecord]:
        """The jobs by id, oldest first. It grows with each submit, so copy it to go through it meanwhile."""
        return self._state.jobs

    @property
    def assets(self) -> dict[str, AssetRecord]:
        """The assets by id, oldest first. It grows with each job, so copy it to go through it meanwhile."""
        return self._state.assets
