# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's texts in the artist's language."""
