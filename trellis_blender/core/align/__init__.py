# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a model stands in its picture: numpy alone, in the background Blender.

`view.py` says what the picture shows, and from where; it finds the subject by its alpha or the picture's own edges,
and where the picture covers the model.
`fit.py` scatters points over the model's surface, finds the turn, the size and the place at which they cover the
subject best, and how far from the camera that is.
"""
