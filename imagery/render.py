"""Render the products and write their pictures to the site.

    python imagery/render.py [SLUG ...] [--again]

needs bpy, numpy and Pillow >= 11.3 (see requirements.txt) and takes about a minute a picture
on two cores. It can be interrupted: what is rendered stays in the cache, as do the falls of the
cloth, and is done again only when the scripts of that piece have changed.

Each view is rendered once, its cloth in neutral grey, together with a mask that says how much
of each pixel is cloth. The colours are put in afterwards, in linear light (see `develop`): a
diffuse cloth reflects its colour times the light that it gets, so this is the same picture.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import subprocess
import sys
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
SITE = HERE.parent / "kaira-1.0.0"
CACHE = Path.home() / ".cache" / "kaira" / "imagery"
MODULES = ("tops", "bottoms", "small")
WIDTH, HEIGHT, SAMPLES = 800, 1000, 32


def products() -> dict[str, dict]:
    """The products of the catalogue by slug."""
    table = tomllib.loads((SITE / "_catalogue.toml").read_text(encoding="utf-8"))
    return {each["slug"]: each for each in table["products"]}


def colours() -> dict[str, str]:
    """Hex by name of colour."""
    table = tomllib.loads((SITE / "_catalogue.toml").read_text(encoding="utf-8"))
    return {name: each["hex"] for name, each in table["colours"].items()}


def fingerprint(module: str) -> str:
    """What a render depends on, besides the slug."""
    digest = hashlib.blake2b(f"{WIDTH} {HEIGHT} {SAMPLES}".encode(), digest_size=8)
    for name in ("studio", "cloth", "pattern", module):
        digest.update((HERE / f"{name}.py").read_bytes())
    return digest.hexdigest()


def exposure(slug: str, view: str) -> tuple[Path, Path]:
    """Where a view's picture and mask are, whether they are there or not."""
    stem = CACHE / "views" / f"{slug}-{view}"
    return stem.with_suffix(".exr"), stem.with_name(f"{slug}-{view}-mask.exr")


def done(slug: str, view: str, module: str) -> bool:
    """Whether a view is rendered, from the scripts as they are."""
    stamp = CACHE / "views" / f"{slug}-{view}.txt"
    return stamp.exists() and stamp.read_text() == fingerprint(module)


def expose(slug: str, module: str, views: list[str]) -> None:
    """Build a piece and render its views. Runs in a process of its own."""
    import importlib

    sys.path.insert(0, str(HERE))
    studio = importlib.import_module("studio")
    designs = importlib.import_module(module)
    centre, height, build = designs.DESIGNS[slug]
    for view in views:
        x = 0.0
        if view == "detail":
            x, centre, height = designs.DETAIL[slug]
        studio.setup(centre, height, x)
        before = studio.objects()
        build()
        if view == "back":
            studio.turn(studio.objects() - before)
        getattr(studio, getattr(designs, "HOLD", {}).get(slug, "hanger"))()
        picture, mask = exposure(slug, view)
        picture.parent.mkdir(parents=True, exist_ok=True)
        studio.render(picture, mask, width=WIDTH, height=HEIGHT, samples=SAMPLES)
        picture.with_suffix(".txt").write_text(fingerprint(module))


def main() -> None:
    """Render what is missing, develop everything that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("slugs", nargs="*", metavar="SLUG", help="products (default: all)")
    parser.add_argument("--again", action="store_true", help="render even what is in the cache")
    parser.add_argument("--expose", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.expose:
        slug, module, *views = options.expose
        expose(slug, module, views)
        return
    sys.path.insert(0, str(HERE))
    import develop

    catalogue, hexes = products(), colours()
    slugs = options.slugs or list(catalogue)
    CACHE.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for number, slug in enumerate(slugs, 1):
            product = catalogue[slug]
            module = next(
                name for name in MODULES if f'"{slug}":' in (HERE / f"{name}.py").read_text()
            )
            views = [
                view for view in product["views"] if options.again or not done(slug, view, module)
            ]
            start = time.monotonic()
            if views:
                command = [sys.executable, __file__, "--expose", slug, module, *views]
                result = subprocess.run(command, check=False, capture_output=True, text=True)
                if result.returncode:
                    sys.exit(f"{slug}: {result.stdout[-2000:]}{result.stderr[-2000:]}")
            rendered = time.monotonic() - start
            written = develop.product(product, hexes, exposure, SITE / "assets" / "products")
            print(
                f"{number}/{len(slugs)} {slug}: {len(views)} views in {rendered:.0f} s, "
                f"{written:,} bytes written, {time.monotonic() - began:.0f} s in all",
                flush=True,
            )


if __name__ == "__main__":
    main()
