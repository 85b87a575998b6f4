# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators: what the buttons and menu entries do.

`base` holds what operators share, and all Generate buttons.
`sources` generates from one picture, with an operator per source.
`drop` takes files that are dropped or chosen in the file browser.
`presets` sets many parameters at once.
`jobs` acts on a job of the list.
`pictured` moves models to where their pictures show them, makes another of the same picture or keeps one of several.
`textures` shows the textures in the viewport.
`assets` puts a model into the Asset Browser, or makes it lighter.
`finishing` gets a model ready for an engine, a printer or a render.
`clean_up` removes many jobs at once.
`account` takes and tests the API key.

Here stand the interface's own modules that only a click needs. They take others from `interface/at_need.py`, so that
cannot hold them.
"""

from typing import TYPE_CHECKING

from ...host.at_need import AtNeed

if TYPE_CHECKING:
    from .. import preview_requests, price_tag
else:
    preview_requests = AtNeed("interface.preview_requests")
    price_tag = AtNeed("interface.price_tag")

__all__ = ["preview_requests", "price_tag"]
