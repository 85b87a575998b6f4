# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls of the API that the emulator answers. Paths and shapes: scenario-sdk 2.4.0, `resources/` and `types/`."""

import base64
import binascii
import hmac
import math
import random
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from .faults import Fault
from .inputs import INPUTS, MODEL_ID, MODELS, check_inputs, describe_inputs, price, whole
from .listing import list_jobs
from .messages import DRY_RUN_STATUS, Answer, RefusedError, Request, html_answer, json_answer, parse_json_object
from .model.order import Order, picture_type
from .model.workshop import Product, Task, make
from .records import ENDED, OWNER_ID, AssetRecord, JobRecord, UploadRecord, iso
from .state import State, new_id

_DATA_URL = re.compile(r"data:image/[a-z0-9.+-]+;base64,")
_MODEL_CREATED = 1_764_547_200.0

_ROUTES = (
    ("POST", re.compile(r"/v1/assets$"), "upload"),
    ("POST", re.compile(r"/v1/uploads$"), "upload_start"),
    ("POST", re.compile(r"/v1/uploads/([^/]+)/action$"), "upload_action"),
    ("GET", re.compile(r"/v1/uploads/([^/]+)$"), "upload_status"),
    ("GET", re.compile(r"/v1/models/([^/]+)$"), "model"),
    ("POST", re.compile(r"/v1/generate/custom/([^/]+)$"), "submit"),
    ("GET", re.compile(r"/v1/jobs/([^/]+)$"), "job"),
    ("GET", re.compile(r"/v1/jobs$"), "jobs"),
    ("POST", re.compile(r"/v1/jobs/([^/]+)/action$"), "cancel"),
    ("GET", re.compile(r"/v1/assets/([^/]+)$"), "asset"),
    ("GET", re.compile(r"/v1/me$"), "me"),
)


def find_call(method: str, path: str, query: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the name of the API call and the ids in its path; "unknown" if there is no such call."""
    for route_method, pattern, name in _ROUTES:
        match = pattern.match(path) if method == route_method else None
        if match:
            dry = name == "submit" and "dryRun" in query
            return "dry_run" if dry else name, tuple(unquote(group) for group in match.groups())
    return "unknown", ()


def answer_call(state: State, request: Request, fault: Fault) -> Answer:
    """Return the API's answer; a refusal is JSON with a `reason`. The credentials are looked at first."""
    try:
        _check_credentials(state, request)
        call = _CALLS.get(request.name)
        if call is None:
            raise RefusedError(404, f"There is no {request.method} {request.path}")
        with state.lock:
            return call(state, request, fault)
    except RefusedError as refusal:
        details = {"details": refusal.details} if refusal.details else {}
        answer = json_answer(refusal.status, {"reason": refusal.reason, **details})
        # RFC 9110 §15.5.2: a 401 names the scheme.
        return answer.with_headers({"WWW-Authenticate": "Basic"}) if refusal.status == 401 else answer


def _check_credentials(state: State, request: Request) -> None:
    expected = "Basic " + base64.b64encode(f"{state.key}:{state.secret}".encode()).decode()
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected.encode()):
        raise RefusedError(401, "The API key or its secret is not valid")


def _upload(state: State, request: Request, fault: Fault) -> Answer:
    body = parse_json_object(request.body)
    name, image = _text(body, "name"), _text(body, "image")
    try:
        data = base64.b64decode(_DATA_URL.sub("", image, count=1) if image[:5] == "data:" else image, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(400, f'"image" is not base64: {error}') from error
    if len(data) > state.service.largest_upload:
        if not state.service.explains_413:
            return html_answer(413)
        raise RefusedError(413, f'"image" has more than {state.service.largest_upload} bytes: use POST /uploads')
    asset = _add_picture(state, name, data)
    return json_answer(200, {"asset": asset.to_json(_asset_url(state, asset))})


def _add_picture(state: State, name: str, data: bytes) -> AssetRecord:
    mime_type = picture_type(data)
    if mime_type is None:
        raise RefusedError(400, '"image" is not a PNG, JPEG, WebP or GIF')
    asset = AssetRecord(new_id("asset"), name, mime_type, "image", data, state.clock())
    state.assets[asset.id] = asset
    return asset


def _asset_url(state: State, asset: AssetRecord, *, expired: bool = False) -> str:
    ending = "glb" if asset.kind == "3d" else asset.mime_type.removeprefix("image/")
    name = f"/{asset.id}.{ending}" if state.service.names_files else ""
    return state.signed_url(f"/assets/{asset.id}{name}", expired=expired)[0]


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise RefusedError(400, f'"{name}" is required and must be text')
    return value


def _count(body: Mapping[str, object], name: str, high: float = math.inf) -> int:
    value = body.get(name)
    # A bool is an int in Python, not in JSON.
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 or not 1 <= value <= high:
        raise RefusedError(400, f'"{name}" is required and must be a whole number, at least 1')
    return int(value)


def _upload_start(state: State, request: Request, fault: Fault) -> Answer:
    body = parse_json_object(request.body)
    if body.get("kind") != "image":
        raise RefusedError(400, '"kind" must be "image" here')
    upload_id = new_id("upload")
    signed = [
        state.signed_url(f"/uploads/{upload_id}/{number}") for number in range(1, _count(body, "parts", 10_000) + 1)
    ]
    upload = UploadRecord(
        id=upload_id,
        file_name=_text(body, "fileName"),
        content_type=_text(body, "contentType"),
        file_size=_count(body, "fileSize"),
        part_urls=tuple(url for url, _ in signed),
        expires=signed[0][1],
        created=state.clock(),
    )
    state.uploads[upload_id] = upload
    return json_answer(200, {"upload": upload.to_json(state.clock(), state.service)})


def _find_upload(state: State, request: Request) -> UploadRecord:
    upload = state.uploads.get(request.ids[0])
    if upload is None:
        raise RefusedError(404, f'There is no upload "{request.ids[0]}"')
    return upload


def _upload_action(state: State, request: Request, fault: Fault) -> Answer:
    upload = _find_upload(state, request)
    if parse_json_object(request.body).get("action") != "complete":
        raise RefusedError(400, '"action" must be "complete"')
    missing = [number for number in range(1, len(upload.part_urls) + 1) if number not in upload.parts]
    if missing:
        raise RefusedError(400, f"Part {missing[0]} has not been uploaded")
    if upload.completed is None:
        upload.completed = state.clock()
        data = b"".join(upload.parts[number] for number in sorted(upload.parts))
        upload.parts = dict.fromkeys(upload.parts, b"")
        if len(data) != upload.file_size:
            upload.error = f"The parts have {len(data)} bytes, not {upload.file_size}"
        else:
            try:
                upload.entity_id = _add_picture(state, upload.file_name, data).id
            except RefusedError as refusal:
                upload.error = refusal.reason
    return json_answer(200, {"upload": upload.to_json(state.clock(), state.service)})


def _upload_status(state: State, request: Request, fault: Fault) -> Answer:
    return json_answer(200, {"upload": _find_upload(state, request).to_json(state.clock(), state.service)})


def _model(state: State, request: Request, fault: Fault) -> Answer:
    model_id = _model_id(request)
    model = {
        "id": model_id,
        "name": "Trellis 2 (emulated)" if model_id == MODEL_ID else "Made up (emulated)",
        "type": "custom",
        "custom": True,
        "source": "other",
        "status": "trained",
        "privacy": "public",
        "capabilities": ["img23d"],
        "collectionIds": [],
        "exampleAssetIds": [],
        "tags": [f"deprecated:{replacement}"] if (replacement := state.service.replaced_by) else [],
        "trainingImagesNumber": 0,
        "ownerId": OWNER_ID,
        "createdAt": iso(_MODEL_CREATED),
        "updatedAt": iso(_MODEL_CREATED),
        "inputs": describe_inputs(model_id),
    }
    return json_answer(200, {"model": model})


def _model_id(request: Request) -> str:
    if request.ids[0] not in MODELS:
        raise RefusedError(404, f'There is no model "{request.ids[0]}"')
    return request.ids[0]


def _checked_body(state: State, request: Request) -> dict[str, object]:
    parameters = check_inputs(parse_json_object(request.body), MODELS[_model_id(request)])
    asset = state.assets.get(str(parameters["image"]))
    if asset is None or asset.kind != "image":
        raise RefusedError(404, f'There is no image "{parameters["image"]}"')
    return parameters


def _dry_run(state: State, request: Request, fault: Fault) -> Answer:
    parameters = _checked_body(state, request)
    if request.query["dryRun"] not in ("true", "api"):
        raise RefusedError(400, '"dryRun" must be "true" or "api"')
    return json_answer(DRY_RUN_STATUS, {"creativeUnitsCost": price(parameters), "creativeUnitsDiscount": 0})


def _submit(state: State, request: Request, fault: Fault) -> Answer:
    parameters = _checked_body(state, request)
    _check_limit(state)
    job = JobRecord(
        id=new_id("job"),
        input=parameters,
        cost=price(parameters),
        created=state.clock(),
        seconds=state.job_seconds,
        clock=state.clock,
    )
    state.jobs[job.id] = job
    state.paid += 1
    if fault.job == "fails":
        job.fail("The generation failed", fault.hint)
    elif fault.job == "never_ends":
        job.ending = "never"
    else:
        _order_model(state, job)
    answer = {"job": job.to_json(state.service), "creativeUnitsCost": job.cost, "creativeUnitsDiscount": 0}
    return json_answer(200, answer)


def _check_limit(state: State) -> None:
    limit = state.service.job_limit
    if limit is not None and sum(job.status not in ENDED for job in state.jobs.values()) >= limit:
        details = {"actionName": "custom-generation", "actionLimit": limit}
        raise RefusedError(429, f"Your plan allows {limit} generations at the same time", details)


def _order_model(state: State, job: JobRecord) -> None:
    picture = state.assets[str(job.input["image"])]
    polygons = job.input.get("polygons")  # of the model that is made up
    order = Order(
        picture=picture.data,
        faces=polygons if isinstance(polygons, int) else whole(job.input, "decimationTarget"),
        texture_size=whole(job.input, "textureSize"),
        texture_format=state.service.texture_format,
        flaws=state.service.flaws,
        subject=state.subject,
        is_triangle=state.service.triangles,
        double_sided=not job.input.get("remesh", INPUTS["remesh"].default),
        seed=whole(job.input, "seed") if "seed" in job.input else random.getrandbits(31),  # nosec B311 # no secret
    )

    def wanted() -> bool:
        return not state.closing.is_set() and job.status not in ENDED

    def done(result: Product | str) -> None:
        with state.lock:
            if isinstance(result, str):
                job.fail(result, "Try another picture.")
            else:
                _add_results(state, job, picture, order, result)

    if order.is_triangle:
        done(make(order))
    else:
        state.workshop.add(Task(order, wanted, done))


def _add_results(state: State, job: JobRecord, picture: AssetRecord, order: Order, product: Product) -> None:
    now = job.settled = state.clock()
    # A job lists more than its model, and not the model first: whoever takes the first asset takes a picture.
    preview = AssetRecord(new_id("asset"), "preview", picture.mime_type, "image", picture.data, now, source="img23d")
    properties = {
        "size": len(product.glb),
        "faceCount": product.face_count,
        "vertexCount": product.vertex_count,
        "format": "glb",
        "hasNormals": "no_normals" not in order.flaws,
        "hasUVs": True,
        "hasAnimations": False,
        "hasSkeleton": False,
    }
    mime_type = "model/gltf-binary" if state.service.knows_glb else "application/octet-stream"
    model = AssetRecord(new_id("asset"), "model.glb", mime_type, "3d", b"", now, "img23d", properties, order)
    state.assets |= {preview.id: preview, model.id: model}
    job.asset_ids = (preview.id, model.id)


def _find_job(state: State, request: Request) -> JobRecord:
    job = state.jobs.get(request.ids[0])
    if job is None:
        raise RefusedError(404, f'There is no job "{request.ids[0]}"')
    return job


def _job(state: State, request: Request, fault: Fault) -> Answer:
    return json_answer(200, {"job": _find_job(state, request).to_json(state.service)})


def _jobs(state: State, request: Request, fault: Fault) -> Answer:
    return json_answer(200, list_jobs(state.jobs.values(), request.query, state.service, state.clock(), fault.lag))


def _cancel(state: State, request: Request, fault: Fault) -> Answer:
    job = _find_job(state, request)
    if parse_json_object(request.body).get("action") != "cancel":
        raise RefusedError(400, '"action" must be "cancel"')
    if not state.service.cancels:
        raise RefusedError(400, "Cannot cancel this type of job. Action not permitted.")
    if job.status not in ENDED:
        job.canceled = state.clock()
    return json_answer(200, {"job": job.to_json(state.service)})


def _asset(state: State, request: Request, fault: Fault) -> Answer:
    asset = state.assets.get(request.ids[0])
    if asset is None:
        raise RefusedError(404, f'There is no asset "{request.ids[0]}"')
    return json_answer(200, {"asset": asset.to_json(_asset_url(state, asset, expired=fault.expired))})


def _me(state: State, request: Request, fault: Fault) -> Answer:
    raise RefusedError(403, "API keys cannot be used for this")


_CALLS: Mapping[str, Callable[[State, Request, Fault], Answer]] = {
    "upload": _upload,
    "upload_start": _upload_start,
    "upload_action": _upload_action,
    "upload_status": _upload_status,
    "model": _model,
    "dry_run": _dry_run,
    "submit": _submit,
    "job": _job,
    "jobs": _jobs,
    "cancel": _cancel,
    "asset": _asset,
    "me": _me,
}
