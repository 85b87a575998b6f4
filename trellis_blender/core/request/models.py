# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that services host, one record each. To add one, add a row to the table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ..errors import ParameterError, Text
from .parameters import NAME, SEED_MAXIMUM, TABLE, Parameter, Value, checked


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
        """Return all its parameters by their Python names, with defaults filled in, and the seed.

        `seed`: 0 to 2147483647. None draws one here, so that every result can be made again and a job can be recognised
        by its seed. Raises ParameterError for an unknown name or a value outside its range.
        """
        known = self.by_name
        unknown = sorted(values.keys() - known.keys())
        if unknown:
            sentence = "{model} has no parameter “{unknown}”. Remove it and try again."
            raise ParameterError(Text(sentence, model=self.name, unknown=unknown[0]))
        if seed is not None and not 0 <= seed <= SEED_MAXIMUM:
            sentence = "The seed must lie between 0 and {highest}, not {seed}."
            raise ParameterError(Text(sentence, highest=SEED_MAXIMUM, seed=seed))
        import secrets  # takes milliseconds to import: not when Blender starts

        valid = {name: checked(parameter, values.get(name, parameter.default)) for name, parameter in known.items()}
        return MappingProxyType({**valid, "seed": secrets.randbelow(SEED_MAXIMUM + 1) if seed is None else seed})

    def to_wire(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return the values by the service's names, ready for the request's body."""
        known = self.by_name
        return {known[name].wire if name in known else name: value for name, value in values.items()}


TRELLIS_2 = HostedModel("model_trellis-2", NAME, TABLE)
MODELS: Final[dict[str, HostedModel]] = {model.id: model for model in (TRELLIS_2,)}
