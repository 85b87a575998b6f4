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
    """Return the parser of all commands. `prog`: how the user calls the program."""
    parser = Parser(
        prog=prog, description=ABOUT, epilog=_epilog(), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    _add_generate(commands)
    _add_resume(commands)
    _add_listings(commands)
    _add_single(commands)
    return parser


def parse(prog: str, arguments: list[str]) -> argparse.Namespace:
    """Return the options. Raises WrongUseError, and SystemExit(0) after --help."""
    return make(prog).parse_args(arguments)


def commands_of(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """Return the parsers of the commands by their names."""
    action: Any = next(each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return dict(action.choices)


def command_help(parser: argparse.ArgumentParser) -> Mapping[str, str]:
    """Return what each command does, by its name."""
    action: Any = next(each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return {choice.dest: str(choice.help) for choice in action._choices_actions}


def option_help(parser: argparse.ArgumentParser) -> Mapping[str, str]:
    """Return what each argument of a command does, by how it is written: “--seed N”. --help itself is left out."""
    rows = {}
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        name = ", ".join(action.option_strings)
        written = str(action.metavar or "|".join(action.choices or ())) if action.nargs != 0 else ""
        rows[f"{name} {written}".strip()] = str(action.help) % {"default": action.default}
    return rows


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


def _add_generate(commands: Any) -> None:
    command = _command(commands, "generate", "Make a model of each picture, after asking its price.")
    command.add_argument("pictures", nargs="+", metavar="PICTURE", help="Picture, folder of pictures, or wildcards.")
    command.add_argument(
        "--output",
        metavar="DIR",
        help="Folder for the models, with a folder for each picture. Started again with the same pictures, it goes on"
        " where it stopped. Default: a folder here, named after the first picture or folder.",
    )
    presets = [name.lower() for name in PRESETS]
    command.add_argument(
        "--preset", choices=presets, default=PRESET.lower(), help="Values of all parameters. Default: %(default)s."
    )
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"Value of one parameter, over the preset's; can be repeated. Names: {', '.join(BY_NAME)}.",
    )
    command.add_argument(
        "--seed",
        type=_whole(0, SEED_MAXIMUM),
        metavar="N",
        help="The same seed and picture give the same model. Default: a new one for each model.",
    )
    command.add_argument(
        "--variations",
        type=_whole(1, VARIATIONS_MAXIMUM),
        default=VARIATIONS,
        metavar="N",
        help=f"Models of each picture, up to {VARIATIONS_MAXIMUM}, each with a seed of its own. Default: %(default)s.",
    )
    command.add_argument("--ignore-alpha", action="store_true", help="Send the pictures without their transparency.")
    command.add_argument("--price-only", action="store_true", help="Say what it would cost, send no picture, and end.")
    _add_making(command)
    _add_paying(command)
    _add_running(command)
    _add_slice(command)


def _add_resume(commands: Any) -> None:
    command = _command(
        commands, "resume", "Go on with a folder that generate was stopped in, and try again what failed."
    )
    command.add_argument("folder", metavar="DIR", help="Folder that generate has begun.")
    command.add_argument(
        "--submit-again",
        action="store_true",
        help="Submit again what is uncertain: each is looked for at Scenario once more, but may be paid for twice.",
    )
    _add_making(command)
    _add_paying(command)
    _add_running(command)
    _add_slice(command)


def _add_making(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--format",
        choices=FORMATS,
        default=FORMATS[0],
        help="Files of each model: model.glb as Trellis 2 makes it is always kept; blend and both add a model.blend,"
        " which needs Blender. Default: %(default)s.",
    )
    _add_size(command)
    command.add_argument(
        "--thumbnails", action="store_true", help="Add a thumbnail.png of each model, which needs Blender."
    )
    _add_blender(command)


def _add_size(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--size",
        type=_number(0.0),
        default=SIZE,
        metavar="METERS",
        help="Largest dimension of the model in a .blend; 0 leaves it as it comes. Default: %(default)g.",
    )


def _add_blender(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--blender",
        metavar="PATH",
        help="Blender's program. Default: this Blender, or the one that is found.",
    )


def _add_paying(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--max-cost",
        type=_number(0.0),
        metavar="CU",
        help="Submit no more once the folder's models have cost so many compute units (CU)."
        " Default: as the folder was begun with.",
    )
    command.add_argument("--yes", action="store_true", help="Pay the price without asking.")


def _add_running(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--concurrency",
        type=_whole(1, 1000),
        metavar="N",
        help="Models made at the same time, by all that work on the folder."
        f" Default: as the folder was begun with, at first {CONCURRENCY}.",
    )
    _add_json(command)


def _add_slice(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--slice",
        type=_slice,
        metavar="FIRST-LAST",
        help="Work on these pictures only, counted from 1 in the order of their paths: for farms.",
    )


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="Print a line of JSON for everything that happens.")


def _add_listings(commands: Any) -> None:
    command = _command(commands, "status", "Say how far a folder of models is, and what it has cost.")
    command.add_argument("folder", metavar="DIR", help="Folder that generate has begun.")
    _add_json(command)
    command = _command(commands, "list", "List the jobs of the add-on, or of a folder of models.")
    command.add_argument("folder", nargs="?", metavar="DIR", help="Folder of models. Default: the add-on's jobs.")
    _add_json(command)
    command = _command(commands, "show", "Show all about a job.")
    _add_job(command)
    _add_json(command)


def _add_job(command: argparse.ArgumentParser) -> None:
    command.add_argument("job", metavar="JOB", help="Folder of the job, its name in the list, or its ID at Scenario.")


def _add_single(commands: Any) -> None:
    command = _command(
        commands,
        "import",
        "Save the model of a job as a .blend, or fetch one made elsewhere. It costs nothing.",
    )
    _add_job(command)
    command.add_argument(
        "--output",
        metavar="DIR",
        help="Folder for the files. Default: the job's own, or a new one if it was made elsewhere.",
    )
    command.add_argument(
        "--format", choices=FORMATS, default="blend", help="Files to leave there. Default: %(default)s."
    )
    _add_size(command)
    _add_blender(command)
    _add_json(command)
    command = _command(commands, "cancel", "Stop a job, or all of a folder of models. What is paid for is kept.")
    command.add_argument("job", metavar="JOB|DIR", help="Job as for show, or folder that generate has begun.")
    _add_json(command)
    command = _command(commands, "test", "Test the key and the connection. It costs nothing.")
    _add_json(command)


def _command(commands: Any, name: str, help_text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=help_text, description=help_text)
    return command


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


def _number(least: float) -> Any:
    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"“{text}” is not a number") from None
        if not math.isfinite(number) or number < least:
            raise argparse.ArgumentTypeError(f"{text} must be a number from {least:g} on")
        return number

    return read
