# SPDX-License-Identifier: GPL-3.0-or-later
"""Game Ready: a light copy of a model for a game engine, with textures baked from it, LODs and a collision hull.

`presets` is the table of presets. `names` says how each engine wants the meshes to be called. `ends` puts the result
into the scene. In the background Blender, `program` does the work: `shape` makes the light meshes, `unwrap` their UVs,
and `bake` the textures.
"""
