"""`docs/hostile.md` tells what the tests of hostile files, names, pictures and models try, and what comes of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.hostile_files import in_the_way
from tests.hostile_files.models import MODELS
from tests.hostile_files.names import NAMES
from tests.hostile_files.pictures import PICTURES
from tests.hostile_files.records import RECORDS
from tests.never_lost import matrix

PAGE = Path(__file__).parents[3] / "docs" / "hostile.md"
TABLES: Mapping[str, Mapping[str, str]] = {
    "records": {record.given: record.outcome for record in RECORDS.values()},
    "in the way": {
        f"{thing}, where {deed} needs `{file}`": in_the_way.OUTCOME
        for thing in in_the_way.THINGS
        for file, deed in {**in_the_way.WAYS, **in_the_way.FILES_OF_ALL, **in_the_way.FILES_OF_A_BATCH}.items()
    },
    "names of pictures": {f"{what}: {name.given[:40]!a}": name.outcome for what, name in NAMES.items()},
    "pictures": {picture.given: picture.outcome for picture in PICTURES.values()},
    "models": {bomb.given: bomb.outcome for bomb in MODELS.values()},
}


def _cell(text: str) -> str:
    return text.replace("|", "¦").replace("<", "&lt;")


@pytest.mark.parametrize("table", TABLES)
def test_the_page_has_each_hostile_file_that_is_tried(table: str) -> None:
    rows = {_cell(given): (_cell(outcome),) for given, outcome in TABLES[table].items()}
    assert len(rows) >= 10
    differences = matrix.compare(table, ("Input", "What becomes of it"), rows, PAGE)
    assert not differences, "\n".join(differences)
    assert set(matrix.read(table, PAGE)) == set(rows), "a row of the page is tried no more"
