# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that needs no Blender: picture, parameters, job, folder, API, runner. Nothing here imports `bpy`."""
