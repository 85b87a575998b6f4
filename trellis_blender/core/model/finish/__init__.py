# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a model ready for something: the light in its colours, and whether it can be printed."""
