# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist sets: preferences, and the settings of a scene."""
