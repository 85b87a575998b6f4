# SPDX-License-Identifier: GPL-3.0-or-later
"""Download the model into a `.part` file, continue where it broke off, and rename it once it is whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import requests

from ..errors import ModelFileError, PassingError, RefusedError, Remedy, storage_error
from ..files import rename
from ..model.glb import check_glb
from ..request.service import Asset, Wait
from .http import ANSWER_SECONDS, CONNECT_SECONDS, PASSING, error_for, raise_for_connection

CHUNK_BYTES = 256 * 1024
MODEL_BYTES_MAXIMUM = 4 * 1024**3  # a GLB's length is a 32-bit number (glTF 2.0 §4.4.2)
PARTIAL = 206
RANGE_NOT_SATISFIABLE = 416


def download(
    session: requests.Session, asset: Asset, target: Path, wait: Wait, progress: Callable[[float], None]
) -> None:
    """Download the asset to `target`, whole. The session carries no key: the address is on another host.

    `progress` is called with 0 to 1. Raises PassingError (the bytes received so far are kept), ModelFileError,
    StorageError, and RefusedError if the host refuses the address, as when it has expired.
    """
    part, origin = target.with_name(target.name + ".part"), target.with_name(target.name + ".origin")
    try:
        _fetch(session, asset, part, origin, wait, progress)
        try:
            check_glb(part)
        except ModelFileError:
            part.unlink()
            raise
        rename(part, target)
        origin.unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, requests.RequestException):  # an OSError too, but one of the network
            raise_for_connection(error)
        raise storage_error("save the model", error) from error


def _fetch(
    session: requests.Session,
    asset: Asset,
    part: Path,
    origin: Path,
    wait: Wait,
    progress: Callable[[float], None],
) -> None:
    have, tag = _continuation(part, origin, asset.id)
    headers = {"Range": f"bytes={have}-", "If-Range": tag} if have else {}
    headers["Accept-Encoding"] = "identity"  # so that lengths and ranges count the file's own bytes
    with session.get(asset.url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, ANSWER_SECONDS)) as response:
        if response.status_code == RANGE_NOT_SATISFIABLE:
            part.unlink()
            raise PassingError("The download could not be continued.")
        _raise_for_file_host(response)
        if response.status_code != PARTIAL:
            have = 0
            part.unlink(missing_ok=True)  # first, so that the new tag never stands beside the old bytes
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            part.unlink()
            raise PassingError("The download could not be continued.")
        length = _length(response, have)
        tag = response.headers.get("ETag", "")
        origin.write_text(json.dumps({"asset": asset.id, "etag": tag}), encoding="utf-8")
        with part.open("ab" if have else "wb") as file:
            for chunk in response.iter_content(CHUNK_BYTES):
                file.write(chunk)
                have += len(chunk)
                if have > MODEL_BYTES_MAXIMUM:
                    raise ModelFileError(
                        "The model's file is larger than a GLB can be. Press Retry to download it again."
                    )
                if length:
                    progress(min(1.0, have / length))
                if not wait(0):
                    raise PassingError("The download was stopped.")
            file.flush()
            os.fsync(file.fileno())
    if length is not None and have != length:
        raise PassingError("The download broke off.")


def _raise_for_file_host(response: requests.Response) -> None:
    """Raise RefusedError if the file host refuses the address, whatever the status, or PassingError if it fails.

    The host knows nothing of keys or credits, and its text is XML.
    """
    status = response.status_code
    if 400 <= status < 500 and status not in PASSING:
        raise RefusedError(f"Scenario's file host refuses the download ({status}). Try again.", remedy=Remedy.RETRY)
    if not 200 <= status < 300:
        raise error_for(status, response.headers, {})


def _continuation(part: Path, origin: Path, asset_id: str) -> tuple[int, str]:
    """Return how many bytes of this very asset are on disk, and the tag they belong to; 0 without a strong tag."""
    try:
        data = json.loads(origin.read_text(encoding="utf-8"))
        tag = str(data["etag"])
        is_same = data["asset"] == asset_id and tag and not tag.startswith("W/")  # RFC 9110 §13.1.5
        return (part.stat().st_size, tag) if is_same else (0, "")
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return 0, ""


def _length(response: requests.Response, have: int) -> int | None:
    """Return the whole file's length in bytes; None if the server does not say."""
    text = response.headers.get("Content-Length", "")
    return have + int(text) if text.isdigit() else None
