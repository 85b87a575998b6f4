# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of somebody who has just installed the add-on."""

from __future__ import annotations

from tests.gui.artist import Artist
from tests.gui.shots import Shots


def test_a_newcomer_enters_a_key_in_the_sidebar_and_is_ready(newcomer: Artist, shots: Shots) -> None:
    newcomer.run(f"{newcomer.PREFERENCES}.api_address = {newcomer.emulator.url!r}")
    newcomer.opens_the_tab()
    shots.keep("first_run", newcomer.sidebar())
    assert "trellis2.generate" not in " ".join(newcomer.buttons())
    newcomer.enters_key(newcomer.emulator.key, newcomer.emulator.secret)
    newcomer.find("trellis2.generate_render")
    newcomer.until(f"{newcomer.ANSWER} is not None and {newcomer.ANSWER}.is_well")
    assert newcomer.run(f"{newcomer.PREFERENCES}.api_key") == newcomer.emulator.key


def test_a_newcomer_with_a_wrong_key_is_told_so_and_can_enter_another(newcomer: Artist) -> None:
    newcomer.run(f"{newcomer.PREFERENCES}.api_address = {newcomer.emulator.url!r}")
    newcomer.opens_the_tab()
    newcomer.enters_key(newcomer.emulator.key, "wrong")
    newcomer.until(f"{newcomer.ANSWER} is not None and not {newcomer.ANSWER}.is_well")
    newcomer.click("trellis2.open_preferences")
    newcomer.until(f"'PREFERENCES' in {newcomer.EDITORS}")
