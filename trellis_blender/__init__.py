# SPDX-License-Identifier: GPL-3.0-or-later
"""Trellis 2: a picture or a render becomes a textured model in the scene.

Importing this package imports neither Blender nor anything heavy, so that `trellis_blender.core` also works in plain
Python, and so that enabling the add-on costs no start-up time.
"""


def register() -> None:
    """Add everything to Blender."""
    from . import registration

    registration.register()


def unregister() -> None:
    """Take everything out of Blender again; running jobs go on another time."""
    from . import registration

    registration.unregister()
