# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that a service hosts, one record each: a second one is a row in this table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from . import parameters
from .parameters import NAME, TABLE, Parameter, Value


class HostedModel(NamedTuple):
    """A model: its id at the service, its name for the artist, and what it can be told beside the picture and a seed.

    Whether the service is retiring it, and what it costs, is asked (`Service.check`, `Service.price`).
    """

    id: str
    name: str
    parameters: tuple[Parameter, ...]

    @property
    def by_name(self) -> Mapping[str, Parameter]:
        """Its parameters by their Python names."""
        return {parameter.name: parameter for parameter in self.parameters}

    def complete(self, values: Mapping[str, Value], seed: int | None = None) -> Mapping[str, Value]:
        """All its parameters by their Python names, as `parameters.complete` says. Raises ParameterError."""
        return parameters.complete(values, seed, self.by_name, self.name)

    def to_wire(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """The same values by the service's names, ready for the request's body."""
        return parameters.to_wire(values, self.by_name)


TRELLIS_2 = HostedModel("model_trellis-2", NAME, TABLE)
MODELS: Final[dict[str, HostedModel]] = {model.id: model for model in (TRELLIS_2,)}
