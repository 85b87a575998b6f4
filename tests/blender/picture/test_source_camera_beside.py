"""The second Blender that renders the camera's view: really started, and stopped."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.addon import addon
from tests.blender import child
from tests.blender.child import is_running, wait_until
from tests.blender.picture.test_render import SIDE, current_scene, render
from tests.blender.pictures import targa
from tests.blender.untouched import render_result, untouched
from tests.blender.working import OPS

LONG = 10_000_000


@pytest.fixture
def camera(addon: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The camera's module, which has a second Blender render few pixels."""
    monkeypatch.setattr(addon.camera, "SIDE", SIDE)
    yield addon.camera
    addon.camera.leave()


def begun(camera: Any, session: Any, engine: str = "WORKBENCH") -> tuple[Any, Path]:
    """Begin, and return the shot and the folder it goes to."""
    folder = session.jobs_root() / ".incoming"
    return camera.start_render(bpy.context, engine, folder), folder


def wait_for(shot: Any) -> None:
    """Wait until the second Blender has ended."""
    wait_until(lambda: shot.is_done)


def shoot(camera: Any, session: Any, engine: str = "WORKBENCH") -> Any:
    """Render, and return the pixels of the picture."""
    shot, _ = begun(camera, session, engine)
    wait_for(shot)
    chosen = shot.end()
    seen = targa(chosen.targa.read_bytes()).astype(int)
    chosen.targa.unlink()
    return seen


def program_that(folder: Path, at_first: str) -> Path:
    """A program that renders as ours does, and does this before."""
    program = folder / "program.py"
    lines = (
        "import runpy",
        "from pathlib import Path",
        "import bpy",
        f"HANDLERS = runpy.run_path({str(addon.camera.PROGRAM)!r})['HANDLERS']",
        "render = HANDLERS['render']",
        "def first(request, work):",
        f"    {at_first}",
        "    return render(request, work)",
        "HANDLERS['render'] = first",
    )
    program.write_text("\n".join(lines), encoding="utf-8")
    return program


@pytest.fixture
def mark(tmp_path: Path, camera: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is there once the second Blender has begun."""
    file = tmp_path / "begun"
    monkeypatch.setattr(camera, "PROGRAM", program_that(tmp_path, f"Path({str(file)!r}).touch()"))
    return file


def process_of(shot: Any, mark: Path) -> int:
    """The id of the second Blender, once it has begun."""
    wait_until(mark.exists)
    return int(shot.background.process_id)


def begin_long(camera: Any, session: Any) -> tuple[Any, Path]:
    """Begin what takes hours."""
    render()
    cycles = current_scene().cycles
    cycles.samples, cycles.use_adaptive_sampling = LONG, False
    shot, folder = begun(camera, session, "SCENE")
    assert not shot.is_done
    return shot, folder


@pytest.mark.parametrize("engine", ["SCENE", "WORKBENCH"])
def test_nothing_of_the_artist_is_touched(tmp_path: Path, camera: Any, session: Any, engine: str) -> None:
    render()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "Mein Stuhl.blend"))
    slots = [render_result(tmp_path, slot) for slot in (0, 1)]
    of_the_file = bpy.data.filepath, bpy.data.is_dirty
    with untouched(tmp_path, session):
        seen = shoot(camera, session, engine)
    assert (bpy.data.filepath, bpy.data.is_dirty) == of_the_file
    assert [render_result(tmp_path, slot) for slot in (0, 1)] == slots
    assert seen.shape[:2] == (SIDE, SIDE)
    assert seen[0, 0, 3] == 0
    assert seen[SIDE // 2, SIDE // 2, 3] >= 250


def test_what_is_being_edited_is_rendered_as_it_is_now(camera: Any, session: Any) -> None:
    import bmesh

    render()
    layer: Any = bpy.context.view_layer
    bpy.ops.mesh.primitive_plane_add(size=2)
    plane: Any = layer.objects.active
    bpy.ops.object.mode_set(mode="EDIT")
    edited = bmesh.from_edit_mesh(plane.data)
    for vertex in edited.verts:
        vertex.co *= 50
    bmesh.update_edit_mesh(plane.data)
    assert shoot(camera, session)[..., 3].min() >= 250


@pytest.mark.parametrize("engine", ["SCENE", "WORKBENCH"])
def test_paint_that_was_never_saved_is_seen(camera: Any, session: Any, engine: str) -> None:
    render()
    image = bpy.data.images.new("Gemälde", 8, 8)
    painted: Any = image.pixels
    painted.foreach_set([0.0, 1.0, 0.0, 1.0] * 64)
    image.update()
    bpy.ops.mesh.primitive_plane_add(size=200, location=(0, 0, -1))
    plane: Any = bpy.context.view_layer.objects.active  # type: ignore[union-attr]  # there is a view layer
    material: Any = bpy.data.materials.new("Leinwand")
    material.use_nodes = True
    nodes = material.node_tree.nodes
    texture = nodes.new("ShaderNodeTexImage")
    texture.image = image
    nodes.active = texture
    shader = nodes.new("ShaderNodeEmission")
    output = next(node for node in nodes if node.type == "OUTPUT_MATERIAL")
    material.node_tree.links.new(texture.outputs["Color"], shader.inputs["Color"])
    material.node_tree.links.new(shader.outputs[0], output.inputs["Surface"])
    plane.data.materials.append(material)
    current_scene().display.shading.color_type = "TEXTURE"
    red, green, blue, _ = shoot(camera, session, engine)[2, 2].astype(int)
    assert green > 40 + max(red, blue)
    assert image.is_dirty


def test_the_panel_can_tell_while_it_renders(camera: Any, session: Any, addon: Any) -> None:
    shot, _ = begin_long(camera, session)
    assert camera.is_under_way()
    assert not OPS.trellis2.generate_camera.poll()
    shot.abandon()
    assert not camera.is_under_way()


def test_a_render_that_fails_says_what_blender_says_and_leaves_nothing(
    tmp_path: Path, camera: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    render()
    nowhere = tmp_path / "a file"
    nowhere.write_text("", encoding="utf-8")
    target = str(nowhere / "picture.tga")
    aims = f"lambda scene, *_given: setattr(scene.render, 'filepath', {target!r})"
    elsewhere = f"bpy.app.handlers.render_init.append(bpy.app.handlers.persistent({aims}))"
    monkeypatch.setattr(camera, "PROGRAM", program_that(tmp_path, elsewhere))
    with untouched(tmp_path, session):
        shot, _ = begun(camera, session)
        wait_for(shot)
        with pytest.raises(camera.PictureError, match=r"could not be rendered: .* cannot save: .*[^.]\. Mend that"):
            shot.end()


def test_a_second_blender_that_crashes_ends_in_a_sentence(
    tmp_path: Path, camera: Any, session: Any, mark: Path
) -> None:
    shot, folder = begin_long(camera, session)
    os.kill(process_of(shot, mark), signal.SIGKILL)
    wait_for(shot)
    with untouched(tmp_path, session), pytest.raises(camera.PictureError, match="ended unexpectedly"):
        shot.end()
    assert not list(folder.iterdir())


def test_a_picture_that_a_full_disk_cuts_short_is_told_and_never_sent(
    tmp_path: Path, camera: Any, session: Any, addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    render()
    cuts = tmp_path / "cuts.py"
    cuts.write_text(f"""
import os, runpy
import bpy

@bpy.app.handlers.persistent
def cut(scene, *_arguments):
    os.truncate(scene.render.filepath, 500)

bpy.app.handlers.render_write.append(cut)
HANDLERS = runpy.run_path({str(addon.camera.PROGRAM)!r})["HANDLERS"]
""")
    monkeypatch.setattr(addon.camera, "PROGRAM", cuts)
    shot, folder = begun(camera, session)
    wait_for(shot)
    with pytest.raises(camera.PictureError, match="The disk has no room for the picture"):
        shot.end()
    assert not list(folder.iterdir())


def test_stopping_it_sends_nothing_and_leaves_nothing(camera: Any, session: Any, mark: Path) -> None:
    shot, folder = begin_long(camera, session)
    process = process_of(shot, mark)
    shot.stop()
    wait_for(shot)
    with pytest.raises(camera.PictureError, match="The render was stopped, so nothing was sent"):
        shot.end()
    assert (is_running(process), list(folder.iterdir())) == (False, [])


def test_opening_another_file_ends_it(camera: Any, session: Any, mark: Path) -> None:
    shot, folder = begin_long(camera, session)
    process = process_of(shot, mark)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert (is_running(process), list(folder.iterdir()), camera.is_under_way()) == (False, [], False)


@pytest.mark.parametrize("leave", ["sys.exit()", "os._exit(0)"])
def test_it_ends_with_the_first_blender_however_that_ends(tmp_path: Path, mark: Path, leave: str) -> None:
    script = f"""
import os
enable()
camera = addon.camera
camera.PROGRAM = camera.Path({str(mark.with_name("program.py"))!r})
bpy.ops.object.camera_add()
scene = bpy.context.scene
scene.camera, scene.render.engine = bpy.context.object, "CYCLES"
scene.cycles.samples, scene.cycles.use_adaptive_sampling = {LONG}, False
shot = camera.start_render(bpy.context, "SCENE", camera.Path({str(tmp_path)!r}) / "pictures")
while not os.path.exists({str(mark)!r}):
    time.sleep(0.01)
assert not shot.is_done
print("process", shot.background.process_id)
print("leaving", flush=True)
{leave}
"""
    ending = child.run(tmp_path, script)
    assert (ending.status, "leaving" in ending.output) == (0, True), ending.output
    process = int(ending.output.partition("process ")[2].split()[0])
    wait_until(lambda: not is_running(process))
    left = set() if "os." not in leave else {".blend", ".npz"}
    assert {path.suffix for path in (tmp_path / "pictures").iterdir()} == left
