# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a job that is stopped, fails, or is left behind."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from PIL import Image

from emulator import BODY_FLAWS, Fault
from screens import SIZE
from tests.gui.artist import Artist
from tests.gui.shots import Shots

SLOW_ANSWER = 30.0  # seconds
# The right end of the status bar, where our text stands.
TEXT = (int(SIZE[0] * 0.7), 0, SIZE[0], 20)
IN_TEXT = (SIZE[0] - 60, 9)
SIDEBAR = "Place.find('VIEW_3D', 'UI').area.spaces.active"
REPORT_SECONDS = 60.0  # Blender's own report shifts the status bar by a pixel until it is gone


def is_seen_again(artist: Artist, idle: Image.Image) -> None:
    """Wait until the status bar shows what it showed before. Raises AssertionError if it does not."""
    end = time.monotonic() + REPORT_SECONDS
    while artist.picture(TEXT) != idle:
        assert time.monotonic() < end


@pytest.mark.parametrize("job_seconds", [600.0])
def test_the_x_in_the_list_asks_to_stop_a_running_job_whose_model_is_kept(artist: Artist) -> None:
    artist.generates_from_render()
    artist.waits_for("running")
    artist.click("trellis2.cancel(")
    artist.until(f"{artist.JOBS}[0].cancel_refused")
    (job,) = artist.emulator.jobs.values()
    job.seconds = 0.0
    artist.waits_for("ready")
    assert artist.emulator.calls["cancel"] == 1
    assert artist.models() == []


def test_a_job_that_failed_says_why_and_one_click_tries_again(artist: Artist) -> None:
    artist.emulator.fault("submit", Fault(job="fails", hint="The picture holds no subject"))
    artist.generates_from_render()
    artist.waits_for("failed")
    assert artist.models() == []
    assert artist.run(f"'The picture holds no subject' in {artist.JOBS}[0].message")
    artist.click("trellis2.retry(")
    artist.waits_for("imported")
    assert len(artist.models()) == 1


def test_a_wrong_key_is_told_beside_the_button_that_leads_to_it(artist: Artist) -> None:
    artist.renders()
    artist.run(f"{artist.PREFERENCES}.api_secret = 'wrong'")
    artist.click("trellis2.generate_render")
    artist.until(f"any('key' in (job.message or job.trouble) for job in {artist.JOBS})")
    artist.enters_key(artist.emulator.key, artist.emulator.secret)
    artist.click("trellis2.retry")
    artist.waits_for("imported")


@pytest.mark.parametrize("flaws", [BODY_FLAWS - {"slab"}])
def test_the_line_about_a_models_faults_leads_to_a_mended_copy_which_undo_removes(artist: Artist, shots: Shots) -> None:
    artist.run(f"{artist.SETTINGS}.decimation_target, {artist.SETTINGS}.texture_size = 100_000, '1024'")
    artist.generates_from_render()
    artist.waits_for("imported")
    artist.until(f"{artist.JOBS}[0].findings is not None and {artist.JOBS}[0].findings.clear is not None")
    (model,) = artist.models()
    artist.fills_the_window()
    _x, y = artist.find("trellis2.enlarge_job(")
    artist.unfolds_below(y)
    shots.keep("checked", artist.sidebar())
    artist.click("trellis2.make_solid")
    artist.until(f"{artist.SESSION}.works()")
    shots.keep("mending", artist.sidebar())
    artist.until(f"len({artist.MODELS}) == 2")
    shown = f"[bpy.data.objects[name].visible_get() for name in ({model!r}, {model + ' Solid'!r})]"
    assert artist.run(shown) == [False, True]
    artist.move_away()
    shots.keep("mended", artist.sidebar())
    kept = artist.folder / "Möbel.blend"
    artist.run(f"bpy.ops.wm.save_as_mainfile(filepath={str(kept)!r}, copy=True)")
    artist.press("Z", ctrl=True)
    artist.until(f"len({artist.MODELS}) == 1")
    assert artist.run(f"bpy.data.objects[{model!r}].visible_get()") is True
    artist.run(f"bpy.ops.wm.open_mainfile(filepath={str(kept)!r})")
    artist.until(f"len({artist.MODELS}) == 2")
    assert artist.run(shown) == [False, True]


@pytest.mark.parametrize("job_seconds", [10.0])
def test_quitting_meanwhile_ends_at_once_and_the_next_start_goes_on(start: Callable[[], Artist]) -> None:
    with start() as artist:
        artist.emulator.fault("job", Fault(delay=SLOW_ANSWER))
        artist.has_account()
        artist.run("bpy.ops.wm.save_userpref()")
        artist.opens_the_tab()
        artist.generates_from_render()
        artist.waits_for("running")
        artist.deletes_the_cube()
        artist.waits_for_call("job")  # which asks how far the model is: the answer comes long after the quitting
        asked = time.monotonic()
        artist.quits()
        assert artist.ended() == 0
        assert time.monotonic() - asked < 10
    with start() as artist:
        artist.waits_for("ready")
        assert artist.emulator.paid == 1


@pytest.mark.parametrize("job_seconds", [600.0])
def test_the_status_bar_says_what_runs_and_the_info_log_what_arrived(artist: Artist) -> None:
    artist.renders()
    artist.move_away()
    idle = artist.picture(TEXT)
    artist.click("trellis2.generate_render")
    artist.waits_for("running")
    artist.move_away()
    assert artist.run(f"{artist.SESSION}.display().text").startswith("Trellis: ")
    assert artist.picture(TEXT) != idle
    (job,) = artist.emulator.jobs.values()
    job.seconds = 0.0
    artist.waits_for("imported")
    is_seen_again(artist, idle)
    (model,) = artist.models()
    assert any(line.startswith(f"“{model}” is in the scene") for line in artist.info_log())


@pytest.mark.parametrize("job_seconds", [10.0])
def test_a_model_that_waits_is_told_in_the_status_bar_and_a_click_there_opens_the_list(
    artist: Artist, shots: Shots
) -> None:
    artist.renders()
    artist.move_away()
    idle = artist.picture(TEXT)
    artist.click("trellis2.generate_render")
    artist.waits_for("running")
    artist.run("[bpy.data.objects.remove(thing) for thing in [*bpy.data.objects] if thing.type == 'LATTICE']")
    artist.waits_for("ready")
    artist.until(f"{artist.SESSION}.display().waiting == 'Trellis: 1 model waits · The box was deleted or undone'")
    artist.move_away()
    assert artist.picture(TEXT) != idle
    shots.keep("waiting", artist.picture())
    artist.press("N")
    artist.until(f"not {SIDEBAR}.show_region_ui")
    artist.run("Place.find('VIEW_3D', 'UI').region.active_panel_category = 'View'")
    artist.click_at(*IN_TEXT)
    artist.until(f"{SIDEBAR}.show_region_ui")
    artist.until("Place.find('VIEW_3D', 'UI').region.active_panel_category == 'Trellis'")
    artist.click("trellis2.import_model(")
    artist.waits_for("imported")
    artist.move_away()
    is_seen_again(artist, idle)
    assert len(artist.models()) == 1
