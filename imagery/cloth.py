"""Cloth: woven surfaces, how they fall, and what is sewn onto them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import bpy
import numpy as np
import studio
from mathutils import Vector
from mathutils.bvhtree import BVHTree

CACHE = Path.home() / ".cache" / "kaira" / "imagery"

Array = np.ndarray


def fabric(kind: str):
    """The material of a cloth: neutral grey, with a surface that tells what it is."""
    name = f"{studio.CLOTH}-{kind}"
    found = bpy.data.materials.get(name)
    if found:
        return found
    # rough, sheen, then the bump: what it is made of, threads per metre, strength
    rough, sheen, weave, scale, strength = {
        "herringbone": (0.95, 0.25, "herringbone", 125, 0.8),
        "double-cloth": (1.0, 0.5, "felt", 260, 0.35),
        "silk-twill": (0.34, 0.15, "twill", 900, 0.04),
        "ramie": (0.8, 0.05, "plain", 480, 0.28),
        "linen": (0.85, 0.05, "plain", 400, 0.35),
        "rib-knit": (0.9, 0.3, "rib", 95, 0.9),
        "lambswool": (1.0, 0.6, "knit", 150, 0.7),
        "wool-twill": (0.9, 0.25, "twill", 330, 0.35),
        "hopsack": (0.9, 0.2, "basket", 210, 0.45),
        "canvas": (0.9, 0.05, "plain", 330, 0.5),
        "leather": (0.46, 0.0, "grain", 320, 0.16),
        "band": (0.9, 0.3, "rib", 125, 1.0),
        "edge-band": (0.9, 0.3, "rib-across", 125, 1.0),
        "satin-band": (0.4, 0.1, "twill", 700, 0.05),
    }[kind]
    made = studio.material(name, rough=rough, sheen=sheen)
    nodes, links = made.node_tree.nodes, made.node_tree.links
    shader = nodes["Principled BSDF"]

    def math_node(operation, a, b=None):
        node = nodes.new("ShaderNodeMath")
        node.operation = operation
        for socket, value in zip(node.inputs, (a, b), strict=False):
            if value is None:
                continue
            if isinstance(value, (int, float)):
                socket.default_value = value
            else:
                links.new(value, socket)
        return node.outputs[0]

    uv = nodes.new("ShaderNodeUVMap").outputs[0]
    split = nodes.new("ShaderNodeSeparateXYZ")
    links.new(uv, split.inputs[0])
    u, v = split.outputs[0], split.outputs[1]
    wave = 2 * math.pi

    def sine(value):
        return math_node("SINE", value)

    if weave == "rib":
        height = sine(math_node("MULTIPLY", u, wave * scale))
    elif weave == "rib-across":
        height = sine(math_node("MULTIPLY", v, wave * scale))
    elif weave == "knit":
        zig = math_node(
            "ABSOLUTE",
            math_node("SUBTRACT", math_node("FRACT", math_node("MULTIPLY", u, scale)), 0.5),
        )
        height = math_node(
            "ADD",
            sine(
                math_node(
                    "MULTIPLY", math_node("ADD", math_node("MULTIPLY", v, scale * 0.9), zig), wave
                )
            ),
            math_node("MULTIPLY", zig, -2.5),
        )
    elif weave == "herringbone":
        column = math_node("PINGPONG", u, 0.022)
        height = sine(math_node("MULTIPLY", math_node("ADD", column, v), wave * scale))
    elif weave == "twill":
        height = sine(math_node("MULTIPLY", math_node("ADD", u, v), wave * scale))
    elif weave in ("plain", "basket"):
        height = math_node(
            "MULTIPLY",
            sine(math_node("MULTIPLY", u, wave * scale / 2)),
            sine(math_node("MULTIPLY", v, wave * scale / 2)),
        )
    else:
        texture = nodes.new("ShaderNodeTexNoise" if weave == "felt" else "ShaderNodeTexVoronoi")
        texture.inputs["Scale"].default_value = scale
        links.new(uv, texture.inputs["Vector"])
        height = texture.outputs[0]
    # Yarn is never even: slow noise over what the weave gives.
    uneven = nodes.new("ShaderNodeTexNoise")
    uneven.inputs["Scale"].default_value = 70
    uneven.inputs["Detail"].default_value = 5
    links.new(uv, uneven.inputs["Vector"])
    total = math_node("ADD", height, math_node("MULTIPLY", uneven.outputs["Fac"], 1.2))
    bump = nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = strength
    bump.inputs["Distance"].default_value = 0.0016
    links.new(total, bump.inputs["Height"])
    links.new(bump.outputs["Normal"], shader.inputs["Normal"])
    # and lighter where a thread comes up
    shade = nodes.new("ShaderNodeMapRange")
    deep = {"grain": 0.0, "herringbone": 0.5}.get(weave, 0.30 * min(1.0, strength * 1.6))
    shade.inputs["From Min"].default_value, shade.inputs["From Max"].default_value = -1.0, 2.0
    shade.inputs["To Min"].default_value, shade.inputs["To Max"].default_value = (
        studio.GREY * (1 - deep),
        studio.GREY * (1 + deep),
    )
    links.new(total, shade.inputs["Value"])
    links.new(shade.outputs[0], shader.inputs["Base Color"])
    return made


def surface(name: str, grid: Array, kind: str, *, closed: bool, uv: Array | None = None):
    """An object from a grid of points, (rows, columns, 3); `closed` joins the last column to the first."""
    rows, columns = grid.shape[:2]
    faces = []
    span = columns if closed else columns - 1
    for i in range(rows - 1):
        for j in range(span):
            k = (j + 1) % columns
            faces.append(
                (i * columns + j, i * columns + k, (i + 1) * columns + k, (i + 1) * columns + j)
            )
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(grid.reshape(-1, 3).tolist(), [], faces)
    if uv is None:
        across = np.linalg.norm(np.diff(grid, axis=1, append=grid[:, :1]), axis=2)
        mean = across.mean(axis=0)
        u = np.concatenate([[0], np.cumsum(mean)])
        down = np.linalg.norm(np.diff(grid, axis=0), axis=2).mean(axis=1)
        v = np.concatenate([[0], np.cumsum(down)])
    layer = mesh.uv_layers.new(name="UVMap")
    places = []
    for i in range(rows - 1):
        for j in range(span):
            places += [(u[j], v[i]), (u[j + 1], v[i]), (u[j + 1], v[i + 1]), (u[j], v[i + 1])]
    layer.data.foreach_set("uv", np.array(places, dtype=np.float32).ravel())
    mesh.materials.append(fabric(kind))
    mesh.shade_smooth()
    made = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(made)
    return made


def settle(
    made,
    pins: Array,
    *,
    frames=45,
    pressure=0.0,
    stiff=8.0,
    mass=0.25,
    bend=0.5,
    shrink=0.0,
    selfcollide=False,
) -> None:
    """Let a cloth fall. `pins`: weights by vertex, 1 stays where it is. Kept in the cache."""
    mesh = made.data
    count = len(mesh.vertices)
    points = np.empty(count * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    key = hashlib.blake2b(
        points.tobytes()
        + pins.astype(np.float32).tobytes()
        + repr((frames, pressure, stiff, mass, bend, shrink, selfcollide)).encode(),
        digest_size=12,
    ).hexdigest()
    path = CACHE / "falls" / f"{key}.npz"
    if not path.exists():
        group = made.vertex_groups.new(name="pins")
        for i, weight in enumerate(pins):
            if weight > 0:
                group.add([i], float(weight), "REPLACE")
        modifier = made.modifiers.new("fall", "CLOTH")
        s = modifier.settings
        s.vertex_group_mass = "pins"
        s.quality, s.mass, s.air_damping = 7, mass, 2.0
        s.tension_stiffness = s.compression_stiffness = stiff * 2
        s.shear_stiffness, s.bending_stiffness = stiff, bend
        s.shrink_min = shrink
        if pressure:
            s.use_pressure, s.uniform_pressure_force = True, pressure
        modifier.collision_settings.use_self_collision = selfcollide
        modifier.point_cache.frame_end = frames
        scene = bpy.context.scene
        scene.frame_start, scene.frame_end = 1, frames
        for frame in range(1, frames + 1):
            scene.frame_set(frame)
        fallen = made.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
        fallen.vertices.foreach_get("co", points)
        made.modifiers.remove(modifier)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, points=points)
    mesh.vertices.foreach_set("co", np.load(path)["points"])
    mesh.update()


def finish(made, *, thick=0.003, smooth=1) -> None:
    """Round off, and give the cloth its thickness."""
    if smooth:
        modifier = made.modifiers.new("round", "SUBSURF")
        modifier.levels = modifier.render_levels = smooth
    modifier = made.modifiers.new("thick", "SOLIDIFY")
    modifier.thickness, modifier.offset = thick, -1
    modifier.use_even_offset = False


class Surface:
    """What things can be sewn onto: the front (or the back) of objects as they lie now."""

    def __init__(self, objects, *, behind=False) -> None:
        graph = bpy.context.evaluated_depsgraph_get()
        self.trees = []
        for each in objects:
            self.trees.append(BVHTree.FromObject(each, graph))
        self.direction = Vector((0, -1 if behind else 1, 0))

    def y(self, x: float, z: float, default=0.0) -> float:
        """Where the surface is at (x, z)."""
        start = Vector((x, -3 * self.direction.y, z))
        hits = [tree.ray_cast(start, self.direction)[0] for tree in self.trees]
        found = [hit.y for hit in hits if hit is not None]
        if not found:
            return default
        return min(found) if self.direction.y > 0 else max(found)


def patch(
    name: str,
    outline: Callable[[Array, Array], tuple[Array, Array]],
    under: Surface,
    kind: str,
    *,
    lift=0.004,
    thick=0.003,
    n=(24, 24),
    blur=2,
    mat=None,
    smooth=1,
):
    """A piece of cloth sewn on: `outline` gives x and z for s, t in 0..1; it follows what is below."""
    s, t = np.meshgrid(np.linspace(0, 1, n[1]), np.linspace(0, 1, n[0]))
    x, z = outline(s, t)
    y = np.array(
        [
            [under.y(a, b, np.nan) for a, b in zip(p, q, strict=True)]
            for p, q in zip(x, z, strict=True)
        ]
    )
    if np.isnan(y).any():
        y = np.where(np.isnan(y), np.nanmean(y) if not np.isnan(y).all() else 0.0, y)
    for _ in range(blur):
        padded = np.pad(y, 1, mode="edge")
        y = (
            np.minimum(
                y,
                (
                    padded[:-2, 1:-1]
                    + padded[2:, 1:-1]
                    + padded[1:-1, :-2]
                    + padded[1:-1, 2:]
                    + 4 * y
                )
                / 8,
            )
            if under.direction.y > 0
            else np.maximum(
                y,
                (
                    padded[:-2, 1:-1]
                    + padded[2:, 1:-1]
                    + padded[1:-1, :-2]
                    + padded[1:-1, 2:]
                    + 4 * y
                )
                / 8,
            )
        )
    grid = np.stack([x, y - lift * under.direction.y, z], axis=2)
    made = surface(name, grid, kind, closed=False)
    if mat is not None:
        made.data.materials[0] = mat
    finish(made, thick=thick, smooth=smooth)
    made.modifiers["thick"].offset = 0
    return made


def strip(
    name, line: Sequence[tuple[float, float]], width: float, under: Surface, kind: str, **options
):
    """A band of `width` along a line of (x, z)."""
    points = np.array(line, dtype=float)
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])

    def outline(s, t):
        at = t * lengths[-1]
        x, z = np.interp(at, lengths, points[:, 0]), np.interp(at, lengths, points[:, 1])
        gx, gz = np.gradient(x, axis=0), np.gradient(z, axis=0)
        norm = np.hypot(gx, gz) + 1e-9
        return x + (s - 0.5) * width * gz / norm, z - (s - 0.5) * width * gx / norm

    return patch(
        name,
        outline,
        under,
        kind,
        n=(options.pop("along", 40), options.pop("across", 5)),
        **options,
    )


def button(x: float, z: float, under: Surface, *, radius=0.009, colour=(0.11, 0.085, 0.06)):
    """A button with four holes, sewn on at (x, z)."""
    mesh = bpy.data.meshes.new("button")
    steps, rings = 32, [(1.0, 0.0), (1.0, 0.0022), (0.9, 0.0034), (0.72, 0.0026), (0.0, 0.0022)]
    vertices, faces = [], []
    for r, h in rings:
        for i in range(steps):
            angle = 2 * math.pi * i / steps
            vertices.append((r * radius * math.cos(angle), -h, r * radius * math.sin(angle)))
    for k in range(len(rings) - 1):
        for i in range(steps):
            j = (i + 1) % steps
            faces.append((k * steps + i, k * steps + j, (k + 1) * steps + j, (k + 1) * steps + i))
    mesh.from_pydata(vertices, [], faces)
    mesh.shade_smooth()
    mesh.materials.append(studio.material("horn", colour, 0.35))
    made = bpy.data.objects.new("button", mesh)
    made.location = (x, under.y(x, z) - 0.006 * under.direction.y, z)
    if under.direction.y < 0:
        made.rotation_euler = (0, 0, math.pi)
    bpy.context.scene.collection.objects.link(made)
    for sx in (-1, 1):
        for sz in (-1, 1):
            dot = bpy.data.meshes.new("hole")
            ring = [
                (
                    x + sx * radius * 0.22 + 0.0011 * math.cos(a),
                    made.location.y - 0.0030 * under.direction.y,
                    z + sz * radius * 0.22 + 0.0011 * math.sin(a),
                )
                for a in np.linspace(0, 6.283, 9)[:-1]
            ]
            dot.from_pydata(ring, [], [tuple(range(8))])
            dot.materials.append(studio.material("hole", (0.01, 0.01, 0.01), 1))
            bpy.context.scene.collection.objects.link(bpy.data.objects.new("hole", dot))
    return made
