# SPDX-License-Identifier: GPL-3.0-or-later
"""Game Ready: a light copy of a model for a game engine, with textures baked from it, LODs and a collision hull.

`presets` has the presets, and the names that each engine wants. `ends` puts the result into the scene. In the
background Blender, `program` does the work: `shape` makes the light meshes and their UVs, and `bake` the textures.
"""
