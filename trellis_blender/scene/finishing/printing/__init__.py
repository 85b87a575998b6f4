# SPDX-License-Identifier: GPL-3.0-or-later
"""Print Ready: a solid copy in millimetres with a flat bottom, checked, weighed and written as a file for slicers.

`program` makes it in the background Blender. `ends` says which models can be printed, and puts the copy into the scene.
"""
