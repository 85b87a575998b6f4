# SPDX-License-Identifier: GPL-3.0-or-later
"""Trellis 2: turns a picture or a render into a textured model in the scene.

Importing this package imports neither Blender nor anything heavy. So `trellis_blender.core` also works in plain
Python, and enabling the add-on adds no start-up time.
"""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Add everything to Blender."""
    from .interface import registration

    registration.register()


def unregister() -> None:
    """Take everything out of Blender again. Running jobs go on from their folders next time."""
    from .interface import registration

    registration.unregister()


class glTF2ExportUserExtension:
    """Hooks of Blender's glTF exporter, which writes every object as a node and so would write placeholders too.

    The hook is the same in 4.2 to 5.2: see `filter` in the exporter's tree module.
    """

    def gather_tree_filter_tag_hook(self, tree: Any, _export_settings: Any) -> None:
        """Leave placeholders out of the node tree. Their children move up to the placeholder's own parent there."""
        from .scene import placeholder

        for node in tree.nodes.values():
            if placeholder.job_id(node.blender_object):
                node.keep_tag = False
