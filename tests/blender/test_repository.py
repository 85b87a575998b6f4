"""Blender's own client installs the extension from our repository, and updates it: jobs and key are still there."""

from __future__ import annotations

import json
from pathlib import Path

from emulator import Emulator
from tests.blender import child
from tests.blender.pictures import picture_file
from tests.repository import VERSION, version_after

# Installs the current version, makes a model, and updates to the next version, as Blender's buttons do it.
SCRIPT = """
import importlib, json, os, pathlib
sys.path.append(str(pathlib.Path({scripts!r})))
import tests.addon as named
from tests.repository import VERSION, Repository, version_after

def facts():
    preferences = bpy.context.preferences.addons[named.ADDON].preferences
    tick_until(lambda: addon.session.running().is_loaded)
    return {{
        "version": importlib.import_module(named.ADDON + ".host.version").VERSION,
        "jobs": [[job.name, job.stage.value, job.remote_id] for job in addon.session.jobs().values()],
        "key": [preferences.api_key, preferences.api_secret, preferences.api_address],
        "meshes": len(bpy.data.meshes),
    }}

blender = ".".join(map(str, bpy.app.version))
with Repository(pathlib.Path({folder!r}), blender) as site:
    site.publish(VERSION)
    addon_utils.enable("bl_pkg")
    preferences = bpy.context.preferences
    preferences.system.use_online_access = True
    for repository in preferences.extensions.repos:
        repository.enabled = not repository.use_remote_url
    bpy.ops.preferences.extension_repo_add(type="REMOTE", remote_url=site.url + "/index.json")
    addresses = [each.remote_url for each in preferences.extensions.repos]
    index = addresses.index(site.url + "/index.json")
    repository = preferences.extensions.repos[index]
    named.ADDON = ADDON = f"bl_ext.{{repository.module}}.trellis_blender"

    bpy.ops.extensions.repo_sync_all()
    place = repository.directory
    bpy.ops.extensions.package_install(repo_directory=place, pkg_id="trellis_blender", enable_on_install=True)
    connect({address!r})
    addon.session.start()
    assert bpy.ops.trellis2.generate_image(filepath={picture!r}, wait=True) == {{"FINISHED"}}
    print("before", json.dumps(facts()))

    site.publish(version_after(VERSION))
    bpy.ops.extensions.repo_sync_all()
    bpy.ops.extensions.package_upgrade_all()
    addon.session.start()
    print("after", json.dumps(facts()))
    addon_utils.disable(ADDON, default_set=True)
# Blender 4.2 as a Python module crashes at its end once an add-on's files were loaded a second time, as an update does:
# it gives back classes to a Python that is no more. A window does not (tests/gui/test_repository.py).
sys.stdout.flush()
os._exit(0)
"""


def test_an_update_from_the_repository_keeps_jobs_models_and_key(tmp_path: Path) -> None:
    with Emulator(key="test-key", secret="test-secret", job_seconds=0.1) as emulator:
        script = SCRIPT.format(
            scripts=str(child.REPOSITORY / "scripts"),
            folder=str(tmp_path / "Größe und Länge"),
            address=emulator.url,
            picture=str(picture_file(tmp_path)),
        )
        ended = child.run(tmp_path, script, is_installed=False)
        assert ended.status == 0, ended.output
        told = dict(line.split(" ", 1) for line in ended.output.splitlines() if line.startswith(("before ", "after ")))
        before, after = json.loads(told["before"]), json.loads(told["after"])
        assert emulator.paid == 1
    assert len(before["jobs"]) == 1
    assert before["jobs"][0][1] == "imported"
    assert (before.pop("version"), after.pop("version")) == (VERSION, version_after(VERSION))
    assert before == after
