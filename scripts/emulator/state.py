# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the emulated server knows, in one place, and its signed addresses.

Whoever reads or changes a record holds `lock`. The clock is the only source of time.
"""

import hashlib
import hmac
import secrets
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from .faults import FaultBook
from .messages import RefusedError
from .model.order import TextureFormat
from .model.workshop import Workshop
from .records import AssetRecord, Clock, JobRecord, UploadRecord


@dataclass
class State:
    """The server's memory: what it was told at the start, its records, and its counts."""

    key: str
    secret: str
    job_seconds: float
    url_seconds: float
    texture_format: TextureFormat
    clock: Clock
    workshop: Workshop
    cdn_url: str = ""
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
        # To the millisecond, so that a test may ask for addresses that live for less than a second.
        stamp = f"{expires:.3f}"
        query = urlencode({"Expires": stamp, "Signature": self._signature(path, stamp)})
        return f"{self.cdn_url}{quote(path)}?{query}", expires

    def check_signature(self, path: str, query: Mapping[str, str]) -> None:
        """Check the address of a call to the CDN, `path` unquoted.

        Raises:
            RefusedError: 403, the signature is wrong or missing, or the address has expired.
        """
        stamp = query.get("Expires", "")
        if not hmac.compare_digest(self._signature(path, stamp).encode(), query.get("Signature", "").encode()):
            raise RefusedError(403, "The signature does not match")
        if self.clock() >= float(stamp):
            raise RefusedError(403, "Request has expired")

    def _signature(self, path: str, stamp: str) -> str:
        return hmac.new(self.signing_key, f"{path}\n{stamp}".encode(), hashlib.sha256).hexdigest()


def new_id(kind: str) -> str:
    """Return a new id such as `asset_1f2e…`, with 24 hexadecimal digits that nobody can guess."""
    return f"{kind}_{secrets.token_hex(12)}"
