"""Cloth, thread by thread: a weave, two yarns and a light become a picture.

For each pixel the renderer finds the thread that lies on top there, the place within that
thread and within its float (the stretch in which it stays on top), and from both the direction
in which the surface faces; light does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

Array = np.ndarray
Colour = tuple[float, float, float]
Fold = tuple[float, float, float, float, float]

PLAIN = ["10", "01"]
HOPSACK = ["1100", "1100", "0011", "0011"]
TWILL = ["1110", "0111", "1011", "1101"]
HERRINGBONE_COLUMNS = 16


@dataclass
class Yarn:
    """One set of threads.

    colour: linear RGB. width: of the space between two threads, 1 leaves no gap.
    uneven: how much colour and width differ from thread to thread. sheen: of the highlight.
    twist: turns of the fibres over one thread width.
    """

    colour: Colour
    width: float = 0.96
    uneven: float = 0.10
    sheen: float = 0.06
    twist: float = 1.1
    fuzz: float = 0.10


@dataclass
class Cloth:
    matrix: Array
    warp: Yarn
    weft: Yarn
    ground: Colour = (0.01, 0.01, 0.012)
    seed: int = 1
    taper: float = 0.22  # how much a thread narrows where it dives


# Weaves


def repeat(rows: list[str], height: int, width: int) -> Array:
    small = np.array([[int(c) for c in row] for row in rows], dtype=np.int8)
    return np.tile(small, (height // small.shape[0] + 1, width // small.shape[1] + 1))[
        :height, :width
    ]


def herringbone(height: int, width: int, columns: int = HERRINGBONE_COLUMNS) -> Array:
    j, i = np.mgrid[0:height, 0:width]
    fold = i % (2 * columns)
    k = np.where(fold < columns, fold, 2 * columns - 1 - fold)
    return (((j + k) % 4) < 2).astype(np.int8)


def floats(matrix: Array, value: int) -> tuple[Array, Array]:
    """For each cell of `value`: where its float begins and how long it is, down the columns."""
    height, width = matrix.shape
    start = np.zeros((height, width))
    length = np.ones((height, width))
    for column in range(width):
        line = matrix[:, column] == value
        edges = np.flatnonzero(np.diff(np.concatenate(([0], line.view(np.int8), [0]))))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            start[begin:end, column] = begin
            length[begin:end, column] = end - begin
    return start, length


# Light


def noise(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> Array:
    """Smooth noise between -1 and 1 with features of about `cell` pixels."""
    rows, columns = (max(2, int(np.ceil(size / cell)) + 1) for size in shape)
    small = Image.fromarray(rng.standard_normal((rows, columns)).astype(np.float32), mode="F")
    large = np.asarray(small.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
    return np.clip(large / 2, -1, 1)


@dataclass
class Surface:
    """What lies on top at each pixel.

    i, j: the cell. up: it is a warp thread. gone: a thread is missing there.
    cross, along: the place across the thread and along its float, -1 to 1.
    length: of the float, in threads. inside: the thread covers the pixel.
    run: threads passed along the thread. jitter, slub: how this thread differs from others.
    """

    i: Array
    j: Array
    up: Array
    gone: Array
    cross: Array
    along: Array
    length: Array
    inside: Array
    run: Array
    jitter: Array
    slub: Array

    def of_thread(self, warp: float, weft: float) -> Array:
        return np.where(self.up, warp, weft)


def surface(
    cloth: Cloth, u: Array, v: Array, rng: np.random.Generator, missing: list[int]
) -> Surface:
    """Find the thread on top at thread coordinates (u, v)."""
    rows, columns = cloth.matrix.shape
    # Threads are never quite straight nor quite evenly spaced.
    u = u + 0.10 * noise(rng, u.shape, 90) + 0.05 * noise(rng, u.shape, 23)
    v = v + 0.12 * noise(rng, u.shape, 80) + 0.05 * noise(rng, u.shape, 21)
    i = np.clip(np.floor(u).astype(int), 0, columns - 1)
    j = np.clip(np.floor(v).astype(int), 0, rows - 1)
    fu, fv = u - i - 0.5, v - j - 0.5

    matrix = cloth.matrix.copy()
    matrix[:, missing] = 0  # the wefts float over its place
    gone = np.isin(i, missing)
    up = matrix[j, i] == 1
    warp_start, warp_length = floats(matrix, 1)
    weft_start, weft_length = (a.T for a in floats(matrix.T, 0))
    begin = np.where(up, warp_start[j, i], weft_start[j, i])
    length = np.where(up, warp_length[j, i], weft_length[j, i])
    place = np.where(up, j - begin + fv + 0.5, i - begin + fu + 0.5) / length
    along = np.clip(2 * place - 1, -1, 1)

    jitter = np.where(up, rng.standard_normal(columns)[i], rng.standard_normal(rows)[j])
    slub = np.where(up, noise(rng, (rows, columns), 7)[j, i], noise(rng, (rows, columns), 7)[j, i])
    uneven = np.where(up, cloth.warp.uneven, cloth.weft.uneven)
    width = np.where(up, cloth.warp.width, cloth.weft.width)
    width = width * (1 + uneven * 0.5 * (slub + jitter / 3))
    width = width * (1.04 - cloth.taper * np.abs(along) ** 3)
    width = np.where(gone, width * 0.6, width)
    cross = np.where(up, fu, fv) * 2 / np.clip(width, 0.3, 1.25)
    return Surface(
        i=i,
        j=j,
        up=up,
        gone=gone,
        cross=np.clip(cross, -1, 1),
        along=along,
        length=length,
        inside=np.abs(cross) < 1,
        run=np.where(up, v, u),
        jitter=jitter,
        slub=slub,
    )


def weave(
    cloth: Cloth,
    u: Array,
    v: Array,
    light: Colour = (-0.5, -0.55, 0.67),
    paint: tuple[Array, Colour] | None = None,
    missing: tuple[int, ...] = (),
) -> Array:
    """Linear RGB of the cloth at thread coordinates (u, v).

    light: where it comes from. paint: cells of another colour, and the colour.
    missing: warp threads that have been drawn out.
    """
    rng = np.random.default_rng(cloth.seed)
    top = surface(cloth, u, v, rng, list(missing))
    warp, weft = cloth.warp, cloth.weft
    cross, along = top.cross, top.along

    # The surface: round across, bent down at both ends of a float.
    bend = along * np.abs(along) * np.clip(1.5 / top.length, 0.25, 1.0)
    nx = np.where(top.up, cross * 0.85, bend * 0.9)
    ny = np.where(top.up, bend * 0.9, cross * 0.85)
    nz = np.sqrt(np.clip(1 - nx**2 - ny**2, 0.08, 1))
    norm = np.sqrt(nx**2 + ny**2 + nz**2)
    lx, ly, lz = np.array(light) / np.linalg.norm(light)
    diffuse = np.clip((nx * lx + ny * ly + nz * lz) / norm, 0, 1)
    half = np.clip((nx * lx + ny * ly + nz * (lz + 1)) / norm / np.sqrt(2 + 2 * lz), 0, 1)

    # Fibres: twisted lines along the thread, and a little fuzz.
    twist = top.run * top.of_thread(warp.twist, weft.twist)
    fibre = np.sin(2 * np.pi * (twist + cross * 0.55 + top.jitter * 7)) * 0.55
    fibre += 0.5 * noise(rng, u.shape, 5) + noise(rng, u.shape, 2.4)

    colour = np.where(top.up[..., None], np.array(warp.colour), np.array(weft.colour))
    if paint is not None:
        cells, other = paint
        colour = np.where(cells[top.j, top.i][..., None], np.array(other), colour)
    uneven = top.of_thread(warp.uneven, weft.uneven)
    colour = colour * (1 + uneven * 0.6 * top.jitter + 0.35 * uneven * top.slub)[..., None]

    sunk = 0.34 + 0.66 * (1 - np.abs(cross) ** 3) * (1 - 0.5 * np.abs(along) ** 4)
    shade = (0.16 + 1.0 * diffuse) * sunk * (1 + top.of_thread(warp.fuzz, weft.fuzz) * fibre)
    sheen = top.of_thread(warp.sheen, weft.sheen) * half**14 * sunk
    # In the hollows light has met the yarn twice: the colour is deeper there, not just darker.
    deep = 1 + 0.35 * np.clip(1 - shade, 0, 1)
    lit = np.clip(colour, 1e-4, None) ** deep[..., None] * shade[..., None] + sheen[..., None]
    # Between the threads one looks at the ground; where one is missing the wefts lie loose.
    lit = np.where(top.inside[..., None], lit, np.array(cloth.ground) * 0.9)
    return np.clip(np.where(top.gone[..., None], lit * 0.85, lit), 0, None)


def developed(linear: Array, size: tuple[int, int]) -> Image.Image:
    """Linear light to an sRGB picture of `size`, with a soft shoulder and smooth edges."""
    rounded = linear / (1 + 0.18 * linear) * 1.12
    srgb = np.where(
        rounded <= 0.0031308,
        12.92 * rounded,
        1.055 * np.clip(rounded, 1e-9, None) ** (1 / 2.4) - 0.055,
    )
    picture = Image.fromarray((np.clip(srgb, 0, 1) * 255 + 0.5).astype(np.uint8))
    return picture.resize(size, Image.Resampling.LANCZOS)


def focused(picture: Image.Image, distance: Array, most: float) -> Image.Image:
    """Blur by the distance (0 to 1) from the plane in focus, as a lens would."""
    result = np.asarray(picture, dtype=np.float32)
    steps = 4
    for step in range(1, steps + 1):
        level = step / steps
        soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(most * level)), dtype=np.float32)
        weight = np.clip((distance - level + 1 / steps) * steps, 0, 1)[..., None]
        result = result * (1 - weight) + soft * weight
    return Image.fromarray(np.clip(result + 0.5, 0, 255).astype(np.uint8))


def drape(x: Array, y: Array, folds: list[Fold]) -> Array:
    """Height of soft folds; each is (position, width, height, slant, curve) in picture units."""
    height = np.zeros_like(x)
    for position, width, amount, slant, curve in folds:
        q = x - position - slant * (y - 0.5) - curve * np.sin(2.2 * y + 4 * position)
        height += amount * np.exp(-((q / width) ** 2))
    return height
