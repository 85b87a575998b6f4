# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist sees and presses, and the one list of what Blender is told about."""
