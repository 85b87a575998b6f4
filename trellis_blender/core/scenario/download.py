# SPDX-License-Identifier: GPL-3.0-or-later
"""Download the model into a `.part` file, continue where it broke off, and rename it once it is whole."""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urljoin

import requests

from ..errors import InTheWayError, ModelFileError, PassingError, RefusedError, Remedy, Text, as_storage_error
from ..files import append_own, check_free, check_plain, clear, new_own, open_own, read_own, rename
from ..model.glb import check_glb
from ..request.service import MODEL_BYTES_MAXIMUM, Asset, Wait
from ..text import redacted
from .connection import Session
from .http import PASSING, error_for, one_call

CHUNK_BYTES = 256 * 1024
PACKED_BYTES = 8192  # at a time, of a body that may be a thousand times larger once it is unpacked
HEADER_BYTES = 12  # of a GLB (glTF 2.0 §4.4.2)
CHUNK_SECONDS = 90.0  # for the answer's header, and for each chunk: 3 kB/s is the slowest line that we wait for
REDIRECTS_MAXIMUM = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PARTIAL = 206
RANGE_NOT_SATISFIABLE = 416
# A strong entity tag (RFC 9110 §8.8.3). Anything else could not be sent back as it came.
_STRONG_TAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')


def download(
    session: Session,
    asset: Asset,
    target: Path,
    wait: Wait,
    progress: Callable[[float], None],
    most: int = MODEL_BYTES_MAXIMUM,
) -> None:
    """Download the asset to `target`, whole. The session carries no key: the address is on another host.

    `progress` is called with 0 to 1. `most`: bytes.

    Raises PassingError (the bytes received so far are kept), ModelFileError, StorageError, and RefusedError if the host
    refuses the address, as when it has expired.
    """
    part, origin = target.with_name(target.name + ".part"), target.with_name(target.name + ".origin")
    with as_storage_error("save the model"):
        for path in (part, origin, target):
            check_free(path)
        have, tag = _continuation(part, origin, asset.id)
        headers = {"Range": f"bytes={have}-", "If-Range": tag} if have else {}
        headers["Accept-Encoding"] = "identity"  # so that lengths and ranges count the file's own bytes
        with closing(_opened(session, asset.url, headers)) as response:
            have = _checked(response, part, have)
            if (_length(response, have) or 0) > most:
                raise _above(most)
            with new_own(origin) as file:
                file.write(json.dumps({"asset": asset.id, "etag": _tag(response, session.secrets)}).encode())
            _save(session, response, part, have, wait, progress, most)
        try:
            check_glb(part)
        except ModelFileError:
            part.unlink()
            raise
        rename(part, target)
        origin.unlink(missing_ok=True)


def _opened(session: Session, address: str, headers: dict[str, str]) -> requests.Response:
    """Return the answer, after a few redirects at most. Their bodies are not read. Raises PassingError."""
    for _ in range(REDIRECTS_MAXIMUM + 1):
        session.check(address)
        with one_call(session.connections, CHUNK_SECONDS):
            prepared = session.prepare_request(requests.Request("GET", address, headers=headers))
            response = session.exchange(prepared)
        place = response.headers.get("Location", "")
        if response.status_code not in REDIRECTS or not place:
            return response
        response.close()
        try:
            address = urljoin(address, place)
        except ValueError:
            address = ""
    raise PassingError("Scenario's file host sends the download in circles.")


def _checked(response: requests.Response, part: Path, have: int) -> int:
    """Return behind how many bytes of the part the answer's body belongs. Raises an error if it is not the model."""
    is_continued = response.headers.get("Content-Range", "").startswith(f"bytes {have}-") and not _is_packed(response)
    is_partial = response.status_code == PARTIAL
    if response.status_code == RANGE_NOT_SATISFIABLE or (is_partial and not is_continued):
        part.unlink(missing_ok=True)
        raise PassingError("The download could not be continued.")
    _raise_for_file_host(response)
    if is_partial:
        return have
    clear(part)  # first, so that the new tag never stands beside the old bytes
    return 0


def _save(
    session: Session,
    response: requests.Response,
    part: Path,
    have: int,
    wait: Wait,
    progress: Callable[[float], None],
    most: int,
) -> None:
    """Write the answer's body behind the `have` bytes of the part. Raises OSError for the disk alone."""
    length, beginning = _length(response, have), b""
    if have:
        with open_own(part) as file:
            beginning = file.read(HEADER_BYTES)
    with append_own(part) if have else new_own(part) as file:
        for chunk in _chunks(session, response):
            beginning += chunk[: HEADER_BYTES - len(beginning)]
            have += len(chunk)
            if have > most:
                raise _above(most)
            if have > _announced(beginning):  # its header says how long it is, even where the server does not
                raise ModelFileError("The model's file is larger than it should be. Press Retry to download it again.")
            file.write(chunk)
            if length:
                progress(min(1.0, have / length))
            if not wait(0):
                raise PassingError("The download was stopped.")
        file.flush()
        os.fsync(file.fileno())
    if length is not None and have != length:
        raise PassingError("The download broke off.")


def _chunks(session: Session, response: requests.Response) -> Iterator[bytes]:
    """Yield the body in large chunks. Raises PassingError if it does not come, or comes too slowly."""
    # which may be single bytes, if the server sends them so
    parts = response.iter_content(PACKED_BYTES if _is_packed(response) else CHUNK_BYTES)
    while True:
        chunk, part, failure = bytearray(), b"", None
        try:
            with one_call(session.connections, CHUNK_SECONDS):
                while len(chunk) < CHUNK_BYTES and (part := next(parts, b"")):
                    chunk += part
        except PassingError as error:
            failure = error
        if chunk:
            yield bytes(chunk)
        if failure is not None:
            raise failure
        if not part:
            return


def _announced(beginning: bytes) -> int:
    """Return the most bytes to take of a file that begins so: a GLB's header names its length (glTF 2.0 §4.4.2).

    What is no GLB may go on for a little, so that it can be looked at, but not for ever.
    """
    if beginning[:4] != b"glTF" or len(beginning) < HEADER_BYTES:
        return CHUNK_BYTES * 4
    (length,) = struct.unpack_from("<I", beginning, 8)
    return int(length) + CHUNK_BYTES


def _above(most: int) -> ModelFileError:
    sentence = (
        "The model's file is larger than {megabytes} MB. Change Largest Download in the preferences, then try again."
    )
    return ModelFileError(Text(sentence, megabytes=f"{most / 1024**2:,.0f}"), remedy=Remedy.PREFERENCES)


def _is_packed(response: requests.Response) -> bool:
    """Return whether the body comes compressed although we did not ask for that. Its lengths and ranges say little."""
    return response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity")


def _tag(response: requests.Response, secrets: Collection[str]) -> str:
    """Return the answer's tag, with which the download may be continued; empty if it has none of use.

    It is kept in a file, so it must hold no secret either.
    """
    tag = response.headers.get("ETag", "")
    is_safe = _STRONG_TAG.fullmatch(tag) and redacted(tag, secrets) == tag
    return tag if is_safe and not _is_packed(response) else ""


def _raise_for_file_host(response: requests.Response) -> None:
    """Raise RefusedError if the file host refuses the address, whatever the status, or PassingError if it fails.

    The host knows nothing of keys or credits, and its text is XML.
    """
    status = response.status_code
    if 400 <= status < 500 and status not in PASSING:
        sentence = "Scenario's file host refuses the download ({status}). Try again."
        raise RefusedError(Text(sentence, status=status), remedy=Remedy.RETRY)
    if not 200 <= status < 300:
        raise error_for(status, response.headers, {})


def _continuation(part: Path, origin: Path, asset_id: str) -> tuple[int, str]:
    """Return how many bytes of this very asset are on disk, and the tag they belong to; 0 without a strong tag."""
    try:
        data = json.loads(read_own(origin).decode("utf-8"))
        tag = str(data["etag"])
        is_same = data["asset"] == asset_id and _STRONG_TAG.fullmatch(tag)  # RFC 9110 §13.1.5
        status = part.lstat()
        check_plain(part, status)
        return (status.st_size, tag) if is_same else (0, "")
    except (FileNotFoundError, InTheWayError, ValueError, KeyError, TypeError, RecursionError):
        return 0, ""


def _length(response: requests.Response, have: int) -> int | None:
    """Return the whole file's length in bytes; None if the server does not say."""
    text = "" if _is_packed(response) else response.headers.get("Content-Length", "")
    return have + int(text[:18]) if text.isascii() and text.isdigit() else None
