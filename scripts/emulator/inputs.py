# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of model_trellis-2, as the server knows them: the check of a body, the price, and the description.

Names and defaults are from Scenario's specification of the model, ranges from docs.scenario.com (2026-07). The table is
the emulator's own and shares nothing with a client, for a client that is checked against its own table proves nothing.

Beside it there is one more model, made up, for whoever asks for another than Trellis 2.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .messages import RefusedError

MODEL_ID, MADE_UP_ID = "model_trellis-2", "model_made-up"


@dataclass(frozen=True)
class Input:
    """One parameter; `low` and `high` are inclusive, `allowed` replaces them where it is not empty."""

    name: str
    kind: Literal["asset", "int", "float", "bool"]
    default: int | float | bool | None
    label: str
    group: str
    low: float | None = None
    high: float | None = None
    allowed: tuple[int, ...] = ()
    costs: bool = False


_STAGE_1, _STAGE_2, _STAGE_3 = "Sparse structure", "Shape", "Texture"

INPUTS: Mapping[str, Input] = {
    row.name: row
    for row in (
        Input("image", "asset", None, "Image", "Input"),
        Input("resolution", "int", 1024, "Resolution", "Input", allowed=(512, 1024, 1536), costs=True),
        Input("ssGuidanceStrength", "float", 8.5, "Guidance", _STAGE_1, 0, 10),
        Input("ssGuidanceRescale", "float", 0.7, "Guidance rescale", _STAGE_1, 0, 1),
        Input("ssSamplingSteps", "int", 20, "Steps", _STAGE_1, 1, 50, costs=True),
        Input("ssRescaleT", "float", 5, "Rescale T", _STAGE_1, 1, 6),
        Input("shapeSlatGuidanceStrength", "float", 7.5, "Guidance", _STAGE_2, 0, 10),
        Input("shapeSlatGuidanceRescale", "float", 0.5, "Guidance rescale", _STAGE_2, 0, 1),
        Input("shapeSlatSamplingSteps", "int", 20, "Steps", _STAGE_2, 1, 50, costs=True),
        Input("texSlatGuidanceStrength", "float", 2, "Guidance", _STAGE_3, 0, 10),
        Input("texSlatGuidanceRescale", "float", 0, "Guidance rescale", _STAGE_3, 0, 1),
        Input("texSlatSamplingSteps", "int", 20, "Steps", _STAGE_3, 1, 50, costs=True),
        Input("texSlatRescaleT", "float", 3, "Rescale T", _STAGE_3, 1, 6),
        Input("decimationTarget", "int", 500_000, "Faces", "Mesh", 100_000, 2_000_000),
        Input("textureSize", "int", 2048, "Texture size", "Mesh", allowed=(1024, 2048, 4096), costs=True),
        Input("remesh", "bool", True, "Remesh", "Mesh"),
        Input("remeshBand", "float", 1, "Remesh band", "Mesh", 1, 4),
        Input("seed", "int", None, "Seed", "Mesh", 0, 2**31 - 1),
    )
}

MODELS: Mapping[str, Mapping[str, Input]] = {
    MODEL_ID: INPUTS,
    MADE_UP_ID: {
        row.name: row
        for row in (
            Input("image", "asset", None, "Image", "Input"),
            Input("polygons", "int", 5_000, "Polygons", "Mesh", 1_000, 50_000, costs=True),
            Input("seed", "int", None, "Seed", "Mesh", 0, 2**31 - 1),
        )
    },
}


def check_inputs(body: Mapping[str, object], inputs: Mapping[str, Input] = INPUTS) -> dict[str, object]:
    """Return the parameters in `body`, for a model with these inputs.

    `dryRun` is dropped, for in the body the real API ignores it.

    Raises:
        RefusedError: 400, with a reason that names the first parameter that is unknown, missing or wrong.
    """
    given = {name: value for name, value in body.items() if name != "dryRun"}
    for name, value in given.items():
        row = inputs.get(name)
        if row is None:
            raise RefusedError(400, f'Unknown parameter "{name}"')
        problem = _problem(row, value)
        if problem:
            raise RefusedError(400, f'Parameter "{name}" {problem}')
    if "image" not in given:
        raise RefusedError(400, 'Parameter "image" is required')
    return given


def _problem(row: Input, value: object) -> str | None:
    if row.kind == "asset":
        return None if isinstance(value, str) and value else "must be the id of an asset"
    if row.kind == "bool":
        return None if isinstance(value, bool) else "must be true or false"
    # A bool is an int in Python, not in JSON.
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        return "must be a number"
    if row.kind == "int" and value != int(value):
        return "must be a whole number"
    if row.allowed and value not in row.allowed:
        return f"must be one of {', '.join(map(str, row.allowed))}"
    if row.low is not None and value < row.low:
        return f"must be at least {row.low}"
    if row.high is not None and value > row.high:
        return f"must be at most {row.high}"
    return None


def _is_finite(value: float) -> bool:
    # A whole number may have more digits than a float can hold.
    return isinstance(value, int) or math.isfinite(value)


def whole(parameters: Mapping[str, object], name: str) -> int:
    """Return the whole number given for `name`, or the model's default (0 where there is none)."""
    value = parameters.get(name, INPUTS[name].default)
    return int(value) if isinstance(value, int | float) else 0


def price(parameters: Mapping[str, object]) -> float:
    """Return what a job costs in compute units: 7.25 with all defaults. Rates other than that are made up."""
    if "polygons" in parameters:
        return 2.5
    resolution = {512: 4.0, 1024: 6.0, 1536: 9.0}[whole(parameters, "resolution")]
    texture = {1024: 0.5, 2048: 1.0, 4096: 2.5}[whole(parameters, "textureSize")]
    steps = sum(whole(parameters, name) for name in INPUTS if name.endswith("SamplingSteps"))
    return round(resolution + texture + steps / 240, 2)


def describe_inputs(model_id: str) -> list[dict[str, object]]:
    """Return the model's `inputs` as `GET /models/{id}` lists them (scenario-sdk, `ModelInput`)."""
    return [_describe(row) for row in MODELS[model_id].values()]


def _describe(row: Input) -> dict[str, object]:
    wire_type = {"asset": "file", "int": "number", "float": "number", "bool": "boolean"}[row.kind]
    description: dict[str, object] = {
        "name": row.name,
        "type": wire_type,
        "label": row.label,
        "description": f"{row.label} ({row.group})",
        "group": row.group,
        "costImpact": row.costs,
    }
    if row.kind == "asset":
        description |= {"kind": "image", "required": {"always": True}, "parent": True}
    if row.kind in ("int", "float"):
        description["step"] = 1 if row.kind == "int" else 0.1
    optional = {"default": row.default, "min": row.low, "max": row.high, "allowedValues": list(row.allowed) or None}
    return description | {key: value for key, value in optional.items() if value is not None}
