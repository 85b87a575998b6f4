# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's texts in the artist's language.

`translation.py` gives Blender our dictionaries and translates the texts that Blender does not.
`sentences.py` recognizes a finished sentence by its pattern, so that it can be translated.
`fr.json` and `ja.json` are the dictionaries.
"""
