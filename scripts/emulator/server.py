# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 on loopback: reads requests, lets faults happen, sends answers. What the answers are is not known here.

One daemon thread per connection. Leaving takes no longer than a connection takes to notice that it is closed.
"""

import contextlib
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .faults import Fault, error_answer
from .messages import Answer, Request, phrase
from .state import State

LOOPBACK = "127.0.0.1"
_DOWNLOAD_CHUNK = 16 * 1024


@dataclass(frozen=True)
class Site:
    """One host: how it names a call (with the ids from the path), and how it answers one."""

    state: State
    find_call: Callable[[str, str, Mapping[str, str]], tuple[str, tuple[str, ...]]]
    answer_call: Callable[[State, Request, Fault], Answer]
    log: Callable[[str], None] | None = None


class SiteServer(ThreadingHTTPServer):
    """Serves one site on a port of loopback (0: any free one)."""

    daemon_threads = True
    request_queue_size = 128
    # On Windows the option lets two servers share a port, and each gets some of the calls.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, site: Site, port: int) -> None:
        self.site = site
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__((LOOPBACK, port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="emulator-http", daemon=True)

    def server_bind(self) -> None:
        """Bind without the reverse name look-up of HTTPServer, which takes seconds on some machines."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])

    def start(self) -> None:
        """Begin to serve, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and break off all connections."""
        self.shutdown()
        self.server_close()
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            _break_off(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then serve it in a thread."""
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what went wrong here; a client that has gone is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _break_off(connection: socket.socket) -> None:
    # The other side may have been faster.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: Nagle's algorithm would hold the second back for 40 ms.
    disable_nagle_algorithm = True
    server: SiteServer

    def _serve(self) -> None:
        site, state = self.server.site, self.server.site.state
        body = self._read_body()
        if body is None:
            return
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        name, ids = site.find_call(self.command, parts.path, query)
        headers = {key.lower(): value for key, value in self.headers.items()}
        request = Request(self.command, name, ids, parts.path, query, headers, body)
        with state.lock:
            state.calls[name] += 1
        fault = state.faults.take(name)
        if fault.delay:
            state.closing.wait(fault.delay)
        while not (fault.until is None or fault.until.is_set() or state.closing.is_set()):
            fault.until.wait(0.05)
        if fault.close == "before" or state.closing.is_set():
            self._hang_up("closed before acting")
            return
        if fault.silence == "before":
            self._say_nothing("silent before acting")
            return
        replaced = fault.status is not None or fault.body is not None
        if fault.acted or not replaced:
            answer = site.answer_call(state, request, fault)
        if replaced:
            answer = error_answer(fault)
        if fault.close == "after":
            self._hang_up("closed without an answer")
            return
        if fault.silence == "after":
            self._say_nothing("silent after acting")
            return
        self._send(answer.with_headers(fault.headers), fault, name)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815 - named by http.server

    def _read_body(self) -> bytes | None:
        """Return the request's body, or None after refusing one whose length is not announced."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.send_error(411, "A body needs a Content-Length")
            self.close_connection = True
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            # The client went away in the middle of its request: there is nothing to act upon and nobody to tell.
            self.close_connection = True
            return None
        return body

    def _send(self, answer: Answer, fault: Fault, name: str) -> None:
        self.send_response(answer.status, phrase(answer.status))
        for key, value in answer.headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        body = b"" if self.command == "HEAD" else answer.body
        if "middle" in (fault.close, fault.silence):
            body = body[: len(body) // 2]
        if fault.trickle:
            self._trickle(body, fault.trickle, _DOWNLOAD_CHUNK if name == "download" else 1)
        else:
            self.wfile.write(body)
        if fault.close == "middle":
            self._hang_up("closed in the middle of the answer")
        if fault.silence == "middle":
            self._say_nothing("silent in the middle of the answer")

    def _trickle(self, body: bytes, pause: float, chunk: int) -> None:
        for start in range(0, len(body), chunk):
            self.wfile.write(body[start : start + chunk])
            if self.server.site.state.closing.wait(pause):
                self._hang_up("closed while trickling")
                return

    def _hang_up(self, why: str) -> None:
        self.log_message("%s %s: %s", self.command, urlsplit(self.path).path, why)
        self.close_connection = True
        _break_off(self.connection)

    def _say_nothing(self, why: str) -> None:
        """Keep the connection open, without a word, until the other side or the server ends it."""
        self.log_message("%s %s: %s", self.command, urlsplit(self.path).path, why)
        self.close_connection = True
        with contextlib.suppress(OSError):
            while self.connection.recv(4096):
                pass

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in http.server
        """Hand the line to the site's log, if it has one."""
        if self.server.site.log is not None:
            self.server.site.log(format % args)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log the call without its query, which holds signatures."""
        self.log_message("%s %s -> %s", self.command, urlsplit(self.path).path, code)
