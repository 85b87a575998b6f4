"""The README's words about the command line are those of its --help, and its example of the library runs.

`TRELLIS_WRITE_COMMAND=1` writes them into the README.
"""

from __future__ import annotations

import os
import re

import rooms
from trellis_blender.command import parser as command_line

README = rooms.PACKAGE.parent / "README.md"
BEGIN, END = "<!-- command: begin -->", "<!-- command: end -->"


def tables() -> str:
    """What --help says, as the README prints it."""
    program = command_line.make("trellis2")
    commands = command_line.commands_of(program)
    lines = ["| Command | What it does |", "| --- | --- |"]
    for name, meaning in command_line.command_help(program).items():
        given = " ".join(word for word in command_line.option_help(commands[name]) if not word.startswith("-"))
        lines.append(f"| {code(f'{name} {given}')} | {meaning} |")
    lines += ["", "| Option | Of | What it does |", "| --- | --- | --- |"]
    owners: dict[tuple[str, str], list[str]] = {}
    for name, command in commands.items():
        for option, meaning in command_line.option_help(command).items():
            owners.setdefault((option, meaning), []).append(name)
    lines += [f"| {code(option)} | {', '.join(names)} | {meaning} |" for (option, meaning), names in owners.items()]
    lines += ["", "| Exit status | Meaning |", "| ---: | --- |"]
    lines += [f"| {status.value} | {status.meaning} |" for status in command_line.ExitStatus]
    lines += ["", "| Environment variable | Meaning |", "| --- | --- |"]
    lines += [f"| {code(name)} | {meaning} |" for name, meaning in command_line.ENVIRONMENT.items()]
    return "\n".join(lines)


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
    program = command_line.make("trellis2")
    for name, command in command_line.commands_of(program).items():
        shown = " ".join(command.format_help().split())
        for option, meaning in command_line.option_help(command).items():
            assert re.sub(r"\s", "", option.split()[0]) in shown, (name, option)
            assert re.sub(r"\s", "", meaning) in re.sub(r"\s", "", shown), (name, option)
