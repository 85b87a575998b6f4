# SPDX-License-Identifier: GPL-3.0-or-later
"""The model in the scene, and its placeholder before it arrives.

`placeholder.py` makes the box that stands for a model, and replaces it by the model.
`placeholder_drawing.py` draws progress and picture into the placeholders.
`place.py` finds where models stand: in a grid, beside what stands there.
`build.py` builds our own reader's model: names it, places it, makes one undo step.
`mesh.py` makes the Blender mesh.
`material.py` makes the material and its images, which follow the folder of a job that was moved.
`blender_importer.py` takes over a model that Blender's own glTF importer has read.
`recipe.py` writes on the object what the model was made of.
`asset.py` marks models as assets, writes them into asset libraries, and adds our catalogue to the Asset Browser.
`decoding.py` has Blender decode a model's textures in the background.
`pictured/` moves a model to where its picture shows it, and projects the picture on it.
`finishing/` is what can be done with a model that is there.
"""
