"""The pictures of the site, each a function that returns it in its largest size."""

from __future__ import annotations

import numpy as np
from cloth import (
    HOPSACK,
    PLAIN,
    TWILL,
    Array,
    Cloth,
    Fold,
    Yarn,
    developed,
    drape,
    focused,
    herringbone,
    repeat,
    weave,
)
from PIL import Image

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


def woven_name(rows: int, first: int, gap: int) -> tuple[Array, int]:
    """Cells of the selvedge that carry the name, reading from bottom to top."""
    line: list[list[str]] = [[] for _ in range(7)]
    for character in "KAIRA  카이라  ":
        glyph = LETTERS.get(character, ["..", "..", "..", "..", "..", "..", ".."])
        for row in range(7):
            line[row] += [*glyph[row], "."]
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

    cloth = Cloth(
        matrix,
        Yarn(INK_LIGHT, 1.02, 0.16, 0.008, 0.8, 0.34),
        Yarn(INK, 1.04, 0.16, 0.006, 0.8, 0.34),
        ground=(0.008, 0.010, 0.014),
        seed=11,
    )
    linear = weave(
        cloth, np.clip(u, 0, columns - 1), np.clip(v, 0, rows - 1), paint=(mask, GARDENIA)
    )
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
    folds: list[Fold],
    turn: float = 0.0,
    size: tuple[int, int] = (1000, 400),
) -> Image.Image:
    """A swatch that lies almost flat."""
    (width, tall), over = size, 2
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


TALL = (640, 800)


def middle(picture: Image.Image, left: float = 0.5) -> Image.Image:
    """What a phone shows of a picture: four by five of its full height, from left (0) to right."""
    width = picture.height * 4 // 5
    edge = round((picture.width - width) * left)
    cut = picture.crop((edge, 0, edge + width, picture.height))
    return cut.resize(TALL, Image.Resampling.LANCZOS)


def hero_tall() -> Image.Image:
    return middle(hero(), left=0)


def bolts_tall() -> Image.Image:
    return middle(bolts())


def twill_tall() -> Image.Image:
    return twill(TALL)


def hopsack_tall() -> Image.Image:
    return hopsack(TALL)


def ramie() -> Image.Image:
    cloth = Cloth(
        repeat(PLAIN, 140, 140),
        Yarn(UNDYED, 0.70, 0.20, 0.05, 0.4, 0.12),
        Yarn(UNDYED_WARM, 0.74, 0.26, 0.05, 0.4, 0.12),
        ground=(0.40, 0.35, 0.265),
        seed=5,
        taper=0.10,
    )
    return strip(
        cloth,
        84,
        2.6,
        1.25,
        [(0.34, 0.10, 0.020, 0.45, 0.02), (0.78, 0.14, 0.032, 0.6, 0.03)],
        0.02,
    )


def twill(size: tuple[int, int] = (1000, 400)) -> Image.Image:
    cloth = Cloth(
        repeat(TWILL, 140, 140),
        Yarn(INDIGO, 1.03, 0.26, 0.012, 0.7, 0.26),
        Yarn(INDIGO_PALE, 0.95, 0.18, 0.01, 0.7, 0.26),
        ground=(0.008, 0.014, 0.035),
        seed=7,
    )
    return strip(
        cloth,
        84,
        2.2,
        1.7,
        [(0.52, 0.13, 0.034, -0.35, 0.03), (1.0, 0.14, 0.04, -0.5, 0.02)],
        -0.03,
        size,
    )


def hopsack(size: tuple[int, int] = (1000, 400)) -> Image.Image:
    cloth = Cloth(
        repeat(HOPSACK, 140, 140),
        Yarn(GARDENIA, 0.99, 0.08, 0.09, 0.9, 0.11),
        Yarn(GARDENIA_DEEP, 0.99, 0.08, 0.06, 0.9, 0.11),
        ground=(0.24, 0.09, 0.003),
        seed=9,
    )
    return strip(
        cloth,
        76,
        2.4,
        1.32,
        [
            (0.22, 0.10, 0.016, 0.3, 0.02),
            (0.64, 0.11, 0.032, 0.42, 0.03),
            (0.98, 0.12, 0.03, 0.5, 0.02),
        ],
        0.03,
        size,
    )


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
    linear = weave(cloth, u, v, missing=(lost,))
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
    wool = {"width": 1.0, "sheen": 0.01, "twist": 1.0, "fuzz": 0.18}
    bast = {"sheen": 0.04, "twist": 0.7, "fuzz": 0.08}
    dyed = {"sheen": 0.02, "twist": 0.9, "fuzz": 0.14}
    silk = {"width": 0.97, "uneven": 0.07, "twist": 0.9, "fuzz": 0.06}
    cloths = {
        "herringbone": Cloth(
            herringbone(rows, columns, 10),
            Yarn(INK_LIGHT, uneven=0.16, **wool),
            Yarn(INK, uneven=0.14, **wool),
            (0.004, 0.005, 0.007),
            21,
        ),
        "ramie": Cloth(
            repeat(PLAIN, rows, columns),
            Yarn(UNDYED, 0.86, 0.12, **bast),
            Yarn(UNDYED_WARM, 0.88, 0.14, **bast),
            (0.3, 0.275, 0.225),
            22,
        ),
        "twill": Cloth(
            repeat(TWILL, rows, columns),
            Yarn(INDIGO, 1.0, 0.20, **dyed),
            Yarn(INDIGO_PALE, 0.95, 0.14, **dyed),
            (0.01, 0.02, 0.05),
            23,
        ),
        "hopsack": Cloth(
            repeat(HOPSACK, rows, columns),
            Yarn(GARDENIA, sheen=0.08, **silk),
            Yarn(GARDENIA_DEEP, sheen=0.05, **silk),
            (0.2, 0.09, 0.004),
            24,
        ),
    }
    exposures = {"herringbone": 1.7, "ramie": 0.98, "twill": 1.75, "hopsack": 1.08}
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
        inner = np.abs(s[0]) < 1.1
        first, last = np.flatnonzero(inner)[[0, -1]]
        cut = slice(max(first - 8, 0), last + 8)
        angle = np.arcsin(np.clip(s[:, cut], -0.9995, 0.9995))
        u = (angle + 1.6) * radius * threads * 1.35
        v = y[:, cut] * threads + 4 + 3 * order + 0.5 * np.sin(angle * 1.3)
        woven = weave(cloths[kind], u, v)
        light = np.clip(np.cos(angle + 0.42), 0, 1) ** 1.9 * 1.2 + 0.02
        light += 0.07 * np.clip(np.cos(angle - 1.25), 0, 1) ** 3
        edge = s[:, cut] - loose - 0.05 * np.sin(3 * y[:, cut] + order)
        if abs(loose) < 1:
            light *= np.where(edge > 0, 1 - 0.62 * np.exp(-edge / 0.055), 1)
            light *= np.where((edge < 0) & (edge > -0.02), 1.25, 1)
        picture = woven * (light * exposures[kind])[..., None]
        linear[:, cut] = np.where(on[:, cut][..., None], picture, linear[:, cut])
    linear *= (1.12 - 0.35 * y / 0.5625)[..., None]
    picture = developed(linear, (width, tall))
    xx = np.mgrid[0:tall, 0:width][1] / width
    plane = np.clip(np.abs(xx - 0.46) * 1.5 - 0.30, 0, 1)
    return focused(picture, plane, 3.0)
