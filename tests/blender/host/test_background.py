"""The background Blender: really started, asked one thing after another, bounded, and stopped whatever it meets."""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy
import pytest

from tests.blender import child
from tests.blender.child import is_running, wait_until
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

# A program for the tests: its file is named when a background Blender is started with it.
PROGRAM = '''
import ctypes, os, sys, time
from pathlib import Path
from trellis_core.errors import PictureError, Remedy
from trellis_host.shown import overheard
import bpy

count = 0

def tell(request, progress):
    """How it was started, and how often it was asked."""
    global count
    count += 1
    preferences = bpy.context.preferences
    return {
        "count": count, "process": os.getpid(), "environment": dict(os.environ), "given": request,
        "is_online": bpy.app.online_access, "runs_scripts": preferences.filepaths.use_scripts_auto_execute,
        "nice": os.nice(0) if hasattr(os, "nice") else 10,
    }

def climb(request, progress):
    print("Blender says something on its standard output", flush=True)
    for step in range(1, 5):
        progress(step / 4)
    return {}

def complain(request, progress):
    with overheard() as said:
        ctypes.CDLL(None).puts(b"a library's complaint")
        os.write(2, b"libpng error: Read Error\\n")
    with overheard() as again:
        pass
    return {"said": said[0], "again": again[0]}

def quiet(request, progress):
    with overheard() as said:
        pass
    return {"said": said[0]}

def refuse(request, progress):
    raise PictureError(request["sentence"], remedy=Remedy.RENDER)

def fail(request, progress):
    raise KeyError("a mistake")

def fill(request, progress):
    return {"length": len(bytes(request["bytes"]))}

def hang(request, progress):
    Path(request["file"]).write_text(str(os.getpid()))
    time.sleep(60)

def crash(request, progress):
    os.abort()

def open_file(request, progress):
    bpy.ops.wm.open_mainfile(filepath=request["file"])
    return {"has_run": "ran_in_background" in bpy.app.driver_namespace}

HANDLERS = {name: value for name, value in dict(globals()).items() if callable(value)}
'''


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program's file, in a folder whose name needs care."""
    path = tmp_path / "Programme für Blender" / "program.py"
    path.parent.mkdir()
    path.write_text(PROGRAM, encoding="utf-8")
    return path


@pytest.fixture
def background(addon: Any, program: Path) -> Iterator[Any]:
    """A background Blender with that program, which has not been asked anything yet."""
    made = addon.process.Background(addon.start.launch(program, memory_maximum=4 * 2**30))
    yield made
    made.stop()


def test_one_process_serves_many_requests_in_a_row(background: Any) -> None:
    told = [background.ask("tell", {"file": f"Stühle {n}.png"}, seconds=PATIENCE) for n in range(3)]
    assert [answer["count"] for answer in told] == [1, 2, 3]
    assert {answer["process"] for answer in told} == {background.process_id}
    assert [answer["given"]["file"] for answer in told] == ["Stühle 0.png", "Stühle 1.png", "Stühle 2.png"]


def test_a_name_that_is_no_text_arrives(background: Any) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    assert background.ask("tell", {"file": name}, seconds=PATIENCE)["given"]["file"] == name


def test_progress_is_heard_as_it_comes_whatever_blender_prints(background: Any) -> None:
    heard: list[float] = []
    background.ask("climb", {}, seconds=PATIENCE, progress=heard.append)
    assert heard == [0.25, 0.5, 0.75, 1.0]


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next_one(background: Any) -> None:
    def leave(_fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        background.ask("climb", {}, seconds=PATIENCE, progress=leave)
    assert background.ask("tell", {}, seconds=PATIENCE)["count"] == 1


def test_the_program_can_read_what_libraries_complain_of(background: Any) -> None:
    assert background.ask("quiet", {}, seconds=PATIENCE)["said"] == "", "Blender's greeting is no complaint"
    background.ask("climb", {}, seconds=PATIENCE)
    answer = background.ask("complain", {}, seconds=PATIENCE)
    assert sorted(answer["said"].split("\n")) == ["", "a library's complaint", "libpng error: Read Error"]
    assert answer["again"] == ""


def test_it_gives_way_to_the_artist_and_is_given_no_keys_and_no_add_ons(
    addon: Any, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "a secret")
    monkeypatch.setenv("BLENDER_USER_SCRIPTS", "the artist's scripts")
    background = addon.process.Background(addon.start.launch(program))
    told = background.ask("tell", {}, seconds=PATIENCE)
    background.stop()
    given = told["environment"]
    assert told["nice"] >= 10
    assert not {"a secret", "the artist's scripts"} & set(given.values())
    assert given["BLENDER_USER_RESOURCES"] == given["TMPDIR"]
    assert not Path(given["TMPDIR"]).exists(), "its own folder was left behind"


def test_with_the_artists_preferences_it_is_given_their_folders_but_no_keys(
    addon: Any, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", "a secret")
    monkeypatch.setenv("BLENDER_USER_CONFIG", "a folder")
    given = dict(addon.start.launch(program, uses_preferences=True).environment)
    assert "a secret" not in given.values()
    assert given["BLENDER_USER_CONFIG"] == "a folder"


@pytest.mark.parametrize(("is_artists", "artist_is_online", "is_online"), [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 0)])
def test_it_is_online_only_with_the_artists_preferences_and_where_the_artists_blender_is(
    addon: Any, program: Path, is_artists: int, artist_is_online: int, is_online: int
) -> None:
    system = bpy.context.preferences.system  # type: ignore[union-attr]  # there are preferences
    before, system.use_online_access = system.use_online_access, bool(artist_is_online)
    try:
        launch = addon.start.launch(program, uses_preferences=bool(is_artists))
        real = commands_of_a_real_blender(addon, program, uses_preferences=bool(is_artists))
    finally:
        system.use_online_access = before
    assert ("--offline-mode" in real) == (not is_online)
    if not is_online:
        background = addon.process.Background(launch)
        assert not background.ask("tell", {}, seconds=PATIENCE)["is_online"]
        background.stop()


def commands_of_a_real_blender(addon: Any, program: Path, **given: Any) -> tuple[str, ...]:
    """What would start Blender itself, where the tests have it as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addon.start, "blender_path", lambda: "blender")
        return tuple(addon.start.launch(program, **given).command)


def file_with_a_script(folder: Path) -> Path:
    """A file with a text that runs when the file is opened, wherever scripts may run."""
    text: Any = bpy.data.texts.new("script.py")
    text.from_string("import bpy\nbpy.app.driver_namespace['ran_in_background'] = True\n")
    text.use_module = True
    file = folder / "scripted.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file), copy=True)
    return file


@pytest.mark.parametrize("may_run", [True, False])
@pytest.mark.parametrize("uses_preferences", [True, False])
def test_scripts_of_a_file_run_only_where_the_artist_lets_them(
    addon: Any, program: Path, tmp_path: Path, may_run: bool, uses_preferences: bool
) -> None:
    paths = bpy.context.preferences.filepaths  # type: ignore[union-attr]  # there are preferences
    before, paths.use_scripts_auto_execute = paths.use_scripts_auto_execute, may_run
    try:
        launch = addon.start.launch(program, uses_preferences=uses_preferences)
        real = commands_of_a_real_blender(addon, program, uses_preferences=uses_preferences)
    finally:
        paths.use_scripts_auto_execute = before
    allowed = may_run and uses_preferences
    assert ("--enable-autoexec" in real, "--disable-autoexec" in real) == (allowed, not allowed)
    background = addon.process.Background(launch)
    answer = background.ask("open_file", {"file": str(file_with_a_script(tmp_path))}, seconds=PATIENCE)
    background.stop()
    assert answer["has_run"] == allowed


def test_scripts_that_were_blocked_here_do_not_run_there_either(addon: Any, program: Path, tmp_path: Path) -> None:
    file = file_with_a_script(tmp_path)
    paths = bpy.context.preferences.filepaths  # type: ignore[union-attr]  # there are preferences
    before, paths.use_scripts_auto_execute = paths.use_scripts_auto_execute, True
    try:
        bpy.ops.wm.open_mainfile(filepath=str(file), use_scripts=False)
        blocked = addon.start.launch(program, uses_preferences=True)
        bpy.ops.wm.open_mainfile(filepath=str(file), use_scripts=True)
        allowed = addon.start.launch(program, uses_preferences=True)
    finally:
        paths.use_scripts_auto_execute = before
    assert (blocked.runs_scripts, allowed.runs_scripts) == (False, True)


def test_an_error_arrives_as_it_was_raised_and_the_process_goes_on(background: Any, addon: Any) -> None:
    with pytest.raises(addon.errors.PictureError) as told:
        background.ask("refuse", {"sentence": "Es geht nicht – wähle ein anderes."}, seconds=PATIENCE)
    assert told.value.sentence == "Es geht nicht – wähle ein anderes."
    assert told.value.remedy is addon.errors.Remedy.RENDER
    assert background.ask("tell", {}, seconds=PATIENCE)["count"] == 1


@pytest.mark.unexpected
def test_a_mistake_of_ours_ends_in_a_sentence_and_the_next_request_is_served(
    background: Any, addon: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(addon.errors.TrellisError, match=r"Something unexpected happened \(KeyError\)"):
        background.ask("fail", {}, seconds=PATIENCE)
    assert "KeyError: 'a mistake'" in caplog.text
    assert background.ask("tell", {}, seconds=PATIENCE)["count"] == 1


def test_one_that_wants_more_memory_than_it_may_have_is_told_so_and_the_next_is_served(
    background: Any, addon: Any
) -> None:
    with pytest.raises(addon.errors.TrellisError, match="not enough memory"):
        background.ask("fill", {"bytes": 5 * 2**30}, seconds=PATIENCE)
    assert background.ask("fill", {"bytes": 2**20}, seconds=PATIENCE) == {"length": 2**20}


def test_one_that_takes_too_long_is_ended_and_the_next_is_served(background: Any, addon: Any, tmp_path: Path) -> None:
    mark = tmp_path / "hanging"
    with pytest.raises(addon.errors.BackgroundSlowError, match="took too long"):
        background.ask("hang", {"file": str(mark)}, seconds=0.5)
    assert not is_running(int(mark.read_text(encoding="utf-8")))
    assert background.ask("tell", {}, seconds=PATIENCE)["count"] == 1


def test_one_that_crashes_ends_in_a_sentence_and_the_next_is_served(background: Any, addon: Any) -> None:
    with pytest.raises(addon.errors.BackgroundEndedError, match="ended unexpectedly"):
        background.ask("crash", {}, seconds=PATIENCE)
    assert background.ask("tell", {}, seconds=PATIENCE)["count"] == 1


def test_one_that_cannot_be_started_says_so(addon: Any, program: Path) -> None:
    real = addon.start.launch(program)
    for command in (("no such program",), (sys.executable, "-c", "raise SystemExit(1)")):
        background = addon.process.Background(addon.process.Launch(command, real.environment))
        with pytest.raises(addon.errors.BackgroundStartError, match=r"could not be started: .*\. Restart Blender"):
            background.ask("tell", {}, seconds=PATIENCE)


def test_stopping_ends_it_at_once_and_for_good(background: Any, addon: Any, tmp_path: Path) -> None:
    mark = tmp_path / "hanging"
    task = background.start_task("hang", {"file": str(mark)}, seconds=60)
    wait_until(lambda: mark.exists() and mark.read_text(encoding="utf-8"))
    assert not task.done()
    begun = time.monotonic()
    background.stop()
    assert time.monotonic() - begun < 2
    wait_until(task.done)
    assert not is_running(int(mark.read_text(encoding="utf-8")))
    for ask in (task.result, lambda: background.ask("tell", {}, seconds=PATIENCE)):
        with pytest.raises(addon.errors.BackgroundStoppedError):
            ask()


def test_a_task_does_not_wait_and_has_the_result_when_it_is_done(background: Any) -> None:
    task = background.start_task("climb", {}, seconds=PATIENCE)
    wait_until(task.done)
    assert task.result() == {}


@pytest.mark.unexpected
def test_a_task_in_which_we_made_a_mistake_is_no_trouble_with_the_disk(
    background: Any, addon: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def err(*_given: Any, **_options: Any) -> None:
        raise OSError("nobody thought of this")

    monkeypatch.setattr(background, "ask", err)
    with pytest.raises(addon.errors.TrellisError, match=r"\(OSError\)"):
        background.start_task("tell", {}, seconds=PATIENCE).result(PATIENCE)
    assert "nobody thought of this" in caplog.text


def test_without_requests_it_ends_and_starts_again_for_the_next(
    addon: Any, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.process, "IDLE_SECONDS", 0.05)
    background = addon.process.Background(addon.start.launch(program))
    first = background.ask("tell", {}, seconds=PATIENCE)["process"]
    wait_until(lambda: background.process_id is None)
    assert not is_running(first)
    assert background.ask("tell", {}, seconds=PATIENCE)["count"] == 1
    background.stop()


def test_requests_of_several_threads_are_served_one_at_a_time(background: Any) -> None:
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(background.ask("tell", {}, seconds=PATIENCE)["count"]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [1, 2, 3, 4]


@pytest.mark.parametrize("leave", ["sys.exit()", "os._exit(0)"])
def test_it_ends_with_the_blender_that_started_it_however_that_ends(tmp_path: Path, program: Path, leave: str) -> None:
    mark = tmp_path / "hanging"
    script = f"""
import os
enable()
background = addon.process.Background(addon.start.launch(addon.start.Path({str(program)!r})))
background.start_task("hang", {{"file": {str(mark)!r}}}, seconds=60)
while not os.path.exists({str(mark)!r}) or not open({str(mark)!r}).read():
    time.sleep(0.01)
print("leaving", flush=True)
{leave}
"""
    ending = child.run(tmp_path, script)
    assert (ending.status, "leaving" in ending.output) == (0, True), ending.output
    process = int(mark.read_text(encoding="utf-8"))
    wait_until(lambda: not is_running(process))


def test_it_ends_by_itself_what_nobody_ends_who_asked(
    addon: Any, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, now = tmp_path / "hanging", itertools.count(0.0, -PATIENCE)
    # The one who asks has no sense of time: it waits on, though the request should take no second.
    monkeypatch.setattr(addon.process, "time", SimpleNamespace(monotonic=lambda: next(now)))
    background = addon.process.Background(addon.start.launch(program))
    with pytest.raises(addon.errors.BackgroundEndedError):
        background.ask("hang", {"file": str(mark)}, seconds=-4.9)
    assert mark.exists()
    background.stop()


def test_a_texture_that_blender_cannot_read_leaves_the_outline_to_align_by(addon: Any, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import runpy
from types import SimpleNamespace

texture_of = runpy.run_path({str(addon.model_client.PROGRAM)!r})["_texture"]

def look(request, progress):
    model = SimpleNamespace(images=[SimpleNamespace(data=b"no picture")])
    return {{"texture": texture_of(model, 0)}}

HANDLERS = {{"look": look}}
""",
        encoding="utf-8",
    )
    background = addon.process.Background(addon.start.launch(program))
    try:
        assert background.ask("look", {}, seconds=PATIENCE) == {"texture": None}
    finally:
        background.stop()
