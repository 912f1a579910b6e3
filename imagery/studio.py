"""The room in which every piece hangs: a wall, daylight from the upper left, a yellow thread.

Metres; the camera looks along +Y at the X/Z plane; the top of what holds a piece is at z = 0.
"""

from __future__ import annotations

import math
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

WALL_Y = 0.32
GREY = 0.42  # the albedo of all cloth while it is rendered: colour comes afterwards
CLOTH = "cloth"


def setup(centre: float, height: float, x: float = 0.0) -> None:
    """An empty room with the camera on (`x`, `centre`), seeing `height` metres of it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.view_settings.view_transform = "Standard"
    world = bpy.data.worlds.new("sky")
    scene.world = world
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (0.93, 0.95, 1.0, 1)
    world.node_tree.nodes["Background"].inputs[1].default_value = 0.56

    _box(
        "wall",
        (0, WALL_Y + 0.05, centre),
        (8, 0.1, 8),
        material("plaster", (0.80, 0.79, 0.755), 0.9, bump=("noise", 9, 0.08)),
    )

    light = bpy.data.lights.new("window", "AREA")
    light.shape, light.size, light.size_y = "RECTANGLE", 1.5, 2.2
    light.energy, light.color = 74, (1.0, 0.97, 0.93)
    lamp = bpy.data.objects.new("window", light)
    scene.collection.objects.link(lamp)
    lamp.location = (-1.75, -1.9, centre + 1.25)
    _aim(lamp, (0.05, 0.1, centre - 0.05))
    fill = bpy.data.lights.new("fill", "AREA")
    fill.size, fill.energy, fill.color = 2.5, 20, (1.0, 0.98, 0.95)
    other = bpy.data.objects.new("fill", fill)
    scene.collection.objects.link(other)
    other.location = (2.2, -2.0, centre)
    _aim(other, (0, 0.1, centre))

    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    camera.data.lens, camera.data.sensor_height, camera.data.sensor_fit = 85, 36, "VERTICAL"
    distance = height * 85 / 36
    camera.location = (x, -distance, centre)
    camera.rotation_euler = (math.pi / 2, 0, 0)


def material(name, colour=(GREY,) * 3, rough=0.85, *, metal=0.0, bump=None, sheen=0.0):
    """A principled material; `bump`: (texture, scale, strength)."""
    found = bpy.data.materials.get(name)
    if found:
        return found
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    shader = nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1)
    shader.inputs["Roughness"].default_value = rough
    shader.inputs["Metallic"].default_value = metal
    shader.inputs["Sheen Weight"].default_value = sheen
    if bump:
        texture = nodes.new("ShaderNodeTexNoise")
        texture.inputs["Scale"].default_value = bump[1]
        texture.inputs["Detail"].default_value = 6
        node = nodes.new("ShaderNodeBump")
        node.inputs["Strength"].default_value = bump[2]
        node.inputs["Distance"].default_value = 0.01
        links.new(texture.outputs["Fac"], node.inputs["Height"])
        links.new(node.outputs["Normal"], shader.inputs["Normal"])
    return made


def objects() -> set:
    """All that is in the room."""
    return set(bpy.context.scene.objects)


def turn(pieces) -> None:
    """Show the other side of `pieces`."""
    bpy.context.view_layer.update()
    half = Matrix.Rotation(math.pi, 4, "Z")
    for each in pieces:
        each.matrix_world = half @ each.matrix_world


def bronze():
    return material("bronze", (0.075, 0.055, 0.038), 0.38, metal=0.9)


def thread(x: float, z: float, top: float) -> None:
    """The yellow thread, taut from (x, z) up to `top`."""
    rod("thread", [(x, 0, z), (x, 0, top)], 0.0013, material("thread", (0.745, 0.42, 0.012), 0.7))


def rod(name, points, radius, mat, *, cyclic=False):
    """A round bar through `points`."""
    curve = bpy.data.curves.new(name, "CURVE")
    curve.dimensions = "3D"
    spline = curve.splines.new("POLY" if len(points) < 3 else "BEZIER")
    if len(points) < 3:
        spline.points.add(len(points) - 1)
        for point, at in zip(spline.points, points, strict=True):
            point.co = (*at, 1)
    else:
        spline.bezier_points.add(len(points) - 1)
        for point, at in zip(spline.bezier_points, points, strict=True):
            point.co = at
            point.handle_left_type = point.handle_right_type = "AUTO"
        spline.use_cyclic_u = cyclic
    curve.bevel_depth, curve.bevel_resolution, curve.resolution_u = radius, 6, 16
    curve.use_fill_caps = True
    made = bpy.data.objects.new(name, curve)
    bpy.context.scene.collection.objects.link(made)
    curve.materials.append(mat)
    return made


def hanger(half=0.15, drop=0.05, top=0.62) -> None:
    """A slim hanger: its middle at z = 0.03, its ends `half` to each side and `drop` lower."""
    points = [
        (-half, 0.004, -drop - 0.012),
        (-half * 0.55, 0.004, -drop * 0.5 - 0.008),
        (0, 0, 0.0),
        (half * 0.55, 0.004, -drop * 0.5 - 0.008),
        (half, 0.004, -drop - 0.012),
    ]
    rod("hanger", points, 0.0055, bronze())
    hook = [
        (0, 0, -0.002),
        (0, 0, 0.055),
        (0.004, 0, 0.07),
        (0.024, 0, 0.082),
        (0.028, 0, 0.105),
        (0.006, 0, 0.121),
        (-0.016, 0, 0.108),
    ]
    rod("hook", hook, 0.0022, bronze())
    thread(0.006, 0.121, top)


def bar(half=0.17, top=0.62) -> None:
    """A straight bar, for what is clipped or laid over it."""
    rod("bar", [(-half, 0, 0), (half, 0, 0)], 0.006, bronze())
    for side in (-1, 1):
        rod(
            f"arm{side}",
            [(side * half * 0.9, 0, 0), (0, 0, 0.12)],
            0.0012,
            material("thread", (0.745, 0.42, 0.012), 0.7),
        )
    thread(0, 0.12, top)


def hook(top=0.9) -> None:
    """A hook, for bags."""
    points = [(0, 0, 0.085), (0, 0, 0.05), (0.016, 0, 0.022), (0.0, 0, -0.004), (-0.018, 0, 0.014)]
    rod("hook", points, 0.003, bronze())
    thread(0, 0.085, top)


def render(path: Path, mask: Path, *, width=960, height=1200, samples=48) -> None:
    """Write the picture, linear, and how much of each pixel is cloth, as EXR files."""
    scene = bpy.context.scene
    settings = scene.render
    settings.resolution_x, settings.resolution_y, settings.resolution_percentage = (
        width,
        height,
        100,
    )
    settings.image_settings.file_format = "OPEN_EXR"
    settings.image_settings.color_depth = "16"
    settings.image_settings.color_mode = "RGB"
    settings.use_persistent_data = True
    cycles = scene.cycles
    cycles.samples, cycles.use_denoising, cycles.denoiser = samples, True, "OPENIMAGEDENOISE"
    cycles.use_adaptive_sampling, cycles.adaptive_threshold = True, 0.03
    (
        cycles.max_bounces,
        cycles.diffuse_bounces,
        cycles.glossy_bounces,
        cycles.transmission_bounces,
    ) = 4, 3, 2, 0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    settings.filepath = str(path)
    bpy.ops.render.render(write_still=True)

    black = _flat("mask-black", 0)
    white = _flat("mask-white", 1)
    for made in list(bpy.data.objects):
        slots = getattr(made.data, "materials", None)
        if slots is None:
            continue
        for i, mat in enumerate(slots):
            slots[i] = white if mat and mat.name.startswith(CLOTH) else black
    for made in bpy.data.lights:
        made.energy = 0
    scene.world.node_tree.nodes["Background"].inputs[1].default_value = 0
    cycles.samples, cycles.use_denoising, cycles.max_bounces = 24, False, 0
    settings.filepath = str(mask)
    bpy.ops.render.render(write_still=True)


# Private


def _flat(name, strength):
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()
    out = nodes.new("ShaderNodeOutputMaterial")
    light = nodes.new("ShaderNodeEmission")
    light.inputs["Color"].default_value = (strength,) * 3 + (1,)
    links.new(light.outputs[0], out.inputs["Surface"])
    return made


def _aim(lamp, target) -> None:
    lamp.rotation_euler = (Vector(target) - lamp.location).to_track_quat("-Z", "Y").to_euler()


def _box(name, centre, size, mat):
    x, y, z = (half / 2 for half in size)
    corners = [(sx * x, sy * y, sz * z) for sx in (-1, 1) for sy in (-1, 1) for sz in (-1, 1)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(corners, [], faces)
    made = bpy.data.objects.new(name, mesh)
    made.location = centre
    bpy.context.scene.collection.objects.link(made)
    mesh.materials.append(mat)
    return made
