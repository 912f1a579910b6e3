"""Weave the pictures of the site: every thread is laid by this program.

    python kaira-1.0.0/_imagery/weave.py [NAME ...]

needs numpy and Pillow >= 11.3 and writes AVIF and WebP to `assets/pictures/` and the icons to
`assets/`. The same versions give the same bytes.

A cloth is a matrix (1: the warp thread is on top) and two yarns. For each pixel the renderer
finds the thread that lies on top there, the place within that thread and within its float, and
from both the direction that the surface faces; light does the rest.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

ASSETS = Path(__file__).resolve().parent.parent / "assets"

Array = np.ndarray

PLAIN = ["10", "01"]
HOPSACK = ["1100", "1100", "0011", "0011"]
TWILL = ["1110", "0111", "1011", "1101"]
HERRINGBONE_COLUMNS = 16

INK = (0.034, 0.042, 0.058)
INK_LIGHT = (0.150, 0.160, 0.182)
UNDYED = (0.90, 0.855, 0.755)
UNDYED_WARM = (0.855, 0.81, 0.715)
INDIGO = (0.024, 0.045, 0.110)
INDIGO_PALE = (0.200, 0.250, 0.345)
GARDENIA = (0.86, 0.54, 0.035)
GARDENIA_DEEP = (0.76, 0.44, 0.025)

# The name as it is woven into the selvedge, a character a thread.
LETTERS = {
    "K": ["#...#", "#..#.", "#.#..", "##...", "#.#..", "#..#.", "#...#"],
    "A": ["..#..", ".#.#.", ".#.#.", "#...#", "#####", "#...#", "#...#"],
    "I": ["#", "#", "#", "#", "#", "#", "#"],
    "R": ["####.", "#...#", "#...#", "####.", "#.#..", "#..#.", "#...#"],
    "카": ["####.#.", "...#.#.", "...#.#.", ".###.##", "...#.#.", "..#..#.", "##...#."],
    "이": [".##..#", "#..#.#", "#..#.#", "#..#.#", "#..#.#", "#..#.#", ".##..#"],
    "라": ["####.#.", "...#.#.", "...#.#.", "####.##", "#....#.", "#....#.", "####.#."],
    "·": [".", ".", ".", "#", ".", ".", "."],
}


@dataclass
class Yarn:
    """One set of threads.

    colour: linear RGB. width: of the space between two threads, 1 leaves no gap.
    uneven: how much colour and width differ from thread to thread. sheen: of the highlight.
    twist: turns of the fibres over one thread width.
    """

    colour: tuple[float, float, float]
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
    ground: tuple[float, float, float] = (0.01, 0.01, 0.012)
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


def weave(
    cloth: Cloth,
    u: Array,
    v: Array,
    light: tuple[float, float, float] = (-0.5, -0.55, 0.67),
    paint: dict[str, Array] | None = None,
    missing: set[int] | None = None,
) -> Array:
    """Linear RGB of the cloth at thread coordinates (u, v).

    paint: colours by cell, "colour" (rows, columns, 3) used where "mask" is set.
    missing: warp threads that have been drawn out.
    """
    rng = np.random.default_rng(cloth.seed)
    matrix = cloth.matrix
    rows, columns = matrix.shape
    shape = u.shape

    # Threads are never quite straight nor quite evenly spaced.
    u = u + 0.10 * noise(rng, shape, 90) + 0.05 * noise(rng, shape, 23)
    v = v + 0.12 * noise(rng, shape, 80) + 0.05 * noise(rng, shape, 21)
    i = np.clip(np.floor(u).astype(int), 0, columns - 1)
    j = np.clip(np.floor(v).astype(int), 0, rows - 1)
    fu, fv = u - i - 0.5, v - j - 0.5

    up = matrix[j, i] == 1
    if missing:
        gone = np.isin(i, list(missing))
        up &= ~gone
        matrix = matrix.copy()
        matrix[:, list(missing)] = 0  # the wefts float over its place
    else:
        gone = np.zeros(shape, dtype=bool)
    warp_start, warp_length = floats(matrix, 1)
    weft_start, weft_length = (a.T for a in floats(matrix.T, 0))
    begin = np.where(up, warp_start[j, i], weft_start[j, i])
    length = np.where(up, warp_length[j, i], weft_length[j, i])
    place = np.where(up, j - begin + fv + 0.5, i - begin + fu + 0.5) / length
    along = np.clip(2 * place - 1, -1, 1)

    def of_thread(warp: float, weft: float) -> Array:
        return np.where(up, warp, weft)

    jitter_i = rng.standard_normal(columns)[i]
    jitter_j = rng.standard_normal(rows)[j]
    jitter = np.where(up, jitter_i, jitter_j)
    slub = np.where(
        up, noise(rng, (rows, columns), 7)[j, i], noise(rng, (rows, columns), 7)[j, i]
    )
    uneven = of_thread(cloth.warp.uneven, cloth.weft.uneven)
    width = of_thread(cloth.warp.width, cloth.weft.width) * (1 + uneven * 0.5 * (slub + jitter / 3))
    width = width * (1.04 - cloth.taper * np.abs(along) ** 3)
    width = np.where(gone, width * 0.6, width)
    cross = np.where(up, fu, fv) * 2 / np.clip(width, 0.3, 1.25)
    inside = np.abs(cross) < 1
    cross = np.clip(cross, -1, 1)

    # The surface: round across, bent down at both ends of a float.
    bend = along * np.abs(along) * np.clip(1.5 / length, 0.25, 1.0)
    n_cross, n_along = cross * 0.85, bend * 0.9
    nx = np.where(up, n_cross, n_along)
    ny = np.where(up, n_along, n_cross)
    nz = np.sqrt(np.clip(1 - nx**2 - ny**2, 0.08, 1))
    norm = np.sqrt(nx**2 + ny**2 + nz**2)
    lx, ly, lz = np.array(light) / np.linalg.norm(light)
    diffuse = np.clip((nx * lx + ny * ly + nz * lz) / norm, 0, 1)
    half = np.clip((nx * lx + ny * ly + nz * (lz + 1)) / norm / np.sqrt(2 + 2 * lz), 0, 1)

    # Fibres: twisted lines along the thread, and a little fuzz.
    twist = of_thread(cloth.warp.twist, cloth.weft.twist)
    run = np.where(up, v, u)
    fibre = np.sin(2 * np.pi * (run * twist + cross * 0.55 + jitter * 7)) * 0.55
    fibre += 0.5 * noise(rng, shape, 5) + noise(rng, shape, 2.4)
    fuzz = of_thread(cloth.warp.fuzz, cloth.weft.fuzz)

    colour = np.where(up[..., None], np.array(cloth.warp.colour), np.array(cloth.weft.colour))
    if paint is not None:
        painted = paint["mask"][j, i]
        colour = np.where(painted[..., None], paint["colour"][j, i], colour)
    colour = colour * (1 + uneven * 0.6 * jitter + 0.35 * uneven * slub)[..., None]

    sunk = 0.34 + 0.66 * (1 - np.abs(cross) ** 3) * (1 - 0.5 * np.abs(along) ** 4)
    shade = (0.16 + 1.0 * diffuse) * sunk * (1 + fuzz * fibre)
    sheen = of_thread(cloth.warp.sheen, cloth.weft.sheen) * half**14 * sunk
    # In the hollows light has met the yarn twice: the colour is deeper there, not just darker.
    deep = 1 + 0.35 * np.clip(1 - shade, 0, 1)
    lit = np.clip(colour, 1e-4, None) ** deep[..., None] * shade[..., None] + sheen[..., None]
    back = np.array(cloth.ground) * (0.6 + 0.4 * (1 - np.abs(fv)))[..., None]
    lit = np.where(inside[..., None], lit, back)
    if missing:
        # What is left of the place of a thread: wefts that lie loose over a dark ground.
        loose = 1 - 0.25 * np.cos(np.pi * fu)
        lit = np.where(gone[..., None], lit * loose[..., None], lit)
    return np.clip(lit, 0, None)


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
        soft = np.asarray(
            picture.filter(ImageFilter.GaussianBlur(most * level)), dtype=np.float32
        )
        weight = np.clip((distance - level + 1 / steps) * steps, 0, 1)[..., None]
        result = result * (1 - weight) + soft * weight
    return Image.fromarray(np.clip(result + 0.5, 0, 255).astype(np.uint8))


def drape(x: Array, y: Array, folds: list[tuple[float, float, float, float, float]]) -> Array:
    """Height of soft folds; each is (position, width, height, slant, curve) in picture units."""
    height = np.zeros_like(x)
    for position, width, amount, slant, curve in folds:
        q = x - position - slant * (y - 0.5) - curve * np.sin(2.2 * y + 4 * position)
        height += amount * np.exp(-((q / width) ** 2))
    return height


# The pictures


def woven_name(rows: int, first: int, gap: int) -> tuple[Array, int]:
    """Cells of the selvedge that carry the name, reading from bottom to top."""
    line: list[list[str]] = [[] for _ in range(7)]
    for character in "KAIRA  카이라  ":
        glyph = LETTERS.get(character, ["..", "..", "..", "..", "..", "..", ".."])
        for row in range(7):
            line[row] += list(glyph[row]) + ["."]
    text = np.array([[c == "#" for c in row] for row in line])
    turned = np.rot90(text)  # seven wide, reading upwards
    column = np.zeros((rows, 7), dtype=bool)
    place = first
    while place < rows:
        part = turned[: rows - place]
        column[place : place + len(part)] = part
        place += len(turned) + gap
    return column, 7


def hero() -> Image.Image:
    """Ink herringbone with its selvedge, the name woven in, in soft folds."""
    out, over = 1200, 2
    size = out * over
    y, x = np.mgrid[0:size, 0:size] / size
    threads = 100
    folds = [
        (0.39, 0.085, 0.052, 0.22, 0.03),
        (0.68, 0.115, 0.105, 0.36, 0.04),
        (1.01, 0.10, 0.095, 0.46, 0.03),
        (0.18, 0.16, 0.010, 0.10, 0.02),
    ]
    height = drape(x, y, folds)
    gy, gx = np.gradient(height, 1 / size)
    # The cloth keeps its length: over a fold there is more of it.
    lift = height * 0.9
    u = (x - lift * 0.35) * threads
    v = (y - lift * 0.55) * threads + 12

    rows = columns = threads + 40
    matrix = herringbone(rows, columns)
    band = 13  # threads of selvedge
    plain = repeat(PLAIN, rows, band)
    matrix[:, :band] = plain
    matrix[:, 11:band] = repeat(HOPSACK, rows, 2)
    name, wide = woven_name(rows, 17, 4)
    left = 3
    block = matrix[:, left : left + wide]
    block[:] = np.where(name, 1, block)
    mask = np.zeros((rows, columns), dtype=bool)
    mask[:, left : left + wide] = name
    colour = np.zeros((rows, columns, 3))
    colour[:] = GARDENIA

    cloth = Cloth(
        matrix,
        Yarn(INK_LIGHT, 1.02, 0.16, 0.008, 0.8, 0.34),
        Yarn(INK, 1.04, 0.16, 0.006, 0.8, 0.34),
        ground=(0.008, 0.010, 0.014),
        seed=11,
    )
    linear = weave(cloth, np.clip(u, 0, columns - 1), np.clip(v, 0, rows - 1), paint={"mask": mask, "colour": colour})
    slope = 0.95 - 1.15 * gx - 0.25 * gy
    light = np.where(slope < 0.3, 0.3 * np.exp((slope - 0.3) / 0.3), slope)
    fall = 1.30 - 0.75 * np.hypot(x - 0.36, y - 0.38)
    linear *= (light * fall * 1.45)[..., None]
    picture = developed(linear, (out, out))
    yy, xx = np.mgrid[0:out, 0:out] / out
    plane = np.abs((xx * 0.75 + yy * 0.6) - 0.42) * 1.55 - 0.22
    return focused(picture, np.clip(plane, 0, 1), 5.0)


def strip(
    cloth: Cloth,
    threads: int,
    slope: float,
    exposure: float,
    folds: list[tuple[float, float, float, float, float]],
    turn: float = 0.0,
) -> Image.Image:
    """A swatch that lies almost flat: 1000 by 400."""
    width, tall, over = 1000, 400, 2
    y, x = np.mgrid[0 : tall * over, 0 : width * over] / (width * over)
    height = drape(x, y * 2, folds)
    gy, gx = np.gradient(height, 1 / (width * over))
    cos, sin = np.cos(turn), np.sin(turn)
    a, b = x - height * 0.5, y - height * 0.7
    u, v = (a * cos - b * sin) * threads + 14, (a * sin + b * cos) * threads + 14
    linear = weave(cloth, u, v)
    facing = 1 - slope * gx - slope * 0.3 * gy
    light = np.where(facing < 0.35, 0.35 * np.exp((facing - 0.35) / 0.35), facing)
    fall = 1.15 - 0.4 * x
    linear *= (light * fall * exposure)[..., None]
    picture = developed(linear, (width, tall))
    yy, xx = np.mgrid[0:tall, 0:width] / width
    plane = np.clip(np.abs(xx - 0.36 + 0.5 * (yy - 0.2)) * 1.25 - 0.30, 0, 1)
    return focused(picture, plane, 3.2)


def ramie() -> Image.Image:
    cloth = Cloth(
        repeat(PLAIN, 140, 140),
        Yarn(UNDYED, 0.70, 0.20, 0.05, 0.4, 0.12),
        Yarn(UNDYED_WARM, 0.74, 0.26, 0.05, 0.4, 0.12),
        ground=(0.40, 0.35, 0.265),
        seed=5,
        taper=0.10,
    )
    return strip(cloth, 84, 2.6, 1.25, [(0.34, 0.10, 0.020, 0.45, 0.02), (0.78, 0.14, 0.032, 0.6, 0.03)], 0.02)


def twill() -> Image.Image:
    cloth = Cloth(
        repeat(TWILL, 140, 140),
        Yarn(INDIGO, 1.03, 0.26, 0.012, 0.7, 0.26),
        Yarn(INDIGO_PALE, 0.95, 0.18, 0.01, 0.7, 0.26),
        ground=(0.008, 0.014, 0.035),
        seed=7,
    )
    return strip(cloth, 84, 2.2, 1.7, [(0.52, 0.13, 0.034, -0.35, 0.03), (1.0, 0.14, 0.04, -0.5, 0.02)], -0.03)


def hopsack() -> Image.Image:
    cloth = Cloth(
        repeat(HOPSACK, 140, 140),
        Yarn(GARDENIA, 0.99, 0.08, 0.09, 0.9, 0.11),
        Yarn(GARDENIA_DEEP, 0.99, 0.08, 0.06, 0.9, 0.11),
        ground=(0.24, 0.09, 0.003),
        seed=9,
    )
    return strip(cloth, 76, 2.4, 1.32, [(0.22, 0.10, 0.016, 0.3, 0.02), (0.64, 0.11, 0.032, 0.42, 0.03), (0.98, 0.12, 0.03, 0.5, 0.02)], 0.03)


def dropped() -> Image.Image:
    """Ramie with one warp thread missing."""
    out, over = 1200, 2
    size = out * over
    y, x = np.mgrid[0:size, 0:size] / size
    height = drape(x, y, [(0.2, 0.2, 0.03, 0.3, 0.03), (0.9, 0.2, 0.04, 0.35, 0.03)])
    gy, gx = np.gradient(height, 1 / size)
    threads, lost = 66, 32
    u, v = (x - height * 0.4) * threads + 3, (y - height * 0.5) * threads + 3
    # Its neighbours have not closed the gap; if anything it has grown.
    away = u - (lost + 0.5)
    u = u - 0.42 * np.tanh(away * 1.2) * np.exp(-((away / 5) ** 2))
    cloth = Cloth(
        repeat(PLAIN, 80, 80),
        Yarn(UNDYED, 0.76, 0.16, 0.05, 0.4, 0.12),
        Yarn(UNDYED_WARM, 0.80, 0.18, 0.05, 0.4, 0.12),
        ground=(0.115, 0.10, 0.078),
        seed=13,
        taper=0.10,
    )
    linear = weave(cloth, u, v, missing={lost})
    light = np.clip(1 - 1.7 * gx - 0.6 * gy, 0.1, 2)
    linear *= (light * (1.2 - 0.35 * y) * 1.08)[..., None]
    picture = developed(linear, (out, out))
    yy, xx = np.mgrid[0:out, 0:out] / out
    plane = np.clip(np.hypot(xx - 0.42, (yy - 0.45) * 0.8) * 1.7 - 0.35, 0, 1)
    return focused(picture, plane, 4.5)


def bolts() -> Image.Image:
    """Rolls of all four cloths, standing side by side."""
    width, tall, over = 1600, 900, 2
    w, h = width * over, tall * over
    y, x = np.mgrid[0:h, 0:w] / w
    linear = np.zeros((h, w, 3)) + 0.01
    threads = 160
    rows, columns = 220, 260
    cloths = {
        "herringbone": (
            Cloth(herringbone(rows, columns, 10), Yarn(INK_LIGHT, 1.0, 0.16, 0.01, 1, 0.18), Yarn(INK, 1.0, 0.14, 0.01, 1, 0.18), (0.004, 0.005, 0.007), 21),
            1.7,
        ),
        "ramie": (
            Cloth(repeat(PLAIN, rows, columns), Yarn(UNDYED, 0.86, 0.12, 0.04, 0.7, 0.08), Yarn(UNDYED_WARM, 0.88, 0.14, 0.04, 0.7, 0.08), (0.3, 0.275, 0.225), 22),
            0.98,
        ),
        "twill": (
            Cloth(repeat(TWILL, rows, columns), Yarn(INDIGO, 1.0, 0.2, 0.02, 0.9, 0.14), Yarn(INDIGO_PALE, 0.95, 0.14, 0.02, 0.9, 0.14), (0.01, 0.02, 0.05), 23),
            1.75,
        ),
        "hopsack": (
            Cloth(repeat(HOPSACK, rows, columns), Yarn(GARDENIA, 0.97, 0.07, 0.08, 0.9, 0.06), Yarn(GARDENIA_DEEP, 0.97, 0.07, 0.05, 0.9, 0.06), (0.2, 0.09, 0.004), 24),
            1.08,
        ),
    }
    # Centre, radius, cloth, where its loose end lies (-1 to 1), from back to front.
    rolls = [
        (0.300, 0.085, "twill", 9.0, 0.0),
        (0.625, 0.080, "herringbone", 9.0, 0.01),
        (0.905, 0.105, "twill", 0.1, 0.004),
        (0.110, 0.125, "herringbone", 0.35, 0.010),
        (0.455, 0.112, "ramie", -0.25, -0.008),
        (0.760, 0.098, "hopsack", 0.42, 0.012),
        (1.030, 0.085, "ramie", 9.0, 0.0),
    ]
    for order, (centre, radius, kind, loose, lean) in enumerate(rolls):
        middle = centre + lean * (y - 0.28)
        s = (x - middle) / radius
        on = np.abs(s) < 1
        # A roll throws a shadow to its right, on what stands behind it.
        shadow = np.exp(-np.clip(np.abs(s) - 1, 0, None) * radius / 0.030)
        side = np.where(s > 0, 0.88, 0.55)
        linear *= np.where(on, 1, 1 - side * shadow)[..., None]
        cloth, exposure = cloths[kind]
        inner = np.abs(s[0]) < 1.1
        first, last = np.flatnonzero(inner)[[0, -1]]
        cut = slice(max(first - 8, 0), last + 8)
        angle = np.arcsin(np.clip(s[:, cut], -0.9995, 0.9995))
        u = (angle + 1.6) * radius * threads * 1.35
        v = y[:, cut] * threads + 4 + 3 * order + 0.5 * np.sin(angle * 1.3)
        surface = weave(cloth, u, v)
        light = np.clip(np.cos(angle + 0.42), 0, 1) ** 1.9 * 1.2 + 0.02
        light += 0.07 * np.clip(np.cos(angle - 1.25), 0, 1) ** 3
        edge = s[:, cut] - loose - 0.05 * np.sin(3 * y[:, cut] + order)
        if abs(loose) < 1:
            light *= np.where(edge > 0, 1 - 0.62 * np.exp(-edge / 0.055), 1)
            light *= np.where((edge < 0) & (edge > -0.02), 1.25, 1)
        picture = surface * (light * exposure)[..., None]
        linear[:, cut] = np.where(on[:, cut][..., None], picture, linear[:, cut])
    linear *= (1.12 - 0.35 * y / 0.5625)[..., None]
    picture = developed(linear, (width, tall))
    yy, xx = np.mgrid[0:tall, 0:width] / width
    plane = np.clip(np.abs(xx - 0.46) * 1.5 - 0.30, 0, 1)
    return focused(picture, plane, 3.0)


# Maker, widths of AVIF and the most bytes of the largest; width of WebP and its most bytes.
# WebP is the fallback for browsers of before 2023, and is there in one modest width.
PICTURES = {
    "herringbone": (hero, (480, 800, 1200), 43_000, 600, 34_000),
    "ramie": (ramie, (480, 720, 1000), 13_000, 480, 14_000),
    "twill": (twill, (480, 720, 1000), 13_000, 480, 14_000),
    "hopsack": (hopsack, (480, 720, 1000), 13_000, 480, 14_000),
    "dropped": (dropped, (480, 800, 1200), 56_000, 600, 34_000),
    "bolts": (bolts, (640, 1120, 1600), 58_000, 800, 45_000),
}


def encoded(picture: Image.Image, path: Path, budget: int) -> None:
    """Write the picture at the best quality that fits the budget."""
    for quality in range(56, 4, -3):
        if path.suffix == ".avif":
            # One thread: the encoder's work is cut the same way on every machine.
            picture.save(path, quality=quality, speed=4, subsampling="4:4:4", max_threads=1)
        else:
            picture.save(path, quality=quality, method=6)
        if path.stat().st_size <= budget:
            print(f"{path.name:24} {path.stat().st_size:6} bytes, quality {quality}")
            return
    raise SystemExit(f"{path.name} does not fit {budget} bytes")


def write(name: str) -> None:
    make, widths, avif, fallback, webp = PICTURES[name]
    picture = make()
    folder = ASSETS / "pictures"
    folder.mkdir(parents=True, exist_ok=True)

    def small(width: int) -> Image.Image:
        height = round(width * picture.height / picture.width)
        return picture.resize((width, height), Image.Resampling.LANCZOS)

    for width in widths:
        budget = round(avif * (width / widths[-1]) ** 1.2)
        encoded(small(width), folder / f"{name}-{width}.avif", budget)
    encoded(small(fallback), folder / f"{name}-{fallback}.webp", webp)


def icons() -> None:
    """The favicon's drawing as PNG: a K whose stem is the thread."""
    for size in (192, 512):
        over = 4
        unit = size * over / 80  # the drawing's 64 units and 8 of margin on each side
        image = Image.new("RGB", (size * over,) * 2, "#171c24")
        pen = ImageDraw.Draw(image)

        def line(points: list[tuple[float, float]], colour: str) -> None:
            pen.line([((x + 8) * unit, (y + 8) * unit) for x, y in points], colour, round(5 * unit))

        line([(46, 13), (22.5, 34)], "#f1f2ee")
        line([(29, 28.5), (47, 51)], "#f1f2ee")
        line([(18, -8), (18, 72)], "#e6b422")
        image = image.resize((size, size), Image.Resampling.LANCZOS).quantize(32)
        image.save(ASSETS / f"icon-{size}.png", optimize=True)


def main(names: list[str]) -> None:
    for name in names or [*PICTURES, "icons"]:
        if name == "icons":
            icons()
        else:
            write(name)


if __name__ == "__main__":
    main(sys.argv[1:])
