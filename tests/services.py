"""Variants of Scenario's service that a test can request from the fixture `emulator` instead of the usual one."""

from __future__ import annotations

import pytest

from emulator import Service

# For tests in which Scenario stops a running job on request, unlike the live service.
scenario_stops = pytest.mark.parametrize("emulator", [Service(cancels=True)], indirect=True, ids=["stops"])
