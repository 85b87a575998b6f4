# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw into the placeholders: a fill as high as the job's progress, and the job's picture upright in the middle.

The placeholder of a job that failed is full of another colour, and a word above it says so.

The handlers that draw over the scene exist only while there is a placeholder to fill. The drawing is not an object, so
it cannot be rendered, exported or saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import bpy
import gpu as blender_gpu
from mathutils import Matrix, Vector

from ..core.job.job import Job, Stage
from ..core.job.words import WORDS
from ..core.runner.messages import SmallPicture
from ..host.translation import translated
from ..host.window import redraw_viewports
from . import placeholder

gpu: Any = blender_gpu  # the stubs know little of it
COLOR = (0.16, 0.5, 0.95, 0.16)
ENDED_COLORS = {Stage.FAILED: (0.95, 0.1, 0.07, 0.15), Stage.UNCERTAIN: (1.0, 0.55, 0.05, 0.15)}
WORD_COLOR = (1.0, 1.0, 1.0, 1.0)
WORD_SIZE, WORD_GAP = 13, 5  # pixels at a resolution scale of 1
STEPS = 100
PICTURE_SHARE = 0.8  # of the placeholder's edge
CUBE = [(x, y, z) for z in (0.0, 1.0) for y in (-0.5, 0.5) for x in (-0.5, 0.5)]
CUBE_FACES = [(0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)]
SQUARE = [(-0.5, 0.0, -0.5), (0.5, 0.0, -0.5), (0.5, 0.0, 0.5), (-0.5, 0.0, 0.5)]
SQUARE_UV = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]


@dataclass
class FilledPlaceholder:
    """A placeholder to draw: its object's name, its job, the job's stage, and its fill as a step from 0 to `STEPS`."""

    name: str
    job_id: str
    stage: Stage
    step: int


@dataclass
class PlaceholderDrawing:
    """The drawing of all placeholders. `handles`: Blender's draw handlers, none while there is nothing to draw.

    `ask` requests a job's small picture, which appears in `small` later. `textures`: one for each job drawn, None if
    its picture cannot be shown. `batches`: the geometry, made at the first drawing.
    """

    ask: Callable[[Job], None]
    small: Mapping[str, SmallPicture | None]
    filled: list[FilledPlaceholder] = field(default_factory=list)
    handles: list[Any] = field(default_factory=list)
    pictures: int = 0
    textures: dict[str, Any] = field(default_factory=dict)
    batches: tuple[Any, Any] | None = None

    def update(self, jobs: Mapping[str, Job], wanted: Iterable[str], fraction: Callable[[Job], float]) -> None:
        """Draw the placeholders of the `wanted` jobs. `fraction` returns how far to fill each, 0 to 1."""
        before = self.filled
        self.filled = []
        for box, job_id in placeholder.boxes_of_jobs():
            job = jobs.get(job_id)
            if job is not None and job.id in wanted:
                self.filled.append(FilledPlaceholder(box.name, job.id, job.stage, round(fraction(job) * STEPS)))
                if self.handles:
                    self.ask(job)
        self._keep(bool(self.filled))
        pictures = sum(small is not None for small in self.small.values()) if self.filled else 0
        if self.filled != before or pictures != self.pictures:
            self.pictures = pictures
            redraw_viewports()

    def clear(self) -> None:
        """Stop drawing."""
        self.filled = []
        self._keep(False)

    def _keep(self, is_needed: bool) -> None:
        """Add or remove the draw handlers. Without a window, there is nothing to draw on."""
        space: Any = bpy.types.SpaceView3D
        if is_needed and not self.handles and not bpy.app.background:
            self.handles.append(space.draw_handler_add(self._draw, (), "WINDOW", "POST_VIEW"))
            self.handles.append(space.draw_handler_add(self.draw_words, (), "WINDOW", "POST_PIXEL"))
        elif not is_needed and self.handles:
            for handle in self.handles:
                space.draw_handler_remove(handle, "WINDOW")
            self.handles.clear()
            self.batches = None
            self.textures.clear()

    def shown(self) -> list[tuple[FilledPlaceholder, bpy.types.Object]]:
        """Return the placeholders that this viewport shows, with their objects."""
        space: Any = bpy.context.space_data
        if space is None or not space.overlay.show_overlays:
            return []
        shown = [(filled, box) for filled in self.filled if (box := self._box(filled)) is not None]
        return [(filled, box) for filled, box in shown if box.visible_get() and box.visible_in_viewport_get(space)]

    def _draw(self) -> None:
        """Draw what is in the placeholders."""
        shown = self.shown()
        if not shown:
            return
        self.batches = self.batches or _batches()
        gpu.state.depth_test_set("LESS_EQUAL")
        writes_depth = gpu.state.depth_mask_get()
        gpu.state.depth_mask_set(False)
        gpu.state.blend_set("ALPHA")
        try:
            for filled, box in shown:
                self._draw_fill(filled, box)
            for filled, box in shown:  # last, so that a fill in front does not hide it
                self._draw_picture(filled, box)
        finally:
            gpu.state.blend_set("NONE")
            gpu.state.depth_mask_set(writes_depth)
            gpu.state.depth_test_set("NONE")

    def _box(self, filled: FilledPlaceholder) -> bpy.types.Object | None:
        """Return the object by its name, or by its job if it was renamed. A reference would not survive an undo."""
        box = bpy.data.objects.get(filled.name)
        if placeholder.job_id(box) != filled.job_id:
            box = placeholder.find(filled.job_id)
            filled.name = "" if box is None else box.name
        return box

    def _draw_fill(self, filled: FilledPlaceholder, box: bpy.types.Object) -> None:
        assert self.batches is not None
        size = placeholder.size_of(box)
        scale = Matrix.Diagonal((size.edge, size.edge, size.edge * filled.step / STEPS, 1.0))
        shader = gpu.shader.from_builtin("UNIFORM_COLOR")
        with gpu.matrix.push_pop():
            gpu.matrix.multiply_matrix(_space(box, size.base) @ scale)
            shader.uniform_float("color", ENDED_COLORS.get(filled.stage, COLOR))
            self.batches[0].draw(shader)

    def draw_words(self) -> None:
        """Write above each placeholder whose job ended without a model how it ended."""
        ended = [(filled, box) for filled, box in self.shown() if filled.stage in ENDED_COLORS]
        if not ended:
            return
        import blf
        from bpy_extras.view3d_utils import location_3d_to_region_2d

        context: Any = bpy.context
        scale = context.preferences.system.ui_scale
        blf.size(0, WORD_SIZE * scale)
        blf.enable(0, blf.SHADOW)
        blf.shadow(0, 3, 0.0, 0.0, 0.0, 1.0)
        for filled, box in ended:
            size = placeholder.size_of(box)
            corners = (_space(box, size.base) @ (Vector(corner) * size.edge) for corner in CUBE)
            seen = [location_3d_to_region_2d(context.region, context.region_data, corner) for corner in corners]
            if None not in seen:  # otherwise it is partly behind the view
                word = translated(WORDS[filled.stage])
                middle = sum(point.x for point in seen) / len(seen)
                top = max(point.y for point in seen) + WORD_GAP * scale
                blf.position(0, middle - blf.dimensions(0, word)[0] / 2, top, 0)
                blf.color(0, *WORD_COLOR)
                blf.draw(0, word)
        blf.disable(0, blf.SHADOW)

    def _draw_picture(self, filled: FilledPlaceholder, box: bpy.types.Object) -> None:
        assert self.batches is not None
        small = self.small.get(filled.job_id)
        if small is not None and filled.job_id not in self.textures:
            self.textures[filled.job_id] = _texture(small)
        texture = self.textures.get(filled.job_id)
        if texture is None:
            return
        size = placeholder.size_of(box)
        factor = size.edge * PICTURE_SHARE / max(texture.width, texture.height)
        scale = Matrix.Diagonal((texture.width * factor, 1.0, texture.height * factor, 1.0))
        shader = gpu.shader.from_builtin("IMAGE")
        with gpu.matrix.push_pop():
            gpu.matrix.multiply_matrix(_space(box, size.base + size.edge / 2) @ scale)
            shader.uniform_sampler("image", texture)
            self.batches[1].draw(shader)


def _space(box: bpy.types.Object, height: float) -> Matrix:
    """Return the matrix to the world from the placeholder's own space, raised there by the height."""
    return box.matrix_world @ placeholder.reshaped(box) @ Matrix.Translation((0.0, 0.0, height))


def _batches() -> tuple[Any, Any]:
    """Return a cube that stands on the origin, and an upright square around the origin, both with edges of 1."""
    from gpu_extras.batch import batch_for_shader

    triangles = [half for a, b, c, d in CUBE_FACES for half in ((a, b, c), (a, c, d))]
    cube = batch_for_shader(gpu.shader.from_builtin("UNIFORM_COLOR"), "TRIS", {"pos": CUBE}, indices=triangles)
    content: Any = {"pos": SQUARE, "texCoord": SQUARE_UV}
    square = batch_for_shader(gpu.shader.from_builtin("IMAGE"), "TRIS", content, indices=[(0, 1, 2), (0, 2, 3)])
    return cube, square


def _texture(small: SmallPicture) -> Any:
    """Return the picture as a texture, None if there is none."""
    if not small.pixels:
        return None
    import numpy as np

    pixels = np.frombuffer(small.pixels, np.uint8).astype(np.float32) / 255
    if bpy.app.version < (5, 0, 0):  # whose viewport takes linear values and shows them as sRGB; later ones take sRGB
        colours = pixels.reshape(-1, 4)[:, :3]
        colours **= 2.2
    data = gpu.types.Buffer("FLOAT", pixels.size, pixels)
    return gpu.types.GPUTexture((small.width, small.height), format="RGBA16F", data=data)
