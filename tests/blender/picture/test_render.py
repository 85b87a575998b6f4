"""The current render: sent as the artist sees it, and the scene's render settings stay what they were."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import bpy
import pytest
from PIL import Image

from tests.blender.pictures import pixels, placed, sent
from tests.blender.working import OPS, SMALL, newest_job, refusal, tick_until

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

SIDE = 96


def current_scene() -> Any:
    """The scene, whose settings the stubs do not know all of."""
    return bpy.context.scene


def render(view_transform: str = "AgX") -> None:
    """Render a bright ball in front of nothing, with few samples."""
    scene = current_scene()
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 4, False
    scene.render.resolution_x = scene.render.resolution_y = SIDE
    scene.render.film_transparent = True
    scene.view_settings.view_transform = view_transform
    bpy.ops.mesh.primitive_uv_sphere_add(segments=16, ring_count=8)
    material: Any = bpy.data.materials.new("orange")
    material.use_nodes = True
    material.node_tree.nodes.clear()
    glow = material.node_tree.nodes.new("ShaderNodeEmission")
    glow.inputs["Color"].default_value = (0.8, 0.3, 0.05, 1)
    output = material.node_tree.nodes.new("ShaderNodeOutputMaterial")
    material.node_tree.links.new(glow.outputs[0], output.inputs[0])
    ball: Any = bpy.context.object
    ball.data.materials.append(material)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.location = (0, 0, 6)
    scene.collection.objects.link(camera)
    scene.camera = camera
    bpy.ops.render.render()


def send(connected: Emulator) -> bytes:
    """Generate from the render and return the picture as Scenario has it."""
    assert OPS.trellis2.generate_render(**SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid and newest_job().is_prepared)
    return sent(connected)


def saved_by_hand(path: Path) -> bytes:
    """Save the render as the artist would, as a PNG with alpha and 8 bit."""
    settings = current_scene().render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGBA", "8"
    bpy.data.images["Render Result"].save_render(str(path), scene=current_scene())
    return path.read_bytes()


def is_part_of(seen: Any, whole: Any) -> bool:
    """Whether what is seen is the middle of the whole picture, and that everything solid in it."""
    solid = whole[..., 3] > 204
    is_seen = seen[..., 3] > 0
    return bool(solid.any() and is_seen[solid].all() and (seen == whole)[is_seen].all())


def all_settings(owner: Any) -> dict[str, Any]:
    """Every value of the settings, those of what they hold included."""
    found: dict[str, Any] = {}
    for rna in owner.bl_rna.properties:
        value = getattr(owner, rna.identifier)
        if rna.type == "POINTER" and rna.identifier != "rna_type" and value is not None:
            found |= {f"{rna.identifier}.{name}": inner for name, inner in all_settings(value).items()}
        elif rna.type not in ("POINTER", "COLLECTION"):
            found[rna.identifier] = value[:] if getattr(rna, "is_array", False) else value
    return found


def choose(file_format: str, **chosen: Any) -> None:
    """Choose an output format, whatever this Blender wants to be told first."""
    settings = current_scene().render.image_settings
    if hasattr(settings, "media_type"):
        media = {"FFMPEG": "VIDEO", "OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE"}
        settings.media_type = media.get(file_format, "IMAGE")
    settings.file_format = file_format
    for name, value in chosen.items():
        setattr(settings, name, value)


@pytest.mark.parametrize("view_transform", ["AgX", "Standard"])
def test_the_render_is_sent_as_the_artist_sees_it(tmp_path: Path, connected: Emulator, view_transform: str) -> None:
    render(view_transform)
    seen = placed(send(connected), newest_job().crop)
    assert is_part_of(seen, pixels(saved_by_hand(tmp_path / "seen.png")))
    assert seen[SIDE // 2, SIDE // 2, 0] > 100


def test_the_view_transforms_differ_in_what_is_sent(connected: Emulator) -> None:
    render("AgX")
    seen = pixels(send(connected))
    current_scene().view_settings.view_transform = "Standard"
    assert OPS.trellis2.generate_render(**SMALL) == {"FINISHED"}
    tick_until(lambda: connected.paid == 2)
    assert abs(pixels(sent(connected)) - seen).max() > 10


def test_a_transparent_background_stays_transparent(connected: Emulator) -> None:
    render()
    seen = pixels(send(connected))
    assert seen[0, 0, 3] == 0
    assert seen[len(seen) // 2, len(seen) // 2, 3] == 255


@pytest.mark.parametrize("views_format", ["INDIVIDUAL", "STEREO_3D"])
def test_of_a_stereoscopic_render_the_left_eyes_picture_is_sent(
    connected: Emulator, session: Any, views_format: str
) -> None:
    current_scene().render.use_multiview = True
    current_scene().render.image_settings.views_format = views_format
    render()
    assert placed(send(connected), newest_job().crop).shape == (SIDE, SIDE, 4)
    assert list((session.jobs_root() / ".incoming").iterdir()) == []
    assert current_scene().render.image_settings.views_format == views_format


def test_the_render_is_a_png_with_8_bit_and_alpha_whatever_the_scene_saves(connected: Emulator) -> None:
    render()
    choose("PNG", color_mode="BW", color_depth="16")
    data = send(connected)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    # PNG (3rd edition) §11.2.1: bit depth, then colour type 6, truecolour with alpha
    assert (data[24], data[25]) == (8, 6)


@pytest.mark.parametrize(
    ("file_format", "chosen"),
    [
        ("JPEG", {"quality": 37, "color_mode": "BW"}),
        ("PNG", {"color_depth": "16", "color_mode": "RGB", "compression": 83}),
        ("OPEN_EXR", {"color_depth": "32", "exr_codec": "PIZ", "color_mode": "RGBA"}),
        ("OPEN_EXR_MULTILAYER", {"color_depth": "16", "exr_codec": "ZIP"}),
        ("TIFF", {"color_depth": "16", "tiff_codec": "LZW"}),
        ("DPX", {"color_depth": "10", "use_cineon_log": True}),
        ("WEBP", {"quality": 12, "color_mode": "RGBA"}),
        ("FFMPEG", {"color_mode": "BW"}),
        ("PNG", {"color_management": "OVERRIDE"}),
    ],
)
def test_the_render_settings_are_the_same_afterwards(
    connected: Emulator, file_format: str, chosen: dict[str, Any]
) -> None:
    render()
    choose(file_format, **chosen)
    before = all_settings(current_scene().render)
    send(connected)
    assert all_settings(current_scene().render) == before
    assert before["image_settings.file_format"] == file_format


def test_an_output_with_its_own_colours_is_not_what_is_sent(tmp_path: Path, connected: Emulator) -> None:
    render("AgX")
    settings = current_scene().render.image_settings
    settings.color_management = "OVERRIDE"
    settings.view_settings.view_transform = "Standard"
    data = send(connected)
    assert settings.view_settings.view_transform == "Standard"
    settings.color_management = "FOLLOW_SCENE"
    assert is_part_of(placed(data, newest_job().crop), pixels(saved_by_hand(tmp_path / "seen.png")))


def test_the_render_settings_are_the_same_after_a_failure(
    connected: Emulator, addon: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    render()
    choose("OPEN_EXR", color_depth="32")
    before = all_settings(current_scene().render)
    nowhere = tmp_path / "a file"
    nowhere.touch()
    monkeypatch.setattr(addon.render, "new_file", lambda _folder: nowhere / "a.png")
    assert "could not be saved" in refusal(OPS.trellis2.generate_render)
    assert all_settings(current_scene().render) == before
    assert not connected.calls


def test_nothing_about_this_computer_travels_in_the_picture(tmp_path: Path, connected: Emulator) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "Secret Customer.blend"))
    render()
    with Image.open(io.BytesIO(send(connected))) as picture:
        picture.load()
        # Blender writes the path of the .blend file, dates and names into PNG's text chunks
        assert {name for name, value in picture.info.items() if isinstance(value, str)} == set()


@pytest.mark.parametrize("is_empty", [True, False])
def test_without_a_render_the_report_says_what_to_do(connected: Emulator, is_empty: bool) -> None:
    bpy.ops.wm.read_homefile(use_empty=is_empty, use_factory_startup=True)
    said = refusal(OPS.trellis2.generate_render)
    assert said == "There is no render yet. Render an image (F12), then try again."
    assert not connected.calls


def test_a_model_of_a_render_is_named_after_the_blend_file(tmp_path: Path, connected: Emulator) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "Küche.blend"))
    render()
    send(connected)
    assert newest_job().name == "Küche"


def test_models_of_renders_in_an_unsaved_file_are_numbered(connected: Emulator) -> None:
    render()
    for name in ("Render 001", "Render 002"):
        send(connected)
        assert newest_job().name == name
