# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, and the sentence the artist reads: what happened, and what to do next.

    TrellisError
    ├── PictureError, ParameterError, AccountError, OnlineAccessError, CreditsError
    ├── RefusedError             it would be refused again
    │   └── TooLargeError
    ├── PassingError             the same call can be made again
    │   └── LongAnswerError, LimitError
    ├── DryRunIgnoredError, AnswerLostError, GenerationFailedError, ModelFileError, StorageError
    └── BackgroundError          the background Blender did not do what it was asked
        └── BackgroundStartError, BackgroundSlowError, BackgroundEndedError, BackgroundStoppedError

Every message is complete: reports, the panel and the command line show it as it is. Names in it come from files and
from the service, so it is made plain text, and loses what an address was signed with. One with values in it is a
`Text`, a template with its values, so that it can be translated first and filled then:

    Text("The picture “{name}” is gone. Choose another file.", name=path.name)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

DEPTH_MAXIMUM = 5  # of texts in a text


class Text(str):
    """A filled template, which is the finished English text, too: the log and the command line use it like any other.

    `values`: what stands in the fields; a value that is a `Text` is translated with it. Whatever changes the text (`+`,
    `strip`, an f-string) makes a plain one of it, which stays English.
    """

    template: str
    values: Mapping[str, str]

    def __new__(cls, template: str, /, **values: object) -> Text:
        """Fill the template. Raises KeyError if a field has no value."""
        filled = {name: value if isinstance(value, str) else str(value) for name, value in values.items()}
        text = super().__new__(cls, template.format(**filled))
        text.template, text.values = template, filled
        return text


def packed(text: str) -> Any:
    """Return the text as JSON: a plain one as it is, a `Text` as a list of its template and its values."""
    if isinstance(text, Text):
        return [text.template, {name: packed(value) for name, value in text.values.items()}]
    return str(text)


def unpacked(data: Any, depth: int = 0) -> str:
    """Return the text that `packed` returned. Raises ValueError, TypeError, LookupError or AttributeError.

    Anybody may have written the data: its fields are plain names, because a format or an attribute could do anything.
    """
    if isinstance(data, str):
        return data
    from string import Formatter  # only for a job that failed earlier

    template, values = data
    parsed = Formatter().parse(template)
    fields = [(name, spec, conversion) for _, name, spec, conversion in parsed if name is not None]
    is_plain = all(name.isidentifier() and not (spec or conversion) for name, spec, conversion in fields)
    if depth > DEPTH_MAXIMUM or not is_plain:
        raise ValueError("no template of ours")
    return Text(template, **{name: unpacked(value, depth + 1) for name, value in values.items()})


def made_plain(message: str) -> str:
    """Return the message as plain text on one line, of a reasonable length, without signatures. A `Text` stays one."""
    from .text import SENTENCE_LENGTH, one_line, redacted  # only after a failure

    if isinstance(message, Text) and len(message) <= SENTENCE_LENGTH:
        text = Text(message.template, **{name: made_plain(value) for name, value in message.values.items()})
        if redacted(text) == text:  # else the template names what a value holds
            return text
    return redacted(one_line(message, SENTENCE_LENGTH))


LONG_WAIT = 90.0  # seconds from which on an artist wants to know until when


class Remedy(StrEnum):
    """The action that can fix a failure. The interface offers it beside the sentence."""

    NONE = "none"
    KEY = "key"
    PREFERENCES = "preferences"
    ONLINE_ACCESS = "online_access"
    RETRY = "retry"
    SUBMIT_AGAIN = "submit_again"
    CREDITS = "credits"
    SETTINGS = "settings"
    PICTURE = "picture"
    OPAQUE = "opaque"
    RENDER = "render"
    FOLDER = "folder"
    SCENARIO = "scenario"
    IMPORTER = "importer"
    UPDATE = "update"
    TRIANGLES = "triangles"
    LIBRARIES = "libraries"


class TrellisError(Exception):
    """The root of every error this add-on raises on purpose. A class has a default remedy; a caller may set another."""

    remedy: Remedy = Remedy.NONE

    def __init__(self, message: str, *, remedy: Remedy | None = None) -> None:
        self.message = made_plain(message)
        super().__init__(self.message)
        if remedy is not None:
            self.remedy = remedy

    @property
    def sentence(self) -> str:
        """Return the sentence the artist reads."""
        return self.message


class PictureError(TrellisError):
    """A picture that cannot be sent."""

    remedy = Remedy.PICTURE


class ParameterError(TrellisError):
    """A parameter that is unknown or outside its range."""


class AccountError(TrellisError):
    """A missing API key, or one that Scenario does not accept."""

    remedy = Remedy.KEY


class OnlineAccessError(TrellisError):
    """A call while Blender's own online access is off."""

    remedy = Remedy.ONLINE_ACCESS


class CreditsError(TrellisError):
    """Scenario's demand for credits or another plan, in Scenario's own words."""

    remedy = Remedy.CREDITS


class RefusedError(TrellisError):
    """A request that Scenario understood and refused. It charged nothing for it.

    `is_gone`: Scenario does not know the thing the request names (404).
    """

    remedy = Remedy.SETTINGS

    def __init__(self, message: str, *, remedy: Remedy | None = None, is_gone: bool = False) -> None:
        super().__init__(message, remedy=remedy)
        self.is_gone = is_gone


class TooLargeError(RefusedError):
    """A request larger than Scenario accepts (413)."""

    remedy = Remedy.PICTURE


class PassingError(TrellisError):
    """A call that was not carried out and may be made again. `retry_after`: seconds the server asks for, if any."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    @property
    def sentence(self) -> str:
        """Return the sentence that the artist reads meanwhile: with the time of day, if the wait is long."""
        if self.retry_after is None or self.retry_after < LONG_WAIT:
            return Text("{sentence} Retrying.", sentence=self.message)
        import time  # only after a failure

        moment = time.strftime("%H:%M", time.localtime(time.time() + self.retry_after))
        return Text("{sentence} Retrying at {moment}.", sentence=self.message, moment=moment)


class LimitError(PassingError):
    """A refusal because Scenario already runs as many jobs as it allows at once. Retry only after one has ended."""

    @property
    def sentence(self) -> str:
        """Return the sentence the artist reads."""
        return self.message if self.retry_after is None or self.retry_after < LONG_WAIT else super().sentence


class LongAnswerError(PassingError):
    """An answer that was not read because it is too long: ask for less."""


class DryRunIgnoredError(TrellisError):
    """A price request that was answered as if it were an order."""


class AnswerLostError(TrellisError):
    """A request that may have arrived. Do not send it again before that is known."""


class GenerationFailedError(TrellisError):
    """A job that ended at Scenario without a model."""

    remedy = Remedy.SCENARIO


class ModelFileError(TrellisError):
    """A model file that is damaged or is not a GLB.

    `flaw`: for the log, the fault that stopped our own reader, if Blender's importer may still read the file; otherwise
    empty.
    """

    remedy = Remedy.RETRY

    def __init__(self, message: str, *, remedy: Remedy | None = None, flaw: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.flaw = flaw


class StorageError(TrellisError):
    """A file of the job that could not be read or written."""

    remedy = Remedy.FOLDER


# Only after these errors is it certain that a paid call was not accepted.
NOT_ACCEPTED = (PassingError, AccountError, CreditsError, RefusedError, StorageError)


class BackgroundError(TrellisError):
    """A background Blender that did not do what it was asked."""


class BackgroundStartError(BackgroundError):
    """A background Blender that could not be started, as in a sandbox or with too little memory: do without it."""


class BackgroundSlowError(BackgroundError):
    """A background Blender that exceeded its time limit and was ended."""


class BackgroundEndedError(BackgroundError):
    """A background Blender that ended by itself before it answered."""


class BackgroundStoppedError(BackgroundError):
    """A background Blender that was told to stop. Nobody reads this error."""


def blenders_words(text: str) -> str:
    """Return the one line of Blender's message that says what is wrong, ready to continue a sentence of ours.

    That is the first line without Blender's prefix, or the last line of a traceback.
    """
    said, _, _where = text.strip().removeprefix("Error: ").partition("\nLocation: ")
    lines = said.strip().splitlines() or [""]
    line = lines[-1] if "Traceback (most recent call last)" in text else lines[0]
    return line.strip().removeprefix("Error: ").rstrip(".")


class InTheWayError(OSError):
    """What has the name of a file of ours and is none: a link, a folder, a pipe, or far too large.

    It is an operating system's error, like those for a file that is missing or closed. `storage_error` tells it.
    """


def storage_error(action: str, error: OSError | RuntimeError) -> StorageError:
    """Return the error for an operating system's error, or Blender's. `action`: "save the job", "read the picture"."""
    reason = error.strerror if isinstance(error, OSError) else blenders_words(str(error))
    reason = reason or type(error).__name__
    sentence = "Could not {action}: {reason}. Free some disk space or check the folder, then try again."
    if isinstance(error, InTheWayError):
        sentence = "Could not {action}: {reason}. Move it somewhere else, then try again."
    return StorageError(Text(sentence, action=action, reason=reason))


@contextlib.contextmanager
def as_storage_error(action: str) -> Iterator[None]:
    """Raise a StorageError in place of an operating system's error in the block."""
    try:
        yield
    except OSError as error:
        raise storage_error(action, error) from error


def advised(said: str, words: str, sentence: str) -> str:
    """Return what the service said with our advice, the template `sentence`, unless its own `words` say what to do."""
    import re  # only after a failure

    advice = r"\b(try|please|choose|use an?(other)?|upgrade|buy|check|contact)\b"
    return said if re.search(advice, words, re.IGNORECASE) else Text(sentence, said=said)


def import_error(what: str) -> ModelFileError:
    """Return the error for a model that Blender's importer cannot read either. `what`: a sentence, no full stop."""
    return ModelFileError(
        Text("{what}. Its file is kept: press Open Folder to use it elsewhere.", what=what), remedy=Remedy.FOLDER
    )


def unexpected(error: Exception) -> str:
    """Return the sentence for a bug of ours."""
    return Text(
        "Something unexpected happened ({kind}). Try again; if it happens again, report it with the "
        "text in the system console.",
        kind=type(error).__name__,
    )


def explained(error: Exception, action: str = "read or write a file", remedy: Remedy = Remedy.RETRY) -> TrellisError:
    """Return what the artist reads of any error. One that is neither raised on purpose nor the system's is logged.

    `action`: what an operating system's error has kept us from, see `storage_error`; empty: it is a bug of ours, too.
    `remedy`: for a bug.
    """
    import logging  # only after a failure

    if isinstance(error, TrellisError):
        return error
    if action and isinstance(error, OSError):
        return storage_error(action, error)
    if isinstance(error, MemoryError):
        return TrellisError("There is not enough memory for this. Close other programs, or choose something smaller.")
    logging.getLogger(__name__).error("unexpected", exc_info=error)
    return TrellisError(unexpected(error), remedy=remedy)
