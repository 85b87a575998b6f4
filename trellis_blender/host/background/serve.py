# SPDX-License-Identifier: GPL-3.0-or-later
"""Run in a background Blender: load one of our programs, then serve one request after another.

A request is a line of JSON on stdin: `number`, `do` (a name in the program's HANDLERS), `seconds` it may take, and
`request`. Each answer is a line of JSON on stdout: `{"ready": …}` first; then for the request with that `number` any
count of `progress` (0 to 1), and `result` or `error`. Nothing else reaches that stdout: the output of Blender and its
libraries goes to the file behind stderr. When stdin closes, the client is gone, and this process ends.

Nothing in the add-on imports this file.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib.util
import json
import os
import queue
import shutil
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

GRACE_SECONDS = 5.0  # the client ends a request that takes too long; this process does so itself this much later
HOST = Path(__file__).parents[1]


# Takes the request, and what it may call with how much is done, 0 to 1.
Handler = Callable[[Mapping[str, Any], Callable[[float], None]], Mapping[str, Any]]


def main(program: str, options: str) -> None:
    """Serve until stdin closes."""
    given = json.loads(options)
    answers = os.fdopen(os.dup(1), "w", encoding="ascii", newline="\n")
    os.dup2(2, 1)
    _load("trellis_host", HOST)
    _load("trellis_core", HOST.parent / "core")
    with contextlib.suppress(AttributeError, OSError):  # Windows has no `nice`: the client sets the priority there
        os.nice(10)
    from trellis_host.background.memory import limit_this_process

    limit_this_process(given["memory_maximum"])
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, given["own_folder"]), daemon=True).start()
    import bpy

    assert bpy.context.preferences is not None
    # Blender got this as an argument; the Python module takes none. The module is offline without being told, since it
    # never reads preferences.
    bpy.context.preferences.filepaths.use_scripts_auto_execute = given["runs_scripts"]
    handlers: Mapping[str, Handler] = _load("trellis_program", Path(program)).HANDLERS
    _say(answers, ready=True)
    while True:
        asked = requests.get()  # nosec B113 # a queue, not the library
        faulthandler.dump_traceback_later(asked["seconds"] + GRACE_SECONDS, exit=True, file=2)  # needs no GIL
        answer, is_last = _answer(handlers, asked, answers)
        faulthandler.cancel_dump_traceback_later()
        _say(answers, number=asked["number"], is_last=is_last, **answer)
        if is_last:
            return


def _answer(handlers: Mapping[str, Handler], asked: Mapping[str, Any], answers: TextIO) -> tuple[dict[str, Any], bool]:
    """Return the result or the error, and whether this process should end because its memory may be exhausted."""
    from trellis_core.errors import TrellisError, explained, packed

    def progress(fraction: float) -> None:
        _say(answers, number=asked["number"], progress=fraction)

    try:
        return {"result": dict(handlers[asked["do"]](asked["request"], progress))}, False
    except Exception as error:  # noqa: BLE001 - the client logs it
        told, is_known = explained(error), isinstance(error, (TrellisError, OSError))
        trace = "" if is_known or isinstance(error, MemoryError) else traceback.format_exc()
        return {"error": [type(told).__name__, packed(told.message), told.remedy.value, trace]}, not is_known


def _listen(requests: queue.SimpleQueue[dict[str, Any]], own_folder: str) -> None:
    """Read requests until the pipe closes, then end this process. The pipe closes even if the client crashes.

    `own_folder`: the process's own, deleted then; empty if it has none.
    """
    with contextlib.suppress(OSError), os.fdopen(0, "r", encoding="ascii", closefd=False) as lines:
        for line in lines:
            requests.put(json.loads(line))  # nosec B113 # a queue, not the library
    if own_folder:
        shutil.rmtree(own_folder, ignore_errors=True)
    os._exit(1)


def _load(name: str, path: Path) -> Any:
    """Load a package's folder or a program's file under that name, since our add-on is not installed in this Blender.

    A program may import what lies in folders beside it, with a dot.
    """
    folder, file = (path, path / "__init__.py") if path.is_dir() else (path.parent, path)
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=[str(folder)])
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def _say(answers: TextIO, **answer: Any) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more: the other pipe closes too
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    status = 1
    try:
        main(*sys.argv[sys.argv.index("--") + 1 :])
        status = 0
    finally:
        if status:
            traceback.print_exc()
        with contextlib.suppress(OSError, AttributeError):  # Windows may have no streams
            sys.stderr.flush()
        os._exit(status)  # Blender's normal exit takes longer, and has crashed
