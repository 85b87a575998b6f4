"""The model's way to the disk: whole, or continued."""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import Emulator, Fault
from tests.core.recorder import Recorder, Reply
from tests.core.studio import AGENT, new_job
from tests.emulator.caller import Caller, draw_picture
from tests.glbs.draft import container
from trellis_blender.core.errors import ModelFileError, PassingError, RefusedError, StorageError
from trellis_blender.core.job.events import Downloaded
from trellis_blender.core.request.account import Account
from trellis_blender.core.request.service import Asset
from trellis_blender.core.runner.steps import StepTools, download_model
from trellis_blender.core.scenario.api import Api
from trellis_blender.core.scenario.connection import Connections, Session
from trellis_blender.core.scenario.download import CHUNK_BYTES, download

TAG = {"ETag": '"one"'}


def make_glb(pattern: bytes) -> bytes:
    """Return a GLB of 400,060 bytes: the shortest glTF there is, and 400,000 bytes that nothing in it refers to."""
    return container({"asset": {"version": "2.0"}}, pattern * (400_000 // len(pattern)))


GLB = make_glb(b"0123456789")
KEPT = CHUNK_BYTES


def going_on(_seconds: float) -> bool:
    return True


@pytest.fixture
def session() -> Session:
    return Session(Connections(), AGENT)


def fetch(session: Session, url: str, target: Path, wait: Callable[[float], bool] = going_on) -> list[float]:
    """Download the asset; the progress that was told."""
    told: list[float] = []
    download(session, Asset("asset_1", "", url, True), target, wait, told.append)
    return told


def broken_off(at: int, tag: str = '"one"') -> Reply:
    return Reply(200, GLB[:at], {"ETag": tag}, length=len(GLB))


def test_the_whole_file_arrives_under_its_name_alone(session: Session, folder: Path) -> None:
    with Recorder(Reply(200, GLB, TAG)) as recorder:
        told = fetch(session, recorder.url, folder / "model.glb")
    assert (folder / "model.glb").read_bytes() == GLB
    assert [path.name for path in folder.iterdir()] == ["model.glb"]
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_model_from_the_emulator_arrives_without_the_key(session: Session, emulator: Emulator, folder: Path) -> None:
    url = Caller(emulator).generate(draw_picture(), seed=7)
    fetch(session, url, folder / "model.glb")
    assert (folder / "model.glb").read_bytes()[:4] == b"glTF"
    assert (emulator.calls["download"], emulator.leaked_credentials) == (1, 0)


def test_a_download_that_broke_off_is_continued_from_there(session: Session, folder: Path) -> None:
    rest = Reply(206, GLB[KEPT:], {**TAG, "Content-Range": f"bytes {KEPT}-{len(GLB) - 1}/{len(GLB)}"})
    with Recorder(broken_off(KEPT), rest) as recorder:
        with pytest.raises(PassingError):
            fetch(session, recorder.url, folder / "model.glb")
        assert not (folder / "model.glb").exists()
        told = fetch(session, recorder.url, folder / "model.glb")
    assert (folder / "model.glb").read_bytes() == GLB
    assert "range" not in recorder.asked[0].headers
    assert recorder.asked[1].headers["range"] == f"bytes={KEPT}-"
    assert recorder.asked[1].headers["if-range"] == '"one"'
    assert told[0] > 0.5


def test_a_continued_download_is_the_same_file(session: Session, emulator: Emulator, folder: Path) -> None:
    url = Caller(emulator).generate(draw_picture(), seed=7)
    fetch(session, url, folder / "whole.glb")
    emulator.fault("download", Fault(close="middle"))
    with pytest.raises(PassingError):
        fetch(session, url, folder / "model.glb")
    fetch(session, url, folder / "model.glb")
    assert (folder / "model.glb").read_bytes() == (folder / "whole.glb").read_bytes()


def test_a_file_that_changed_meanwhile_starts_anew(session: Session, folder: Path) -> None:
    other = make_glb(b"9876543210")
    with Recorder(broken_off(KEPT), Reply(200, other, {"ETag": '"two"'})) as recorder:
        with pytest.raises(PassingError):
            fetch(session, recorder.url, folder / "model.glb")
        fetch(session, recorder.url, folder / "model.glb")
    assert (folder / "model.glb").read_bytes() == other


@pytest.mark.parametrize("tag", ["", 'W/"one"'], ids=["no tag", "a weak tag"])
def test_without_a_strong_tag_nothing_is_continued(session: Session, folder: Path, tag: str) -> None:
    with Recorder(broken_off(KEPT, tag), Reply(200, GLB, TAG)) as recorder:
        with pytest.raises(PassingError):
            fetch(session, recorder.url, folder / "model.glb")
        fetch(session, recorder.url, folder / "model.glb")
    assert "range" not in recorder.asked[1].headers
    assert (folder / "model.glb").read_bytes() == GLB


# `requests` could not send them back as they came, and would refuse to at every further try.
UNFIT = {
    "folded": '"a\r\n b"',
    "folded by a tab": '"a\r\n\tb"',
    "folded behind its end": '"a"\r\n b',
    "with a tab": '"a\tb"',
    "with a space": '"a b"',
    "not ASCII": '"\xe4"',
    "with a control": '"a\x01b"',
    "without quotes": "no quotes",
    "empty": '""',
    "with a quote in it": '"a"b"',
    "two of them": '"a", "b"',
    "of 300 letters": '"' + "a" * 300 + '"',
}


@pytest.mark.parametrize("tag", UNFIT.values(), ids=UNFIT)
def test_a_tag_that_cannot_be_sent_back_is_never_kept_and_the_next_try_goes_well(
    session: Session, folder: Path, tag: str
) -> None:
    with Recorder(broken_off(KEPT, tag), Reply(200, GLB)) as recorder:
        with pytest.raises(PassingError):
            fetch(session, recorder.url, folder / "model.glb")
        assert json.loads((folder / "model.glb.origin").read_bytes()) == {"asset": "asset_1", "etag": ""}
        fetch(session, recorder.url, folder / "model.glb")
    assert (folder / "model.glb").read_bytes() == GLB
    assert "if-range" not in recorder.asked[1].headers


@pytest.mark.parametrize("tag", UNFIT.values(), ids=UNFIT)
def test_such_a_tag_in_our_own_file_is_not_sent_either(session: Session, folder: Path, tag: str) -> None:
    (folder / "model.glb.part").write_bytes(GLB[:KEPT])
    (folder / "model.glb.origin").write_text(json.dumps({"asset": "asset_1", "etag": tag}), encoding="utf-8")
    with Recorder(Reply(200, GLB)) as recorder:
        fetch(session, recorder.url, folder / "model.glb")
    assert (folder / "model.glb").read_bytes() == GLB
    assert "if-range" not in recorder.asked[0].headers


def test_another_assets_part_is_not_continued(session: Session, folder: Path) -> None:
    with Recorder(broken_off(KEPT), Reply(200, GLB, TAG)) as recorder:
        with pytest.raises(PassingError):
            fetch(session, recorder.url, folder / "model.glb")
        other = Asset("asset_2", "", recorder.url, True)
        download(session, other, folder / "model.glb", going_on, lambda _: None)
    assert "range" not in recorder.asked[1].headers


def test_a_part_that_cannot_be_continued_starts_anew(session: Session, folder: Path) -> None:
    with Recorder(broken_off(KEPT), Reply(416, b""), Reply(200, GLB, TAG)) as recorder:
        for _ in range(2):
            with pytest.raises(PassingError):
                fetch(session, recorder.url, folder / "model.glb")
        fetch(session, recorder.url, folder / "model.glb")
    assert ["range" in asked.headers for asked in recorder.asked] == [False, True, False]
    assert (folder / "model.glb").read_bytes() == GLB


def test_a_part_sent_from_the_wrong_place_is_not_put_together(session: Session, folder: Path) -> None:
    missing = len(GLB) - KEPT
    moved = Reply(206, GLB[:missing], {**TAG, "Content-Range": f"bytes 0-{missing - 1}/{len(GLB)}"})
    with Recorder(broken_off(KEPT), moved, Reply(200, GLB, TAG)) as recorder:
        with pytest.raises(PassingError):
            fetch(session, recorder.url, folder / "model.glb")
        with pytest.raises((PassingError, ModelFileError)):
            fetch(session, recorder.url, folder / "model.glb")
        fetch(session, recorder.url, folder / "model.glb")
    assert (folder / "model.glb").read_bytes() == GLB


@pytest.mark.parametrize(
    "body",
    [b"<html>sorry</html>", b"", b"glTF", GLB[:-1], GLB + b"x"],
    ids=["a page", "nothing", "a stub", "too short", "too long"],
)
def test_what_is_no_whole_glb_never_gets_the_models_name(session: Session, folder: Path, body: bytes) -> None:
    with Recorder(Reply(200, body, TAG)) as recorder, pytest.raises(ModelFileError):
        fetch(session, recorder.url, folder / "model.glb")
    assert not (folder / "model.glb").exists()
    assert not (folder / "model.glb.part").exists()


@pytest.mark.parametrize(
    "body",
    [GLB[:20] + b"{]" + GLB[22:], b"glTF" + struct.pack("<II", 3, 12), b"glTF" + struct.pack("<II", 2, 12)],
    ids=["JSON that is none", "another version", "a header alone"],
)
def test_a_file_of_the_right_length_with_a_glbs_tag_is_kept_whatever_is_in_it(
    session: Session, folder: Path, body: bytes
) -> None:
    with Recorder(Reply(200, body, TAG)) as recorder:
        fetch(session, recorder.url, folder / "model.glb")
    assert (folder / "model.glb").read_bytes() == body


def test_a_stopped_download_keeps_what_came(session: Session, folder: Path) -> None:
    with Recorder(Reply(200, GLB, TAG)) as recorder, pytest.raises(PassingError):
        fetch(session, recorder.url, folder / "model.glb", lambda _: False)
    assert 0 < (folder / "model.glb.part").stat().st_size < len(GLB)


def test_a_folder_that_is_gone_is_told(session: Session, folder: Path) -> None:
    with Recorder(Reply(200, GLB, TAG)) as recorder, pytest.raises(StorageError):
        fetch(session, recorder.url, folder / "gone" / "model.glb")


def test_a_download_asks_for_the_bytes_as_they_are(session: Session, folder: Path) -> None:
    with Recorder(Reply(200, GLB, TAG)) as recorder:
        fetch(session, recorder.url, folder / "model.glb")
    assert recorder.asked[0].headers["accept-encoding"] == "identity"
    assert "authorization" not in recorder.asked[0].headers


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 410, 413])
def test_an_address_that_has_expired_is_refused(session: Session, folder: Path, status: int) -> None:
    with Recorder(Reply(status, b"<Error/>")) as recorder, pytest.raises(RefusedError) as error:
        fetch(session, recorder.url, folder / "model.glb")
    assert error.value.sentence == f"Scenario's file host refuses the download ({status}). Try again."


@pytest.mark.parametrize("times", [1, 2])
def test_an_expired_address_is_asked_for_anew(
    account: Account, session: Session, emulator: Emulator, folder: Path, times: int
) -> None:
    caller = Caller(emulator)
    remote = caller.finish(caller.submit(caller.upload(draw_picture()), seed=7))
    emulator.fault("asset", Fault(expired=True), times=1 + times)
    api = Api(account, Connections(), AGENT)
    job = dataclasses.replace(new_job(), model_asset_ids=tuple(remote["metadata"]["assetIds"]))
    event = download_model(job, folder, StepTools(api, going_on, lambda _: None))
    assert isinstance(event, Downloaded)
    assert event.asset_id == job.model_asset_ids[1]
    assert (folder / "model.glb").exists()
    assert emulator.leaked_credentials == 0
