"""Hostile `job.json` files: what somebody wrote into one, and what becomes of the job."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SET_ASIDE = "The job is set aside with a sentence that names its folder; the other jobs are listed"
KEPT = "The job is listed, and what could not be held is replaced"
ID = "20260101-120000-aaaaaa"
CREATED = 1767268800.0  # the moment that the id names
LONG = 10**399


@dataclass(frozen=True)
class Record:
    """Fields that replace those of a sound job, or the whole text. `mended`: what the job then says; None: set aside.

    `deep`: the field's value is this text as it stands, which Python's JSON would not write.
    """

    given: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    mended: Mapping[str, Any] | None = None
    text: bytes | None = None
    deep: str = ""

    @property
    def outcome(self) -> str:
        """Return what becomes of the job, in words."""
        return SET_ASIDE if self.mended is None else KEPT

    def written(self, sound: Mapping[str, Any]) -> bytes:
        """Return the file's bytes. `sound`: what a sound job's file says."""
        if self.text is not None:
            return self.text
        return json.dumps({**sound, **self.fields}).replace('"DEEP"', self.deep or '"DEEP"').encode()


def _names() -> dict[str, Record]:
    paths = {
        "a file outside": "../../secret.png",
        "a file outside, the Windows way": "..\\..\\secret.png",
        "an absolute path": "/etc/passwd",
        "an absolute path of Windows": "C:\\Users\\artist\\secret.png",
        "a path on a Windows drive": "C:secret.png",
        "a share on the network": "\\\\host\\share\\source.png",
        "a device of Windows": "NUL",
        "a device of Windows with a suffix": "con.png",
        "a stream of Windows": "source.png:secret",
        "the job itself": ".",
        "the jobs' folder": "..",
        "a NUL": "source.png\0",
        "a line break": "source.png\n",
        "a file that is not the picture": "job.json",
        "a picture of another kind": "source.svg",
        "a folder below": "textures/source.png",
        "far too long": "s" * 5000 + ".png",
        "a format of Python": "{0.__class__}",
        "a format of C": "%s%n",
        "a driver of Blender": "#frame",
        "a link to a web page": "file:///etc/passwd",
    }
    pictures = {
        f"picture: {name}": Record(f"picture: {path[:40]!r}", {"picture": path}) for name, path in paths.items()
    }
    ids = {
        f"id: {name}": Record(f"id: {value[:40]!r}", {"id": value})
        for name, value in {"another job's": "20260101-120000-bbbbbb", "outside": "../x", "empty": ""}.items()
    }
    batches = {
        "batch: outside": Record("batch: '../../x'", {"batch": "../../x"}),
        "batch: outside, behind a name": Record("batch: 'a/../../x'", {"batch": "a/../../x"}),
        "batch: a name with a line break": Record("batch: 'a\\n'", {"batch": "a\n"}),
        "sha256: a path": Record("picture_sha256: '/etc/passwd'", {"picture_sha256": "/etc/passwd"}),
        "a parameter's name: dunder path": Record("parameters: {'../x': 1}", {"parameters": {"seed": 1, "../x": 1}}),
    }
    return pictures | ids | batches


def _numbers() -> dict[str, Record]:
    found = {}
    for name, value in {
        "1e300": 1e300,
        "NaN": math.nan,
        "Infinity": math.inf,
        "-Infinity": -math.inf,
        "negative": -5.0,
        "of 400 digits": LONG,
        "after the year 3000": 4e10,
    }.items():
        for moment in ("created", "ended", "resumed", "accepted"):
            mended = CREATED if moment == "created" else None
            found[f"{moment}: {name}"] = Record(f"{moment}: {str(value)[:20]}", {moment: value}, {moment: mended})
        found[f"cost: {name}"] = Record(f"cost: {str(value)[:20]}", {"cost": value}, {"cost": None})
        found[f"charged_in_vain: {name}"] = Record(
            f"charged_in_vain: {str(value)[:20]}", {"charged_in_vain": value}, {"charged_in_vain": 0.0}
        )
        found[f"generation_seconds: {name}"] = Record(
            f"generation_seconds: {str(value)[:20]}", {"generation_seconds": value}, {"generation_seconds": None}
        )
    found |= {
        "place: negative": Record("place: -1", {"place": -1}, {"place": 0}),
        "place: of 400 digits": Record("place: 10^399", {"place": LONG}, {"place": 2**31 - 1}),
        "crop: without an extent": Record("crop: six zeros", {"crop": [0] * 6}, {"crop": ()}),
        "crop: of 400 digits": Record("crop: six numbers of 400 digits", {"crop": [LONG] * 6}, {"crop": ()}),
        "findings: NaN": Record("findings: NaN faces", {"findings": {"faces": math.nan, "parts": 1}}),
        "findings: no faces": Record("findings: 0 faces", {"findings": {"faces": 0, "parts": 1, "hidden_parts": 1}}),
        "findings: null faces": Record("findings: null faces", {"findings": {"faces": None, "parts": 1}}),
        "viewpoint: of 400 digits": Record(
            "viewpoint: a matrix of 16 numbers of 400 digits",
            {
                "viewpoint": {
                    "matrix": [LONG] * 16,
                    "projection": [1.0] * 16,
                    "selected": [],
                    "is_perspective": True,
                }
            },
        ),
        "created: true": Record("created: true", {"created": True}),
        "cost: a text": Record("cost: '7'", {"cost": "7"}),
        "created: of 5,000 digits": Record("created: 10^4999", {"created": "DEEP"}, deep="1" + "0" * 4999),
        "format: true": Record("format: true", {"format": True}),
        "seed: NaN": Record("seed: NaN", {"parameters": {"seed": math.nan}}),
        "seed: true": Record("seed: true", {"parameters": {"seed": True}}),
        "seed: negative": Record("seed: -1", {"parameters": {"seed": -1}}),
        "seed: of 400 digits": Record("seed: 10^399", {"parameters": {"seed": LONG}}),
        "a parameter: Infinity": Record(
            "ss_rescale_t: Infinity", {"parameters": {"seed": 1, "ss_rescale_t": math.inf}}
        ),
        "a parameter: 1e300": Record("ss_rescale_t: 1e300", {"parameters": {"seed": 1, "ss_rescale_t": 1e300}}),
        "a thousand parameters": Record(
            "parameters: 1,000 of them", {"parameters": {"seed": 1, **{f"p{n}": 1 for n in range(1000)}}}
        ),
    }
    return found


def _texts() -> dict[str, Record]:
    texts = {
        "half an emoji": ("Stuhl \ud83e", "Stuhl \ufffd"),
        "a byte that is no text": ("St\udcfchle", "St\ufffdhle"),
        "turned around": ("\u202egnp.elttob", "gnp.elttob"),
        "marks of direction": ("\u200ea\u200f\u061cb\u2066c\u2069", "abc"),
        "a terminal's command": ("a\x1b[31mb\x07", "a[31mb"),
        "a NUL": ("a\0b", "ab"),
        "line breaks": ("a\r\nb\u2028c\x85d", "a b c d"),
        "invisible signs": ("a\u200bb\ufeffc", "abc"),
        "a hundred thousand signs": ("x" * 100_000, "x" * 255),
        "a format of Python": ("{0.__class__.__mro__}", "{0.__class__.__mro__}"),
        "a format of C": ("%s%s%n", "%s%s%n"),
        "a path": ("../../etc/passwd", "../../etc/passwd"),
        "a driver of Blender": ("#frame", "#frame"),
        "a call of Python": ("__import__('os').abort()", "__import__('os').abort()"),
    }
    found = {
        f"{name}: {what}": Record(f"{name}: {given[:30]!a}", {name: given}, {name: plain})
        for name in ("name", "picture_name", "message")
        for what, (given, plain) in texts.items()
    }
    found["message: a signed address"] = Record(
        "message: an address with a signature",
        {"message": "No: https://cdn.example/a?Signature=canary"},
        {"message": "No: https://cdn.example/a"},
    )
    longest = "x" * 1000  # of a sentence
    found["message: a hundred thousand signs"] = Record(
        "message: 100,000 times x", {"message": "x" * 100_000}, {"message": longest}
    )
    return found


RECORDS: Mapping[str, Record] = {
    **_names(),
    **_numbers(),
    **_texts(),
    "two megabytes": Record("two megabytes of spaces", text=b" " * 2_000_000 + b"{}"),
    "nested without end": Record("200,000 brackets", text=b"[" * 200_000),
    "a field nested without end": Record(
        "name: 100,000 brackets", {"name": "DEEP"}, deep="[" * 100_000 + "]" * 100_000
    ),
    "UTF-16": Record("the file in UTF-16", text="{}".encode("utf-16")),
}
