# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, and the sentence the artist reads: what happened, and what to do next.

    TrellisError
    ├── PictureError          the picture cannot be sent
    ├── ParameterError        a parameter is outside its range
    ├── AccountError          no API key, a wrong one, or one without the right
    ├── OnlineAccessError     Blender is not allowed to go online
    ├── CreditsError          Scenario asks for credits or another plan
    ├── RefusedError          Scenario said no to this request, and will say no again
    │   └── TooLargeError     the request holds more than Scenario takes in one
    ├── PassingError          it will pass by itself: the same call can be made again
    │   └── LimitError        as many jobs run at Scenario as may at once
    ├── DryRunIgnoredError    the question for the price was taken for an order
    ├── AnswerLostError       the request may have arrived, its answer did not
    ├── GenerationFailedError the job ended without a model
    ├── ModelFileError        the model's file is not what it should be
    ├── StorageError          a file could not be read or written
    └── BackgroundError       the background Blender did not do what it was asked
        ├── BackgroundStartError    it could not be started: what it was for must be done in another way
        ├── BackgroundSlowError     it took too long
        ├── BackgroundEndedError    it crashed, or had no memory
        └── BackgroundStoppedError  it was told to stop: nobody waits for this any more

Every message is complete: it is shown as it is, by a report, in the panel and on the command line.
"""

from __future__ import annotations

from enum import StrEnum


class Remedy(StrEnum):
    """What the artist can press to mend a failure. It is offered beside the sentence."""

    NONE = "none"
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
    LIBRARIES = "libraries"


class TrellisError(Exception):
    """The root of everything this add-on raises on purpose. Each kind has a remedy, unless one is given."""

    remedy: Remedy = Remedy.NONE

    def __init__(self, message: str, *, remedy: Remedy | None = None) -> None:
        super().__init__(message)
        if remedy is not None:
            self.remedy = remedy

    @property
    def sentence(self) -> str:
        """What the artist reads."""
        return str(self)


class PictureError(TrellisError):
    """The picture cannot be sent."""

    remedy = Remedy.PICTURE


class ParameterError(TrellisError):
    """A parameter is unknown or outside its range."""


class AccountError(TrellisError):
    """There is no API key, or Scenario does not take it."""

    remedy = Remedy.PREFERENCES


class OnlineAccessError(TrellisError):
    """Blender's own switch for the network is off."""

    remedy = Remedy.ONLINE_ACCESS


class CreditsError(TrellisError):
    """Scenario asks for credits or another plan. Carries Scenario's own words."""

    remedy = Remedy.CREDITS


class RefusedError(TrellisError):
    """Scenario understood the request and refused it. Nothing was charged for it.

    `is_gone`: it knows no such thing (404).
    """

    remedy = Remedy.SETTINGS

    def __init__(self, message: str, *, remedy: Remedy | None = None, is_gone: bool = False) -> None:
        super().__init__(message, remedy=remedy)
        self.is_gone = is_gone


class TooLargeError(RefusedError):
    """The request holds more than Scenario takes in one (413)."""

    remedy = Remedy.PICTURE


class PassingError(TrellisError):
    """The call was not carried out, and may be made again.

    `retry_after`: seconds the server asked to wait, None when it did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    @property
    def sentence(self) -> str:
        """What the artist reads of a call that is made again without their doing."""
        return f"{self} It is tried again."


class LimitError(PassingError):
    """As many jobs run at Scenario as may at once. Trying again helps only once one of them has ended."""

    @property
    def sentence(self) -> str:
        """What the artist reads."""
        return str(self)


class DryRunIgnoredError(TrellisError):
    """The question for the price was answered as if it were an order."""


class AnswerLostError(TrellisError):
    """The request may have arrived: it must not be sent again before that is known."""


class GenerationFailedError(TrellisError):
    """The job ended on Scenario's side without a model."""

    remedy = Remedy.SCENARIO


class ModelFileError(TrellisError):
    """The model's file is damaged, or not a GLB at all.

    `flaw`: what our own reader stumbled over, where Blender's importer may still read the file; empty where it may not.
    """

    remedy = Remedy.RETRY

    def __init__(self, message: str, *, remedy: Remedy | None = None, flaw: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.flaw = flaw


class StorageError(TrellisError):
    """A file of the job could not be read or written."""

    remedy = Remedy.FOLDER


class BackgroundError(TrellisError):
    """The background Blender did not do what it was asked."""


class BackgroundStartError(BackgroundError):
    """It could not be started: a sandbox, no memory, a program that was moved."""


class BackgroundSlowError(BackgroundError):
    """It took longer than it was given, and was ended."""


class BackgroundEndedError(BackgroundError):
    """It ended by itself before it had answered."""


class BackgroundStoppedError(BackgroundError):
    """It was told to stop: there is nobody to read this."""


def blenders_words(text: str) -> str:
    """The line that says what is wrong of all that Blender says, to go on in a sentence of ours: the first one, without
    what Blender puts before it, but of a traceback the last.
    """
    said, _, _where = text.strip().removeprefix("Error: ").partition("\nLocation: ")
    lines = said.strip().splitlines() or [""]
    line = lines[-1] if "Traceback (most recent call last)" in text else lines[0]
    return line.strip().removeprefix("Error: ").rstrip(".")


def storage_error(action: str, error: OSError) -> StorageError:
    """The sentence for an operating system's error. `action`: "save the job", "read the picture"."""
    reason = error.strerror or type(error).__name__
    return StorageError(f"Could not {action}: {reason}. Free some disk space or check the folder, then try again.")


def import_error(what: str) -> ModelFileError:
    """The error for a model that Blender's own importer cannot bring in either. `what`: a sentence without its dot."""
    return ModelFileError(f"{what}. Its file is kept: press Open Folder to use it elsewhere.", remedy=Remedy.FOLDER)


def unexpected(error: Exception) -> str:
    """The sentence for a mistake of ours."""
    kind = type(error).__name__
    return (
        f"Something unexpected happened ({kind})."
        " Try again; if it happens again, report it with the text in the system console."
    )
