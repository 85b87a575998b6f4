# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that are no step of a job: the price of a model, whether the key works, a model's contents and faults.

A price request starts no job. It needs a picture at Scenario, although the price does not depend on it. We use an
earlier job's, or else a tiny hidden one, uploaded once for each project. A file among the jobs keeps its id.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import (
    DryRunIgnoredError,
    ModelFileError,
    PassingError,
    RefusedError,
    Remedy,
    Text,
    TrellisError,
    as_storage_error,
    explained,
)
from ..files import read_own, write_whole
from ..model.arrays import Shape
from ..model.glb import NotPlainError
from ..request.models import TRELLIS_2, HostedModel
from ..request.parameters import Value
from .messages import ConnectionChecked, ModelMeasured, ModelRead, PriceReady

if TYPE_CHECKING:
    from ..model.arrays import Model
    from ..request.service import Service

PICTURES_FILE = "price pictures.json"
NAME = "Trellis price.png"
# 64 x 64 grey pixels, as a PNG.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAAKUlEQVR42u3MQREAAAwCIKMb3RD77SAA6VEEAoFAIBAIBAKBQCAQfA8G320AeXC6efoAAAAASUVORK5CYII="
)
_log = logging.getLogger(__name__)


def ask(
    service: Service,
    number: int,
    parameters: Mapping[str, Value],
    place: str,
    known: Iterable[str],
    root: Path,
    model: HostedModel = TRELLIS_2,
) -> PriceReady:
    """Return the answer to the price request with that number. Never raises; nothing is charged.

    `place` names the address and the project. `known`: pictures that may be there. `root`: the jobs' folder.
    """

    def price_with(picture: str) -> PriceReady:
        return PriceReady(number, service.price(model, picture, parameters), picture)

    try:
        return _priced(service, price_with, place, known, root / PICTURES_FILE)
    except DryRunIgnoredError as error:
        return PriceReady(number, is_last=True, notice=error.sentence)
    except RefusedError:  # of a picture just uploaded, or of the upload: another try would only upload again
        return PriceReady(number, is_last=True)
    except TrellisError as error:  # offline, busy, a wrong key: whatever it is, the panel shows no price
        return PriceReady(number, trouble=ConnectionChecked(error.sentence, False, error.remedy))
    except Exception:  # noqa: BLE001 - an answer must come; the log has it all
        _log.exception("unexpected")
        return PriceReady(number, is_last=True)


def _priced(
    service: Service, price_with: Callable[[str], PriceReady], place: str, known: Iterable[str], file: Path
) -> PriceReady:
    for picture in dict.fromkeys((remembered_pictures(file).get(place, ""), *known)):
        if picture:
            try:
                return price_with(picture)
            except RefusedError as error:
                if not error.is_gone:
                    raise
    picture = service.upload_hidden(NAME, PICTURE).id
    remember_picture(file, place, picture)
    return price_with(picture)


def remembered_pictures(file: Path) -> dict[str, str]:
    """Return the ids of the hidden pictures by place; empty if the file is missing or not ours."""
    try:
        data = json.loads(read_own(file).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {key: item for key, item in data.items() if isinstance(item, str)} if isinstance(data, dict) else {}


def remember_picture(file: Path, place: str, picture: str) -> None:
    """Keep the id of the hidden picture at the place, for the next session."""
    pictures = {**remembered_pictures(file), place: picture}
    try:
        text = json.dumps(pictures, indent=1)  # ASCII: `place` may hold bytes that are no text
        write_whole(file, text.encode("utf-8"), is_private=True)
    except OSError as error:  # this session remembers it; the next one uploads another
        _log.warning("could not keep the id of the price's picture: %s", error.strerror)


def read_for_import(job_id: str, path: Path, shape: Shape) -> ModelRead:
    """Return the answer to a request to read a job's model. Never raises: the answer says what went wrong."""

    def read() -> ModelRead:
        from ..model.read import read_model  # here, where nobody waits for the import of numpy

        model = read_model(path, shape)
        images = [image.path for image in model.images.values()] if shape.as_png else []
        webp = [path for path in images if path is not None and path.suffix == ".webp"]
        return ModelRead(job_id, model, webp_images=tuple((path, path.with_suffix(".png")) for path in webp))

    return _answer(job_id, read)


def with_png_images(read: ModelRead) -> ModelRead:
    """Return the same model with the PNG files that were made of its images. Never raises, as above."""

    def exchange() -> ModelRead:
        assert read.model is not None
        images = {index: image.as_png() for index, image in read.model.images.items()}
        return replace(read, model=replace(read.model, images=images), webp_images=())

    return _answer(read.id, exchange)


def measured(job_id: str, model: Model | Path) -> ModelMeasured:
    """Return what can be measured of a model, or of a job's file. Never raises: the log says what went wrong."""
    from ..model.surface.check import measure_model

    try:
        if isinstance(model, Path):
            from ..model.read import read_model

            model = read_model(model, Shape(is_grounded=False))
        return ModelMeasured(job_id, measure_model(model))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a model, it is in the scene, and the job goes on
        _log.info("The model of %s could not be measured: %s", job_id, error)
        return ModelMeasured(job_id, None)


def _answer(job_id: str, make: Callable[[], ModelRead]) -> ModelRead:
    try:
        with as_storage_error("read the model"):
            return make()
    except NotPlainError as error:
        return ModelRead(job_id, None, reason=error.args[0])
    except TrellisError as error:
        if isinstance(error, ModelFileError) and error.flaw:
            _log.info("The model of %s has a fault: %s", job_id, error.flaw)
            return ModelRead(job_id, None, reason="an error")
        return ModelRead(job_id, None, error=error.sentence, remedy=error.remedy)
    except MemoryError:
        return ModelRead(job_id, None, error="There is not enough memory for the model. Close something, then retry.")
    except Exception:  # noqa: BLE001 - Blender's importer may read it all the same; the log has it all
        _log.exception("unexpected")
        return ModelRead(job_id, None, reason="something unexpected")


def check(service: Service, hosted: HostedModel = TRELLIS_2) -> ConnectionChecked:
    """Return whether Scenario accepts the account and has the model. Never raises: the answer says what went wrong."""
    try:
        model = service.check(hosted)
        if model.replacement is None:
            return ConnectionChecked(Text("Connected: {name} is ready.", name=model.name), True)
        sentence = "Connected, but Scenario is retiring {name}. Update the add-on before it stops working."
        if model.replacement:
            sentence = (
                "Connected, but Scenario is replacing {name} with {replacement}. Update the add-on before it "
                "stops working."
            )
        return ConnectionChecked(Text(sentence, name=model.name, replacement=model.replacement), True, Remedy.UPDATE)
    except PassingError as error:
        return ConnectionChecked(Text("{sentence} Try again.", sentence=error.message), False)
    except Exception as error:  # noqa: BLE001 - an answer must come
        told = explained(error, "", Remedy.NONE)
        return ConnectionChecked(told.sentence, False, told.remedy)
