# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls over HTTP whose end is certain: every call has a deadline, and another thread can cut it.

`requests` cannot be interrupted while it waits, and its time limits begin anew with every byte. Quitting Blender must
not wait for the network, nor must a job wait for a server that drips. So every socket is remembered with the thread
that uses it, and shut when that thread's deadline has passed, or when somebody no longer wants the answer.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import io
import logging
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Collection, Container, Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from ..request.account import is_loopback
from .surroundings import check_file_address, is_public, proxies_for, trusted_certificates

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0  # until the first byte, and between two
# How an answer must not be packed: three kilobytes packed twice, or once by a newer method, become gigabytes before we
# can count them. What urllib3 does not know (“aws-chunked”), it leaves as it is.
UNWANTED_PACKINGS = frozenset({"br", "zstd"})
# `http.client` reads interim answers for ever, and urllib3 the size of a chunk, which a server may make a gigabyte.
LINE_BYTES = 65536  # as `http.client` allows
LINES_MAXIMUM = 1000  # one after the other, without a byte of body between them
INTERIM_MAXIMUM = 20  # answers before the answer: 100 Continue, 103 Early Hints
SWITCHING_PROTOCOLS = 101
_LOGGERS = tuple(
    f"urllib3.{name}" for name in ("connectionpool", "connection", "poolmanager", "response", "util.retry")
)


class Connections:
    """All open sockets, by the thread that uses them. Any thread may call any method.

    `on_this_thread.has_sent` tells whether any byte of a request was handed to a socket since its `deadline` began.
    Whatever error a call ends in, only this tells for certain whether it may have arrived.
    `on_this_thread.is_public_only`: refuse to connect to an address that is not public.
    """

    def __init__(self) -> None:
        self.on_this_thread = threading.local()
        self._lock = threading.Lock()
        self._sockets: weakref.WeakKeyDictionary[socket.socket, int] = weakref.WeakKeyDictionary()
        self._ends: dict[int, threading.Event] = {}  # by thread: set once nobody waits for its call any more
        self._is_cut = False
        self._silence = _Silence(self._ends)

    @functools.cached_property
    def certificates(self) -> ssl.SSLContext:
        """The certificates to trust. Raises PassingError, and reads them again for the next call."""
        return trusted_certificates()

    def add(self, sock: socket.socket) -> None:
        """Remember a socket of this thread. After a cut or the deadline, shut it at once."""
        with self._lock:
            self._sockets[sock] = threading.get_ident()
        if self.is_over():
            _shut(sock)

    def is_over(self) -> bool:
        """Return whether this thread's call was cut, or its deadline has passed."""
        with self._lock:
            end = self._ends.get(threading.get_ident())
            return self._is_cut or (end is not None and end.is_set())

    def cut(self) -> None:
        """End all waiting on the network, now and from now on."""
        with self._lock:
            self._is_cut = True
            sockets = list(self._sockets)
        for sock in sockets:
            _shut(sock)
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self._silence)

    def cut_thread(self, thread: int) -> None:
        """End the waiting of the thread with that identifier, now."""
        with self._lock:
            if thread in self._ends:
                self._ends[thread].set()
            sockets = [sock for sock, owner in self._sockets.items() if owner == thread]
        for sock in sockets:
            _shut(sock)

    @contextlib.contextmanager
    def deadline(self, seconds: float, may_leave: Callable[[], bool] | None = None) -> Iterator[None]:
        """Shut this thread's sockets if the block takes longer. Raises `requests.Timeout` if it ends for that reason.

        `may_leave`: asked before the first byte leaves; if it returns False, the block ends in an error, unsent.
        All that may go wrong with the network in the block is a `requests.RequestException`, too: `requests` lets some
        errors of the system and of its own libraries through.
        """
        thread, is_over = threading.get_ident(), threading.Event()
        self.on_this_thread.has_sent, self.on_this_thread.may_leave = False, may_leave
        with self._lock:
            self._ends[thread] = is_over
        for name in () if self._is_cut else _LOGGERS:
            logging.getLogger(name).addFilter(self._silence)  # once, however often
        timer = threading.Timer(seconds, self._end, (thread, is_over))
        timer.name, timer.daemon = "deadline", True
        timer.start()
        try:
            yield
            if is_over.is_set():  # a connection that is shut looks like one that ended
                raise requests.Timeout("the deadline has passed")
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            OSError,
            ValueError,
        ) as error:
            if is_over.is_set():
                raise requests.Timeout("the deadline has passed") from error
            if isinstance(error, requests.RequestException):
                raise
            raise requests.ConnectionError(type(error).__name__) from error
        finally:
            timer.cancel()
            with self._lock:
                self._ends.pop(thread, None)

    def _end(self, thread: int, is_over: threading.Event) -> None:
        """Cut the thread, unless it has gone on to another call meanwhile."""
        is_over.set()
        with self._lock:
            is_present = self._ends.get(thread) is is_over
        if is_present:
            self.cut_thread(thread)


class _Silence(logging.Filter):
    """A filter that drops what urllib3 logs of our calls: every address, with its signature. Those of others stay."""

    def __init__(self, calling: Container[int]) -> None:
        super().__init__()
        self._calling = calling  # the threads with a call of ours

    def filter(self, _record: logging.LogRecord) -> bool:
        """Return whether the record is not of a call of ours."""
        return threading.get_ident() not in self._calling


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
        self.headers["Accept-Encoding"] = "gzip, deflate"
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # none is kept
        self.adapters.clear()
        self.mount("http://", _Adapter(connections))

    def get_adapter(self, url: str) -> Any:
        """Return the adapter for the address. Raises PassingError if the certificates to trust cannot be read."""
        if url.lower().startswith("https:") and "https://" not in self.adapters:
            self.mount("https://", _Adapter(self.connections, self.connections.certificates))
        return super().get_adapter(url)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect. `requests` would read its whole body first, even if it is told not to follow it."""

    def check(self, address: str) -> None:
        """Raise PassingError unless the address is safe for this session.

        Call it before anything else reads the address: some versions of idna would work for minutes on its host.
        """
        if self._api:
            check_file_address(address, api=self._api)

    def exchange(self, prepared: requests.PreparedRequest) -> requests.Response:
        """Send the request. Return the answer; its body is not read yet. Call it within a deadline.

        Raises PassingError if the address is not safe for files, ProxyError if it is the proxy that fails.
        """
        self.check(prepared.url or "")
        self.connections.on_this_thread.is_public_only = bool(self._api) and not is_loopback(self._api)
        proxies = dict(proxies_for(prepared.url or ""))
        waits = (CONNECT_SECONDS, ANSWER_SECONDS)
        try:
            return self.send(prepared, timeout=waits, allow_redirects=False, stream=True, proxies=proxies)
        except ValueError as error:  # as an address that cannot be one: that of the request was read before
            if proxies and not isinstance(error, requests.exceptions.InvalidHeader):
                raise requests.exceptions.ProxyError(str(error)) from error
            raise


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
        packing = resp.headers.get("Content-Encoding", "").strip().lower()
        if "," in packing or packing in UNWANTED_PACKINGS:
            resp.close()
            raise requests.exceptions.ContentDecodingError("the answer is packed in another way", request=req)
        return super().build_response(req, resp)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs, ssl_context=self._certificates)
        manager.pool_classes_by_scheme = _tracked_pools(self._connections)
        return manager


@contextlib.contextmanager
def _at_proxy(connections: Connections) -> Iterator[None]:
    """Raise ProxyError for any fault of a proxy that is asked for a tunnel."""
    try:
        yield
        if connections.is_over():  # in the middle of its answer, which `http.client` takes for the end
            raise OSError("the call is over")
    except (OSError, http.client.HTTPException) as error:
        raise urllib3.exceptions.ProxyError(str(error), error) from error


@contextlib.contextmanager
def _behind_proxy(connection: Any) -> Iterator[None]:
    """Raise SSLError for what fails once a proxy has let the connection through; urllib3 1.26 would blame the proxy."""
    try:
        yield
    except OSError as error:
        if connection.is_through:
            raise urllib3.exceptions.SSLError(error) from error
        raise


def _connected(connections: Connections, connection: Any) -> socket.socket:
    """Return a socket connected to the first of the host's addresses that answers. Raises urllib3's errors or OSError.

    urllib3 would try address after address until long after the deadline, each without our knowing its socket, and
    connect to addresses that are not public.
    """
    is_to_proxy = bool(getattr(connection, "proxy", None) or getattr(connection, "_tunnel_host", None))
    is_public_only = getattr(connections.on_this_thread, "is_public_only", False) and not is_to_proxy
    failure: Exception = OSError("the host has no address")
    host = connection._dns_host  # noqa: SLF001 - urllib3's own name for it, without a dot at the end
    places = socket.getaddrinfo(host, connection.port, allowed_gai_family(), socket.SOCK_STREAM)
    for family, kind, protocol, _, place in places:
        if is_public_only and not is_public(str(place[0])):
            failure = OSError("the host is not on the public internet")
            continue
        if connections.is_over():
            raise OSError("the call is over")
        sock = socket.socket(family, kind, protocol)
        try:
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(connection.timeout)
            connections.add(sock)
            sock.connect(place)
        except TimeoutError:
            sock.close()
            failure = ConnectTimeoutError(connection, "the host does not answer")
        except OSError as error:
            sock.close()
            failure = NewConnectionError(connection, type(error).__name__)
        else:
            return sock
    raise failure


def _tracked_pools(connections: Connections) -> dict[str, Any]:
    """Return connection pools that report their sockets.

    `ConnectionCls` is urllib3's hook in 1.26 and 2, as is `_new_conn`, which returns the connected socket.
    """

    class Tracked(HTTPConnection):
        response_class = BoundedAnswer
        debuglevel = 0  # that of all connections, if another add-on sets it, would print the key
        _is_connecting = False
        is_through = False  # the proxy has let us through, so what fails then is not its fault
        _raw: socket.socket | None = None

        def connect(self) -> None:
            self._is_connecting, self.is_through = True, False  # bytes sent meanwhile only ask a proxy for a tunnel
            try:
                with _behind_proxy(self):
                    super().connect()
            finally:
                self._is_connecting = False
                if self._raw is not None:
                    self._raw.close()
                    self._raw = None
            connections.add(self.sock)

        def _new_conn(self) -> socket.socket:
            sock = _connected(connections, self)
            # A handshake takes the socket over, and may never end. Its duplicate shuts the same connection.
            self._raw = sock.dup()
            connections.add(self._raw)
            return sock

        def _tunnel(self) -> None:
            with _at_proxy(connections):
                super()._tunnel()  # of `http.client`, as in all versions of Python
            self.is_through = True

        def send(self, data: Any) -> None:
            if self.sock is None:  # `http.client` would connect in `send`: connect before the call counts as sent
                self.connect()
            if not self._is_connecting:
                here = connections.on_this_thread
                may_leave = getattr(here, "may_leave", None)
                if may_leave is not None and not here.has_sent and not may_leave():
                    raise OSError("nobody wants it to leave any more")
                here.has_sent = True
            super().send(data)

    class Encrypted(Tracked, HTTPSConnection):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Tracked

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


class BoundedAnswer(http.client.HTTPResponse):
    """An answer whose lines have an end. Its errors are `http.client`'s own."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = _Lines(self.fp.detach())  # a BufferedReader, of which nothing is read yet

    def _read_status(self) -> tuple[str, int, str]:
        """Return the status line of the answer itself; `http.client` would stop at an interim one (RFC 9110 §15.2)."""
        for _ in range(INTERIM_MAXIMUM):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # as in all versions of Python
            if not 100 <= status < 200 or status == SWITCHING_PROTOCOLS:
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException("too many interim answers")


class _Lines(io.BufferedReader):
    """A reader that counts lines, and refuses one without an end."""

    _count = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        self._count += 1
        line = super().readline(LINE_BYTES + 1 if size is None or size < 0 else size)
        if self._count > LINES_MAXIMUM or len(line) > LINE_BYTES:
            raise http.client.LineTooLong("answer line")
        return line

    def read(self, size: int | None = -1, /) -> bytes:
        self._count = 0
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        self._count = 0
        return super().readinto(buffer)
