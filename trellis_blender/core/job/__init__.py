# SPDX-License-Identifier: GPL-3.0-or-later
"""A job: what can happen to it, where it is kept, and how the artist hears of it."""
