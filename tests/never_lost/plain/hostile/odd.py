"""HTTP and JSON that are written in a way that no sound server would write them, as data."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping

from tests.never_lost.plain.hostile.cases import ALWAYS, Case
from tests.never_lost.plain.hostile.front import Answer, Speech, Talk
from tests.never_lost.plain.hostile.speeches import OK, acted, answers, chunked, headed, says

ODD = "odd"
END = b"\r\n\r\n"


def _headers(*lines: str) -> Speech:
    """Give the emulator's answer under these lines in place of its own length."""

    def speak(talk: Talk) -> None:
        answer = talk.forward()
        head = [line.replace("LENGTH", str(len(answer.body))) for line in lines]
        talk.send(OK + "\r\n".join([*head, "Connection: close", "", ""]).encode("latin-1") + answer.body)

    return speak


def _body(change_name: str) -> Speech:
    """Give the emulator's answer with its body written in another way."""

    def speak(talk: Talk) -> None:
        answer = talk.forward()
        talk.send(Answer(answer.status, *_CHANGES[change_name](answer)).raw())

    return speak


def _packed(answer: Answer, encoding: str, data: bytes) -> tuple[dict[str, str], bytes]:
    return {**answer.headers, "Content-Encoding": encoding}, data


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


_CHANGES: Mapping[str, Callable[[Answer], tuple[dict[str, str], bytes]]] = {
    "with a mark of byte order": lambda answer: ({**answer.headers}, b"\xef\xbb\xbf" + answer.body),
    "in UTF-16": lambda answer: ({**answer.headers}, answer.body.decode().encode("utf-16")),
    "in UTF-32": lambda answer: ({**answer.headers}, answer.body.decode().encode("utf-32")),
    "and rubbish behind it": lambda answer: ({**answer.headers}, answer.body + b"\0rubbish"),
    "twice": lambda answer: ({**answer.headers}, answer.body * 2),
    "with each name twice": lambda answer: (
        {**answer.headers},
        b'{"asset": null, "job": 7, ' + answer.body.lstrip()[1:],
    ),
    "as GZIP in capitals": lambda answer: _packed(answer, "GZIP", gzip.compress(answer.body)),
    "as gzip in two members": lambda answer: _packed(
        answer, "gzip", gzip.compress(answer.body[:9]) + gzip.compress(answer.body[9:])
    ),
    "as gzip with rubbish behind it": lambda answer: _packed(answer, "gzip", gzip.compress(answer.body) + b"rubbish"),
    "as gzip that is cut": lambda answer: _packed(answer, "gzip", gzip.compress(answer.body)[:-12]),
    "as gzip with a wrong sum": lambda answer: _packed(answer, "gzip", gzip.compress(answer.body)[:-8] + bytes(8)),
    "as raw deflate": lambda answer: _packed(answer, "deflate", _raw_deflate(answer.body)),
    "as an empty gzip": lambda answer: _packed(answer, "gzip", b""),
    "packed by a word of 60 kB": lambda answer: _packed(answer, "x" * 60_000, answer.body),
}
_LENGTHS = {
    "the same length twice": ("Content-Length: LENGTH", "Content-Length: LENGTH"),
    "a length with a plus": ("Content-Length: +LENGTH",),
    "a length with an underscore": ("Content-Length: 1_0",),
    "a length in raised digits": ("Content-Length: \xb2\xb3",),
    "a length of a word": ("Content-Length: much",),
    "a length of a fraction": ("Content-Length: 1e3",),
    "a length beside chunks": ("Transfer-Encoding: chunked", "Content-Length: LENGTH"),
    "chunks of chunks": ("Transfer-Encoding: chunked, chunked",),
    "an unknown transfer": ("Transfer-Encoding: rubbish", "Content-Length: LENGTH"),
    "a header without a colon": ("rubbish", "Content-Length: LENGTH"),
    "a header without a name": (": rubbish", "Content-Length: LENGTH"),
    "a header with a NUL": ("X-A: a\0b", "Content-Length: LENGTH"),
    "a header over three lines": ("X-A: a", " b", "\tc", "Content-Length: LENGTH"),
    "ninety cookies": (*["Set-Cookie: canary=canary; Path=/"] * 90, "Content-Length: LENGTH"),
}
_CHUNKS = {"-1": b"-1\r\nx\r\n", "+5": b"+5\r\nhello\r\n", "0x5": b"0x5\r\nhello\r\n", "many": b"many\r\nx\r\n"}
_RANGES = ["bytes 5-2/1", "bytes */0", "bytes -", "bytes 0-99999999999999999999999/*", "rubbish", ""]
_PLACES = ["HTTPS://10.0.0.1/a", "https:10.0.0.1", "https://a:b@10.0.0.1/", "///10.0.0.1/a", "https://[::ffff:a00:1]/"]


def odd() -> Iterator[Case]:
    """HTTP in an odd way: it is taken as it is, or asked for again."""
    for name in _CHANGES:
        yield Case(ODD, f"the answer {name}", "asset", _body(name), "that answer")
    for name, lines in _LENGTHS.items():
        yield Case(ODD, name, "asset", _headers(*lines), "that answer")
        if "length" in name or "chunks" in name:
            yield Case(ODD, name, "download", _headers(*lines), "that answer", 3)
    for name, chunk in _CHUNKS.items():
        said = says(chunked().replace(b"0\r\n\r\n", chunk + b"0\r\n\r\n"))
        yield Case(ODD, f"a chunk of {name} bytes", "asset", said, "that answer")
    for shown in _RANGES:
        said = headed(206, Content_Range=shown)
        yield Case(ODD, f"a part that is “{shown}”", "download", said, "that answer", 3)
    yield Case(ODD, "416 again and again", "download", answers(416, b""), "that answer", ALWAYS)
    for place in _PLACES:
        said = says(b"HTTP/1.1 302 Found\r\nLocation: " + place.encode() + b"\r\nContent-Length: 0" + END)
        yield Case(ODD, f"a redirect to “{place}”", "download", said, "not connected to")
    two = says(
        b"HTTP/1.1 302 Found\r\nLocation: https://10.0.0.1/\r\nLocation: https://10.0.0.2/\r\nContent-Length: 0" + END
    )
    yield Case(ODD, "a redirect to two places", "download", two, "not connected to")
    for name, status in {
        "a status without a reason": b"HTTP/1.1 200",
        "a status that is no number": b"HTTP/1.1 2OO OK",
        "a status below zero": b"HTTP/1.1 -200 OK",
        "a status of 600": b"HTTP/1.1 600 Odd",
        "no version": b"HTTP 200 OK",
        "lines that end in LF alone": b"HTTP/1.1 200 OK\nX-A: b\n",
    }.items():
        yield Case(ODD, name, "job", says(status + b"\r\nContent-Length: 2" + END + b"{}"), "that answer")
        yield Case(ODD, name, "submit", acted(says(status + b"\r\nContent-Length: 2" + END + b"{}")), "that answer")
