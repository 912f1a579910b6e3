"""A picture with few colours, and so a third as large."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

COLOURS = 256
NEAR = 5  # steps of a channel: no eye tells them apart


def save(picture: bytes, path: Path) -> None:
    """Write a PNG of the colours that are most frequent, none of them near another.

    What is usual for this, to cut the room of colours at its medians, loses a small red dot.
    """
    whole = Image.open(io.BytesIO(picture)).convert("RGB")
    kept: list[tuple[int, ...]] = []
    for _, colour in sorted(whole.getcolors(whole.width * whole.height) or (), reverse=True):
        assert isinstance(colour, tuple)
        if all(_distance(colour, other) > NEAR**2 for other in kept):
            kept.append(colour)
        if len(kept) == COLOURS:
            break
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for colour in kept for value in colour])
    whole.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)


# Private


def _distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
