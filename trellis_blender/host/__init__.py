# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender itself, with nothing of Trellis in it."""
