# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel in both themes, at three widths and two scales: pictures for a person, and what a machine can say of it."""

from __future__ import annotations

import pytest

from emulator import Fault
from tests.gui.artist import Artist
from tests.gui.shots import Shots
from trellis_blender.core.request.presets import PRESETS

WANTED = (
    "trellis2.source",
    "trellis2.look_again",
    # Standard is the operator's default, and a call that Blender writes in two ways.
    *(f"trellis2.use_preset(preset='{name}')" for name in PRESETS if name != "STANDARD"),
    "trellis2.variations",
    "trellis2.generate_image(",
    "window_managers",  # the list
    "trellis2.use_file",  # Change Picture
    "trellis2.retry(",
)


@pytest.mark.parametrize("width", [200, 300, 500])
@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("theme", ["Dark", "Light"])
def test_everything_can_be_reached(artist: Artist, shots: Shots, theme: str, scale: float, width: int) -> None:
    artist.scales_the_interface(scale)
    artist.widens_the_sidebar(width)
    artist.fills_the_window()
    artist.chooses_theme(theme)
    artist.emulator.fault("submit", Fault(job="fails", hint="The picture holds no subject"))
    artist.sets("source", "FILE")
    artist.sets("filepath", str(artist.draws("Vase.png")))
    artist.click("trellis2.generate_image(")
    artist.waits_for("failed")
    for page, picture in enumerate(artist.whole_sidebar()):
        shots.keep(f"looks/{theme.lower()}_{width}_x{scale:g}_{page}", picture)
    for wanted in WANTED:
        artist.find(wanted)
