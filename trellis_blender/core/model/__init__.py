# SPDX-License-Identifier: GPL-3.0-or-later
"""From a GLB to arrays that Blender takes over: the only room that needs numpy for geometry."""
