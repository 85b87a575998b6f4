# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist sees and clicks.

`registration` is the one list of everything that Blender is told about, and the table of what it calls, and when.
`at_need` imports the other rooms at their first use, so that enabling the add-on stays fast.
`panels/` draws the sidebar's tab.
`preview_requests` finds the picture that the settings mean, and takes the requests of draw functions for previews.
`price_tag` puts the price on the button and asks before anything above the artist's limit.
`operators/` holds what the buttons do.
`batch/` starts and shows many pictures at once.
`menus` puts the operators into Blender's menus, and the running jobs into its status bar.
"""
