"""The recipe that a model carries: enough to make it again, kept with the file, and nothing secret in it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.pictures import picture_file, sent
from tests.blender.working import finish, meshes

if TYPE_CHECKING:
    from pathlib import Path

    from emulator import Emulator


def recipe(thing: Any) -> dict[str, Any]:
    """The custom properties that are ours, without their prefix."""
    return {key.removeprefix("trellis2_"): value for key, value in thing.items() if key.startswith("trellis2_")}


def test_it_names_the_job_the_picture_the_seed_all_parameters_and_the_version(
    tmp_path: Path, connected: Emulator, addon: Any
) -> None:
    picture = picture_file(tmp_path, "Tür.png")
    done = finish(picture, ss_guidance_strength=3.3, remesh=False, seed=2**31 - 1)
    found = recipe(meshes()[0])
    (remote,) = connected.jobs.values()
    assert found.pop("job_id") == remote.id
    assert found.pop("asset_id") in remote.asset_ids
    assert found.pop("picture") == "Tür.png"
    assert found.pop("picture_sha256") == hashlib.sha256(sent(connected)).hexdigest()
    assert found.pop("version") == addon.session.VERSION
    assert found.pop("seed") == 2**31 - 1
    assert found == {parameter.name: done.parameters[parameter.name] for parameter in addon.scene_settings.TABLE}


def test_it_is_enough_to_make_the_same_request(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    finish(picture_file(tmp_path), ss_guidance_strength=3.3, texture_size="2048")
    found = recipe(meshes()[0])
    (remote,) = connected.jobs.values()
    assert {parameter.wire: found[parameter.name] for parameter in addon.scene_settings.TABLE} == {
        parameter.wire: remote.input[parameter.wire] for parameter in addon.scene_settings.TABLE
    }


def test_it_survives_saving_and_loading(tmp_path: Path, connected: Emulator) -> None:
    finish(picture_file(tmp_path))
    before = recipe(meshes()[0])
    blend = tmp_path / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    assert recipe(meshes()[0]) == before


def test_it_stands_before_the_undo_step_so_that_redo_brings_it_back(tmp_path: Path, connected: Emulator) -> None:
    bpy.ops.ed.undo_push(message="Before")
    finish(picture_file(tmp_path))
    before = recipe(meshes()[0])
    bpy.ops.ed.undo()
    assert meshes() == []
    bpy.ops.ed.redo()
    assert recipe(meshes()[0]) == before


@pytest.mark.parametrize("secret", ["test-key", "test-secret", "http", "Signature", "127.0.0.1"])
def test_nothing_secret_and_no_address_is_in_it(tmp_path: Path, connected: Emulator, secret: str) -> None:
    finish(picture_file(tmp_path))
    found = recipe(meshes()[0])
    assert len(found) > 15
    assert secret not in repr(found)
    assert str(tmp_path) not in repr(found)
