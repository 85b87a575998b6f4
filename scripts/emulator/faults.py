# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a test orders for the next calls, and who gets them.

A fault belongs to a call name (`CALL_NAMES`), to a number of calls, and optionally begins only after some calls.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from .messages import Answer, html_answer, json_answer, raw_answer

CALL_NAMES = (
    "upload",
    "upload_start",
    "upload_part",
    "upload_action",
    "upload_status",
    "model",
    "dry_run",
    "submit",
    "job",
    "jobs",
    "cancel",
    "asset",
    "download",
)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call. The empty fault changes nothing; several fields combine.

    A `status` answers in place of the call: nothing is acted upon. `close="before"` reads the request, does not
    act and says nothing; `"middle"` acts and breaks off halfway through the body; `"after"` acts and says
    nothing, so a submit is accepted and paid although its caller never hears of it. `silence` is the same without
    the end: the connection stays open, and nothing comes until the caller goes away.
    """

    delay: float = 0.0
    """Seconds before the call is looked at; a caller who has gone by then is served all the same."""
    until: threading.Event | None = None
    """The call is looked at once this is set; a caller who has gone by then is served all the same."""
    status: int | None = None
    retry_after: str | None = None
    """The `Retry-After` header as it is sent: seconds or an HTTP date (RFC 9110 §10.2.3)."""
    remaining_seconds: float | None = None
    """`remainingSeconds` in the error's JSON body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """More headers for the answer, error or not."""
    body: str | None = None
    """The answer's whole body in place of the usual JSON, sent as it is."""
    html: bool = False
    """An HTML page as a gateway would send it, in place of JSON."""
    acted: bool = False
    """Together with a `status` or `body`: the call is acted upon first. So answers a gateway that gave up waiting."""
    details: Mapping[str, object] = field(default_factory=dict)
    """`details` in the error's JSON body, as `{"actionName": …, "actionLimit": …}` comes with a 429."""
    close: Literal["before", "middle", "after"] | None = None
    silence: Literal["before", "middle", "after"] | None = None
    trickle: float = 0.0
    """Seconds of pause before each chunk of the body: one byte, or 16 KiB of a download."""
    job: Literal["fails", "never_ends"] | None = None
    """For submit: how the accepted job goes on."""
    hint: str = ""
    """For `job="fails"`: the advice in the job's `metadata.hint`."""
    expired: bool = False
    """For asset: the URL it names has expired already."""
    glb: Literal["truncated", "corrupt"] | None = None
    """For download: wrong bytes, sent with the right Content-Length for them."""
    lag: float = 0.0
    """For jobs: seconds for which a new job does not show in the listing."""


NO_FAULT = Fault()
_ONLY_FOR = {"job": "submit", "expired": "asset", "glb": "download", "lag": "jobs"}


@dataclass
class _Order:
    fault: Fault
    after: int
    times: int | None


class FaultBook:
    """The ordered faults, by call name. Safe to use from several threads."""

    def __init__(self) -> None:
        self._orders: dict[str, list[_Order]] = {name: [] for name in CALL_NAMES}
        self._lock = threading.Lock()

    def order(self, name: str, fault: Fault, times: int | None = 1, after: int = 0) -> None:
        """Give `fault` to `times` calls of `name` (None: to all), beginning after the next `after` calls.

        Orders for the same call are served in the order in which they came.

        Raises:
            ValueError: no such call, none left to give it to, or a field of the fault means nothing to that call.
        """
        if after < 0 or (times is not None and times < 1):
            raise ValueError(f"times={times} and after={after} leave no call to give the fault to")
        if name not in self._orders:
            raise ValueError(f"no call named {name!r}; the calls are {', '.join(CALL_NAMES)}")
        for field_name, only_for in _ONLY_FOR.items():
            if getattr(fault, field_name) and name != only_for:
                raise ValueError(f"Fault.{field_name} is for {only_for}, not for {name}")
        if fault.acted and fault.status is None and fault.body is None:
            raise ValueError("Fault.acted is for a fault that answers in place of the call")
        with self._lock:
            self._orders[name].append(_Order(fault, after, times))

    def forget(self, name: str) -> None:
        """Give no more faults to calls of `name`."""
        with self._lock:
            self._orders[name].clear()

    def take(self, name: str) -> Fault:
        """Return the fault for one call of `name` and use it up; the empty fault when none is due."""
        with self._lock:
            orders = self._orders.get(name, [])
            due = next((order for order in orders if order.after == 0), None)
            for order in orders:
                order.after = max(0, order.after - 1)
            if due is None:
                return NO_FAULT
            if due.times is not None:
                due.times -= 1
                if due.times <= 0:
                    orders.remove(due)
            return due.fault


def error_answer(fault: Fault) -> Answer:
    """Return the answer for a fault that has a `status` or a `body` (status 200 if it has only a body)."""
    status = fault.status or HTTPStatus.OK
    if fault.body is not None:
        answer = raw_answer(status, fault.body.encode("utf-8"), "text/html" if fault.html else "application/json")
    elif fault.html:
        answer = html_answer(status)
    else:
        payload: dict[str, object] = {"reason": _reason(status)}
        if fault.remaining_seconds is not None:
            payload["remainingSeconds"] = fault.remaining_seconds
        if fault.details:
            payload["details"] = dict(fault.details)
        answer = json_answer(status, payload)
    if fault.retry_after is not None:
        answer = answer.with_headers({"Retry-After": fault.retry_after})
    return answer


def _reason(status: int) -> str:
    known = {
        401: "The API key is not valid",
        402: "Not enough compute units",
        403: "The plan does not allow this",
        404: "Not found",
        429: "Too many requests",
        500: "Internal error",
        502: "Bad gateway",
        503: "Temporarily unavailable",
    }
    return known.get(status, f"Status {status}")
