"""The Flamenco job type, compiled in V8 as its manager does in goja, against Flamenco's documented interface.

The interface is that of Flamenco 3 (its handbook, "Job Types", and `AvailableJobSetting` in its OpenAPI document).
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from py_mini_racer import JSEvalException, MiniRacer

from tests.core.farm.conftest import FARM
from trellis_blender.command import parser
from trellis_blender.core.request.presets import CONCURRENCY, PRESET, PRESETS

JOB_TYPE = FARM / "trellis2.flamenco.js"
# What the manager gives to a job type: it makes tasks and commands, and takes what it is told.
MANAGER = """
const author = {
    Task: (name, type) => ({ name, type, commands: [], dependencies: [],
        addCommand(command) { this.commands.push(command); },
        addDependency(task) { this.dependencies.push(task.name); } }),
    Command: (name, parameters) => ({ name, parameters }),
};
function compiled(settings) {
    const tasks = [];
    compileJob({ name: "job", settings, addTask: (task) => tasks.push(task) });
    return JSON.stringify(tasks);
}
"""
FIELDS = {"key", "type", "subtype", "choices", "propargs", "description", "default", "eval", "evalInfo", "visible"} | {
    "required",
    "editable",
}
TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "int32": int, "float": (int, float), "bool": bool}
SUBTYPES = {"file_path", "dir_path", "file_name", "hashed_file_path"}
TASK_TYPES = {"blender", "ffmpeg", "file-management", "misc"}
GIVEN: dict[str, Any] = {
    "pictures": "/mnt/Bilder für alle",
    "models": "/mnt/models",
    "count": 60,
    "max_cost": 500.5,
    "pictures_per_task": 25,
    "concurrency": 8,
    "preset": "high",
}


@pytest.fixture
def manager() -> MiniRacer:
    """Return a manager that has read the job type."""
    js = MiniRacer()
    js.eval(MANAGER)
    js.eval(JOB_TYPE.read_text(encoding="utf-8"))
    return js


def settings(js: MiniRacer) -> list[dict[str, Any]]:
    """The settings of the job type."""
    kind = json.loads(str(js.eval("JSON.stringify(JOB_TYPE)")))
    assert kind.keys() == {"label", "description", "settings"}
    return list(kind["settings"])


def compiled(js: MiniRacer, **changes: Any) -> list[dict[str, Any]]:
    """The tasks of a job with these settings."""
    return list(json.loads(str(js.eval(f"compiled({json.dumps({**GIVEN, **changes})})"))))


def test_every_setting_is_one_that_flamenco_knows(manager: MiniRacer) -> None:
    found = settings(manager)
    assert [each["key"] for each in found] == list(GIVEN)
    for each in found:
        assert each.keys() <= FIELDS, each
        assert each["key"].isidentifier()
        assert each.get("subtype", "dir_path") in SUBTYPES
        assert "choices" not in each or each["type"] == "string"
        assert each.get("propargs", {}).keys() <= {"min", "max"}
        assert each["description"]
        assert isinstance(GIVEN[each["key"]], TYPES[each["type"]])
        assert each.get("required") or isinstance(each["default"], TYPES[each["type"]])
        assert each.get("default", "") in each.get("choices", [each.get("default", "")])


def test_the_defaults_and_choices_are_the_panels(manager: MiniRacer) -> None:
    by_key = {each["key"]: each for each in settings(manager)}
    assert by_key["preset"]["choices"] == [name.lower() for name in PRESETS]
    assert (by_key["preset"]["default"], by_key["concurrency"]["default"]) == (PRESET.lower(), CONCURRENCY)


def test_each_task_is_our_command_on_a_slice_and_the_slices_hold_every_picture_once(manager: MiniRacer) -> None:
    tasks, numbers = compiled(manager), []
    for task in tasks:
        (command,) = task["commands"]
        assert (task["type"] in TASK_TYPES, task["dependencies"]) == (True, [])
        assert (command["name"], command["parameters"].keys()) == ("exec", {"exe", "args"})
        assert command["parameters"]["exe"] == "{blender}"
        before, after = command["parameters"]["args"][:3], command["parameters"]["args"][3:]
        assert before == ["--online-mode", "--command", "trellis2"]
        options = parser.make("trellis2").parse_args(after)
        numbers += list(options.slice)
        assert (options.pictures, options.output) == ([GIVEN["pictures"]], GIVEN["models"])
        assert (options.preset, options.concurrency, options.max_cost) == ("high", 8, 500.5)
    assert [task["name"] for task in tasks] == ["pictures 1-25", "pictures 26-50", "pictures 51-60"]
    assert numbers == list(range(60))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("pictures", ""), ("models", ""), ("count", 0), ("max_cost", 0), ("pictures_per_task", 0), ("concurrency", 0)],
)
def test_a_setting_that_makes_no_sense_refuses_the_job_as_a_whole(
    manager: MiniRacer, setting: str, value: object
) -> None:
    with pytest.raises(JSEvalException, match=r"Choose the folder|at least 1|cost at most"):
        compiled(manager, **{setting: value})
