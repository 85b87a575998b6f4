# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch of pictures: what starts, pauses, stops and reports it, and how the sidebar shows it."""
