"""Models as assets: what the Asset Browser shows of them, and what the file in the library holds."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

from tests.addon import ADDON
from tests.blender.drawing import Layout, Page, draw
from tests.blender.pictures import picture_file
from tests.blender.working import OPS, finish, meshes, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator import Emulator

CATALOG = "blender_assets.cats.txt"
RED = (255, 0, 0, 255)


def kept() -> Any:
    """The add-on's preferences."""
    assert bpy.context.preferences is not None
    return bpy.context.preferences.addons[ADDON].preferences


@pytest.fixture
def model(tmp_path: Path, connected: Emulator) -> Any:
    """A model in the scene, made of a picture that is all red."""
    finish(picture_file(tmp_path / "pictures", "Tür.png", all_red()))
    return meshes()[0]


def all_red() -> Any:
    """Red pixels (64, 64, 4), of which one is hardly another: in a single colour nothing finds a subject."""
    pixels = np.full((64, 64, 4), RED, np.uint8)
    pixels[32, 32, 0] = 250
    return pixels


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Path]:
    """The artist's first asset library: an empty folder."""
    assert bpy.context.preferences is not None
    folder = tmp_path / "Assets für alle"
    folder.mkdir()
    first: Any = bpy.context.preferences.filepaths.asset_libraries[0]
    before, first.path = first.path, str(folder)
    yield folder
    first.path = before


@pytest.fixture(autouse=True)
def ordinary_preferences() -> Iterator[None]:
    """Preferences as they are at first."""
    yield
    kept().mark_as_asset, kept().asset_author = False, ""


def is_red(thing: Any) -> bool:
    """Whether the preview is all red."""
    pixels = np.array(thing.preview.image_pixels_float).reshape(-1, 4)
    return len(pixels) > 0 and bool((pixels[:, 0] > 0.9).all() and (pixels[:, 1:3] < 0.1).all())


def appended(path: Path) -> Any:
    """Open another file, and append the one asset that the .blend holds."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    load: Any = bpy.data.libraries.load
    with load(str(path), assets_only=True) as (theirs, ours):
        ours.objects = list(theirs.objects)
    assert len(ours.objects) == 1
    return ours.objects[0]


def test_one_click_marks_the_model_with_everything(model: Any) -> None:
    kept().asset_author = "Ada"
    assert OPS.trellis2.mark_asset() == {"FINISHED"}
    facts = model.asset_data
    assert {tag.name for tag in facts.tags} == {"Trellis", "Image to 3D"}
    assert facts.author == "Ada"
    assert facts.description.startswith("Made from Tür.png with Trellis 2, seed 7, ")
    assert "100,000" in facts.description
    assert is_red(model)


def test_a_preset_is_named_in_description_and_tags(model: Any, addon: Any) -> None:
    for name, value in addon.begin.TRELLIS_2.complete({}, 7).items():
        model[f"trellis2_{name}"] = value
    OPS.trellis2.mark_asset()
    assert model.asset_data.description == "Made from Tür.png with Trellis 2, preset Standard, seed 7"
    assert "Standard" in {tag.name for tag in model.asset_data.tags}


def test_marking_twice_adds_nothing(model: Any) -> None:
    OPS.trellis2.mark_asset()
    OPS.trellis2.mark_asset()
    assert len(model.asset_data.tags) == 2


def test_always_means_on_arrival_and_for_every_model(tmp_path: Path, connected: Emulator, addon: Any) -> None:
    kept().mark_as_asset = True
    for seed in (7, 8):
        finish(picture_file(tmp_path, "a.png", all_red()), seed=seed)
    assert [is_red(model) for model in meshes()] == [True, True]
    assert {model.asset_data.catalog_id for model in meshes()} == {addon.asset.CATALOG_ID}


def test_by_itself_a_model_is_no_asset(model: Any) -> None:
    assert model.asset_data is None


def test_the_catalog_lies_beside_the_saved_file(model: Any, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert not (tmp_path / CATALOG).exists()
    OPS.trellis2.mark_asset()
    assert f"{model.asset_data.catalog_id}:Trellis:Trellis" in (tmp_path / CATALOG).read_text(encoding="utf-8")


def test_an_unsaved_file_gets_its_catalog_when_it_is_saved(model: Any, tmp_path: Path) -> None:
    OPS.trellis2.mark_asset()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert model.asset_data.catalog_id in (tmp_path / CATALOG).read_text(encoding="utf-8")


def test_a_file_without_assets_of_ours_gets_no_catalog(model: Any, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert not (tmp_path / CATALOG).exists()


def test_in_a_library_the_catalog_lies_at_its_root(model: Any, library: Path) -> None:
    (library / "props").mkdir()
    OPS.trellis2.mark_asset()
    bpy.ops.wm.save_as_mainfile(filepath=str(library / "props" / "scene.blend"))
    assert (library / CATALOG).exists()
    assert not (library / "props" / CATALOG).exists()


def test_a_model_in_the_library_is_whole(model: Any, library: Path) -> None:
    kept().asset_author = "Ada"
    faces, catalog = len(model.data.polygons), ""
    assert OPS.trellis2.save_to_library() == {"FINISHED"}
    assert model.asset_data is None, "the artist's own file was changed"
    path = library / "Tür.blend"
    data, secrets = path.read_bytes(), (kept().api_key, kept().api_secret)
    thing = appended(path)
    assert len(thing.data.polygons) == faces
    assert thing.asset_data.author == "Ada"
    assert {tag.name for tag in thing.asset_data.tags} == {"Trellis", "Image to 3D"}
    assert is_red(thing)
    images = [image for image in bpy.data.images if image.users]
    assert images
    assert all(image.packed_file for image in images)
    catalog = thing.asset_data.catalog_id
    assert f"{catalog}:Trellis:Trellis" in (library / CATALOG).read_text(encoding="utf-8")
    assert not any(secret.encode() in data for secret in secrets)


def test_textures_in_files_are_inside_the_asset_and_stay_files_here(
    tmp_path: Path, connected: Emulator, library: Path
) -> None:
    scene: Any = bpy.context.scene
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    scene.trellis2.textures = "FOLDER"
    finish(picture_file(tmp_path, "chair.png"))
    ours = [image for image in bpy.data.images if image.users and image.source == "FILE"]
    paths = [image.filepath for image in ours]
    assert paths
    OPS.trellis2.save_to_library()
    assert [image.filepath for image in ours] == paths
    assert not any(image.packed_file for image in ours)
    appended(library / "chair.blend")
    assert all(image.packed_file for image in bpy.data.images if image.users)


def test_nothing_in_the_library_is_overwritten(model: Any, library: Path) -> None:
    (library / "Tür.blend").write_bytes(b"mine")
    OPS.trellis2.save_to_library()
    OPS.trellis2.save_to_library()
    assert (library / "Tür.blend").read_bytes() == b"mine"
    assert {path.name for path in library.glob("*.blend")} == {"Tür.blend", "Tür 2.blend", "Tür 3.blend"}


def test_a_name_that_no_file_can_have_is_made_one(model: Any, library: Path) -> None:
    model.name = 'Tür: "A/B"?'
    OPS.trellis2.save_to_library()
    assert [path.name for path in library.glob("*.blend")] == ["Tür_ _A_B__.blend"]


@pytest.mark.parametrize("name", ["x" * 255, "東" * 85])
def test_a_name_as_long_as_blender_takes_it_is_one_that_a_file_can_have(model: Any, library: Path, name: str) -> None:
    model.name = name
    assert OPS.trellis2.save_to_library() == {"FINISHED"}
    assert OPS.trellis2.save_to_library() == {"FINISHED"}
    assert sorted(path.name[:20] for path in library.glob("*.blend")) == [name[:20]] * 2


@pytest.mark.parametrize("name", ["CON", "lpt1.old", "aux "])
def test_a_name_that_is_a_device_on_windows_is_made_a_file(model: Any, library: Path, name: str) -> None:
    model.name = name
    OPS.trellis2.save_to_library()
    assert [path.name for path in library.glob("*.blend")] == [f"_{name.strip()}.blend"]


def test_a_parent_stays_behind_and_the_model_stays_in_its_place(model: Any, library: Path) -> None:
    parent: Any = bpy.data.objects.new("Parent", None)
    parent.location = (3, 0, 0)
    model.parent = parent
    model.matrix_parent_inverse[0][3] = 1.5
    before = [list(row) for row in model.matrix_parent_inverse], model.location[:]
    OPS.trellis2.save_to_library()
    assert model.parent == parent
    assert ([list(row) for row in model.matrix_parent_inverse], model.location[:]) == before
    assert appended(library / "Tür.blend").parent is None


def test_without_a_parent_not_even_the_channels_change(model: Any, library: Path) -> None:
    """A matrix says neither how often something was turned nor along which axis it was mirrored."""
    model.rotation_euler, model.scale = (0, 0, 7), (-1, 2, 1)
    OPS.trellis2.save_to_library()
    assert (model.rotation_euler[:], model.scale[:]) == ((0, 0, 7), (-1, 2, 1))


def test_a_missing_folder_is_told_with_its_remedy(model: Any, library: Path, addon: Any) -> None:
    library.rmdir()
    assert "is missing. Choose another one in Preferences > File Paths." in refusal(OPS.trellis2.save_to_library)
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert page.operators[-1] == ("screen.userpref_show", "Open File Paths", {"section": "FILE_PATHS"})


def test_where_the_catalog_cannot_be_written_the_model_is_not_marked(model: Any, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "Werkstatt.blend"))
    (tmp_path / CATALOG).mkdir()
    assert refusal(OPS.trellis2.mark_asset).startswith("Could not write the asset catalog: ")
    assert model.asset_data is None


def test_a_model_that_is_linked_from_another_file_is_that_files_to_mark(model: Any, tmp_path: Path, addon: Any) -> None:
    library = str(tmp_path / "library.blend")
    bpy.data.libraries.write(library, {model})
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    libraries: Any = bpy.data.libraries
    with libraries.load(library, link=True) as (_, wanted):
        wanted.objects = ["Tür"]
    (linked,) = bpy.data.objects
    assert bpy.context.scene is not None
    assert bpy.context.view_layer is not None
    bpy.context.scene.collection.objects.link(linked)
    bpy.context.view_layer.objects.active = linked
    assert not addon.asset.is_model(linked)
    assert not OPS.trellis2.mark_asset.poll()


def test_a_library_that_cannot_be_written_is_told_and_nothing_is_left(model: Any, library: Path) -> None:
    (library / "Tür.blend@").mkdir()  # where Blender writes before it renames
    said = refusal(OPS.trellis2.save_to_library)
    assert said == "The asset could not be written. Free some disk space or check the folder."
    assert {path.name for path in library.iterdir()} == {"Tür.blend@", CATALOG}
    assert model.asset_data is None


def test_when_the_catalog_cannot_be_written_nothing_is_so_that_the_next_try_makes_no_second_copy(
    model: Any, library: Path
) -> None:
    (library / CATALOG).mkdir()
    assert refusal(OPS.trellis2.save_to_library).startswith("Could not write the asset catalog: ")
    (library / CATALOG).rmdir()
    assert list(library.iterdir()) == []
    assert OPS.trellis2.save_to_library() == {"FINISHED"}
    assert {path.name for path in library.iterdir()} == {"Tür.blend", CATALOG}


def test_a_folder_that_cannot_even_be_looked_for_is_told(model: Any, library: Path) -> None:
    assert bpy.context.preferences is not None
    bpy.context.preferences.filepaths.asset_libraries[0].path = str(library / ("x" * 300))  # too long for any system
    assert "is missing. Choose another one in Preferences > File Paths." in refusal(OPS.trellis2.save_to_library)


def test_without_any_library_the_way_to_one_is_told(model: Any, library: Path) -> None:
    assert bpy.context.preferences is not None
    known: Any = bpy.context.preferences.filepaths.asset_libraries
    name, paths = known[0].name, [each.path for each in known]
    for each in known:
        each.path = ""
    try:
        assert "There is no asset library yet." in refusal(OPS.trellis2.save_to_library)
    finally:
        for each, path in zip(known, paths, strict=True):
            each.path = path
    assert known[0].name == name


def test_without_a_model_the_tooltip_says_what_to_do() -> None:
    for operator in (OPS.trellis2.mark_asset, OPS.trellis2.save_to_library):
        assert not operator.poll()
        assert "select a model that was made here" in refusal(operator)


def test_the_jobs_menu_offers_it_for_the_jobs_own_model(model: Any, addon: Any) -> None:
    menu = addon.menus.TRELLIS2_MT_job
    page = draw(menu)
    assert "trellis2.mark_asset" not in page.grey
    bpy.data.objects.remove(model)
    assert {"trellis2.mark_asset", "trellis2.save_to_library"} <= set(draw(menu).grey)


def test_the_context_menu_has_it_for_models_alone(model: Any, addon: Any) -> None:
    stranger: Any = bpy.data.objects.new("stranger", bpy.data.meshes.new("stranger"))
    offered = {}
    for thing in (model, stranger, None):
        page = Page()
        surroundings: Any = SimpleNamespace(active_object=thing)
        dict(addon.menus.ENTRIES)["VIEW3D_MT_object_context_menu"](SimpleNamespace(layout=Layout(page)), surroundings)
        offered[thing] = page.operator_ids
    ours = ["trellis2.make_solid", "trellis2.set_transparency", "trellis2.material_sanity"]
    ours += ["trellis2.align", "trellis2.project_picture", "trellis2.replace_block_out", "trellis2.level_of_detail"]
    ours += ["trellis2.game_ready", "trellis2.print_ready", "trellis2.export_model"]
    ours += ["trellis2.mark_asset", "trellis2.save_to_library"]
    assert offered == {model: ours, stranger: [], None: []}
