"""A name from outside in a sentence, in a model or in a report stays one plain line, and is never a format."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.core.model.glb_reading import read
from tests.glbs.materials import as_trellis
from tests.hostile_files.names import NAMES
from trellis_blender.core.errors import Text, TrellisError, import_error, storage_error
from trellis_blender.core.model.glb import NotPlainError, text
from trellis_blender.core.picture.file import check_size, closed, gone
from trellis_blender.core.picture.metadata import damaged, unreadable
from trellis_blender.core.picture.prepare import LAYERS
from trellis_blender.core.text import SENTENCE_LENGTH


def _too_large(name: str) -> TrellisError:
    with pytest.raises(TrellisError) as raised:
        check_size(name, 60_000, 60_000)
    return raised.value


def _layers(name: str) -> TrellisError:
    return TrellisError(Text(LAYERS, name=name))


SENTENCES: dict[str, Callable[[str], TrellisError]] = {
    "gone": gone,
    "closed": lambda name: closed(name, OSError(13, "Permission denied")),
    "too large": _too_large,
    "damaged": damaged,
    "unreadable": lambda name: unreadable(name, b"nothing"),
    "layers": _layers,
    "not saved": lambda name: storage_error("save the job", OSError(2, name)),
    "not imported": import_error,
}


def is_plain(said: str) -> bool:
    return said.replace("\u200d", "").isprintable() and said.encode("utf-8").decode("utf-8") == said


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_with_a_hostile_name_is_one_plain_line(sentence: str, name: str) -> None:
    said = SENTENCES[sentence](NAMES[name].given).sentence
    assert is_plain(said)
    if "only" not in name and "far" not in name and "long" not in name:
        assert NAMES[name].shown in said


def test_a_sentence_has_a_length() -> None:
    assert len(gone("x" * 100_000).sentence) == SENTENCE_LENGTH


@pytest.mark.parametrize("name", NAMES)
def test_a_translation_is_not_a_format_of_the_name_in_it(name: str) -> None:
    said = gone(NAMES[name].given).sentence
    assert isinstance(said, Text)
    assert said.template == "The picture “{name}” is gone. Choose another file."
    assert said.template.format(**said.values) == said


@pytest.mark.parametrize("name", NAMES)
def test_the_names_in_a_model_are_plain(name: str) -> None:
    given = NAMES[name].given
    draft = as_trellis("png")
    for kind in ("materials", "images"):
        draft.json[kind][0]["name"] = given
    model = read(draft)
    assert [material.name for material in model.materials if material] == [text({"name": given}, "name", "")]
    assert all(is_plain(material.name) for material in model.materials if material)
    assert all(is_plain(image.name) for image in model.images.values())


@pytest.mark.parametrize("name", NAMES)
def test_an_extension_is_named_in_plain_text(name: str) -> None:
    draft = as_trellis("png")
    draft.json["extensionsRequired"] = [NAMES[name].given]
    with pytest.raises(NotPlainError) as raised:
        read(draft)
    assert is_plain(str(raised.value))
