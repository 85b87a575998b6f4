"""A model that is exported has its textures: packed ones too, and as PNG for those who read no WebP."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.blender.comparing import pixels_of
from tests.blender.snapshots import written
from tests.blender.working import OPS, meshes, tick_until
from tests.glbs.materials import as_trellis
from tests.glbs.unplain import with_camera

if TYPE_CHECKING:
    from collections.abc import Iterator

PNG, WEBP = b"\x89PNG\r\n\x1a\n", b"RIFF"


def packed() -> list[Any]:
    """The images that are in the .blend file."""
    return [image for image in bpy.data.images if image.packed_file]


def bring(addon: Any, kind: str, textures: str, number: int = 0, *, is_unplain: bool = False) -> Any:
    """Import a model with textures of that kind, kept as the setting says, and return its job."""
    scene: Any = bpy.context.scene
    scene.trellis2.textures = textures
    job = written(addon, "ready", number, name="Küche 2")
    draft = as_trellis(kind)
    (folder_of(addon, job) / "model.glb").write_bytes((with_camera(draft) if is_unplain else draft).glb())
    addon.session.start()
    tick_until(lambda: job.id in addon.session.jobs())
    assert OPS.trellis2.import_model(job_id=job.id, wait=True) == {"FINISHED"}
    assert len(meshes()) == 1
    return job


def folder_of(addon: Any, job: Any) -> Path:
    """The job's folder."""
    return addon.session.jobs_root() / job.id  # type: ignore[no-any-return]


def files(folder: Path, kind: str) -> list[Path]:
    """All files in the folder that begin as that kind does."""
    begin = PNG if kind == "png" else WEBP
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.read_bytes().startswith(begin))


@pytest.fixture
def exported(tmp_path: Path) -> Iterator[Path]:
    """A folder to export into."""
    folder = tmp_path / "für Unreal"
    folder.mkdir()
    yield folder
    assert not [image for image in bpy.data.images if image.source == "FILE" and not image.packed_file]


@pytest.mark.parametrize("is_unplain", [False, True], ids=["ours", "Blender's importer"])
@pytest.mark.parametrize("kind", ["png", "webp"])
def test_a_packed_images_path_leads_to_a_file_in_the_jobs_folder(addon: Any, kind: str, is_unplain: bool) -> None:
    job = bring(addon, kind, "PACK", is_unplain=is_unplain)
    images = packed()
    assert len(images) == 2
    for image in images:
        path = Path(image.filepath)
        assert path.parent == folder_of(addon, job) / "textures"
        assert path.read_bytes() == image.packed_file.data
        assert re.fullmatch(rf"K_che 2-{job.id}-\d\.{kind}", path.name)


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_fbx_copies_them(addon: Any, exported: Path, kind: str) -> None:
    bring(addon, kind, "PACK")
    assert OPS.export_scene.fbx(filepath=str(exported / "model.fbx"), path_mode="COPY") == {"FINISHED"}
    assert len(files(exported, kind)) == 1  # FBX has no other texture of this material


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_gltf_keeps_the_originals(addon: Any, exported: Path, kind: str) -> None:
    bring(addon, kind, "PACK")
    options = {"export_format": "GLTF_SEPARATE", "export_keep_originals": True}
    assert OPS.export_scene.gltf(filepath=str(exported / "model.gltf"), **options) == {"FINISHED"}
    images = json.loads((exported / "model.gltf").read_text(encoding="utf-8"))["images"]
    assert len(images) == 2
    for image in images:
        assert (exported / image["uri"].replace("%20", " ")).is_file() or Path(image["uri"]).is_file(), image


@pytest.mark.parametrize("is_unplain", [False, True], ids=["ours", "Blender's importer"])
def test_as_png_they_are_the_same_pixels(addon: Any, exported: Path, is_unplain: bool) -> None:
    bring(addon, "webp", "PACK")
    images: list[Any] = packed()
    before = {image.colorspace_settings.name: pixels_of(image) for image in images}
    addon.session.stop()  # the next one sees the job that is made meanwhile
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bring(addon, "webp", "PNG", 1, is_unplain=is_unplain)
    images = packed()
    assert len(images) == 2
    for image in images:
        assert image.packed_file.data.startswith(PNG)
        assert Path(image.filepath).read_bytes() == image.packed_file.data
        np.testing.assert_array_equal(pixels_of(image), before[image.colorspace_settings.name])
    assert OPS.export_scene.fbx(filepath=str(exported / "model.fbx"), path_mode="COPY") == {"FINISHED"}
    assert (len(files(exported, "png")), len(files(exported, "webp"))) == (1, 0)
    assert len(addon.session.notices()) == is_unplain


def test_without_a_background_blender_they_stay_webp_and_that_is_said(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.start, "blender_path", lambda: "/nowhere/blender")
    bring(addon, "webp", "PNG")
    assert [notice.sentence for notice in addon.session.notices()] == [
        "“Küche 2” keeps its WebP textures: no second Blender could be started."
    ]
    assert all(image.packed_file.data.startswith(WEBP) for image in packed())


def test_a_png_is_not_made_twice(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    job = bring(addon, "webp", "PNG")
    monkeypatch.setattr(addon.start, "blender_path", lambda: "/nowhere/blender")
    assert OPS.trellis2.import_model(job_id=job.id, wait=True) == {"FINISHED"}
    assert len(meshes()) == 2
    assert all(image.packed_file.data.startswith(PNG) for image in packed())


def test_a_jobs_textures_go_with_it(addon: Any) -> None:
    job = bring(addon, "webp", "PNG")
    folder = folder_of(addon, job)
    assert len(list((folder / "textures").iterdir())) == 4
    assert OPS.trellis2.remove(job_id=job.id) == {"FINISHED"}
    tick_until(lambda: not folder.exists())


@pytest.mark.parametrize("is_unplain", [False, True], ids=["ours", "Blender's importer"])
def test_in_a_folder_obj_finds_them(addon: Any, tmp_path: Path, is_unplain: bool) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "Küche.blend"))
    bring(addon, "png", "FOLDER", is_unplain=is_unplain)
    assert len(files(tmp_path / "textures", "png")) == 2
    assert packed() == []
    paths = {image.filepath.replace("\\", "/") for image in bpy.data.images if image.source == "FILE"}
    assert {path.rpartition("/")[0] for path in paths} == {"//textures"}
    target = tmp_path / "model.obj"
    assert OPS.wm.obj_export(filepath=str(target)) == {"FINISHED"}
    named = re.findall(
        r"^map_\w+ (?:-\S+ \S+ )*(.*\.png)$", target.with_suffix(".mtl").read_text("utf-8"), re.MULTILINE
    )
    assert named
    for name in named:
        assert (tmp_path / name).is_file() or Path(name).is_file()
