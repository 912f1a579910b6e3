"""The files that all contestants serve."""

from __future__ import annotations

import random
from pathlib import Path

SIZES = {"small.html": 13_700, "large.html": 78_000}


def write(folder: Path) -> Path:
    """Write the files to `folder`: text that compresses as pages do, the same each time."""
    folder.mkdir(parents=True, exist_ok=True)
    words = random.Random(1)  # noqa: S311
    for name, size in SIZES.items():
        lines = ["<!DOCTYPE html><title>bench</title>"]
        while sum(map(len, lines)) < size:
            text = " ".join(f"{words.choice('kaira')}{words.randrange(9999)}" for _ in range(12))
            lines.append(f"<p>{text}</p>\n")
        (folder / name).write_text("".join(lines)[:size])
    (folder / "index.html").write_text("<!DOCTYPE html><title>bench</title><h1>home</h1>")
    return folder
