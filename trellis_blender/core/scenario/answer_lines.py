# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of an HTTP answer, each with an end: its status, its headers, and the sizes of its chunks.

`http.client` reads interim answers for ever, and urllib3 the size of a chunk, which a server may make a gigabyte long.
"""

from __future__ import annotations

import http.client
import io
from typing import Any

LINE_BYTES = 65536  # as `http.client` allows
LINES_MAXIMUM = 1000  # one after the other, without a byte of body between them
INTERIM_MAXIMUM = 20  # answers before the answer: 100 Continue, 103 Early Hints
SWITCHING_PROTOCOLS = 101


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
