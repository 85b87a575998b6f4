"""The README's words about the command line are those of its --help, and its example of the library runs.

`TRELLIS_WRITE_COMMAND=1` writes them into the README.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping
from typing import Any

import rooms
from trellis_blender.command import parser as command_line

README = rooms.PACKAGE.parent / "README.md"
BEGIN, END = "<!-- command: begin -->", "<!-- command: end -->"


def tables() -> str:
    """What --help says, as the README prints it."""
    commands = parsers()
    lines = ["| Command | What it does |", "| --- | --- |"]
    for name, (meaning, _arguments) in command_line.COMMANDS.items():
        given = " ".join(word for word in option_help(commands[name]) if not word.startswith("-"))
        lines.append(f"| {code(f'{name} {given}')} | {meaning} |")
    lines += ["", "| Option | Of | What it does |", "| --- | --- | --- |"]
    owners: dict[tuple[str, str], list[str]] = {}
    for name, command in commands.items():
        for option, meaning in option_help(command).items():
            owners.setdefault((option, meaning), []).append(name)
    lines += [f"| {code(option)} | {', '.join(names)} | {meaning} |" for (option, meaning), names in owners.items()]
    lines += ["", "| Exit status | Meaning |", "| ---: | --- |"]
    lines += [f"| {status.value} | {status.meaning} |" for status in command_line.ExitStatus]
    lines += ["", "| Environment variable | Meaning |", "| --- | --- |"]
    lines += [f"| {code(name)} | {meaning} |" for name, meaning in command_line.ENVIRONMENT.items()]
    return "\n".join(lines)


def parsers() -> Mapping[str, argparse.ArgumentParser]:
    """The parsers of the commands by their names."""
    program = command_line.make("trellis2")
    action: Any = next(each for each in actions_of(program) if isinstance(each.choices, dict))
    return dict(action.choices)


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """The arguments of a parser."""
    return parser._actions  # noqa: SLF001 - argparse has no public way to them


def option_help(parser: argparse.ArgumentParser) -> Mapping[str, str]:
    """What each argument of a command does, by how it is written: “--seed N”. --help itself is left out."""
    rows = {}
    for action in actions_of(parser):
        if "--help" in action.option_strings:
            continue
        name = ", ".join(action.option_strings)
        written = str(action.metavar or "|".join(action.choices or ())) if action.nargs != 0 else ""
        rows[f"{name} {written}".strip()] = str(action.help) % {"default": action.default}
    return rows


def code(text: str) -> str:
    """The text as code in a cell of a table."""
    written = text.replace("|", "\\|").strip()
    return f"`{written}`"


def test_the_readme_prints_what_help_says() -> None:
    text = README.read_text(encoding="utf-8")
    before, _begin, rest = text.partition(BEGIN)
    printed, _end, after = rest.partition(END)
    if os.environ.get("TRELLIS_WRITE_COMMAND"):
        README.write_text(f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}", encoding="utf-8", newline="\n")
        return
    assert printed.strip() == tables()


def test_help_shows_every_option_with_its_words() -> None:
    for name, command in parsers().items():
        shown = " ".join(command.format_help().split())
        for option, meaning in option_help(command).items():
            assert re.sub(r"\s", "", option.split()[0]) in shown, (name, option)
            assert re.sub(r"\s", "", meaning) in re.sub(r"\s", "", shown), (name, option)
