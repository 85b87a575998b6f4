"""Each value in each of our JSON files, exchanged for an odd one: a sentence, a default or a mended value.

What is read is used as the program uses it, since a value of the wrong kind is only noticed then.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.core.studio import new_job
from trellis_blender.core import places
from trellis_blender.core.batch import plan as plans
from trellis_blender.core.batch import shared
from trellis_blender.core.batch.batch import Batch
from trellis_blender.core.batch.manifest import create
from trellis_blender.core.batch.order import Order
from trellis_blender.core.errors import TrellisError
from trellis_blender.core.job import folder as job_folder
from trellis_blender.core.job import spending, words
from trellis_blender.core.job.claims import Claims
from trellis_blender.core.job.job import Stage
from trellis_blender.core.model.surface import findings
from trellis_blender.core.picture.viewpoint import Viewpoint
from trellis_blender.core.request.key_file import KeyFile
from trellis_blender.core.request.models import TRELLIS_2
from trellis_blender.core.runner import questions

# As text, since no program would write some of them.
ODD: Mapping[str, str] = {
    "null": "null",
    "true": "true",
    "a number": "7",
    "a negative number": "-1",
    "a large number": "9007199254740991",
    "1e300": "1e300",
    "400 digits": "9" * 400,
    "5,000 digits": "9" * 5000,
    "NaN": "NaN",
    "infinity": "Infinity",
    "an empty text": '""',
    "a path": '"../../x"',
    "half an emoji": '"\\ud83d"',
    "controls": '"a\\u0000b\\n\\u202e"',
    "200,000 letters": '"' + "x" * 200_000 + '"',
    "an empty list": "[]",
    "a list of null": "[null]",
    "an empty object": "{}",
    "an object of null": '{"a": null}',
    "lists in lists": "[" * 100_000 + "]" * 100_000,
}
JOB = dataclasses.replace(
    new_job(),
    stage=Stage.FAILED,
    message="No.",
    ended=time.time(),
    remote_id="job_1",
    cost=7.0,
    asset_id="asset_1",
    crop=(0, 0, 8, 8, 16, 16),
    findings=findings.Findings(1000, 1, hidden_parts=1, loose_parts=1, clear=0.0, texture=512),
    viewpoint=Viewpoint((1.0,) * 16, (1.0,) * 16, is_perspective=True, selected=("Cube",)),
)
MARK = "the odd value"


@dataclass(frozen=True)
class Stored:
    """A file of ours: how to write a sound one, which returns its path, and how the program reads and uses it."""

    write: Callable[[Path], Path]
    use: Callable[[Path], object]


def _write_job(folder: Path) -> Path:
    own = folder / JOB.id
    own.mkdir()
    job_folder.save(own, JOB)
    return own / "job.json"


def _use_job(folder: Path) -> None:
    try:
        job = job_folder.load(folder / JOB.id)
    except job_folder.DamagedJobError:
        return
    assert json.dumps(job_folder.as_json(job), allow_nan=False)
    shown = [words.date(job.created, time.time()), words.charge_words(job), job.message, job.name]
    shown += [words.duration((job.ended or 0.0) - job.begun), words.cost_words(spending.charged(job))]
    assert all(text.isprintable() for text in shown), shown
    assert plans.outcome_of(job).state
    if job.findings is not None:
        assert findings.numbers(job.findings, 1024.0)
        assert len(job.findings.faults(1024.0)) < 9
    if job.viewpoint is not None:
        assert job.viewpoint.of_part(job.crop)
        assert all(isinstance(name.encode(), bytes) for name in job.viewpoint.selected)


def write_plan(folder: Path) -> Path:
    outcomes = (plans.Outcome(plans.MADE, 7.0, 12.0), plans.Outcome("failed", 0.0, 2.0, "No."))
    ids = (job_folder.new_id(1e9), job_folder.new_id(1e9))
    items = [plans.Item("/pictures/a.png", ids, True, outcomes), plans.Item("/b.png", (job_folder.new_id(1e9),))]
    file = plans.PlanFile(folder / plans.FOLDER / "20260101-120000-aaaaaa")
    (folder / plans.FOLDER).mkdir()
    file.save(plans.Plan(file.folder.name, "Chairs", 1e9, items, {"texture_size": 1024}, 7, trouble="Busy.", ended=2e9))
    file.close()
    return file.folder / plans.PLAN_FILE


def _use_plan(folder: Path) -> None:
    told: list[str] = []
    found = list(plans.load_all(folder, told.append))
    assert len(found) + len(told) == 1
    for plan, file in found:
        try:
            assert plans.table(plan).decode("utf-8-sig")
            assert (plan.name + plan.trouble).isprintable()
            assert words.duration((plan.ended or 0.0) - plan.created)
            assert sum(outcome.cost for _, _, outcome in plan.outcomes() if outcome.is_model) >= 0
            assert TRELLIS_2.complete(plan.parameters, plan.seed)
            assert all(Path(item.picture).name is not None for item in plan.items)
            assert all(job_folder.JOB_ID.fullmatch(job_id) for item in plan.items for job_id in item.ids)
            assert {type(flag) for flag in (plan.is_paused, plan.is_stopped, plan.brings)} == {bool}
        finally:
            file.close()


def write_manifest(folder: Path) -> Path:
    create(folder, [folder / "a.png", folder / "b.png"], Order(seed=7, most_cost=9.0, price=1.0))
    return folder / "batch.json"


def _use_batch(folder: Path) -> None:
    try:
        batch = Batch.open(folder)
        batch.set_limits(concurrency=2)
        assert len(list(batch.rows())) <= batch.count * batch.order.variations
        assert batch.state().to_pay >= 0
        assert batch.order.concurrency == 2
        assert TRELLIS_2.complete(batch.order.parameters, batch.order.seed)
        assert batch.order.variations >= 1
    except TrellisError:
        pass


def write_state(folder: Path) -> Path:
    create(folder, [folder / "a.png"], Order())
    sent = {"000000-a": shared.Sent(1.0, 0.0, "one")}
    state = shared.State(4, 9.0, 1.0, next={"0-1": 0}, begun={"0": "one"}, sent=sent, uncertain={**sent})
    shared.Shared(folder, Claims(folder)).create(state)
    return folder / shared.FOLDER / shared.FREE / shared.FILE


def _write_removed(folder: Path) -> Path:
    spending.keep(folder, JOB)
    return folder / "removed jobs.json"


def _use_removed(folder: Path) -> None:
    sums = spending.Spending()
    sums.add_removed(spending.removed(folder))
    assert all(words.cost_words(month.cost) for month in sums.months)


def _write_choice(folder: Path) -> Path:
    places.write_choice(folder, places.Choice("/mine", ("/before",)))
    return folder / "jobs folder.json"


def _use_choice(folder: Path) -> None:
    choice = places.read_choice(folder)
    assert all(isinstance(path, str) for path in (choice.folder, *choice.before))


def _write_price(folder: Path) -> Path:
    questions.remember_picture(folder / "price pictures.json", "place", "asset_1")
    return folder / "price pictures.json"


def _use_price(folder: Path) -> None:
    pictures = questions.remembered_pictures(folder / "price pictures.json")
    assert all(isinstance(picture, str) for picture in pictures.values())


def _write_key(folder: Path) -> Path:
    KeyFile(folder / "key.json").keep("a-key", "a-secret")
    return folder / "key.json"


def _use_key(folder: Path) -> None:
    file = KeyFile(folder / "key.json")
    file.refresh()
    assert isinstance(file.key + file.secret + file.trouble, str)


FILES: Mapping[str, Stored] = {
    "job.json": Stored(_write_job, _use_job),
    "the plan of a batch": Stored(write_plan, _use_plan),
    "the pictures of a batch": Stored(write_manifest, _use_batch),
    "the state of a batch": Stored(write_state, _use_batch),
    "removed jobs.json": Stored(_write_removed, _use_removed),
    "jobs folder.json": Stored(_write_choice, _use_choice),
    "price pictures.json": Stored(_write_price, _use_price),
    "key.json": Stored(_write_key, _use_key),
}


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value in the JSON value, itself included."""
    yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, each in inner:  # of a list the first: all are of one kind
        yield from _places(each, (*way, name))


def _with(value: Any, way: tuple[Any, ...]) -> str:
    """Return the value as JSON with a mark in place of what the way leads to."""
    if not way:
        return json.dumps(MARK)
    changed = copy.deepcopy(value)
    inner = changed
    for name in way[:-1]:
        inner = inner[name]
    inner[way[-1]] = MARK
    return json.dumps(changed)


@pytest.mark.parametrize("name", FILES)
def test_no_odd_value_in_a_file_of_ours_stops_anything(folder: Path, name: str) -> None:
    path = FILES[name].write(folder)
    before = path.read_bytes()
    FILES[name].use(folder)
    sound = json.loads(before)
    problems: list[str] = []
    for way in _places(sound):
        text = _with(sound, way)
        if name == "the pictures of a batch" and way:  # which is read line by line
            second = json.dumps(sound["pictures"][1])
            text = text.replace('"pictures": [', '"pictures": [\n').replace(second, f"\n{second}").replace("]}", "\n]}")
        for odd, raw in ODD.items():
            path.write_text(text.replace(json.dumps(MARK), raw, 1), encoding="utf-8")
            try:
                FILES[name].use(folder)
            except Exception as error:  # noqa: BLE001 - all of them are told
                problems.append(f"{'.'.join(map(str, way))}: {odd}: {type(error).__name__}: {str(error)[:200]}")
    assert not problems, f"{len(problems)}\n" + "\n".join(problems[:40])
