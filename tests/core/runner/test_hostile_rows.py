"""One bad row, word or number never stops the rest, and what hangs never keeps a worker from other jobs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, Fault
from tests.core.recorder import Recorder, Reply
from tests.core.studio import AGENT, Studio, account_of, new_job
from tests.glbs.draft import container
from trellis_blender.core.errors import RefusedError
from trellis_blender.core.job.job import Stage
from trellis_blender.core.request.account import Account
from trellis_blender.core.request.service import Asset
from trellis_blender.core.runner.steps import StepTools, download_model, poll_many
from trellis_blender.core.runner.workers import NETWORK_WORKERS
from trellis_blender.core.scenario.api import Api
from trellis_blender.core.scenario.connection import Connections
from trellis_blender.core.text import plain

GLB = container({"asset": {"version": "2.0"}}, bytes(400_000))
OURS = {"jobId": "job_ours", "status": "in-progress", "progress": 0.5}
# Somebody else's rows in the same listing, as text, since no program would write some of them.
ROWS = {
    "null": "null",
    "a number": "7",
    "a text": '"job"',
    "a list": "[]",
    "nothing in it": "{}",
    "no id": '{"jobId": null, "id": 7}',
    "400 digits": '{"jobId": "a", "progress": ' + "9" * 400 + "}",
    "5,000 digits": '{"jobId": "a", "billing": {"cuCost": ' + "9" * 5000 + "}}",
    "a huge exponent": '{"jobId": "a", "progress": 1e999999}',
    "not a number": '{"jobId": "a", "progress": NaN, "billing": {"cuCost": -Infinity}}',
    "half an emoji": '{"jobId": "a", "status": "\\ud83d", "metadata": {"error": "\\udc00 no"}}',
    "half an emoji as a name": '{"jobId": "a", "\\ud83d": "\\ud83d"}',
    "controls": '{"jobId": "a\\u0000\\u001b[2J", "status": "\\u202egnp.exe"}',
    "wrong kinds": '{"jobId": "a", "status": [], "progress": {}, "metadata": 7, "billing": "much"}',
    "wrong kinds inside": '{"jobId": "a", "metadata": {"input": 7, "assetIds": "none", "error": {"a": 1}}}',
    "dates": '{"jobId": "a", "createdAt": 1e300, "updatedAt": "never"}',
    "dates that lie": '{"jobId": "a", "createdAt": "9999-12-31T23:59:59.999999Z", "updatedAt": "0001-01-01"}',
    "a long text": json.dumps({"jobId": "a", "metadata": {"error": "x" * 1_000_000}}),
    "a deep row": '{"jobId": "a", "metadata": ' + '{"a":' * 300 + "1" + "}" * 300 + "}",
    "a seed of 400 digits": '{"jobId": "a", "metadata": {"input": {"seed": ' + "9" * 400 + "}}}",
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_bad_row_stops_no_job(row: str) -> None:
    body = f'{{"jobs": [{row}, {json.dumps(OURS)}, {row}]}}'
    job = new_job()
    with Recorder(Reply(200, body.encode())) as recorder:
        api = Api(Account.checked("a-key", "a-secret", "", recorder.url), Connections(), AGENT)
        events, _ = poll_many([replace(job, remote_id="job_ours")], "", "", 1, api)
    assert list(events) == [job.id]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\ud83d b", "a\ufffd b"),
        ("\udc00", "\ufffd"),
        ("a\x00b\x1b[2J\x7f\x9f", "ab[2J"),
        ("\u202egnp.exe\u202c \u2066x\u2069", "gnp.exe x"),
        ("a\u200bb\ufeff", "ab"),
        ("zwei\nZeilen\tund", "zwei\nZeilen\tund"),
        ("Stühle 椅子 🙂", "Stühle 椅子 🙂"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_text_from_outside_is_made_plain(text: str, expected: str) -> None:
    assert plain(text) == expected
    assert plain(text).encode("utf-8")


class Gone:
    """A service where some of a job's files are gone."""

    def __init__(self, files: dict[str, bool | None]) -> None:
        self.files, self.downloaded = files, list[str]()

    def asset(self, asset_id: str) -> Asset:
        is_glb = self.files[asset_id]
        if is_glb is None:
            raise RefusedError("Scenario refused the request (404).", is_gone=True)
        return Asset(asset_id, "", "", is_glb)

    def download(self, asset: Asset, *_given: Any) -> None:
        self.downloaded.append(asset.id)


@pytest.mark.parametrize("files", [{"a": None, "b": True}, {"a": True, "b": None}, {"a": None, "b": None, "c": True}])
def test_a_gone_sibling_does_not_block_the_model(files: dict[str, bool | None], tmp_path: Path) -> None:
    service: Any = Gone(files)
    job = replace(new_job(), model_asset_ids=tuple(files))
    download_model(job, tmp_path, StepTools(service, lambda _seconds: True, lambda _fraction: None))
    assert service.downloaded == [name for name, is_glb in files.items() if is_glb]


def test_a_job_that_is_given_up_frees_its_worker_at_once(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("upload", Fault(silence="before"), times=NETWORK_WORKERS)
    hanging = [studio.add() for _ in range(NETWORK_WORKERS)]
    studio.until(lambda: emulator.calls["upload"] == NETWORK_WORKERS, "all workers to wait")
    for job_id in hanging:
        studio.runner.cancel(job_id)
        studio.reach(job_id, Stage.CANCELLED)
    studio.reach(studio.add(), Stage.READY)
    assert emulator.paid == 1


def test_all_else_goes_on_while_downloads_hang(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("download", Fault(silence="before"), times=NETWORK_WORKERS)
    hanging = [studio.add() for _ in range(NETWORK_WORKERS)]
    studio.until(lambda: emulator.calls["download"] == NETWORK_WORKERS, "all downloads to hang")
    studio.checked(account_of(emulator))
    later = studio.add()
    studio.reach(later, Stage.DOWNLOADING)
    assert [studio.jobs[job_id].stage for job_id in hanging] == [Stage.DOWNLOADING] * NETWORK_WORKERS


def test_all_else_goes_on_while_searches_hang(studio: Studio, emulator: Emulator) -> None:
    emulator.fault("submit", Fault(close="after"), times=NETWORK_WORKERS)
    emulator.fault("jobs", Fault(silence="before"), times=NETWORK_WORKERS)
    hanging = [studio.add() for _ in range(NETWORK_WORKERS)]
    studio.until(lambda: emulator.calls["jobs"] == NETWORK_WORKERS, "all searches to hang")
    studio.reach(studio.add(), Stage.READY)
    assert [studio.jobs[job_id].stage for job_id in hanging] == [Stage.UNCONFIRMED] * NETWORK_WORKERS
