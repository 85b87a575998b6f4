"""A picture is prepared when it is chosen: the click sends just that, and only looks whether the file is the same."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from PIL import Image

from tests.blender.drawing import draw
from tests.blender.looks import choose, look, seen, shown, subject
from tests.blender.picture_makers import cut, encoded, glass, noise, zeroed
from tests.blender.pictures import colours, picture_file, pixels, png_of_size, sent
from tests.blender.snapshots import written
from tests.blender.working import OPS, SMALL, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from emulator import Emulator

BLUE = (0, 0, 255)


@pytest.fixture
def asked(addon: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What background Blenders are asked, as it comes."""
    names: list[str] = []
    ask = addon.process.Background.ask

    def noted(self: Any, name: str, *given: Any, **more: Any) -> Any:
        names.append(name)
        return ask(self, name, *given, **more)

    monkeypatch.setattr(addon.process.Background, "ask", noted)
    return names


def test_the_click_sends_what_was_prepared_for_the_preview(
    tmp_path: Path, connected: Emulator, addon: Any, asked: list[str]
) -> None:
    path = picture_file(tmp_path, pixels=subject())
    choose(path)
    prepared = look(addon).prepared
    assert asked == ["prepare"]
    assert OPS.trellis2.generate_image(filepath=str(path), **SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid)
    assert sent(connected) == prepared.data
    assert asked == ["prepare"], "the file was read again"


def test_a_file_that_was_saved_again_is_what_the_click_sends(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    path = picture_file(tmp_path, pixels=subject())
    choose(path)
    look(addon)
    picture_file(tmp_path, pixels=subject(colour=BLUE))
    assert OPS.trellis2.generate_image(filepath=str(path), **SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid)
    middle = pixels(sent(connected))
    assert middle[-40, 100, :3].tolist() == list(BLUE)


def test_the_preview_follows_a_file_that_was_saved_again(
    tmp_path: Path, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.preview_requests, "CHECK_SECONDS", 0.0)
    path = picture_file(tmp_path, pixels=subject())
    choose(path)
    assert shown(look(addon).view)[-20, 128, :3].tolist() == [255, 0, 0]
    picture_file(tmp_path, pixels=subject(colour=BLUE))
    before = seen(addon)
    draw(addon.panels.TRELLIS2_PT_generate)
    addon.preview_requests.fulfil()
    tick_until(lambda: seen(addon) is not before)
    assert shown(look(addon).view)[-20, 128, :3].tolist() == list(BLUE)
    path.unlink()
    draw(addon.panels.TRELLIS2_PT_generate)
    addon.preview_requests.fulfil()
    tick_until(lambda: seen(addon) is None or seen(addon).error)
    assert "“chair.png” is gone" in look(addon).error


def test_a_file_that_stays_as_it_is_is_looked_at_once(
    tmp_path: Path, addon: Any, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.preview_requests, "CHECK_SECONDS", 0.0)
    choose(picture_file(tmp_path, pixels=subject()))
    before = look(addon)
    stamped: list[Any] = []
    stamp_of = addon.preview.stamp_of

    def noted(*given: Any) -> Any:
        stamped.append(given)
        return stamp_of(*given)

    monkeypatch.setattr(addon.preview, "stamp_of", noted)
    for number in range(1, 4):
        draw(addon.panels.TRELLIS2_PT_generate)
        addon.preview_requests.fulfil()
        tick_until(partial(lambda count: len(stamped) == count, number))
    tick_until(addon.session.running().runner.messages.empty)
    assert (seen(addon), asked) == (before, ["prepare"])


def test_what_the_look_refused_the_click_refuses_without_reading_it_again(
    tmp_path: Path, connected: Emulator, addon: Any, asked: list[str]
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(cut(encoded("JPEG", noise(300, 300))))
    choose(path)
    error = look(addon).error
    assert error.startswith("“photo.jpg” is damaged or was not copied whole.")
    assert refusal(lambda: OPS.trellis2.generate_image(filepath=str(path), **SMALL)) == error
    assert (asked, list(connected.calls), list(addon.session.jobs())) == (["prepare"], [], [])


def test_no_file_is_read_on_the_main_thread(
    tmp_path: Path, connected: Emulator, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.preview, "read_here", lambda *_given: pytest.fail("this Blender read it"))
    images = len(bpy.data.images)
    for name in ("chair.png", "chair.jpg", "chair.tga", "chair.tif"):
        path = picture_file(tmp_path, name)
        assert OPS.trellis2.generate_image(filepath=str(path), **SMALL) == {"FINISHED"}
        assert len(bpy.data.images) == images


@pytest.fixture
def alone(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No second Blender can be started."""
    start = addon.process.Launch(("no such program",), {})
    monkeypatch.setattr(addon.preview, "launch", lambda: start)


@pytest.mark.usefixtures("alone")
def test_where_no_second_blender_starts_this_one_reads_the_file_and_says_so_first(
    tmp_path: Path, connected: Emulator, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_first: list[bool] = []
    read = addon.preview.read_here

    def noted(*given: Any) -> Any:
        told_first.append(any("No second Blender" in notice.sentence for notice in addon.session.notices()))
        return read(*given)

    monkeypatch.setattr(addon.preview, "read_here", noted)
    path = picture_file(tmp_path, "chair.tga")
    choose(path)
    assert look(addon).view is not None
    assert OPS.trellis2.generate_image(filepath=str(path), **SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid)
    assert (pixels(sent(connected))[..., :3] == colours()).all()
    assert told_first == [True]
    assert list(addon.session.jobs_root().glob(".incoming/*")) == []
    assert len(addon.session.notices()) == 1


@pytest.mark.usefixtures("alone")
def test_even_then_what_is_too_large_or_damaged_is_refused(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    damaged = tmp_path / "photo.jpg"
    damaged.write_bytes(cut(encoded("JPEG", noise(300, 300))))
    images = len(bpy.data.images)
    said = [
        refusal(partial(OPS.trellis2.generate_image, filepath=str(path), **SMALL))
        for path in (png_of_size(tmp_path / "large.png", 10_000, 5_001), damaged, tmp_path / "gone.png")
    ]
    assert "50 megapixels are the most" in said[0]
    assert "is damaged" in said[1]
    assert "is gone" in said[2]
    assert (list(connected.calls), len(bpy.data.images)) == ([], images)


def half_copied(folder: Path, name: str) -> Path:
    """An uncompressed picture whose copying was interrupted after the file had got its size."""
    path = folder / name
    shape = (300, 400, 4) if name == "chair.tga" else (300, 400, 3)
    Image.fromarray(np.random.default_rng(2).integers(1, 256, shape).astype(np.uint8)).save(path)
    path.write_bytes(zeroed(path.read_bytes(), 0.7013))
    return path


def complained_of(folder: Path, name: str) -> Path:
    """A packed TIFF with a strip that cannot be unpacked: Blender complains, and returns pixels."""
    path = folder / name
    shown = np.random.default_rng(2).integers(1, 256, (300, 400, 3)).astype(np.uint8)
    Image.fromarray(shown).save(path, compression="tiff_lzw")
    path.write_bytes(zeroed(path.read_bytes(), 0.7))
    return path


@pytest.mark.parametrize("name", ["chair.tga", "chair.bmp", "chair.tif"])
def test_an_uncompressed_file_that_is_zero_from_within_a_row_on_is_not_paid_for(
    tmp_path: Path, connected: Emulator, addon: Any, name: str
) -> None:
    path = half_copied(tmp_path, name)
    choose(path)
    error = look(addon).error
    assert error.startswith(f"“{name}” is damaged or was not copied whole.")
    assert refusal(lambda: OPS.trellis2.generate_image(filepath=str(path), **SMALL)) == error
    assert list(connected.calls) == []


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("make", [half_copied, complained_of])
def test_even_then_nothing_incomplete_is_paid_for(
    tmp_path: Path, connected: Emulator, make: Callable[[Path, str], Path]
) -> None:
    path = make(tmp_path, "chair.tif")
    said = refusal(lambda: OPS.trellis2.generate_image(filepath=str(path), **SMALL))
    assert "is damaged" in said
    assert list(connected.calls) == []


def glass_image() -> Any:
    """A painted image that is see-through everywhere, chosen in the panel."""
    image: Any = bpy.data.images.new("Glas", 300, 400, alpha=True)
    image.pixels.foreach_set((glass()[::-1].astype(np.float32) / 255).ravel())
    image.update()
    scene: Any = bpy.context.scene
    scene.trellis2.source, scene.trellis2.image = "IMAGE", image
    return image


def test_a_job_that_was_refused_for_its_transparency_is_sent_without_it_by_its_button(
    connected: Emulator, addon: Any
) -> None:
    glass_image()
    assert OPS.trellis2.generate_open_image(**SMALL) == {"FINISHED"}
    tick_until(lambda: newest_job().is_resting)
    refused = newest_job()
    assert refused.message.startswith("No part of it is above 80 % opaque")
    assert not connected.calls
    addon.rows.show_jobs(addon.session.newest_first())
    assert ("trellis2.send_opaque", "Send Without Transparency", {"job_id": refused.id}) in draw(
        addon.panels.TRELLIS2_PT_jobs
    ).operators
    assert OPS.trellis2.send_opaque(job_id=refused.id) == {"FINISHED"}
    tick_until(lambda: connected.paid)
    assert (pixels(sent(connected)) == np.dstack([glass()[..., :3], np.full((400, 300), 255)])).all()
    tick_until(lambda: refused.id not in addon.session.jobs())
    assert refusal(lambda: OPS.trellis2.send_opaque(job_id=refused.id)) == "The picture is gone. Choose it again."
    assert connected.paid == 1


def test_the_preview_has_the_button_and_it_sends_what_the_panel_has(connected: Emulator, addon: Any) -> None:
    glass_image()
    assert look(addon).error.startswith("No part of it is above 80 % opaque")
    assert ("trellis2.send_opaque", "Send Without Transparency", {}) in draw(
        addon.panels.TRELLIS2_PT_generate
    ).operators
    OPS.trellis2.send_opaque("INVOKE_DEFAULT")
    tick_until(lambda: connected.paid)
    assert (pixels(sent(connected))[..., 3] == 255).all()


def test_a_picture_of_a_job_from_before_is_prepared_when_it_is_tried_again(
    tmp_path: Path, connected: Emulator, addon: Any, session: Any
) -> None:
    job = written(addon, "failed")
    folder = session.jobs_root() / job.id
    picture_file(folder, "source.png", subject())
    session.start()
    tick_until(lambda: job.id in session.jobs())
    assert OPS.trellis2.retry(job_id=job.id) == {"FINISHED"}
    tick_until(lambda: connected.paid)
    assert pixels(sent(connected)).shape == (220, 220, 4), "it was sent as it was"
    tick_until(lambda: session.jobs()[job.id].is_prepared)
    assert session.jobs()[job.id].crop[4:] == (400, 400)
