"""Fonts are served with the characters of the site in them, and no others.

A Korean face has more than ten thousand syllables and takes a megabyte; the pages of a site
use a few hundred of them.
"""

from __future__ import annotations

import io
import string
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from fontTools import version as fonttools_version
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, TTLibError

from kaira_fastapi_poetry.press.sources import PressError, Site
from kaira_fastapi_poetry.site.bundle import digest_of

FOLDER = "fonts"

# What a script may show, or a visitor type, though no page says it.
_ALWAYS = frozenset(string.printable) - frozenset("\t\n\r\x0b\x0c")


def cut(site: Site, directory: Path) -> None:
    """Replace the fonts of `site` that match its `subset` by what its rendered texts need.

    directory: the bundle; fonts that were cut for the same characters are taken from there.

    Raises PressError if a pattern matches nothing, or a file is no font.
    """
    names = [name for name in site.files if any(fnmatchcase(name, each) for each in site.subset)]
    for pattern in site.subset:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise PressError(f"site.toml: subset: no file is called {pattern}")
    if not names:
        return
    characters = set(_ALWAYS)
    latest = 0
    for source in site.files.values():
        if source.rendered is not None:
            characters.update(source.rendered.decode())
            latest = max(latest, source.modified)
    folder = directory / FOLDER
    folder.mkdir(exist_ok=True)
    wanted = set()
    for name in names:
        source = site.files[name]
        content = source.read()
        # What the font does not have must not decide: one file for ASCII, one for Hangul.
        text = "".join(sorted(characters & _characters(content, source.path)))
        key = digest_of(f"{digest_of(content)} {fonttools_version} {text}".encode())
        wanted.add(key)
        path = folder / key
        if not path.exists():
            partial = folder / f".{key}"
            partial.write_bytes(_subset(content, text))
            partial.replace(path)
        rendered = path.read_bytes()
        modified = max(source.modified, latest)
        site.files[name] = replace(source, rendered=rendered, size=len(rendered), modified=modified)
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()


# Private


def _characters(content: bytes, path: Path) -> set[str]:
    try:
        with TTFont(io.BytesIO(content), lazy=True) as font:
            return {chr(code) for code in font.getBestCmap() or ()}
    except (TTLibError, OSError) as error:
        raise PressError(f"{path}: is not a font: {error}") from None


def _subset(content: bytes, text: str) -> bytes:
    options = Options(flavor="woff2", hinting=False, desubroutinize=True)
    with TTFont(io.BytesIO(content), recalcTimestamp=False) as font:
        subsetter = Subsetter(options)
        subsetter.populate(text=text)
        subsetter.subset(font)
        font.flavor = "woff2"
        target = io.BytesIO()
        font.save(target)
    return target.getvalue()
