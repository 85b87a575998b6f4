"""An HTTP proxy on loopback that opens tunnels (RFC 9110 §9.3.6), or says why it does not."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Mapping
from types import TracebackType

from tests.patience import PATIENCE


class Proxy:
    """Takes `CONNECT` and lets the bytes through, or answers with a `refusal`: "407 Proxy Authentication Required".

    `leads_to`: the address that every host's name stands for, or one by name and port; empty: the host itself.
    `speaks`: what it does in place of that with whoever asks.
    """

    def __init__(self, refusal: str = "", leads_to: str | Mapping[str, str] = "") -> None:
        self.asked: list[str] = []
        self.speaks: Callable[[socket.socket], None] | None = None
        self._refusal, self._leads_to = refusal, leads_to
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown(socket.SHUT_RDWR)  # closing alone would not wake the thread that waits for the next one
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # closed: the test is over
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):  # either side may leave at any time
            head = b""
            while b"\r\n\r\n" not in head:
                part = client.recv(4096)
                if not part:
                    return
                head += part
            line = head.split(b"\r\n")[0].decode()
            self.asked.append(line)
            if self._refusal:
                client.sendall(f"HTTP/1.1 {self._refusal}\r\nContent-Length: 0\r\n\r\n".encode())
                return
            if self.speaks is not None:
                self.speaks(client)
                return
            name = line.split()[1]
            place = self._leads_to if isinstance(self._leads_to, str) else self._leads_to[name]
            host, _, port = (place.partition("//")[2] or name).rpartition(":")
            with socket.create_connection((host, int(port)), timeout=PATIENCE) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _pass_on(client, server)


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    other = {client: server, server: client}
    while True:
        for sock in select.select([client, server], [], [])[0]:
            part = sock.recv(65536)
            if not part:
                return
            other[sock].sendall(part)
