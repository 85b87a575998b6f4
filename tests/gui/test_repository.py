# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own repository, in the artist's window: a dropped link installs the add-on, and Blender tells of an update."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator
from screens import Screen
from tests.addon import ADDON
from tests.gui.artist import Artist
from tests.gui.shots import Shots
from tests.gui.window import variables
from tests.repository import VERSION, Repository, version_after

# What is set before: no splash screen, online access, and Blender's own repository off, which cannot be reached here.
PREPARE = """
import bpy
preferences = bpy.context.preferences
preferences.view.show_splash = False
preferences.system.viewport_aa = 'OFF'
preferences.system.use_online_access = True
for repository in preferences.extensions.repos:
    repository.enabled = not repository.use_remote_url
bpy.ops.wm.save_userpref()
"""
REPOSITORIES = "bpy.context.preferences.extensions.repos"
ASKING = "__import__('bl_pkg.bl_extension_notify', fromlist=['']).update_in_progress()"
# Where “Check for Updates on Startup” is, seen from where the link was dropped.
TICK = (-90, -36)
A_DAY = 25 * 3600.0
EXTENSIONS = """
preferences = bpy.context.preferences
bpy.ops.screen.userpref_show()
preferences.active_section = 'EXTENSIONS'
"""
UPDATE = "bpy.ops.extensions.package_upgrade_all('INVOKE_DEFAULT')"


class Subscriber(Artist):
    """An artist whose add-on comes from a repository that was added by hand, under the name that Blender gave it."""

    ENABLED = (
        f"getattr(__import__('sys').modules.get({ADDON!r}), '__addon_enabled__', False)"
        f" and __import__('importlib').import_module('{ADDON}.host.version').VERSION"
    )
    repository = "user_default"

    def run(self, source: str) -> Any:
        """Run it with the add-on's name in that repository."""
        return super().run(source.replace(ADDON, ADDON.replace("user_default", self.repository)))

    def drops_link(self, link: str) -> None:
        """Drop a link on the window: what Blender does once the desktop has handed it over."""
        self.move_away()
        self.run(
            "view = Place.find('VIEW_3D', 'WINDOW')\n"
            "with context.temp_override(window=view.window, area=view.area, region=view.region):\n"
            f"    bpy.ops.extensions.package_install('INVOKE_DEFAULT', url={link!r})"
        )
        self.run("settled()")
        self.until(f"not {ASKING}")  # which it does first, whether the repository is known or not
        self.run("settled()")

    def subscribes(self, site: Repository, shots: Shots) -> None:
        """Say yes to the repository that the dropped link names, and tick that Blender shall look for updates."""
        x, y = self.run("[hand.x, hand.y]")
        self.press("RET")
        self.press("RET")  # the field with the address is done
        self.click_at(x + TICK[0], y + TICK[1])
        shots.keep("repository_asked_about", self.picture())
        self.press("RET")
        self.until(f"{REPOSITORIES}[-1].remote_url == {site.url + '/index.json'!r}")
        assert self.run(f"{REPOSITORIES}[-1].use_sync_on_startup")
        self.repository = str(self.run(f"{REPOSITORIES}[-1].module"))
        self.until(f"__import__('pathlib').Path({REPOSITORIES}[-1].directory, '.blender_ext', 'index.json').is_file()")

    def facts(self) -> dict[str, Any]:
        """What an update must leave as it is."""
        self.until(f"{self.SESSION}.running() and {self.SESSION}.running().is_loaded")
        return {
            "jobs": self.run(f"[[job.name, job.stage.value, job.remote_id] for job in {self.JOBS}]"),
            "key": self.run(f"[{self.PREFERENCES}.api_key, {self.PREFERENCES}.api_secret]"),
        }


@pytest.mark.parametrize("job_seconds", [5.0])  # so that the update comes while the second job runs
def test_an_artist_adds_the_repository_and_gets_an_update_that_keeps_jobs_and_key(
    blender: str, screen: Screen, emulator: Emulator, shots: Shots, tmp_path: Path
) -> None:
    folder = tmp_path / "Zoës Rechner"
    folder.mkdir()
    command = [blender, "--background", "--python-exit-code", "1", "--python-expr", PREPARE]
    subprocess.run(command, check=True, env=variables(folder), stdout=subprocess.DEVNULL, timeout=120)
    with Repository(tmp_path / "repository") as site:
        link = site.publish(VERSION)
        with Subscriber(blender, folder, screen, emulator) as artist:
            artist.drops_link(link)
            shots.keep("link_dropped", artist.picture())
            artist.subscribes(site, shots)
            artist.drops_link(link)
            shots.keep("link_dropped_again", artist.picture())
            artist.press("RET")
            artist.until(f"{artist.ENABLED} == {VERSION!r}")
            artist.has_account()
            artist.opens_the_tab()
            artist.generates_from_render()
            artist.waits_for("imported")
            artist.run("bpy.ops.wm.save_userpref()")
            shots.keep("installed", artist.picture())
            before, repository = artist.facts(), artist.repository
            artist.quits()
            assert artist.ended() == 0
        site.publish(version_after(VERSION))
        (listing,) = folder.rglob(".blender_ext/index.json")
        os.utime(listing, (listing.stat().st_mtime - A_DAY,) * 2)  # Blender asks once a day
        with Subscriber(blender, folder, screen, emulator) as artist:
            artist.repository = repository
            artist.until("bpy.context.window_manager.extensions_updates == 1")  # Blender has asked by itself
            assert artist.run(artist.ENABLED) == VERSION
            artist.opens_the_tab()
            artist.generates_from_render()
            artist.waits_for_call("submit")
            artist.run(EXTENSIONS)
            artist.until(f"not {ASKING}")
            shots.keep("update_offered", artist.picture())
            artist.run(UPDATE)
            artist.until(f"{artist.ENABLED} == {version_after(VERSION)!r}")
            artist.waits_for("imported")
            shots.keep("updated", artist.picture())
            after = artist.facts()
    assert (before["jobs"], before["key"]) == (after["jobs"][:1], after["key"])
    assert [stage for _name, stage, _id in after["jobs"]] == ["imported", "imported"]
    assert emulator.paid == 2
