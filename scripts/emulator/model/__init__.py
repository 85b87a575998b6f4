# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for the model itself: from a picture to a GLB in the structure of TRELLIS.2's."""
