# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the background Blender, ask it, receive its answers, and stop it. This is the other end of `serve.py`.

It imports no `bpy`. `Background.ask` waits, so do not call it on the main thread. `Background.start_task` returns at
once; a thread of this module does the waiting.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import shutil
import subprocess  # nosec B404 # each call says why it is safe
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ...core import errors
from ...core.errors import (
    BackgroundEndedError,
    BackgroundSlowError,
    BackgroundStartError,
    BackgroundStoppedError,
    Remedy,
    Text,
    TrellisError,
    explained,
    unpacked,
)
from . import memory

SERVE = Path(__file__).with_name("serve.py")
# The environment's variables that a background Blender does not get: the key, and the user's own folders.
KEYS = ("SCENARIO_",)
USER_FOLDERS = ("BLENDER_USER_",)
START_SECONDS = 60.0
IDLE_SECONDS = 60.0
STOP_SECONDS = 2.0
LAST_WORDS = 2000  # bytes of a crashed Blender's last output, for the log
STOPPED = "The second Blender was stopped."
ENDED = "The second Blender ended unexpectedly. Try again, or choose something smaller or simpler."
SLOW = "The second Blender took too long and was stopped. Try again, or choose something smaller or simpler."
NO_START = "The second Blender could not be started: {reason}. Restart Blender, then try again."
_log = logging.getLogger(__name__)
Result = dict[str, Any]
Task = Future[Result]
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Launch:
    """How to start a background Blender: plain data, made by `start.launch` on the main thread, used on any thread.

    `command` ends with the program; one more argument is added at the start. `has_own_folders`: the process gets its
    own folder for preferences and temporary files, which is deleted when it ends. `memory_maximum`: bytes, 0: no limit.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    has_own_folders: bool = True
    runs_scripts: bool = False
    memory_maximum: int = 0


def launch_of(
    blender: str,
    program: Path,
    *,
    uses_preferences: bool = False,
    is_online: bool = False,
    runs_scripts: bool = False,
    memory_maximum: int = 0,
) -> Launch:
    """Return how to start a Blender with one of our programs: unless asked otherwise, with factory settings, offline.

    `blender`: its path, empty if Blender is a Python module. `runs_scripts`: those in the files that it opens.
    """
    if blender:
        options = ["--background", "-noaudio", "--python-exit-code", "1"]
        options += [] if uses_preferences else ["--factory-startup"]
        options += [] if is_online else ["--offline-mode"]
        options += ["--enable-autoexec" if runs_scripts else "--disable-autoexec", "--python"]
    else:
        blender, options = sys.executable, ["-X", "utf8"]
    left_out = KEYS if uses_preferences else KEYS + USER_FOLDERS
    return Launch(
        command=(blender, *options, str(SERVE), "--", str(program)),
        environment={name: value for name, value in os.environ.items() if not name.startswith(left_out)},
        has_own_folders=not uses_preferences,
        runs_scripts=runs_scripts,
        memory_maximum=memory_maximum,
    )


class Background:
    """A background Blender for one program. It starts with the first request and serves one request at a time.

    It ends after a minute without a request, and starts again for the next. It also starts again after a crash or a
    timeout.
    """

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._turn = threading.Lock()  # one request at a time
        self._lock = threading.Lock()  # guards the three below
        self._process: _Process | None = None
        self._idle = self._idle_timer()
        self._is_stopped = False

    def ask(
        self, name: str, request: Mapping[str, Any], *, seconds: float, progress: Progress = lambda _fraction: None
    ) -> Result:
        """Send the request to the program's handler of that name and return its result. Waits; not for the main thread.

        `seconds`: how long the request may take once the Blender is ready. `progress` is called on this thread.
        Raises BackgroundStartError, BackgroundSlowError, BackgroundEndedError, BackgroundStoppedError, or what the
        handler raised: a kind of TrellisError.
        """
        with self._turn:
            process = self._ready()
            try:
                return process.ask(name, request, seconds, progress)
            except (BackgroundEndedError, BackgroundSlowError, BackgroundStartError):
                process.end()
                if self._is_stopped:
                    raise BackgroundStoppedError(STOPPED) from None
                raise
            finally:
                self._rest()

    def start_task(self, name: str, request: Mapping[str, Any], *, seconds: float) -> Task:
        """Send the request as `ask` does, but on a thread of its own. Returns the answer to come at once."""
        answer, ask = Task(), partial(self.ask, name, request, seconds=seconds)
        threading.Thread(target=_fulfil, args=(answer, ask), daemon=True, name="trellis-task").start()
        return answer

    def stop(self) -> None:
        """End the process for good: `ask` raises BackgroundStoppedError from now on. Returns almost at once."""
        with self._lock:
            self._is_stopped = True
            process = self._process
            self._idle.cancel()
        if process is not None:
            process.end()

    @property
    def process_id(self) -> int | None:
        """Return the id of the running process, None if there is none."""
        process = self._process
        return process.id if process is not None and process.is_alive else None

    def _ready(self) -> _Process:
        with self._lock:
            if self._is_stopped:
                raise BackgroundStoppedError(STOPPED)
            self._idle.cancel()
            if self._process is None or not self._process.is_alive:
                self._process = _Process(self._launch)
            return self._process

    def _rest(self) -> None:
        with self._lock:
            if not self._is_stopped:
                self._idle = self._idle_timer()
                self._idle.start()

    def _idle_timer(self) -> threading.Timer:
        timer = threading.Timer(IDLE_SECONDS, self._end_idle)
        timer.daemon = True
        return timer

    def _end_idle(self) -> None:
        if self._turn.acquire(blocking=False):  # else it is at work
            try:
                if self._process is not None:
                    self._process.end()
            finally:
                self._turn.release()


def _fulfil(answer: Task, ask: Callable[[], Result]) -> None:
    try:
        answer.set_result(ask())
    except Exception as error:  # noqa: BLE001 - an answer must come
        answer.set_exception(explained(error, action="", remedy=Remedy.NONE))  # `ask` tells the system's errors itself


class _Process:
    """One process, from its start to its end. Call `ask` on one thread at a time, `end` on any thread."""

    def __init__(self, launch: Launch) -> None:
        self._count, self._is_ready = 0, False
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="trellis_"))
        except OSError as error:
            raise _no_start(error.strerror or str(error)) from error
        self._printed = self._folder / "printed.txt"
        try:
            self._popen = self._start(launch)
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise _no_start(error.strerror or str(error)) from error
        self.id = self._popen.pid
        self._job = memory.bind_to_this_process(getattr(self._popen, "_handle", None), launch.memory_maximum)
        self._listener = threading.Thread(target=self._listen, daemon=True, name="trellis-background")
        self._listener.start()

    @property
    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def ask(self, name: str, request: Mapping[str, Any], seconds: float, progress: Progress) -> Result:
        if not self._is_ready:
            self._next(time.monotonic() + START_SECONDS, _no_start("it did not answer"))  # says that it is ready
            self._is_ready = True
        self._count += 1
        asked = {"number": self._count, "do": name, "seconds": seconds, "request": request}
        self._send(json.dumps(asked))
        end = time.monotonic() + seconds
        while True:
            answer = self._next(end, BackgroundSlowError(SLOW))
            if answer["number"] != self._count:
                continue  # belongs to a request that nobody waits for any more
            if "progress" in answer:
                progress(float(answer["progress"]))
                continue
            if answer["is_last"]:
                self.end()
            if "error" in answer:
                raise _as_raised(*answer["error"])
            result: Result = answer["result"]
            return result

    def end(self) -> None:
        """Kill the process. Waits a moment for the system to close its files."""
        self._popen.kill()
        if threading.current_thread() is not self._listener:
            self._listener.join(STOP_SECONDS)

    def _start(self, launch: Launch) -> subprocess.Popen[bytes]:
        own = str(self._folder) if launch.has_own_folders else ""
        own_folders = dict.fromkeys(("BLENDER_USER_RESOURCES", "TMPDIR", "TEMP", "TMP"), own)
        options = {"own_folder": own, "runs_scripts": launch.runs_scripts, "memory_maximum": launch.memory_maximum}
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        with self._printed.open("wb") as printed:
            return subprocess.Popen(  # nosec B603 # this Blender, with a program of ours
                [*launch.command, json.dumps(options)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=printed,
                env={**launch.environment, **(own_folders if own else {})},
                creationflags=flags,
            )

    def _send(self, line: str) -> None:
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(line.encode("ascii") + b"\n")
            self._popen.stdin.flush()
        except OSError as error:  # the process has just ended
            raise BackgroundEndedError(ENDED) from error

    def _next(self, end: float, late: TrellisError) -> dict[str, Any]:
        """Return the next answer. Raises `late` at `end` (monotonic clock), BackgroundError if the process ends."""
        try:
            line = self._lines.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            raise late from None
        if line is None:
            raise BackgroundEndedError(ENDED) if self._is_ready else _no_start("it ended at once")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _listen(self) -> None:
        """Read its answers until it ends, then clean up. Runs on its own thread."""
        assert self._popen.stdout is not None
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            for line in self._popen.stdout:
                # Any other line is Blender's greeting, or cut short.
                if line.startswith((b'{"ready"', b'{"number"')) and line.endswith(b"\n"):
                    self._lines.put(line.decode("ascii"))
        status = self._popen.wait()
        self._popen.stdout.close()
        with contextlib.suppress(OSError):  # closing fails if the process left input unread
            self._popen.stdin.close()
        if status > 0:  # neither killed by us nor a normal end
            _log.info("a background Blender ended with status %s: %s", status, self._last_words())
        memory.let_go(self._job)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lines.put(None)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return self._printed.read_bytes()[-LAST_WORDS:].decode("utf-8", "replace")
        return ""


def _no_start(reason: str) -> BackgroundStartError:
    return BackgroundStartError(Text(NO_START, reason=reason))


def _as_raised(kind: str, sentence: Any, remedy: str, trace: str) -> TrellisError:
    """Return the error that the program raised, of the same class if that class takes a sentence alone."""
    if trace:
        _log.error("in a background Blender: %s", trace)
    known = getattr(errors, kind, TrellisError)
    is_plain = isinstance(known, type) and issubclass(known, TrellisError) and known.__init__ is TrellisError.__init__
    return (known if is_plain else TrellisError)(unpacked(sentence), remedy=Remedy(remedy))
