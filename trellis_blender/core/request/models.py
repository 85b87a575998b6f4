# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that services host, one record each. To add one, add a row to the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from . import parameters
from .parameters import NAME, TABLE, Parameter, Value


class HostedModel(NamedTuple):
    """A model: its id at the service, its name for the artist, and its parameters beside picture and seed.

    The service itself says what it costs and whether it is being retired (`Service.price`, `Service.check`).
    """

    id: str
    name: str
    parameters: tuple[Parameter, ...]

    @property
    def by_name(self) -> Mapping[str, Parameter]:
        """Return its parameters by their Python names."""
        return {parameter.name: parameter for parameter in self.parameters}

    def complete(self, values: Mapping[str, Value], seed: int | None = None) -> Mapping[str, Value]:
        """Return all its parameters by their Python names, as `parameters.complete` does. Raises ParameterError."""
        return parameters.complete(values, seed, self.by_name, self.name)

    def to_wire(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return the values by the service's names, ready for the request's body."""
        return parameters.to_wire(values, self.by_name)


TRELLIS_2 = HostedModel("model_trellis-2", NAME, TABLE)
MODELS: Final[dict[str, HostedModel]] = {model.id: model for model in (TRELLIS_2,)}
