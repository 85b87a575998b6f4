# SPDX-License-Identifier: GPL-3.0-or-later
"""The model in the scene: the placeholder before it, the mesh, its material, its recipe, its asset."""
