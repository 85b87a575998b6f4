"""The ways of Scenario's service that a test may ask the fixture `emulator` for, where the usual one is in the way."""

from __future__ import annotations

import pytest

from emulator import Service

# For a test whose Scenario stops a running job when it is asked to, as the live one does not.
scenario_stops = pytest.mark.parametrize("emulator", [Service(cancels=True)], indirect=True, ids=["stops"])
