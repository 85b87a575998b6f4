# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for the model itself: from a picture, taken as TRELLIS.2 takes it, to a GLB as TRELLIS.2 writes it."""
