"""What a hostile server says, as data: each speech answers one call."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.never_lost.plain.hostile.front import Answer, Speech, Talk

OK = b"HTTP/1.1 200 OK\r\n"
JSON_TYPE = {"Content-Type": "application/json"}


def says(data: bytes) -> Speech:
    """Say exactly these bytes, and hang up."""
    return lambda talk: talk.send(data)


def answers(status: int = 200, body: bytes = b"{}", **headers: str) -> Speech:
    """Answer with that; in the headers' names an underscore stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda talk: talk.send(Answer(status, {**JSON_TYPE, **named}, body).raw())


def made(make: Callable[[], Speech]) -> Speech:
    """Make the speech when it is needed: it is large."""

    def speak(talk: Talk) -> None:
        make()(talk)

    return speak


def refuses(words: str, status: int = 400) -> Speech:
    """Refuse with these words."""
    return answers(status, json.dumps({"reason": words}).encode())


def drips(first: bytes, drop: bytes = b"x") -> Speech:
    """Say the first bytes, and go on with one drop after the other for ever."""
    return lambda talk: talk.drip(first, drop)


def silent(talk: Talk) -> None:
    """Say nothing."""
    talk.wait()


def begins(data: bytes) -> Speech:
    """Say these bytes, and nothing more, but stay."""

    def speak(talk: Talk) -> None:
        talk.send(data)
        talk.wait()

    return speak


def endless(first: bytes, block: bytes = bytes(65536)) -> Speech:
    """Say the first bytes, then the block again and again, as fast as they are taken."""

    def speak(talk: Talk) -> None:
        talk.send(first)
        while True:
            talk.send(block)

    return speak


def acted(speech: Speech) -> Speech:
    """Let the emulator act first."""

    def speak(talk: Talk) -> None:
        talk.forward()
        speech(talk)

    return speak


def changed(change: Callable[[dict[str, Any]], object], **raw: str) -> Speech:
    """Change the emulator's JSON; then each name in capitals stands for raw text that no program would write."""

    def speak(talk: Talk) -> None:
        answer = talk.forward()
        data = json.loads(answer.body)
        change(data)
        body = json.dumps(data)
        for name, text in raw.items():
            body = body.replace(f'"{name}"', text)
        talk.send(Answer(answer.status, answer.headers, body.encode()).raw())

    return speak


def headed(status: int | None = None, body: bytes | None = None, **headers: str) -> Speech:
    """Give the emulator's answer with other headers, or another status or body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def speak(talk: Talk) -> None:
        answer = talk.forward()
        shown = {name.title(): value for name, value in answer.headers.items()} | named
        talk.send(Answer(status or answer.status, shown, answer.body if body is None else body).raw())

    return speak


def cut_after(share: float, **headers: str) -> Speech:
    """Give that share of the emulator's answer, under its whole length, and hang up."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def speak(talk: Talk) -> None:
        answer = talk.forward()
        shown = {name.title(): value for name, value in answer.headers.items()} | named
        raw = Answer(answer.status, shown, answer.body).raw()
        talk.send(raw[: len(raw) - int(len(answer.body) * (1 - share))])

    return speak


def chunked(*parts: bytes) -> bytes:
    """A whole answer in chunks."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return OK + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + body + b"0\r\n\r\n"


def packed(body: bytes, encoding: str) -> bytes:
    """A whole answer with that Content-Encoding."""
    head = f"Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return OK + head.encode() + body


CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH = OK + b"Content-Length: 1000000\r\n\r\n"
# A server whose answer would never end, slowly.
SLOW: dict[str, Speech] = {
    "nothing at all": silent,
    "its status, byte by byte": drips(b"", b"H"),
    "a header, byte by byte": drips(OK + b"X-A: "),
    "header after header, slowly": drips(OK, b"X: y\r\n"),
    "the status line, then nothing": begins(OK),
    "headers, then nothing": begins(LENGTH),
    "half of a body, then nothing": begins(LENGTH + b'{"job": {'),
    "a body with a length, byte by byte": drips(LENGTH),
    "a body without a length, byte by byte": drips(OK + b"\r\n"),
    "a body of spaces": drips(OK + b"\r\n", b" "),
    "small chunks": drips(CHUNKS, b"1\r\nx\r\n"),
    "the size of a chunk, byte by byte": drips(CHUNKS, b"0"),
    "a chunk's extension": drips(CHUNKS + b"1;", b"a"),
    "the trailer": drips(CHUNKS + b"0\r\n", b"T: t\r\n"),
    "gzip, byte by byte": drips(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}")[:10], b"\0"),
    "a refusal, byte by byte": drips(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 90000\r\n\r\n"),
    "half a chunk, then nothing": begins(CHUNKS + b"10000\r\nabc"),
    "100 Continue, then nothing": begins(b"HTTP/1.1 100 Continue\r\n\r\n"),
}
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
FOUND = b"HTTP/1.1 302 Found\r\nLocation: /x\r\n"
LONG = 9_000_000


@cache
def _bomb(layers: int = 1) -> bytes:
    data = bytes(100_000_000)
    for _ in range(layers):
        data = gzip.compress(data, 1)
    return data


def filled(before: bytes, filling: bytes, count: int, after: bytes, status: int = 200) -> Speech:
    """Answer with a body that is filled with the same again and again."""
    return made(lambda: answers(status, before + filling * count + after))


def _nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * depth + b"]" * depth + b"}"


def large_answers() -> dict[str, tuple[Speech, str]]:
    """A server whose answer is too large, and the bound that ends it."""
    flood = OK + b"Content-Length: 1000000000000\r\n\r\n"
    many, layers = "8 MB", "one layer"
    return {
        "31 MB of tiny objects": (filled(b'{"a":[', b"{},", 10_000_000, b"{}]}"), many),
        "7 MB of tiny objects": (filled(b'{"a":[', b"{},", 2_300_000, b"{}]}"), "300,000 values"),
        "7 MB of empty lists": (filled(b'{"a":[', b"[],", 2_300_000, b"[]]}"), "300,000 values"),
        "7 MB of digits, one by one": (filled(b'{"a":[', b"1,", 3_500_000, b"1]}"), "300,000 values"),
        "one long text": (filled(b'{"a":"', b"x", LONG, b'"}'), many),
        "a long name": (filled(b'{"', b"x", LONG, b'":1}'), many),
        "nothing but spaces": (filled(b"", b" ", LONG, b""), many),
        "a length of 31 MB": (says(OK + b"Content-Length: 31000000\r\n\r\n{}"), "its header"),
        "a length of 400 digits": (says(OK + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n{}"), "its header"),
        "a length of 5,000 digits": (says(OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}"), many),
        "a negative length": (says(OK + b"Content-Length: -5\r\n\r\n{}"), many),
        "two lengths": (says(OK + b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}"), many),
        "zeros without an end": (endless(OK + b"\r\n"), many),
        "zeros under a length of a terabyte": (endless(flood), "its header"),
        "chunks without an end": (endless(CHUNKS, b"10000\r\n" + bytes(65536) + b"\r\n"), many),
        "the size of a chunk without an end": (endless(CHUNKS, b"0" * 65536), "64 kB a line"),
        "a chunk's extension without an end": (endless(CHUNKS + b"1;", b"a" * 65536), "64 kB a line"),
        "trailers without an end": (endless(CHUNKS + b"0\r\n", b"T: t\r\n" * 8192), "1,000 lines"),
        "one trailer without an end": (endless(CHUNKS + b"0\r\nT: ", b"t" * 65536), "64 kB a line"),
        "a header without an end": (endless(OK + b"X: ", b"x" * 65536), "64 kB a line"),
        "headers without an end": (endless(OK, b"X: y\r\n" * 8192), "100 headers"),
        "a status line without an end": (endless(b"HTTP/1.1 200 ", b"x" * 65536), "64 kB a line"),
        "100 Continue without an end": (endless(b"", INTERIM * 2000), "20 before the answer"),
        "103 Early Hints without an end": (endless(b"", HINTS * 2000), "20 before the answer"),
        "a redirect without an end": (endless(FOUND + b"\r\n"), "nothing is read"),
        "a redirect of zeros, packed": (
            made(lambda: says(FOUND + b"Content-Encoding: gzip\r\n\r\n" + _bomb())),
            "nothing is read",
        ),
        "a refusal without an end": (endless(b"HTTP/1.1 404 Not Found\r\n\r\n", b"x" * 65536), "64 kB"),
        "a refusal of 9 MB": (filled(b'{"reason":"', b"x", LONG, b'"}', 400), "64 kB"),
        "a refusal of zeros, packed": (
            made(lambda: says(b"HTTP/1.1 400 Bad Request\r\nContent-Encoding: gzip\r\n\r\n" + _bomb())),
            "64 kB",
        ),
        "100 MB of zeros, packed": (made(lambda: says(packed(_bomb(), "gzip"))), many),
        "100 MB of zeros, packed by deflate": (made(lambda: says(packed(zlib.compress(_bomb(0), 9), "deflate"))), many),
        "100 MB of zeros, packed twice": (made(lambda: says(packed(_bomb(2), "gzip, gzip"))), layers),
        "packed twice, in two headers": (
            made(lambda: says(OK + b"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n" + _bomb(2))),
            layers,
        ),
        "packed by br": (says(packed(b"\x8b\x00\x80{}\x03", "br")), layers),
        "packed by zstd": (says(packed(b"\x28\xb5\x2f\xfd\x20\x02\x11\x00\x00{}", "zstd")), layers),
        "packed, but not": (says(packed(b"{}", "gzip")), many),
        "lists in lists, 100,000 deep": (made(lambda: answers(200, _nested(100_000))), many),
        "lists in lists, 2,000 deep": (answers(200, _nested(2_000)), many),
    }
