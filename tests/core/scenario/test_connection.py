"""Cutting the connections: whatever waits for the network ends at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from tests.core.studio import AGENT
from tests.patience import PATIENCE
from trellis_blender.core.scenario.connection import Connections, Session

SOON = 1.0


@pytest.fixture
def silent() -> Iterator[str]:
    """Yield the address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


@pytest.fixture
def dripping() -> Iterator[str]:
    """Yield the address of a server that begins a long answer and then says nothing more."""
    server = socket.create_server(("127.0.0.1", 0))
    accepted = []

    def serve() -> None:
        connection, _ = server.accept()
        accepted.append(connection)
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbeginning")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    for each in (*accepted, server):
        each.close()


def seconds_to_fail(url: str, connections: Connections) -> float:
    """Return how long a request takes to break."""
    begun = time.monotonic()
    with pytest.raises(requests.RequestException):
        Session(connections, AGENT).get(url, timeout=PATIENCE)
    return time.monotonic() - begun


def test_a_cut_ends_waiting_for_an_answer(silent: str) -> None:
    connections = Connections()
    threading.Timer(0.2, connections.cut).start()
    assert 0.1 < seconds_to_fail(silent, connections) < SOON


def test_a_cut_ends_reading_a_body(dripping: str) -> None:
    connections = Connections()
    threading.Timer(0.2, connections.cut).start()
    assert 0.1 < seconds_to_fail(dripping, connections) < SOON


def test_a_cut_ends_all_that_wait_in_all_sessions(silent: str) -> None:
    connections = Connections()
    took: list[float] = []
    threads = [threading.Thread(target=lambda: took.append(seconds_to_fail(silent, connections))) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    connections.cut()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(took) == 4
    assert max(took) < 0.3 + SOON


def test_after_a_cut_nothing_waits_any_more(silent: str) -> None:
    connections = Connections()
    connections.cut()
    assert seconds_to_fail(silent, connections) < SOON


def test_a_cut_leaves_other_connections_alone(silent: str) -> None:
    Connections().cut()
    session = Session(Connections(), AGENT)
    begun = time.monotonic()
    with pytest.raises(requests.Timeout):
        session.get(silent, timeout=0.4)
    assert time.monotonic() - begun >= 0.4
