"""Every design that hangs on a hanger, by slug: (view centre, view height, builder)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import studio
from cloth import Surface, button, patch, strip
from pattern import (
    RIB_NECK,
    STAND,
    Cut,
    base,
    belt,
    collar,
    edge,
    lapels,
    leaf,
    outline_between,
    placket,
    pocket,
    rows_of_buttons,
    seam,
)

KNIT = Cut(
    "lambswool",
    length=0.64,
    chest=0.265,
    waist=0.262,
    hem=0.235,
    neck=0.088,
    neck_front=0.07,
    sleeve=0.60,
    cuff=0.050,
    thick=0.006,
    hem_band=0.06,
    cuff_band=0.06,
    bend=2.0,
)
SHIRT = Cut(
    "ramie",
    length=0.76,
    shoulder=0.215,
    chest=0.275,
    waist=0.27,
    hem=0.28,
    neck=0.078,
    neck_front=0.075,
    sleeve=0.60,
    sleeve_top=0.10,
    cuff=0.056,
    flutes=(7, 0.010),
    bend=0.5,
    thick=0.0016,
    hem_curve=0.05,
    pressure=0.5,
)
COAT = Cut(
    "herringbone",
    length=1.14,
    shoulder=0.218,
    chest=0.275,
    waist=0.272,
    waist_at=0.45,
    hem=0.33,
    neck=0.085,
    vee=True,
    neck_front=0.40,
    neck_back=0.02,
    hem_depth=0.14,
    sleeve=0.62,
    sleeve_top=0.108,
    cuff=0.070,
    flutes=(4, 0.012),
    bend=5,
    stiff=16,
    thick=0.007,
    pressure=1.1,
)


def long_coat():
    cut = COAT
    parts = base(cut)
    under = Surface(parts)
    parts += lapels(cut, under)
    parts.append(
        collar(
            cut,
            [(0.0, -0.004), (0.01, 0.02), (0.016, 0.028), (0.026, 0.014)],
            cut.fabric,
            gap=1.25,
            thick=0.006,
        )
    )
    seam(parts, [(0.022, -0.40), (0.024, -1.11)], under, cut.fabric, width=0.012, lift=0.006)
    rows_of_buttons(under, 0.0, [-0.43, -0.55, -0.67], radius=0.0125)
    for side in (1, -1):
        parts += pocket(cut, under, side * 0.145, -0.60, 0.145, 0.17)
    return parts


def car_coat():
    cut = replace(
        COAT,
        fabric="double-cloth",
        length=0.86,
        vee=False,
        neck_front=0.075,
        hem=0.295,
        waist=0.285,
        chest=0.285,
        hem_depth=0.12,
    )
    parts = base(cut)
    under = Surface(parts)
    parts.append(
        collar(
            cut,
            [(0.002, -0.004), (0.012, 0.02), (0.013, 0.05), (0.008, 0.062), (0.0, 0.058)],
            cut.fabric,
            gap=0.10,
            thick=0.006,
        )
    )
    parts.append(
        strip(
            "front",
            [(0.0, -0.07), (0.0, -0.845)],
            0.075,
            under,
            cut.fabric,
            lift=0.006,
            thick=0.004,
            along=90,
            across=9,
        )
    )
    for side in (1, -1):
        seam(
            parts,
            [(side * 0.12, -0.50), (side * 0.155, -0.68)],
            under,
            cut.fabric,
            width=0.026,
            lift=0.006,
        )
    return parts


def wrap_coat():
    cut = replace(
        COAT,
        fabric="double-cloth",
        length=1.06,
        neck_front=0.46,
        hem=0.36,
        hem_depth=0.15,
        flutes=(6, 0.02),
        bend=2.5,
        waist=0.235,
        waist_at=0.48,
    )
    parts = base(cut)
    under = Surface(parts)
    parts += lapels(cut, under, notch=False, width=0.095)
    parts.append(
        collar(
            cut,
            [(0.0, -0.004), (0.012, 0.022), (0.022, 0.03), (0.034, 0.012)],
            cut.fabric,
            gap=1.2,
            thick=0.007,
        )
    )
    seam(parts, [(0.03, -0.48), (0.055, -1.03)], under, cut.fabric, width=0.012, lift=0.006)
    parts += belt(cut, Surface([parts[0], *parts[3:]]), -0.50)
    return parts


def slip_dress():
    cut = Cut(
        "silk-twill",
        length=1.13,
        shoulder=0.118,
        drop=0.20,
        chest=0.205,
        armpit=0.30,
        waist=0.205,
        waist_at=0.45,
        hem=0.30,
        depth=0.085,
        hem_depth=0.14,
        neck=0.112,
        neck_front=0.085,
        neck_back=0.03,
        sleeve=None,
        flutes=(6, 0.022),
        bend=2.0,
        stiff=14,
        thick=0.0014,
        pressure=0.5,
        frames=9,
    )
    cut = replace(cut, drop=0.001)
    parts = base(cut)
    for part in parts:
        part.location.z = -0.24
    for side in (1, -1):
        x = side * 0.113
        for y in (-0.018, 0.016):
            studio.rod(
                f"strap{side}{y}",
                [(side * 0.105, 0, -0.012), (x * 0.99, y * 0.8, -0.13), (x, y, -0.25)],
                0.0022,
                parts[0].data.materials[0],
            )
    under = Surface(parts)
    seam(
        parts,
        [
            (x, -0.24 - 0.001 - 0.085 * np.sqrt(max(0.0, 1 - (x / 0.112) ** 2)) - 0.006)
            for x in np.linspace(-0.105, 0.105, 40)
        ],
        under,
        "satin-band",
        width=0.008,
        lift=0.003,
    )
    return parts


def shirt_dress():
    cut = replace(
        SHIRT,
        length=1.16,
        hem=0.36,
        hem_depth=0.15,
        waist=0.225,
        waist_at=0.40,
        flutes=(8, 0.024),
        hem_curve=0.0,
        pressure=1.0,
    )
    parts = base(cut)
    under = Surface(parts)
    parts += [leaf(cut, under, side) for side in (1, -1)]
    parts.append(collar(cut, STAND, cut.fabric, gap=0.06, thick=0.003))
    parts.append(placket(cut, under, -0.075, -1.14))
    rows_of_buttons(
        Surface(parts),
        0.0,
        [-0.11 - 0.105 * i for i in range(9) if i != 3],
        radius=0.0065,
        colour=(0.62, 0.58, 0.5),
    )
    parts += belt(cut, Surface([parts[0], *parts[3:]]), -0.45, width=0.034, ends=0.30)
    return parts


def column_dress():
    cut = Cut(
        "rib-knit",
        length=1.22,
        shoulder=0.165,
        drop=0.045,
        chest=0.205,
        armpit=0.24,
        waist=0.185,
        waist_at=0.36,
        hem=0.215,
        depth=0.09,
        hem_depth=0.11,
        neck=0.085,
        neck_front=0.065,
        sleeve=None,
        flutes=(3, 0.006),
        bend=2,
        thick=0.005,
        pressure=1.2,
    )
    parts = base(cut)
    parts.append(collar(cut, RIB_NECK, "band", thick=0.004))
    return parts


def smock_dress():
    cut = Cut(
        "linen",
        length=0.98,
        shoulder=0.20,
        chest=0.275,
        waist=0.33,
        waist_at=0.6,
        hem=0.40,
        depth=0.10,
        hem_depth=0.18,
        neck=0.092,
        neck_front=0.09,
        sleeve=0.25,
        sleeve_top=0.10,
        cuff=0.098,
        sleeve_out=0.07,
        flutes=(11, 0.032),
        bend=0.4,
        thick=0.0018,
        pressure=1.2,
    )
    parts = base(cut)
    parts.append(
        patch(
            "yoke",
            lambda s, t: (
                (s - 0.5) * 2 * 0.16,
                np.minimum(edge(cut, (s - 0.5) * 2 * 0.16, False), -0.02)
                - 0.006
                - t * (0.19 + np.minimum(edge(cut, (s - 0.5) * 2 * 0.16, False), -0.02)),
            ),
            Surface(parts[:1]),
            cut.fabric,
            lift=0.006,
            thick=0.002,
            n=(20, 50),
            blur=8,
        )
    )
    parts.append(
        collar(cut, [(0.0, -0.004), (0.003, 0.006), (0.0, 0.012)], cut.fabric, thick=0.003)
    )
    seam(
        parts,
        [(x, -0.192) for x in np.linspace(-0.16, 0.16, 40)],
        Surface(parts),
        cut.fabric,
        width=0.007,
        lift=0.003,
    )
    return parts


def crew_jumper():
    parts = base(KNIT)
    parts.append(collar(KNIT, RIB_NECK, "band", thick=0.005))
    return parts


def roll_neck():
    cut = replace(
        KNIT,
        fabric="rib-knit",
        length=0.62,
        chest=0.235,
        waist=0.225,
        hem=0.215,
        neck=0.072,
        neck_front=0.035,
        neck_back=0.012,
        shoulder=0.19,
        sleeve_top=0.088,
        cuff=0.042,
        sleeve_out=0.07,
        hem_band=0.0,
        cuff_band=0.0,
        thick=0.004,
    )
    parts = base(cut)
    parts.append(
        collar(
            cut,
            [
                (0.0, -0.006),
                (0.004, 0.02),
                (0.003, 0.055),
                (0.004, 0.078),
                (0.010, 0.086),
                (0.016, 0.078),
                (0.019, 0.045),
                (0.020, 0.016),
            ],
            "band",
            thick=0.004,
        )
    )
    return parts


def cardigan():
    cut = replace(
        KNIT, vee=True, neck_front=0.27, neck_back=0.02, length=0.66, hem=0.245, chest=0.268
    )
    parts = base(cut)
    under = Surface(parts)
    for side in (1, -1):
        line = [
            (side * cut.neck * f + side * 0.006, float(edge(cut, np.array(cut.neck * f), False)))
            for f in np.linspace(0.98, 0.05, 24)
        ]
        parts.append(
            strip(f"edge{side}", line, 0.030, under, "edge-band", lift=0.006, thick=0.004, along=60)
        )
    parts.append(
        collar(
            cut,
            [(0.0, -0.006), (0.008, 0.01), (0.010, 0.024), (0.004, 0.028)],
            "band",
            gap=1.42,
            thick=0.005,
        )
    )
    parts.append(
        strip(
            "front",
            [(0.0, -0.262), (0.0, -0.652)],
            0.034,
            under,
            "edge-band",
            lift=0.006,
            thick=0.004,
            along=60,
        )
    )
    rows_of_buttons(Surface(parts), 0.0, [-0.29 - 0.082 * i for i in range(5)], radius=0.0105)
    return parts


def knit_vest():
    cut = replace(
        KNIT,
        vee=True,
        neck_front=0.21,
        neck_back=0.02,
        sleeve=None,
        shoulder=0.172,
        chest=0.25,
        length=0.60,
        hem=0.225,
        waist=0.25,
    )
    parts = base(cut)
    under = Surface(parts)
    for side in (1, -1):
        line = [
            (side * cut.neck * f + side * 0.004, float(edge(cut, np.array(cut.neck * f), False)))
            for f in np.linspace(0.98, 0.0, 24)
        ]
        parts.append(
            strip(f"edge{side}", line, 0.026, under, "edge-band", lift=0.006, thick=0.004, along=60)
        )
        arm = [
            (side * (0.166 + 0.004 * np.sin(t * 3)), -0.065 - 0.02 * t - 0.17 * t)
            for t in np.linspace(0, 1, 20)
        ]
        parts.append(
            strip(f"arm{side}", arm, 0.022, under, "edge-band", lift=0.005, thick=0.004, along=50)
        )
    parts.append(
        collar(
            cut,
            [(0.0, -0.006), (0.006, 0.008), (0.006, 0.018), (0.0, 0.022)],
            "band",
            gap=1.42,
            thick=0.005,
        )
    )
    return parts


def band_shirt():
    cut = SHIRT
    parts = base(cut)
    under = Surface(parts)
    parts.append(collar(cut, STAND, cut.fabric, gap=0.05, thick=0.003))
    parts.append(placket(cut, under, -0.072, -0.745))
    rows_of_buttons(
        Surface(parts),
        0.0,
        [-0.095 - 0.095 * i for i in range(7)],
        radius=0.006,
        colour=(0.62, 0.58, 0.5),
    )
    for side in (1, -1):
        cuff(parts, cut, side)
    return parts


def camp_shirt():
    cut = replace(
        SHIRT,
        fabric="linen",
        length=0.70,
        chest=0.295,
        waist=0.295,
        hem=0.295,
        hem_curve=0.0,
        sleeve=0.26,
        cuff=0.105,
        sleeve_out=0.085,
        vee=True,
        neck_front=0.16,
        neck_back=0.02,
    )
    parts = base(cut)
    under = Surface(parts)
    for side in (1, -1):
        inner = [
            (side * cut.neck * f + side * 0.002, float(edge(cut, np.array(cut.neck * f), False)))
            for f in np.linspace(0.98, 0.04, 16)
        ]
        top = inner[0]
        collar_out = [
            (top[0] + side * 0.014, top[1] + 0.006),
            (side * 0.142, -0.082),
            (side * 0.112, -0.098),
        ]
        lapel_out = [
            (side * 0.108, -0.098),
            (side * 0.136, -0.118),
            (side * 0.05, -0.152),
            (side * 0.012, -0.166),
        ]
        parts.append(
            patch(
                f"collar{side}",
                outline_between(inner[:8], collar_out),
                under,
                cut.fabric,
                lift=0.011,
                thick=0.003,
                n=(16, 12),
            )
        )
        parts.append(
            patch(
                f"lapel{side}",
                outline_between(inner[6:], lapel_out),
                under,
                cut.fabric,
                lift=0.007,
                thick=0.003,
                n=(20, 12),
            )
        )
    parts.append(
        collar(
            cut,
            [(0.0, -0.004), (0.008, 0.016), (0.014, 0.02), (0.024, 0.006)],
            cut.fabric,
            gap=1.3,
            thick=0.003,
        )
    )
    parts.append(placket(cut, under, -0.168, -0.69, width=0.03))
    rows_of_buttons(
        Surface(parts),
        0.0,
        [-0.20 - 0.10 * i for i in range(5)],
        radius=0.0065,
        colour=(0.62, 0.58, 0.5),
    )
    parts += pocket(cut, under, 0.135, -0.235, 0.105, 0.125)
    return parts


def overshirt():
    cut = replace(
        SHIRT,
        fabric="wool-twill",
        length=0.74,
        chest=0.285,
        waist=0.285,
        hem=0.285,
        hem_curve=0.0,
        thick=0.005,
        bend=4,
        stiff=14,
        pressure=0.9,
        sleeve_top=0.108,
        cuff=0.062,
    )
    parts = base(cut)
    under = Surface(parts)
    parts += [leaf(cut, under, side, width=0.064, tip=0.03, lift=0.010) for side in (1, -1)]
    parts.append(
        collar(
            cut,
            [(0.002, -0.006), (0.006, 0.016), (0.010, 0.032), (0.018, 0.030)],
            cut.fabric,
            gap=0.12,
            thick=0.005,
        )
    )
    parts.append(placket(cut, under, -0.075, -0.73, width=0.042))
    rows_of_buttons(Surface(parts), 0.0, [-0.115 - 0.115 * i for i in range(6)], radius=0.009)
    for side in (1, -1):
        parts += pocket(cut, under, side * 0.135, -0.225, 0.125, 0.14, flap=0.05)
        button(side * 0.135, -0.262, Surface(parts), radius=0.007)
        cuff(parts, cut, side)
    return parts


def cuff(parts, cut, side, height=0.058):
    """A cuff at the end of a sleeve."""
    arm = parts[1 if side > 0 else 2]
    under = Surface([arm])
    z = -cut.drop - cut.sleeve + height / 2 + 0.004
    xs = [
        x
        for x in side * np.linspace(cut.shoulder - 0.05, cut.shoulder + 0.25, 300)
        if not np.isnan(under.y(x, z, np.nan))
    ]
    if len(xs) > 5:
        line = [(x, z) for x in np.linspace(min(xs) + 0.002, max(xs) - 0.002, 30)]
        parts.append(
            strip(
                f"cuff{side}",
                line,
                height,
                under,
                cut.fabric,
                lift=0.004,
                thick=0.002,
                along=40,
                across=6,
            )
        )


DESIGNS = {
    "long-coat": (-0.50, 1.50, long_coat),
    "car-coat": (-0.35, 1.22, car_coat),
    "wrap-coat": (-0.46, 1.42, wrap_coat),
    "slip-dress": (-0.62, 1.66, slip_dress),
    "shirt-dress": (-0.51, 1.52, shirt_dress),
    "column-dress": (-0.54, 1.56, column_dress),
    "smock-dress": (-0.42, 1.32, smock_dress),
    "crew-jumper": (-0.25, 1.02, crew_jumper),
    "roll-neck": (-0.23, 1.02, roll_neck),
    "cardigan": (-0.25, 1.04, cardigan),
    "knit-vest": (-0.23, 0.98, knit_vest),
    "band-shirt": (-0.29, 1.12, band_shirt),
    "camp-shirt": (-0.27, 1.06, camp_shirt),
    "overshirt": (-0.29, 1.10, overshirt),
}
