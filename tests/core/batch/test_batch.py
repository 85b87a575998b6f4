"""A batch: one folder per picture, each paid for once, whoever works on it, and both limits kept by all."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault, Service
from tests.core.batch.conftest import NOT_A_PICTURE, Crew, changed_state, draw, shared_state
from tests.core.studio import tells_what_to_do
from tests.never_lost.world import names_in, until
from trellis_blender.core.batch import shared
from trellis_blender.core.batch.batch import Batch
from trellis_blender.core.batch.order import (
    BatchDiffersError,
    BatchError,
    End,
    JobChanged,
    NoBatchError,
    Order,
    PictureRefused,
    Standing,
)
from trellis_blender.core.errors import Remedy
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job.claims import PROCESSES, this_machine
from trellis_blender.core.job.job import Stage

Begin = Callable[..., Crew]
PRICE = 7.25
UNREADABLE = Fault(body='{"jobs": [{"jobId": "job_elsewhere", "status": "queued"}]}')


def counts(crew: Crew) -> dict[Standing, int]:
    """How many jobs stand how, those that are any."""
    return {standing: count for standing, count in crew.open().state().counts.items() if count}


def test_every_picture_becomes_a_model_in_a_folder_of_its_own(
    begin: Begin, pictures: list[Path], emulator: Emulator
) -> None:
    crew = begin()
    assert [result.end for result in crew.run()] == [End.DONE]
    rows = list(crew.open().rows())
    assert [row.picture for row in rows] == pictures
    assert [row.folder.name for row in rows] == [f"{number:06d}-Stuhl_{number}" for number in range(8)]
    assert all(names_in(row.folder) == {"job.json", "source.png", "model.glb"} for row in rows)
    assert (emulator.paid, emulator.calls["upload"]) == (8, 8)
    assert not (crew.folder / PROCESSES).exists()
    state = crew.open().state()
    assert (state.counts[Standing.DONE], state.to_pay, state.cost, state.reserved) == (8, 0, 8 * PRICE, 0)


def test_the_same_batch_started_again_pays_nothing_and_is_over_at_once(begin: Begin, emulator: Emulator) -> None:
    begin().run()
    crew = begin()
    assert [result.end for result in crew.run()] == [End.DONE]
    assert (emulator.paid, crew.heard) == (8, [])


def test_four_workers_pay_for_each_picture_once(begin: Begin, emulator: Emulator) -> None:
    crew = begin(variations=2, seed=5)
    assert {result.end for result in crew.run(workers=4)} == {End.DONE}
    assert emulator.paid == 16
    assert Counter(job.input["seed"] for job in emulator.jobs.values()) == {5: 8, 6: 8}
    assert counts(crew) == {Standing.DONE: 16}


def test_a_slice_begins_its_own_pictures_only(begin: Begin, emulator: Emulator) -> None:
    crew = begin()
    assert [result.end for result in crew.run(only=range(2, 5))] == [End.DONE]
    assert [row.index for row in crew.open().rows() if row.job is not None] == [2, 3, 4]
    assert crew.open().state(range(2, 5)).counts[Standing.DONE] == 3
    crew.run()
    assert (counts(crew), emulator.paid) == ({Standing.DONE: 8}, 8)


# -- what tells two batches apart


def test_another_batch_in_the_same_folder_is_refused_and_says_what_differs(
    begin: Begin, folder: Path, pictures: list[Path]
) -> None:
    begin()
    for others, order, words in (
        (pictures[:-1], Order(), "of 8 pictures; here are fewer"),
        ([*pictures, pictures[0]], Order(), "of 8 pictures; here are more"),
        ([*pictures[:-1], pictures[0]], Order(), "its picture 8 is"),
        (pictures, Order(parameters={"texture_size": 4096}), "texture_size is 2048 there, and 4096 here"),
        (pictures, Order(seed=3), "seed is None there, and 3 here"),
    ):
        with pytest.raises(BatchDiffersError, match=words) as raised:
            Batch.create(folder / "models", others, order)
        assert tells_what_to_do(raised.value.sentence)
    assert Batch.create(folder / "models", iter(pictures), Order(concurrency=9, most_cost=5.0)).count == 8


def test_pictures_of_one_name_and_names_of_255_bytes_have_folders_of_their_own(
    folder: Path, emulator: Emulator
) -> None:
    pictures = [draw(folder / place / "chair.png") for place in ("a", "b")]
    pictures += [draw(folder / ("ü" * 125 + "x.png")), draw(folder / "a:b?.png"), draw(folder / "....png")]
    Batch.create(folder / "models", pictures, Order())
    crew = Crew(folder / "models", emulator)
    crew.run()
    assert counts(crew) == {Standing.DONE: 5}
    names = [row.folder.name for row in crew.open().rows()]
    assert names[:2] == ["000000-chair", "000001-chair"]
    assert names[3] == "000003-a_b"
    assert max(len(name.encode()) for name in names) < 100


def test_a_folder_without_a_batch_and_a_batch_without_pictures_are_told(folder: Path) -> None:
    with pytest.raises(NoBatchError, match="There is no batch in"):
        Batch.open(folder)
    with pytest.raises(BatchError, match="There is no picture"):
        Batch.create(folder / "models", [], Order())
    assert not any((folder / "models").iterdir())
    (folder / "models" / "batch.json").write_text("{", encoding="utf-8")
    with pytest.raises(NoBatchError, match="is damaged"):
        Batch.open(folder / "models")
    (folder / "models" / "batch.json").write_text('{"format": 2, "pictures": [', encoding="utf-8")
    with pytest.raises(NoBatchError, match="newer version"):
        Batch.open(folder / "models")


# -- the limits


@pytest.mark.parametrize("emulator", [Service(job_limit=2)], indirect=True)
def test_all_workers_together_keep_the_concurrency(begin: Begin, emulator: Emulator) -> None:
    crew = begin(concurrency=2)
    crew.run(workers=3)
    assert counts(crew) == {Standing.DONE: 8}
    assert emulator.calls["submit"] == emulator.paid == 8  # the server never had to refuse one


def test_all_workers_together_keep_the_limit_on_the_cost(begin: Begin, emulator: Emulator) -> None:
    crew = begin(most_cost=4 * PRICE, price=PRICE)
    results = crew.run(workers=3)
    assert {result.end for result in results} == {End.MOST_COST}
    assert (
        results[0].sentence == "The limit of 29 CU leaves nothing for another model. Raise it, then resume the batch."
    )
    assert (emulator.paid, counts(crew)) == (4, {Standing.DONE: 4, Standing.NOT_SENT: 4})
    assert crew.open().state().to_pay == 4
    crew.open().set_limits(most_cost=6 * PRICE)
    assert {result.end for result in crew.run(workers=2)} == {End.MOST_COST}
    assert emulator.paid == 6
    crew.open().set_limits(most_cost=float("inf"))
    assert {result.end for result in crew.run()} == {End.DONE}
    assert (emulator.paid, crew.open().state().cost) == (8, 8 * PRICE)


def test_a_limit_without_a_price_is_refused_before_anything_is_sent(begin: Begin, emulator: Emulator) -> None:
    crew = begin(most_cost=30.0)
    with pytest.raises(BatchError, match="needs the price"):
        crew.run_one()
    assert emulator.calls["upload"] == 0


def test_what_a_dead_worker_had_sent_is_counted_once_it_is_known(begin: Begin, emulator: Emulator) -> None:
    """It was killed before it could note that its jobs had ended."""
    crew = begin(concurrency=2, most_cost=8 * PRICE, price=PRICE)
    crew.run(only=range(2))
    batch = crew.open()
    with changed_state(batch) as state:
        for row in batch.rows(range(2)):
            assert row.job is not None
            state.spent -= PRICE
            state.sent[row.job.id] = shared.Sent(PRICE, 0.0, f"{this_machine()}-1-abcdef")
    assert [result.end for result in crew.run()] == [End.DONE]
    assert (emulator.paid, batch.state().reserved, shared_state(batch).spent) == (8, 0, 8 * PRICE)


# -- what goes wrong


def test_a_picture_that_cannot_be_prepared_fails_alone_and_is_tried_again_when_asked(
    begin: Begin, pictures: list[Path], emulator: Emulator
) -> None:
    pictures[3].write_bytes(NOT_A_PICTURE)
    crew = begin()
    assert [result.end for result in crew.run()] == [End.DONE]
    assert counts(crew) == {Standing.DONE: 7, Standing.FAILED: 1}
    (refused,) = [event for event in crew.heard if isinstance(event, PictureRefused)]
    assert (refused.index, refused.picture) == (3, pictures[3])
    (row,) = [row for row in crew.open().rows() if row.trouble]
    assert row.trouble == refused.sentence == "“Stuhl 3.png” is no picture. Choose another file."
    draw(pictures[3])
    crew.run()
    assert counts(crew)[Standing.FAILED] == 1
    crew.open().retry_failed()
    crew.run()
    assert (counts(crew), emulator.paid) == ({Standing.DONE: 8}, 8)


def test_a_failed_job_never_holds_up_the_rest_and_is_tried_again_when_asked(begin: Begin, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="fails", hint="Try another picture."))
    crew = begin()
    crew.run()
    assert counts(crew) == {Standing.DONE: 7, Standing.FAILED: 1}
    assert crew.open().state().to_pay == 1
    crew.open().retry_failed()
    crew.run(workers=2)
    assert (counts(crew), emulator.paid) == ({Standing.DONE: 8}, 9)


@pytest.mark.parametrize(("status", "words"), [(402, "Buy credits"), (401, "API key")])
def test_credits_that_run_out_stop_all_workers_and_any_later_run_goes_on(
    begin: Begin, emulator: Emulator, status: int, words: str
) -> None:
    emulator.fault("submit", Fault(status=status), times=None, after=3)
    crew = begin(concurrency=2)
    results = crew.run(workers=2)
    assert {result.end for result in results} == {End.REFUSED}
    assert all(words in result.sentence for result in results)
    assert emulator.paid == 3
    assert counts(crew)[Standing.DONE] == 3  # what was paid for is brought
    emulator.heal("submit")
    assert {result.end for result in crew.run(workers=2)} == {End.DONE}
    # A worker that stopped while about to send leaves a job that never arrived, which rests until it is tried again.
    jobs = [row.job for row in crew.open().rows() if row.job is not None]
    unsent = [job.message for job in jobs if job.stage is Stage.FAILED]
    assert not [message for message in unsent if "never reached Scenario" not in message]
    crew.open().retry_failed()
    crew.run()
    assert (counts(crew), emulator.paid) == ({Standing.DONE: 8}, 8)


def test_one_resume_sends_again_what_a_dead_worker_was_about_to_send(begin: Begin, emulator: Emulator) -> None:
    """It has to be searched for first: only then is it certain that nothing was charged."""
    emulator.fault("submit", Fault(status=402), times=None, after=7)
    crew = begin(concurrency=1)
    crew.run()
    (row,) = [row for row in crew.open().rows() if row.job is not None and row.job.stage is Stage.FAILED]
    assert row.job is not None
    announced = dataclasses.replace(row.job, stage=Stage.SUBMITTING, message="", remedy=Remedy.NONE, ended=None)
    job_folder.save(row.folder, announced)
    assert job_folder.begin_submit(row.folder, announced.submits)
    emulator.heal("submit")
    crew.open().retry_failed()
    crew.run()
    assert (counts(crew), emulator.paid) == ({Standing.DONE: 8}, 8)


def test_uncertain_jobs_are_submitted_again_only_after_an_explicit_yes(begin: Begin, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(close="after"), times=2)
    emulator.fault("jobs", UNREADABLE, times=None)
    crew = begin(concurrency=8)
    crew.run()
    assert counts(crew) == {Standing.DONE: 6, Standing.UNCERTAIN: 2}
    assert (emulator.paid, crew.open().state().to_pay) == (8, 2)
    crew.open().retry_failed()
    crew.run()
    assert (counts(crew)[Standing.UNCERTAIN], emulator.paid) == (2, 8)
    emulator.heal("jobs")
    crew.open().submit_again()
    crew.run()
    assert (counts(crew), emulator.paid) == ({Standing.DONE: 8}, 8)  # one more search has found them


def test_a_lost_call_is_found_among_many_jobs_of_the_batch(folder: Path, emulator: Emulator) -> None:
    """The listing does not say what most jobs are of; those that the batch knows need not be asked one by one."""
    emulator.fault("submit", Fault(close="after"))
    emulator.fault("jobs", UNREADABLE, times=None)
    pictures = [draw(folder / f"{number}.png") for number in range(70)]
    Batch.create(folder / "models", pictures, Order(concurrency=20))
    crew = Crew(folder / "models", emulator)
    crew.run(workers=2)
    assert counts(crew) == {Standing.DONE: 69, Standing.UNCERTAIN: 1}
    emulator.heal("jobs")
    crew.open().submit_again()
    crew.run()
    assert (counts(crew), emulator.paid) == ({Standing.DONE: 70}, 70)


def test_a_job_whose_file_could_not_be_saved_after_it_was_paid_for_finds_itself_again(
    begin: Begin, emulator: Emulator
) -> None:
    """The disk was full, then the worker was killed: `job.json` is older than what the batch knows of its ids."""
    crew = begin()
    crew.run()
    (row, *_) = crew.open().rows()
    assert row.job is not None
    nothing_known: dict[str, Any] = {
        "remote_id": "",
        "cost": None,
        "model_asset_ids": (),
        "model_asset_id": "",
        "ended": None,
    }
    job_folder.save(row.folder, dataclasses.replace(row.job, stage=Stage.SUBMITTING, **nothing_known))
    with changed_state(crew.open()) as state:
        state.begun["0"] = ""
    crew.run()
    assert (counts(crew), emulator.paid) == ({Standing.DONE: 8}, 8)


def test_stop_submits_nothing_more_and_brings_what_is_paid(begin: Begin, emulator: Emulator) -> None:
    crew = begin(concurrency=2)
    emulator.job_seconds = 1.0
    worker = threading.Thread(target=crew.run)
    worker.start()
    until(lambda: emulator.paid, "the first paid call")
    crew.stop.set()
    worker.join()
    assert emulator.paid <= 3
    assert counts(crew)[Standing.DONE] == emulator.paid
    crew.stop.clear()
    crew.run()
    assert (counts(crew), emulator.paid) == ({Standing.DONE: 8}, 8)


@pytest.mark.parametrize("emulator", [Service(cancels=True)], indirect=True)
def test_cancel_reaches_all_workers_and_stops_what_runs(begin: Begin, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="never_ends"), times=None)
    crew = begin(concurrency=3)
    workers = threading.Thread(target=lambda: crew.run(workers=2))
    workers.start()
    until(lambda: emulator.paid == 3, "the jobs")
    crew.open().cancel()
    workers.join()
    assert {job.status for job in emulator.jobs.values()} == {"canceled"}
    assert (emulator.paid, Standing.AT_WORK in counts(crew)) == (3, False)
    emulator.heal("submit")
    crew.open().retry_failed()
    assert {result.end for result in crew.run(workers=2)} == {End.DONE}
    assert counts(crew) == {Standing.DONE: 8}


def test_a_state_that_somebody_has_deleted_is_made_anew(begin: Begin, emulator: Emulator) -> None:
    crew = begin(most_cost=8 * PRICE, price=PRICE)
    crew.run(only=range(3))
    for path in sorted((crew.folder / ".batch").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (crew.folder / ".batch").rmdir()
    crew.run(workers=2)
    assert (counts(crew), emulator.paid) == ({Standing.DONE: 8}, 8)
    assert shared_state(crew.open()).spent == 8 * PRICE


def test_what_is_heard_says_how_each_job_gets_on(begin: Begin) -> None:
    crew = begin()
    crew.run()
    stages: dict[int, list[Stage]] = {}
    for event in crew.heard:
        assert isinstance(event, JobChanged)
        assert event.row.job is not None
        stages.setdefault(event.row.index, []).append(event.row.job.stage)
    assert sorted(stages) == list(range(8))
    for heard in stages.values():
        assert list(dict.fromkeys(heard))[-4:] == [Stage.RUNNING, Stage.DOWNLOADING, Stage.READING, Stage.READY]
