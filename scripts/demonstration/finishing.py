"""Renders the pictures of docs/finishing.md: each step on a body with the faults that it mends, before and after.

    PYTHONPATH=scripts .venv/bpy-4.5.15/bin/python -m demonstration.finishing docs

The bodies are Blender's own monkey, made closed, with faults put in. Cycles renders them on the CPU.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.import_runs import enabled, part

SIDE, SAMPLES = 360, 48
SECONDS = 300.0
CAMERA = (0.0, -6.2, 1.7)


def main(folder: Path) -> None:
    """Write the pictures into the folder."""
    addon = enabled()
    with tempfile.TemporaryDirectory(prefix="trellis-pictures-") as temporary:
        for name, play in (("solid", solid), ("game", game_ready), ("print", print_ready), ("sanity", sanity)):
            before, after = play(addon, Path(temporary))
            picture = Image.new("RGB", (2 * SIDE + 8, SIDE), "white")
            picture.paste(before, (0, 0))
            picture.paste(after, (SIDE + 8, 0))
            picture.save(folder / f"finishing_{name}.webp", quality=85)
            print(f"finishing_{name}.webp")


def solid(addon: Any, folder: Path) -> tuple[Image.Image, Image.Image]:
    """Make Solid, cut open for the picture: a shell inside, a hole at the top, and a loose bit. Insides are pale."""
    import bpy

    thing = monkey()
    places, faces = arrays_of(thing.data)
    inner = places - 0.05 * np.array([vertex.normal[:] for vertex in thing.data.vertices])
    bit = places * 0.08 + (0.75, 0.3, 0.85)
    middle = places[faces].mean(axis=1)
    kept = np.linalg.norm(middle - middle[middle[:, 2].argmax()], axis=1) > 0.18
    made = bpy.data.meshes.new("Monkey")
    all_faces = np.concatenate([faces[kept], faces + len(places), faces + 2 * len(places)])
    made.from_pydata(np.concatenate([places, inner, bit]).tolist(), [], all_faces.tolist())
    made.materials.append(plain((0.25, 0.45, 0.7, 1.0)))
    thing.data = made
    studio()
    before = cut_open(folder, thing)
    work(addon, folder, "solid", thing, {"smallest_part": 0.01, "largest_hole": 1.0})
    return before, cut_open(folder, bpy.data.objects[f"{thing.name} Solid"])


def cut_open(folder: Path, thing: Any) -> Image.Image:
    """Return a render of the body without its front half."""
    import bmesh
    import bpy

    whole, opened = thing.data, bmesh.new()
    opened.from_mesh(whole)
    geometry = [*opened.verts, *opened.edges, *opened.faces]
    bmesh.ops.bisect_plane(opened, geom=geometry, plane_co=(0, -0.05, 0), plane_no=(0, 1, 0), clear_inner=True)
    thing.data = bpy.data.meshes.new("Half")
    opened.to_mesh(thing.data)
    thing.data.materials.append(whole.materials[0])
    picture = rendered(folder)
    thing.data = whole
    return picture


def game_ready(addon: Any, folder: Path) -> tuple[Image.Image, Image.Image]:
    """Game Ready: a heavy body, and its light copy with the edges drawn on it."""
    import bpy

    thing = monkey()
    thing.data.materials.append(painted(thing))
    studio()
    before = rendered(folder)
    settings = {"faces": 1500, "texture_size": 1024, "shape": "TRIANGLES", "smallest_overlap": 0.0, "engine": "GLTF"}
    work(addon, folder, "game_ready", thing, {**settings, "levels": 2, "ratio": 0.5, "has_hull": True})
    copy: Any = bpy.data.objects[f"{thing.name}_LOD0"]
    tree = copy.active_material.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    mix, lines = tree.nodes.new("ShaderNodeMix"), tree.nodes.new("ShaderNodeWireframe")
    mix.data_type, lines.inputs[0].default_value = "RGBA", 0.004
    tree.links.new(mix.inputs[0], lines.outputs[0])
    tree.links.new(mix.inputs[6], shader.inputs["Base Color"].links[0].from_socket)
    mix.inputs[7].default_value = (0.02, 0.02, 0.02, 1.0)
    tree.links.new(shader.inputs["Base Color"], mix.outputs[2])
    return before, rendered(folder)


def print_ready(addon: Any, folder: Path) -> tuple[Image.Image, Image.Image]:
    """Print Ready: a body with a round bottom, and its copy, which stands flat."""
    import bpy

    thing = monkey()
    thing.data.materials.append(plain((0.8, 0.35, 0.1, 1.0)))
    lowest = min(vertex.co.z for vertex in thing.data.vertices)
    bpy.ops.mesh.primitive_plane_add(size=200.0, location=(0, 0, lowest))
    floor: Any = bpy.context.active_object
    floor.data.materials.append(plain((0.8, 0.8, 0.8, 1.0)))
    studio(low=True)
    before = rendered(folder)
    settings = {"smallest_part": 0.001, "largest_hole": 1.0, "size": 2000.0, "cut": 250.0, "unit": 1.0}
    work(addon, folder, "print", thing, {**settings, "density": 1.24, "format": "NONE", "folder": "", "name": "Monkey"})
    return before, rendered(folder)


def sanity(addon: Any, folder: Path) -> tuple[Image.Image, Image.Image]:
    """Material Sanity: light painted into the colour, from another side than it comes from, and mirror spots."""
    thing = monkey()
    nodes = part(addon, "scene.finishing.nodes")
    thing.data.materials.append(painted(thing))
    studio()
    before = rendered(folder)
    material = thing.data.materials[0]
    nodes.set_bound(material, nodes.FLOOR, 0.4)
    nodes.set_bound(material, nodes.LIMIT, 0.1)
    work(addon, folder, "light", thing, {"amount": 1.0})
    return before, rendered(folder)


def monkey() -> Any:
    """Return a closed monkey, alone in a new file, with UVs."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.mesh.primitive_monkey_add()
    thing: Any = bpy.context.active_object
    for kind, settings in (("SUBSURF", {"levels": 1}), ("REMESH", {"mode": "VOXEL", "voxel_size": 0.035})):
        modifier: Any = thing.modifiers.new(kind, kind)
        for name, value in settings.items():
            setattr(modifier, name, value)
        bpy.ops.object.modifier_apply(modifier=modifier.name)
    thing.modifiers.new("Smooth", "SMOOTH").iterations = 4
    bpy.ops.object.modifier_apply(modifier="Smooth")
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.quads_convert_to_tris()
    bpy.ops.uv.smart_project(island_margin=0.003)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.object.shade_smooth()
    return thing


def arrays_of(mesh: Any) -> tuple[Any, Any]:
    """Return the positions, (vertices, 3), and the triangles, (faces, 3)."""
    places = np.array([vertex.co[:] for vertex in mesh.vertices])
    return places, np.array([face.vertices[:] for face in mesh.polygons])


def plain(color: tuple[float, ...]) -> Any:
    """Return a matt material whose back is pale."""
    material, shader = new_material()
    tree = material.node_tree
    back, mix = tree.nodes.new("ShaderNodeNewGeometry"), tree.nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    mix.inputs[6].default_value, mix.inputs[7].default_value = color, (0.85, 0.75, 0.5, 1.0)
    tree.links.new(mix.inputs[0], back.outputs["Backfacing"])
    tree.links.new(shader.inputs["Base Color"], mix.outputs[2])
    shader.inputs["Roughness"].default_value = 0.7
    return material


def new_material() -> tuple[Any, Any]:
    """Return a new material and its shader."""
    import bpy

    material: Any = bpy.data.materials.new("Material")
    if material.node_tree is None:
        material.use_nodes = True
    return material, next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")


def painted(thing: Any) -> Any:
    """Return a material with one colour a face, darkened by light from the left, and mirrors in spots, as textures.

    Each triangle gets a cell of both textures, and its UVs lie within that.
    """
    import bpy

    places, faces = arrays_of(thing.data)
    normals = np.array([face.normal[:] for face in thing.data.polygons])
    side = int(np.ceil(np.sqrt(len(faces))))
    middle = places[faces].mean(axis=1)
    bands = np.sin(9 * middle[:, 2]) > 0
    paint = np.where(bands[:, None], (0.75, 0.5, 0.25), (0.3, 0.5, 0.3))
    light = 0.12 + 0.88 * np.clip(normals @ (-0.75, -0.1, 0.65), 0, 1)
    is_spot = np.sin(7 * middle[:, 0]) * np.sin(7 * middle[:, 1]) * np.sin(7 * middle[:, 2]) > 0.35
    cells = np.zeros((side * side, 2, 4), np.float32)
    cells[:, :, 3] = 1
    cells[: len(faces), 0, :3] = (paint * light[:, None]) ** (1 / 2.2)
    cells[: len(faces), 1, 1:3] = np.where(is_spot[:, None], (0.03, 1.0), (0.75, 0.0))
    material, shader = new_material()
    tree, nodes = material.node_tree, []
    for number, name in enumerate(("Color", "ORM")):
        pixels = cells[:, number].reshape(side, side, 4).repeat(4, axis=0).repeat(4, axis=1)
        image: Any = bpy.data.images.new(name, 4 * side, 4 * side, is_data=number == 1)
        image.pixels.foreach_set(np.ascontiguousarray(pixels).ravel())
        image.pack()
        nodes.append(tree.nodes.new("ShaderNodeTexImage"))
        nodes[-1].image = image
    corner = np.array([(0.4, 0.4), (0.6, 0.4), (0.4, 0.6)])
    cell = np.stack(np.divmod(np.arange(len(faces)), side)[::-1], axis=1)
    uvs = ((cell[:, None] + corner) / side).astype(np.float32)
    thing.data.uv_layers.active.uv.foreach_set("vector", uvs.ravel())
    split = tree.nodes.new("ShaderNodeSeparateColor")
    tree.links.new(shader.inputs["Base Color"], nodes[0].outputs[0])
    tree.links.new(split.inputs[0], nodes[1].outputs[0])
    tree.links.new(shader.inputs["Roughness"], split.outputs["Green"])
    tree.links.new(shader.inputs["Metallic"], split.outputs["Blue"])
    return material


def studio(*, low: bool = False) -> None:
    """Put a camera before the body, and light around it. `low`: from near the floor."""
    import bpy
    from mathutils import Vector

    scene: Any = bpy.context.scene
    place = Vector((2.5, -6.0, -0.2) if low else CAMERA)
    camera: Any = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location = place
    camera.rotation_euler = (-place).to_track_quat("-Z", "Y").to_euler()
    camera.data.lens = 75
    scene.collection.objects.link(camera)
    scene.camera = camera
    world = bpy.data.worlds.new("World")
    scene.world = world
    if world.node_tree is None:
        world.use_nodes = True
    tree: Any = world.node_tree
    tree.nodes["Background"].inputs[0].default_value = (0.7, 0.75, 0.85, 1.0)
    tree.nodes["Background"].inputs[1].default_value = 0.7
    sun: Any = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.rotation_euler, sun.data.energy = (0.7, 0.5, 0.3), 2.0
    scene.collection.objects.link(sun)
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.device = SAMPLES, "CPU"
    scene.cycles.use_denoising = False
    scene.render.resolution_x = scene.render.resolution_y = SIDE


def rendered(folder: Path) -> Image.Image:
    """Return a render of the scene."""
    import bpy

    scene: Any = bpy.context.scene
    scene.render.filepath = str(folder / "picture.png")
    bpy.ops.render.render(write_still=True)
    with Image.open(folder / "picture.png") as picture:
        return picture.convert("RGB")


def work(addon: Any, folder: Path, step: str, thing: Any, settings: dict[str, Any]) -> None:
    """Run a step of the add-on on the body, and print what it says."""
    said: list[str] = []
    queue = part(addon, "scene.finishing.queue").Finishing(folder, said.append, lambda _job, _found: None)
    under_way = queue.begin(step, thing, settings)
    end = time.monotonic() + SECONDS
    while not said and not under_way.error and time.monotonic() < end:
        queue.step()
        time.sleep(0.05)
    assert said, under_way.error
    print(said[-1])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
