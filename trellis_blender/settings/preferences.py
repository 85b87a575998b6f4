# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences and the key's file behind two of them, the account, and whether Blender may go online."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, cast

import bpy

from .. import __package__ as base_package
from ..core.errors import AccountError, OnlineAccessError, Remedy, StorageError, Text, TrellisError
from ..core.request.presets import CONCURRENCY
from ..host.translation import translated
from . import Fields, props

if TYPE_CHECKING:
    from ..core.places import LastLook
    from ..core.request.account import Account
    from ..core.request.key_file import KeyFile
    from ..core.runner.messages import ConnectionChecked

KEEP = (
    ("FOREVER", "Forever", "Keep every job until it is removed by hand"),
    ("365", "One Year", "Remove a job a year after it ended"),
    ("90", "90 Days", "Remove a job 90 days after it ended"),
    ("30", "30 Days", "Remove a job 30 days after it ended"),
)
# The dialog that asks for the account uses these too.
TOOLTIPS = {
    "api_secret": "Secret that belongs to the key; Scenario shows it once, when the key is made",  # nosec B105 # a tooltip
    "project_id": "Scenario project that jobs are charged to; leave it empty to use the key's own",
}
KEY_VARIABLE = "SCENARIO_SDK_API_KEY"
SECRET_VARIABLE = "SCENARIO_SDK_API_SECRET"  # nosec B105 # a variable's name
STORED = ("api_key", "api_secret")  # what Blender itself stored up to version 0.1

# What the room of the jobs does when another folder was chosen. Set while the add-on is registered, like an `update`.
_folder_chosen: list[Callable[[], None]] = []


def when_folder_chosen(action: Callable[[], None] | None) -> None:
    """Call this whenever another jobs folder was chosen, or is to be looked at; None: call nothing any more."""
    _folder_chosen[:] = [] if action is None else [action]


def look_at_folder() -> None:
    """Have the room of the jobs look at the jobs folder."""
    for action in _folder_chosen:
        action()


class Page(SimpleNamespace):
    """Facts that the preferences show but do not store. No dataclass: making one takes half a millisecond at start.

    `answer`: the result of the last connection test, None before a test and after the account has changed.
    `is_untested`: a key was entered while Blender may not go online, so it is tested once it may.
    `sizes`: the sizes of the jobs' folders in bytes, by the jobs' ids; None until they are known.
    `folder`: the chosen folder for jobs, as it was last seen. `is_moving`: jobs move to it, or wait to do so.
    `objection`: why a folder was not taken.
    """

    answer: ConnectionChecked | None
    is_untested: bool
    sizes: dict[str, int] | None
    is_moving: bool
    objection: str

    def __init__(self) -> None:
        super().__init__(answer=None, is_untested=False, sizes=None, is_moving=False, objection="")

    @cached_property
    def folder(self) -> LastLook:
        """The jobs folder as it was last seen."""
        from ..core.places import LastLook
        from . import jobs_folder

        return LastLook(jobs_folder.data_folder())

    def add_sizes(self, sizes: Mapping[str, int]) -> None:
        """Take in the sizes of the folders that were measured now."""
        self.sizes = {} if self.sizes is None else self.sizes
        self.sizes.update(sizes)

    def forget(self, job_id: str) -> None:
        """Forget the size of a job that was removed."""
        if self.sizes is not None:
            self.sizes.pop(job_id, None)


def _choose_folder(_owner: Any, path: str) -> None:
    from . import jobs_folder

    page = TRELLIS2_AP_preferences.page
    try:
        is_another = jobs_folder.choose(path)
    except TrellisError as error:
        page.objection = error.sentence
        return
    page.objection = ""
    page.folder.take(jobs_folder.look())
    if is_another:
        look_at_folder()


@cache
def key_file() -> KeyFile:
    """Return the file that holds key and secret."""
    from ..core.places import data_folder
    from ..core.request.key_file import FILE, KeyFile

    return KeyFile(data_folder(sys.platform, os.environ, Path.home()) / FILE)


def _in_key_file(half: Literal["key", "secret"]) -> dict[str, Callable[..., Any]]:
    """Return the functions that make a Blender property of one half of the file. Blender then stores nothing itself."""

    def read(_owner: Any) -> str:
        file = key_file()
        file.refresh()
        return str(getattr(file, half))

    def write(_owner: Any, value: str) -> None:
        file = key_file()
        file.refresh()
        with contextlib.suppress(StorageError):  # the preferences show it; a property cannot report it to a script
            file.keep(**{"key": file.key, "secret": file.secret, half: value})

    return {"get": read, "set": write}


class TRELLIS2_AP_preferences(Fields, bpy.types.AddonPreferences):
    """What does not belong to a file: it is kept with the user's preferences, never in a .blend."""

    bl_idname = base_package
    # On the class, since Blender passes nothing of ours to `draw`. The jobs' state, a room above, fills it.
    page = Page()

    api_key: str = props.StringProperty(
        name="API Key",
        description="Key of your Scenario project, from its settings under API Keys",
        subtype="PASSWORD",
        **_in_key_file("key"),
    )
    api_secret: str = props.StringProperty(
        name="API Secret",
        description=TOOLTIPS["api_secret"],
        subtype="PASSWORD",
        **_in_key_file("secret"),
    )
    project_id: str = props.StringProperty(name="Project ID", description=TOOLTIPS["project_id"])
    api_address: str = props.StringProperty(
        name="API Address", description="Address of the API; leave it empty to use Scenario's own"
    )
    keep_normals: bool = props.BoolProperty(
        name="Keep the File's Normals",
        description=(
            "Store the file's normals, in the form that follows edits, rather than smooth shading and sharp edges;"
            " with half a million faces Blender freezes for 0.3 to 1.3 s, where they differ per corner 1.3 to 5.6 s"
        ),
    )
    keep_seams: bool = props.BoolProperty(
        name="Keep Seams Split",
        description=(
            "Import models as they are in the file, with vertices split at UV seams;"
            " this keeps the file's normals too, and freezes Blender as long"
        ),
    )
    # Kept beside the jobs, not by Blender, which forgets it when the add-on is uninstalled.
    jobs_folder: str = props.StringProperty(
        name="Jobs Folder",
        description=(
            "Folder where all jobs and their models are kept, for every version of Blender; uninstalling the add-on"
            " leaves it alone. All jobs move to the folder that you choose; leave it empty for the usual folder"
        ),
        subtype="DIR_PATH",
        get=lambda _owner: TRELLIS2_AP_preferences.page.folder.seen().chosen,
        set=_choose_folder,
    )
    keep_jobs: str = props.EnumProperty(
        name="Keep Jobs",
        description="How long jobs stay in the list, with their files; a model never imported is always kept",
        items=KEEP,
    )
    use_placeholders: bool = props.BoolProperty(
        name="Show Placeholders",
        description="Let a box stand where a model will stand, from the click on until the model takes its place",
        default=True,
    )
    mark_as_asset: bool = props.BoolProperty(
        name="Mark as Asset",
        description="Mark every model as an asset when it comes into the scene, in the catalog Trellis",
    )
    asset_author: str = props.StringProperty(
        name="Asset Author", description="Author that assets are marked with; leave it empty for none"
    )
    price_limit: float = props.FloatProperty(
        name="Ask Above",
        description="Price in compute units (CU) above which Generate asks first; with 0 it never asks",
        min=0,
        soft_max=1000,
        precision=2,
    )
    cu_price: float = props.FloatProperty(
        name="Price of One CU",
        description=(
            "What a compute unit (CU) of Scenario costs you: the price of your plan, divided by its units;"
            " with it, prices are shown in money too"
        ),
        min=0,
        soft_max=1,
        precision=4,
    )
    currency: str = props.StringProperty(
        name="Currency", description="Sign or name of the currency of that price", default="$"
    )
    largest_download: int = props.IntProperty(
        name="Largest Download",
        description="Size in megabytes above which a model is not downloaded",
        default=1024,
        min=16,
        max=4096,
    )
    batch_concurrency: int = props.IntProperty(
        name="Models at a Time",
        description="How many models of batches are made at the same time; the other pictures wait on disk",
        default=CONCURRENCY,
        min=1,
        soft_max=16,
        max=100,
    )

    def draw(self, _context: bpy.types.Context) -> None:
        from ..host.version import WEBSITE

        layout: Any = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        _draw_account(layout, self)
        _draw_section(layout, self, "Costs", "price_limit", "cu_price", "currency")
        _draw_section(layout, self, "Placement", "use_placeholders", "keep_normals", "keep_seams")
        _draw_section(layout, self, "Batch", "batch_concurrency")
        _draw_section(layout, self, "History")
        _draw_history(layout, self)
        _draw_section(layout, self, "Assets", "mark_as_asset")
        layout.prop(self, "asset_author", placeholder="Optional")
        layout.separator()
        links = layout.row()
        links.operator("wm.url_open", text="Documentation", icon="HELP").url = f"{WEBSITE}#readme"
        links.operator("wm.url_open", text="Report a Problem", icon="URL").url = f"{WEBSITE}/issues"


def _draw_account(layout: Any, owner: Any) -> None:
    """Draw key and address, where the key is, or what is wrong with its file, and the result of the last test."""
    from ..core.request.account import DEFAULT_ADDRESS, TEAM_PAGE

    heading = layout.row()
    heading.label(text="Account")
    heading.operator("wm.url_open", text="Get a Key", icon="URL").url = TEAM_PAGE
    draw_key(layout, owner)
    file = key_file()
    file.refresh()
    if file.trouble:
        layout.label(text=translated(file.trouble), icon="ERROR")
    if file.key or file.secret:
        layout.label(text=translated(Text("Only you can read {path}", path=file.path)), icon="LOCKED")
    layout.prop(owner, "project_id", placeholder="Optional")
    layout.prop(owner, "api_address", placeholder=DEFAULT_ADDRESS)
    draw_online_access(layout)
    row = layout.row()
    row.operator("trellis2.test_connection", icon="LINKED")
    if file.key or file.secret:
        row.operator("trellis2.forget_key", text="Forget Key...", icon="TRASH")
    answer = TRELLIS2_AP_preferences.page.answer
    if answer is not None:
        layout.label(text=translated(answer.sentence), icon=answer_icon(answer))


def _draw_history(layout: Any, owner: Any) -> None:
    """Draw where jobs are kept, for how long, and how much they take up."""
    from . import jobs_folder

    page = TRELLIS2_AP_preferences.page
    if page.folder.is_due:
        look_at_folder()
    layout.prop(owner, "jobs_folder", placeholder=str(jobs_folder.usual()))
    if page.objection:
        layout.label(text=translated(page.objection), icon="ERROR")
    elif page.is_moving:
        layout.label(text="The jobs move there as soon as none is at work", icon="SORTTIME")
    elif page.folder.seen().missing:
        layout.label(text="That folder is not there. New jobs are kept in the usual one meanwhile", icon="ERROR")
    layout.prop(owner, "keep_jobs")
    layout.prop(owner, "largest_download", text="Largest Download (MB)")
    row = layout.row()
    row.operator("trellis2.open_jobs_folder", icon="FILE_FOLDER")
    row.operator("trellis2.clean_up", text="Clean Up Jobs...", icon="TRASH")
    if page.sizes is not None:
        kept = sum(page.sizes.values()) / 1e6
        layout.label(text=translated(Text("All jobs take up {size} MB", size=f"{kept:,.0f}")))


def _draw_section(layout: Any, owner: Any, heading: str, *names: str) -> None:
    layout.separator()
    layout.label(text=heading)
    for name in names:
        layout.prop(owner, name)


def draw_key(layout: Any, owner: Any) -> None:
    """Draw the owner's key and secret, or the name of the environment variable that replaces each."""
    for name, variable in (("api_key", KEY_VARIABLE), ("api_secret", SECRET_VARIABLE)):
        if is_from_environment(variable):
            label = TRELLIS2_AP_preferences.bl_rna.properties[name].name
            layout.label(
                text=translated(Text("{label} is taken from {variable}", label=label, variable=variable)), icon="INFO"
            )
        else:
            layout.prop(owner, name)


def draw_online_access(layout: Any) -> None:
    """Draw Blender's own switch for online access if it is off."""
    assert bpy.context.preferences is not None
    if not bpy.app.online_access and not bpy.app.online_access_override:
        layout.prop(bpy.context.preferences.system, "use_online_access")


def keep_days() -> float | None:
    """Return how many days to keep a job after it has ended, None: for ever."""
    kept = values().keep_jobs
    return None if kept == "FOREVER" else float(kept)


def model_bytes() -> int:
    """Return how many bytes a model may have to be downloaded."""
    return values().largest_download * 1024**2


def answer_icon(answer: ConnectionChecked) -> Literal["CHECKMARK", "INFO", "ERROR"]:
    """Return the icon for the result of a connection test."""
    if not answer.is_well:
        return "ERROR"
    return "CHECKMARK" if answer.remedy is Remedy.NONE else "INFO"


def is_from_environment(variable: str) -> bool:
    """Return whether this environment variable replaces a preference."""
    return bool(os.environ.get(variable))


def key_and_secret(owner: Any) -> tuple[str, str]:
    """Return key and secret, each empty if missing. The environment takes precedence over the owner's properties."""
    key, secret = os.environ.get(KEY_VARIABLE) or owner.api_key, os.environ.get(SECRET_VARIABLE) or owner.api_secret
    return key.strip(), secret.strip()


def take_over_key() -> None:
    """Move a key that Blender itself stores to the key's file, so that its next save is without it.

    Up to version 0.1 the preferences held the key. A start of Blender waits for this, so it does nothing else.
    """
    kept: Any = preferences()
    # From Blender 5.0 on the values that it stores are in a group of their own.
    stored = kept.bl_system_properties_get() if hasattr(kept, "bl_system_properties_get") else kept
    if not stored or not any(name in stored for name in STORED):
        return
    values = [str(stored.get(name, "")) for name in STORED]
    if any(values):
        try:
            key_file().take_over(*values)
        except StorageError:
            return  # the preferences show it; the next start tries again
        key_file().is_moved = True
    for name in STORED:
        stored.pop(name, None)
    assert bpy.context.preferences is not None
    bpy.context.preferences.is_dirty = True  # otherwise Blender would keep the old ones when it quits


def preferences() -> TRELLIS2_AP_preferences | None:
    """Return the preferences, None if Blender keeps none, as with --factory-startup."""
    assert bpy.context.preferences is not None
    addon: Any = bpy.context.preferences.addons.get(base_package)
    return cast(TRELLIS2_AP_preferences, addon.preferences) if addon is not None else None


def values() -> TRELLIS2_AP_preferences:
    """Return the preferences, or what stands for them if Blender keeps none: their defaults."""
    kept: Any = preferences()
    if kept is None:
        specs: Any = TRELLIS2_AP_preferences.bl_rna.properties
        kept = SimpleNamespace(**{name: specs[name].default for name in TRELLIS2_AP_preferences.__annotations__})
    return cast(TRELLIS2_AP_preferences, kept)


def money(cost: float) -> tuple[str, str]:
    """Return what so many compute units cost, as a number and its currency: “0.36” and “€”.

    The number is empty if the artist has not entered what a unit costs, the currency if none was entered.
    """
    kept = values()
    if not kept.cu_price:
        return "", ""
    amount = cost * kept.cu_price
    decimals = 0 if amount >= 100 else 2 if amount >= 0.1 else 4
    return f"{amount:,.{decimals}f}", kept.currency.strip()


def account() -> Account:
    """Return the account to use. Raises AccountError that names the missing part, or an address that is of no use."""
    from ..core.request.account import Account

    kept = values()
    return Account.checked(*key_and_secret(kept), kept.project_id, kept.api_address)


def online_account() -> Account:
    """Return the account if Blender may go online with it. Raises AccountError or OnlineAccessError."""
    usable = account()
    check_online(usable)
    return usable


def check_online(usable: Account) -> None:
    """Raise OnlineAccessError unless Blender may go online with this account.

    Blender's rule for extensions: no connection without `bpy.app.online_access`. Loopback never leaves the computer.
    """
    from ..core.request.account import is_loopback

    if bpy.app.online_access or is_loopback(usable.address):
        return
    if bpy.app.online_access_override:
        raise OnlineAccessError("Online access is off. Launch Blender without --offline-mode.", remedy=Remedy.NONE)
    raise OnlineAccessError("Online access is off. Allow it in Preferences > System > Network.")


def problem() -> AccountError | OnlineAccessError | None:
    """Return the error that keeps the add-on from going online, None if there is none."""
    try:
        online_account()
    except (AccountError, OnlineAccessError) as error:
        return error
    return None
