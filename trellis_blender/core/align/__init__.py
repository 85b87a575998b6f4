# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a model stands in its picture: numpy alone, in the background Blender.

`view.py` says what the picture shows, and from where.
`outline.py` finds the picture's subject, by its alpha or its own edges.
`points.py` scatters points over the model's surface.
`fit.py` finds the turn, the size and the place that cover the subject best.
`depth.py` finds how far from the camera that is.
`projection.py` finds where the picture covers the model.
"""
