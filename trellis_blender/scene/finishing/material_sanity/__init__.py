# SPDX-License-Identifier: GPL-3.0-or-later
"""Material Sanity: nodes that keep roughness and metal within bounds, and take painted light out of the colour.

`nodes` puts them in, reads and removes them. `arrive` takes over the light that the background Blender has found.
`program` finds it there, and bakes what the nodes do into images, for exports.
"""
