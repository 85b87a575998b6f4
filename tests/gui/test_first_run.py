# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of somebody who has just installed the add-on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.gui.artist import Artist
from tests.gui.shots import Shots

if TYPE_CHECKING:
    from collections.abc import Callable

# From now on, whatever Python in Blender calls is noted.
LISTEN = """
import sys
called = []
calls = ("socket.getaddrinfo", "socket.connect")
sys.addaudithook(lambda event, told: called.append(event) if event in calls else None)
"""


def test_a_newcomer_enters_a_key_in_the_sidebar_and_is_ready(newcomer: Artist, shots: Shots) -> None:
    newcomer.run(f"{newcomer.PREFERENCES}.api_address = {newcomer.emulator.url!r}")
    newcomer.opens_the_tab()
    shots.keep("first_run", newcomer.sidebar())
    assert "trellis2.generate" not in " ".join(newcomer.buttons())
    newcomer.enters_key(newcomer.emulator.key, newcomer.emulator.secret)
    newcomer.find("trellis2.generate_render")
    newcomer.until(f"{newcomer.ANSWER} is not None and {newcomer.ANSWER}.is_well")
    assert newcomer.run(f"{newcomer.PREFERENCES}.api_key") == newcomer.emulator.key


def test_a_newcomer_with_a_wrong_key_enters_another_where_the_first_was_entered(newcomer: Artist, shots: Shots) -> None:
    newcomer.run(f"{newcomer.PREFERENCES}.api_address = {newcomer.emulator.url!r}")
    newcomer.opens_the_tab()
    newcomer.enters_key(newcomer.emulator.key, "wrong")
    newcomer.until(f"{newcomer.ANSWER} is not None and not {newcomer.ANSWER}.is_well")
    shots.keep("wrong_key", newcomer.sidebar())
    newcomer.enters_key(newcomer.emulator.key, newcomer.emulator.secret)
    newcomer.until(f"{newcomer.ANSWER} is not None and {newcomer.ANSWER}.is_well")
    newcomer.until(f"{newcomer.ANSWER} is None")  # “Connected” goes by itself
    shots.keep("right_key", newcomer.sidebar())
    newcomer.generates_from_render()
    newcomer.waits_for("imported")
    assert len(newcomer.models()) == 1


def test_a_key_that_the_preferences_held_has_left_them_when_blender_quits(start: Callable[[], Artist]) -> None:
    with start() as artist:
        artist.run(f"{artist.PREFERENCES}.project_id = 'proj_7'")
        artist.run(f"kept = {artist.PREFERENCES}")
        artist.run("stored = kept.bl_system_properties_get() if hasattr(kept, 'bl_system_properties_get') else kept")
        artist.run("stored['api_key'], stored['api_secret'] = 'old-key-4711', 'old-secret-0815'")
        artist.run("bpy.ops.wm.save_userpref()")
        (preferences,) = artist.folder.rglob("userpref.blend")
        assert b"old-key-4711" in preferences.read_bytes()
        artist.quits()
        assert artist.ended() == 0
    with start() as artist:
        key = f"[{artist.PREFERENCES}.api_key, {artist.PREFERENCES}.api_secret]"
        assert artist.run(key) == ["old-key-4711", "old-secret-0815"]
        artist.quits()
        assert artist.ended() == 0
        data = preferences.read_bytes()
        assert b"proj_7" in data
        assert b"old-key" not in data
        assert b"old-secret" not in data
    (path,) = artist.folder.rglob("key.json")
    assert b"old-key-4711" in path.read_bytes()


def test_a_newcomer_who_is_offline_is_asked_and_nothing_is_sent_before(newcomer: Artist, shots: Shots) -> None:
    newcomer.run(f"{newcomer.PREFERENCES}.api_address = 'https://api.example.invalid/v1'")
    newcomer.run(LISTEN)
    newcomer.opens_the_tab()
    newcomer.enters_key("key", "secret")
    newcomer.click("trellis2.allow_online_access")
    shots.keep("online_access", newcomer.picture())
    assert "trellis2.generate" not in " ".join(newcomer.buttons())
    assert newcomer.run("(called, context.preferences.system.use_online_access)") == [[], False]
    newcomer.press("RET")
    newcomer.until("context.preferences.system.use_online_access")
    newcomer.until("called")  # the key is tested by itself
    newcomer.find("trellis2.generate_render")
