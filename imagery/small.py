"""Bags on a hook, scarves over a bar."""

from __future__ import annotations

import math

import numpy as np
import studio
from cloth import Surface, fabric, finish, patch, settle, strip, surface
from pattern import seam


def ribbon(name, points, width, kind, *, thick=0.004, flat=(1, 0, 0)):
    """A band of `width` along 3D points; `flat` is the direction of its width."""
    p = np.array(points, dtype=float)
    at = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
    t = np.linspace(0, at[-1], 90)
    line = np.stack([np.interp(t, at, p[:, k]) for k in range(3)], axis=1)
    for _ in range(40):
        line[1:-1] = (line[:-2] + 2 * line[1:-1] + line[2:]) / 4
    tangent = np.gradient(line, axis=0)
    side = np.array(flat, dtype=float)[None] - tangent * (tangent @ np.array(flat, dtype=float))[
        :, None
    ] / (np.linalg.norm(tangent, axis=1)[:, None] ** 2)
    side /= np.linalg.norm(side, axis=1)[:, None]
    grid = np.stack([line + side * width * (s - 0.5) for s in np.linspace(0, 1, 5)], axis=1)
    made = surface(name, grid, kind, closed=False)
    finish(made, thick=thick)
    made.modifiers["thick"].offset = 0
    return made


def tote_bag():
    n, m = 160, 60
    theta = np.linspace(0, 2 * np.pi, n, endpoint=False)
    c, s = np.cos(theta), np.sin(theta)
    c, s = np.sign(c) * np.abs(c) ** 0.45, np.sign(s) * np.abs(s) ** 0.6
    top, height = -0.30, 0.42
    grid = np.empty((m + 8, n, 3))
    rng = np.random.default_rng(4)
    for i in range(m + 8):
        t = min(1.0, i / m)
        close = 1.0 if i <= m else max(0.02, 1 - ((i - m) / 8) ** 1.3)
        sag = 0.010 * math.sin(t * 3.1)
        wave = 0.006 * (1 - t) * np.sin(3 * theta + 0.6) + 0.0035 * np.sin(9 * t + 4 * theta)
        x = c * (0.175 + 0.006 * t + sag) * (1 if i <= m else close**0.25) + wave
        y = s * (0.030 + 0.045 * t + sag) * close + wave
        z = np.full(n, top - height * t) - (0.012 if i > m else 0) * (1 - close)
        z = (
            z
            - 0.014 * (1 - t) ** 3 * np.cos(np.pi * x / 0.175) * -1 * (np.abs(c) < 2) * 0.9
            + rng.normal(0, 0.0002, n)
        )
        grid[i] = np.stack([x, y, z], axis=1)
    made = surface("tote", grid, "canvas", closed=True)
    pins = np.zeros((m + 8, n))
    pins[:2] = np.where(np.abs(np.abs(grid[0, :, 0]) - 0.07) < 0.03, 1.0, 0.35)
    settle(made, pins.ravel(), frames=26, pressure=0.8, stiff=22, bend=8)
    finish(made, thick=0.004)
    parts = [made]
    under = Surface(parts)
    parts.append(
        strip(
            "hem",
            [(x, top - 0.024) for x in np.linspace(-0.172, 0.172, 80)],
            0.035,
            under,
            "canvas",
            lift=0.003,
            thick=0.002,
            along=90,
            across=6,
            blur=1,
        )
    )
    for y, name in ((-0.034, "front"), (0.034, "back")):
        line = [
            (-0.075, y, top - 0.02),
            (-0.07, y * 0.9, top + 0.04),
            (-0.035, y * 0.35, -0.06),
            (0.0, y * 0.06, -0.004),
            (0.035, y * 0.35, -0.06),
            (0.07, y * 0.9, top + 0.04),
            (0.075, y, top - 0.02),
        ]
        parts.append(ribbon(f"handle-{name}", line, 0.026, "canvas", thick=0.004))
    for side in (1, -1):
        parts.append(
            patch(
                f"tab{side}",
                lambda s, t, side=side: (side * 0.075 + (s - 0.5) * 0.03, top + 0.004 - t * 0.072),
                Surface(parts[:2]),
                "canvas",
                lift=0.007,
                thick=0.003,
                n=(10, 6),
            )
        )
        for z in (-0.02, -0.062):
            seam(
                parts,
                [(side * 0.075 - 0.012, top + z), (side * 0.075 + 0.012, top + z)],
                Surface(parts),
                "canvas",
                width=0.0018,
                lift=0.0012,
            )
    return parts


def half_moon_bag():
    top, wide, high, deep = -0.42, 0.185, 0.215, 0.058
    n, m = 120, 60
    parts = []
    grids = []
    for face in (-1, 1):
        grid = np.empty((m, n, 3))
        for i in range(m):
            r = i / (m - 1)
            angle = np.linspace(np.pi, 2 * np.pi, n)
            # A crescent: the edge below is an arc, the zip above a flatter one.
            x = wide * r * np.cos(angle)
            low = high * r * np.sin(angle)
            lip = 0.05 * (np.cos(angle) * r) ** 2
            y = (
                face
                * deep
                * np.sqrt(np.clip(1 - r**2.6, 0, 1))
                * (0.55 + 0.45 * np.abs(np.sin(angle)) ** 0.5)
            )
            grid[i] = np.stack(
                [x, y, top + low + lip + 0.0016 * np.sin(angle * 7 + face) * r], axis=1
            )
        grids.append(grid)
        made = surface(f"side{face}", grid, "leather", closed=False)
        finish(made, thick=0.003)
        parts.append(made)
    # the top, between the two sides, with the zip in its middle
    front, back = grids[0], grids[1]
    edge_front = np.concatenate([front[::-1, 0], front[1:, -1]])
    edge_back = np.concatenate([back[::-1, 0], back[1:, -1]])
    across = np.stack(
        [edge_front + (edge_back - edge_front) * k for k in np.linspace(0, 1, 7)], axis=1
    )
    made = surface("top", across, "leather", closed=False)
    finish(made, thick=0.003)
    parts.append(made)
    rim = [tuple(p) for p in front[-1][:: n // 30]] + [tuple(front[-1][-1])]
    parts.append(studio.rod("piping", rim, 0.0042, fabric("leather")))
    zip_line = [(p[0], 0.0, p[2] + 0.006) for p in across[::10, 3]]
    studio.rod(
        "zip", zip_line, 0.0034, studio.material("brass", (0.42, 0.29, 0.12), 0.3, metal=1.0)
    )
    studio.rod(
        "pull",
        [(0.13, -0.012, top + 0.028), (0.128, -0.02, top - 0.01)],
        0.003,
        studio.material("brass", (0.42, 0.29, 0.12), 0.3, metal=1.0),
    )
    for side in (1, -1):
        studio.rod(
            f"ring{side}",
            [
                (
                    side * (wide - 0.004) + 0.011 * math.cos(a),
                    0.0,
                    top + 0.056 + 0.013 * math.sin(a),
                )
                for a in np.linspace(0, 2 * math.pi, 9)[:-1]
            ],
            0.0022,
            studio.material("brass", (0.42, 0.29, 0.12), 0.3, metal=1.0),
            cyclic=True,
        )
    strap = [
        (-wide + 0.004, 0, top + 0.062),
        (-wide * 0.72, 0, -0.26),
        (-0.05, 0, -0.035),
        (0.0, 0, -0.004),
        (0.05, 0, -0.035),
        (wide * 0.72, 0, -0.26),
        (wide - 0.004, 0, top + 0.062),
    ]
    parts.append(ribbon("strap", strap, 0.024, "leather", thick=0.004, flat=(0, 1, 0)))
    under = Surface(parts[:1])
    arc = [
        (0.86 * wide * math.cos(a), top + 0.86 * high * math.sin(a) + 0.037 * math.cos(a) ** 2)
        for a in np.linspace(math.pi * 1.06, math.pi * 1.94, 50)
    ]
    seam(parts, arc, under, "leather", width=0.0022, lift=0.0015)
    return parts


def over_bar(kind, front, back, width_top, width_end, folds, *, thick, seed, taper=False, bend=0.4):
    """A length of cloth over the bar, gathered there, with folds that open downwards."""
    parts = []
    n, m = 120, 110
    for length, name in ((back, "behind"), (front, "front")):
        grid = np.empty((m, n, 3))
        rng = np.random.default_rng(seed + int(length * 100))
        phase = rng.uniform(0, 6.28, 3)
        sign = -1 if name == "front" else 1
        for i in range(m):
            t = i / (m - 1)
            drop = max(0.0, length * t - 0.012)
            angle = min(1.0, t * length / 0.012) * math.pi / 2
            width = width_top + (width_end - width_top) * min(1, t * 1.3) ** 0.8
            s = np.linspace(-0.5, 0.5, n)
            span = 1.0
            if taper:
                span = max(0.012, 1 - t**1.25)
            fold = (0.010 + 0.020 * min(1, t * 2)) * (
                np.sin(folds * 2 * np.pi * s + phase[0])
                + 0.4 * np.sin((folds * 1.7) * 2 * np.pi * s + phase[1] + t)
            )
            x = s * width * span + 0.012 * math.sin(t * 2 + phase[2]) * t
            y = sign * (0.0075 * math.sin(angle) + 0.010 * min(1, t * 6)) + fold * min(
                1, 0.15 + t * 4
            ) * (span**0.5)
            grid[i] = np.stack(
                [x, y - 0.0 * s, np.full(n, 0.0075 * math.cos(angle) - drop)], axis=1
            )
        made = surface(f"fall-{name}", grid, kind, closed=False)
        pins = np.zeros((m, n))
        pins[:4] = 1.0
        settle(made, pins.ravel(), frames=18, stiff=8, bend=bend)
        finish(made, thick=thick)
        parts.append(made)
    return parts


def fringe(part, kind, length=0.075):
    """Twisted ends along the last row of a fall."""
    mesh = part.data
    columns = 120
    last = [mesh.vertices[len(mesh.vertices) - columns + j].co.copy() for j in range(columns)]
    rng = np.random.default_rng(9)
    for j in range(1, columns - 1, 3):
        a = last[j]
        sway = rng.normal(0, 0.004)
        studio.rod(
            f"strand{part.name}{j}",
            [
                (a.x, a.y, a.z + 0.004),
                (a.x + sway * 0.4, a.y + rng.normal(0, 0.002), a.z - length * 0.5),
                (a.x + sway, a.y + rng.normal(0, 0.003), a.z - length * rng.uniform(0.9, 1.06)),
            ],
            0.0017,
            fabric(kind),
        )


def wool_scarf():
    parts = over_bar("lambswool", 0.82, 0.68, 0.20, 0.27, 2.4, thick=0.005, seed=3, bend=3)
    for part in parts:
        fringe(part, "lambswool")
    return parts


def square_scarf():
    parts = over_bar(
        "silk-twill", 0.50, 0.44, 0.20, 0.44, 2.6, thick=0.0013, seed=8, taper=True, bend=0.15
    )
    return parts


DESIGNS = {
    "tote-bag": (-0.33, 1.06, tote_bag),
    "half-moon-bag": (-0.30, 0.94, half_moon_bag),
    "wool-scarf": (-0.40, 1.24, wool_scarf),
    "square-scarf": (-0.20, 0.80, square_scarf),
}
HOLD = {"tote-bag": "hook", "half-moon-bag": "hook", "wool-scarf": "bar", "square-scarf": "bar"}
# The closer view: (x, z) of its middle and its height.
DETAIL = {
    "tote-bag": (0.04, -0.36, 0.36),
    "half-moon-bag": (0.06, -0.47, 0.34),
    "wool-scarf": (0.02, -0.74, 0.40),
    "square-scarf": (0.0, -0.14, 0.32),
}
