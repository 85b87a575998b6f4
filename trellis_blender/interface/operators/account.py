# SPDX-License-Identifier: GPL-3.0-or-later
"""The account: enter its key, test it, and open its preferences."""

from __future__ import annotations

from typing import Any

import bpy

from ... import __package__ as base_package
from ...core.errors import Text
from ...host.translation import translated
from ...settings import preferences, props
from ..at_need import accounts, session
from .base import Action, Asking, Result, can_act

# Blender asks this in its preferences, under Get Extensions (addons_core/bl_pkg/bl_extension_ui.py).
ONLINE_QUESTION = (
    "Scenario makes the models on the internet. Other extensions may then go online, too."
    " You can change this in Preferences > System."
)


class TRELLIS2_OT_enter_key(Action, bpy.types.Operator):
    """Enter the API key and secret from Scenario; they are kept in a file that only you can read, and tested at once"""

    bl_idname = "trellis2.enter_key"
    bl_label = "Enter Key"
    bl_options: Any = set()  # not REGISTER: that would write the key into the Info log

    api_key: str = props.StringProperty(
        name="API Key", description="Key from Scenario's page", subtype="PASSWORD", options={"SKIP_SAVE"}
    )
    api_secret: str = props.StringProperty(
        name="API Secret", description=preferences.TOOLTIPS["api_secret"], subtype="PASSWORD", options={"SKIP_SAVE"}
    )
    project_id: str = props.StringProperty(
        name="Project ID", description=preferences.TOOLTIPS["project_id"], options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return whether Blender keeps preferences for the add-on, and no environment variable overrides them."""
        key, secret = preferences.KEY_VARIABLE, preferences.SECRET_VARIABLE
        is_asked_for = not (preferences.is_from_environment(key) and preferences.is_from_environment(secret))
        taken = "Key and secret are taken from {key} and {secret}. Remove those variables first"
        return can_act(
            cls,
            preferences.preferences() is not None,
            otherwise="Blender keeps no preferences here. Enable the add-on in Preferences first",
        ) and can_act(cls, is_asked_for, otherwise=translated(Text(taken, key=key, secret=secret)))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Result:
        kept = preferences.preferences()
        self.project_id = kept.project_id if kept is not None else ""
        return self.ask(context, width=340)

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the fields, and Blender's switch for online access if that is off."""
        layout = self.draw_fields()
        preferences.draw_key(layout, self)
        layout.prop(self, "project_id", placeholder="Optional")
        preferences.draw_online_access(layout)

    def execute(self, context: bpy.types.Context) -> Result:
        """Save key and secret, test them in the background, and forget them here."""
        outcome = super().execute(context)
        self.api_key = self.api_secret = ""  # nosec B105 # forgets it
        return outcome

    def act(self, context: bpy.types.Context) -> None:
        kept = preferences.preferences()
        assert kept is not None
        assert context.preferences is not None
        account = accounts.Account.checked(*preferences.key_and_secret(self), self.project_id, kept.api_address)
        key, secret = self.api_key.strip(), self.api_secret.strip()
        # a field set from outside is not asked for
        preferences.key_file().keep(key or kept.api_key, secret or kept.api_secret)
        if account.project != kept.project_id:
            kept.project_id = account.project
            context.preferences.is_dirty = True  # otherwise Blender would not save it when it quits
        page = session.state().messages.page
        page.answer, page.is_untested = None, True
        session.test_entered_key()
        session.redraw()


class TRELLIS2_OT_forget_key(Asking, bpy.types.Operator):
    """Delete the API key and secret from this computer; enter them again to go on with the jobs"""

    bl_idname = "trellis2.forget_key"
    bl_label = yes = "Forget Key"

    def objection(self, _context: bpy.types.Context) -> str:
        return "Scenario shows a secret only once. Delete it here?"

    def act(self, _context: bpy.types.Context) -> None:
        preferences.key_file().forget()
        session.state().messages.page.answer = None
        session.redraw()


class TRELLIS2_OT_test_connection(Action, bpy.types.Operator):
    """Ask Scenario whether the account works; nothing is charged"""

    bl_idname = "trellis2.test_connection"
    bl_label = "Test Connection"

    def act(self, _context: bpy.types.Context) -> None:
        session.check_connection()


class TRELLIS2_OT_open_preferences(bpy.types.Operator):
    """Open the add-on's preferences, for the account"""

    bl_idname = "trellis2.open_preferences"
    bl_label = "Open Preferences"

    def execute(self, _context: bpy.types.Context) -> Result:
        if bpy.app.background:
            self.report({"ERROR"}, "There is no window to show the preferences in. Set the environment variables.")
            return {"CANCELLED"}
        bpy.ops.preferences.addon_show(module=base_package)
        return {"FINISHED"}


class TRELLIS2_OT_allow_online_access(Asking, bpy.types.Operator):
    """Allow Blender to access the internet; other extensions may then do so too"""

    bl_idname = "trellis2.allow_online_access"
    bl_label = yes = "Allow Online Access"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return whether Blender was started without an option that decides this."""
        is_free = not bpy.app.online_access_override
        return can_act(
            cls, is_free, otherwise="Blender was launched in offline mode, which cannot be changed at runtime"
        )

    def objection(self, _context: bpy.types.Context) -> str:
        """Ask what Blender asks before it goes online for the first time."""
        return ONLINE_QUESTION

    def act(self, context: bpy.types.Context) -> None:
        """Turn on Blender's own switch, and test a key that was entered before."""
        assert context.preferences is not None
        context.preferences.system.use_online_access = True
        session.test_entered_key()


class TRELLIS2_OT_open_network_preferences(bpy.types.Operator):
    """Open the preferences where online access is allowed"""

    bl_idname = "trellis2.open_network_preferences"
    bl_label = "Open Network Preferences"

    def execute(self, _context: bpy.types.Context) -> Result:
        if bpy.app.background:
            self.report({"ERROR"}, "There is no window to show the preferences in. Launch Blender with --online-mode.")
            return {"CANCELLED"}
        bpy.ops.screen.userpref_show(section="SYSTEM")
        return {"FINISHED"}
