"""An extension repository of ours on this computer, as `scripts/build.py --repository` makes it, over real HTTP."""

from __future__ import annotations

import functools
import html
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from unittest import mock

import environments
from build import MANIFEST, build, publish

VERSION: str = environments.read_toml(MANIFEST)["version"]
"""The version that the sources have now."""


def version_after(version: str) -> str:
    """Return the version of the next release that only mends: "1.0.1" after "1.0.0"."""
    major, minor, patch = version.split(".")
    return f"{major}.{minor}.{int(patch) + 1}"


class Repository:
    """The folder, served on loopback from `with` to the end of the block. `asked`: the paths asked for, in order.

    `blender`: the version of the bpy whose command packs and lists the extension; None: that of the running Python.
    """

    def __init__(self, folder: Path, blender: str | None = None) -> None:
        self.asked: list[str] = []
        self._folder, self._blender = folder, blender
        self._site = folder / "site"
        handler = functools.partial(_Files, asked=self.asked, directory=str(self._site))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)

    @property
    def url(self) -> str:
        """The address of the folder."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def publish(self, version: str) -> str:
        """Let the sources be that version, release them, and return the link that an artist drags into Blender."""
        manifest = self._folder / version / MANIFEST.name
        manifest.parent.mkdir(parents=True, exist_ok=True)
        text = MANIFEST.read_text(encoding="utf-8")
        manifest.write_text(text.replace(f'version = "{VERSION}"', f'version = "{version}"'), encoding="utf-8")
        with mock.patch("build.MANIFEST", manifest):
            page = publish(build(manifest.parent, self._blender), self._site, self.url, self._blender)
        (link,) = re.findall(r'href="([^"]+\?[^"]+)"', page.read_text(encoding="utf-8"))
        return html.unescape(link)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, name="repository")
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Files(SimpleHTTPRequestHandler):
    def __init__(self, *given: Any, asked: list[str], **named: Any) -> None:
        self._asked = asked
        super().__init__(*given, **named)

    def do_GET(self) -> None:
        self._asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        pass
