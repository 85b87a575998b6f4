"""Rules for every test: no account of the person who runs it, no network beyond this machine, and no hidden bugs: one
that the add-on catches and logs fails the test.
"""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# Names that the official client and the add-on read: a test must neither use a real account nor pay with it.
for _name in ("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET", "SCENARIO_BASE_URL"):
    os.environ.pop(_name, None)
# A proxy for this machine's other programs does not know the tests' servers.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"

_THIS_MACHINE = ("127.", "::1", "::ffff:127.", "localhost")


@pytest.fixture(autouse=True, scope="session")
def only_this_machine() -> Iterator[None]:
    """Refuse every connection that would leave this machine, as if there were no network."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(_THIS_MACHINE):
            raise ConnectionRefusedError(f"Tests may not connect to {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark of tests that cause an unexpected error on purpose."""
    config.addinivalue_line("markers", "unexpected: the test lets the add-on make a mistake, which it tells and logs")


class _Mistakes(logging.Handler):
    """A log handler that keeps what the add-on logs about its own bugs, and what it told a test's main thread."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record."""
        if "trellis_blender" in record.name or record.name == "told":
            self.seen.append(f"{record.name}: {record.getMessage()} {record.exc_info}")


@pytest.fixture(autouse=True)
def nothing_unexpected(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test if something unexpected happened in it, unless it has the mark."""
    mistakes = _Mistakes()
    logging.getLogger().addHandler(mistakes)
    yield
    logging.getLogger().removeHandler(mistakes)
    if request.node.get_closest_marker("unexpected") is None:
        assert mistakes.seen == []
