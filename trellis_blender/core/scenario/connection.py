# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls over HTTP whose end is certain: every call has a deadline, and another thread can cut it.

`requests` cannot be interrupted while it waits, and its time limits begin anew with every byte. Quitting Blender must
not wait for the network, nor must a job wait for a server that drips. So every socket is remembered with the thread
that uses it, and shut when that thread's deadline has passed, or when somebody no longer wants the answer.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
import weakref
from collections.abc import Collection, Iterator
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ..request.account import is_loopback
from .surroundings import check_file_address, is_public, proxies_for, trusted_certificates

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0  # until the first byte, and between two


class Connections:
    """All open sockets, by the thread that uses them. Any thread may call any method.

    `on_this_thread.has_sent` tells whether any byte of a request was handed to a socket since it was last set to False.
    Whatever error a call ends in, only this tells for certain whether it may have arrived.
    `on_this_thread.is_public_only`: refuse to connect to an address that is not public.
    """

    def __init__(self) -> None:
        self.on_this_thread = threading.local()
        self._lock = threading.Lock()
        self._sockets: weakref.WeakKeyDictionary[socket.socket, int] = weakref.WeakKeyDictionary()
        self._is_cut = False
        self._silence = _Silence(self.on_this_thread)
        self._certificates: ssl.SSLContext | None = None

    def certificates(self) -> ssl.SSLContext:
        """Return the certificates to trust, read once. Raises PassingError."""
        with self._lock:
            if self._certificates is None:
                self._certificates = trusted_certificates()
            return self._certificates

    def add(self, sock: socket.socket) -> None:
        """Remember a socket of this thread. After a cut, shut it at once."""
        with self._lock:
            self._sockets[sock] = threading.get_ident()
            is_cut = self._is_cut
        if is_cut:
            _shut(sock)

    def cut(self) -> None:
        """End all waiting on the network, now and from now on."""
        with self._lock:
            self._is_cut = True
            sockets = list(self._sockets)
        for sock in sockets:
            _shut(sock)
        self._silence.leave()

    def cut_thread(self, thread: int) -> None:
        """End the waiting of the thread with that identifier, now."""
        with self._lock:
            sockets = [sock for sock, owner in self._sockets.items() if owner == thread]
        for sock in sockets:
            _shut(sock)

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Shut this thread's sockets if the block takes longer. Raises `requests.Timeout` if it ends for that reason.

        All that may go wrong with the network in the block is a `requests.RequestException`, too: `requests` lets some
        errors of the system and of its own libraries through.
        """
        thread, is_over = threading.get_ident(), threading.Event()
        self._silence.begin()

        def end() -> None:
            is_over.set()
            self.cut_thread(thread)

        timer = threading.Timer(seconds, end)
        timer.name, timer.daemon = "deadline", True
        timer.start()
        try:
            yield
            if is_over.is_set():  # a connection that is shut looks like one that ended
                raise requests.Timeout("the deadline has passed")
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if is_over.is_set():
                raise requests.Timeout("the deadline has passed") from error
            if isinstance(error, requests.RequestException):
                raise
            raise requests.ConnectionError(type(error).__name__) from error
        finally:
            timer.cancel()
            self._silence.end()


class _Silence(logging.Filter):
    """A filter that drops what urllib3 logs of our calls: every address, with its signature. Those of others stay."""

    LOGGERS = tuple(
        f"urllib3.{name}" for name in ("connectionpool", "connection", "poolmanager", "response", "util.retry")
    )

    def __init__(self, on_this_thread: threading.local) -> None:
        super().__init__()
        self._here, self._is_over = on_this_thread, False

    def begin(self) -> None:
        """Begin a call on this thread."""
        self._here.calls = getattr(self._here, "calls", 0) + 1
        for name in () if self._is_over else self.LOGGERS:
            logging.getLogger(name).addFilter(self)  # once, however often

    def leave(self) -> None:
        """Leave the loggers alone: all calls are cut, and so are those that still begin."""
        self._is_over = True
        for name in self.LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def end(self) -> None:
        """End a call on this thread."""
        self._here.calls -= 1

    def filter(self, _record: logging.LogRecord) -> bool:
        """Return whether the record is not of a call of ours."""
        return not getattr(self._here, "calls", 0)


class Session(requests.Session):
    """The calls of one thread. None is repeated, redirected or given a password that it was not set up with.

    `api`: this session fetches and stores files for the API at that address, so it only uses addresses safe for that.
    """

    def __init__(self, connections: Connections, agent: str, api: str = "") -> None:
        super().__init__()
        self.connections, self._api = connections, api
        self.secrets: Collection[str] = ()  # what a server could tell back, and must not be kept
        self.trust_env = False  # see `surroundings.py`
        self.headers["User-Agent"] = agent
        self.adapters.clear()
        self.mount("http://", _Adapter(connections))

    def get_adapter(self, url: str) -> Any:
        """Return the adapter for the address. Raises PassingError if the certificates to trust cannot be read."""
        if url.lower().startswith("https:") and "https://" not in self.adapters:
            self.mount("https://", _Adapter(self.connections, self.connections.certificates()))
        return super().get_adapter(url)

    def exchange(self, prepared: requests.PreparedRequest) -> requests.Response:
        """Send the request. Return the answer; its body is not read yet. Call it within a deadline.

        Raises PassingError if the address is not safe for files.
        """
        if self._api:
            check_file_address(prepared.url or "", api=self._api)
        self.connections.on_this_thread.is_public_only = bool(self._api) and not is_loopback(self._api)
        return self.send(
            prepared,
            timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
            allow_redirects=False,
            stream=True,
            proxies=dict(proxies_for(prepared.url or "")),
        )


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may have closed by itself meanwhile
        # not SSLSocket.shutdown: that would drop the TLS state while another thread reads
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Adapter(HTTPAdapter):
    def __init__(self, connections: Connections, certificates: ssl.SSLContext | None = None) -> None:
        self._connections, self._certificates = connections, certificates
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._certificates)
        self.poolmanager.pool_classes_by_scheme = _tracked_pools(self._connections)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Verify by our own certificates; the original would add its own list."""
        conn.cert_reqs, conn.ca_certs, conn.ca_cert_dir = "CERT_REQUIRED", None, None

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        # a body shorter than its Content-Length is an error; urllib3 1.26 (Blender 4.2) checks this only on request
        resp.enforce_content_length = True
        if "," in resp.headers.get("Content-Encoding", ""):
            # three kilobytes compressed twice become gigabytes before we can count them (urllib3 1.26)
            resp.close()
            raise requests.exceptions.ContentDecodingError("the answer is packed more than once", request=req)
        return super().build_response(req, resp)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs, ssl_context=self._certificates)
        manager.pool_classes_by_scheme = _tracked_pools(self._connections)
        return manager


def _leads_to_proxy(connection: Any) -> bool:
    return bool(getattr(connection, "proxy", None) or getattr(connection, "_tunnel_host", None))


def _tracked_pools(connections: Connections) -> dict[str, Any]:
    """Return connection pools that report their sockets.

    `ConnectionCls` is urllib3's hook in 1.26 and 2, as is `_new_conn`, which returns the connected socket.
    """

    class Tracked(HTTPConnection):
        debuglevel = 0  # that of all connections, if another add-on sets it, would print the key
        _is_connecting = False
        _raw: socket.socket | None = None

        def connect(self) -> None:
            self._is_connecting = True  # bytes sent meanwhile only ask a proxy for a tunnel
            try:
                super().connect()
            finally:
                self._is_connecting = False
                if self._raw is not None:
                    self._raw.close()
                    self._raw = None
            connections.add(self.sock)

        def _new_conn(self) -> socket.socket:
            sock: socket.socket = super()._new_conn()
            if getattr(connections.on_this_thread, "is_public_only", False) and not _leads_to_proxy(self):
                peer = sock.getpeername()[0]
                if not is_public(peer):
                    sock.close()
                    raise OSError("the host is not on the public internet")
            # A handshake takes the socket over, and may never end. Its duplicate shuts the same connection.
            self._raw = sock.dup()
            connections.add(self._raw)
            return sock

        def send(self, data: Any) -> None:
            if self.sock is None:  # `http.client` would connect in `send`: connect before the call counts as sent
                self.connect()
            if not self._is_connecting:
                connections.on_this_thread.has_sent = True
            super().send(data)

    class Plain(Tracked):
        pass

    class Encrypted(Tracked, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}
