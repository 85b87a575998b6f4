"""A text with values keeps its template, so that it can be translated; otherwise it is the finished text."""

from __future__ import annotations

import json
import queue
from typing import Any

import pytest

from trellis_blender.core.errors import PassingError, StorageError, Text, TrellisError, packed, storage_error, unpacked

GONE = Text("The picture “{name}” is gone. Choose another file.", name="Tür {1}.png")
NESTED = Text("{said} Try again in {seconds} s.", said=GONE, seconds=3)


def test_a_text_is_the_finished_sentence() -> None:
    assert GONE == "The picture “Tür {1}.png” is gone. Choose another file."
    assert str(NESTED) == f"{GONE} Try again in 3 s."
    assert hash(GONE) == hash(str(GONE))


def test_a_text_keeps_its_template_and_its_values() -> None:
    assert NESTED.template == "{said} Try again in {seconds} s."
    assert NESTED.values == {"said": GONE, "seconds": "3"}
    assert NESTED.values["said"] is GONE


def test_a_field_without_a_value_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Text("The picture “{name}” is gone.")


@pytest.mark.parametrize("text", [GONE, NESTED, "Plain words", ""])
def test_a_text_survives_json(text: str) -> None:
    again = unpacked(json.loads(json.dumps(packed(text))))
    assert again == text
    assert getattr(again, "template", "") == getattr(text, "template", "")
    assert packed(again) == packed(text)


@pytest.mark.parametrize("data", [None, 7, [], ["{a}"], ["{a}", {}], ["{a}", ["b"]], ["{", {"a": "b"}], {"a": "b"}])
def test_what_is_no_packed_text_is_refused(data: Any) -> None:
    with pytest.raises((ValueError, TypeError, LookupError, AttributeError)):
        unpacked(data)


DEEP: list[Any] = ["{a}", {"a": "b"}]
for _ in range(20):
    DEEP = ["{a}", {"a": DEEP}]


@pytest.mark.parametrize(
    "data",
    [
        ["{a.__class__}", {"a": "b"}],
        ["{a[0]}", {"a": "b"}],
        ["{a:>999999999}", {"a": "b"}],
        ["{a!r}", {"a": "b"}],
        ["{a:{b}}", {"a": "b", "b": ">9"}],
        ["{0}", {}],
        DEEP,
    ],
)
def test_a_template_that_does_more_than_name_its_fields_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="no template of ours"):
        unpacked(data)


def test_an_errors_sentence_is_plain_text_and_keeps_its_template() -> None:
    said = TrellisError(Text("“{name}” is gone.", name="a\u202eb\nc")).sentence
    assert said == "“ab c” is gone."
    assert isinstance(said, Text)
    assert said.values == {"name": "ab c"}


def test_an_errors_sentence_keeps_its_template() -> None:
    full = storage_error("save the job", OSError(28, "No space left on device"))
    assert isinstance(full, StorageError)
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    told.put(full.sentence)  # as to another thread
    sentence = told.get()
    assert isinstance(sentence, Text)
    assert sentence.values == {"action": "save the job", "reason": "No space left on device"}


@pytest.mark.parametrize(
    ("text", "is_template_kept"),
    [
        (Text("Could not read {path}.", path="https://files.example/a?X-Amz-Signature=cafe01"), True),
        (Text("{said} Try again.", said=Text("No {path}.", path="https://files.example/a?sig=cafe01")), True),
        (Text("The address has the signature={value}.", value="cafe01"), False),
    ],
)
def test_no_part_of_an_errors_sentence_keeps_a_signature(text: Text, is_template_kept: bool) -> None:
    sentence = StorageError(text).sentence
    assert "cafe01" not in json.dumps(packed(sentence))
    assert isinstance(sentence, Text) is is_template_kept


def test_a_passing_errors_sentence_holds_that_of_its_cause() -> None:
    busy = PassingError(Text("Scenario has a problem ({status}).", status=503))
    assert busy.sentence == "Scenario has a problem (503). Retrying."
    assert packed(busy.sentence) == [
        "{sentence} Retrying.",
        {"sentence": ["Scenario has a problem ({status}).", {"status": "503"}]},
    ]
