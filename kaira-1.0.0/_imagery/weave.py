"""Weave the pictures of the site and write them to `assets/`.

    python kaira-1.0.0/_imagery/weave.py [NAME ...]

needs numpy and Pillow >= 11.3 and takes a few minutes; the same versions give the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pictures
from PIL import Image, ImageDraw

ASSETS = Path(__file__).resolve().parent.parent / "assets"

# Maker, widths of AVIF and the most bytes of the largest; width of WebP and its most bytes.
# WebP is the fallback for browsers of before 2023, and is there in one modest width.
PICTURES = {
    "herringbone": (pictures.hero, (600, 1200), 32_000, 600, 30_000),
    "ramie": (pictures.ramie, (480, 720, 1000), 13_200, 480, 14_000),
    "twill": (pictures.twill, (480, 720, 1000), 13_200, 480, 14_000),
    "hopsack": (pictures.hopsack, (480, 720, 1000), 13_200, 480, 14_000),
    "dropped": (pictures.dropped, (480, 800, 1200), 56_000, 600, 34_000),
    "bolts": (pictures.bolts, (640, 1120, 1600), 58_000, 800, 45_000),
}
# For phones, four by five, in AVIF only: maker and most bytes.
TALL = {
    "herringbone-tall": (pictures.hero_tall, 16_000),
    "twill-tall": (pictures.twill_tall, 14_000),
    "hopsack-tall": (pictures.hopsack_tall, 14_000),
    "bolts-tall": (pictures.bolts_tall, 16_000),
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


def icon(size: int) -> Image.Image:
    """The favicon's drawing: a K whose stem is the thread, with room for a round mask."""
    over = 4
    unit = size * over / 80  # the drawing's 64 units, and 8 of margin on each side
    image = Image.new("RGB", (size * over,) * 2, "#171c24")
    pen = ImageDraw.Draw(image)
    for colour, points in (
        ("#f1f2ee", [(46, 13), (22.5, 34)]),
        ("#f1f2ee", [(29, 28.5), (47, 51)]),
        ("#e6b422", [(18, -8), (18, 72)]),
    ):
        pen.line([((x + 8) * unit, (y + 8) * unit) for x, y in points], colour, round(5 * unit))
    return image.resize((size, size), Image.Resampling.LANCZOS).quantize(32)


def card() -> Image.Image:
    """What is shown where a link to the site is shared: 1200 by 630 of the herringbone."""
    picture = pictures.hero()
    height = round(picture.width * 630 / 1200)
    return picture.crop((0, 0, picture.width, height)).resize((1200, 630), Image.Resampling.LANCZOS)


def main(names: list[str]) -> None:
    for name in names or [*PICTURES, *TALL, "icons", "card"]:
        if name in TALL:
            make, budget = TALL[name]
            encoded(make(), ASSETS / "pictures" / f"{name}-640.avif", budget)
        elif name == "card":
            card().save(ASSETS / "pictures" / "og-house.jpg", quality=20, optimize=True)
        elif name == "icons":
            for size in (192, 512):
                icon(size).save(ASSETS / f"icon-{size}.png", optimize=True)
        else:
            write(name)


if __name__ == "__main__":
    main(sys.argv[1:])
