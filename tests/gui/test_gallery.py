# SPDX-License-Identifier: GPL-3.0-or-later
"""The gallery of a long history, and pictures shown large: by the mouse, with the sidebar as wide as it comes."""

from __future__ import annotations

import colorsys
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw

from screens import SIZE
from tests.addon import module_name
from tests.gui.artist import Artist
from tests.gui.shots import Shots
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.request.models import TRELLIS_2

COUNT = 60
STAGES = (Stage.IMPORTED, Stage.READY, Stage.FAILED, Stage.CANCELLED)
BEGUN = 1_795_342_000.0
GALLERY = "bpy.context.window_manager.trellis2_gallery"
CLASSES = f"__import__('importlib').import_module({module_name('gallery')!r})"
PAGES = f"__import__('importlib').import_module({module_name('gallery')!r})"
CHOSEN = "(lambda shown: shown.rows[shown.active].job_id)(bpy.context.window_manager.trellis2)"


def job_id(number: int) -> str:
    return f"20261122-{number:06d}-abcdef"


def write_history(root: Path) -> None:
    """Leave jobs behind as earlier sessions do, each with a thumbnail of its own colour."""
    for number in range(COUNT):
        job = Job(
            id=job_id(number),
            name=f"{('Vase', 'Stuhl', 'Äpfel')[number % 3]} {number:03d}",
            picture="source.png",
            picture_name="Vase.png",
            parameters=TRELLIS_2.complete({}, number),
            created=BEGUN + number,
            stage=STAGES[number % 4],
            ended=BEGUN + number + 60,
            message="The picture holds no subject." if number % 4 == 2 else "",
        )
        folder = root / job.id
        folder.mkdir(parents=True)
        job_folder.save(folder, dataclasses.replace(job))
        colour = tuple(round(255 * part) for part in colorsys.hsv_to_rgb(number / COUNT, 0.8, 0.9))
        picture = Image.new("RGBA", (256, 256))
        ImageDraw.Draw(picture).ellipse((30, 30, 226, 226), fill=(*colour, 255))
        picture.save(folder / "source.png")
        if job.stage in (Stage.IMPORTED, Stage.READY):
            ImageDraw.Draw(picture).rectangle((90, 90, 166, 166), fill=(255, 255, 255, 255))
            picture.save(folder / job_folder.THUMBNAIL_FILE)


@pytest.fixture
def collector(start: Callable[[], Artist]) -> Iterator[Artist]:
    """An artist with a long history, whose gallery is open."""
    with start() as artist:
        artist.has_account()
        artist.run("bpy.ops.wm.save_userpref()")
        write_history(Path(artist.run(f"str({artist.SESSION}.jobs_root())")))
        artist.run(f"{artist.SESSION}.start().runner.load()")
        artist.until(f"len({artist.JOBS}) == {COUNT}")
        artist.opens_the_tab()
        opens_the_gallery(artist)
        yield artist


def opens_the_gallery(artist: Artist, beside: str = "trellis2.retry(") -> None:
    """Fill the window with the viewport, unfold the gallery below the chosen job's last button, and go there."""
    artist.fills_the_window()
    _x, y = artist.find(beside)
    artist.unfolds_below(y)
    artist.unfolds("trellis2_gallery.search")  # if it was something else that changed in the sidebar meanwhile
    artist.run("hand.scroll('VIEW_3D', 'UI', 'WHEELDOWNMOUSE', FAR)")


def meets(artist: Artist, wanted: str) -> tuple[int, int, str]:
    """Where the first button of an operator is that is met, and its call."""
    x, y, call = artist.run(f"hand.find('VIEW_3D', 'UI', {wanted!r})")
    return x, y, call


def changed(before: Image.Image, after: Image.Image) -> tuple[int, int]:
    """The width and height of what differs between two pictures."""
    left, upper, right, lower = ImageChops.difference(before, after).getbbox() or (0, 0, 0, 0)
    return right - left, lower - upper


def colours_of(picture: Image.Image) -> int:
    """How many vivid colours cover a part of the picture."""
    hue, saturation, _value = picture.convert("RGB").convert("HSV").split()
    vivid = saturation.point(lambda value: 255 if value > 150 else 0)
    return sum(count > 500 for count in hue.histogram(vivid))


def sharp_rows(seen: Image.Image) -> int:
    """How many rows in a column of the window, at the most, differ strongly from the one below."""
    grey = np.asarray(seen.convert("L"), int)
    return int((np.abs(np.diff(grey, axis=0)) > 100).sum(axis=0).max())


def page(artist: Artist) -> list[str]:
    """The jobs on the page, in their order."""
    return list(artist.run(f"list({PAGES}.page({GALLERY}))"))


def test_thumbnails_are_seen_chosen_and_marked_and_a_search_finds_others(collector: Artist, shots: Shots) -> None:
    assert page(collector) == [job_id(number) for number in range(COUNT - 1, COUNT - 13, -1)]
    x, y, call = meets(collector, "trellis2.choose_job(")
    seen = collector.sidebar()
    shots.keep("gallery/page", seen)
    assert colours_of(seen) >= 3, "there are no thumbnails"
    collector.click_at(x, y)
    collector.until(f"{CHOSEN} in {call!r}")
    x, y, call = meets(collector, "trellis2.toggle_favorite(")
    collector.click_at(x, y)
    collector.until(f"any(job_id in {call!r} for job_id in {collector.SESSION}.running().favorites)")
    collector.click("trellis2_gallery.search")
    collector.type("vase 003")
    collector.press("RET")
    assert page(collector) == [job_id(3)]
    shots.keep("gallery/search", collector.sidebar())


def test_a_favorite_is_still_one_after_the_next_start(start: Callable[[], Artist], shots: Shots) -> None:
    with start() as artist:
        write_history(Path(artist.run(f"str({artist.SESSION}.jobs_root())")))
        artist.has_account()
        artist.run("bpy.ops.wm.save_userpref()")
        artist.run(f"{artist.SESSION}.start().runner.load()")
        artist.until(f"len({artist.JOBS}) == {COUNT}")
        artist.run(f"bpy.ops.trellis2.toggle_favorite(job_id={job_id(7)!r})")
        artist.until(f"not {artist.SESSION}.running().marks")
    with start() as artist:
        artist.until(f"len({artist.JOBS}) == {COUNT}")
        artist.opens_the_tab()
        opens_the_gallery(artist)
        artist.run(f"{GALLERY}.only_favorites = True")
        assert page(artist) == [job_id(7)]
        assert job_id(7) in meets(artist, "trellis2.choose_job(")[2]
        shots.keep("gallery/favorites", artist.sidebar())


def test_of_a_finished_job_picture_and_model_are_large_and_a_double_click_imports_it(
    artist: Artist, shots: Shots
) -> None:
    artist.generates_from_render()
    artist.waits_for("imported")
    artist.until(f"({artist.SESSION}.folder({artist.JOBS}[0].id) / 'thumbnail.png').exists()", 240)
    x, y = artist.find("trellis2.enlarge_job(")
    artist.move_away()
    before = artist.picture()
    artist.click_at(x, y)
    artist.until(f"not {artist.SESSION}.previews().large")
    seen = artist.picture()
    shots.keep("gallery/compared", seen)
    width, height = changed(before, seen)
    assert width > 800 > height > 400
    artist.press("ESC")
    opens_the_gallery(artist, "trellis2.enlarge_job(")
    x, y, _call = meets(artist, "trellis2.choose_job(")
    artist.run(f"{CLASSES}.DOUBLE_CLICK_SECONDS = 600.0")  # a window drawn by the CPU is slow
    artist.click_at(x, y, times=2)
    artist.until(f"len({artist.MODELS}) == 2")


def test_a_click_on_the_preview_shows_it_large_and_sharp(artist: Artist, shots: Shots) -> None:
    picture = Image.new("RGBA", (1040, 1040), "white")
    for row in range(0, 1040, 6):  # too fine for the small preview
        ImageDraw.Draw(picture).rectangle((0, row, 1039, row + 2), fill="black")
    path = artist.folder / "Lines.png"
    picture.save(path)
    artist.sets("source", "FILE")
    artist.sets("filepath", str(path))
    artist.until(f"any(look.answer for look in getattr({artist.SESSION}.previews(), 'shown', {{}}).values())")
    x, y = artist.find("trellis2.enlarge_preview")
    artist.move_away()
    before = artist.picture()
    artist.click_at(x, y)
    artist.until(f"not {artist.SESSION}.previews().large")
    seen = artist.picture()
    shots.keep("gallery/preview", seen)
    width, height = changed(before, seen)
    assert min(width, height) >= 520
    assert width < SIZE[0]
    assert height < SIZE[1]
    assert sharp_rows(seen) > 200, "the lines run into each other"
    artist.press("ESC")
    artist.find("trellis2.enlarge_preview")  # the sidebar is in reach again
