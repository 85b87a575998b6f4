# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP sessions whose open connections another thread can cut.

`requests` cannot be interrupted while it waits for an answer, and quitting Blender must not wait for the network. So
every socket is remembered, and `Connections.cut` shuts them all.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Connections:
    """All open sockets. Any thread may call any method.

    `on_this_thread.has_sent` tells whether any byte of a request was handed to a socket since it was last set to False.
    Whatever error a call ends in, only this tells for certain whether it may have arrived.
    """

    def __init__(self) -> None:
        self.on_this_thread = threading.local()
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._is_cut = False

    def add(self, sock: socket.socket) -> None:
        """Remember a socket. After a cut, shut it at once."""
        with self._lock:
            self._sockets.add(sock)
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


def new_session(connections: Connections, agent: str) -> requests.Session:
    """Return a session for one thread. It never repeats a call by itself, so a paid call goes out once."""
    session = requests.Session()
    session.headers["User-Agent"] = agent
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(connections))
    return session


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may have closed by itself meanwhile
        # not SSLSocket.shutdown: that would drop the TLS state while another thread reads
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Adapter(HTTPAdapter):
    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _tracked_pools(self._connections)

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        # a body shorter than its Content-Length is an error; urllib3 1.26 (Blender 4.2) checks this only on request
        resp.enforce_content_length = True
        if "," in resp.headers.get("Content-Encoding", ""):
            # three kilobytes compressed twice become gigabytes before we can count them (urllib3 1.26)
            resp.close()
            raise requests.exceptions.ContentDecodingError("the answer is packed more than once", request=req)
        return super().build_response(req, resp)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _tracked_pools(self._connections)
        return manager


def _tracked_pools(connections: Connections) -> dict[str, Any]:
    """Return connection pools that report their sockets. `ConnectionCls` is urllib3's hook in 1.26 and 2."""

    class Tracked(HTTPConnection):
        _is_connecting = False

        def connect(self) -> None:
            self._is_connecting = True  # bytes sent meanwhile only ask a proxy for a tunnel
            try:
                super().connect()
            finally:
                self._is_connecting = False
            connections.add(self.sock)

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
