# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws what can be done with a job's model once it stands in the scene."""
