# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes over the wire, without the wire: a request, an answer, and a refusal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from http import HTTPStatus

DRY_RUN_STATUS = 269
"""The status Scenario gives to an estimate in place of the call (scenario-sdk, `GenerateRunModelParams.dry_run`)."""


@dataclass(frozen=True)
class Request:
    """One call: its name, the ids from its path, and what came with it. Header names are lower case."""

    method: str
    name: str
    ids: tuple[str, ...]
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """One answer: `body` is complete; Content-Length is added when it is sent."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> "Answer":
        """Return the same answer with `headers` added, which win over those of the same name."""
        return replace(self, headers={**self.headers, **headers})


class RefusedError(Exception):
    """A call that is refused: HTTP `status`, and the `reason` and `details` that the body gives."""

    def __init__(self, status: int, reason: str, details: Mapping[str, object] | None = None) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason
        self.details = details


def raw_answer(status: int, body: bytes, content_type: str) -> Answer:
    """Return an answer with `body` as it is."""
    return Answer(status, body, {"Content-Type": content_type})


def json_answer(status: int, payload: Mapping[str, object]) -> Answer:
    """Return an answer with `payload` as JSON."""
    return raw_answer(status, json.dumps(payload).encode("utf-8"), "application/json")


def html_answer(status: int) -> Answer:
    """Return the page of a gateway in front of the API: HTML, no JSON anywhere."""
    title = f"{status} {phrase(status)}"
    page = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>\n"
    return raw_answer(status, page.encode("utf-8"), "text/html")


def xml_answer(status: int, code: str, message: str) -> Answer:
    """Return an error in the form of a storage service or CDN: XML with a code and a message."""
    page = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    )
    return raw_answer(status, page.encode("utf-8"), "application/xml")


def phrase(status: int) -> str:
    """Return the reason phrase for an HTTP status; "Dry Run" for Scenario's own 269."""
    if status == DRY_RUN_STATUS:
        return "Dry Run"
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def parse_json_object(body: bytes) -> dict[str, object]:
    """Return the JSON object in `body`.

    Raises:
        RefusedError: 400, it is not JSON in UTF-8, or not an object.
    """
    try:
        payload = json.loads(body.decode("utf-8"))
    except ValueError as error:
        raise RefusedError(400, f"The body is not JSON: {error}") from error
    if not isinstance(payload, dict):
        raise RefusedError(400, "The body must be a JSON object")
    return payload
