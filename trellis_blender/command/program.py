# SPDX-License-Identifier: GPL-3.0-or-later
# PYTHON_ARGCOMPLETE_OK: by this mark the shell's completion knows that it may ask the program.
"""Run one command, and end with one sentence and one exit status whatever happens."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Mapping

from ..core.batch.order import BatchError
from ..core.errors import (
    AccountError,
    CreditsError,
    OnlineAccessError,
    ParameterError,
    Remedy,
    TrellisError,
    explained,
)
from . import generate, listing, single
from .display import Display, choose
from .home import Home, plain
from .parser import ExitStatus, WrongUseError, make

Command = Callable[[argparse.Namespace, Home, Display], ExitStatus]
COMMANDS: Mapping[str, Command] = {
    "generate": generate.generate,
    "resume": generate.resume,
    "status": listing.status,
    "list": listing.list_jobs,
    "show": listing.show,
    "import": single.import_job,
    "cancel": single.cancel,
    "test": single.test,
}
_REFUSED = frozenset({Remedy.KEY, Remedy.CREDITS, Remedy.PREFERENCES, Remedy.ONLINE_ACCESS})


def main() -> None:
    """Run the program without Blender, with the arguments of this process, and end the process."""
    sys.exit(run(sys.argv[1:], plain()))


def run(arguments: list[str], home: Home) -> int:
    """Run the command that the arguments name, and return the exit status."""
    _print_anything()
    parser = make(home.prog)
    try:
        _complete(parser)
        options = parser.parse_args(arguments)
    except WrongUseError as error:
        return _ended(Display(), str(error), ExitStatus.WRONG_USE)
    except SystemExit as shown:  # --help
        return int(shown.code or 0)
    logging.basicConfig(level=logging.ERROR, format="%(message)s")  # what is worth a warning is said in a sentence
    display = choose(as_json=options.json, has_bars=home.has_bars)
    try:
        return int(COMMANDS[options.command](options, home, display))
    except (WrongUseError, TrellisError) as error:
        return _ended(display, *_why(error))
    except KeyboardInterrupt:
        return _ended(display, "Interrupted. Nothing was sent.", ExitStatus.INTERRUPTED)
    except BrokenPipeError:  # nobody reads on, as after `trellis2 list | head`
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - so that the exit finds a stream
        return int(ExitStatus.DONE)
    except Exception as error:  # noqa: BLE001 - whatever it is, the user reads a sentence
        return _ended(display, explained(error).sentence, ExitStatus.FAILED)


def _why(error: WrongUseError | TrellisError) -> tuple[str, ExitStatus]:
    """Return the sentence, and the status, of what ended the program before anything was begun."""
    if isinstance(error, WrongUseError):
        return str(error), ExitStatus.WRONG_USE
    if isinstance(error, AccountError | CreditsError | OnlineAccessError) or error.remedy in _REFUSED:
        return error.sentence, ExitStatus.REFUSED
    is_wrong = isinstance(error, BatchError | ParameterError)  # another batch, or none, is in the folder
    return error.sentence, ExitStatus.WRONG_USE if is_wrong else ExitStatus.FAILED


def _ended(display: Display, sentence: str, status: ExitStatus) -> int:
    display.close()
    display.error(sentence, status)
    return int(status)


def _complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell if it asks how to complete a word, and end the process then."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)


def _print_anything() -> None:
    """Let sentences and names be printed on every terminal and in every file, whatever its encoding is."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
