"""Which jobs are removed together: never one at work, and a model that nobody has only by its own kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.studio import new_job
from trellis_blender.core.job.clean_up import Kind, by_kind, kind_of
from trellis_blender.core.job.job import Stage

PAID: dict[str, Any] = {"remote_id": "job_1", "cost": 7.25}


@pytest.mark.parametrize(
    ("stage", "values", "kind"),
    [
        (Stage.IMPORTED, PAID, Kind.IMPORTED),
        (Stage.READY, PAID, Kind.NEVER_IMPORTED),
        (Stage.FAILED, PAID, Kind.NEVER_IMPORTED),
        (Stage.CANCELLED, PAID, Kind.NEVER_IMPORTED),
        (Stage.FAILED, {**PAID, "remote_ended": True}, Kind.WITHOUT_MODEL),
        (Stage.FAILED, {}, Kind.WITHOUT_MODEL),
        (Stage.CANCELLED, {}, Kind.WITHOUT_MODEL),
        (Stage.UNCERTAIN, {"may_be_paid": True}, None),
        (Stage.FAILED, {"may_be_paid": True}, None),
        (Stage.RUNNING, PAID, None),
        (Stage.READING, PAID, None),
        (Stage.QUEUED, {}, None),
    ],
)
def test_each_job_is_of_the_kind_that_says_what_is_lost_with_it(
    stage: Stage, values: dict[str, Any], kind: Kind | None
) -> None:
    assert kind_of(replace(new_job(), stage=stage, **values)) is kind


def test_a_job_that_cannot_be_removed_is_of_no_kind() -> None:
    jobs = [replace(new_job(), stage=stage) for stage in (Stage.RUNNING, Stage.FAILED, Stage.IMPORTED)]
    assert by_kind(jobs) == {
        Kind.IMPORTED: [jobs[2].id],
        Kind.WITHOUT_MODEL: [jobs[1].id],
        Kind.NEVER_IMPORTED: [],
    }
