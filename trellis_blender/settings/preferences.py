# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences, the account to use, and whether Blender may go online."""

import os
from collections.abc import Callable
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, cast

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from .. import __package__ as base_package
from ..core.errors import AccountError, OnlineAccessError, Remedy, Text, TrellisError
from ..core.request.presets import CONCURRENCY
from ..host.translation.translation import translated
from . import stored_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..core.places import LastLook
    from ..core.request.account import Account
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

    answer: "ConnectionChecked | None"
    is_untested: bool
    sizes: dict[str, int] | None
    is_moving: bool
    objection: str

    def __init__(self) -> None:
        super().__init__(answer=None, is_untested=False, sizes=None, is_moving=False, objection="")

    @cached_property
    def folder(self) -> "LastLook":
        """The jobs folder as it was last seen."""
        from ..core.places import LastLook
        from . import jobs_folder

        return LastLook(jobs_folder.data_folder())

    def add_sizes(self, sizes: "Mapping[str, int]") -> None:
        """Take in the sizes of the folders that were measured now."""
        self.sizes = {} if self.sizes is None else self.sizes
        self.sizes.update(sizes)

    def forget(self, job_id: str) -> None:
        """Forget the size of a job that was removed."""
        if self.sizes is not None:
            self.sizes.pop(job_id, None)


def _chosen_folder(_owner: Any) -> str:
    return TRELLIS2_AP_preferences.page.folder.seen().chosen


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


class TRELLIS2_AP_preferences(bpy.types.AddonPreferences):
    """What does not belong to a file: it is kept with the user's preferences, never in a .blend."""

    bl_idname = base_package
    # On the class, since Blender passes nothing of ours to `draw`. The jobs' state, a room above, fills it.
    page = Page()

    if TYPE_CHECKING:
        api_key: str
        api_secret: str
        project_id: str
        api_address: str
        keep_normals: bool
        keep_seams: bool
        jobs_folder: str
        keep_jobs: str
        use_placeholders: bool
        mark_as_asset: bool
        asset_author: str
        price_limit: float
        cu_price: float
        currency: str
        largest_download: int
        batch_concurrency: int
    else:
        api_key: StringProperty(
            name="API Key",
            description="Key of your Scenario project, from its settings under API Keys",
            subtype="PASSWORD",
            **stored_key.as_property("key"),
        )
        api_secret: StringProperty(
            name="API Secret",
            description=TOOLTIPS["api_secret"],
            subtype="PASSWORD",
            **stored_key.as_property("secret"),
        )
        project_id: StringProperty(
            name="Project ID",
            description=TOOLTIPS["project_id"],
        )
        api_address: StringProperty(
            name="API Address",
            description="Address of the API; leave it empty to use Scenario's own",
        )
        keep_normals: BoolProperty(
            name="Keep the File's Normals",
            description=(
                "Store the file's normals, in the form that follows edits, rather than smooth shading and sharp edges;"
                " with half a million faces Blender freezes for 0.3 to 1.3 s, where they differ per corner 1.3 to 5.6 s"
            ),
            default=False,
        )
        keep_seams: BoolProperty(
            name="Keep Seams Split",
            description=(
                "Import models as they are in the file, with vertices split at UV seams;"
                " this keeps the file's normals too, and freezes Blender as long"
            ),
            default=False,
        )
        # Kept beside the jobs, not by Blender, which forgets it when the add-on is uninstalled.
        jobs_folder: StringProperty(
            name="Jobs Folder",
            description=(
                "Folder where all jobs and their models are kept, for every version of Blender; uninstalling the add-on"
                " leaves it alone. All jobs move to the folder that you choose; leave it empty for the usual folder"
            ),
            subtype="DIR_PATH",
            get=_chosen_folder,
            set=_choose_folder,
        )
        keep_jobs: EnumProperty(
            name="Keep Jobs",
            description="How long jobs stay in the list, with their files; a model never imported is always kept",
            items=KEEP,
        )
        use_placeholders: BoolProperty(
            name="Show Placeholders",
            description="Let a box stand where a model will stand, from the click on until the model takes its place",
            default=True,
        )
        mark_as_asset: BoolProperty(
            name="Mark as Asset",
            description="Mark every model as an asset when it comes into the scene, in the catalog Trellis",
            default=False,
        )
        asset_author: StringProperty(
            name="Asset Author", description="Author that assets are marked with; leave it empty for none"
        )
        price_limit: FloatProperty(
            name="Ask Above",
            description="Price in compute units (CU) above which Generate asks first; with 0 it never asks",
            default=0,
            min=0,
            soft_max=1000,
            precision=2,
        )
        cu_price: FloatProperty(
            name="Price of One CU",
            description=(
                "What a compute unit (CU) of Scenario costs you: the price of your plan, divided by its units;"
                " with it, prices are shown in money too"
            ),
            default=0,
            min=0,
            soft_max=1,
            precision=4,
        )
        currency: StringProperty(
            name="Currency",
            description="Sign or name of the currency of that price",
            default="$",
        )
        largest_download: IntProperty(
            name="Largest Download",
            description="Size in megabytes above which a model is not downloaded",
            default=1024,
            min=16,
            max=4096,
        )
        batch_concurrency: IntProperty(
            name="Models at a Time",
            description="How many models of batches are made at the same time; the other pictures wait on disk",
            default=CONCURRENCY,
            min=1,
            soft_max=16,
            max=100,
        )

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the preferences under their headings."""
        layout = self.layout
        assert layout is not None
        layout.use_property_split = True
        layout.use_property_decorate = False
        _draw_account(layout, self)
        _draw_heading(layout, "Costs")
        for name in ("price_limit", "cu_price", "currency"):
            layout.prop(self, name)
        _draw_heading(layout, "Placement")
        layout.prop(self, "use_placeholders")
        layout.prop(self, "keep_normals")
        layout.prop(self, "keep_seams")
        _draw_heading(layout, "Batch")
        layout.prop(self, "batch_concurrency")
        _draw_heading(layout, "History")
        _draw_history(layout, self)
        _draw_heading(layout, "Assets")
        layout.prop(self, "mark_as_asset")
        layout.prop(self, "asset_author", placeholder="Optional")
        _draw_links(layout)


def _draw_account(layout: Any, owner: Any) -> None:
    """Draw key and address, and the result of their last test."""
    from ..core.request.account import DEFAULT_ADDRESS, TEAM_PAGE

    heading = layout.row()
    heading.label(text="Account")
    heading.operator("wm.url_open", text="Get a Key", icon="URL").url = TEAM_PAGE
    draw_key(layout, owner)
    draw_key_file(layout)
    layout.prop(owner, "project_id", placeholder="Optional")
    layout.prop(owner, "api_address", placeholder=DEFAULT_ADDRESS)
    draw_online_access(layout)
    row = layout.row()
    row.operator("trellis2.test_connection", icon="LINKED")
    if stored_key.key_file().key or stored_key.key_file().secret:
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


def _draw_heading(layout: Any, text: str) -> None:
    layout.separator()
    layout.label(text=text)


def _draw_links(layout: Any) -> None:
    from ..host.version import WEBSITE

    layout.separator()
    row = layout.row()
    row.operator("wm.url_open", text="Documentation", icon="HELP").url = f"{WEBSITE}#readme"
    row.operator("wm.url_open", text="Report a Problem", icon="URL").url = f"{WEBSITE}/issues"


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


def draw_key_file(layout: Any) -> None:
    """Draw where the key is, or what is wrong with its file."""
    file = stored_key.key_file()
    file.refresh()
    if file.trouble:
        layout.label(text=translated(file.trouble), icon="ERROR")
    if file.key or file.secret:
        layout.label(text=translated(Text("Only you can read {path}", path=file.path)), icon="LOCKED")


def draw_online_access(layout: Any) -> None:
    """Draw Blender's own switch for online access if it is off."""
    assert bpy.context.preferences is not None
    if not bpy.app.online_access and not bpy.app.online_access_override:
        layout.prop(bpy.context.preferences.system, "use_online_access")


def use_placeholders() -> bool:
    """Return whether a placeholder shall stand where a model will."""
    kept = preferences()
    return kept is None or kept.use_placeholders


def keep_days() -> float | None:
    """Return how many days to keep a job after it has ended, None: for ever."""
    kept = preferences()
    return float(kept.keep_jobs) if kept is not None and kept.keep_jobs != "FOREVER" else None


def marks_assets() -> bool:
    """Return whether every new model is marked as an asset."""
    kept = preferences()
    return kept is not None and kept.mark_as_asset


def asset_author() -> str:
    """Return the author to write into assets, empty for none."""
    kept = preferences()
    return kept.asset_author if kept is not None else ""


def price_limit() -> float:
    """Return the price in compute units above which the artist wants to be asked, 0: never."""
    kept = preferences()
    return kept.price_limit if kept is not None else 0.0


def batch_concurrency() -> int:
    """Return how many models of batches may be made at the same time."""
    kept = preferences()
    return kept.batch_concurrency if kept is not None else CONCURRENCY


def model_bytes() -> int:
    """Return how many bytes a model may have to be downloaded."""
    from ..core.request.service import MODEL_BYTES_MAXIMUM

    kept = preferences()
    return kept.largest_download * 1024**2 if kept is not None else MODEL_BYTES_MAXIMUM


def answer_icon(answer: "ConnectionChecked") -> Literal["CHECKMARK", "INFO", "ERROR"]:
    """Return the icon for the result of a connection test."""
    if not answer.is_well:
        return "ERROR"
    return "CHECKMARK" if answer.remedy is Remedy.NONE else "INFO"


def is_from_environment(variable: str) -> bool:
    """Return whether this environment variable replaces a preference."""
    return bool(os.environ.get(variable))


def key_and_secret(owner: Any) -> tuple[str, str]:
    """Return key and secret, each empty if missing. The environment takes precedence over the owner's properties."""
    key = os.environ.get(KEY_VARIABLE) or (owner.api_key if owner else "")
    secret = os.environ.get(SECRET_VARIABLE) or (owner.api_secret if owner else "")
    return key.strip(), secret.strip()


def take_over_key() -> None:
    """Move a key that Blender's preferences still hold to the key's file."""
    kept = preferences()
    if kept is not None:
        stored_key.take_over(kept)


def is_account_missing() -> bool:
    """Return whether the key or its secret is missing."""
    return not all(key_and_secret(preferences()))


def preferences() -> TRELLIS2_AP_preferences | None:
    """Return the preferences, None if Blender keeps none, as with --factory-startup."""
    assert bpy.context.preferences is not None
    addon: Any = bpy.context.preferences.addons.get(base_package)
    return cast(TRELLIS2_AP_preferences, addon.preferences) if addon is not None else None


def money(cost: float) -> tuple[str, str]:
    """Return what so many compute units cost, as a number and its currency: “0.36” and “€”.

    The number is empty if the artist has not entered what a unit costs, the currency if none was entered.
    """
    kept = preferences()
    if kept is None or not kept.cu_price:
        return "", ""
    amount = cost * kept.cu_price
    decimals = 0 if amount >= 100 else 2 if amount >= 0.1 else 4
    return f"{amount:,.{decimals}f}", kept.currency.strip()


def address() -> str:
    """Return the API's base address. Raises AccountError if the one in the preferences cannot be used."""
    from ..core.request.account import check_address

    kept = preferences()
    return check_address(kept.api_address if kept else "")


def account() -> "Account":
    """Return the account to use. Raises AccountError that names the missing part."""
    from ..core.request.account import Account

    kept = preferences()
    return Account.checked(*key_and_secret(kept), kept.project_id if kept else "", address())


def online_account() -> "Account":
    """Return the account if Blender may go online with it. Raises AccountError or OnlineAccessError."""
    usable = account()
    check_online(usable)
    return usable


def check_online(usable: "Account") -> None:
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
