"""No test reaches a real account or another machine."""

from __future__ import annotations

import os
import socket

import pytest

from tests.patience import PATIENCE


def test_a_connection_to_another_machine_is_refused() -> None:
    # An address that belongs to nobody (RFC 5737): without the guard this waits and times out.
    with pytest.raises(ConnectionRefusedError, match="Tests may not connect"):
        socket.create_connection(("192.0.2.1", 80), timeout=0.2)


def test_a_connection_within_this_machine_is_allowed() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=PATIENCE) as client,
    ):
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize("name", ["SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET", "SCENARIO_BASE_URL"])
def test_no_test_sees_the_account_of_the_person_who_runs_it(name: str) -> None:
    assert name not in os.environ
