"""A hostile server, kind by kind: whatever it says, the job pays once, its model arrives, and the artist is told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.never_lost import matrix
from tests.never_lost.plain.hostile import cases
from tests.never_lost.plain.hostile.cases import Case
from tests.never_lost.plain.hostile.company import AT_THE_PAID_CALL, FAULTS, PRIVATE, company, try_fault, try_private
from tests.never_lost.plain.hostile.drive import HERE, Outcome, try_address, try_case
from tests.never_lost.plain.hostile.odd import ODD, odd
from trellis_blender.core.runner import steps
from trellis_blender.core.scenario import api, download, http

PAGE = Path(__file__).parents[4] / "docs" / "hostile.md"
HEADER = ("The server", "The job", "The artist reads", "Paid", "What ends it")
AT_ONCE, SLOWLY_AT_ONCE = 12, 24
# How long a call may take here, where its end is its deadline: long enough for a loaded machine.
SECONDS = 3.0
PAGES = 20
LOOKS = 5
ALL = {kind: list(make()) for kind, make in {**cases.KINDS, ODD: odd}.items()}


@pytest.fixture(scope="module", autouse=True)
def strange_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have this computer name a proxy for everything, and passwords for every host: none of it may take part."""
    home = tmp_path_factory.mktemp("home")
    (home / ".netrc").write_text("default login canary password canary\n", encoding="ascii")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETRC", str(home / ".netrc"))
        for name in ("no_proxy", "NO_PROXY"):
            patch.delenv(name, raising=False)
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.setenv(name, "http://127.0.0.1:9")
        patch.setattr(steps, "PAGES_MAXIMUM", PAGES)
        patch.setattr(api, "IMPORT_LOOKS", LOOKS)
        yield


def try_all(wanted: list[Case], folder: Path) -> dict[str, Outcome]:
    """Let a job meet each of the cases, many at the same time."""
    found: dict[str, Outcome] = {}
    for in_parts in (False, True):
        for slow in (False, True):
            chosen = [case for case in wanted if case.call.startswith("upload_") is in_parts and case.slow is slow]
            with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(SLOWLY_AT_ONCE if slow else AT_ONCE) as pool:
                if in_parts:
                    patch.setattr(api, "SMALL_PICTURE_BYTES", 10)
                    patch.setattr(api, "PART_BYTES", 50)
                if slow:
                    shortened = ((http, "CALL_SECONDS"), (http, "PICTURE_SECONDS"), (download, "CHUNK_SECONDS"))
                    for module, name in shortened:
                        patch.setattr(module, name, SECONDS)
                    patch.setattr(api, "PICTURE_SECONDS", SECONDS)
                folders = [folder / f"{in_parts}-{slow}-{number}" for number in range(len(chosen))]
                keys = [case.key for case in chosen]
                found |= dict(zip(keys, pool.map(try_case, chosen, folders), strict=True))
    return {case.key: found[case.key] for case in wanted}


@pytest.fixture(scope="module", params=list(ALL))
def tried(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Mapping[str, Outcome]]:
    """Return one kind, and what came of each of its cases."""
    wanted = [case for case in ALL[request.param] if os.environ.get("TRELLIS_HOSTILE", "") in case.key]
    return request.param, try_all(wanted, tmp_path_factory.mktemp(request.param))


def test_each_job_pays_once_its_model_arrives_and_the_artist_is_told(tried: tuple[str, Mapping[str, Outcome]]) -> None:
    problems = [problem for outcome in tried[1].values() for problem in outcome.problems]
    assert not problems, "\n".join(problems)


def test_what_was_seen_is_what_the_page_says(tried: tuple[str, Mapping[str, Outcome]]) -> None:
    kind, outcomes = tried
    ends = {case.key: case.bound for case in ALL[kind]}
    table = {key: (*outcome.cells, ends[key]) for key, outcome in outcomes.items()}
    differences = matrix.compare(kind, HEADER, table, PAGE)
    assert not differences, "\n".join(differences)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the deadlines."""
    for module, name in ((http, "CALL_SECONDS"), (http, "PICTURE_SECONDS"), (download, "CHUNK_SECONDS")):
        monkeypatch.setattr(module, name, SECONDS)


def told(outcomes: Mapping[str, Outcome]) -> str:
    """Return what is wrong with any of them."""
    return "\n".join(f"{key}: {problem}" for key, outcome in outcomes.items() for problem in outcome.problems)


@pytest.mark.usefixtures("impatient")
def test_whatever_is_wrong_with_the_network_nothing_is_sent_and_the_artist_is_told(tmp_path: Path) -> None:
    wanted = [(name, "upload") for name in FAULTS] + [(name, "submit") for name in AT_THE_PAID_CALL]
    with company(tmp_path / "network") as here:
        found = {
            f"{name}, at {cases.CALLS[at]}": try_fault(name, at, here, tmp_path / str(number))
            for number, (name, at) in enumerate(wanted)
        }
    assert not told(found), told(found)
    ends = {key: "90 s" if FAULTS[name][1] else "nothing is sent" for key, (name, _) in zip(found, wanted, strict=True)}
    table = {key: (*outcome.cells, ends[key]) for key, outcome in found.items()}
    differences = matrix.compare("networks", HEADER, table, PAGE)
    assert not differences, "\n".join(differences)


def test_a_host_that_leads_into_the_network_is_not_connected_to(tmp_path: Path) -> None:
    with company(tmp_path / "network") as here:
        found = {
            name: try_private(host, place, here, tmp_path / str(number))
            for number, (name, (host, place)) in enumerate(PRIVATE.items())
        }
    assert not told(found), told(found)
    table = {key: (*outcome.cells, "not connected to") for key, outcome in found.items()}
    differences = matrix.compare("names", HEADER, table, PAGE)
    assert not differences, "\n".join(differences)


# Where the API and its files are on this computer: no proxy is asked, and no address of it is taken for another's.
ADDRESSES = [
    ("[::1]", "[::1]"),
    ("[::1]", HERE),
    (HERE, "[::1]"),
    ("[::ffff:127.0.0.1]", "localhost"),
    ("localhost", "[::1]"),
]


def test_this_computer_is_reached_at_any_of_its_addresses_and_without_a_proxy(tmp_path: Path) -> None:
    found = {
        f"the API at {api}, its files at {files}": try_address(api, files, tmp_path / str(number))
        for number, (api, files) in enumerate(ADDRESSES)
    }
    assert not told(found), told(found)
    table = {key: (*outcome.cells, "no proxy is asked") for key, outcome in found.items()}
    differences = matrix.compare("addresses", HEADER, table, PAGE)
    assert not differences, "\n".join(differences)


def test_there_are_enough_cases_and_each_is_named_once() -> None:
    keys = [case.key for made in ALL.values() for case in made]
    assert len(keys) == len(set(keys)), sorted(key for key in set(keys) if keys.count(key) > 1)
    assert len(keys) >= 250
    assert min(map(len, ALL.values())) >= 10
