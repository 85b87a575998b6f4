"""The emulator as a program of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

import environments
from emulator import Service
from tests.emulator.caller import Client, download, draw_picture
from tests.emulator.test_subject import box
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "win32":
    # Windows can interrupt a program only if it leads a group of its own.
    OWN_GROUP, INTERRUPT = subprocess.CREATE_NEW_PROCESS_GROUP, signal.CTRL_BREAK_EVENT
else:
    OWN_GROUP, INTERRUPT = 0, signal.SIGINT

PROGRAM = Path(__file__).parents[2] / "scripts" / "emulator"


@contextlib.contextmanager
def started(*arguments: str, python: str = sys.executable) -> Iterator[subprocess.Popen[str]]:
    """Yield the running program; it is gone afterwards even if a check has failed meanwhile."""
    with subprocess.Popen(
        [python, str(PROGRAM), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        creationflags=OWN_GROUP,
        env=environments.clean_variables() | {"PYTHONUTF8": "1"},
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def read_until(program: subprocess.Popen[str], wanted: str) -> str:
    assert program.stdout is not None
    text = ""
    for line in program.stdout:
        text += line
        if wanted in line:
            break
    return text


def test_it_says_where_it_is_serves_there_and_ends_on_an_interrupt() -> None:
    with started("--key", "some-key", "--secret", "some-secret") as program:
        said = read_until(program, "Ctrl-C")
        address = re.search(r"API Address\s+(http://127\.0\.0\.1:\d+/v1)", said)
        assert address is not None, said
        assert [line.split() for line in said.splitlines() if re.match(r"  \d", line)] == [
            ["1.", "API", "Address", address[1]],
            ["2.", "API", "Key", "some-key"],
            ["3.", "API", "Secret", "some-secret"],
        ]
        assert "Preferences" in said
        assert "reliefs" in said
        url = address[1] + "/models/model_trellis-2"
        assert requests.get(url, auth=("some-key", "some-secret"), timeout=PATIENCE).status_code == 200
        program.send_signal(INTERRUPT)
        out, error = program.communicate(timeout=PATIENCE)
    assert (program.returncode, error) == (0, "")
    assert "'model': 1" in out


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with started("--port", port) as program:
            _, error = program.communicate(timeout=PATIENCE)
    assert program.returncode == 2
    assert f"Cannot listen on port {port}" in error


@pytest.mark.parametrize(("content", "why"), [(None, "No such file"), (b"no model", "no GLB of one mesh")])
def test_a_model_that_cannot_be_returned_is_told(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "Käfer.glb"
    if content is not None:
        file.write_bytes(content)
    with started("--model", str(file)) as program:
        _, error = program.communicate(timeout=PATIENCE)
    assert program.returncode == 2
    assert f"{file} cannot be used: " in error
    assert why in error


def test_a_model_that_is_named_comes_back_for_every_picture(tmp_path: Path) -> None:
    file = tmp_path / "box.glb"
    file.write_bytes(box())
    with started("--model", str(file), "--seconds-per-job", "0.1") as program:
        said = read_until(program, "Ctrl-C")
        address = re.search(r"API Address\s+(\S+)", said)
        assert address is not None, said
        assert "all like box.glb" in said
        glb = download(Client(address[1], "emulator-key", "emulator-secret").generate(draw_picture())).content
    assert b"from the geometry that it was given" in glb


def plain_python() -> str:
    """Return the Python that the running environment was made with, which has none of its libraries."""
    name = "python.exe" if sys.platform == "win32" else f"bin/python{environments.running_python()}"
    return str(Path(sys.base_prefix, name))


def run_with(change: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end after a change to `environments`, of which a plain Python may have no other form."""
    source = (
        "import runpy, sys\n"
        "program, sys.argv = sys.argv[1], sys.argv[1:]\n"
        f"sys.path.insert(0, {str(PROGRAM.parent)!r})\n"
        "import environments\n"
        f"{change}\n"
        "runpy.run_path(program, run_name='__main__')\n"
    )
    command = [plain_python(), "-c", source, str(PROGRAM), *arguments]
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        encoding="utf-8",
        env=environments.clean_variables(),
        timeout=PATIENCE,
    )


def test_a_python_without_libraries_makes_an_environment_and_makes_models_in_it() -> None:
    has_none = [plain_python(), "-c", "import trimesh"]
    assert subprocess.run(has_none, check=False, capture_output=True, env=environments.clean_variables()).returncode
    with started("--seconds-per-job", "0.1", python=plain_python()) as program:
        said = read_until(program, "Ctrl-C")
        address = re.search(r"API Address\s+(\S+)", said)
        assert address is not None, said + program.communicate(timeout=PATIENCE)[1]
        caller = Client(address[1], "emulator-key", "emulator-secret")
        assert download(caller.generate(draw_picture())).content[:4] == b"glTF"
        program.send_signal(INTERRUPT)
        program.communicate(timeout=PATIENCE)
    assert program.returncode == 0


def test_an_environment_that_cannot_be_made_is_told() -> None:
    fails = "def environment(*_): raise environments.EnvironmentNotBuiltError('There is no room left.')"
    program = run_with(f"{fails}\nenvironments.environment = environment")
    assert (program.returncode, program.stderr) == (1, "There is no room left.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--flaws", "no_normals", "nan_normal"], "cannot be wrong"), (["--job-key", "ident"], "invalid choice")],
)
def test_an_option_that_makes_no_sense_is_told(arguments: list[str], said: str) -> None:
    with started(*arguments) as program:
        _, error = program.communicate(timeout=PATIENCE)
    assert (program.returncode, said in error) == (2, True)


def test_each_setting_of_the_service_is_an_option() -> None:
    with started("--help") as program:
        said, _ = program.communicate(timeout=PATIENCE)
    for field in dataclasses.fields(Service):
        assert f"--{field.name.replace('_', '-')}" in said


def test_the_options_reach_the_service() -> None:
    options = [
        "--cancels",
        "--names-files",
        "--replaced-by",
        "model_other",
        "--flaws",
        "all",
        "--seconds-per-job",
        "0.1",
    ]
    with started(*options) as program:
        said = read_until(program, "Ctrl-C")
        address = re.search(r"API Address\s+(\S+)", said)
        assert address is not None, said
        caller = Client(address[1], "emulator-key", "emulator-secret")
        assert caller.get("/models/model_trellis-2").json()["model"]["tags"] == ["deprecated:model_other"]
        job_id = caller.submit(caller.upload(draw_picture()))
        assert caller.post(f"/jobs/{job_id}/action", {"action": "cancel"}).status_code == 200
        url = caller.generate(draw_picture())
    assert url.split("?")[0].endswith(".glb")
