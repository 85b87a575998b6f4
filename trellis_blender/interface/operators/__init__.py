# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators: what the buttons and menu entries do.

`base` holds what all Generate buttons share.
`sources` generates from one picture, with an operator per source.
`drop` takes files that are dropped or chosen in the file browser.
`presets` sets many parameters at once.
`preview` renews a preview, and makes renders transparent.
`jobs` acts on a job of the list.
`variations` keeps one of several models and removes the others.
`textures` shows the textures in the viewport.
`assets` puts a model into the Asset Browser, or makes it lighter.
`clean_up` removes many jobs at once.
`account` takes and tests the API key.
"""
