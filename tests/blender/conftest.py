"""The add-on in a real Blender: installed as an extension, enabled once, with a fresh file for each test."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from build import stage
from emulator import Emulator, Service
from environments import own_folders
from tests.addon import ADDON, Addon
from tests.blender.warm import WarmBackgrounds
from tests.workshop import small_reliefs


def _let_bpy_go(modules: dict[str, ModuleType], collect: Callable[[], int]) -> None:
    """Empty the modules of the tests, and those of Blender's glTF exporter.

    A function that is kept somewhere, as by `parametrize`, keeps its module's `bpy`. If that outlives the interpreter,
    Blender 4.2 crashes at its end: it gives back the panels' Python classes to a Python that is no more. Once the
    exporter is imported that happens without any add-on, too.
    """
    prefixes = "tests.", "io_scene_gltf2.blender.exp"
    for module in [module for name, module in modules.items() if name.startswith(prefixes)]:
        vars(module).clear()
    collect()


def _install() -> Path:
    """Put the extension where Blender looks for installed ones, below a temporary folder, and return that."""
    resources = Path(tempfile.mkdtemp(prefix="trellis_blender "))
    # Registered before bpy is imported, and so called after Blender has unregistered the add-on.
    atexit.register(_let_bpy_go, sys.modules, gc.collect)
    atexit.register(shutil.rmtree, resources, ignore_errors=True)
    stage(resources / "extensions" / "user_default" / "trellis_blender")
    os.environ.update(own_folders(resources))
    return resources


# Blender reads the variable once, when it is imported; test modules import it while pytest collects them.
RESOURCES = _install()

import bpy  # noqa: E402 - see above

from tests.blender import noted  # noqa: E402 - see above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType


def _raise(error: Exception) -> None:
    raise error


def _preferences() -> Any:
    assert bpy.context.preferences is not None
    return bpy.context.preferences.addons[ADDON].preferences


@pytest.fixture(scope="session")
def addon() -> Iterator[Addon]:
    """The add-on's modules, enabled as an installed extension; disabled when the tests are over."""
    import addon_utils  # lies in a folder that only importing bpy makes known

    with pytest.MonkeyPatch.context() as patch:
        noted.note(patch)
        addon_utils.enable(ADDON, default_set=True, handle_error=_raise)
        yield Addon()
        # A timer, handler or thread left behind would crash Blender 4.2 at exit and hang 4.5.
        addon_utils.disable(ADDON, default_set=True, handle_error=_raise)


@pytest.fixture(autouse=True)
def fresh_file(addon: Addon) -> None:
    """Start every test in an empty file, with the add-on enabled."""
    # Not read_factory_settings: that one disables add-ons.
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert bpy.context.preferences is not None
    assert ADDON in bpy.context.preferences.addons, "the add-on did not survive loading a file"


@pytest.fixture(autouse=True, scope="session")
def models_are_small() -> Iterator[None]:
    """Let the emulators make small models. Whole ones are read in `scene/test_same_both_ways.py`."""
    with small_reliefs():
        yield


@pytest.fixture(scope="session")
def warm(addon: Addon) -> Iterator[WarmBackgrounds]:
    """The background Blenders that one test leaves to the next."""
    backgrounds = WarmBackgrounds()
    yield backgrounds
    backgrounds.stop()


@pytest.fixture(autouse=True)
def empty_session(addon: Addon, warm: WarmBackgrounds, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Start every test without jobs, with a runner that need not be waited for, and with warm background Blenders."""
    for client in (addon.preview_client, addon.model_client, addon.camera, addon.work):
        monkeypatch.setattr(client, "Background", warm.background)
    timing = addon.timing.Timing
    brisk = timing(poll_first=0.05, retry_first=0.05, held=0.2, listing_lag=0.4)
    runner = addon.session.Runner
    monkeypatch.setattr(addon.session, "Runner", lambda root, agent: runner(root, agent, brisk))
    yield
    addon.session.stop()
    addon.rows.show_jobs(())
    shutil.rmtree(addon.jobs_folder.data_folder(), ignore_errors=True)
    for folder in addon.jobs_folder.old_folders():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cold(addon: Addon, warm: WarmBackgrounds, empty_session: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test that looks for what is left behind have its background Blenders for itself, and none of others'."""
    warm.stop()
    for client in (addon.preview_client, addon.model_client, addon.camera, addon.work):
        monkeypatch.setattr(client, "Background", addon.process.Background)


@pytest.fixture(autouse=True)
def account(addon: Addon) -> None:
    """Start every test with an account, at an address where nobody answers, which the panel would ask for."""
    preferences = _preferences()
    preferences.api_key, preferences.api_secret, preferences.project_id = "test-key", "test-secret", ""
    preferences.api_address = "http://127.0.0.1:9/v1"


@pytest.fixture
def quick_prices(addon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the artist's hand rest after a moment."""
    monkeypatch.setattr(addon.prices, "REST_SECONDS", 0.02)


@pytest.fixture
def session(addon: Addon) -> Any:
    """The add-on's session module, through which a test ticks."""
    return addon.session


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """A running emulator of Scenario's API that has not been asked anything yet; a test may set its service."""
    service = getattr(request, "param", Service())
    with Emulator(key="test-key", secret="test-secret", job_seconds=0.1, service=service) as running:
        yield running


@pytest.fixture
def connected(emulator: Emulator) -> Iterator[Emulator]:
    """The emulator, with the add-on's preferences pointing at it and Blender allowed to go online."""
    assert bpy.context.preferences is not None
    system = bpy.context.preferences.system
    fields = {
        "api_key": "test-key",
        "api_secret": "test-secret",
        "api_address": emulator.url,
        "project_id": "",
    }
    preferences = _preferences()
    online = system.use_online_access
    before = {name: getattr(preferences, name) for name in fields}
    for name, value in fields.items():
        setattr(preferences, name, value)
    system.use_online_access = True
    yield emulator
    system.use_online_access = online
    preferences = _preferences()
    for name, value in before.items():
        setattr(preferences, name, value)
