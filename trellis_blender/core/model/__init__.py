# SPDX-License-Identifier: GPL-3.0-or-later
"""From a GLB to arrays that Blender takes over. Only this room does geometry with numpy.

- `glb.py` opens the container: header, JSON with its fields, binary.
- `accessors.py` turns accessors into arrays.
- `materials.py` reads materials, textures and images.
- `parts.py` finds every primitive of the scene and places it.
- `weld.py` closes seams and makes edges.
- `normals.py` turns the file's normals into sharp edges.
- `arrays.py` defines the finished model: mesh, materials, images.
- `read.py` does all of this, from the file to the arrays.
- `thumbnail.py` draws a small picture of the model.
- `surface/` finds what is wrong with a model, and mends it.
"""
