# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model's picture says about it: where it stands, what its front looks like, and what it stands in for.

`aligning` moves models to where their pictures show them, as soon as the background Blender has found that out, or puts
a model in the place of what was selected for its picture.
`projecting` mixes the picture's own pixels over a model's texture where the camera saw it.
"""
