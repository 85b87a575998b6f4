# SPDX-License-Identifier: GPL-3.0-or-later
"""Export: a file of the model for an engine, made by Blender's own exporters in the background.

`formats` is the table of formats and engines with the exporters' options. `program` exports in the background Blender.
"""
