"""The rarer kinds of open images: each is sent as Blender shows it, or refused with a sentence that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest
from PIL import Image

from tests.blender.picture.test_source_image import arrive, refused
from tests.blender.pictures import linear_exr, picture_file, targa
from tests.blender.working import OPS, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

SIDE = 32
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 100, 50)]
NEXT_STEPS = ("Reload it, or choose another image.", "Go to another frame, or choose another image.")


def set_format(scene: Any, kind: str) -> None:
    """Have the scene write files of this kind, in any Blender."""
    settings = scene.render.image_settings
    if bpy.app.version >= (5, 0, 0):
        media = {"FFMPEG": "VIDEO", "OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE"}
        settings.media_type = media.get(kind, "IMAGE")
    settings.file_format = kind


def frame(colour: tuple[int, int, int]) -> Any:
    """A picture of one colour, at half of it in the upper half."""
    made = np.full((SIDE, SIDE, 3), colour, np.uint8)
    made[: SIDE // 2] //= 2
    return made


def small_scene(name: str) -> Any:
    """A scene that renders a small square."""
    scene: Any = bpy.data.scenes.new(name)
    scene.render.resolution_x = scene.render.resolution_y = SIDE
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "Standard"
    scene.frame_start, scene.frame_end = 1, len(COLOURS)
    return scene


@pytest.fixture
def movie(tmp_path: Path, addon: Any) -> Any:
    """A movie without loss, one colour a frame, written by Blender and opened."""
    names = [f"f{number}.png" for number in range(len(COLOURS))]
    paths = [picture_file(tmp_path, name, frame(colour)) for name, colour in zip(names, COLOURS, strict=True)]
    scene = small_scene("film")
    editor = scene.sequence_editor_create()
    strips = editor.strips if bpy.app.version >= (4, 4, 0) else editor.sequences
    strip = strips.new_image("film", str(paths[0]), 1, 1)
    for name in names[1:]:
        strip.elements.append(name)
    strip.frame_final_duration = len(names)
    set_format(scene, "FFMPEG")
    scene.render.ffmpeg.format, scene.render.ffmpeg.codec = "MPEG4", "H264"
    scene.render.ffmpeg.constant_rate_factor = "LOSSLESS"
    scene.render.filepath, scene.render.use_file_extension = str(tmp_path / "Film.mp4"), False
    bpy.ops.render.render(animation=True, scene="film")
    return bpy.data.images.load(str(tmp_path / "Film.mp4"))


@pytest.fixture
def layers(tmp_path: Path, addon: Any) -> Path:
    """A multilayer EXR of one colour all over, rendered by Blender."""
    scene = small_scene("layers")
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    scene.camera, scene.render.engine = camera, "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.world = bpy.data.worlds.new("world")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs[0].default_value = (0.5, 0.25, 0.05, 1)
    set_format(scene, "OPEN_EXR_MULTILAYER")
    scene.render.filepath = str(tmp_path / "layers.exr")
    bpy.ops.render.render(write_still=True, scene="layers")
    return tmp_path / "layers.exr"


def look(addon: Any, image: Any, number: int = 1) -> Any:
    """What is sent of the image, (height, width, 4) uint8."""
    chosen = addon.image.from_image(bpy.context, image, number, addon.session.incoming())
    return chosen.pixels.rows() if chosen.targa is None else targa(chosen.targa.read_bytes())


@pytest.mark.parametrize(("number", "shown"), [(1, 0), (2, 1), (4, 3), (99, 3), (-3, 0)])
def test_of_a_movie_the_frame_is_sent_that_blender_shows(addon: Any, movie: Any, number: int, shown: int) -> None:
    assert movie.source == "MOVIE"
    difference = look(addon, movie, number)[..., :3].astype(int) - frame(COLOURS[shown])
    assert abs(difference).max() <= 2


def test_of_a_movie_the_scenes_frame_arrives(
    tmp_path: Path, addon: Any, movie: Any, connected: Emulator, session: Any
) -> None:
    scene: Any = bpy.context.scene
    scene.frame_set(3)
    arrived = arrive(movie, connected, tmp_path, session)
    assert abs(arrived[..., :3].astype(int) - frame(COLOURS[2])).max() <= 2


def test_a_multilayer_exr_is_refused_with_what_to_do_as_an_open_image_and_as_a_file(
    tmp_path: Path, addon: Any, layers: Path, connected: Emulator
) -> None:
    image = bpy.data.images.load(str(layers))
    assert refused(image) == "The image “layers.exr” has layers. Save the one that you see as a PNG, and choose that."
    assert image.type == "MULTILAYER"
    said = refusal(lambda: OPS.trellis2.generate_image(filepath=str(layers)))
    assert said == "“layers.exr” has layers. Open it in Blender, save the one that you see as a PNG, and choose that."
    assert connected.paid == 0


def test_one_and_two_channels_are_sent_as_grey_with_their_alpha(tmp_path: Path, addon: Any) -> None:
    grey = picture_file(tmp_path, "grey.png", np.full((8, 8), 100, np.uint8))
    Image.fromarray(np.full((8, 8, 2), (100, 50), np.uint8)).save(tmp_path / "alpha.png")
    deep = picture_file(tmp_path, "deep.png", np.full((8, 8), 30_000, np.uint16))
    single = picture_file(tmp_path, "single.tif", np.full((8, 8), 0.25, np.float32))
    linear = linear_exr(tmp_path / "linear.exr", np.full((8, 8, 4), (0.25, 0.25, 0.25, 1), np.float32))
    expected = {grey: (100, 255), tmp_path / "alpha.png": (100, 50), deep: (117, 255), single: (64, 255)}
    for path, (shade, alpha) in {**expected, linear: (137, 255)}.items():
        seen = look(addon, bpy.data.images.load(str(path)))
        assert seen.reshape(-1, 4).min(0).tolist() == seen.reshape(-1, 4).max(0).tolist(), path.name
        assert seen[0, 0].tolist() == [shade, shade, shade, alpha], path.name


@pytest.mark.parametrize("name", ["gone.png", "gone.exr", "empty.png", "text.mp4", "never"])
def test_an_image_without_a_file_that_can_be_read_is_refused_with_what_to_do(
    tmp_path: Path, connected: Emulator, name: str
) -> None:
    path = tmp_path / name
    if name == "never":
        image: Any = bpy.data.images.new("never", 8, 8)
        image.source = "FILE"
    else:
        path.write_bytes(b"" if name == "empty.png" else b"no picture")
        image = bpy.data.images.load(str(path))
        if name.startswith("gone"):
            path.unlink()
    assert tuple(image.size) == (0, 0)
    assert refused(image).endswith(NEXT_STEPS)
    assert connected.paid == 0


def test_of_an_image_whose_file_is_gone_what_blender_still_shows_is_sent(tmp_path: Path, addon: Any) -> None:
    path = picture_file(tmp_path, "gone.png", frame(COLOURS[3]))
    image: Any = bpy.data.images.load(str(path))
    assert image.pixels[0]  # which has Blender read it
    path.unlink()
    assert (look(addon, image)[..., :3] == frame(COLOURS[3])).all()


@pytest.mark.parametrize("source", ["MOVIE", "SEQUENCE"])
def test_frames_that_are_gone_are_refused_with_what_to_do(tmp_path: Path, connected: Emulator, source: str) -> None:
    path = picture_file(tmp_path, "f0001.png", frame(COLOURS[0]))
    image: Any = bpy.data.images.load(str(path))
    image.source = source
    path.unlink()
    image.reload()
    assert refused(image).endswith(NEXT_STEPS)
    assert connected.paid == 0
