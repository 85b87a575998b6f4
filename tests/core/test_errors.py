"""The sentences: complete, and each ends with what to do."""

from __future__ import annotations

import errno
import inspect
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.studio import tells_what_to_do
from trellis_blender.core import errors
from trellis_blender.core.errors import Remedy, TrellisError, advised, blenders_words, storage_error
from trellis_blender.core.job.events import Failed
from trellis_blender.core.request.service import RemoteJob
from trellis_blender.core.runner.steps import event_of
from trellis_blender.core.scenario.http import error_for

OURS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, TrellisError)]


def test_every_error_stands_in_the_tree_of_the_docstring() -> None:
    assert len(OURS) > 10
    assert errors.__doc__ is not None
    assert [kind.__name__ for kind in OURS if kind.__name__ not in errors.__doc__] == []


def test_every_error_says_what_it_stands_for() -> None:
    assert [kind.__name__ for kind in OURS if not kind.__doc__] == []


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_the_sentence_is_what_was_said(kind: type[TrellisError]) -> None:
    added = " Retrying." if kind in (errors.PassingError, errors.LongAnswerError) else ""
    assert kind("It rains. Take an umbrella.").sentence == "It rains. Take an umbrella." + added


@pytest.mark.parametrize("kind", [errors.PassingError, errors.LimitError])
def test_a_long_wait_says_until_when(kind: type[errors.PassingError]) -> None:
    assert re.fullmatch(r"Busy\. Retrying at \d\d:\d\d\.", kind("Busy.", 3600.0).sentence)
    assert "at" not in kind("Busy.", 5.0).sentence
    assert "at" not in kind("Busy.", None).sentence


def test_what_passes_by_itself_says_once_that_it_is_tried_again() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(inspect.getfile(errors)).parent.rglob("*.py")]
    said = re.findall(r'PassingError\(\s*f?"([^"]+)"', "\n".join(sources))
    assert len(said) > 10
    assert [words for words in said if re.search(r"\b(Retrying|tried again|starts anew|is continued)\b", words)] == []


def test_an_error_that_can_be_mended_names_the_remedy() -> None:
    assert {kind.__name__: kind.remedy for kind in OURS if kind.remedy is not Remedy.NONE} == {
        "AccountError": Remedy.KEY,
        "OnlineAccessError": Remedy.ONLINE_ACCESS,
        "PictureError": Remedy.PICTURE,
        "CreditsError": Remedy.CREDITS,
        "RefusedError": Remedy.SETTINGS,
        "TooLargeError": Remedy.PICTURE,
        "GenerationFailedError": Remedy.SCENARIO,
        "ModelFileError": Remedy.RETRY,
        "StorageError": Remedy.FOLDER,
    }


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), OSError("odd")], ids=str)
def test_a_disk_error_says_what_failed_why_and_what_to_do(error: OSError) -> None:
    sentence = storage_error("save the job", error).sentence
    assert sentence.startswith("Could not save the job: ")
    assert (error.strerror or "OSError") in sentence
    assert tells_what_to_do(sentence)


@pytest.mark.unexpected
def test_of_any_error_the_artist_reads_a_sentence_and_only_a_mistake_of_ours_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = TrellisError("It rains. Take an umbrella.")
    assert errors.explained(own) is own
    assert errors.explained(PermissionError(errno.EACCES, "denied"), "read the model").sentence.startswith(
        "Could not read the model: denied."
    )
    assert errors.explained(MemoryError()).sentence.startswith("There is not enough memory for this.")
    assert storage_error("save the model", RuntimeError("Error: Disk full.\nLocation: a.py:1")).sentence.startswith(
        "Could not save the model: Disk full."
    )
    assert caplog.records == []
    mistake = errors.explained(KeyError("nobody thought of this"))
    assert (mistake.remedy, "(KeyError)" in mistake.sentence) == (Remedy.RETRY, True)
    assert "nobody thought of this" in caplog.text


@pytest.mark.parametrize(
    "status", [302, 400, 401, 402, 403, 404, 408, 409, 413, 422, 425, 429, 500, 502, 503, 504, 599]
)
@pytest.mark.parametrize("words", ["", "Something is wrong", "You have no credits left", "Is that all?"])
def test_every_answers_sentence_ends_with_what_to_do(status: int, words: str) -> None:
    for kind in ({}, {"paid": True}, {"sends_picture": True}):
        error = error_for(status, {}, {"reason": words}, **kind)
        if not isinstance(error, errors.AnswerLostError):  # which no artist reads
            assert tells_what_to_do(error.sentence), error
            assert ".." not in error.sentence
            assert "  " not in error.sentence


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Error: No camera found.\n  in scene\n", "No camera found"),
        ("Error: ", "Error:"),
        ("", ""),
        (
            "Error: Python: Traceback (most recent call last):\n  File 'y'\nKeyError: 'POSITION'\n\nLocation: /b:7",
            "KeyError: 'POSITION'",
        ),
    ],
)
def test_of_what_blender_says_the_line_that_says_what_is_wrong_is_repeated(said: str, words: str) -> None:
    assert blenders_words(said) == words


@pytest.mark.parametrize(
    ("words", "is_said"),
    [
        ("Try another picture.", True),
        ("The picture is empty. Please upload one with a subject.", True),
        ("You have 2 credits left. Upgrade your plan.", True),
        ("Use another picture.", True),
        ("The picture holds no subject.", False),
        ("You do not have enough credits to use this model.", False),
        ("The country is not supported.", False),
        ("", False),
    ],
)
def test_advice_in_the_services_own_words_is_noticed(words: str, is_said: bool) -> None:
    assert (advised("Said.", words, "{said} Do this.") == "Said.") is is_said


@pytest.mark.parametrize("status", [400, 402, 403, 404, 422])
@pytest.mark.parametrize("kind", [{"paid": True}, {"sends_picture": True}, {}])
def test_what_scenario_advises_is_not_advised_again(status: int, kind: dict[str, bool]) -> None:
    own = {"reason": "Not enough credits. Please upgrade your plan."}
    assert error_for(status, {}, own, **kind).sentence.endswith(own["reason"])


def test_a_job_that_failed_with_a_hint_is_not_given_another() -> None:
    remote = RemoteJob("job_1", "failure", 0.0, None, (), "", None, "Too dark. Try another picture.")
    failures = [event_of(remote), event_of(replace(remote, words="Too dark."))]
    said = [failure.message for failure in failures if isinstance(failure, Failed)]
    assert said == [
        "Scenario could not make the model: Too dark. Try another picture.",
        "Scenario could not make the model: Too dark. Try again, or use another picture.",
    ]
