# SPDX-License-Identifier: GPL-3.0-or-later
"""A job: what can happen to it, its folder on disk, and how it is told to the artist."""
