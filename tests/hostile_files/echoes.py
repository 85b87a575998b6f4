"""Servers that tell secrets back: in their words, headers, ids and redirects. Nothing of it may be kept or shown."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import quote

from emulator import Fault

KEY, SECRET = "api_kQ7canaryKey19/+", "sec_Zx3canarySecret77"
SIGNATURE = "Zm9vYmFyCanarySignature42"
HEADER = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
ADDRESS = f"https://cdn.example.com/a/b.glb?Expires=17&Key-Pair-Id=K2canaryPair&Signature={SIGNATURE}"
CANARIES = (KEY, SECRET, HEADER, quote(KEY, safe=""), SIGNATURE, "K2canaryPair")
OUTCOME = "The sentence, job.json, the log and every file are without it"


def _said(words: str, status: int = 400, more: Mapping[str, object] = MappingProxyType({})) -> Fault:
    return Fault(status=status, body=json.dumps({"reason": words, **more}))


# By name: the fault of one call.
ECHOES: Mapping[str, Callable[[], Fault]] = {
    "the key": lambda: _said(f"The key {KEY} with {SECRET} may not do this."),
    "the key, as an account's problem": lambda: _said(f"No credits for {KEY}.", 402),
    "the key, as not allowed": lambda: _said(f"{SECRET} is not allowed.", 403),
    "the key, not known": lambda: _said(f"Not found: {KEY}", 404),
    "the key, for later": lambda: _said(f"Busy with {KEY}", 429, {"remainingSeconds": 0.05}),
    "the header": lambda: _said(f"Bad header: Authorization: Basic {HEADER}"),
    "the header alone": lambda: _said(f"Bad header: {HEADER}"),
    "the header, quoted": lambda: _said(json.dumps({"authorization": f"Basic {HEADER}", "api_key": KEY})),
    "the key in an address": lambda: _said(f"See https://{quote(KEY, safe='')}:{SECRET}@example.com/"),
    "a signed address": lambda: _said(f"Cannot read {ADDRESS} now"),
    "a signed address in capitals": lambda: _said(f"Cannot read {ADDRESS.replace('https', 'HTTPS')} now"),
    "a signed address, escaped": lambda: _said(f"Cannot read {ADDRESS.replace('/', chr(92) + '/')} now"),
    "the end of a signed address": lambda: _said(f"Expires=17&Signature={SIGNATURE}&Key-Pair-Id=K2canaryPair"),
    "a signature as JSON": lambda: _said(json.dumps({"Signature": SIGNATURE, "Key-Pair-Id": "K2canaryPair"})),
    "a signature in two lines": lambda: _said(f"Cannot read\n{ADDRESS}\nnow"),
    "a signature of another service": lambda: _said(f"X-Amz-Signature={SIGNATURE}&X-Amz-Credential=K2canaryPair"),
    "a name of a field": lambda: _said("No.", more={KEY: SECRET, ADDRESS: SIGNATURE}),
    "a page": lambda: Fault(status=502, body=f"<html>{KEY} {ADDRESS}</html>", html=True),
    "a page that is no error": lambda: Fault(body=f"<html>{KEY} {ADDRESS}</html>", html=True),
    "no JSON": lambda: Fault(body=f"{{{KEY} {ADDRESS}"),
    "a redirect": lambda: Fault(status=302, headers={"Location": ADDRESS + KEY.replace("/", "")}),
    "headers": lambda: Fault(
        status=503, headers={"Retry-After": "0.05", "Server": KEY, "Set-Cookie": f"a={SECRET}", "X-Key": HEADER}
    ),
    "a tag": lambda: Fault(headers={"ETag": f'"{SECRET}"'}),
    "a tag that is signed": lambda: Fault(headers={"ETag": f'"Signature={SIGNATURE}"'}),
    "a connection that breaks": lambda: Fault(close="middle"),
    "a connection that ends": lambda: Fault(close="before"),
}
