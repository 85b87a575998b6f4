# SPDX-License-Identifier: GPL-3.0-or-later
"""What the surface of a model is like, and how to mend it. It needs numpy alone, so a worker does it without Blender.

`findings` is what is known of a model and what is wrong with it, as numbers and in words. It needs no numpy.
`welded` is a surface with its edges: which faces share one, which way they run, which parts hang together.
`winding` finds the faces that are inside out, and the parts that lie inside others.
`holes` finds the openings, and closes them.
`textures` tells what the colours hold, and the light that is painted into them.
`check` measures all of that, how flat a body is, whether it can be printed, and how alike two bodies look.
`solid` mends it. `sheets` finds, for that, the skins inside that are no part of their own.
"""
