"""A hostile server: it stands before an emulator's, passes calls on, and answers some in its own way."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

from tests.patience import PATIENCE

# What a speech may leave in the system's own buffers: it counts as sent, although nobody has taken it.
BUFFERS = 8 * 1024 * 1024
_PASSED_ON = ("content-type", "etag", "accept-ranges", "content-range", "retry-after")


@dataclass(frozen=True)
class Answer:
    """What the emulator says."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def raw(self) -> bytes:
        """The answer as it goes over the wire."""
        head = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Odd')}"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        head += [f"Content-Length: {len(self.body)}", "Connection: close", "", ""]
        return "\r\n".join(head).encode("latin-1") + self.body


@dataclass
class Talk:
    """One call that is answered in a hostile way. `sent`: bytes. `forward`: what the emulator says to the call."""

    client: socket.socket
    forward: Callable[[], Answer]
    sent: int = 0
    elsewhere: str = ""

    def send(self, data: bytes) -> None:
        """Send the bytes. Raises OSError once the client has left."""
        view = memoryview(data)
        for start in range(0, len(view), 65536):
            self.client.sendall(view[start : start + 65536])
            self.sent += len(view[start : start + 65536])

    def drip(self, first: bytes, drop: bytes, pause: float = 0.05) -> None:
        """Send the first bytes, then one drop after the other until the client leaves."""
        self.send(first)
        while True:
            time.sleep(pause)
            self.send(drop)

    def wait(self) -> None:
        """Say nothing more until the client leaves."""
        self.client.settimeout(PATIENCE)
        while self.client.recv(65536):
            pass


Speech = Callable[[Talk], None]
FindCall = Callable[[str, str, Mapping[str, str]], tuple[str, tuple[str, ...]]]


@dataclass
class Order:
    """A call's hostile answers: so many times, or always. `talks`: how they went."""

    call: str
    speech: Speech
    times: float = 1
    talks: list[Talk] = field(default_factory=list)


class Front:
    """One site. `find_call` names a call by its method, path and query; `target` is the emulator's address.

    `replaced`: addresses in the emulator's answers that are exchanged. `heads`: of all requests. `choose`: what to say
    to a call that nothing was ordered for, None: what the emulator says.
    """

    def __init__(
        self,
        find_call: FindCall,
        target: str,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.orders: list[Order] = []
        self.greets: Speech | None = None  # what it says in place of a handshake
        self.choose: Callable[[str], Speech | None] = lambda _name: None
        self.replaced: dict[str, str] = {}
        self.heads: list[bytes] = []
        self.elsewhere = ""  # the address of a host that must hear nothing
        self._find_call, self._target, self.tls = find_call, urlsplit(target).netloc, tls
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._server = socket.create_server((host, 0), family=family, backlog=64)
        self.port = int(self._server.getsockname()[1])
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http{'s' if tls else ''}://{shown}:{self.port}"
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Front:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.orders.clear()
        self._server.shutdown(socket.SHUT_RDWR)  # closing alone would not wake the thread that waits for the next one
        self._server.close()
        with self._lock:
            still_open = list(self._open)
        for client in still_open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(client, socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # closed: the test is over
                return
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
            with self._lock:
                self._open.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        raw = client
        try:
            with contextlib.suppress(OSError, http.client.HTTPException):  # either side may leave at any time
                if self.greets is not None:
                    self.greets(Talk(client, lambda: Answer(500, {}, b"")))
                    return
                if self.tls is not None:
                    client = self.tls.wrap_socket(client, server_side=True)
                self._answer(client)
        finally:
            client.close()
            with self._lock:
                self._open.discard(raw)

    def _answer(self, client: socket.socket) -> None:
        head, body = _read(client)
        if not head:
            return
        self.heads.append(head[:2000])
        method, path = head.split(b" ", 2)[0].decode(), head.split(b" ", 2)[1].decode()
        parts = urlsplit(path)
        name, _ = self._find_call(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))
        talk = Talk(client, lambda: self._forward(method, path, head, body), elsewhere=self.elsewhere)
        order = self._take(name)
        if order is not None:
            order.talks.append(talk)
            order.speech(talk)
            return
        speech = self.choose(name)
        if speech is not None:
            speech(talk)
        else:
            talk.send(talk.forward().raw())

    def _take(self, name: str) -> Order | None:
        with self._lock:
            order = next((order for order in self.orders if order.call == name and order.times > 0), None)
            if order is not None:
                order.times -= 1
            return order

    def _forward(self, method: str, path: str, head: bytes, body: bytes) -> Answer:
        lines = head.decode("latin-1").split("\r\n")[1:]
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        connection = http.client.HTTPConnection(self._target, timeout=PATIENCE)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        for old, new in self.replaced.items():
            answer = answer.replace(old.encode(), new.encode())
        passed = {name: value for name, value in response.getheaders() if name.lower() in _PASSED_ON}
        return Answer(response.status, passed, answer)


def _read(client: socket.socket) -> tuple[bytes, bytes]:
    """Return the head and the body of a request; empty if the client left before."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = client.recv(65536)
        if not part:
            return b"", b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        part = client.recv(65536)
        if not part:
            return b"", b""
        body += part
    return head, body
