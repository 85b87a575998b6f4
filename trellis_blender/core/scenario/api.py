# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario's API, as far as one generation needs it: plain values in, plain values out."""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from ..errors import (
    AnswerLostError,
    DryRunIgnoredError,
    LongAnswerError,
    PassingError,
    RefusedError,
    Remedy,
    Text,
    TooLargeError,
    advised,
    as_storage_error,
)
from ..files import open_own, read_own
from ..request.account import Account
from ..request.models import MODELS, HostedModel
from ..request.parameters import Value
from ..request.service import Asset, RemoteJob, ServiceModel, Wait
from ..text import number as _number
from .connection import Connections, Session
from .download import download
from .http import DRY_RUN_STATUS, PICTURE_SECONDS, Caller, Json, error_for, one_call, own_words

JOBS_PER_PAGE = (100, 20, 4, 1)  # fewer if the answer is too long
# Larger pictures go in parts, by `POST /uploads`. `POST /assets` was seen to refuse (413) above 4 MB; Scenario's own
# plug-in stops at this size.
SMALL_PICTURE_BYTES = 3_500_000
IMPORT_LOOKS = 600
IMPORT_SECONDS = 900.0
PART_BYTES = 5 * 1024 * 1024
GLB_TYPE = "model/gltf-binary"
# What a server may tell us at most.
ID_MAXIMUM = 300  # characters of an ID, a status, a date
TOKEN_MAXIMUM = 8000  # characters of a page's token, which travels in an address
ASSETS_MAXIMUM = 50  # files of one job
COST_MAXIMUM = 1e6  # compute units
SECONDS_MAXIMUM = 7 * 24 * 3600.0  # that a job takes


class Scenario(Connections):
    """The way to Scenario, for all threads of a runner: a `Connector`. `agent`: the User-Agent of its calls."""

    def __init__(self, agent: str) -> None:
        super().__init__()
        self._agent = agent

    def connect(self, account: Account) -> Api:
        return Api(account, self, self._agent)


class Api:
    """The calls, for one account and one thread, as `Service` describes them."""

    def __init__(self, account: Account, connections: Connections, agent: str) -> None:
        self._caller = Caller(account, connections, agent)
        # without the key, for hosts that are not Scenario's own
        self._files = Session(connections, agent, account.address)
        self._files.secrets = account.traces

    def check(self, model: HostedModel) -> ServiceModel:
        told = _mapping(self._caller.call("GET", f"/models/{model.id}").get("model"))
        tags = told.get("tags")
        texts = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
        replacements = (tag.partition(":")[2] for tag in texts if tag.partition(":")[0] == "deprecated")
        return ServiceModel(str(told.get("name") or model.name), next(replacements, None))

    def upload(self, path: Path, name: str, media_type: str, wait: Wait) -> Asset:
        with as_storage_error("read the picture"):
            with open_own(path) as file:
                size = file.seek(0, os.SEEK_END)
            if size < SMALL_PICTURE_BYTES:
                image = base64.b64encode(read_own(path, SMALL_PICTURE_BYTES)).decode("ascii")
                with contextlib.suppress(TooLargeError):  # then send it in parts
                    return self._uploaded({"name": name, "image": image})
            return self._upload_in_parts(path, name, media_type, size, wait)

    def upload_hidden(self, name: str, picture: bytes) -> Asset:
        image = base64.b64encode(picture).decode("ascii")
        return self._uploaded({"name": name, "image": image, "hide": True})

    def _uploaded(self, body: Json) -> Asset:
        return _asset(self._caller.call("POST", "/assets", body, sends_picture=True))

    def price(self, model: HostedModel, image: str, parameters: Mapping[str, Value]) -> float | None:
        body = {"image": image, **model.to_wire(parameters)}
        status, data = self._caller.dry_run(f"/generate/custom/{model.id}", body)
        if status == DRY_RUN_STATUS:
            return _cost(data.get("creativeUnitsCost"))
        if status == 404:
            raise RefusedError("Scenario does not know the picture to ask the price with. Try again.", is_gone=True)
        if 200 <= status < 300:
            raise DryRunIgnoredError(_ordered(data))
        if status == 401:
            raise error_for(status, {}, data)
        return None

    def submit(
        self,
        model: HostedModel,
        image: str,
        parameters: Mapping[str, Value],
        may_leave: Callable[[], bool] = lambda: True,
    ) -> RemoteJob:
        body = {"image": image, **model.to_wire(parameters)}
        data = self._caller.call("POST", f"/generate/custom/{model.id}", body, paid=True, may_leave=may_leave)
        try:
            return _job(data, data.get("creativeUnitsCost"))
        except PassingError as error:
            raise AnswerLostError("Scenario's answer could not be read.") from error

    def job(self, job_id: str) -> RemoteJob:
        return _job(self._caller.call("GET", f"/jobs/{_part(job_id)}"))

    def jobs(self, updated_after: str, page: str = "") -> tuple[list[RemoteJob], str]:
        """Return one page, as `Service.jobs` says. A row that cannot be read is a job without an id."""
        for count in JOBS_PER_PAGE:
            query = {"types": "custom", "pageSize": count, "updatedAfter": updated_after}
            try:
                data = self._caller.call("GET", "/jobs", query={**query, "paginationToken": page} if page else query)
                break
            except LongAnswerError:
                if count == JOBS_PER_PAGE[-1]:
                    raise
        found, following = data.get("jobs"), data.get("nextPaginationToken")
        following = following if isinstance(following, str) else ""
        if not isinstance(found, list) or len(following) > TOKEN_MAXIMUM:
            raise PassingError("Scenario's list of jobs could not be read.")
        return [_row(item) for item in found], following

    def cancel(self, job_id: str) -> RemoteJob:
        return _job(self._caller.call("POST", f"/jobs/{_part(job_id)}/action", {"action": "cancel"}))

    def asset(self, asset_id: str) -> Asset:
        return _asset(self._caller.call("GET", f"/assets/{_part(asset_id)}"))

    def download(self, asset: Asset, target: Path, wait: Wait, progress: Callable[[float], None], most: int) -> None:
        download(self._files, asset, target, wait, progress, most)

    def _upload_in_parts(self, path: Path, name: str, media_type: str, size: int, wait: Wait) -> Asset:
        count = math.ceil(size / PART_BYTES)
        body = {"fileName": name, "contentType": media_type, "fileSize": size, "kind": "image", "parts": count}
        upload = _object(self._caller.call("POST", "/uploads", body, sends_picture=True), "upload")
        parts = upload.get("parts")
        if not isinstance(parts, list) or len(parts) != count or not all(map(_is_part, parts)):
            raise PassingError("Scenario's answer to the upload could not be read.")
        with open_own(path) as file:
            for part in sorted(parts, key=lambda part: float(part["number"])):
                if not wait(0):
                    raise PassingError("The upload was stopped.")
                self._send_part(part["url"], file.read(PART_BYTES))
        upload_id = _part(str(upload.get("id")))
        self._caller.call("POST", f"/uploads/{upload_id}/action", {"action": "complete"})
        return self._imported(upload_id, wait)

    def _send_part(self, url: str, data: bytes) -> None:
        """Send one part to the storage. That is another host: it gets the bytes and no key. Its words are not read."""
        self._files.check(url)
        with one_call(self._files.connections, PICTURE_SECONDS):
            prepared = self._files.prepare_request(requests.Request("PUT", url, data=data))
            with self._files.exchange(prepared) as response:
                status_code = response.status_code
        if not 200 <= status_code < 300:
            raise PassingError(Text("The picture could not be stored ({status}).", status=status_code))

    def _imported(self, upload_id: str, wait: Wait) -> Asset:
        """Return the asset that the parts became, once Scenario has joined them."""
        end = time.monotonic() + IMPORT_SECONDS
        for _ in range(IMPORT_LOOKS):
            if not wait(1.0):
                raise PassingError("The upload was stopped.")
            if time.monotonic() > end:
                break
            upload = _object(self._caller.call("GET", f"/uploads/{upload_id}"), "upload")
            status = str(upload.get("status"))
            if status == "failed":
                words = own_words({"error": upload.get("errorMessage")}) or "it gives no reason."
                said = Text("Scenario did not take the picture: {words}", words=words)
                raise RefusedError(advised(said, words, "{said} Choose another picture."), remedy=Remedy.PICTURE)
            entity = upload.get("entityId")
            if status == "imported" and isinstance(entity, str) and entity:  # the id may follow a moment later
                return self.asset(entity)
        raise PassingError("Scenario has not imported the picture.")


def _ordered(data: Json) -> str:
    """Return the sentence for a price request that was, or may have been, treated as an order."""
    job_id = _job_id(_mapping(data.get("job")))
    if not job_id:
        return (
            "Scenario's answer to the price request could not be read. "
            "Prices stay hidden until Blender is started again."
        )
    return Text(
        "Scenario treated the price request as an order, and may charge for the job {job_id}. Bring "
        "it in with Import by Job ID. Prices stay hidden until Blender is started again.",
        job_id=job_id,
    )


def _part(name: str) -> str:
    """Return an ID as a part of an address, so that it can lead nowhere else. Raises PassingError if it is none."""
    if not name.strip("."):
        raise PassingError("Scenario's answer could not be read.")
    return quote(name, safe="")


def _object(data: Json, name: str) -> Json:
    inner = data.get(name)
    if not isinstance(inner, Mapping):
        raise PassingError("Scenario's answer could not be read.")
    return inner


def _row(item: Any) -> RemoteJob:
    """Return a row of the listing; one that cannot be read has no id, and must not hide the others."""
    try:
        return _job({"job": item})
    except PassingError:
        return RemoteJob("", "", 0.0, None, (), "", None, "", has_input=False)


def _job(data: Json, cost: Any = None) -> RemoteJob:
    job = _object(data, "job")
    job_id = _job_id(job)
    if not job_id:
        raise PassingError("Scenario's answer could not be read.")
    metadata = _mapping(job.get("metadata"))
    submitted = _mapping(metadata.get("input"))
    models = [part.get("modelId") for part in (job, metadata, submitted)]
    asset_ids = metadata.get("assetIds")
    words = " ".join(filter(None, (own_words({"error": metadata.get(name)}) for name in ("error", "hint"))))
    return RemoteJob(
        id=job_id,
        status=_short(job.get("status")),
        progress=min(1.0, max(0.0, _number(job.get("progress")) or 0.0)),
        cost=_cost(_mapping(job.get("billing")).get("cuCost")) if cost is None else _cost(cost),
        asset_ids=tuple(map(_short, asset_ids[:ASSETS_MAXIMUM])) if isinstance(asset_ids, list) else (),
        image=_short(submitted.get("image")),
        seed=int(seed) if (seed := _number(submitted.get("seed"))) is not None else None,
        words=words,
        seconds=_seconds_between(job.get("createdAt"), job.get("updatedAt")),
        is_refunded=_mapping(job.get("billing")).get("disableRefund") is not True,
        created=_short(job.get("createdAt")),
        has_input=_is_readable(submitted),
        models=frozenset(model for model in models if isinstance(model, str) and model),
        text=json.dumps(job),
    )


def _job_id(job: Json) -> str:
    """Return the job's id: `jobId` by specification and SDK, `id` in Scenario's quick start; empty without one."""
    texts = (job.get(name) for name in ("jobId", "id"))
    return next((text for text in texts if isinstance(text, str) and 0 < len(text) <= ID_MAXIMUM), "")


def _short(value: Any) -> str:
    return str(value)[:ID_MAXIMUM] if isinstance(value, str | int | float) else ""


def _is_readable(submitted: Json) -> bool:
    """Return whether a submit's body tells which picture it was for: by an id, or by holding no field of our models."""
    image = submitted.get("image")
    if isinstance(image, str) and image:
        return "/" not in image  # an address does not identify an asset
    ours = {"image", "seed", *(parameter.wire for model in MODELS.values() for parameter in model.parameters)}
    return bool(submitted) and not ours & submitted.keys()


def _asset(data: Json) -> Asset:
    asset = _object(data, "asset")
    url, properties = str(asset.get("url") or ""), _mapping(asset.get("properties"))
    if not isinstance(asset.get("id"), str) or len(asset["id"]) > ID_MAXIMUM:
        raise PassingError("Scenario's answer could not be read.")
    is_glb = (
        asset.get("mimeType") == GLB_TYPE
        or url.split("?", maxsplit=1)[0].lower().endswith(".glb")
        or str(properties.get("format") or "").lower() == "glb"
    )
    return Asset(asset["id"], _short(asset.get("createdAt")), url, is_glb)


def _is_part(part: Any) -> bool:
    return _number(_mapping(part).get("number")) is not None and isinstance(part.get("url"), str)


def _mapping(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _seconds_between(first: Any, last: Any) -> float | None:
    """Return the seconds between two ISO 8601 dates; None if one is missing, is no date, or they are swapped."""
    try:
        seconds = (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds <= SECONDS_MAXIMUM else None


def _cost(value: Any) -> float | None:
    """Return the compute units; None if they are none that anybody could charge."""
    cost = _number(value)
    return cost if cost is not None and 0 <= cost <= COST_MAXIMUM else None
