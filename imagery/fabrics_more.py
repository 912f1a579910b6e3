"""Cloth for what hangs by its waist, a strap or a fold: how it is woven, falls and is sewn.

Metres. A `Sheet` is a grid of points of a mesh; what is sewn onto it is placed by row and
column, so that it follows every fold. All materials whose name starts with `studio.CLOTH` are
neutral grey and are coloured after rendering.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import bpy
import cloth
import numpy as np
import studio

Array = np.ndarray


# How it looks


@dataclass(frozen=True)
class Weave:
    """A fabric: binding, threads per metre, and how its surface takes the light."""

    binding: str
    threads: float
    rough: float = 0.9
    sheen: float = 0.2
    relief: float = 0.5  # strength of the bump
    uneven: float = 0.10  # how much single threads differ in brightness
    slub: float = 0.05  # how much the yarn swells
    fuzz: float = 0.0  # hair that stands off


WEAVES = {
    "canvas": Weave("plain", 900, sheen=0.05, relief=0.75, uneven=0.16, slub=0.10),
    "webbing": Weave("twill", 900, sheen=0.05, relief=0.8, uneven=0.14, slub=0.04),
    "lambswool": Weave("twill", 520, rough=1.0, sheen=0.5, relief=0.7, uneven=0.12, slub=0.06, fuzz=1.0),
    "silk-twill": Weave("twill", 2200, rough=0.36, sheen=0.1, relief=0.10, uneven=0.03, slub=0.01),
    "wool-twill": Weave("twill", 1000, rough=0.92, sheen=0.3, relief=0.55, uneven=0.07, slub=0.03, fuzz=0.35),
    "hopsack": Weave("basket", 900, rough=0.95, sheen=0.2, relief=0.8, uneven=0.16, slub=0.05, fuzz=0.2),
    "linen": Weave("plain", 1050, rough=0.85, sheen=0.08, relief=0.6, uneven=0.22, slub=0.13),
}


class Field:
    """A number that differs over a surface: arithmetic that writes shader nodes."""

    def __init__(self, tree, socket) -> None:
        self.tree, self.socket = tree, socket

    def _do(self, operation: str, *others) -> Field:
        node = self.tree.nodes.new("ShaderNodeMath")
        node.operation = operation
        for slot, value in zip(node.inputs, (self, *others), strict=False):
            if isinstance(value, Field):
                self.tree.links.new(value.socket, slot)
            else:
                slot.default_value = value
        return Field(self.tree, node.outputs[0])

    def __add__(self, other) -> Field:
        return self._do("ADD", other)

    def __sub__(self, other) -> Field:
        return self._do("SUBTRACT", other)

    def __mul__(self, other) -> Field:
        return self._do("MULTIPLY", other)

    def floor(self) -> Field:
        return self._do("FLOOR")

    def fract(self) -> Field:
        return self._do("FRACT")

    def modulo(self, other: float) -> Field:
        return self._do("FLOORED_MODULO", other)

    def below(self, other: float) -> Field:
        return self._do("LESS_THAN", other)

    def least(self, other) -> Field:
        return self._do("MINIMUM", other)

    def between(self, low: float, high: float) -> Field:
        return (self * -1).below(-low) * self.below(high)

    def mix(self, a: Field, b: Field) -> Field:
        """`a` where this is 1, `b` where it is 0."""
        return self * (a - b) + b

    def round_thread(self) -> Field:
        """The section of a thread, 0..1, over each unit."""
        t = self.fract() * 2 - 1
        return t * t * -1 + 1


def _noise(tree, kind: str, **settings) -> Field:
    node = tree.nodes.new(kind)
    for name, value in settings.items():
        if name == "dimensions":
            node.noise_dimensions = value
        elif isinstance(value, Field):
            tree.links.new(value.socket, node.inputs[name])
        else:
            node.inputs[name].default_value = value
    return Field(tree, node.outputs["Fac" if kind == "ShaderNodeTexNoise" else "Value"])


def _vector(tree, x: Field, y: Field) -> Field:
    node = tree.nodes.new("ShaderNodeCombineXYZ")
    tree.links.new(x.socket, node.inputs[0])
    tree.links.new(y.socket, node.inputs[1])
    return Field(tree, node.outputs[0])


def fabric(kind: str, *, border: float = 0.0, turned: float = 0.0):
    """The material of a woven cloth; `border`: side of a square with a border woven in;
    `turned`: by how much of a turn the threads lie across the cloth (bias)."""
    name = f"{studio.CLOTH}-{kind}{'-border' if border else ''}{f'-{turned}' if turned else ''}"
    found = bpy.data.materials.get(name)
    if found:
        return found
    weave = WEAVES[kind]
    made = studio.material(name, rough=weave.rough, sheen=weave.sheen)
    tree = made.node_tree
    shader = tree.nodes["Principled BSDF"]
    shader.inputs["Sheen Roughness"].default_value = 0.4
    split = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(tree.nodes.new("ShaderNodeUVMap").outputs[0], split.inputs[0])
    u, v = Field(tree, split.outputs[0]), Field(tree, split.outputs[1])
    cloth_u, cloth_v = u, v
    if turned:
        c, s = float(np.cos(2 * np.pi * turned)), float(np.sin(2 * np.pi * turned))
        u, v = u * c + v * s, v * c - u * s
    # Yarn is not straight: it wanders by a part of a thread.
    wander = _noise(tree, "ShaderNodeTexNoise", Vector=_vector(tree, u, v), Scale=60.0, Detail=3.0) - 0.5
    fu, fv = u * weave.threads + wander * 0.8, v * weave.threads + wander * -0.8
    iu, iv = fu.floor(), fv.floor()
    if weave.binding == "plain":
        over = (iu + iv).modulo(2).below(0.5)
    elif weave.binding == "basket":
        over = ((fu * 0.5).floor() + (fv * 0.5).floor()).modulo(2).below(0.5)
    else:
        over = (iu + iv).modulo(4).below(1.5)
    up, across = fu.round_thread(), fv.round_thread()
    height = over.mix(up * (across * 0.35 + 0.65), across * (up * 0.35 + 0.65))
    tone = over.mix(
        _noise(tree, "ShaderNodeTexWhiteNoise", dimensions="1D", W=iu),
        _noise(tree, "ShaderNodeTexWhiteNoise", dimensions="1D", W=iv + 7919.0),
    ) - 0.5
    slub = over.mix(
        _noise(tree, "ShaderNodeTexNoise", Vector=_vector(tree, u * 900.0, v * 26.0), Scale=1.0, Detail=2.0),
        _noise(tree, "ShaderNodeTexNoise", Vector=_vector(tree, u * 26.0, v * 900.0), Scale=1.0, Detail=2.0),
    ) - 0.5
    relief = height + slub * 1.2
    if weave.fuzz:
        hair = _noise(tree, "ShaderNodeTexNoise", Vector=_vector(tree, u, v), Scale=1500.0, Detail=4.0, Distortion=1.2)
        cloud = _noise(tree, "ShaderNodeTexNoise", Vector=_vector(tree, u, v), Scale=120.0, Detail=5.0)
        relief = relief + (hair + cloud * 1.5) * weave.fuzz
    albedo = (height - 0.62) * (0.16 + weave.relief * 0.14) + tone * (2 * weave.uneven) + slub * (2.5 * weave.slub) + 1.0
    if border:
        edge = (cloth_u.least(cloth_u * -1 + border)).least(cloth_v.least(cloth_v * -1 + border))
        wide, line = edge.between(0.022, 0.052), edge.between(0.059, 0.0625)
        band = (wide + line).least(1.0)
        dots = ((cloth_u * 62.5).round_thread() * (cloth_v * 62.5).round_thread()).between(0.74, 2.0) * wide
        albedo = albedo * (band * -0.42 + 1.0) + dots * 0.30
        shader_rough = band * 0.16 + weave.rough
        tree.links.new(shader_rough.socket, shader.inputs["Roughness"])
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = weave.relief
    bump.inputs["Distance"].default_value = 0.6 / weave.threads
    tree.links.new(relief.socket, bump.inputs["Height"])
    tree.links.new(bump.outputs["Normal"], shader.inputs["Normal"])
    tree.links.new((albedo * studio.GREY).socket, shader.inputs["Base Color"])
    return made


def leather(*, edge=False):
    """Calf with a fine grain; `edge`: where it is cut, painted and burnished."""
    name = f"{studio.CLOTH}-leather{'-edge' if edge else ''}"
    found = bpy.data.materials.get(name)
    if found:
        return found
    if edge:
        return studio.material(name, (studio.GREY * 0.55,) * 3, 0.38)
    made = studio.material(name, rough=0.45)
    tree = made.node_tree
    shader = tree.nodes["Principled BSDF"]
    shader.inputs["Coat Weight"].default_value = 0.12
    shader.inputs["Coat Roughness"].default_value = 0.35
    coordinates = tree.nodes.new("ShaderNodeTexCoord").outputs["Object"]
    where = Field(tree, coordinates)
    cells = tree.nodes.new("ShaderNodeTexVoronoi")
    cells.feature = "DISTANCE_TO_EDGE"
    cells.inputs["Scale"].default_value = 620
    tree.links.new(coordinates, cells.inputs["Vector"])
    pebble = Field(tree, cells.outputs["Distance"])._do("SMOOTH_MIN", 0.22, 0.12)
    fine = _noise(tree, "ShaderNodeTexNoise", Vector=where, Scale=900.0, Detail=4.0)
    cloud = _noise(tree, "ShaderNodeTexNoise", Vector=where, Scale=14.0, Detail=4.0)
    worn = _noise(tree, "ShaderNodeTexNoise", Vector=where, Scale=55.0, Detail=5.0)
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = 0.5
    bump.inputs["Distance"].default_value = 0.0012
    tree.links.new((pebble * 2.0 + fine * 0.25 + worn * 0.35).socket, bump.inputs["Height"])
    tree.links.new(bump.outputs["Normal"], shader.inputs["Normal"])
    tree.links.new(((pebble * 0.55 + cloud * 0.36 + worn * 0.16 + 0.64) * studio.GREY).socket, shader.inputs["Base Color"])
    tree.links.new((cloud * 0.25 + worn * 0.12 + 0.28).socket, shader.inputs["Roughness"])
    return made


def brass():
    return studio.material("brass", (0.50, 0.36, 0.17), 0.28, metal=1.0)


# How it falls


def fall(rest: Array, faces: Array, pinned: Array, *, start: Array | None = None, seconds=1.6, step=1 / 300, gravity=4.0, bend=2e-4, shear=2e-5, stretch=0.0, damping=3.0, pressure=0.0, tether: Array | None = None, limit: Callable[[Array], None] | None = None, note: object = "") -> Array:
    """Points of a cloth of quads (`faces`) after it has hung from its `pinned` points.

    Extended position based dynamics: `bend`, `shear` and `stretch` say how much it gives
    (compliance). `rest`: how it was cut; `start`: where it begins; `tether`: for every point, the
    point it cannot get farther from than it was cut, or -1; `limit`: moves points, in place, off
    what they may not enter (`note` names what it does, for the cache).
    """
    start = rest if start is None else start
    digest = hashlib.blake2b(digest_size=12)
    for part in (rest, faces, pinned, start, np.empty(0) if tether is None else tether):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update(repr((seconds, step, gravity, bend, shear, stretch, damping, pressure, note)).encode())
    path = cloth.CACHE / "falls" / f"{digest.hexdigest()}.npz"
    if path.exists():
        return np.load(path)["points"]
    groups = []
    for pairs, give in zip(_constraints(faces), (stretch, shear, bend), strict=True):
        length = np.linalg.norm(rest[pairs[:, 0]] - rest[pairs[:, 1]], axis=1)
        for chosen in _coloured(pairs, len(rest)):
            groups.append((pairs[chosen, 0], pairs[chosen, 1], length[chosen], give / step**2))
    free = (~pinned.astype(bool)).astype(float)
    now, speed = start.copy(), np.zeros_like(start)
    if tether is not None:
        held = np.flatnonzero((tether >= 0) & (free > 0))
        anchor = tether[held]
        reach = np.linalg.norm(rest[held] - rest[anchor], axis=1) * 1.005
    if pressure:
        area = np.linalg.norm(_normals(rest, faces), axis=1).mean()
    for _ in range(int(seconds / step)):
        speed[:, 2] -= gravity * step
        if pressure:
            speed += pressure * step / area * _normals(now, faces)
        speed *= 1 - damping * step
        before = now.copy()
        now += speed * step * free[:, None]
        for a, b, length, give in groups:
            way = now[a] - now[b]
            far = np.sqrt(np.einsum("ij,ij->i", way, way)) + 1e-12
            weight_a, weight_b = free[a], free[b]
            move = ((far - length) / (far * (weight_a + weight_b + give + 1e-9)))[:, None] * way
            now[a] -= weight_a[:, None] * move
            now[b] += weight_b[:, None] * move
        if tether is not None:
            way = now[held] - now[anchor]
            far = np.linalg.norm(way, axis=1) + 1e-12
            now[held] = now[anchor] + way * np.minimum(1, reach / far)[:, None]
        if limit is not None:
            limit(now)
        now = np.where(free[:, None] > 0, now, before)
        speed = (now - before) / step
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, points=now)
    return now


def _normals(points: Array, faces: Array) -> Array:
    """For every point, a normal as long as the area around it."""
    p = points[faces]
    across = np.cross(p[:, 2] - p[:, 0], p[:, 3] - p[:, 1]) / 8
    total = np.zeros_like(points)
    for k in range(4):
        for axis in range(3):
            total[:, axis] += np.bincount(faces[:, k], across[:, axis], len(points))
    return total


def _constraints(faces: Array) -> tuple[Array, Array, Array]:
    """Pairs of points that keep their distance: along edges, across faces, over an edge."""
    sides: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for face in faces.tolist():
        for k in range(4):
            a, b = face[k], face[(k + 1) % 4]
            ends = (face[k - 1], face[(k + 2) % 4])
            sides.setdefault((min(a, b), max(a, b)), []).append(ends if a < b else ends[::-1])
    over = {tuple(sorted(pair)) for ends in sides.values() if len(ends) == 2 for pair in zip(*ends, strict=True)}
    over = {pair for pair in over if pair[0] != pair[1]} - set(sides)
    across = np.concatenate([faces[:, [0, 2]], faces[:, [1, 3]]])
    return np.array(sorted(sides)), across, np.array(sorted(over))


def _coloured(pairs: Array, count: int) -> list[Array]:
    """Indices of `pairs` in groups in which no point occurs twice."""
    used, groups = [0] * count, []
    for k, (a, b) in enumerate(pairs.tolist()):
        taken = used[a] | used[b]
        colour = (~taken & (taken + 1)).bit_length() - 1
        used[a] |= 1 << colour
        used[b] |= 1 << colour
        while len(groups) <= colour:
            groups.append([])
        groups[colour].append(k)
    return [np.array(each) for each in groups]


def grid_faces(rows: int, columns: int, *, closed: bool) -> Array:
    """The quads of a grid of points."""
    index = np.arange(rows * columns).reshape(rows, columns)
    if closed:
        index = np.concatenate([index, index[:, :1]], axis=1)
    return index_faces(index)


def index_faces(index: Array) -> Array:
    """The quads between the points of a grid of point numbers."""
    return np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], axis=-1).reshape(-1, 4)


# How it is made


@dataclass
class Sheet:
    """A grid of points, by row and column, that things can be sewn onto."""

    points: Array  # (rows, columns, 3)
    closed: bool = False
    outward: float = 1.0

    def at(self, row: Array, column: Array, lift: float = 0.0) -> Array:
        """Points at fractional rows and columns, `lift` metres off the sheet."""
        p, n = self.points, self.normals()
        rows, columns = p.shape[:2]
        row = np.clip(row, 0, rows - 1)
        column = column % columns if self.closed else np.clip(column, 0, columns - 1)
        i, j = np.minimum(row.astype(int), rows - 2), column.astype(int)
        j = j % columns if self.closed else np.minimum(j, columns - 2)
        k = (j + 1) % columns
        s, t = (row - i)[..., None], (column - np.floor(column) if self.closed else column - j)[..., None]

        def blend(a: Array) -> Array:
            return (a[i, j] * (1 - t) + a[i, k] * t) * (1 - s) + (a[i + 1, j] * (1 - t) + a[i + 1, k] * t) * s

        return blend(p) + lift * blend(n)

    def normals(self) -> Array:
        p = self.points
        down = np.gradient(p, axis=0)
        if self.closed:
            along = (np.roll(p, -1, axis=1) - np.roll(p, 1, axis=1)) / 2
        else:
            along = np.gradient(p, axis=1)
        n = np.cross(along, down) * self.outward
        return n / (np.linalg.norm(n, axis=2, keepdims=True) + 1e-12)

    def nearest(self, x: float, z: float, *, front=True) -> tuple[float, float]:
        """Row and column of what is seen at (x, z) from the front (or from behind)."""
        n = self.normals()[..., 1]
        distance = np.hypot(self.points[..., 0] - x, self.points[..., 2] - z)
        distance = distance + np.where((n < 0) == front, 0, 1)
        i, j = np.unravel_index(int(distance.argmin()), distance.shape)
        # then between the points, by the directions of the grid there
        q = self.points
        rows, columns = q.shape[:2]
        di = q[min(i + 1, rows - 1), j] - q[max(i - 1, 0), j]
        dj = q[i, (j + 1) % columns] - q[i, j - 1] if self.closed else q[i, min(j + 1, columns - 1)] - q[i, max(j - 1, 0)]
        scale_i = min(i + 1, rows - 1) - max(i - 1, 0)
        scale_j = 2 if self.closed else min(j + 1, columns - 1) - max(j - 1, 0)
        system = np.array([[di[0] / scale_i, dj[0] / scale_j], [di[2] / scale_i, dj[2] / scale_j]])
        off = np.clip(np.linalg.lstsq(system, np.array([x - q[i, j, 0], z - q[i, j, 2]]), rcond=1e-3)[0], -0.6, 0.6)
        return i + float(off[0]), j + float(off[1])


def build_mesh(name: str, points: Array, faces: Array, uv: Array, mat, *, thick: float, smooth=1, offset=-1.0, rounded=False):
    """An object of quads; `uv`: for every corner of every face; `rounded`: with soft edges."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points.tolist(), [], faces.tolist())
    mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", np.asarray(uv, dtype=np.float32).ravel())
    mesh.materials.append(mat)
    mesh.shade_smooth()
    made = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(made)
    names = ("thick", "round") if rounded else ("round", "thick")
    for each in names:
        if each == "round" and smooth:
            modifier = made.modifiers.new("round", "SUBSURF")
            modifier.levels = modifier.render_levels = smooth
        elif each == "thick" and thick:
            modifier = made.modifiers.new("thick", "SOLIDIFY")
            modifier.thickness, modifier.offset, modifier.use_even_offset = thick, offset, False
    return made


def grid_uv(grid: Array, *, closed: bool) -> Array:
    """Metres along and down a grid, for the corners of its faces."""
    rows, columns = grid.shape[:2]
    ring = np.concatenate([grid, grid[:, :1]], axis=1) if closed else grid
    u = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(ring, axis=1), axis=2).mean(axis=0))])
    v = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(grid, axis=0), axis=2).mean(axis=1))])
    place = np.stack(np.meshgrid(u, v), axis=-1)
    return np.stack([place[:-1, :-1], place[:-1, 1:], place[1:, 1:], place[1:, :-1]], axis=-2).reshape(-1, 2)


def panel(name: str, grid: Array, mat, *, closed=False, thick=0.002, smooth=1, offset=-1.0, rounded=False, uv: Array | None = None):
    """An object from a grid of points."""
    rows, columns = grid.shape[:2]
    uv = grid_uv(grid, closed=closed) if uv is None else uv
    return build_mesh(name, grid.reshape(-1, 3), grid_faces(rows, columns, closed=closed), uv, mat, thick=thick, smooth=smooth, offset=offset, rounded=rounded)


def sewn(name: str, sheet: Sheet, rows: Array, columns: Array, mat, *, lift=0.0015, thick=0.0016, puff=0.0):
    """A piece of cloth on a sheet, over a grid of its rows and columns; `puff`: fuller in the middle."""
    grid = sheet.at(np.asarray(rows, dtype=float), np.asarray(columns, dtype=float), lift)
    if puff:
        s, t = np.meshgrid(np.linspace(-1, 1, grid.shape[1]), np.linspace(-1, 1, grid.shape[0]))
        grid = grid + (puff * (1 - s**4) * (1 - t**4))[..., None] * sheet.at(rows, columns, 1.0) - (puff * (1 - s**4) * (1 - t**4))[..., None] * sheet.at(rows, columns)
    return panel(name, grid, mat, thick=thick, offset=0.0, rounded=True)


def on_sheet(sheet: Sheet, line: Sequence[tuple[float, float]], *, front=True, count=60) -> Array:
    """Rows and columns, (count, 2), along a line of (x, z) as it is seen."""
    p = np.array(line, dtype=float)
    at = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(p, axis=0).T))])
    t = np.linspace(0, at[-1], count)
    places = np.array([sheet.nearest(np.interp(k, at, p[:, 0]), np.interp(k, at, p[:, 1]), front=front) for k in t])
    kernel = np.array([1, 2, 1]) / 4
    for _ in range(3):
        padded = np.pad(places, ((1, 1), (0, 0)), mode="reflect", reflect_type="odd")
        places = np.stack([np.convolve(padded[:, k], kernel, "valid") for k in range(2)], axis=1)
    return places


def tape(name: str, sheet: Sheet, places: Array, width: float, mat, *, lift=0.0014, thick=0.0012):
    """A narrow band of `width` along rows and columns of a sheet."""
    middle = sheet.at(places[:, 0], places[:, 1], lift)
    normal = sheet.at(places[:, 0], places[:, 1], lift + 1.0) - middle
    side = np.cross(np.gradient(middle, axis=0), normal)
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-12
    grid = np.stack([middle + side * width * k for k in (-0.5, 0.0, 0.5)], axis=1)
    return panel(name, grid, mat, thick=thick, offset=0.0, rounded=True)


def stitches(name: str, line: Array, normal: Array, mat, *, length=0.0034, gap=0.0014, radius=0.00042):
    """A row of stitches along points, lying on what has this normal: one object."""
    at = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    count = max(1, int(at[-1] / (length + gap)))
    begin = np.arange(count) * (at[-1] / count)

    def where(values: Array, t: Array) -> Array:
        return np.stack([np.interp(t, at, values[:, k]) for k in range(3)], axis=1)

    rings = np.array([(-0.5, 0.25), (-0.42, 0.8), (-0.2, 1.0), (0.2, 1.0), (0.42, 0.8), (0.5, 0.25)])
    angle = np.linspace(0, 2 * np.pi, 7)[:-1]
    vertices, faces = [], []
    middle = begin + (length + gap) / 2
    a, b, up = where(line, middle - length / 2), where(line, middle + length / 2), where(normal, middle)
    for k in range(count):
        along = (b[k] - a[k]) / (np.linalg.norm(b[k] - a[k]) + 1e-12)
        side = np.cross(along, up[k])
        base = len(vertices)
        for t, r in rings:
            centre = (a[k] + b[k]) / 2 + along * t * length
            vertices += [tuple(centre + radius * r * (np.cos(w) * side + 0.8 * np.sin(w) * up[k])) for w in angle]
        for i in range(len(rings) - 1):
            for j in range(6):
                n = (j + 1) % 6
                faces.append((base + i * 6 + j, base + i * 6 + n, base + (i + 1) * 6 + n, base + (i + 1) * 6 + j))
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices, [], faces)
    mesh.materials.append(mat)
    mesh.shade_smooth()
    made = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(made)
    return made


def stitch_sheet(name: str, sheet: Sheet, places: Array, mat, *, lift=0.0012, **options):
    """A row of stitches along rows and columns of a sheet."""
    line = sheet.at(places[:, 0], places[:, 1], lift)
    return stitches(name, line, sheet.at(places[:, 0], places[:, 1], lift + 1.0) - line, mat, **options)


def thread():
    """Sewing thread: the colour of the cloth, a little lighter."""
    return studio.material(f"{studio.CLOTH}-thread", (studio.GREY * 1.22,) * 3, 0.6)


def ribbon(name: str, line: Array, across: Array, width: float | Array, mat, *, thick=0.003, count=5):
    """A band along points in space; `across`: the direction of its width, one or for every point."""
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-12
    side = np.broadcast_to(np.asarray(across, dtype=float), line.shape)
    side = side - along * np.einsum("ij,ij->i", side, along)[:, None]
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-12
    half = np.broadcast_to(np.asarray(width, dtype=float) / 2, len(line))[:, None]
    grid = np.stack([line + side * half * k for k in np.linspace(-1, 1, count)], axis=1)
    return panel(name, grid, mat, thick=thick, offset=0.0, rounded=True)


def smooth_line(points: Sequence[Sequence[float]], count: int, passes: int = 30) -> Array:
    """Points evenly along a line through space, its corners rounded."""
    p = np.array(points, dtype=float)
    at = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
    t = np.linspace(0, at[-1], count)
    line = np.stack([np.interp(t, at, p[:, k]) for k in range(3)], axis=1)
    for _ in range(passes):
        line[1:-1] = (line[:-2] + 2 * line[1:-1] + line[2:]) / 4
    return line
