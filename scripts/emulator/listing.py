# SPDX-License-Identifier: GPL-3.0-or-later
"""`GET /jobs`: filters, order and pages, by the rules in scenario-sdk 2.4.0, `types/job_list_params.py`."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from .messages import RefusedError
from .records import ENDED, STEPS, JobRecord, Service, iso, iso_text

_SHOWN_SECONDS = 30 * 24 * 3600
_STATUSES = (*(status for status, _ in STEPS), *ENDED)
_TYPES = frozenset(
    [
        "assets-download",
        "model-training",
        "flux-model-training",
        "musubi-model-training",
        "inference",
        "pixelate",
        "embed",
        "remove-background",
        "vectorize",
        "canvas-export",
        "image-generation",
        "image-prompt-editing",
        "caption",
        "generate-prompt",
        "describe-style",
        "translate",
        "detection",
        "restyle",
        "repaint",
        "reframe",
        "segment",
        "skybox-base-360",
        "skybox-upscale-360",
        "skybox-hdri",
        "skybox-3d",
        "texture",
        "upscale",
        "upscale-skybox",
        "upscale-texture",
        "flux",
        "openai-image-generation",
        "upload",
        "custom",
        "splat",
        "mesh-preview-rendering",
        "workflow",
    ]
)


def list_jobs(
    jobs: Iterable[JobRecord], query: Mapping[str, str], service: Service, now: float, lag: float = 0
) -> dict[str, object]:
    """Return one page of the jobs that are `lag` seconds old, as `{"jobs": […], "nextPaginationToken"?}`.

    With a status, type or workflow the latest update comes first, else the latest creation. Without a date, the jobs of
    the last 30 days are shown.

    Raises:
        RefusedError: 400, a filter is unknown, malformed, or not allowed together with another.
    """
    by_update = any(name in query for name in ("status", "type", "types", "workflowId"))
    _check_dates(query, by_update=by_update)
    wanted_status = query.get("status")
    if wanted_status is not None and wanted_status not in _STATUSES:
        raise RefusedError(400, '"status" is not the status of a job')
    after = _date(query, "updatedAfter" if by_update else "createdAfter") or iso(now - _SHOWN_SECONDS)
    if not _asks_for_ours(query):
        return {"jobs": []}
    found = []
    for job in list(jobs):
        date = iso(job.progress(service)[1] if by_update else job.created)
        if job.created <= now - lag and date > after and wanted_status in (None, job.status):
            found.append((date, job.id, job))
    # Jobs of the same millisecond need an order, too, or a page might begin anywhere among them.
    found.sort(key=lambda row: row[:2], reverse=True)
    return _page(found, query, service)


def _check_dates(query: Mapping[str, str], *, by_update: bool) -> None:
    if by_update and "createdAfter" in query:
        raise RefusedError(400, '"createdAfter" is not allowed with "status", "type", "types" or "workflowId"')
    if not by_update and "updatedAfter" in query:
        raise RefusedError(400, '"updatedAfter" is only allowed with "status", "type", "types" or "workflowId"')


def _date(query: Mapping[str, str], name: str) -> str | None:
    """Return the date in the form that the JSON has, in which dates sort as text."""
    text = query.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise RefusedError(400, f'"{name}" is not a date in ISO 8601') from error
    return iso_text(moment)


def _asks_for_ours(query: Mapping[str, str]) -> bool:
    """Tell whether the filters by type and workflow let the emulator's jobs through: custom, of no workflow."""
    types = query.get("types", query.get("type"))
    asked = types.split(",") if types is not None else ["custom"]
    if not _TYPES.issuperset(asked):
        raise RefusedError(400, f'"types" has an unknown type: {types}')
    return "custom" in asked and "workflowId" not in query


def _page(found: list[tuple[str, str, JobRecord]], query: Mapping[str, str], service: Service) -> dict[str, object]:
    size = _page_size(query)
    if "paginationToken" in query:
        last_seen = _parse_token(query["paginationToken"])
        found = [row for row in found if row[:2] < last_seen]
    page: dict[str, object] = {"jobs": [job.to_json(service, listed=True) for _, _, job in found[:size]]}
    if len(found) > size:
        token = json.dumps(found[size - 1][:2]).encode("utf-8")
        page["nextPaginationToken"] = base64.urlsafe_b64encode(token).decode("ascii")
    return page


def _page_size(query: Mapping[str, str]) -> int:
    text = query.get("pageSize", "50")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 100):
        raise RefusedError(400, '"pageSize" must be a whole number from 1 to 100')
    return int(text)


def _parse_token(token: str) -> tuple[str, str]:
    try:
        date, job_id = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
    except (binascii.Error, ValueError, TypeError) as error:
        raise RefusedError(400, '"paginationToken" is not one of ours') from error
    return str(date), str(job_id)
