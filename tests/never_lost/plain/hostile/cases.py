"""The hostile inputs, as data: which call is answered in which way, and what ends it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.never_lost.plain.hostile import speeches
from tests.never_lost.plain.hostile.front import BUFFERS, Answer, Speech, Talk
from tests.never_lost.plain.hostile.speeches import (
    acted,
    answers,
    begins,
    changed,
    cut_after,
    endless,
    headed,
    refuses,
    says,
)

KEY, WAITS, SIZES, ROWS, PORTALS = "key", "waits", "sizes", "rows", "portals"
ALWAYS = float("inf")


@dataclass(frozen=True)
class Case:
    """One input. `name` says what the server does, `call` at which call, `bound` what ends it.

    `call`: a call's name, "jobs, search" after the answer to the paid call was lost, or "jobs, polling" of two jobs.
    `times`: how often in a row. `most_sent`: bytes that the server gets rid of, the system's buffers included.
    `slow`: its end is the call's deadline. `model_bytes`: what the artist allows a download to have.
    """

    kind: str
    name: str
    call: str
    speech: Speech
    bound: str = ""
    times: float = 1
    most_sent: float = BUFFERS
    slow: bool = False
    model_bytes: int = 1024**3
    loses_submit: bool = False

    @property
    def turns(self) -> float:
        """How many calls are answered so. A job's other files are asked for before its model."""
        return 2 if (self.call, self.times) == ("asset", 1) else self.times

    @property
    def key(self) -> str:
        """Its first column in the table."""
        return f"{self.name}, at {CALLS[self.call]}"


CALLS = {
    "upload": "the upload",
    "upload_start": "the upload's start",
    "upload_part": "the storage",
    "upload_status": "the upload's state",
    "submit": "the paid call",
    "job": "the job's state",
    "jobs, search": "the search",
    "jobs, polling": "the listing",
    "asset": "the model's address",
    "download": "the download",
    "cancel": "the cancelling",
}
CALL_BOUND, PICTURE_BOUND, CHUNK_BOUND = "90 s", "300 s", "90 s for 256 kB"


def waits() -> Iterator[Case]:
    """Every wait has an end."""
    some = list(speeches.SLOW)[:9]
    for call in ("submit", "download", "upload", "job", "asset", "upload_part", "jobs, search"):
        bound = {"download": CHUNK_BOUND, "upload": PICTURE_BOUND, "upload_part": PICTURE_BOUND}.get(call, CALL_BOUND)
        for name, speech in speeches.SLOW.items():
            if call not in ("submit", "download") and name not in some:
                continue
            if call == "upload_part" and "body" in name:  # the storage's body is not read
                continue
            said = acted(speech) if call == "submit" else speech
            yield Case(WAITS, name, call, said, bound, slow=True)
    yield Case(WAITS, "a page that names itself as the next", "jobs, search", _page("again"), "none twice", ALWAYS)
    yield Case(WAITS, "a next page for ever", "jobs, search", _next_pages(), "1,000 pages, 600 s", ALWAYS)
    yield Case(WAITS, "an upload that is never imported", "upload_status", changed(_never_imported), "600 looks", 6)


def sizes() -> Iterator[Case]:
    """Every size has an end."""
    answered = speeches.large_answers()
    for name, (speech, bound) in answered.items():
        most = BUFFERS + (8 * 1024 * 1024 if bound in ("8 MB", "300,000 values") else 0)
        yield Case(SIZES, name, "asset", speech, bound, most_sent=most)
        if name in ("31 MB of tiny objects", "zeros without an end", "a redirect without an end", "packed by br"):
            yield Case(SIZES, name, "submit", acted(speech), bound, most_sent=most)
        if name in ("31 MB of tiny objects", "a length of 31 MB", "100 MB of zeros, packed"):
            yield Case(SIZES, name, "jobs, search", speech, "8 MB, then a page of 20 rows", most_sent=most)
            yield Case(SIZES, name, "upload", speech, bound, most_sent=most)
    own = "its own header"
    for name, speech, bound, times in (
        ("zeros without a length or an end", endless(speeches.OK + b"\r\n"), "1 MB", 3),
        ("text without a length or an end", endless(speeches.OK + b"\r\n", b"no model" * 8192), "1 MB", 3),
        ("a GLB of 4 kB without an end", endless(speeches.OK + b"\r\n" + _glb_header(4096)), own, 3),
        ("a GLB of 4 kB under a length of 700 MB", endless(_length(700_000_000) + _glb_header(4096)), own, 3),
        ("100 MB of zeros, packed", answered["100 MB of zeros, packed"][0], "1 MB", 3),
        ("a length of 1 GiB and a byte", begins(_length(2**30 + 1)), "its header", 1),
        (
            "a length of 400 digits",
            says(speeches.OK + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n{}"),
            "its header",
            1,
        ),
        ("a redirect without an end", answered["a redirect without an end"][0], "nothing is read", 1),
        ("a refusal without an end", answered["a refusal without an end"][0], "nothing is read", 1),
        ("the size of a chunk without an end", answered["the size of a chunk without an end"][0], "64 kB a line", 1),
    ):
        yield Case(SIZES, name, "download", speech, bound, times, most_sent=3 * BUFFERS)
    length = begins(_length(20 * 1024**2))
    yield Case(SIZES, "a length of 20 MB, where 16 are allowed", "download", length, "16 MB", model_bytes=16 * 1024**2)
    for name in ("a redirect without an end", "a refusal without an end", "zeros without an end"):
        speech = acted(answered[name][0]) if name.startswith("zeros") else answered[name][0]
        yield Case(SIZES, name, "upload_part", speech, "nothing is read")


def _length(size: int) -> bytes:
    return speeches.OK + f"Content-Length: {size}\r\n\r\n".encode()


def _glb_header(length: int) -> bytes:
    return b"glTF" + (2).to_bytes(4, "little") + length.to_bytes(4, "little")


def _page(token: str) -> Speech:
    return answers(200, json.dumps({"jobs": [], "nextPaginationToken": token}).encode())


def _next_pages() -> Speech:
    count = iter(range(10**9))

    def speak(talk: Talk) -> None:
        _page(f"page {next(count)}")(talk)

    return speak


def _never_imported(data: dict[str, Any]) -> None:
    data["upload"]["status"] = "pending"


# Somebody else's rows in the same listing, as text, since no program would write some of them.
OTHERS = {
    "a row that is null": "null",
    "a row that is a number": "7",
    "a row that is a text": '"job"',
    "a row that is a list": "[]",
    "a row with nothing in it": "{}",
    "a row without an id": '{"jobId": null, "id": 7}',
    "a row with 400 digits": '{"jobId": "a", "progress": ' + "9" * 400 + "}",
    "a row with 5,000 digits": '{"jobId": "a", "billing": {"cuCost": ' + "9" * 5000 + "}}",
    "a row with a huge exponent": '{"jobId": "a", "progress": 1e999999}',
    "a row with NaN": '{"jobId": "a", "progress": NaN, "billing": {"cuCost": -Infinity}}',
    "a row with half an emoji": '{"jobId": "a", "status": "\\ud83d", "metadata": {"error": "\\udc00 no"}}',
    "a row with half an emoji as a name": '{"jobId": "a", "\\ud83d": "\\ud83d"}',
    "a row with controls": '{"jobId": "a\\u0000\\u001b[2J", "status": "\\u202egnp.exe"}',
    "a row of wrong kinds": '{"jobId": "a", "status": [], "progress": {}, "metadata": 7, "billing": "much"}',
    "a row of wrong kinds inside": '{"jobId": "a", "metadata": {"input": 7, "assetIds": "none", "error": {"a": 1}}}',
    "a row with dates that are numbers": '{"jobId": "a", "createdAt": 1e300, "updatedAt": "never"}',
    "a row with dates that lie": '{"jobId": "a", "createdAt": "9999-12-31T23:59:59Z", "updatedAt": "0001-01-01"}',
    "a row with a long text": json.dumps({"jobId": "a", "metadata": {"error": "x" * 500_000}}),
    "a row with a long id": json.dumps({"jobId": "a" * 90_000}),
    "a deep row": '{"jobId": "a", "metadata": ' + '{"a":' * 300 + "1" + "}" * 300 + "}",
    "a row with a seed of 400 digits": '{"jobId": "a", "metadata": {"input": {"seed": ' + "9" * 400 + "}}}",
}
# What the server says of our own running job: the path to the field, and its raw JSON.
OWN_FIELDS = {
    "progress of 400 digits": ("progress", "9" * 400),
    "progress NaN": ("progress", "NaN"),
    "progress -1e308": ("progress", "-1e308"),
    "progress as a text": ("progress", '"much"'),
    "progress null": ("progress", "null"),
    "a cost of 1e300": ("billing.cuCost", "1e300"),
    "a cost below zero": ("billing.cuCost", "-5"),
    "a cost of 400 digits": ("billing.cuCost", "9" * 400),
    "a cost that is true": ("billing.cuCost", "true"),
    "a status that nobody knows": ("status", '"r\\u00fcckw\\u00e4rts"'),
    "a status of half an emoji": ("status", '"\\ud83d"'),
    "a status of 90,000 letters": ("status", '"' + "x" * 90_000 + '"'),
    "a status that is a list": ("status", "[]"),
    "a date of the year 9999": ("createdAt", '"9999-12-31T23:59:59.999999Z"'),
    "a date of 1e300": ("updatedAt", "1e300"),
    "metadata that is a number": ("metadata", "7"),
}
WORDS = {
    "half an emoji": '"No \\ud83d picture"',
    "the other half of an emoji": '"\\udc00 no"',
    "marks of direction": '"a\\u202egnp.exe\\u202c b\\u2066c\\u2069"',
    "controls": '"a\\u0000b\\u001b[2Jc\\u0007"',
    "lines and tabs": '"one\\n\\ttwo\\r\\nthree"',
    "a word of 5,000 letters": '"' + "x" * 5000 + '"',
    "5,000 words": '"' + "no " * 5000 + '"',
    "fields of a format": '"{0.__class__} {self} %s %n {}"',
    "HTML": '"<b>No</b><script>alert(1)</script>"',
    "an address with a signature": '"see https://cdn.example/a?Policy=p&Signature=CANARY&Key-Pair-Id=k now"',
    "a tag of language": '"a\\udb40\\udc41\\udb40\\udc42"',
    "nothing": '""',
    "a number": "7",
    "an object": '{"a": {"b": []}}',
}
DATES = {
    "the year 9999": '"9999-12-31T23:59:59Z"',
    "the year 1": '"0001-01-01T00:00:00Z"',
    "tomorrow's tomorrow": '"2199-01-01T00:00:00Z"',
    "no date": '"never"',
    "1e300": "1e300",
    "null": "null",
}
TAGS = {
    "folded": '"a\r\n b"',
    "folded by a tab": '"a\r\n\tb"',
    "without quotes": "no quotes",
    "of 5,000 letters": '"' + "a" * 5000 + '"',
    "not ASCII": '"ä"',
    "empty": '""',
    "spaced": '"a b"',
    "weak": 'W/"a"',
}
IDS = {"null": "null", "a number": "7", "a list": "[]", "90,000 letters": '"' + "j" * 90_000 + '"'}
ANSWERS = {
    "null": b"null",
    "a list": b"[]",
    "a text": b'"ok"',
    "no UTF-8": b"\xff\xfe{}",
    "cut JSON": b'{"job"',
}
HINTS = ["-5", "nan", "1e400", "soon", "Thu, 99 Foo 99999 99:99:99 GMT", "9" * 5000, ""]
AN_HOUR = "3600"


def rows() -> Iterator[Case]:
    """One bad row, word or number never stops the rest."""
    for name, row in OTHERS.items():
        yield Case(ROWS, name, "jobs, polling", changed(_among, ROW=row), "that row")
        if "text" not in name and "long" not in name:
            yield Case(ROWS, name, "jobs, search", changed(_among, ROW=row), "that row", loses_submit=True)
    for name, (path, raw) in OWN_FIELDS.items():
        yield Case(ROWS, name, "job", changed(_of_a_running_job(path), RAW=raw), "that field")
    for name, raw in WORDS.items():
        body = '{"reason": ' + raw + "}"
        yield Case(ROWS, f"{name} as its reason", "upload", answers(400, body.encode()), "300 letters")
    for name, raw in DATES.items():
        said = changed(_setting("asset.createdAt", "RAW"), RAW=raw)
        yield Case(ROWS, f"{name} as the picture's date", "upload", said, "that field", loses_submit=True)
    yield from _headers()
    yield from _files_and_ids()


def _headers() -> Iterator[Case]:
    for name, tag in TAGS.items():
        yield Case(ROWS, f"a tag that is {name}", "download", cut_after(0.6, ETag=tag), "that header")
    for hint in HINTS:
        shown = "5,000 digits" if len(hint) > 99 else f"“{hint}”"
        yield Case(ROWS, f"Retry-After: {shown}", "asset", answers(503, b"{}", Retry_After=hint), "that header")
    for call in ("asset", "download"):
        said = answers(503, b"{}", Retry_After=AN_HOUR)
        yield Case(ROWS, "Retry-After: an hour", call, said, "an hour, which is said", ALWAYS)


def _files_and_ids() -> Iterator[Case]:
    for name, change in {
        "a gone file before the model": lambda ids: ["asset_gone", *ids],
        "a file that is null before the model": lambda ids: [None, *ids],
        "a file with a path before the model": lambda ids: ["../../jobs?x#y", "..", *ids],
        "the model 100,000 times": lambda ids: ids * 100_000,
        "files that are objects": lambda ids: [{"a": 1}, [], *ids],
    }.items():
        yield Case(ROWS, name, "job", changed(_files(change)), "50 files", ALWAYS)
    for name, raw in {"null": "null", "a number": "7", "10,000 letters": '"' + "t" * 10_000 + '"'}.items():
        said = changed(_setting("nextPaginationToken", "RAW"), RAW=raw)
        yield Case(ROWS, f"a next page that is {name}", "jobs, search", said, "that field", loses_submit=True)
    for name, raw in IDS.items():
        said = changed(_setting("job.jobId", "RAW"), RAW=raw)
        yield Case(ROWS, f"an id that is {name}", "submit", said, "that field")
    for name, body in ANSWERS.items():
        yield Case(ROWS, f"{name} as the answer", "submit", acted(answers(200, body)), "that answer")
        yield Case(ROWS, f"{name} as the answer", "asset", answers(200, body), "that answer")


def _of_a_running_job(path: str) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        data["job"]["status"] = "in-progress"
        _setting("job." + path, "RAW")(data)

    return change


def _among(data: dict[str, Any]) -> None:
    data["jobs"] = ["ROW", *data["jobs"], "ROW"]


def _files(change: Callable[[list[Any]], list[Any]]) -> Callable[[dict[str, Any]], None]:
    def set_them(data: dict[str, Any]) -> None:
        metadata = data["job"].get("metadata") or {}
        if metadata.get("assetIds"):
            metadata["assetIds"] = change(metadata["assetIds"])

    return set_them


def _setting(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        *way, last = path.split(".")
        for name in way:
            if not isinstance(data.get(name), dict):
                data[name] = {}
            data = data[name]
        data[last] = value

    return change


UNSAFE = [
    "http://cdn.example/a.glb",
    "https://10.0.0.1/a.glb",
    "https://192.168.1.1/a.glb",
    "https://172.16.0.9/a.glb",
    "https://100.100.100.200/latest/meta-data",
    "https://169.254.169.254/latest/meta-data",
    "https://[::ffff:10.0.0.1]/a.glb",
    "https://[64:ff9b::a00:1]/a.glb",
    "https://[64:ff9b:1::a00:1]/a.glb",
    "https://[2002:a00:1::]/a.glb",
    "https://[::ffff:0:10.0.0.1]/a.glb",
    "https://[fe80::1]/a.glb",
    "https://[fec0::1]/a.glb",
    "https://[fd00::1]/a.glb",
    "https://[fc00::1]/a.glb",
    "https://[febf::1]/a.glb",
    "https://[::127.0.0.1]/a.glb",
    "https://[2001:db8::1]/a.glb",
    "https://10.0.0.1\\@cdn.example/a.glb",
    "http://cdn.example\\@127.0.0.1/a.glb",
    "https://0.0.0.0/a.glb",
    "https://255.255.255.255/a.glb",
    "https://224.0.0.1/a.glb",
    "file:///etc/passwd",
    "ftp://cdn.example/a.glb",
    "data:model/gltf-binary;base64,AAAA",
    "javascript:alert(1)",
    "//cdn.example/a.glb",
    "https:///a.glb",
    "https://cdn.example:99999999/a.glb",
    "https://[::1",
    "",
]
LOCATIONS = [*UNSAFE[:6], "file:///etc/passwd", "https://[::1", "ftp://cdn.example/a", "//10.0.0.1/a", "/\x7f"]


def key() -> Iterator[Case]:
    """The key goes to one origin, and files come from safe addresses."""
    for status in (301, 302, 303, 307, 308):
        for call in ("upload", "submit", "job", "asset"):
            said = _redirect(status)
            yield Case(
                KEY, f"{status} to another host", call, acted(said) if call == "submit" else said, "not followed"
            )
    for address in UNSAFE:
        said = changed(_setting("asset.url", address))
        yield Case(KEY, f"the address “{address}”", "asset", said, "not connected to", ALWAYS)
    for place in LOCATIONS:
        said = says(b"HTTP/1.1 302 Found\r\nLocation: " + place.encode("latin-1") + b"\r\nContent-Length: 0\r\n\r\n")
        shown = "a control" if "\x7f" in place else f"“{place}”"
        yield Case(KEY, f"a redirect to {shown}", "download", said, "not connected to")
    for name, said, times in (
        ("redirects in a circle", _to_itself, ALWAYS),
        ("a redirect without a place", says(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), 1),
        ("a redirect to a place of 60 kB", says(b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 60_000 + b"\r\n\r\n"), 1),
        ("401 that asks for a password", answers(401, b"", WWW_Authenticate='Basic realm="Scenario"'), 1),
        ("407 that asks for a password", answers(407, b"", Proxy_Authenticate='Basic realm="Scenario"'), 1),
    ):
        yield Case(KEY, name, "download", said, "3 redirects" if times == ALWAYS else "no key is sent", times)
    for call in ("upload_part", "asset"):
        said = headed(Set_Cookie="canary=canary; Path=/") if call == "asset" else _redirect(307)
        name = "a cookie" if call == "asset" else "307 to another host"
        yield Case(KEY, name, call, said, "not kept" if call == "asset" else "not followed")


def _redirect(status: int) -> Speech:
    def speak(talk: Talk) -> None:
        talk.send(Answer(status, {"Location": f"{talk.elsewhere}/"}, b"").raw())

    return speak


def _to_itself(talk: Talk) -> None:
    talk.send(Answer(302, {"Location": "/assets/again.glb"}, b"").raw())


PAGE = b"<!DOCTYPE html><html><body>Sign in to the network</body></html>"


def portals() -> Iterator[Case]:
    """A network that answers in Scenario's place."""
    for call in ("upload", "submit", "job", "jobs, search", "asset", "download"):
        for status in (200, 302, 401, 403, 404, 511):
            headers = {"Location": "http://portal.example/"} if status == 302 else {}
            said = answers(status, PAGE, Content_Type="text/html", **headers)
            times = 3 if (call, status) == ("download", 200) else 1
            yield Case(PORTALS, f"a page to sign in ({status})", call, said, "that answer", times)
    for name, call, said in (
        ("no HTTP", "job", says(b"\x16\x03\x01\x02\x00\x01\x00")),
        ("HTTP/0.9", "job", says(b"hello\r\n")),
        ("HTTP/3.0", "job", says(b"HTTP/3.0 200 OK\r\n\r\n{}")),
        ("a status of five digits", "job", says(b"HTTP/1.1 99999 OK\r\n\r\n{}")),
        ("101 Switching Protocols", "job", says(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")),
        ("204 without a word", "submit", acted(says(b"HTTP/1.1 204 No Content\r\n\r\n"))),
        ("269 in place of a job", "submit", answers(269, b'{"creativeUnitsCost": 7}')),
        ("206 that nobody asked for", "download", answers(206, b"x")),
        ("416 that nobody asked for", "download", answers(416, b"")),
        ("304 that nobody asked for", "download", says(b"HTTP/1.1 304 Not Modified\r\n\r\n")),
        ("an empty reason", "upload", refuses("", 422)),
    ):
        yield Case(PORTALS, name, call, said, "that answer")


KINDS: dict[str, Callable[[], Iterator[Case]]] = {
    KEY: key,
    WAITS: waits,
    SIZES: sizes,
    ROWS: rows,
    PORTALS: portals,
}
