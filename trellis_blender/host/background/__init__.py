# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender in the background: started, heard and stopped here, with the programs it runs."""
