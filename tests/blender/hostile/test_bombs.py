"""Pictures and models as bombs: told in a sentence, and only the background Blender ever decodes a file."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender.scene.test_blender_importer import model_of, ready
from tests.blender.working import OPS, finish, newest_job, refusal, tick_until
from tests.hostile_files.models import MODELS, REFUSED, Bomb
from tests.hostile_files.pictures import PICTURES, USED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator import Emulator

GIGABYTE = 2**30
TELLS = ("Scale it down first", "Choose another", "Choose a", "choose another file", "Export the photo")


def most_memory(process: int | str = "self") -> int:
    """Return the most memory that a process has had, in bytes."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


@pytest.fixture
def _main_decodes_nothing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This Blender opens no image, and its memory does not grow."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    yield
    assert not any(image.has_data for image in bpy.data.images)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < before + GIGABYTE // 2


@pytest.mark.usefixtures("_main_decodes_nothing")
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_refused_in_a_sentence_or_its_first_frame_is_used(
    tmp_path: Path, connected: Emulator, addon: Any, name: str
) -> None:
    picture = PICTURES[name]
    path = tmp_path / f"bomb.{picture.suffix}"
    path.write_bytes(picture.make())
    client = addon.preview_client.PreviewClient(addon.preview.launch())
    chosen = addon.picture_file.ChosenPicture(path.name, file=path)
    try:
        if picture.outcome == USED:
            assert client.prepare(chosen).kind in ("png", "jpeg")
        else:
            with pytest.raises(addon.errors.PictureError) as raised:
                client.prepare(chosen)
            assert any(words in raised.value.sentence for words in TELLS), raised.value.sentence
        if client.background.process_id is not None:
            assert most_memory(client.background.process_id) < 2 * GIGABYTE
    finally:
        client.stop()
    assert connected.paid == 0


def test_a_bomb_is_refused_at_the_click(tmp_path: Path, connected: Emulator) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(PICTURES["PNG"].make())
    said = refusal(lambda: finish(path))
    assert "60,000 × 60,000 pixels" in said
    assert connected.calls["upload"] == 0


SHORT = [name for name in MODELS if "100,000 places" not in name and "long JSON" not in name]


@pytest.mark.usefixtures("_main_decodes_nothing")
@pytest.mark.parametrize("name", SHORT)
def test_a_model_is_refused_in_a_sentence_and_its_file_is_kept(addon: Any, name: str) -> None:
    bomb: Bomb = MODELS[name]
    job_id = ready(addon, bomb.make(), hash(name) % 1000)
    said = refusal(lambda: OPS.trellis2.import_model(job_id=job_id, wait=True))
    assert "Its file is kept" in said or "Press Retry" in said, said
    if bomb.outcome == REFUSED:
        assert "safely" in said
    assert newest_job().stage.value == "failed"
    assert model_of(addon, job_id).is_file()
    assert not any(thing.type == "MESH" and thing.get("trellis2_version") for thing in bpy.data.objects)


def test_the_background_blender_refuses_by_itself_what_our_reader_could_not_look_into(addon: Any) -> None:
    from tests.glbs.materials import as_trellis

    draft = as_trellis("png")
    view = draft.view(PICTURES["PNG"].make()[:200_000])
    draft.json["images"][0] = {"bufferView": view, "mimeType": "image/png"}
    draft.json["extras"] = ["x" * 100] * 45_000  # more JSON than our reader takes
    job_id = ready(addon, draft)
    said = refusal(lambda: OPS.trellis2.import_model(job_id=job_id, wait=True))
    assert "60,000 × 60,000 pixels" in said
    assert "Its file is kept" in said


@pytest.mark.parametrize("thing", ["a bomb", "a link", "a pipe"])
def test_a_jobs_picture_that_was_exchanged_is_not_shown(
    addon: Any, tmp_path: Path, connected: Emulator, thing: str
) -> None:
    import os

    job_id = ready(addon, MODELS["a count that lies"].make())
    picture = addon.session.jobs_root() / job_id / "source.png"
    picture.unlink(missing_ok=True)
    if thing == "a bomb":
        picture.write_bytes(PICTURES["PNG"].make())
    elif thing == "a link":
        (tmp_path / "secret.png").write_bytes(PICTURES["PNG"].make())
        picture.symlink_to(tmp_path / "secret.png")
    else:
        os.mkfifo(picture)
    assert addon.preview_requests.icon_of(job_id) == 0
    assert addon.icons.of_job(job_id) is None  # it is not known yet
    addon.preview_requests.fulfil()
    assert addon.session.jobs()[job_id].picture == "source.png"
    assert addon.icons.of_job(job_id) == 0
    assert connected.calls["upload"] == 0
    tick_until(lambda: True)
