"""A model's file is read once on its way into the scene, and the arrays of one model are all that ever wait."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from emulator import Fault
from tests.blender.finishing.bodies import body_glb
from tests.blender.pictures import picture_file
from tests.blender.working import finish, generate, meshes, stage_of, tick_until, waiting_reason
from tests.opened import counted

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator

READ = ("model.glb", "read")


@pytest.mark.parametrize("textures", ["PACK", "PNG"])
def test_a_model_is_read_once(tmp_path: Path, connected: Emulator, session: Any, textures: str) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.textures = textures
    with counted() as opened:
        finish(picture_file(tmp_path))
    assert (len(meshes()), opened[READ]) == (1, 1)
    kinds = {image.packed_file.data[:4] for image in bpy.data.images if image.packed_file}
    assert kinds == {b"RIFF" if textures == "PACK" else b"\x89PNG"}
    assert session.notices() == []


def test_while_a_model_waits_for_the_artist_no_other_one_is_read(
    tmp_path: Path, connected: Emulator, session: Any
) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    with counted() as opened:
        generate(picture_file(tmp_path), variations=3)
        ids = list(session.jobs())
        tick_until(lambda: waiting_reason() and [stage_of(job_id) for job_id in ids] == ["ready"] * 3)
        assert opened[READ] == 1
        bpy.ops.object.mode_set(mode="OBJECT")
        tick_until(lambda: [stage_of(job_id) for job_id in ids] == ["imported"] * 3)
        assert (opened[READ], len(meshes())) == (3, 4)


def test_a_model_of_a_file_that_is_closed_is_not_read(tmp_path: Path, connected: Emulator, session: Any) -> None:
    job_id = generate(picture_file(tmp_path))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with counted() as opened:
        tick_until(lambda: stage_of(job_id) == "ready")
        assert session.tick() is False
    assert (opened[READ], meshes()) == (0, [])


def test_what_was_read_before_the_job_was_begun_anew_is_dropped(
    tmp_path: Path, connected: Emulator, session: Any, addon: Any
) -> None:
    go_on = threading.Event()
    connected.fault("download", Fault(until=go_on))
    job_id = generate(picture_file(tmp_path))
    tick_until(lambda: stage_of(job_id) == "downloading")
    (tmp_path / "before.glb").write_bytes(body_glb())
    model = addon.read.read_model(tmp_path / "before.glb", addon.arrays.Shape(is_grounded=True))
    session.running().importer.receive(addon.apply_messages.ModelRead(job_id, model))
    session.tick()
    assert (stage_of(job_id), meshes(), waiting_reason()) == ("downloading", [], "")
    go_on.set()
    tick_until(lambda: stage_of(job_id) == "imported")
    assert (len(meshes()), session.notices()) == (1, [])
