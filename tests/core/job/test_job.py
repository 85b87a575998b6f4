"""The job's stages: what may follow what, and that nothing is ever paid for twice."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from tests.core.studio import new_job, tells_what_to_do
from trellis_blender.core.errors import Remedy
from trellis_blender.core.job.events import (
    AnswerLost,
    CancelAsked,
    Cancelled,
    CancelRefused,
    Checked,
    Damaged,
    Downloaded,
    Event,
    Failed,
    Generated,
    Imported,
    KeptUnread,
    NeverArrived,
    NotFound,
    PictureForgotten,
    Polled,
    Prepared,
    Read,
    Resumed,
    SubmitPutOff,
    SubmitStarted,
    Submitted,
    Uploaded,
    UploadStarted,
)
from trellis_blender.core.job.job import (
    MAY_FOLLOW,
    RESTING,
    ImpossibleEventError,
    Job,
    Stage,
    advance,
    event_by_itself,
)
from trellis_blender.core.model.surface.findings import Findings

UPLOADED = Uploaded("asset_1", "2026-11-22T10:00:00.000Z", "ab")
SUBMITTED = Submitted("job_1", 7.25)
GENERATED = Generated(("asset_2", "asset_3"), None)
REFUSED = Failed("No.", Remedy.RETRY)
OVER = Failed("It failed there.", Remedy.RETRY, remote_ended=True)
STOPPED_THERE = Cancelled("Cancelled.", remote_ended=True)
WAY: list[Event] = [
    UploadStarted(),
    UPLOADED,
    SubmitStarted(),
    SUBMITTED,
    Polled("queued", 0.1, None),
    GENERATED,
    Downloaded("asset_3"),
    Read(),
    Imported(),
]
EVENTS: list[Event] = [
    *WAY,
    KeptUnread(),
    Prepared("source.jpeg", "chair.jpeg", (0, 0, 9, 9, 9, 9)),
    SubmitPutOff(),
    PictureForgotten(),
    AnswerLost(),
    NeverArrived(),
    REFUSED,
    OVER,
    NotFound(),
    CancelAsked(),
    CancelRefused(),
    Cancelled("Cancelled."),
    STOPPED_THERE,
    Damaged("Damaged. Press Retry."),
    Checked(Findings(100_000, 1)),
    Resumed(),
]


def after(*events: Event) -> Job:
    """Return a new job after these events."""
    job = new_job()
    for event in events:
        job = advance(job, event, 1000.0)
    return job


def at(stage: Stage) -> Job:
    return dataclasses.replace(new_job(), stage=stage)


def test_every_event_has_a_rule() -> None:
    assert {type(event) for event in EVENTS} == set(Event.__subclasses__()) == set(MAY_FOLLOW)


@pytest.mark.parametrize(
    ("event", "stage"),
    [(e, s) for e, s in itertools.product(EVENTS, Stage) if s not in MAY_FOLLOW[type(e)]],
    ids=lambda value: type(value).__name__ if isinstance(value, Event) else str(value),
)
def test_what_is_not_in_the_table_is_impossible(event: Event, stage: Stage) -> None:
    with pytest.raises(ImpossibleEventError, match=type(event).__name__):
        advance(at(stage), event, 0.0)


def test_what_is_in_the_table_is_possible() -> None:
    for event, stage in itertools.product(EVENTS, Stage):
        if stage in MAY_FOLLOW[type(event)]:
            assert advance(at(stage), event, 0.0).stage in Stage


def test_the_whole_way_goes_through_all_stages() -> None:
    stages = list(dict.fromkeys(job.stage for job in (after(*WAY[:count]) for count in range(len(WAY) + 1))))
    assert stages == ["queued", "uploading", "submitting", "running", "downloading", "reading", "ready", "imported"]


def test_every_stage_can_be_reached() -> None:
    reached, new = {Stage.QUEUED}, [new_job()]
    while new:
        job = new.pop()
        for event in EVENTS:
            if job.stage in MAY_FOLLOW[type(event)] and (next_job := advance(job, event, 0.0)).stage not in reached:
                reached.add(next_job.stage)
                new.append(next_job)
    assert reached == set(Stage)


def test_what_was_learned_on_the_way_is_kept() -> None:
    job = after(*WAY)
    assert (job.asset_id, job.uploaded_at, job.picture_sha256) == ("asset_1", "2026-11-22T10:00:00.000Z", "ab")
    assert (job.remote_id, job.cost) == ("job_1", 7.25)
    assert (job.model_asset_ids, job.model_asset_id) == (("asset_2", "asset_3"), "asset_3")


def test_progress_never_goes_back_within_a_stage_and_begins_anew_with_the_next() -> None:
    job = after(*WAY[:4], Polled("in-progress", 0.5, None), Polled("finalizing", 0.0, 8.0))
    assert (job.progress, job.remote_status, job.cost) == (0.5, "finalizing", 8.0)
    assert advance(job, GENERATED, 0.0).progress == 0.0


def test_news_end_the_trouble() -> None:
    job = dataclasses.replace(after(*WAY[:4]), trouble="No connection.")
    assert advance(job, Polled("queued", 0.0, None), 0.0).trouble == ""


def test_the_end_is_dated_once_and_only_at_rest() -> None:
    job = after(*WAY[:-1])
    assert job.ended == 1000.0
    assert advance(job, Imported(), 2000.0).ended == 1000.0
    assert advance(job, Resumed(), 2000.0).ended is None
    assert after(*WAY[:4]).ended is None


def test_the_moment_of_acceptance_is_kept_and_a_new_try_begins_without_one() -> None:
    job = advance(after(*WAY[:3]), SUBMITTED, 50.0)
    assert (after(*WAY[:3]).accepted, job.accepted) == (None, 50.0)
    assert advance(job, Polled("queued", 0.1, None), 60.0).accepted == 50.0
    assert advance(advance(job, REFUSED, 60.0), Resumed(), 70.0).accepted == 50.0
    assert advance(advance(job, OVER, 60.0), Resumed(), 70.0).accepted is None


def test_how_long_scenario_took_is_kept() -> None:
    job = after(*WAY[:4], Generated(("asset_2",), None, 95.5), *WAY[6:])
    assert job.generation_seconds == 95.5


def test_a_job_has_begun_when_the_artist_last_set_it_going() -> None:
    job = after(*WAY[:4], REFUSED)
    assert (job.begun, job.resumed) == (job.created, None)
    assert advance(job, Resumed(), 2000.0).begun == 2000.0


@pytest.mark.parametrize("end", [Stage.FAILED, Stage.CANCELLED])
@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (WAY[:0], Stage.QUEUED),
        (WAY[:1], Stage.QUEUED),
        (WAY[:2], Stage.UPLOADING),
        (WAY[:4], Stage.RUNNING),
        (WAY[:6], Stage.DOWNLOADING),
        (WAY[:7], Stage.DOWNLOADING),
    ],
    ids=["new", "uploading", "uploaded", "running", "downloading", "reading"],
)
def test_a_resumed_job_goes_to_the_furthest_stage_that_is_paid_for(
    way: list[Event], expected: Stage, end: Stage
) -> None:
    ended = dataclasses.replace(after(*way), stage=end)  # an earlier version cancelled downloads, too
    assert advance(ended, Resumed(), 0.0).stage is expected


def test_a_job_whose_submit_was_refused_is_not_uploaded_again() -> None:
    assert after(*WAY[:3], REFUSED, Resumed()).stage is Stage.UPLOADING


def test_a_resumed_job_has_no_message_no_remedy_and_no_wish_to_cancel() -> None:
    job = after(*WAY[:4], CancelAsked(), REFUSED, Resumed())
    assert (job.message, job.remedy, job.cancel_asked) == ("", Remedy.NONE, False)


@pytest.mark.parametrize("end", [OVER, STOPPED_THERE], ids=["failed", "cancelled"])
def test_a_remote_job_that_ended_is_never_gone_back_to(end: Event) -> None:
    job = after(*WAY[:4], end, Resumed())
    assert (job.stage, job.remote_id, job.past_remote_ids) == (Stage.UPLOADING, "", ("job_1",))
    assert (job.cost, job.remote_ended) == (None, False)


def test_every_earlier_try_stays_on_record() -> None:
    again = [SubmitStarted(), Submitted("job_2", None), OVER, Resumed()]
    assert after(*WAY[:4], OVER, Resumed(), *again).past_remote_ids == ("job_1", "job_2")


def test_what_may_be_paid_for_cannot_fail_before_that_is_certain() -> None:
    with pytest.raises(ImpossibleEventError):
        advance(after(*WAY[:3], AnswerLost()), REFUSED, 0.0)


def test_what_never_arrived_may_be_submitted_again() -> None:
    job = after(*WAY[:3], AnswerLost(), NeverArrived())
    assert (job.stage, job.remedy) == (Stage.FAILED, Remedy.SUBMIT_AGAIN)
    assert "nothing was charged" in job.message
    assert tells_what_to_do(job.message)
    assert advance(job, Resumed(), 0.0).stage is Stage.UPLOADING


LOST = [*WAY[:3], AnswerLost()]


def test_a_picture_that_scenario_has_forgotten_is_sent_before_the_next_submit() -> None:
    forgotten = after(*WAY[:3], PictureForgotten())
    assert (forgotten.stage, event_by_itself(forgotten)) == (Stage.UPLOADING, None)
    again = advance(forgotten, Uploaded("asset_9", "2026-11-23T10:00:00.000Z", "ab"), 0.0)
    assert (again.asset_id, event_by_itself(again)) == ("asset_9", SubmitStarted())


def test_the_id_of_a_forgotten_picture_is_kept_for_the_search_of_an_uncertain_request() -> None:
    again = after(*LOST, NotFound(), Resumed(), NotFound(), SubmitStarted(), PictureForgotten(), REFUSED, Resumed())
    assert (again.stage, again.asset_id) == (Stage.UNCONFIRMED, "asset_1")
    assert event_by_itself(advance(again, NotFound(), 0.0)) is None


def test_a_job_cancelled_while_its_picture_turns_out_to_be_forgotten_ends_unpaid() -> None:
    assert after(*WAY[:3], CancelAsked(), PictureForgotten()).stage is Stage.CANCELLED


def test_what_was_not_found_is_uncertain_and_never_said_to_be_free() -> None:
    job = after(*LOST, NotFound())
    assert (job.stage, job.may_be_paid, job.is_resting) == (Stage.UNCERTAIN, True, True)
    assert "charged" not in job.message
    assert tells_what_to_do(job.message)


def test_what_is_uncertain_is_searched_for_once_more_before_it_is_submitted_again() -> None:
    again = after(*LOST, NotFound(), Resumed())
    assert (again.stage, again.may_submit_again, again.message) == (Stage.UNCONFIRMED, True, "")
    assert advance(again, NotFound(), 0.0).stage is Stage.UPLOADING
    assert advance(again, SUBMITTED, 0.0).remote_id == "job_1"


def test_the_leave_to_submit_again_counts_once() -> None:
    lost_again = after(*LOST, NotFound(), Resumed(), NotFound(), SubmitStarted(), AnswerLost())
    assert not lost_again.may_submit_again
    assert advance(lost_again, NotFound(), 0.0).stage is Stage.UNCERTAIN


def test_a_refusal_after_an_uncertain_request_leaves_that_uncertain() -> None:
    refused = after(*LOST, NotFound(), Resumed(), NotFound(), SubmitStarted(), REFUSED)
    assert refused.may_be_paid
    assert advance(refused, Resumed(), 0.0).stage is Stage.UNCONFIRMED


def test_cancelling_the_last_search_submits_nothing() -> None:
    assert after(*LOST, NotFound(), Resumed(), CancelAsked(), NotFound()).stage is Stage.UNCERTAIN


@pytest.mark.parametrize("end", [SUBMITTED, NeverArrived()], ids=["found", "never arrived"])
def test_what_is_found_or_proven_absent_is_certain_again(end: Event) -> None:
    job = after(*LOST, NotFound(), Resumed(), end)
    assert (job.may_be_paid, job.may_submit_again) == (False, isinstance(end, NeverArrived))


def test_an_id_that_the_artist_enters_settles_it() -> None:
    job = after(*LOST, NotFound(), SUBMITTED)
    assert (job.stage, job.remote_id, job.message, job.remedy) == (Stage.RUNNING, "job_1", "", Remedy.NONE)


FREE = "Cancelled before anything was charged."


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (WAY[:0], FREE),
        (WAY[:2], FREE),
        ([*LOST, NotFound(), Resumed(), NotFound()], "An earlier request of this job may have been charged."),
    ],
    ids=["queued", "uploaded", "uploaded once more"],
)
def test_the_table_itself_ends_a_job_that_is_cancelled_where_nobody_is_to_be_asked(way: list[Event], said: str) -> None:
    job = advance(after(*way), CancelAsked(), 2000.0)
    assert (job.stage, job.ended, job.cancel_asked, job.remedy) == (Stage.CANCELLED, 2000.0, True, Remedy.NONE)
    assert said in job.message


def test_a_paid_call_that_is_put_off_ends_a_job_that_was_cancelled_meanwhile() -> None:
    job = after(*WAY[:3], CancelAsked(), SubmitPutOff())
    assert (job.stage, job.message) == (Stage.CANCELLED, FREE)
    assert after(*WAY[:3], SubmitPutOff()).stage is Stage.UPLOADING


def test_no_job_that_was_cancelled_waits_to_be_paid_for() -> None:
    waiting = {Stage.QUEUED, Stage.UPLOADING}
    assert all(not (job.cancel_asked and job.stage in waiting) for job in every_job())


@pytest.mark.parametrize(
    ("way", "event"),
    [
        (WAY[:0], UploadStarted()),
        (WAY[:1], None),  # the picture has to be sent
        (WAY[:2], SubmitStarted()),
        (WAY[:3], AnswerLost()),  # nobody is at work on it, so nobody waits for the answer
        *((WAY[:count], None) for count in range(4, 10)),
        (LOST, None),
        ([*LOST, NotFound()], None),
    ],
)
def test_what_happens_by_itself_stands_in_the_table(way: list[Event], event: Event | None) -> None:
    assert event_by_itself(after(*way)) == event


def every_job() -> list[Job]:
    """One job of each kind that any sequence of events leads to."""
    seen: dict[tuple[object, ...], Job] = {}
    new = [new_job()]
    while new:
        job = new.pop()
        ids = (bool(job.asset_id), job.asset_gone, bool(job.remote_id), job.remote_ended, bool(job.model_asset_ids))
        key = (job.stage, *ids, job.cancel_asked, job.cancel_refused, job.may_be_paid, job.may_submit_again)
        if key not in seen:
            seen[key] = job
            new += [advance(job, event, 0.0) for event in EVENTS if job.stage in MAY_FOLLOW[type(event)]]
    return list(seen.values())


def test_a_refused_cancel_lets_the_job_go_on_to_its_model() -> None:
    job = after(*WAY[:4], CancelAsked())
    assert job.asks_to_stop
    job = advance(job, CancelRefused(), 0.0)
    assert not job.asks_to_stop
    for event in WAY[4:8]:
        job = advance(job, event, 0.0)
    assert (job.stage, job.cancel_asked, job.cancel_refused) == (Stage.READY, True, True)
    again = after(*WAY[:4], CancelAsked(), CancelRefused(), REFUSED, Resumed())
    assert (again.cancel_asked, again.cancel_refused) == (False, False)


@pytest.mark.parametrize("done", [6, 7, 8], ids=["downloading", "reading", "ready"])
def test_a_model_that_scenario_has_made_is_kept_whatever_the_artist_wants(done: int) -> None:
    job = after(*WAY[:done], CancelAsked())
    assert job.stage is after(*WAY[:done]).stage
    for event in WAY[done:8]:
        job = advance(job, event, 0.0)
    assert (job.stage, job.cancel_asked, job.holds_model, job.cost) == (Stage.READY, True, True, 7.25)


def test_only_five_stages_rest() -> None:
    assert {"ready", "imported", "failed", "cancelled", "uncertain"} == RESTING
    assert all(at(stage).is_resting == (stage in RESTING) for stage in Stage)


def test_no_sequence_of_events_pays_again_for_what_may_be_paid() -> None:
    """All sequences: what decides about the next event is in the key, so equal keys need to be looked at once."""
    seen: set[tuple[object, ...]] = set()
    new = [(new_job(), False)]
    while new:
        job, may_be_there = new.pop()
        ids = (bool(job.asset_id), job.asset_gone, bool(job.remote_id), job.remote_ended, bool(job.model_asset_ids))
        facts = (*ids, job.cancel_asked, job.cancel_refused, job.may_be_paid, job.may_submit_again)
        if (job.stage, *facts, may_be_there) in seen:
            continue
        seen.add((job.stage, *facts, may_be_there))
        for event in EVENTS:
            try:
                after_it = advance(job, event, 0.0)
            except ImpossibleEventError:
                continue
            assert not (isinstance(event, SubmitStarted) and may_be_there), f"{job} was submitted a second time"
            is_lost_or_accepted = isinstance(event, AnswerLost | Submitted)
            is_certainly_over = isinstance(event, NeverArrived) or event in (OVER, STOPPED_THERE)
            # the artist was asked, and one more search has not found it
            is_certainly_over |= isinstance(event, NotFound) and job.may_submit_again and not job.cancel_asked
            new.append((after_it, is_lost_or_accepted or (may_be_there and not is_certainly_over)))
    assert len(seen) > 50


def test_a_job_without_a_picture_is_looked_at_again_rather_than_begun_anew() -> None:
    adopted = dataclasses.replace(at(Stage.FAILED), picture="", remote_id="job_elsewhere", remote_ended=True)
    again = advance(adopted, Resumed(), 0.0)
    assert (again.stage, again.remote_id, again.remote_ended) == (Stage.RUNNING, "job_elsewhere", False)
