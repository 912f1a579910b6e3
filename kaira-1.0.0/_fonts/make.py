"""Fetch the two faces of the site from npm and split each into Latin and Hangul.

Display is Gowun Batang, text is Pretendard, both under the SIL Open Font License. What has
been changed may not bear the reserved name of its origin, so the halves are called Kaira.

    python kaira-1.0.0/_fonts/make.py

needs npm and fonttools with brotli. The press cuts them further, to the characters of the pages.
Pages in English never ask for the Hangul half.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

TARGET = Path(__file__).resolve().parent.parent / "assets" / "fonts"

LATIN = [*range(0x20, 0x17F), *range(0x2010, 0x2050), 0x20A9, 0x2190, 0x2192, 0x2197, 0x2212, 0xD7]
HANGUL = [*range(0x3001, 0x3020), *range(0x3131, 0x318F), *range(0xAC00, 0xD7A4)]

GOWUN = ("@fontsource/gowun-batang@5.3.0", "package/LICENSE")
PRETENDARD = ("pretendard@1.3.9", "package/dist/LICENSE.txt")
FACES = {
    "display-latin": (
        GOWUN, "package/files/gowun-batang-latin-400-normal.woff2", LATIN,
    ),
    "display-hangul": (
        GOWUN, "package/files/gowun-batang-korean-400-normal.woff2", HANGUL,
    ),
    "text-latin": (
        PRETENDARD, "package/dist/web/static/woff2/Pretendard-Regular.woff2", LATIN,
    ),
    "text-hangul": (
        PRETENDARD, "package/dist/web/static/woff2/Pretendard-Regular.woff2", HANGUL,
    ),
}  # fmt: skip


def fetched(package: str, folder: Path) -> Path:
    """The folder of an npm package in its stated version."""
    target = folder / package.replace("/", "-")
    if not target.exists():
        target.mkdir()
        command = ["npm", "pack", "--silent", "--pack-destination", str(target), package]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(target.glob("*.tgz"))) as archive:
            archive.extractall(target, filter="data")
    return target


def main() -> None:
    """Write every face and its licence."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, ((package, licence), path, characters) in FACES.items():
            source = fetched(package, Path(folder))
            family = name.rpartition("-")[0]
            shutil.copyfile(source / licence, TARGET / f"{family}-OFL.txt")
            font = TTFont(source / path, recalcTimestamp=False)
            subsetter = Subsetter(Options(flavor="woff2", hinting=False))
            subsetter.populate(unicodes=characters)
            subsetter.subset(font)
            for record in font["name"].names:
                if record.nameID in (1, 4, 6, 16):
                    record.string = f"Kaira {family.title()}"
            font.flavor = "woff2"
            font.save(TARGET / f"{name}.woff2")
            print(f"{name}.woff2: {(TARGET / name).with_suffix('.woff2').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
