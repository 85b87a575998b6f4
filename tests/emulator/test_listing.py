"""`GET /jobs`: what it shows, in which order, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulator import Emulator, Fault, Service
from tests.emulator.caller import Caller, draw_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

START = 1_800_000_000.0


class Listing:
    """Five jobs of 2000 s, begun 10 s apart, and the clock to move: `ids` are oldest first."""

    def __init__(self, emulator: Emulator, now: list[float]) -> None:
        self.caller = Caller(emulator)
        self.now = now
        image = self.caller.upload(draw_picture())
        self.ids = []
        for _ in range(5):
            self.ids.append(self.caller.submit(image))
            now[0] += 10

    def shown(self, **query: str) -> list[int]:
        """Return which of the jobs one page shows, in its order."""
        answer = self.caller.get("/jobs", **query)
        assert answer.status_code == 200, answer.text
        return [self.ids.index(job["jobId"]) for job in answer.json()["jobs"]]


@pytest.fixture
def listing() -> Iterator[Listing]:
    now = [START]
    service = Service(cancels=True, shows_progress=True)
    with Emulator(job_seconds=2000, service=service, clock=lambda: now[0]) as emulator:
        yield Listing(emulator, now)


def test_jobs_are_listed_newest_first(listing: Listing) -> None:
    assert listing.shown() == [4, 3, 2, 1, 0]


def test_with_a_type_the_latest_update_comes_first(listing: Listing) -> None:
    listing.caller.post(f"/jobs/{listing.ids[1]}/action", {"action": "cancel"})
    assert listing.shown(types="custom")[0] == 1
    assert listing.shown()[0] == 4


def test_pages_join_to_the_whole_list(listing: Listing) -> None:
    first = listing.caller.get("/jobs", pageSize="2").json()
    second = listing.caller.get("/jobs", pageSize="2", paginationToken=first["nextPaginationToken"]).json()
    third = listing.caller.get("/jobs", pageSize="2", paginationToken=second["nextPaginationToken"]).json()
    pages = [[listing.ids.index(job["jobId"]) for job in page["jobs"]] for page in (first, second, third)]
    assert pages == [[4, 3], [2, 1], [0]]
    assert "nextPaginationToken" not in third


def test_a_page_has_fifty_jobs_unless_told(listing: Listing) -> None:
    image = listing.caller.upload(draw_picture())
    for _ in range(46):
        listing.caller.submit(image)
    assert len(listing.caller.get("/jobs").json()["jobs"]) == 50
    assert len(listing.caller.get("/jobs", pageSize="100").json()["jobs"]) == 51


def test_the_status_filters_jobs(listing: Listing) -> None:
    listing.caller.post(f"/jobs/{listing.ids[2]}/action", {"action": "cancel"})
    assert listing.shown(status="canceled") == [2]
    assert 2 not in listing.shown(status="pending")


def test_created_after_leaves_out_older_jobs(listing: Listing) -> None:
    created = listing.caller.job(listing.ids[2])["createdAt"]
    assert listing.shown(createdAfter=created) == [4, 3]


def test_updated_after_leaves_out_jobs_without_news(listing: Listing) -> None:
    created = listing.caller.job(listing.ids[2])["createdAt"]
    assert listing.shown(type="custom", updatedAfter=created) == [4, 3]
    listing.now[0] += 1
    listing.caller.post(f"/jobs/{listing.ids[0]}/action", {"action": "cancel"})
    assert listing.shown(type="custom", updatedAfter=created) == [0, 4, 3]


def test_progress_is_news(listing: Listing) -> None:
    listing.now[0] = START + 700
    before = listing.caller.job(listing.ids[0])
    listing.now[0] += 140
    after = listing.caller.job(listing.ids[0])
    assert after["progress"] > before["progress"]
    assert after["updatedAt"] > before["updatedAt"]


def test_without_a_date_the_last_thirty_days_are_shown(listing: Listing) -> None:
    listing.now[0] = START + 30 * 24 * 3600 + 15
    assert listing.shown() == [4, 3, 2]
    assert listing.shown(createdAfter="2020-01-01T00:00:00Z") == [4, 3, 2, 1, 0]


def test_types_replaces_type(listing: Listing) -> None:
    assert listing.shown(type="upload") == []
    assert len(listing.shown(type="upload", types="upload,custom")) == 5


def test_no_job_belongs_to_a_workflow(listing: Listing) -> None:
    assert listing.shown(workflowId="workflow_x") == []


@pytest.mark.parametrize(
    "query",
    [
        {"pageSize": "0"},
        {"pageSize": "101"},
        {"pageSize": "many"},
        {"paginationToken": "nonsense"},
        {"status": "done"},
        {"type": "custom,upload-3d"},
        {"types": "mesh"},
        {"createdAfter": "yesterday"},
        {"createdAfter": "2026-01-01T00:00:00Z", "types": "custom"},
        {"createdAfter": "2026-01-01T00:00:00Z", "status": "success"},
        {"updatedAfter": "2026-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_a_filter_that_is_not_allowed_is_refused_with_400(listing: Listing, query: dict[str, str]) -> None:
    answer = listing.caller.get("/jobs", **query)
    assert answer.status_code == 400
    assert answer.json()["reason"]


def test_a_lagging_listing_does_not_show_new_jobs_yet(listing: Listing) -> None:
    listing.caller.emulator.fault("jobs", Fault(lag=25), times=2)
    assert listing.shown() == [2, 1, 0]
    listing.now[0] += 30
    assert listing.shown() == [4, 3, 2, 1, 0]
