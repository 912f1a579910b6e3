"""Garments that hang from the shoulders: a body, two sleeves, and what is sewn onto them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from cloth import button, fabric, finish, patch, settle, strip, surface

FRONT, BACK = -1, 1


@dataclass
class Cut:
    """The measures of a garment, in metres, half widths where they go to both sides."""

    fabric: str
    length: float = 0.66
    shoulder: float = 0.20
    drop: float = 0.055
    neck: float = 0.085
    neck_front: float = 0.075
    neck_back: float = 0.018
    vee: bool = False
    chest: float = 0.25
    waist: float = 0.25
    waist_at: float = 0.62
    hem: float = 0.26
    depth: float = 0.085
    hem_depth: float = 0.10
    armpit: float = 0.235
    flutes: tuple[int, float] = (5, 0.008)
    sleeve: float | None = 0.60
    sleeve_top: float = 0.098
    cuff: float = 0.058
    sleeve_out: float = 0.075
    pressure: float = 0.6
    stiff: float = 9.0
    bend: float = 1.2
    thick: float = 0.004
    frames: int = 40
    hem_curve: float = 0.0
    hem_band: float = 0.0
    cuff_band: float = 0.0
    extra: dict = field(default_factory=dict)


def body(cut: Cut, name="body"):
    """The body, fallen and finished."""
    n, m = 160, 84
    theta = np.linspace(0, 2 * np.pi, n, endpoint=False)
    c, s = np.cos(theta), np.sin(theta)
    cx = np.sign(c) * np.abs(c) ** 0.8
    top_x = cx * cut.shoulder
    slope = -cut.drop * np.clip(
        (np.abs(top_x) - cut.neck * 0.5) / (cut.shoulder - cut.neck * 0.5), 0, None
    )
    slope = slope - 0.022 * (np.abs(top_x) / cut.shoulder) ** 8
    inside = np.clip(1 - (np.abs(top_x) / cut.neck) ** 2, 0, 1)
    shape = (1 - np.abs(top_x) / cut.neck).clip(0, 1) if cut.vee else np.sqrt(inside)
    front = s < 0
    dip = np.where(front, cut.neck_front * shape, cut.neck_back * np.sqrt(inside))
    top_z = slope - dip
    # At the shoulder front and back meet; at the neck they part.
    top_y = s * (0.016 + 0.05 * np.sqrt(inside))
    rows = np.linspace(0, 1, m) ** 0.92
    grid = np.empty((m, n, 3))
    rng = np.random.default_rng(int(cut.length * 1000 + cut.hem * 100))
    count, size = cut.flutes
    phases = rng.uniform(0, 2 * np.pi, 3)
    end = -cut.length + cut.hem_curve * (1 - np.abs(cx) ** 2) * -1 + cut.hem_curve
    for i, t in enumerate(rows):
        z = top_z + (end - top_z) * t
        down = np.clip((-z.mean()) / cut.length, 0, 1)
        side = np.interp(
            down,
            [0, cut.armpit / cut.length, cut.waist_at, 1],
            [cut.shoulder, cut.chest, cut.waist, cut.hem],
        )
        deep = np.interp(down, [0, 0.12, 0.3, 1], [0.02, cut.depth * 0.8, cut.depth, cut.hem_depth])
        blend = np.clip(t * 5, 0, 1)
        blend = blend * blend * (3 - 2 * blend)
        grow = t**1.6
        wave = (
            size
            * grow
            * (
                np.sin(count * theta + phases[0])
                + 0.5 * np.sin((count * 2 + 1) * theta + phases[1])
                + 0.3 * np.sin(3 * theta + phases[2])
            )
        )
        x = cx * ((1 - blend) * cut.shoulder + blend * side) + wave * 0.35 * c
        y = (1 - blend) * top_y + blend * s * deep + wave * s * 1.2
        grid[i] = np.stack([x, y, z], axis=1)
    made = surface(name, grid, cut.fabric, closed=True)
    band_rows(made, m, n, cut.hem_band, cut.length)
    pins = np.zeros((m, n))
    pins[0] = 1.0
    pins[1] = np.where(inside > 0, 0.9, 1.0)
    pins[2] = np.where(inside > 0, 0.5, 0.8)
    settle(
        made, pins.ravel(), frames=cut.frames, pressure=cut.pressure, stiff=cut.stiff, bend=cut.bend
    )
    finish(made, thick=cut.thick)
    return made


def band_rows(made, rows, columns, height, length) -> None:
    """Give the last `height` metres of a tube the ribbed band."""
    if not height:
        return
    made.data.materials.append(fabric("band"))
    last = int((rows - 1) * (1 - height / length))
    for face in made.data.polygons:
        if face.index // columns >= last:
            face.material_index = 1


def sleeve(cut: Cut, side: int):
    """One sleeve, hanging; its top disappears into the body."""
    n, m = 64, 64
    length = cut.sleeve
    path_x = np.array(
        [
            cut.shoulder - 0.09,
            cut.shoulder - 0.045,
            cut.shoulder - 0.005,
            cut.shoulder + cut.sleeve_out * 0.8,
            cut.shoulder + cut.sleeve_out,
        ]
    )
    path_z = np.array(
        [
            -cut.drop - cut.sleeve_top * 0.9,
            -cut.drop - cut.sleeve_top * 0.94,
            -cut.drop - cut.sleeve_top * 1.12,
            -cut.drop - length * 0.62,
            -cut.drop - length,
        ]
    )
    if length < 0.35:
        path_x[3], path_x[4] = cut.shoulder + cut.sleeve_out * 0.7, cut.shoulder + cut.sleeve_out
        path_z[3], path_z[4] = -cut.drop - length * 0.75, -cut.drop - length
    at = np.array([0, 0.06, 0.16, 0.6, 1.0])
    t = np.linspace(0, 1, m)

    def smooth(values):
        return np.convolve(
            np.pad(np.interp(t, at, values), 6, mode="edge"), np.ones(13) / 13, "valid"
        )

    px, pz = smooth(path_x), smooth(path_z)
    tx, tz = np.gradient(px), np.gradient(pz)
    norm = np.hypot(tx, tz)
    nx, nz = -tz / norm, tx / norm
    theta = np.linspace(0, 2 * np.pi, n, endpoint=False)
    rng = np.random.default_rng(int(length * 1000) + side)
    phases = rng.uniform(0, 6.28, 4)
    wide = np.interp(
        t,
        [0, 0.12, 0.5, 0.93, 1],
        [
            cut.sleeve_top * 0.9,
            cut.sleeve_top * 0.95,
            (cut.sleeve_top + cut.cuff) / 2,
            cut.cuff * 1.08,
            cut.cuff,
        ],
    )
    deep = np.interp(t, [0, 0.07, 0.22, 1], [0.004, 0.014, 0.052, cut.cuff * 0.82])
    grid = np.empty((m, n, 3))
    for i in range(m):
        crease = 0.004 * np.sin(t[i] * 22 + phases[0] + 2 * np.sin(theta)) * np.clip(
            t[i] * 3, 0, 1
        ) + 0.003 * np.sin(t[i] * 37 + phases[1] + theta) * np.clip(t[i] * 2, 0, 1)
        across = (wide[i] + crease) * np.cos(theta)
        grid[i] = np.stack(
            [
                side * (px[i] + nx[i] * across),
                (deep[i] + crease) * np.sin(theta) * side,
                pz[i] + nz[i] * across,
            ],
            axis=1,
        )
    made = surface(f"sleeve{side}", grid, cut.fabric, closed=True)
    pins = np.zeros((m, n))
    pins[:4] = 1.0
    pins[4:8] = 0.6
    band_rows(made, m, n, cut.cuff_band, length)
    settle(
        made,
        pins.ravel(),
        frames=max(24, cut.frames - 10),
        pressure=cut.pressure,
        stiff=cut.stiff,
        bend=cut.bend * 0.7,
    )
    finish(made, thick=cut.thick)
    return made


def edge(cut: Cut, x, behind: bool):
    """Height of the neck edge at x."""
    inside = np.clip(1 - (x / cut.neck) ** 2, 0, 1)
    slope = -cut.drop * np.clip(
        (np.abs(x) - cut.neck * 0.5) / (cut.shoulder - cut.neck * 0.5), 0, None
    )
    if behind:
        return slope - cut.neck_back * np.sqrt(inside)
    return slope - cut.neck_front * (
        (1 - np.abs(x) / cut.neck).clip(0, 1) if cut.vee else np.sqrt(inside)
    )


def collar(cut: Cut, profile, kind, *, gap=0.0, thick=0.004):
    """A band around the neck. `profile`: (outwards, upwards) from the edge; `gap`: open in front."""
    n = 96
    phi = np.linspace(-np.pi / 2 + gap, 1.5 * np.pi - gap, n, endpoint=bool(gap))
    x = cut.neck * np.cos(phi)
    behind = np.sin(phi) > 0
    y = np.sin(phi) * 0.066
    z = np.where(behind, edge(cut, x, True), edge(cut, x, False))
    z = np.convolve(np.pad(z, 4, mode="wrap" if not gap else "edge"), np.ones(9) / 9, "valid")
    grid = np.stack(
        [
            np.stack([x + out * np.cos(phi), y + out * np.sin(phi) * 0.9, z + up], axis=1)
            for out, up in profile
        ]
    )
    made = surface("collar", grid, kind, closed=not gap)
    finish(made, thick=thick)
    return made


def leaf(cut, under, side, *, width=0.055, tip=0.03, kind=None, lift=0.008, start=0.97):
    """One leaf of a shirt collar, lying on the front."""

    def outline(s, t):
        x0 = side * cut.neck * (start * (1 - t) + 0.04 * t)
        z0 = edge(cut, x0, False) + 0.012 * (1 - t)
        w = width * (0.75 + 0.25 * t) + tip * t**4
        dx, dz = side * (0.75 - 0.35 * t), -(0.45 + 0.75 * t)
        norm = np.hypot(dx, dz)
        return x0 + s * w * dx / norm, z0 + s * w * dz / norm

    made = patch(
        f"leaf{side}", outline, under, kind or cut.fabric, lift=lift, thick=0.0035, n=(20, 10)
    )
    return made


def outline_between(inner, outer):
    """Between two lines of (x, z), of any number of points each."""

    def along(points, t):
        p = np.array(points, dtype=float)
        at = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
        at /= at[-1]
        return np.interp(t, at, p[:, 0]), np.interp(t, at, p[:, 1])

    def outline(s, t):
        ax, az = along(inner, t)
        bx, bz = along(outer, t)
        return ax + s * (bx - ax), az + s * (bz - az)

    return outline


def lapels(cut, under, *, notch=True, width=0.085, lift=0.009):
    """Collar and lapels along a deep V."""
    made = []
    low = -cut.neck_front - 0.005
    for side in (1, -1):
        inner = [
            (side * cut.neck * f, float(edge(cut, np.array(cut.neck * f), False)))
            for f in np.linspace(0.98, 0.03, 20)
        ]
        inner = [(x + side * 0.003, z) for x, z in inner]
        top = inner[0]
        if notch:
            collar_out = [
                (top[0] + side * 0.012, top[1] + 0.004),
                (side * (cut.neck + width * 0.62), top[1] - 0.075),
                (side * (cut.neck + width * 0.42), top[1] - 0.098),
            ]
            lapel_out = [
                (side * (cut.neck + width * 0.40), top[1] - 0.100),
                (side * (cut.neck + width * 0.80), top[1] - 0.118),
                (side * (cut.neck * 0.9 + width * 0.2), low * 0.62),
                (side * 0.008, low),
            ]
            made.append(
                patch(
                    f"collar{side}",
                    outline_between(inner[:7], collar_out),
                    under,
                    cut.fabric,
                    lift=lift + 0.004,
                    thick=0.004,
                    n=(16, 12),
                )
            )
            made.append(
                patch(
                    f"lapel{side}",
                    outline_between(inner[5:], lapel_out),
                    under,
                    cut.fabric,
                    lift=lift,
                    thick=0.004,
                    n=(30, 14),
                )
            )
        else:
            outer = [
                (top[0] + side * 0.02, top[1] + 0.004),
                (side * (cut.neck + width), top[1] - 0.10),
                (side * (cut.neck * 0.8 + width * 0.75), low * 0.55),
                (side * 0.01, low),
            ]
            made.append(
                patch(
                    f"shawl{side}",
                    outline_between(inner, outer),
                    under,
                    cut.fabric,
                    lift=lift,
                    thick=0.006,
                    n=(36, 14),
                )
            )
    return made


def pocket(cut, under, x, z, w, h, *, flap=0.0, lift=0.005):
    """A patch pocket with its top middle at (x, z)."""
    made = [
        patch(
            "pocket",
            lambda s, t: (x + (s - 0.5) * w * (1 - 0.06 * t), z - t * h),
            under,
            cut.fabric,
            lift=lift,
            thick=0.003,
            n=(18, 18),
        )
    ]
    if flap:
        made.append(
            patch(
                "flap",
                lambda s, t: (
                    x + (s - 0.5) * (w + 0.008),
                    z + 0.006 - t * flap * (1 - 0.18 * np.abs(2 * s - 1)),
                ),
                under,
                cut.fabric,
                lift=lift + 0.004,
                thick=0.003,
                n=(8, 18),
            )
        )
    return made


def rows_of_buttons(under, x, zs, **options):
    return [button(x, z, under, **options) for z in zs]


def placket(cut, under, top, bottom, *, x=0.0, width=0.032):
    return strip(
        "placket",
        [(x, top), (x, bottom)],
        width,
        under,
        cut.fabric,
        lift=0.004,
        thick=0.002,
        along=70,
        across=7,
    )


def belt(cut, under, z, *, width=0.045, ends=0.34):
    """A sash, tied in front."""
    reach = 1.05 * (cut.waist + cut.chest) / 2
    xs = np.linspace(-reach, reach, 400)
    there = [x for x in xs if not np.isnan(under.y(x, z, np.nan))]
    line = [(x, z) for x in np.linspace(min(there) + 0.002, max(there) - 0.002, 90)]
    made = [
        strip(
            "belt",
            line,
            width,
            under,
            cut.fabric,
            lift=0.009,
            thick=0.004,
            along=110,
            across=7,
            blur=1,
        )
    ]
    made.append(
        patch(
            "knot",
            lambda s, t: (0.02 + (s - 0.5) * 0.05, z + 0.026 - t * 0.055),
            under,
            cut.fabric,
            lift=0.022,
            thick=0.012,
            n=(8, 8),
        )
    )
    for k, (dx, length) in enumerate(((-0.055, ends), (0.03, ends * 0.86))):
        made.append(
            strip(
                f"end{k}",
                [
                    (0.02 + dx * 0.1, z - 0.01),
                    (0.02 + dx * 0.7, z - length * 0.5),
                    (0.02 + dx, z - length),
                ],
                width * 0.92,
                under,
                cut.fabric,
                lift=0.016 + 0.004 * k,
                thick=0.004,
                along=50,
                across=6,
            )
        )
    return made


RIB_NECK = [(0.0, -0.004), (0.004, 0.008), (0.002, 0.020), (-0.004, 0.026)]
STAND = [(0.002, -0.006), (0.004, 0.012), (0.001, 0.030), (-0.001, 0.034)]


def base(cut: Cut):
    """Body and sleeves."""
    parts = [body(cut)]
    if cut.sleeve:
        parts += [sleeve(cut, side) for side in (1, -1)]
    return parts


def seam(parts, line, under, kind, width=0.004, lift=0.002) -> None:
    """A raised line."""
    parts.append(
        strip(
            "seam", line, width, under, kind, lift=lift, thick=0.001, along=60, across=3, smooth=0
        )
    )
