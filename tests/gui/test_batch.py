# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of pictures in a real window: one question, a few at a time, a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.gui.artist import BROWSER

if TYPE_CHECKING:
    from tests.gui.artist import Artist
    from tests.gui.shots import Shots


GENERATE = (320, 485)  # the dialog's button, from the lower left corner of the window
NAMES = ("Armchair", "Bench", "Côté", "椅子")


@pytest.mark.parametrize("job_seconds", [2.0])
def test_a_folder_is_asked_about_once_goes_on_after_a_pause_and_is_reported(artist: Artist, shots: Shots) -> None:
    batch = f"next(reversed({artist.SESSION}.running().batches.all), None)"
    (artist.folder / "chairs").mkdir()
    for name in NAMES:
        artist.draws(f"chairs/{name}.png")
    (artist.folder / "chairs" / "notes.png").write_bytes(b"no picture")
    artist.run(f"{artist.PREFERENCES}.batch_concurrency = 1\n{artist.PREFERENCES}.cu_price = 0.05")
    artist.knows_the_price()
    artist.looks_for("3d models from folder")
    artist.until(f"'FILE_BROWSER' in {artist.EDITORS}")
    artist.run(f"{BROWSER}.params.directory = {str(artist.folder / 'chairs')!r}.encode()")
    artist.click("file.execute", "FILE_BROWSER", "EXECUTE")
    artist.until(f"'FILE_BROWSER' not in {artist.EDITORS}")
    artist.run("settled()")
    shots.keep("batch/question", artist.picture())
    assert artist.stages() == []
    artist.run("hand.window = Place.find('VIEW_3D', 'WINDOW').window")  # it was over the file browser, which is gone
    artist.click_at(*GENERATE)
    artist.until(f"bool({artist.JOBS})")
    artist.move_away()
    artist.waits_for_call("submit")
    artist.until(f"{batch}.models >= 1")
    artist.emulator.job_seconds = 40.0  # the mouse has time to find the button
    shots.keep("batch/running", artist.picture(moving=True))
    artist.click("trellis2.pause_batch")
    artist.emulator.job_seconds = 1.0
    artist.until(f"not {batch}.stages")
    shots.keep("batch/paused", artist.picture(moving=True))
    artist.click("trellis2.resume_batch")
    artist.until(f"{batch}.is_reported", 240.0)
    artist.until(f"len({artist.MODELS}) == 4")
    shots.keep("batch/reported", artist.picture())
    artist.click("trellis2.show_batch_report")
    artist.until(f"'TEXT_EDITOR' in {artist.EDITORS}")
    artist.run("settled()")
    shots.keep("batch/text", artist.picture())
    assert artist.emulator.calls["submit"] == 4
    assert sorted(artist.models()) == sorted(NAMES)
    if shots.folder is not None:
        (sheet,) = (artist.folder / "resources").rglob("contact sheet.png")
        (shots.folder / "batch" / "sheet.png").write_bytes(sheet.read_bytes())
