"""Fetch the two faces of the site from npm: they are kept here whole, and the press cuts them.

    python kaira-1.0.0/_fonts/make.py

needs npm and fonttools with brotli. Display is Gowun Batang, text is Pretendard, both under the
SIL Open Font License. What is changed may not bear the reserved name of its origin, so they are
called Kaira here.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FOLDER = Path(__file__).resolve().parent
GOWUN = "@fontsource/gowun-batang@5.3.0"
PRETENDARD = "pretendard@1.3.9"

# Latin, punctuation, currency, arrows; Korean punctuation, letters and syllables.
CHARACTERS = [
    *range(0x20, 0x17F), *range(0x2010, 0x2050), 0x20A9, *range(0x2190, 0x2199), 0x2212,
    *range(0x3001, 0x3020), *range(0x3131, 0x318F), *range(0xAC00, 0xD7A4),
]  # fmt: skip


def fetched(package: str, folder: Path) -> Path:
    """The folder of an npm package in its stated version."""
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), package]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def write(font: TTFont, name: str, licence: Path) -> None:
    """Write a face as NAME.woff2, called Kaira Name, with its licence beside it."""
    subsetter = Subsetter(Options(hinting=False))
    subsetter.populate(unicodes=CHARACTERS)
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in (1, 4, 6, 16):
            record.string = f"Kaira {name.title()}"
    font.flavor = "woff2"
    font.save(FOLDER / f"{name}.woff2")
    shutil.copyfile(licence, FOLDER / f"{name}-OFL.txt")
    print(f"{name}.woff2: {(FOLDER / name).with_suffix('.woff2').stat().st_size:,} bytes")


def main() -> None:
    """Write both."""
    with tempfile.TemporaryDirectory() as name:
        package = fetched(PRETENDARD, Path(name))
        source = package / "dist/web/static/woff2/Pretendard-Regular.woff2"
        write(TTFont(source, recalcTimestamp=False), "text", package / "dist/LICENSE.txt")
    with tempfile.TemporaryDirectory() as name:
        package = fetched(GOWUN, Path(name))
        halves = []
        for script in ("latin", "korean"):
            half = TTFont(package / f"files/gowun-batang-{script}-400-normal.woff2")
            half.flavor = None
            half.save(Path(name) / f"{script}.ttf")
            halves.append(str(Path(name) / f"{script}.ttf"))
        write(Merger().merge(halves), "display", package / "LICENSE")


if __name__ == "__main__":
    main()
