# SPDX-License-Identifier: GPL-3.0-or-later
"""The preferences: under headings, with the jobs' folder, and Clean Up, which says what it removes before it does."""

from __future__ import annotations

from tests.gui.artist import Artist
from tests.gui.shots import Shots

PAGE = ("PREFERENCES", "WINDOW")


def opens_preferences(artist: Artist) -> None:
    """Open the add-on's preferences, and scroll to their end."""
    artist.run("bpy.ops.trellis2.open_preferences()")
    artist.until(f"'PREFERENCES' in {artist.EDITORS}")
    artist.run("hand.over('PREFERENCES', 'WINDOW', 0.5, 0.5)")


def test_the_preferences_show_where_jobs_are_and_clean_up_asks_first(artist: Artist, shots: Shots) -> None:
    artist.generates_from_render()
    artist.waits_for("imported")
    opens_preferences(artist)
    shots.keep("preferences/account", artist.picture())
    artist.run("hand.scroll('PREFERENCES', 'WINDOW', 'WHEELDOWNMOUSE', FAR)")
    shots.keep("preferences/history", artist.picture())
    artist.until(f"{artist.SESSION}.state().messages.page.sizes")
    artist.click("trellis2.clean_up", *PAGE)
    shots.keep("preferences/clean_up", artist.picture())
    assert artist.run(f"len({artist.JOBS})") == 1  # nothing is removed before it is confirmed
    artist.press("RET")
    artist.until(f"not {artist.JOBS}")
    assert not list((artist.folder / "resources").rglob("model.glb"))
    assert len(artist.models()) == 1
