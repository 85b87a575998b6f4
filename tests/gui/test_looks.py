# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel in both themes, at three widths and two scales: pictures for a person, and what a machine can say of it."""

from __future__ import annotations

import pytest

from emulator import Fault
from tests.gui.artist import Artist
from tests.gui.shots import Shots

WANTED = (
    "trellis2.source",
    "trellis2.use_preset",
    "trellis2.generate_image(",
    "trellis2.retry(",
    "window_managers",
)


@pytest.mark.parametrize("width", [200, 300, 500])
@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_everything_can_be_reached(artist: Artist, shots: Shots, theme: str, scale: float, width: int) -> None:
    artist.widens_the_sidebar(width)
    artist.chooses_theme(theme)
    artist.emulator.fault("submit", Fault(job="fails", hint="The picture holds no subject"))
    artist.sets("source", "FILE")
    artist.sets("filepath", str(artist.draws("Vase.png")))
    artist.click("trellis2.generate_image(")
    artist.waits_for("failed")
    artist.fills_the_window(scale)
    for page, picture in enumerate(artist.whole_sidebar()):
        shots.keep(f"{theme.lower()}_{width}_x{scale:g}_{page}", picture)
    for wanted in WANTED:
        artist.find(wanted)
