"""Where each face of a mesh begins: copied into Blender's array where that is as it should be, else set one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

FACES = 1000


class Counted:
    """A mesh's polygons, with the calls of `foreach_set` counted; `moved` bytes away from where they are."""

    def __init__(self, polygons: Any, moved: int = 0) -> None:
        self._polygons, self._moved, self.sets = polygons, moved, 0

    def __getitem__(self, index: int) -> Any:
        polygon, moved = self._polygons[index], self._moved if index else 0
        pointer: Callable[[], int] = lambda: polygon.as_pointer() + moved  # noqa: E731 - one line says it
        return type("Polygon", (), {"as_pointer": staticmethod(pointer), "loop_start": polygon.loop_start})

    def foreach_set(self, name: str, values: Any) -> None:
        self.sets += 1
        self._polygons.foreach_set(name, values)


def begin(addon: Any, moved: int = 0) -> tuple[list[int], int]:
    """Set where the faces of a mesh begin: what Blender then says of it, and how often `foreach_set` was needed."""
    mesh: Any = bpy.data.meshes.new("mesh")
    mesh.loops.add(FACES * 3)
    mesh.polygons.add(FACES)
    polygons = Counted(mesh.polygons, moved)
    addon.mesh.set_loop_starts(type("Mesh", (), {"polygons": polygons}), np.arange(0, FACES * 3, 3, dtype=np.int32))
    starts = np.zeros(FACES, np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    return starts.tolist(), polygons.sets


def test_they_are_copied_where_blender_keeps_them(addon: Any) -> None:
    assert begin(addon) == ([*range(0, FACES * 3, 3)], 0)


def test_in_a_blender_that_nobody_has_looked_at_they_are_set_one_by_one(
    addon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addon.mesh, "FIRST_UNKNOWN", (4, 2, 0))
    assert begin(addon) == ([*range(0, FACES * 3, 3)], 1)


def test_where_the_faces_do_not_lie_as_expected_nothing_is_copied(addon: Any) -> None:
    assert begin(addon, moved=4) == ([*range(0, FACES * 3, 3)], 1)
