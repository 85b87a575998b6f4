# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's texts in the artist's language.

`translation.py` gives Blender our dictionaries and translates the texts that Blender does not.
`fr.json` and `ja.json` are the dictionaries.
"""
