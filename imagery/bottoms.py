"""Trousers and skirts, clipped to a bar by their waistband."""

from __future__ import annotations

import math

import numpy as np
import studio
from cloth import Surface, button, finish, patch, settle, strip, surface
from pattern import seam

TOP = -0.035  # the waist edge, below the bar


def clips(half) -> None:
    """Two clips that hold the waistband."""
    for side in (-1, 1):
        studio._box(
            f"clip{side}", (side * half, -0.012, -0.022), (0.022, 0.012, 0.058), studio.bronze()
        )


def tube(
    kind,
    rows,
    *,
    n=150,
    wave=(0, 0.0),
    phase=0.0,
    pleats=None,
    frames=36,
    pressure=0.6,
    stiff=10,
    bend=1.0,
    thick=0.0025,
    pin_rows=3,
):
    """A tube by rows of (z, half width, half depth, x of its middle)."""
    table = np.array(rows, dtype=float)
    m = 76
    z = np.interp(np.linspace(0, 1, m) ** 0.96, np.linspace(0, 1, len(table)), table[:, 0])
    wide, deep, mid = (np.interp(-z, -table[:, 0], table[:, k]) for k in (1, 2, 3))
    theta = np.linspace(0, 2 * np.pi, n, endpoint=False)
    c, s = np.cos(theta), np.sin(theta)
    c = np.sign(c) * np.abs(c) ** 0.85
    grid = np.empty((m, n, 3))
    for i in range(m):
        t = i / (m - 1)
        ripple = (
            wave[1]
            * t**1.4
            * (
                np.sin(wave[0] * theta + phase)
                + 0.5 * np.sin((wave[0] * 2 + 1) * theta + 1.7 + phase)
            )
        )
        if pleats:
            count, depth_top, depth_hem = pleats
            saw = (theta * count / (2 * np.pi)) % 1.0
            fold = np.where(saw < 0.82, saw / 0.82, (1 - saw) / 0.18)
            ripple = ripple + fold * (depth_top + (depth_hem - depth_top) * t)
        grid[i] = np.stack(
            [mid[i] + c * (wide[i] + ripple * 0.8), s * (deep[i] + ripple), np.full(n, z[i])],
            axis=1,
        )
    made = surface("tube", grid, kind, closed=True)
    pins = np.zeros((m, n))
    pins[:pin_rows] = 1.0
    settle(made, pins.ravel(), frames=frames, pressure=pressure, stiff=stiff, bend=bend)
    finish(made, thick=thick)
    return made


def waistband(parts, kind, half, *, height=0.04, lift=0.004):
    under = Surface(parts)
    z = TOP - height / 2
    parts.append(
        strip(
            "waistband",
            [(x, z) for x in np.linspace(-half + 0.004, half - 0.004, 80)],
            height,
            under,
            kind,
            lift=lift,
            thick=0.003,
            along=90,
            across=6,
            blur=1,
        )
    )


def legs(kind, *, waist, hip, knee, hem, length, crotch=0.30, **options):
    """Two legs, sewn together in the middle."""
    parts = []
    for side in (1, -1):
        rows = [
            (TOP, waist / 2, 0.055, side * waist / 2),
            (TOP - 0.10, hip * 0.48, 0.078, side * hip * 0.48),
            (TOP - crotch * 0.8, hip / 2, 0.088, side * hip / 2),
            (TOP - crotch * 1.25, hip * 0.48, 0.084, side * (hip * 0.48 + 0.004)),
            (TOP - length * 0.56, knee, 0.07, side * (knee + 0.026 + (hip / 2 - knee) * 0.35)),
            (TOP - length, hem, hem * 0.55, side * (hem + 0.044 + (hip / 2 - hem) * 0.25)),
        ]
        fixed = np.array(rows)
        z = np.linspace(fixed[0, 0], fixed[-1, 0], 24)
        even = [(a, *(np.interp(-a, -fixed[:, 0], fixed[:, k]) for k in (1, 2, 3))) for a in z]
        parts.append(tube(kind, even, wave=(3, 0.005), phase=side * 1.1, **options))
    return parts


def fly(parts, kind, crotch=0.30):
    under = Surface(parts)
    seam(parts, [(0.0, TOP - 0.04), (0.0, TOP - crotch)], under, kind, width=0.004, lift=0.003)
    seam(
        parts,
        [(0.034, TOP - 0.045), (0.033, TOP - 0.15), (0.004, TOP - 0.20)],
        under,
        kind,
        width=0.0025,
        lift=0.002,
    )


def crease(parts, kind, x_top, x_hem, length):
    under = Surface(parts)
    for side in (1, -1):
        seam(
            parts,
            [(side * x_top, TOP - 0.06), (side * x_hem, TOP - length + 0.01)],
            under,
            kind,
            width=0.0028,
            lift=0.0022,
        )


def slants(parts, kind, half):
    under = Surface(parts)
    for side in (1, -1):
        seam(
            parts,
            [(side * half * 0.72, TOP - 0.045), (side * half * 1.02, TOP - 0.20)],
            under,
            kind,
            width=0.004,
            lift=0.003,
        )


def wide_trousers():
    parts = legs(
        "wool-twill",
        waist=0.185,
        hip=0.235,
        knee=0.135,
        hem=0.15,
        length=1.04,
        bend=2,
        stiff=14,
        pressure=0.8,
    )
    for side in (1, -1):
        seam(
            parts,
            [(side * 0.085, TOP - 0.04), (side * 0.10, TOP - 0.26)],
            Surface(parts),
            "wool-twill",
            width=0.012,
            lift=0.004,
        )
    fly(parts, "wool-twill")
    slants(parts, "wool-twill", 0.185)
    crease(parts, "wool-twill", 0.10, 0.19, 1.04)
    waistband(parts, "wool-twill", 0.185, height=0.045)
    button(0.0, TOP - 0.023, Surface(parts), radius=0.008)
    clips(0.135)
    return parts


def straight_trousers():
    parts = legs(
        "hopsack",
        waist=0.19,
        hip=0.222,
        knee=0.098,
        hem=0.088,
        length=1.02,
        bend=2,
        stiff=14,
        pressure=0.8,
    )
    fly(parts, "hopsack")
    slants(parts, "hopsack", 0.19)
    crease(parts, "hopsack", 0.105, 0.145, 1.02)
    waistband(parts, "hopsack", 0.19)
    for x in (-0.12, -0.045, 0.045, 0.12):
        parts.append(
            patch(
                "loop",
                lambda s, t, x=x: (x + (s - 0.5) * 0.011, TOP + 0.002 - t * 0.048),
                Surface(parts),
                "hopsack",
                lift=0.004,
                thick=0.002,
                n=(6, 3),
            )
        )
    button(0.0, TOP - 0.021, Surface(parts), radius=0.008)
    clips(0.15)
    return parts


def cropped_trousers():
    parts = legs(
        "linen",
        waist=0.19,
        hip=0.235,
        knee=0.098,
        hem=0.064,
        length=0.86,
        bend=0.5,
        stiff=9,
        pressure=0.6,
        thick=0.0018,
    )
    under = Surface(parts)
    fly(parts, "linen")
    slants(parts, "linen", 0.19)
    parts.append(
        strip(
            "waistband",
            [(x, TOP - 0.02 + 0.0015 * math.sin(x * 400)) for x in np.linspace(-0.186, 0.186, 120)],
            0.04,
            under,
            "edge-band",
            lift=0.005,
            thick=0.003,
            along=160,
            across=6,
            blur=1,
        )
    )
    for side in (1, -1):
        parts.append(
            strip(
                f"cord{side}",
                [
                    (side * 0.012, TOP - 0.02),
                    (side * 0.03, TOP - 0.10),
                    (side * 0.022, TOP - 0.235),
                ],
                0.007,
                Surface(parts),
                "canvas",
                lift=0.012,
                thick=0.005,
                along=40,
                across=4,
            )
        )
    clips(0.15)
    return parts


def pleated_skirt():
    rows = [
        (TOP - 0.02 - 0.74 * t, 0.165 + 0.155 * t**0.8, 0.055 + 0.10 * t**0.8, 0)
        for t in np.linspace(0, 1, 24)
    ]
    parts = [
        tube(
            "wool-twill",
            rows,
            n=540,
            pleats=(30, 0.004, 0.026),
            bend=10,
            stiff=30,
            pressure=2.0,
            frames=7,
        )
    ]
    top = tube("wool-twill", [(TOP, 0.166, 0.056, 0), (TOP - 0.05, 0.170, 0.060, 0)], frames=3)
    waistband([top], "wool-twill", 0.166, height=0.045)
    clips(0.12)
    return [*parts, top]


def a_line_skirt():
    rows = [(TOP - 0.62 * t, 0.17 + 0.17 * t, 0.055 + 0.10 * t, 0) for t in np.linspace(0, 1, 24)]
    parts = [tube("hopsack", rows, wave=(5, 0.014), bend=14, stiff=30, pressure=1.5, frames=6)]
    under = Surface(parts)
    seam(parts, [(0.0, TOP - 0.045), (0.0, TOP - 0.605)], under, "hopsack", width=0.006, lift=0.003)
    for side in (1, -1):
        seam(
            parts,
            [(side * 0.012, TOP - 0.045), (side * 0.012, TOP - 0.605)],
            under,
            "hopsack",
            width=0.0016,
            lift=0.0015,
        )
        seam(
            parts,
            [(side * 0.10, TOP - 0.05), (side * 0.165, TOP - 0.20)],
            under,
            "hopsack",
            width=0.018,
            lift=0.005,
        )
    waistband(parts, "hopsack", 0.17, height=0.042)
    for i in range(4):
        button(0.0, TOP - 0.085 - i * 0.085, Surface(parts), radius=0.0095)
    clips(0.13)
    return parts


def column_skirt():
    rows = [
        (
            TOP - 0.90 * t,
            0.158 + 0.06 * math.sin(min(1, t * 3.2) * math.pi / 2) - 0.012 * t,
            0.05 + 0.045 * math.sin(min(1, t * 3.2) * math.pi / 2),
            0,
        )
        for t in np.linspace(0, 1, 30)
    ]
    parts = [
        tube(
            "silk-twill",
            rows,
            wave=(5, 0.015),
            bend=0.2,
            stiff=7,
            pressure=1.0,
            thick=0.0014,
            phase=0.7,
        )
    ]
    waistband(parts, "satin-band", 0.158, height=0.022, lift=0.003)
    clips(0.115)
    return parts


DESIGNS = {
    "wide-trousers": (-0.44, 1.42, wide_trousers),
    "straight-trousers": (-0.43, 1.40, straight_trousers),
    "cropped-trousers": (-0.35, 1.24, cropped_trousers),
    "pleated-skirt": (-0.30, 1.12, pleated_skirt),
    "a-line-skirt": (-0.23, 0.98, a_line_skirt),
    "column-skirt": (-0.37, 1.26, column_skirt),
}
HOLD = dict.fromkeys(DESIGNS, "bar")
