# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's settings.

`preferences.py` holds the account and what applies to every file.
`stored_key.py` keeps key and secret in a file instead of Blender's preferences.
`jobs_folder.py` says where the jobs are kept.
`scene.py` holds the settings for the next model, kept with the scene.
`presets.py` compares a scene's settings with the presets.
"""
