"""``scripts/bench.py import`` measures, in processes of its own, what it says: tried on a model of 2,000 faces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import pytest

import environments
from benchmarks import click_runs, finish_runs, import_runs, startup_runs, startup_table
from tests.blender import comparing

NAMES = {"object", "stall", "main", "wait"}


@pytest.fixture(scope="module")
def glb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small GLB as the bench makes them, in a folder whose name is no plain one."""
    return made(tmp_path_factory.mktemp("Maß nehmen"), "area")


def made(folder: Path, normals: str) -> Path:
    """A small GLB with those normals."""
    path = folder / f"{normals}.glb"
    import_runs.make_glb(2000, 64, path, normals)
    return path


def ended(runs: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A process of the bench that has ended, with its output."""
    command = [sys.executable, "-m", f"benchmarks.{runs}", *arguments]
    variables = {**os.environ, "PYTHONPATH": str(environments.ROOT / "scripts")}
    return subprocess.run(
        command, capture_output=True, check=False, encoding="utf-8", errors="replace", timeout=240, env=variables
    )


def run(*arguments: str, answer: Path) -> Any:
    """What a process of the bench answers."""
    result = ended("import_runs", *arguments, str(answer))
    assert result.returncode == 0, result.stderr
    return json.loads(answer.read_text(encoding="utf-8"))


def test_both_ways_are_measured_as_often_as_asked_for(glb: Path, tmp_path: Path) -> None:
    found = run("alternate", str(glb), "2", answer=tmp_path / "answer.json")
    assert set(found) == {"ours", "importer"}
    for runs in found.values():
        assert len(runs) == 2
        for one in runs:
            assert set(one) == NAMES | {"undo", "decode"}
            assert 0 < one["stall"] <= one["main"] + one["wait"] <= one["object"] + 1e-6


def test_the_importer_stalls_for_as_long_as_it_takes_and_ours_does_not(glb: Path, tmp_path: Path) -> None:
    found = run("alternate", str(glb), "1", answer=tmp_path / "answer.json")
    theirs, ours = found["importer"][0], found["ours"][0]
    assert theirs["stall"] == theirs["main"] == theirs["object"]
    assert ours["stall"] < ours["object"]  # the rest is waiting for the worker and for the session's tick


@pytest.mark.parametrize("way", ["ours", "importer"])
def test_a_first_run_comes_with_its_peak_of_memory(glb: Path, tmp_path: Path, way: str) -> None:
    found = run("fresh", way, str(glb), answer=tmp_path / "answer.json")
    assert set(found) == NAMES | {"peak"}
    assert glb.stat().st_size < found["peak"] < 100e6


def test_the_three_kinds_of_normals_are_what_they_are_called(tmp_path: Path, addon: Any) -> None:
    meshes = {name: comparing.read(made(tmp_path, name)).mesh for name in ("area", "none", "corner")}
    assert (meshes["area"].sharp_edges, meshes["area"].sharp_faces) == (None, None)
    assert meshes["none"].sharp_faces is not None
    assert meshes["corner"].sharp_edges.mean() > 0.5


def test_an_import_that_leaves_nothing_behind_is_no_result(glb: Path, tmp_path: Path) -> None:
    broken = tmp_path / "model.glb"
    broken.write_bytes(glb.read_bytes()[:-1])
    result = ended("import_runs", "fresh", "ours", str(broken), str(tmp_path / "answer.json"))
    assert result.returncode != 0
    assert not (tmp_path / "answer.json").exists()


def test_a_click_is_measured_with_every_picture(tmp_path: Path, addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click_runs, "enabled", lambda: addon.package)
    monkeypatch.setattr(click_runs, "RENDERS", ((192, 128),))
    monkeypatch.setattr(click_runs, "SIDES", (64,))
    found = click_runs.main(2)
    assert set(found) == {"render, 192 × 128", "open image, 64 × 64", "TIFF file, 64 × 64"}
    for one in found.values():
        assert min(one.values()) > 0
    assert found["open image, 64 × 64"]["whole"] > found["open image, 64 × 64"]["click"]


def test_the_benchs_model_is_of_the_size_that_was_asked_for(glb: Path) -> None:
    bpy.ops.import_scene.gltf(filepath=str(glb))
    mesh: Any = next(iter(bpy.data.meshes))
    assert len(mesh.polygons) == pytest.approx(2000, rel=0.02)


def test_the_check_and_every_step_are_measured_and_what_changes_a_faulty_model_on_one_too(
    tmp_path: Path, addon: Any
) -> None:
    answer = tmp_path / "answer.json"
    result = ended("finish_runs", "3000", "1", str(answer))
    assert result.returncode == 0, result.stderr
    found = json.loads(answer.read_text(encoding="utf-8"))
    measured = [(each["step"], each["kind"]) for each in found]
    assert measured == [(step, kind) for step, kinds, _settings in finish_runs.STEPS for kind in kinds]
    for (one,) in (each["runs"] for each in found):
        assert set(one) == {"check", "import", "begin", "step", "end"}
        assert all(seconds > 0 for seconds in one.values())


def test_finding_a_models_place_is_measured_and_it_is_found(glb: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    result = ended("finish_runs", "align", str(glb), "1", str(answer))
    assert result.returncode == 0, result.stderr
    (one,) = json.loads(answer.read_text(encoding="utf-8"))
    assert set(one) == {"align", "import", "overlap"}
    assert one["overlap"] > 0.9
    assert min(one.values()) > 0


def test_a_start_is_measured_each_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup_runs, "JOBS", 3)
    startup_runs.prepare(tmp_path)
    assert len(list(tmp_path.glob(f"{startup_table.HISTORY}/**/job.json"))) == 3
    found = {}
    for way in startup_table.WAYS:
        result = ended("startup_runs", way, str(tmp_path), str(tmp_path / "answer.json"))
        assert result.returncode == 0, result.stderr
        found[way] = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert set(found.pop(startup_table.EMPTY)) == {"enabled"}
    for one in found.values():
        assert set(one) == set(startup_table.STAGES)
        assert min(one.values()) > 0
