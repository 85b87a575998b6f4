# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated CDN and upload storage: signed addresses on a host of their own, where no API key belongs."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from .faults import Fault
from .messages import Answer, RefusedError, Request, raw_answer, xml_answer
from .model.workshop import make
from .state import State

_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
_ROUTES = (
    ("GET", re.compile(r"/assets/([^/]+)(?:/[^/]+)?$"), "download"),
    ("HEAD", re.compile(r"/assets/([^/]+)(?:/[^/]+)?$"), "download"),
    ("PUT", re.compile(r"/uploads/([^/]+)/([0-9]{1,5})$"), "upload_part"),
)
_CODES = {400: "InvalidArgument", 403: "AccessDenied", 404: "NoSuchKey"}


def find_call(method: str, path: str, query: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the name of the call to the CDN and the ids in its path; "unknown" if there is no such call."""
    for route_method, pattern, name in _ROUTES:
        match = pattern.match(path) if method == route_method else None
        if match:
            return name, tuple(unquote(group) for group in match.groups())
    return "unknown", ()


def answer_call(state: State, request: Request, fault: Fault) -> Answer:
    """Return the answer of the CDN; errors are XML. Credentials of the API are refused (400) and counted."""
    if _carries_credentials(state, request):
        with state.lock:
            state.leaked_credentials += 1
        return xml_answer(400, "InvalidArgument", "Only one auth mechanism allowed")
    calls: Mapping[str, Callable[[State, Request, Fault], Answer]] = {
        "download": _download,
        "upload_part": _upload_part,
    }
    try:
        if request.name not in calls:
            raise RefusedError(404, "No such key")
        state.check_signature(unquote(request.path), request.query)
        return calls[request.name](state, request, fault)
    except RefusedError as refusal:
        return xml_answer(refusal.status, _CODES[refusal.status], refusal.reason)


def _carries_credentials(state: State, request: Request) -> bool:
    if "authorization" in request.headers:
        return True
    basic = base64.b64encode(f"{state.key}:{state.secret}".encode()).decode()
    sent = [*request.headers.values(), *request.query.values()]
    return any(secret in value for value in sent for secret in (state.secret, basic) if secret)


def _upload_part(state: State, request: Request, fault: Fault) -> Answer:
    upload_id, number = request.ids[0], int(request.ids[1])
    with state.lock:
        upload = state.uploads.get(upload_id)
        if upload is None or not 1 <= number <= len(upload.part_urls):
            raise RefusedError(404, "No such upload part")
        upload.parts[number] = request.body
    return Answer(200, b"", {"ETag": _etag(request.body)})


def _download(state: State, request: Request, fault: Fault) -> Answer:
    with state.lock:
        asset = state.assets.get(request.ids[0])
    if asset is None:
        raise RefusedError(404, "No such asset")
    body = make(asset.order).glb if asset.order else asset.data
    if fault.glb == "truncated":
        body = body[: len(body) * 6 // 10]
    elif fault.glb == "corrupt":
        # The JSON chunk begins at byte 20 (glTF 2.0 §4.4): its length and the magic stay right, its text does not.
        body = body[:20] + bytes(byte ^ 0x5A for byte in body[20:84]) + body[84:]
    return _ranged(body, asset.mime_type, request)


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _ranged(body: bytes, mime_type: str, request: Request) -> Answer:
    """Return all of `body` or the one range asked for (RFC 9110 §14); several ranges are ignored, as is allowed."""
    etag = _etag(body)
    whole = raw_answer(200, body, mime_type).with_headers({"ETag": etag, "Accept-Ranges": "bytes"})
    match = _RANGE.match(request.headers.get("range", "").replace(" ", ""))
    if not match or not any(match.groups()) or request.headers.get("if-range", etag) != etag:
        return whole
    first, last = match.groups()
    if first:
        start, stop = int(first), min(int(last) + 1 if last else len(body), len(body))
        if last and int(last) < int(first):
            return whole
    else:
        start, stop = max(0, len(body) - int(last)), len(body)
    if start >= len(body) or stop <= start:
        return xml_answer(416, "InvalidRange", "The range is outside of the file").with_headers(
            {"Content-Range": f"bytes */{len(body)}", "Accept-Ranges": "bytes"}
        )
    part = raw_answer(206, body[start:stop], mime_type)
    span = f"bytes {start}-{stop - 1}/{len(body)}"
    return part.with_headers({"ETag": etag, "Accept-Ranges": "bytes", "Content-Range": span})
