# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's settings.

`preferences.py` holds the account and what applies to every file.
`jobs_folder.py` says where the jobs are kept.
`scene.py` holds the settings for the next model, kept with the scene.
`presets.py` compares a scene's settings with the presets.
"""

from typing import Any

import bpy

props: Any = bpy.props  # the stubs say that a property is None
_Property = type(props.BoolProperty())


class Fields:
    """A class that writes its Blender properties like the fields of a dataclass: `faces: int = props.IntProperty(...)`.

    Blender expects `faces: IntProperty(...)`, which says nothing about the type to whoever reads or checks it.
    """

    def __init_subclass__(cls) -> None:
        """Write the properties as Blender expects them."""
        super().__init_subclass__()
        for name, value in [*vars(cls).items()]:
            if isinstance(value, _Property):
                cls.__annotations__[name] = value
                delattr(cls, name)
