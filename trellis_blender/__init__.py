# SPDX-License-Identifier: GPL-3.0-or-later
"""Trellis 2: a picture or a render becomes a textured model in the scene.

Importing this package imports neither Blender nor anything heavy, so that `trellis_blender.core` also works in plain
Python, and so that enabling the add-on costs no start-up time.
"""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Add everything to Blender."""
    from .interface import registration

    registration.register()


def unregister() -> None:
    """Take everything out of Blender again; running jobs go on another time."""
    from .interface import registration

    registration.unregister()


class glTF2ExportUserExtension:
    """The exporter's hooks: it would write every object as a node, a box that waits for its model too.

    The hook is the same in 4.2 to 5.2, see `filter` in the exporter's module of the tree.
    """

    def gather_tree_filter_tag_hook(self, tree: Any, _export_settings: Any) -> None:
        """Leave the boxes out of the tree of nodes; what hangs on one hangs on the box's own parent there."""
        from .scene import placeholder

        for node in tree.nodes.values():
            if placeholder.job_id(node.blender_object):
                node.keep_tag = False
