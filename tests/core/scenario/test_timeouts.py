"""A call that waits too long: what is certain to have stayed here may be sent again, what may have arrived may not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.core.studio import AGENT, tells_what_to_do
from tests.patience import PATIENCE
from trellis_blender.core.errors import AnswerLostError, PassingError, TrellisError
from trellis_blender.core.request.account import Account
from trellis_blender.core.scenario import connection
from trellis_blender.core.scenario.connection import Connections
from trellis_blender.core.scenario.http import Caller


@pytest.fixture
def full() -> Iterator[str]:
    """Yield the address of a server that takes no more connections: those that wait there fill its queue."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        for each in waiting:
            each.close()


@pytest.fixture
def silent() -> Iterator[tuple[str, list[bytes]]]:
    """Yield the address of a server that reads a request and never answers, and what it read."""
    read: list[bytes] = []
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                read.append(client.recv(65536))
                ended.wait(PATIENCE)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", read
        ended.set()


def failure(url: str, *, paid: bool) -> TrellisError:
    """Return the error that a call ends in."""
    caller = Caller(Account.checked("a-key", "a-secret", "", url), Connections(), AGENT)
    with pytest.raises(TrellisError) as error:
        caller.call("POST", "/generate", {"a": 1}, paid=paid)
    return error.value


@pytest.mark.parametrize(("paid", "kind"), [(False, PassingError), (True, AnswerLostError)])
def test_an_answer_that_never_comes_ends_the_call_and_may_have_been_accepted(
    silent: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch, paid: bool, kind: type[TrellisError]
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.2)
    url, read = silent
    error = failure(url, paid=paid)
    assert type(error) is kind
    assert read[0].startswith(b"POST /generate")
    assert paid or tells_what_to_do(error.sentence)


@pytest.mark.parametrize("paid", [False, True])
def test_a_connection_that_is_never_made_ends_the_call_and_was_not_accepted(
    full: str, monkeypatch: pytest.MonkeyPatch, paid: bool
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.2)
    error = failure(full, paid=paid)
    assert type(error) is PassingError
    assert tells_what_to_do(error.sentence)
