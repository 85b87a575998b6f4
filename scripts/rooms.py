#!/usr/bin/env python3
"""Print a table of the add-on's rooms and their imports: ``python3 scripts/rooms.py``.

``--write`` puts the table into docs/architecture.md. The rules are here, and a test checks the add-on against them: a
room imports only rooms below it, and that includes late imports and those for types alone.
"""

import environments  # before what an old Python does not have

# isort: split
import argparse
import ast
import graphlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = environments.ROOT / "trellis_blender"
PAGE = environments.ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms: begin -->", "<!-- rooms: end -->"

# The rooms, lowest first: a room may import the rooms of the lines above its own here, and itself.
# Rooms in one line may not import each other. Inside the core each folder is its own room.
ROOMS = (
    ("core/text",),
    ("core/stored",),
    ("core/errors",),
    ("core/files",),
    ("core/picture", "core/places", "core/request"),
    ("core/model", "core/align"),
    ("core/scenario",),
    ("core/job",),
    ("core/runner",),
    ("core/batch", "core/generation"),
    ("core/__init__",),
    ("host",),
    ("settings",),
    ("picture", "scene"),
    ("jobs",),
    ("command",),
    ("interface",),
    ("__init__",),
)
FLOOR = {name: floor for floor, row in enumerate(ROOMS) for name in row}

# The rooms that may import a foreign module. Every room may import those not named here.
ONLY_IN = {
    "bpy": ("host", "settings", "picture", "scene", "jobs", "command", "interface"),
    "requests": ("core/scenario",),
    "PIL": ("core/picture",),
    "rich": ("command",),
    "argcomplete": ("command",),
}
# What could open a connection, so that one room knows all that leaves the computer.
ONLY_IN |= dict.fromkeys(("certifi", "http", "socket", "ssl", "urllib3"), ONLY_IN["requests"])
ONLY_IN |= dict.fromkeys(("addon_utils", "bl_ui", "blf", "bmesh", "bpy_extras", "gpu", "mathutils"), ONLY_IN["bpy"])

# The names of two rooms in the background Blender, which has no add-on.
IN_BACKGROUND = {"trellis_core": "core", "trellis_host": "host"}

Module = tuple[str, ...]


class NoRoomError(LookupError):
    """A module is in none of the rooms. The message is a sentence."""


@dataclass
class Room:
    """The number of a room's files and lines, and of its imports from each other room; late ones are separate."""

    files: int = 0
    lines: int = 0
    imports: dict[str, int] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)


def room_of(module: Module) -> str:
    """Return the room of a module. `module`: its path below the package. Raises NoRoomError."""
    for length in (2, 1):
        if "/".join(module[:length]) in FLOOR:
            return "/".join(module[:length])
    if module in ((), ("core",)):  # the package itself
        return "/".join((*module, "__init__"))
    raise NoRoomError(f"{'/'.join(module)} is in no room: name its room in ROOMS in scripts/rooms.py.")


def own_imports(path: Path, package: Path = PACKAGE) -> Iterator[tuple[Module, bool]]:
    """Yield the add-on's modules that a file imports, by their paths below the package, and whether it imports late.

    An import is late inside a function or under TYPE_CHECKING.
    """
    folder = path.relative_to(package).parts[:-1]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        is_late = node not in tree.body
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
            yield from ((name[1:], is_late) for name in names if name[0] == package.name)
        elif isinstance(node, ast.ImportFrom):
            yield from ((module, is_late) for module in _imported_from(node, folder, package))


def _imported_from(node: ast.ImportFrom, folder: Module, package: Path) -> set[Module]:
    named = tuple(node.module.split(".")) if node.module else ()
    if node.level:
        source = folder[: len(folder) - node.level + 1] + named
    elif named[0] == package.name:
        source = named[1:]
    elif named[0] in IN_BACKGROUND:
        source = (IN_BACKGROUND[named[0]], *named[1:])
    else:
        return set()
    # A name is a module of that package, or else a definition in the package's own file.
    modules = {(*source, alias.name) if _is_module(package, (*source, alias.name)) else source for alias in node.names}
    return modules - {()}


def _is_module(package: Path, module: Module) -> bool:
    path = package.joinpath(*module)
    return path.is_dir() or path.with_suffix(".py").is_file()


def foreign_imports(path: Path) -> set[str]:
    """Return the top-level names of a file's absolute imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found


def broken_rules(package: Path = PACKAGE) -> list[str]:
    """Return a sentence for each import that goes the wrong way and each module without a room."""
    problems = []
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).with_suffix("").parts
        where = "/".join(module)
        try:
            room = room_of(module)
            imported = {(room_of(other), "/".join(other)) for other, _is_late in own_imports(path, package)}
        except NoRoomError as error:
            problems.append(str(error))
            continue
        problems += [
            f"{where} imports {name}, which only {', '.join(ONLY_IN[name])} may."
            for name in sorted(foreign_imports(path) & ONLY_IN.keys())
            if room not in ONLY_IN[name]
        ]
        problems += [
            f"{where} imports {other}, which lies {'above' if FLOOR[theirs] > FLOOR[room] else 'beside'} it."
            for theirs, other in sorted(imported)
            if theirs != room and FLOOR[theirs] >= FLOOR[room]
        ]
    return problems


def circle(package: Path = PACKAGE) -> list[str]:
    """Return the files of an import circle, the first one twice; empty if there is none. Counts late imports too."""
    graph = {
        "/".join(path.relative_to(package).with_suffix("").parts): {
            "/".join((*module, "__init__") if package.joinpath(*module).is_dir() else module)
            for module, _is_late in own_imports(path, package)
        }
        for path in package.rglob("*.py")
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def measured(package: Path = PACKAGE) -> dict[str, Room]:
    """Return every room, lowest first, with its numbers. Raises NoRoomError."""
    rooms = {name: Room() for row in ROOMS for name in row}
    for path in sorted(package.rglob("*.py")):
        name = room_of(path.relative_to(package).with_suffix("").parts)
        room = rooms[name]
        room.files += 1
        room.lines += len(path.read_text(encoding="utf-8").splitlines())
        for module, is_late in own_imports(path, package):
            other = room_of(module)
            if other != name:
                counted = room.late if is_late else room.imports
                counted[other] = counted.get(other, 0) + 1
    return rooms


def table(rooms: dict[str, Room]) -> str:
    """Return the rooms as a Markdown table, highest first."""
    lines = [
        "| Room | Files | Lines | Imports (late ones, or for types alone, in brackets) |",
        "| --- | ---: | ---: | --- |",
    ]
    for name, room in reversed(rooms.items()):
        others = [other for other in reversed(rooms) if other in room.imports or other in room.late]
        lines.append(
            f"| `{name}` | {room.files} | {room.lines:,} | {', '.join(_arrow(room, each) for each in others)} |"
        )
    files, lines_in_all = sum(room.files for room in rooms.values()), sum(room.lines for room in rooms.values())
    return "\n".join([*lines, f"| all | {files} | {lines_in_all:,} | |"])


def _arrow(room: Room, other: str) -> str:
    late = f" ({room.late[other]})" if other in room.late else ""
    return f"`{other}` {room.imports.get(other, 0)}{late}"


def main() -> int:
    """Print the table, or write it into its page. Return the exit status: 1 if a rule is broken, otherwise 0."""
    parser = argparse.ArgumentParser(description="Print which rooms of the add-on import which.")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    options = parser.parse_args()
    problems = broken_rules()
    around = circle()
    if around:
        problems.append(f"These import each other: {', '.join(around)}.")
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    text = table(measured())
    if options.write:
        before, _begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8", newline="\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
