"""What goes wrong on the way: what passes is waited for, what is paid for is held, and the artist is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import Emulator, Fault
from tests.core.studio import Studio, account_of, tells_what_to_do
from trellis_blender.core.errors import Remedy
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.picture.file import fingerprint
from trellis_blender.core.runner import steps

Open = Callable[..., Studio]
OFFLINE = "Online access is off. Enter the preferences and allow it, then try again."


def never_ending(emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"), times=None)


def troubles(studio: Studio) -> set[str]:
    studio.hear()
    return {change.trouble for change in studio.told if isinstance(change, Job)} - {""}


@pytest.mark.parametrize("call", ["upload", "job", "asset", "download"])
@pytest.mark.parametrize(
    "fault", [Fault(status=500), Fault(status=502, html=True), Fault(close="before"), Fault(close="middle")], ids=str
)
def test_what_passes_is_waited_for_in_every_stage(studio: Studio, emulator: Emulator, call: str, fault: Fault) -> None:
    emulator.fault(call, fault, times=2)
    job = studio.reach(studio.add(), Stage.READY)
    assert emulator.paid == 1
    assert job.trouble == ""
    told = troubles(studio)
    assert told
    assert all(map(tells_what_to_do, told))


@pytest.mark.parametrize("status", [400, 404, 413, 414, 418])
@pytest.mark.parametrize("call", ["jobs", "job", "asset"])
def test_a_gateways_page_fails_no_job_that_is_paid_for(
    studio: Studio, emulator: Emulator, call: str, status: int
) -> None:
    emulator.fault(call, Fault(status=status, html=True), times=2)
    if call == "jobs":
        emulator.fault("submit", Fault(close="after"))
    job = studio.reach(studio.add(), Stage.READY)
    assert (emulator.paid, job.trouble) == (1, "")
    assert troubles(studio) == {f"Something else answers in Scenario's place ({status}). Check the network. Retrying."}


def test_the_servers_wish_to_wait_is_granted(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(status=429, remaining_seconds=1))
    begun = time.monotonic()
    studio.reach(studio.add(), Stage.RUNNING)
    assert time.monotonic() - begun >= 1.0


def test_a_wrong_key_at_the_upload_fails_with_the_way_to_the_key(open_studio: Open, emulator: Emulator) -> None:
    studio = open_studio(use_account=False)
    studio.runner.use(account_of(emulator, "wrong"))
    job = studio.reach(studio.add(), Stage.FAILED)
    assert job.remedy is Remedy.KEY
    assert tells_what_to_do(job.message)


def test_a_wrong_key_holds_a_paid_job_until_the_right_one_comes(studio: Studio, emulator: Emulator) -> None:
    never_ending(emulator)
    job_id = studio.add()
    studio.reach(job_id, Stage.RUNNING)
    studio.runner.use(account_of(emulator, "wrong"))
    assert "API key" in studio.trouble(job_id)
    asked = emulator.calls["job"]
    studio.until(lambda: emulator.calls["job"] > asked + 2, "more that is refused")
    assert studio.jobs[job_id].stage is Stage.RUNNING
    studio.runner.use(account_of(emulator))
    studio.until(lambda: not studio.jobs[job_id].trouble, "going on")
    assert studio.jobs[job_id].stage is Stage.RUNNING


@pytest.mark.parametrize("status", [402, 403])
def test_running_out_of_credits_does_not_fail_a_job_that_is_paid_for(
    studio: Studio, emulator: Emulator, status: int
) -> None:
    emulator.fault("job", Fault(status=status), times=2)
    studio.reach(studio.add(), Stage.READY)
    assert emulator.paid == 1


@pytest.mark.parametrize("status", [400, 404])
def test_a_listing_that_is_refused_fails_no_paid_job(studio: Studio, emulator: Emulator, status: int) -> None:
    emulator.fault("jobs", Fault(status=status), times=2)
    ids = [studio.add(), studio.add(), studio.add()]
    for job_id in ids:
        studio.reach(job_id, Stage.READY)
    assert emulator.paid == 3


def test_a_job_that_is_missing_in_the_listing_is_asked_for_by_name(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("jobs", Fault(body='{"jobs": []}'), times=None)
    ids = [studio.add(), studio.add()]
    for job_id in ids:
        studio.reach(job_id, Stage.READY)
    assert emulator.calls["job"] >= 2


def test_an_account_that_does_not_know_a_paid_job_loses_nothing(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("job", Fault(status=404))
    never_ending(emulator)
    job = studio.reach(studio.add(), Stage.FAILED)
    assert tells_what_to_do(job.message)
    studio.again(job.id)
    assert studio.reach(job.id, Stage.RUNNING).remote_id == job.remote_id
    assert emulator.paid == 1


def test_a_failed_job_shows_scenarios_hint(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="fails", hint="Use a picture with one object."))
    job = studio.reach(studio.add(), Stage.FAILED)
    assert "The generation failed" in job.message
    assert "Use a picture with one object." in job.message
    assert tells_what_to_do(job.message)
    assert (job.remedy, job.remote_ended) == (Remedy.PICTURE, True)


def test_a_refusal_shows_scenarios_words(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(status=400, body='{"reason": "Parameter \\"image\\" is odd"}'))
    job = studio.reach(studio.add(), Stage.FAILED)
    assert 'Parameter "image" is odd.' in job.message
    assert tells_what_to_do(job.message)


def test_no_credits_at_the_submit_is_told_and_retry_goes_on(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(status=402))
    job = studio.reach(studio.add(), Stage.FAILED)
    assert "credits" in job.message
    assert tells_what_to_do(job.message)
    studio.again(job.id)
    studio.reach(job.id, Stage.READY)
    assert (emulator.paid, emulator.calls["upload"]) == (1, 1)


def test_a_truncated_model_is_downloaded_again_and_never_paid_for_again(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("download", Fault(glb="truncated"), times=3)
    job = studio.reach(studio.add(), Stage.FAILED)
    assert job.remedy is Remedy.RETRY
    assert tells_what_to_do(job.message.replace("; it is not charged again", ""))
    studio.again(job.id)
    studio.reach(job.id, Stage.READY)
    assert (emulator.paid, emulator.calls["download"]) == (1, 4)


def test_a_model_of_the_right_length_is_kept_whatever_is_in_it(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("download", Fault(glb="corrupt"), times=3)
    job = studio.reach(studio.add(), Stage.READY)
    assert (studio.folder(job.id) / "model.glb").read_bytes()[:4] == b"glTF"
    assert emulator.calls["download"] == 1


def test_one_damaged_download_is_not_even_noticed(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("download", Fault(glb="truncated"), times=2)
    job = studio.reach(studio.add(), Stage.READY)
    assert Stage.FAILED not in studio.stages(job.id)


def test_a_download_that_breaks_off_is_continued(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("download", Fault(close="middle"), times=2)
    job = studio.reach(studio.add(), Stage.READY)
    assert emulator.calls["download"] == 3
    assert sorted(path.name for path in studio.folder(job.id).iterdir()) == [
        "job.json",
        "model.glb",
        "source.png",
        "submit-1",
    ]


def test_an_expired_address_is_asked_for_anew(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("asset", Fault(expired=True), times=2)
    studio.reach(studio.add(), Stage.READY)
    assert emulator.calls["asset"] == 3


def test_a_result_without_a_model_is_told(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("asset", Fault(body='{"asset": {"id": "a", "mimeType": "image/png"}}'), times=None)
    job = studio.reach(studio.add(), Stage.FAILED)
    assert "holds no model" in job.message
    assert tells_what_to_do(job.message)


def test_without_an_account_a_job_waits_and_says_why(open_studio: Open, emulator: Emulator) -> None:
    studio = open_studio(use_account=False)
    studio.runner.use(None, OFFLINE)
    job_id = studio.add()
    assert studio.trouble(job_id) == OFFLINE
    studio.checked(account_of(emulator))
    assert emulator.calls["upload"] == 0
    studio.runner.use(account_of(emulator))
    studio.until(lambda: not studio.jobs[job_id].trouble, "going on")
    studio.reach(job_id, Stage.READY)


@pytest.mark.parametrize("call", ["upload", "job"])
def test_an_account_that_is_taken_away_during_a_call_is_told_after_it(
    studio: Studio, emulator: Emulator, call: str
) -> None:
    emulator.fault(call, Fault(delay=0.3))
    job_id = studio.add()
    studio.until(lambda: emulator.calls[call], "the call")
    studio.runner.use(None, OFFLINE)
    studio.until(lambda: job_id in studio.jobs and studio.jobs[job_id].trouble == OFFLINE, "the sentence")
    assert not studio.jobs[job_id].is_resting


def test_a_picture_that_vanished_holds_the_job_until_it_is_back(open_studio: Open, emulator: Emulator) -> None:
    first = open_studio(use_account=False)
    job_id = first.add()
    first.until(lambda: job_id in first.jobs)
    kept = (first.folder(job_id) / "source.png").rename(first.root / "kept.png")
    first.runner.use(account_of(emulator))
    assert "read the picture" in first.trouble(job_id)
    kept.rename(first.folder(job_id) / "source.png")
    first.reach(job_id, Stage.READY)


@pytest.mark.unexpected
def test_one_broken_job_does_not_stop_the_others(open_studio: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_studio(use_account=False)
    bad = first.add()
    first.until(lambda: bad in first.jobs)
    first.close()

    def broken(picture: Path) -> str:
        if picture.parent.name == bad:
            raise KeyError(bad)
        return fingerprint(picture)

    monkeypatch.setattr(steps, "fingerprint", broken)
    studio = open_studio()
    good = studio.add()
    studio.reach(good, Stage.READY)
    assert studio.reach(bad, Stage.FAILED).remedy is Remedy.RETRY


def test_a_job_that_is_not_there_is_told_and_nothing_ends(studio: Studio) -> None:
    studio.runner.cancel("nothing")
    studio.runner.resume("nothing")
    studio.runner.imported("nothing")
    studio.reach(studio.add(), Stage.READY)
    assert len(studio.notices()) == 3
