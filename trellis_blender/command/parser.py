# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command and option, with its help. The README prints the same words, and the defaults are the panel's."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NoReturn

from ..core.errors import ParameterError
from ..core.request.account import ADDRESS_VARIABLE, KEY_VARIABLE, SECRET_VARIABLE
from ..core.request.models import TRELLIS_2
from ..core.request.parameters import BY_NAME, SEED_MAXIMUM, Value
from ..core.request.presets import CONCURRENCY, PRESET, PRESETS, SIZE, VARIATIONS, VARIATIONS_MAXIMUM

FORMATS = ("glb", "blend", "both")
BLENDER_VARIABLE = "TRELLIS2_BLENDER"
ABOUT = "Turn pictures into textured 3D models with Scenario's Trellis 2. No model is paid for twice, and none is lost."
ENVIRONMENT: Mapping[str, str] = {
    KEY_VARIABLE: "API key; without it, the one that you entered in Blender",
    SECRET_VARIABLE: "secret of that key",
    ADDRESS_VARIABLE: "address of the API; without it, Scenario's own",
    BLENDER_VARIABLE: "Blender's program, if --blender does not name it",
}
Argument = tuple[str, Mapping[str, Any]]  # its name, and what argparse is told of it
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class ExitStatus(IntEnum):
    """What the program returns, with what it means."""

    def __new__(cls, value: int, meaning: str) -> ExitStatus:
        """Return the member with its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    meaning: str
    DONE = 0, "all is done"
    FAILED = 1, "some failed"
    WRONG_USE = 2, "wrong use: nothing was begun"
    REFUSED = 3, "no key, or Scenario refused: the account, the credits"
    MAX_COST = 4, "stopped by --max-cost"
    INTERRUPTED = 130, "interrupted by Ctrl+C"


class WrongUseError(Exception):
    """The command line is wrong. The message is the sentence for the user."""


class Parser(argparse.ArgumentParser):
    """A parser that raises WrongUseError in place of ending the process, which may be Blender."""

    def error(self, message: str) -> NoReturn:
        """Raise WrongUseError."""
        sentence = message[:1].upper() + message[1:].rstrip(".")
        raise WrongUseError(f"{sentence}. See {self.prog} --help.")


def make(prog: str) -> Parser:
    """Return the parser of all commands. `prog`: how the user calls the program.

    Its `parse_args` raises WrongUseError, and SystemExit(0) after --help.
    """
    parser = Parser(
        prog=prog, description=ABOUT, epilog=_epilog(), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    for name, (meaning, arguments) in COMMANDS.items():
        command = commands.add_parser(name, help=meaning, description=meaning)
        for argument, settings in arguments:
            command.add_argument(argument, **settings)
    return parser


def values(options: argparse.Namespace) -> Mapping[str, Value]:
    """Return the parameters by their Python names, without the seed. Raises ParameterError."""
    chosen = PRESETS[options.preset.upper()].changes
    return {**chosen, **dict(map(_setting, options.set))}


def _setting(text: str) -> tuple[str, Value]:
    """Return the parameter and the value that “name=value” sets. Raises ParameterError."""
    name, is_there, written = (part.strip() for part in text.partition("="))
    if not is_there or not name:
        raise ParameterError(f"“--set {text}” is not complete: write --set NAME=VALUE, as in --set texture_size=4096.")
    parameter = BY_NAME.get(name)
    if parameter is None:
        known = ", ".join(BY_NAME)
        raise ParameterError(f"{TRELLIS_2.name} has no parameter “{name}”. It has {known}.")
    if isinstance(parameter.default, bool):
        if written.lower() not in (*_TRUE, *_FALSE):
            raise ParameterError(f"{name} must be true or false, not “{written}”.")
        return name, written.lower() in _TRUE
    try:
        number = float(written.replace("_", ""))
    except ValueError:
        raise ParameterError(f"{name} must be a number, not “{written}”.") from None
    return name, int(number) if number == int(number if math.isfinite(number) else 0) else number


def _epilog() -> str:
    meanings = [f"  {status.value:<4} {status.meaning}" for status in ExitStatus]
    width = max(map(len, ENVIRONMENT)) + 2
    variables = [f"  {name:<{width}} {meaning}" for name, meaning in ENVIRONMENT.items()]
    return "\n".join(
        (
            "COMMAND --help shows all options of a command.",
            "Ctrl+C: nothing more is submitted, and what is paid for is brought.",
            "Ctrl+C twice: it leaves at once, and resume goes on.",
            "",
            "environment:",
            *variables,
            "",
            "exit status:",
            *meanings,
        )
    )


def _slice(text: str) -> range:
    """Return the pictures' numbers, from 0."""
    first, is_there, last = text.partition("-")
    if not (first.isdecimal() and (last.isdecimal() or not is_there)):
        raise argparse.ArgumentTypeError(f"“{text}” is not FIRST-LAST, as in 1-150")
    begin, end = int(first), int(last or first)
    if not 1 <= begin <= end:
        raise argparse.ArgumentTypeError(f"“{text}” holds no picture: they are counted from 1")
    return range(begin - 1, end)


def _whole(least: int, most: int) -> Any:
    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"“{text}” is not a whole number") from None
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{number} is not between {least} and {most}")
        return number

    return read


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number") from None
    if not math.isfinite(number) or number < 0:
        raise argparse.ArgumentTypeError(f"{text} must be a number from 0 on")
    return number


# -- the commands: what each does, and its arguments


def _argument(name: str, meaning: str, **settings: Any) -> Argument:
    return name, {**settings, "help": meaning}


def _flag(name: str, meaning: str) -> Argument:
    return _argument(name, meaning, action="store_true")


_FOLDER = _argument("folder", "Folder that generate has begun.", metavar="DIR")
_JOB = _argument("job", "Folder of the job, its name in the list, or its ID at Scenario.", metavar="JOB")
_JSON = _flag("--json", "Print a line of JSON for everything that happens.")
_BLENDER = _argument("--blender", "Blender's program. Default: this Blender, or the one that is found.", metavar="PATH")
_SIZE = _argument(
    "--size",
    "Largest dimension of the model in a .blend; 0 leaves it as it comes. Default: %(default)g.",
    type=_amount,
    default=SIZE,
    metavar="METERS",
)
_MAKING = (
    _argument(
        "--format",
        "Files of each model: model.glb as Trellis 2 makes it is always kept; blend and both add a model.blend,"
        " which needs Blender. Default: %(default)s.",
        choices=FORMATS,
        default=FORMATS[0],
    ),
    _SIZE,
    _flag("--thumbnails", "Add a thumbnail.png of each model, which needs Blender."),
    _BLENDER,
    _argument(
        "--max-cost",
        "Submit no more once the folder's models have cost so many compute units (CU)."
        " Default: as the folder was begun with.",
        type=_amount,
        metavar="CU",
    ),
    _flag("--yes", "Pay the price without asking."),
    _argument(
        "--concurrency",
        "Models made at the same time, by all that work on the folder."
        f" Default: as the folder was begun with, at first {CONCURRENCY}.",
        type=_whole(1, 1000),
        metavar="N",
    ),
    _JSON,
    _argument(
        "--slice",
        "Work on these pictures only, counted from 1 in the order of their paths: for farms.",
        type=_slice,
        metavar="FIRST-LAST",
    ),
)
COMMANDS: Mapping[str, tuple[str, tuple[Argument, ...]]] = {
    "generate": (
        "Make a model of each picture, after asking its price.",
        (
            _argument("pictures", "Picture, folder of pictures, or wildcards.", nargs="+", metavar="PICTURE"),
            _argument(
                "--output",
                "Folder for the models, with a folder for each picture. Started again with the same pictures, it goes"
                " on where it stopped. Default: a folder here, named after the first picture or folder.",
                metavar="DIR",
            ),
            _argument(
                "--preset",
                "Values of all parameters. Default: %(default)s.",
                choices=[name.lower() for name in PRESETS],
                default=PRESET.lower(),
            ),
            _argument(
                "--set",
                f"Value of one parameter, over the preset's; can be repeated. Names: {', '.join(BY_NAME)}.",
                action="append",
                default=[],
                metavar="NAME=VALUE",
            ),
            _argument(
                "--seed",
                "The same seed and picture give the same model. Default: a new one for each model.",
                type=_whole(0, SEED_MAXIMUM),
                metavar="N",
            ),
            _argument(
                "--variations",
                f"Models of each picture, up to {VARIATIONS_MAXIMUM}, each with a seed of its own."
                " Default: %(default)s.",
                type=_whole(1, VARIATIONS_MAXIMUM),
                default=VARIATIONS,
                metavar="N",
            ),
            _flag("--ignore-alpha", "Send the pictures without their transparency."),
            _flag("--price-only", "Say what it would cost, send no picture, and end."),
            *_MAKING,
        ),
    ),
    "resume": (
        "Go on with a folder that generate was stopped in, and try again what failed.",
        (
            _FOLDER,
            _flag(
                "--submit-again",
                "Submit again what is uncertain: each is looked for at Scenario once more, but may be paid for twice.",
            ),
            *_MAKING,
        ),
    ),
    "status": ("Say how far a folder of models is, and what it has cost.", (_FOLDER, _JSON)),
    "list": (
        "List the jobs of the add-on, or of a folder of models.",
        (_argument("folder", "Folder of models. Default: the add-on's jobs.", nargs="?", metavar="DIR"), _JSON),
    ),
    "show": ("Show all about a job.", (_JOB, _JSON)),
    "import": (
        "Save the model of a job as a .blend, or fetch one made elsewhere. It costs nothing.",
        (
            _JOB,
            _argument(
                "--output",
                "Folder for the files. Default: the job's own, or a new one if it was made elsewhere.",
                metavar="DIR",
            ),
            _argument("--format", "Files to leave there. Default: %(default)s.", choices=FORMATS, default="blend"),
            _SIZE,
            _BLENDER,
            _JSON,
        ),
    ),
    "cancel": (
        "Stop a job, or all of a folder of models. What is paid for is kept.",
        (_argument("job", "Job as for show, or folder that generate has begun.", metavar="JOB|DIR"), _JSON),
    ),
    "test": ("Test the key and the connection. It costs nothing.", (_JSON,)),
}
