"""From what the camera saw to the pictures of the site: colour, encoding, sizes."""

from __future__ import annotations

import io
import os
from pathlib import Path

os.environ.setdefault("OPENCV_IO_ENABLE_OPENEXR", "1")

import bpy
import numpy as np
from PIL import Image
from studio import GREY

WIDTHS = (400, 800)
FALLBACK = 560
LIMIT = 60 * 1024
EXPOSURE = 0.8  # the light that a cloth facing the camera gets, so that it shows its hex value


def linear(hexed: str) -> np.ndarray:
    """Linear RGB of "#rrggbb" (IEC 61966-2-1)."""
    values = np.array([int(hexed[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def load(path: Path) -> np.ndarray:
    """An EXR as (height, width, 3), linear."""
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    width, height = image.size
    pixels = np.array(image.pixels[:], dtype=np.float32).reshape(height, width, -1)
    bpy.data.images.remove(image)
    return pixels[::-1, :, :3]


def coloured(seen: np.ndarray, mask: np.ndarray, hexed: str) -> Image.Image:
    """The picture with its cloth in a colour."""
    tint = EXPOSURE * linear(hexed) / GREY
    # What shines is as white as the light, whatever the colour of the cloth.
    light = seen * (1 - mask) + seen * mask * tint
    floor = 0.006 * mask * seen / GREY
    light = np.clip(light + floor, 0, None)
    # A soft shoulder for the brightest part, so that a pale cloth keeps its folds.
    knee = 0.72
    light = np.where(
        light > knee, knee + (1 - knee) * (1 - np.exp(-(light - knee) / (1 - knee))), light
    )
    srgb = np.where(
        light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-6) ** (1 / 2.4) - 0.055
    )
    return Image.fromarray((srgb.clip(0, 1) * 255 + 0.5).astype(np.uint8))


def write(picture: Image.Image, target: Path, *, quality: int, **options: object) -> int:
    """Encode within the limit, lowering the quality as far as it takes; returns the bytes."""
    while True:
        stream = io.BytesIO()
        picture.save(stream, target.suffix[1:].replace("jpg", "jpeg"), quality=quality, **options)
        if stream.tell() <= LIMIT or quality < 25:
            break
        quality -= 5
    target.write_bytes(stream.getvalue())
    return stream.tell()


def sizes(picture: Image.Image, stem: Path) -> int:
    """AVIF in every width, and WebP in one for browsers that are older."""
    written = 0
    for width in WIDTHS:
        scaled = picture.resize((width, width * 5 // 4), Image.Resampling.LANCZOS)
        target = stem.with_name(f"{stem.name}-{width}.avif")
        written += write(scaled, target, quality=50, speed=4)
    scaled = picture.resize((FALLBACK, FALLBACK * 5 // 4), Image.Resampling.LANCZOS)
    target = stem.with_name(f"{stem.name}-{FALLBACK}.webp")
    return written + write(scaled, target, quality=70, method=6)


def card(picture: Image.Image) -> Image.Image:
    """1200 by 630 for links that are shared: the piece on more of its wall."""
    scaled = picture.resize((504, 630), Image.Resampling.LANCZOS)
    edge = np.asarray(scaled)
    left = np.repeat(edge[:, :1], 348, axis=1)
    right = np.repeat(edge[:, -1:], 348, axis=1)
    return Image.fromarray(np.concatenate([left, edge, right], axis=1))


def product(entry: dict, hexes: dict[str, str], exposure, folder: Path) -> int:
    """Write all pictures of a product; returns their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for view in entry["views"]:
        picture, mask = exposure(entry["slug"], view)
        seen, cloth = load(picture), load(mask)[:, :, :1].clip(0, 1)
        for colour in entry["colours"] if view == "front" else entry["colours"][:1]:
            shown = coloured(seen, cloth, hexes[colour])
            name = colour if view == "front" else view
            written += sizes(shown, folder / f"{entry['slug']}-{name}")
            if view == "front" and colour == entry["colours"][0]:
                written += write(card(shown), folder / f"{entry['slug']}-og.jpg", quality=82)
    return written
