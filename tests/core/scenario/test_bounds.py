"""Every wait has an end on the clock, and every answer an end in bytes, whatever a server does."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.recorder import Recorder, Reply
from tests.core.studio import AGENT, tells_what_to_do
from tests.glbs.draft import container
from tests.patience import PATIENCE
from trellis_blender.core.errors import (
    AnswerLostError,
    LongAnswerError,
    ModelFileError,
    PassingError,
    RefusedError,
    Remedy,
    TrellisError,
)
from trellis_blender.core.request.account import Account
from trellis_blender.core.request.service import Asset
from trellis_blender.core.scenario import connection, download, http
from trellis_blender.core.scenario.api import Api
from trellis_blender.core.scenario.connection import Connections

SOON = 0.3
GLB = container({"asset": {"version": "2.0"}}, bytes(4096))
HEAD = b"HTTP/1.1 200 OK\r\n"
Speech = Callable[[socket.socket, threading.Event], None]


def drip(client: socket.socket, left: threading.Event, first: bytes, drop: bytes) -> None:
    """Send the first bytes, then one drop after the other, until the client has left."""
    client.sendall(first)
    while not left.wait(0.05):
        client.sendall(drop)


def silent(_client: socket.socket, left: threading.Event) -> None:
    left.wait(PATIENCE)


def dripping(first: bytes, drop: bytes = b"x") -> Speech:
    return lambda client, left: drip(client, left, first, drop)


# What a server does with a request whose end would never come.
ENDLESS: dict[str, Speech] = {
    "says nothing": silent,
    "drips its status": dripping(b"", b"H"),
    "drips a header": dripping(HEAD + b"X-A: ", b"x"),
    "drips header after header": dripping(HEAD, b"X: y\r\n"),
    "continues for ever": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "goes early hints for ever": dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "drips a body with a length": dripping(HEAD + b"Content-Length: 1000000\r\n\r\n"),
    "drips a body without a length": dripping(HEAD + b"\r\n"),
    "drips spaces behind a whole answer": dripping(HEAD + b'\r\n{"job": {"jobId": "job_1"}}', b" "),
    "drips chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "drips a chunk's size": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "drips the trailer": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"T: t\r\n"),
    "drips gzip": dripping(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}")[:10], b"\0"),
    "drips the body of a refusal": dripping(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 90000\r\n\r\n"),
}


@contextlib.contextmanager
def server(speech: Speech) -> Iterator[str]:
    """Yield the address of a server that reads a request's beginning and then speaks."""
    left = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, contextlib.suppress(OSError):
                    client.recv(65536)
                    speech(client, left)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        left.set()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the deadlines. The limits between two bytes stay long, so that they cannot be what ends a wait."""
    for module, name in ((http, "CALL_SECONDS"), (http, "PICTURE_SECONDS"), (download, "CHUNK_SECONDS")):
        monkeypatch.setattr(module, name, SOON)
    monkeypatch.setattr("trellis_blender.core.scenario.api.PICTURE_SECONDS", SOON)
    assert min(connection.ANSWER_SECONDS, connection.CONNECT_SECONDS) >= 10


def api_at(url: str) -> Api:
    return Api(Account.checked("a-key", "a-secret", "", url), Connections(), AGENT)


def outcome(action: Callable[[], object]) -> TrellisError:
    """Return the error in which the action ends."""
    with pytest.raises(TrellisError) as error:
        action()
    assert tells_what_to_do(error.value.sentence) or isinstance(error.value, AnswerLostError), error.value.sentence
    return error.value


def caller(url: str, *, paid: bool = False) -> Callable[[], object]:
    made = http.Caller(Account.checked("a-key", "a-secret", "", url), Connections(), AGENT)
    return lambda: made.call("POST", "/x", {"a": 1}, paid=paid)


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("speech", ENDLESS.values(), ids=ENDLESS)
def test_a_call_that_would_never_end_ends(speech: Speech, paid: bool) -> None:
    with server(speech) as url:
        error = outcome(caller(url, paid=paid))
    assert type(error) is (AnswerLostError if paid else PassingError)


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("drop", [b"", b"\x16\x03\x01\x40\x00", b"x"], ids=["silent", "a record that drips", "no TLS"])
def test_a_handshake_that_is_never_answered_ends_before_anything_is_sent(drop: bytes, paid: bool) -> None:
    with server(silent if not drop else dripping(b"", drop)) as url:
        error = outcome(caller(url.replace("http:", "https:"), paid=paid))
    assert type(error) is PassingError


def test_the_deadline_ends_a_handshake_long_before_its_socket_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 2 * PATIENCE)
    was_met, was_shut = threading.Event(), threading.Event()

    def wait_for_the_end(client: socket.socket, _left: threading.Event) -> None:
        was_met.set()
        client.settimeout(PATIENCE)
        if client.recv(1) == b"":
            was_shut.set()

    with server(wait_for_the_end) as url:
        while not was_met.is_set():  # on a busy machine the deadline can pass before anything is connected
            outcome(caller(url.replace("http:", "https:")))
        assert was_shut.wait(PATIENCE)


def test_a_host_with_many_addresses_is_not_tried_past_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    connections = Connections()
    monkeypatch.setattr(http, "CALL_SECONDS", PATIENCE)

    def hang(_socket: socket.socket, address: object) -> None:
        tried.append(address)
        if len(tried) == 3:  # as when the deadline passes now
            connections.cut_thread(threading.get_ident())
        raise TimeoutError

    places = [(2, 1, 6, "", ("127.0.0.1", port)) for port in range(1, 200)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given: places)
    monkeypatch.setattr(socket.socket, "connect", hang)
    made = http.Caller(Account.checked("a-key", "a-secret", "", "http://127.0.0.1:1"), connections, AGENT)
    error = outcome(lambda: made.call("POST", "/x", {"a": 1}, paid=True))
    assert type(error) is PassingError
    assert len(tried) == 3


def test_a_call_that_nobody_wants_does_not_begin_once_the_host_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, found, ended = threading.Event(), threading.Event(), list[TrellisError]()
    look_up = socket.getaddrinfo

    def slow(*given: Any, **named: Any) -> Any:
        looks.set()
        found.wait(PATIENCE)
        return look_up(*given, **named)

    monkeypatch.setattr(http, "CALL_SECONDS", PATIENCE)
    connections = Connections()
    with Recorder() as recorder:
        made = http.Caller(Account.checked("a-key", "a-secret", "", recorder.url), connections, AGENT)
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        thread = threading.Thread(target=lambda: ended.append(outcome(lambda: made.call("GET", "/x"))))
        thread.start()
        assert looks.wait(PATIENCE)
        connections.cut_thread(thread.ident or 0)
        found.set()
        thread.join()
    assert [type(error) for error in ended] == [PassingError]
    assert recorder.asked == []


@pytest.mark.parametrize("speech", ENDLESS.values(), ids=ENDLESS)
def test_a_download_that_would_never_end_ends(speech: Speech, tmp_path: Path) -> None:
    with server(speech) as url:
        error = outcome(lambda: fetch(url, tmp_path))
    assert isinstance(error, PassingError | RefusedError)
    assert not (tmp_path / "model.glb").exists()


@pytest.mark.parametrize("speech", [ENDLESS[name] for name in list(ENDLESS)[:6]], ids=list(ENDLESS)[:6])
def test_a_part_that_is_never_taken_ends(speech: Speech, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(bytes(4_000_000))
    with server(speech) as storage:
        upload = {"id": "u", "parts": [{"number": 1, "url": storage}]}
        with Recorder(Reply(200, json.dumps({"upload": upload}).encode())) as recorder:
            error = outcome(lambda: send(recorder.url, tmp_path / "picture.png"))
    assert type(error) is PassingError


@pytest.mark.parametrize(
    "storage",
    [
        Reply(200, b"x" * 100_000, length=10**12),
        Reply(201, b"x" * 100_000),
        Reply(403, b"<Error>" * 90_000, length=10**12),
        Reply(307, b"x" * 90_000, {"Location": "http://127.0.0.1:1/"}, length=10**12),
    ],
    ids=["an endless body", "a body", "an endless refusal", "an endless redirect"],
)
def test_what_the_storage_says_is_not_read(storage: Reply, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(bytes(4_000_000))
    with Recorder(storage) as store:
        upload = {"id": "u", "parts": [{"number": 1, "url": store.url}]}
        done = {"upload": {"id": "u", "status": "failed", "errorMessage": "it is odd"}}
        replies = (Reply(200, json.dumps({"upload": upload}).encode()), Reply(200, json.dumps(done).encode()))
        with Recorder(*replies) as recorder:
            error = outcome(lambda: send(recorder.url, tmp_path / "picture.png"))
    assert type(error) is (RefusedError if storage.status < 300 else PassingError)


def send(url: str, picture: Path) -> object:
    return api_at(url).upload(picture, "picture.png", "image/png", lambda _seconds: True)


def fetch(url: str, folder: Path) -> None:
    session = connection.Session(Connections(), AGENT, url)
    asset = Asset("asset_1", "", url, is_glb=True)
    download.download(session, asset, folder / "model.glb", lambda _seconds: True, lambda _fraction: None)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


LONG = 9_000_000
# Answers whose size would hurt, and the error that each ends in.
LARGE: dict[str, tuple[Reply, type[TrellisError]]] = {
    "tiny objects": (Reply(200, b'{"a":[' + b"{}," * (LONG // 3) + b"{}]}"), LongAnswerError),
    "7 MB of tiny objects": (Reply(200, b'{"a":[' + b"{}," * 2_300_000 + b"{}]}"), LongAnswerError),
    "a length that is too long": (Reply(200, b"{}", length=31_000_000), LongAnswerError),
    "a length of 400 digits": (Reply(200, b"{}", {"Content-Length": "9" * 400}), PassingError),
    "one long text": (Reply(200, b'{"a":"' + b"x" * LONG + b'"}'), LongAnswerError),
    "spaces": (Reply(200, b" " * LONG), LongAnswerError),
    "deeply nested": (Reply(200, nested(100_000)), PassingError),
    "gzip of zeros": (Reply(200, gzip.compress(bytes(200_000_000), 1), {"Content-Encoding": "gzip"}), LongAnswerError),
    "gzip twice": (
        Reply(200, gzip.compress(gzip.compress(bytes(9_000_000))), {"Content-Encoding": "gzip, gzip"}),
        PassingError,
    ),
    "zeros by zstd": (Reply(200, b"\x28\xb5\x2f\xfd\x20\x02", {"Content-Encoding": "zstd"}), PassingError),
    "a redirect of zeros": (
        Reply(302, gzip.compress(bytes(200_000_000), 1), {"Location": "/", "Content-Encoding": "gzip"}),
        PassingError,
    ),
    "deflate and gzip": (Reply(200, b"x", {"Content-Encoding": "deflate,gzip"}), PassingError),
    "no gzip": (Reply(200, b"{}", {"Content-Encoding": "gzip"}), PassingError),
    "a long refusal": (Reply(400, b'{"reason":"' + b"x" * LONG + b'"}'), PassingError),
    "an endless refusal": (Reply(404, b"x" * 200_000, length=10**12), PassingError),
    "an endless redirect": (Reply(302, b"x" * 200_000, {"Location": "/x"}, length=10**12), PassingError),
    "a refusal of zeros": (Reply(400, gzip.compress(bytes(99_000_000), 1), {"Content-Encoding": "gzip"}), PassingError),
}


@pytest.mark.parametrize(("reply", "kind"), LARGE.values(), ids=LARGE)
def test_an_answer_that_is_too_large_is_not_taken(
    reply: Reply, kind: type[TrellisError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "CALL_SECONDS", PATIENCE)
    with Recorder(reply) as recorder:
        call = caller(recorder.url)
        tracemalloc.start()
        try:
            error = outcome(call)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert type(error) is kind, error
    assert most < 64_000_000


def test_a_page_of_the_listing_that_is_too_large_is_asked_for_with_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CALL_SECONDS", PATIENCE)
    long, short = Reply(200, b"{}", length=31_000_000), Reply(200, b'{"jobs": [{"jobId": "job_1"}]}')
    with Recorder(long, long, short) as recorder:
        found, page = api_at(recorder.url).jobs("2026-01-01T00:00:00.000Z", "token")
    assert ([job.id for job in found], page) == (["job_1"], "")
    assert [asked.query["pageSize"] for asked in recorder.asked] == ["100", "20", "4"]
    assert {asked.query["paginationToken"] for asked in recorder.asked} == {"token"}


def endless(first: bytes) -> Speech:
    """Return a body without a length or an end."""

    def speak(client: socket.socket, left: threading.Event) -> None:
        client.sendall(HEAD + b"\r\n" + first)
        while not left.is_set():
            client.sendall(bytes(65536))

    return speak


@pytest.mark.parametrize(
    "first", [b"", b"no GLB", b"glTF", GLB[:20], GLB], ids=["", "text", "a tag", "a header", "a GLB"]
)
def test_a_model_without_a_length_ends_where_its_own_header_says(
    first: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "CHUNK_SECONDS", PATIENCE)
    most = [0]
    monkeypatch.setattr(download, "MODEL_BYTES_MAXIMUM", 50_000_000)

    def progress(_fraction: float) -> None:
        most[0] += 1

    with server(endless(first)) as url:
        session = connection.Session(Connections(), AGENT, url)
        asset = Asset("asset_1", "", url, is_glb=True)
        with pytest.raises((ModelFileError, PassingError)):
            download.download(session, asset, tmp_path / "model.glb", lambda _seconds: True, progress)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 3_000_000


def test_a_model_that_comes_packed_is_unpacked_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "CHUNK_SECONDS", PATIENCE)
    bomb = gzip.compress(GLB[:12] + bytes(400_000_000), 1)
    with Recorder(Reply(200, bomb, {"Content-Encoding": "gzip"})) as recorder:
        tracemalloc.start()
        try:
            error = outcome(lambda: fetch(recorder.url, tmp_path))
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert type(error) is ModelFileError
    assert most < 64_000_000
    with Recorder(Reply(200, gzip.compress(GLB), {"Content-Encoding": "gzip", "ETag": '"a"'})) as recorder:
        fetch(recorder.url, tmp_path)
    assert (tmp_path / "model.glb").read_bytes() == GLB


def test_a_part_that_is_continued_keeps_to_its_own_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "CHUNK_SECONDS", PATIENCE)
    (tmp_path / "model.glb.part").write_bytes(GLB[:100])
    (tmp_path / "model.glb.origin").write_text('{"asset": "asset_1", "etag": "\\"a\\""}', encoding="utf-8")
    more = Reply(206, bytes(4_000_000), {"Content-Range": "bytes 100-4000099/4000100", "ETag": '"a"'})
    with Recorder(more) as recorder:
        error = outcome(lambda: fetch(recorder.url, tmp_path))
    assert type(error) is ModelFileError
    assert (tmp_path / "model.glb.part").stat().st_size < 1_000_000


@pytest.mark.parametrize("status", [206, 416])
def test_a_part_that_nobody_asked_for_is_no_fault_of_the_disk(status: int, tmp_path: Path) -> None:
    with Recorder(Reply(status, b"x")) as recorder:
        error = outcome(lambda: fetch(recorder.url, tmp_path))
    assert type(error) is PassingError


@pytest.mark.parametrize("length", [2**30 + 1, 10**12, 10**17])
def test_a_model_that_is_announced_as_too_large_is_not_downloaded(length: int, tmp_path: Path) -> None:
    with Recorder(Reply(200, GLB, length=length)) as recorder:
        error = outcome(lambda: fetch(recorder.url, tmp_path))
    assert type(error) is ModelFileError
    assert error.remedy is Remedy.PREFERENCES
    assert list(tmp_path.iterdir()) == []
