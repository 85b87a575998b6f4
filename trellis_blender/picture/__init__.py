# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the picture comes from. The outcome is always a `ChosenPicture`: data, of which any thread makes what is sent.
The artist's things stay as they are.

One module a source; the table of all is in `sources`.
"""

from __future__ import annotations

from ..host.busy import is_rendering
from .file import from_file
from .render import StillRenderingError, from_render

__all__ = ["StillRenderingError", "from_file", "from_render", "is_rendering"]
