# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture before it is sent: the file, its pixels, and what Trellis cuts out of it."""
