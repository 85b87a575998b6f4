# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch of pictures in the window: few at a time, while the others wait on disk.

`batches.py` begins one picture after the other, pauses, stops, and hears what comes of each.
`reporting.py` writes the report at the end.

The way of one picture knows nothing of it: its jobs are jobs like any other.
"""
