"""What was charged, month by month: in this computer's time, and only what Scenario kept."""

from __future__ import annotations

import calendar
import dataclasses
import errno
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator import Emulator, Fault
from tests.core.recorder import Recorder, Reply
from tests.core.studio import AGENT, Studio, new_job
from trellis_blender.core.errors import Remedy
from trellis_blender.core.job import spending
from trellis_blender.core.job.events import Cancelled, Failed, Resumed, Submitted
from trellis_blender.core.job.folder import as_json, from_json
from trellis_blender.core.job.job import Job, Stage, advance
from trellis_blender.core.job.spending import REMOVED_FILE, Month, Spending, charged, keep, removed
from trellis_blender.core.request.account import Account
from trellis_blender.core.runner.messages import Notice, RemovedCosts
from trellis_blender.core.runner.steps import news
from trellis_blender.core.scenario.api import Api
from trellis_blender.core.scenario.connection import Connections


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this computer stand in Berlin, which leaves summer time on 25 October 2026 at 1:00 UTC."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def utc(*date: int) -> float:
    """Seconds since 1970 at year, month, day, hour, minute, second."""
    return float(calendar.timegm((*date, *(0,) * (9 - len(date)))))


def made(number: int, begun: float, cost: float | None = 12.0, **values: object) -> Job:
    """A job that is paid for, and whose model is here."""
    known = {"id": f"j{number}", "created": begun, "stage": Stage.IMPORTED, "remote_id": f"job_{number}", "cost": cost}
    return dataclasses.replace(new_job(), **{**known, **values})  # type: ignore[arg-type]


def sums(*jobs: Job) -> list[tuple[int, int, int, float]]:
    spending = Spending()
    for job in jobs:
        spending.take(job)
    return [dataclasses.astuple(month) for month in spending.months]


@pytest.mark.usefixtures("berlin")
def test_the_month_is_that_of_this_computers_time() -> None:
    # 23:30 UTC on the last of July is half past one on the first of August in Berlin
    july, august = utc(2026, 7, 31, 21, 59, 59), utc(2026, 7, 31, 22)
    assert sums(made(1, july), made(2, august)) == [(2026, 8, 1, 12.0), (2026, 7, 1, 12.0)]


@pytest.mark.usefixtures("berlin")
def test_a_month_ends_an_hour_later_by_utc_when_summer_time_is_over() -> None:
    # in October it is two hours ahead until the 25th, and one hour on the 31st
    october, november = utc(2026, 10, 31, 22, 59, 59), utc(2026, 10, 31, 23)
    within = [utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30), utc(2026, 9, 30, 22)]
    jobs = [made(number, begun) for number, begun in enumerate([october, november, *within])]
    assert sums(*jobs) == [(2026, 11, 1, 12.0), (2026, 10, 4, 48.0)]


def test_the_newest_month_comes_first_across_years() -> None:
    dates = [utc(2025, 12, 15), utc(2026, 1, 15), utc(2026, 11, 15), utc(2026, 2, 15)]
    months = sums(*(made(number, begun) for number, begun in enumerate(dates)))
    assert [month[:2] for month in months] == [(2026, 11), (2026, 2), (2026, 1), (2025, 12)]


def test_costs_are_added_up_and_a_job_counts_once_however_often_it_is_told_of() -> None:
    spending, begun = Spending(), utc(2026, 11, 15)
    for job in (made(1, begun, None), made(1, begun, 7.25), made(1, begun, 7.25), made(2, begun, 12.0)):
        spending.take(job)
    assert spending.months == (Month(2026, 11, 2, 19.25),)
    spending.take(made(1, begun, 8.0))
    assert spending.months == (Month(2026, 11, 2, 20.0),)


def test_a_job_that_is_refunded_leaves_the_sum_and_an_empty_month_goes() -> None:
    spending = Spending()
    spending.take(made(1, utc(2026, 11, 15)))
    spending.take(made(2, utc(2026, 10, 15)))
    spending.take(made(1, utc(2026, 11, 15), remote_ended=True))
    assert spending.months == (Month(2026, 10, 1, 12.0),)


def test_a_job_without_a_model_is_no_model_however_much_was_charged_for_it(tmp_path: Path) -> None:
    begun = utc(2026, 11, 15)
    in_vain = made(2, begun, remote_ended=True, charged_in_vain=3.0, stage=Stage.FAILED)
    assert sums(made(1, begun), in_vain) == [(2026, 11, 1, 15.0)]
    assert sums(in_vain) == [(2026, 11, 0, 3.0)]
    (tmp_path / "jobs").mkdir()
    for job in (made(1, begun), in_vain):
        keep(tmp_path / "jobs", job)
    next_start = Spending()
    next_start.take_removed(removed(tmp_path / "jobs"))
    assert next_start.months == (Month(2026, 11, 1, 15.0),)


def test_a_retry_of_what_was_charged_in_vain_counts_as_a_model_once_it_is_one() -> None:
    spending, begun = Spending(), utc(2026, 11, 15)
    spending.take(made(1, begun, remote_ended=True, charged_in_vain=3.0, cost=None))
    spending.take(made(1, begun, remote_id="job_2", charged_in_vain=3.0, cost=0.0))
    assert spending.months == (Month(2026, 11, 1, 3.0),)


def test_what_a_removed_job_cost_stays_in_the_sum_and_counts_once(studio: Studio) -> None:
    done = studio.reach(studio.add(), Stage.READY)
    studio.runner.remove(done.id)
    studio.until(lambda: not studio.root.joinpath(done.id).exists(), "the removal")
    spending = Spending()
    spending.take_removed(removed(studio.root))
    (month,) = spending.months
    assert (month.count, month.cost) == (1, done.cost)
    assert done.cost is not None
    spending.take(dataclasses.replace(done, cost=done.cost + 1))  # somebody brought its folder back
    spending.take_removed(removed(studio.root))
    assert [(month.count, month.cost) for month in spending.months] == [(1, done.cost + 1)]


def test_the_next_start_is_told_what_removed_jobs_cost(open_studio: Callable[[], Studio]) -> None:
    studio = open_studio()
    done = studio.reach(studio.add(), Stage.READY)
    studio.runner.remove(done.id)
    studio.until(lambda: not studio.root.joinpath(done.id).exists(), "the removal")
    later = open_studio()
    later.until(lambda: any(isinstance(change, RemovedCosts) for change in later.told), "the costs")
    (spent,) = [change for change in later.told if isinstance(change, RemovedCosts)]
    assert spent.costs == {done.id: (done.created, done.cost, done.remote_id)}


def test_a_removed_job_that_is_brought_back_by_its_id_counts_once(tmp_path: Path) -> None:
    root, begun = tmp_path, utc(2026, 11, 15)
    first, again = made(1, begun), made(2, begun, remote_id="job_1")
    here = Spending()
    here.take(first)
    for job in (first, again):
        keep(root, job)
    here.take(again)
    next_start = Spending()
    next_start.take_removed(removed(root))
    next_start.take(again)
    assert here.months == next_start.months == (Month(2026, 11, 1, 12.0),)


def test_what_was_charged_in_vain_is_kept_of_each_job_that_was_removed_before_it_was_accepted_again(
    tmp_path: Path,
) -> None:
    root = tmp_path
    for number in (1, 2):
        keep(root, made(number, 0.0, None, remote_id="", charged_in_vain=3.0))
    assert [cost for _begun, cost, _remote_id in removed(root).values()] == [3.0, 3.0]


def test_a_file_that_cannot_be_read_now_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_given: object, **_named: object) -> str:
        raise PermissionError(errno.EACCES, "Another program has it")

    root = tmp_path
    keep(root, made(1, 0.0))
    with monkeypatch.context() as for_now:
        for_now.setattr(spending, "read_own", taken)
        with pytest.raises(PermissionError):
            keep(root, made(2, 0.0))
        assert removed(root) == {}
    assert list(removed(root)) == ["j1"]


def test_a_job_that_cost_nothing_is_not_written_down(tmp_path: Path) -> None:
    keep(tmp_path, new_job())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_nobody_from_removing_a_job(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    done = studio.reach(studio.add(), Stage.READY)
    monkeypatch.setattr("trellis_blender.core.runner.job_store.spending.keep", full)
    studio.runner.remove(done.id)
    studio.until(lambda: not studio.root.joinpath(done.id).exists(), "the removal")
    notices = [change.sentence for change in studio.told if isinstance(change, Notice)]
    assert [sentence[:40] for sentence in notices] == ["Could not write down what the job cost: "]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "no JSON",
        "[" * 9999,
        '{"j1": 7, "j2": [1, 2], "j3": [1, "a", "r"], "j4": [true, NaN, "r"], "j5": [1, 2, 3]}',
        '{"j1": [1e300, 5, "r"], "j2": [1, 1' + 400 * "0" + ', "r"]}',
    ],
)
def test_a_file_that_is_not_ours_counts_for_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / REMOVED_FILE).write_text(text, encoding="utf-8")
    assert removed(tmp_path) == {}


def test_the_sums_are_made_anew_only_after_a_change() -> None:
    spending = Spending()
    spending.take(made(1, utc(2026, 11, 15)))
    before = spending.months
    spending.take(made(1, utc(2026, 11, 15), stage=Stage.READY))
    assert spending.months is before


@pytest.mark.parametrize("stage", [Stage.RUNNING, Stage.DOWNLOADING, Stage.READY, Stage.IMPORTED, Stage.FAILED])
def test_what_was_accepted_and_is_not_refunded_is_charged(stage: Stage) -> None:
    assert charged(made(1, 0.0, stage=stage)) == 12.0


def test_what_was_never_accepted_is_not_charged() -> None:
    assert charged(new_job()) == 0.0
    assert charged(dataclasses.replace(new_job(), stage=Stage.FAILED)) == 0.0


def failed(job: Job, kept: float) -> Job:
    return advance(job, Failed("It failed.", Remedy.RETRY, remote_ended=True, charged=kept), 1.0)


def running(cost: float) -> Job:
    return advance(dataclasses.replace(new_job(), stage=Stage.SUBMITTING), Submitted("job_1", cost), 1.0)


def test_what_failed_at_scenario_is_refunded_unless_it_says_otherwise() -> None:
    assert charged(running(12.0)) == 12.0
    assert charged(failed(running(12.0), 0.0)) == 0.0
    assert charged(failed(running(12.0), 12.0)) == 12.0
    assert charged(advance(running(12.0), Cancelled("It was stopped.", True, 5.0), 1.0)) == 5.0


def test_what_was_charged_in_vain_stays_when_the_job_is_tried_again_and_when_it_is_saved() -> None:
    again = advance(failed(running(12.0), 12.0), Resumed(), 2.0)
    assert (again.cost, charged(again)) == (None, 12.0)
    again = dataclasses.replace(again, stage=Stage.SUBMITTING)
    done = advance(again, Submitted("job_2", 7.25), 3.0)
    assert charged(done) == 19.25
    assert charged(failed(done, 7.25)) == 19.25
    assert charged(from_json(json.loads(json.dumps(as_json(done))))) == 19.25


@pytest.mark.parametrize(
    ("status", "billing", "kept"),
    [
        ("failure", {"cuCost": 12}, 0.0),
        ("failure", {"cuCost": 12, "disableRefund": False}, 0.0),
        ("failure", {"cuCost": 12, "disableRefund": True}, 12.0),
        ("failure", {"disableRefund": True}, 0.0),
        ("canceled", {"cuCost": 5}, 5.0),
        ("canceled", {}, 0.0),
    ],
)
def test_what_scenario_says_of_a_refund_is_believed(status: str, billing: dict[str, object], kept: float) -> None:
    body = {"job": {"jobId": "job_1", "status": status, "billing": billing}}
    with Recorder(Reply(200, json.dumps(body).encode())) as server:
        remote = Api(Account.checked("k", "s", "", server.url), Connections(), AGENT).job("job_1")
    assert charged(advance(running(12.0), news(remote), 1.0)) == kept


def test_a_job_of_an_earlier_version_has_nothing_charged_in_vain() -> None:
    data = json.loads(json.dumps(as_json(made(1, 0.0))))
    del data["charged_in_vain"]
    assert charged(from_json(data)) == 12.0


def test_the_emulators_jobs_are_charged_as_it_says(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(job="fails"))
    lost = studio.add()
    studio.reach(lost, Stage.FAILED)
    made_one = studio.add(seed=8)
    done = studio.reach(made_one, Stage.READY)
    assert charged(studio.jobs[lost]) == 0.0
    assert charged(done) == list(emulator.jobs.values())[-1].cost
