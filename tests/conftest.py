"""What holds for every test: no account of the person who runs them, no network beyond this machine, and no mistake of
ours that is caught and goes unseen.
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
# A proxy that serves this machine's other programs does not know the tests' servers.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"

_THIS_MACHINE = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True, scope="session")
def only_this_machine() -> Iterator[None]:
    """Refuse every connection that would leave this machine, in the way a missing network does."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(_THIS_MACHINE):
            raise ConnectionRefusedError(f"Tests may not connect to {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known by which a test asks for a mistake."""
    config.addinivalue_line("markers", "unexpected: the test lets the add-on make a mistake, which it tells and logs")


class _Mistakes(logging.Handler):
    """Remembers what the add-on logs about its own mistakes, and what a test's main thread was told of them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember it."""
        if "trellis_blender" in record.name or record.name == "told":
            self.seen.append(f"{record.name}: {record.getMessage()} {record.exc_info}")


@pytest.fixture(autouse=True)
def nothing_unexpected(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which something unexpected happened, unless it asks for that."""
    mistakes = _Mistakes()
    logging.getLogger().addHandler(mistakes)
    yield
    logging.getLogger().removeHandler(mistakes)
    if request.node.get_closest_marker("unexpected") is None:
        assert mistakes.seen == []
