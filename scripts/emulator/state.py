# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the emulated server knows, in one place, and its signed addresses.

Whoever reads or changes a record holds `lock`. The clock is the only source of time.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from .faults import FaultBook
from .messages import RefusedError
from .model.workshop import Workshop
from .records import AssetRecord, Clock, JobRecord, Service, UploadRecord

_KEY_PAIR = "KEMULATOR2EXAMPLE"
_FOR_URLS = {ord("+"): "-", ord("="): "_", ord("/"): "~"}


@dataclass
class State:
    """The server's memory: what it was told at the start, its records, and its counts."""

    key: str
    secret: str
    job_seconds: float
    url_seconds: float
    service: Service
    clock: Clock
    workshop: Workshop
    cdn_url: str = ""
    subject: bytes | None = None
    assets: dict[str, AssetRecord] = field(default_factory=dict)
    uploads: dict[str, UploadRecord] = field(default_factory=dict)
    jobs: dict[str, JobRecord] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    paid: int = 0
    leaked_credentials: int = 0
    faults: FaultBook = field(default_factory=FaultBook)
    lock: threading.RLock = field(default_factory=threading.RLock)
    closing: threading.Event = field(default_factory=threading.Event)
    signing_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def signed_url(self, path: str, *, expired: bool = False) -> tuple[str, float]:
        """Return an address on the CDN for `path` and the moment at which it expires (`expired`: a minute ago)."""
        expires = self.clock() + (-60 if expired else self.url_seconds)
        url = f"{self.cdn_url}{quote(path)}"
        # To the millisecond, so that a test may ask for addresses that live for less than a second.
        condition = {"DateLessThan": {"AWS:EpochTime": round(expires, 3)}}
        policy = _to_url(json.dumps({"Statement": [{"Resource": url, "Condition": condition}]}).encode())
        query = {"Policy": policy, "Signature": self._signature(policy), "Key-Pair-Id": _KEY_PAIR}
        return f"{url}?{urlencode(query)}", expires

    def check_signature(self, path: str, query: Mapping[str, str]) -> None:
        """Check the address of a call to the CDN, `path` unquoted.

        Raises:
            RefusedError: 403, the signature is wrong or missing, or the address has expired.
        """
        policy = query.get("Policy", "")
        is_ours = hmac.compare_digest(self._signature(policy).encode(), query.get("Signature", "").encode())
        if not is_ours or query.get("Key-Pair-Id") != _KEY_PAIR:
            raise RefusedError(403, "The signature does not match")
        (statement,) = json.loads(_from_url(policy))["Statement"]
        if statement["Resource"] != f"{self.cdn_url}{quote(path)}":
            raise RefusedError(403, "The policy is for another file")
        if self.clock() >= statement["Condition"]["DateLessThan"]["AWS:EpochTime"]:
            raise RefusedError(403, "Request has expired")

    def _signature(self, policy: str) -> str:
        return _to_url(hmac.digest(self.signing_key, policy.encode(), hashlib.sha256))


def _to_url(data: bytes) -> str:
    """Return base64 as CloudFront puts it into an address: without the three characters that mean something there."""
    return base64.b64encode(data).decode("ascii").translate(_FOR_URLS)


def _from_url(text: str) -> bytes:
    return base64.b64decode(text.translate({ord(new): chr(old) for old, new in _FOR_URLS.items()}))


def new_id(kind: str) -> str:
    """Return a new id such as `asset_1f2e…`, with 24 hexadecimal digits that nobody can guess."""
    return f"{kind}_{secrets.token_hex(12)}"
