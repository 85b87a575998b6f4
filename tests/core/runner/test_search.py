"""A paid call whose answer was lost: searched for, found, proven absent, or left to the artist as uncertain."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from emulator import Emulator, Fault
from tests.clock import MovedClock
from tests.core.studio import Studio, account_of, new_job, tells_what_to_do
from trellis_blender.core.errors import AccountError, PassingError, RefusedError, Remedy
from trellis_blender.core.job.events import Submitted
from trellis_blender.core.job.job import Job, Stage
from trellis_blender.core.request.service import RemoteJob
from trellis_blender.core.runner import steps
from trellis_blender.core.runner.steps import ALONE_MAXIMUM, PAGES_MAXIMUM, SearchMissed, identify, look_up
from trellis_blender.core.scenario.api import Api

Open = Callable[..., Studio]
UPLOADED = "2026-11-22T10:00:00.000Z"
LATER, EARLIER = "2026-11-22T10:00:05.000Z", "2026-11-22T09:59:00.000Z"
LOST = dataclasses.replace(new_job(), asset_id="asset_1", uploaded_at=UPLOADED, past_remote_ids=("job_past",))
UNREADABLE = Fault(body='{"jobs": [{"jobId": "job_strange", "status": "queued"}]}')


def listed(job_id: str, image: str = "asset_2", **fields: Any) -> RemoteJob:
    """A job of the listing."""
    given: dict[str, Any] = {"seed": 7, "created": LATER, "has_input": bool(image), **fields}
    return RemoteJob(job_id, "queued", 0.0, 7.25, (), image, words="", **given)


OURS = listed("job_1", "asset_1")


OTHER_MODEL = frozenset({"model_other"})


class Shelf:
    """An API that lists these pages, and knows these jobs alone; `asked` is what it was asked, in order."""

    def __init__(self, *pages: list[RemoteJob], alone: tuple[RemoteJob, ...] = (), sees_picture: bool = True) -> None:
        self._pages, self._alone, self._sees_picture = pages, {job.id: job for job in alone}, sees_picture
        self.asked: list[str] = []

    def jobs(self, _start: str, page: str = "") -> tuple[list[RemoteJob], str]:
        """One page; its name is its number."""
        self.asked.append(page)
        number = int(page or "0")
        return self._pages[number], str(number + 1) if number + 1 < len(self._pages) else ""

    def job(self, job_id: str) -> RemoteJob:
        """One job."""
        self.asked.append(job_id)
        if job_id not in self._alone:
            raise RefusedError("Not found.", is_gone=True)
        return self._alone[job_id]

    def asset(self, asset_id: str) -> object:
        """The picture."""
        if not self._sees_picture:
            raise RefusedError("Not found.", is_gone=True)
        return asset_id


def tools_of(shelf: Shelf, *taken: str) -> Any:
    """What a step works with."""
    return SimpleNamespace(service=shelf, wait=lambda _seconds: True, taken=frozenset(taken))


def search(shelf: Shelf, *taken: str, job: Job = LOST) -> Submitted | SearchMissed:
    """What a search on that shelf comes to."""
    return look_up(job, Path("nowhere"), tools_of(shelf, *taken))


def test_the_job_with_the_picture_is_found_on_whatever_page_it_stands() -> None:
    shelf = Shelf([listed("a")], [listed("b")], [listed("c"), OURS])
    assert search(shelf) == Submitted("job_1", 7.25)
    assert shelf.asked == ["", "1", "2"]


def test_after_several_pages_the_first_is_read_again() -> None:
    shelf = Shelf([listed("a")], [listed("b")])
    assert search(shelf) == SearchMissed(is_proof=True)
    assert shelf.asked == ["", "1", ""]


@pytest.mark.parametrize(("bound", "value"), [("PAGES_MAXIMUM", 5), ("SEARCH_SECONDS", -1.0)])
def test_a_listing_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch, bound: str, value: float) -> None:
    monkeypatch.setattr(steps, bound, value)
    shelf = Shelf(*([listed("a")] for _ in range(50)))
    with pytest.raises(PassingError, match="has no end"):
        search(shelf)
    assert len(shelf.asked) <= 6


@pytest.mark.parametrize(
    "date", ["9999-12-31T23:59:59Z", "2199-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00", "never", ""]
)
def test_a_date_that_lies_hides_no_job_from_the_search(date: str) -> None:
    job = dataclasses.replace(LOST, uploaded_at=date)
    assert "1970" <= steps.listing_start([job])[:4] <= str(datetime.now(UTC).year)
    lost = listed("job_2", "", created=datetime.now(UTC).isoformat())
    assert search(Shelf([lost]), job=job) == SearchMissed(is_proof=False)


OTHERS = {
    "another picture with the same seed": listed("job_2"),
    "an earlier try": listed("job_past", "asset_1"),
    "another job of ours": listed("job_taken", "asset_1"),
    "another model": listed("job_3", "asset_1", models=OTHER_MODEL),
}


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_job_is_taken_for_it(name: str) -> None:
    assert search(Shelf([OTHERS[name]]), "job_taken") == SearchMissed(is_proof=True)
    assert search(Shelf([OTHERS[name], OURS]), "job_taken") == Submitted("job_1", 7.25)


def test_it_is_found_by_its_picture_anywhere_in_it_and_with_another_seed() -> None:
    somewhere = listed("job_1", "", seed=None, text='{"parents": ["asset_1"]}')
    assert search(Shelf([somewhere])) == Submitted("job_1", 7.25)
    assert search(Shelf([listed("job_1", "asset_1", seed=8)])) == Submitted("job_1", 7.25)


def test_of_two_with_the_picture_that_with_the_seed_is_taken() -> None:
    assert search(Shelf([listed("job_8", "asset_1", seed=8), OURS])) == Submitted("job_1", 7.25)


def test_a_job_whose_input_the_listing_leaves_out_is_asked_for_alone() -> None:
    shelf = Shelf([listed("job_0", ""), listed("job_1", "")], alone=(listed("job_0"), OURS))
    assert search(shelf) == Submitted("job_1", 7.25)
    assert shelf.asked == ["", "job_0", "job_1"]


UNKNOWN = {
    "unreadable alone too": (listed("job_0", ""), (listed("job_0", ""),), False),
    "gone when asked for alone": (listed("job_0", ""), (), False),
    "readable alone": (listed("job_0", ""), (listed("job_0"),), True),
    "another model when asked for alone": (listed("job_0", ""), (listed("job_0", "", models=OTHER_MODEL),), True),
    "older than the picture": (listed("job_0", "", created=EARLIER), (), True),
    "of an unknown date": (listed("job_0", "", created=""), (), False),
    "an earlier try": (listed("job_past", ""), (), True),
    "of another model": (listed("job_0", "", models=OTHER_MODEL), (), True),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_cannot_be_read_and_may_be_ours_proves_nothing(name: str) -> None:
    remote, alone, is_proof = UNKNOWN[name]
    assert search(Shelf([remote, listed("job_9")], alone=alone)) == SearchMissed(is_proof)


def test_a_picture_without_a_date_makes_no_job_older() -> None:
    undated = dataclasses.replace(LOST, uploaded_at="")
    assert search(Shelf([listed("job_0", "", created=EARLIER)]), job=undated) == SearchMissed(is_proof=False)


def test_not_more_than_so_many_are_asked_for_alone() -> None:
    jobs = [listed(f"job_{number}", "") for number in range(ALONE_MAXIMUM + 1)]
    shelf = Shelf(jobs, alone=tuple(listed(job.id) for job in jobs))
    assert search(shelf) == SearchMissed(is_proof=False)
    assert len(shelf.asked) == 1 + ALONE_MAXIMUM


def test_a_key_that_does_not_see_the_picture_proves_nothing() -> None:
    with pytest.raises(AccountError) as error:
        search(Shelf([], sees_picture=False))
    assert tells_what_to_do(error.value.sentence)


class Endless(Shelf):
    """An API whose listing never ends. `following`: the name of the page after one of that number."""

    def __init__(self, following: Callable[[int], str]) -> None:
        super().__init__([])
        self._following = following

    def jobs(self, _start: str, page: str = "") -> tuple[list[RemoteJob], str]:
        """One page, and that another one follows."""
        self.asked.append(page)
        return [listed(f"job_{len(self.asked)}")], self._following(len(self.asked))


@pytest.mark.parametrize(
    ("following", "most"),
    [(str, 1 + PAGES_MAXIMUM), (lambda _number: "again", 2), (lambda number: "ab"[number % 2], 3)],
    ids=["ever new pages", "the same page", "two pages in turn"],
)
def test_a_listing_without_an_end_is_given_up_and_proves_nothing(following: Callable[[int], str], most: int) -> None:
    shelf = Endless(following)
    with pytest.raises(PassingError, match="has no end"):
        search(shelf)
    assert len(shelf.asked) == most


def test_a_search_that_is_stopped_proves_nothing() -> None:
    tools = tools_of(Shelf([listed("a")], [listed("b")]))
    tools.wait = lambda _seconds: False
    with pytest.raises(PassingError):
        look_up(LOST, Path("nowhere"), tools)


@pytest.mark.parametrize(
    "remote", [OURS, listed("job_1", ""), listed("job_1", "", text="asset_1")], ids=["ours", "unreadable", "holds it"]
)
def test_an_id_that_the_artist_enters_is_taken_where_nothing_speaks_against_it(remote: RemoteJob) -> None:
    assert identify(LOST, "job_1", cast(Any, Shelf(alone=(remote,))), ()) == Submitted("job_1", 7.25)


@pytest.mark.parametrize("name", [*OTHERS, "unknown"])
def test_an_id_of_another_job_is_refused(name: str) -> None:
    remote = OTHERS.get(name)
    shelf = Shelf(alone=() if remote is None else (remote,))
    with pytest.raises(RefusedError) as error:
        identify(LOST, "nowhere" if remote is None else remote.id, cast(Any, shelf), {"job_taken"})
    assert tells_what_to_do(error.value.sentence)
    assert error.value.remedy is Remedy.SCENARIO


def ends(studio: Studio, job_id: str, stage: Stage) -> Callable[[], bool]:
    return lambda: job_id in studio.jobs and studio.jobs[job_id].stage is stage


def test_it_never_arrived_only_after_two_whole_listings_ninety_seconds_apart(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    emulator.fault("submit", Fault(close="before"))
    job_id = steady.add()
    steady.reach(job_id, Stage.UNCONFIRMED)
    passed = steady.skip_until(clock, ends(steady, job_id, Stage.FAILED), "the proof")
    assert 90 <= passed < 120
    job = steady.jobs[job_id]
    assert job.remedy is Remedy.SUBMIT_AGAIN
    assert "nothing was charged" in job.message
    assert (emulator.calls["submit"], emulator.paid) == (1, 0)


def test_a_second_lost_answer_is_searched_for_as_long_as_the_first(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    emulator.fault("submit", Fault(close="before"))
    job_id = steady.add()
    steady.skip_until(clock, ends(steady, job_id, Stage.FAILED), "the proof")
    emulator.fault("submit", Fault(close="after"))
    emulator.fault("jobs", Fault(lag=600))
    steady.again(job_id)
    steady.reach(job_id, Stage.UNCONFIRMED)
    assert clock.wanted() == 1.0
    clock.move(1.0)
    steady.skip_until(clock, ends(steady, job_id, Stage.READY), "the model")
    assert (emulator.calls["submit"], emulator.paid) == (2, 1)


def test_a_listing_that_proves_nothing_breaks_the_proof_off(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    emulator.fault("submit", Fault(close="before"))
    emulator.fault("jobs", UNREADABLE, after=3)
    job_id = steady.add()
    passed = steady.skip_until(clock, ends(steady, job_id, Stage.FAILED), "the proof")
    assert passed >= 1 + 2 + 4 + 8 + 90


HIDDEN = {
    "unreadable": UNREADABLE,
    "an error": Fault(status=500),
    "refused": Fault(status=403),
    "no list": Fault(body="{}"),
}


def hide(emulator: Emulator, name: str) -> None:
    """Let the next search prove nothing."""
    emulator.fault("jobs", HIDDEN[name])


def uncertain(studio: Studio, clock: MovedClock, emulator: Emulator, close: Any, name: str = "unreadable") -> Job:
    """A job whose paid call was lost, and could not be found or proven absent for ten minutes."""
    emulator.fault("submit", Fault(close=close))
    hide(emulator, name)
    job_id = studio.add()
    studio.reach(job_id, Stage.UNCONFIRMED)
    is_over = ends(studio, job_id, Stage.UNCERTAIN)
    passed = studio.skip_until(clock, is_over, "giving up", before=lambda: hide(emulator, name))
    assert 600 <= passed < 700
    return studio.jobs[job_id]


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_not_known_after_ten_minutes_is_uncertain(
    steady: Studio, emulator: Emulator, clock: MovedClock, name: str
) -> None:
    job = uncertain(steady, clock, emulator, "after", name)
    assert job.may_be_paid
    assert "charged" not in job.message
    assert tells_what_to_do(job.message)
    assert steady.is_saved(job)
    assert clock.rests()
    assert (emulator.calls["submit"], emulator.paid) == (1, 1)


def test_submit_again_searches_once_more_and_finds_what_was_paid_for(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    job = uncertain(steady, clock, emulator, "after")
    steady.again(job.id)
    steady.skip_until(clock, ends(steady, job.id, Stage.READY), "the model")
    found = steady.jobs[job.id]
    assert [found.remote_id] == list(emulator.jobs)
    assert (found.may_be_paid, emulator.calls["submit"], emulator.paid) == (False, 1, 1)


@pytest.mark.parametrize("name", ["unreadable", "none"])
def test_submit_again_submits_what_one_more_search_does_not_find(
    steady: Studio, emulator: Emulator, clock: MovedClock, name: str
) -> None:
    job = uncertain(steady, clock, emulator, "before")
    if name != "none":
        hide(emulator, name)
    steady.again(job.id)
    steady.skip_until(clock, ends(steady, job.id, Stage.READY), "the model")
    assert steady.jobs[job.id].asset_id == job.asset_id
    assert (emulator.calls["submit"], emulator.calls["upload"], emulator.paid) == (2, 1, 1)


def test_submit_again_sends_a_picture_that_scenario_has_forgotten_meanwhile(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    job = uncertain(steady, clock, emulator, "before")
    emulator.assets.clear()
    steady.again(job.id)
    steady.skip_until(clock, ends(steady, job.id, Stage.READY), "the model")
    assert (emulator.calls["submit"], emulator.calls["upload"], emulator.paid) == (3, 2, 1)


def test_submit_again_submits_nothing_before_a_search_has_ended(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    job = uncertain(steady, clock, emulator, "before", "an error")
    hide(emulator, "an error")
    steady.again(job.id)
    searches = emulator.calls["jobs"] + 30
    enough = lambda: emulator.calls["jobs"] >= searches  # noqa: E731 - said once
    passed = steady.skip_until(clock, enough, "searches", before=lambda: hide(emulator, "an error"))
    assert passed > 600
    assert steady.jobs[job.id].stage is Stage.UNCONFIRMED
    assert emulator.calls["submit"] == 1
    steady.skip_until(clock, ends(steady, job.id, Stage.READY), "the model")
    assert (emulator.calls["submit"], emulator.paid) == (2, 1)


def test_cancelling_the_new_submit_does_not_say_that_nothing_was_charged(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    job = uncertain(steady, clock, emulator, "before")
    emulator.fault("submit", Fault(status=429, retry_after="30"))
    steady.again(job.id)
    steady.trouble(job.id)
    steady.runner.cancel(job.id)
    message = steady.reach(job.id, Stage.CANCELLED).message
    assert "may have been charged" in message
    assert tells_what_to_do(message)


def test_the_id_that_the_artist_enters_brings_the_model(steady: Studio, emulator: Emulator, clock: MovedClock) -> None:
    job = uncertain(steady, clock, emulator, "after")
    steady.runner.identify(job.id, "job_nowhere")
    steady.until(steady.notices, "the answer")
    assert steady.jobs[job.id].stage is Stage.UNCERTAIN
    (remote_id,) = emulator.jobs
    steady.runner.identify(job.id, remote_id)
    steady.skip_until(clock, ends(steady, job.id, Stage.READY), "the model")
    assert (steady.jobs[job.id].remote_id, emulator.paid) == (remote_id, 1)


def test_an_id_that_is_answered_after_the_job_was_submitted_again_is_left_alone(
    steady: Studio, emulator: Emulator, clock: MovedClock
) -> None:
    job = uncertain(steady, clock, emulator, "after")
    (remote_id,) = emulator.jobs
    emulator.fault("job", Fault(delay=0.4))
    emulator.fault("jobs", Fault(delay=0.8))
    steady.runner.identify(job.id, remote_id)
    steady.again(job.id)
    steady.skip_until(clock, ends(steady, job.id, Stage.READY), "the model")
    assert (steady.jobs[job.id].remote_id, emulator.paid) == (remote_id, 1)


def test_without_an_account_no_id_is_looked_up(steady: Studio, emulator: Emulator, clock: MovedClock) -> None:
    job = uncertain(steady, clock, emulator, "after")
    steady.runner.use(None, "Online access is off.")
    calls = emulator.calls.copy()
    steady.runner.identify(job.id, "job_1")
    steady.until(lambda: "Online access is off." in steady.notices(), "the answer")
    assert emulator.calls == calls


def test_an_uncertain_job_rests_in_the_next_session_too(
    steady: Studio, emulator: Emulator, clock: MovedClock, open_studio: Open
) -> None:
    job = uncertain(steady, clock, emulator, "after")
    steady.close()
    calls = emulator.calls.copy()
    second = open_studio()
    assert second.reach(job.id, Stage.UNCERTAIN).may_be_paid
    second.checked(account_of(emulator))
    assert emulator.calls - calls == {"model": 1}


@pytest.mark.unexpected
@pytest.mark.parametrize("mistake", [ZeroDivisionError, OSError, MemoryError])
def test_a_mistake_of_ours_between_sending_and_reading_is_a_lost_answer(
    studio: Studio, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, mistake: type[Exception]
) -> None:
    submit = Api.submit

    def submit_and_stumble(*given: Any) -> Any:
        submit(*given)
        raise mistake

    monkeypatch.setattr(Api, "submit", submit_and_stumble)
    job = studio.reach(studio.add(), Stage.READY)
    assert Stage.UNCONFIRMED in studio.stages(job.id)
    assert (emulator.calls["submit"], emulator.paid) == (1, 1)


def test_a_picture_that_scenario_does_not_know_any_more_is_sent_again(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(status=404))
    job = studio.reach(studio.add(), Stage.FAILED)
    assert job.asset_gone
    studio.again(job.id)
    studio.reach(job.id, Stage.READY)
    assert (emulator.calls["upload"], emulator.paid) == (2, 1)


def test_a_listing_that_names_jobs_by_their_other_name_is_searched(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(close="after"))
    job_id = studio.add()
    studio.reach(job_id, Stage.UNCONFIRMED, Stage.RUNNING)
    (record,) = emulator.jobs.values()
    body = json.dumps({"jobs": [{"id": record.id, "metadata": {"input": record.input}}]})
    emulator.fault("jobs", Fault(body=body))
    assert studio.reach(job_id, Stage.READY).remote_id == record.id
