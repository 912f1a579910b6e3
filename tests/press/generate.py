"""Make a site to measure the press with: pages, styles, scripts, and pictures of random bytes.

    python tests/press/generate.py FOLDER [TEXTS [PICTURES [LARGE]]]

By default 10,000 files and 1 GiB. The same numbers make the same files.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

_WORDS = """
linen wool cotton silk coat dress shirt collar sleeve button seam hem pleat weave twill
herringbone ramie hopsack autumn spring soft warm light dark blue grey undyed made worn washed
cut sewn pressed folded sent kept the a of and in with for by from to on at is are
"""


def generate(folder: Path, texts: int = 6000, pictures: int = 3900, large: int = 100) -> None:
    """Write the site. `texts` are pages, with a style and a script for every ten of them."""
    chance = random.Random(1)
    names = [f"pictures/{i % 50}/picture-{i}.jpg" for i in range(pictures)]
    for name in names:
        _write(folder / name, chance.randbytes(chance.randrange(100_000, 200_000)))
    for i in range(large):
        size = chance.randrange(2, 6) * 2**20
        content = chance.randbytes(size) if i % 4 else _prose(chance, size).encode()
        _write(folder / f"large/{i}.{'bin' if i % 4 else 'json'}", content)
    groups = max(1, texts // 10)
    for i in range(groups):
        rules = "\n".join(
            f".c{n} {{ color: #{chance.randrange(16**6):06x}; margin: {n}px }}" for n in range(150)
        )
        picture = f"body {{ background: url(../../{chance.choice(names)}) }}\n" if names else ""
        _write(folder / f"assets/{i}/style.css", (picture + rules).encode())
        script = "\n".join(f"function f{n}() {{ return {chance.random()}; }}" for n in range(120))
        _write(folder / f"assets/{i}/behaviour.js", script.encode())
    for i in range(texts - 2 * groups):
        images = "\n".join(
            f'<img src="/{name}" alt="" width="600" height="800">'
            for name in (chance.choices(names, k=8) if names else ())
        )
        paragraphs = "\n".join(f"<p>{_prose(chance, 600)}</p>" for _ in range(10))
        page = (
            f'<!doctype html>\n<html lang="en">\n<title>Page {i}</title>\n'
            f'<link rel="stylesheet" href="/assets/{i % groups}/style.css">\n'
            f'<script src="/assets/{i % groups}/behaviour.js" defer></script>\n'
            f"<h1>Page {i}</h1>\n{paragraphs}\n{images}\n</html>\n"
        )
        _write(folder / f"pages/{i % 100}/{i}/index.html", page.encode())


def _prose(chance: random.Random, size: int) -> str:
    return " ".join(chance.choices(_WORDS.split(), k=size // 6))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    generate(Path(sys.argv[1]), *map(int, sys.argv[2:]))
