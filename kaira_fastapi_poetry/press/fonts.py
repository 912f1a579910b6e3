"""Fonts are served with the characters of the site in them, and no others.

A Korean face has eleven thousand syllables and takes half a megabyte; the pages of a site use
a few hundred of them, its headings fewer still.

    [fonts."assets/fonts/text.woff2"]       # what is served
    source = "_fonts/text.woff2"            # what it is cut from
    range = "U+AC00-D7A3"                   # of these characters (all, if nothing is said)
    elements = ["h1", "h2"]                 # those inside of these (of any)
    pages = ["index.html", "shop/*"]        # of these pages (of all)
    without = "assets/fonts/first.woff2"    # less those that another one has
"""

from __future__ import annotations

import io
import logging
import string
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from fontTools import version as fonttools_version
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, TTLibError

from kaira_fastapi_poetry.press.sources import HTML, Font, PressError, Site, Source, clamped
from kaira_fastapi_poetry.site.bundle import digest_of

FOLDER = "fonts"

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table

# What a script may show, or a visitor type, though no page says it.
_ALWAYS = frozenset(string.printable) - frozenset("\t\n\r\x0b\x0c")
# What sets text without being asked to; the rest would bring glyphs that nobody sees.
_FEATURES = ["ccmp", "kern", "liga", "locl", "mark", "mkmk"]
_NOT_SHOWN = frozenset({"script", "style"})
# Attributes that are set on the page, besides what a script shows (data-...). An `alt` is, where
# a picture is missing: in the system's face.
_SHOWN = frozenset({"label", "placeholder", "value"})
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"]
)


def cut(site: Site, fonts: Mapping[str, Font], site_dir: Path, directory: Path) -> None:
    """Add to `site` the fonts that it states, each cut to the characters that it is there for.

    directory: the bundle; what was cut before for the same characters is taken from there.

    Raises PressError if a source is missing or is no font.
    """
    if not fonts:
        return
    folder = directory / FOLDER
    folder.mkdir(exist_ok=True)
    texts = _texts(site)
    faces: dict[str, _Face] = {}
    chosen: dict[str, set[str]] = {}
    wanted = set()
    for target, font in fonts.items():
        path = site_dir / font.source
        face = faces.setdefault(font.source, _Face(path))
        characters = _wanted(texts, font) - chosen.get(font.without or "", set())
        # What the font does not have must not make it another one.
        chosen[target] = characters & face.characters
        text = "".join(sorted(chosen[target]))
        key = digest_of(f"{face.digest} {fonttools_version} {_FEATURES} {text}".encode())
        wanted.add(key)
        if not (folder / key).exists():
            partial = folder / f".{key}"
            partial.write_bytes(face.subset(text))
            partial.replace(folder / key)
        rendered = (folder / key).read_bytes()
        modified = clamped(path.stat().st_mtime)
        site.add(Source(target, path, modified, len(rendered), rendered))
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()


# Private


class _Text(NamedTuple):
    """The characters of a page, and of each kind of element in it."""

    everything: set[str]
    inside: dict[str, set[str]]


def _texts(site: Site) -> dict[str, _Text]:
    texts = {}
    for name, source in site.files.items():
        if source.rendered is None:
            continue
        text = source.rendered.decode()
        if source.kind == HTML:
            reader = _Reader()
            reader.feed(text)
            texts[name] = reader.text
        else:
            texts[name] = _Text(set(text), {})
    return texts


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = _Text(set(), {})
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in _SHOWN or name.startswith("data-"):
                self.text.everything.update(value or "")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if _NOT_SHOWN.isdisjoint(self._open):
            self.text.everything.update(data)
        for tag in set(self._open):
            self.text.inside.setdefault(tag, set()).update(data)


def _wanted(texts: Mapping[str, _Text], font: Font) -> set[str]:
    found = set() if font.elements else set(_ALWAYS)
    for name, text in texts.items():
        if font.pages and not any(fnmatchcase(name, pattern) for pattern in font.pages):
            continue
        if font.elements:
            for element in font.elements:
                found |= text.inside.get(element, set())
        else:
            found |= text.everything
    return {each for each in found if any(low <= ord(each) <= high for low, high in font.ranges)}


class _Face:
    """A font as it lies in the folder. Raises PressError if it cannot be read, or is none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def digest(self) -> str:
        """Of its bytes."""
        return digest_of(self._content)

    @cached_property
    def characters(self) -> set[str]:
        """What it has a glyph for."""
        with TTFont(io.BytesIO(self._plain), lazy=True) as font:
            return {chr(code) for code in font.getBestCmap() or ()}

    def subset(self, text: str) -> bytes:
        """WOFF2 with the glyphs for `text` and no others."""
        with TTFont(io.BytesIO(self._plain), lazy=True, recalcTimestamp=False) as font:
            subsetter = Subsetter(Options(hinting=False, layout_features=_FEATURES))
            subsetter.populate(text=text)
            subsetter.subset(font)
            font.flavor = "woff2"
            target = io.BytesIO()
            font.save(target)
        return target.getvalue()

    # Private

    @cached_property
    def _content(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise PressError(f"{self._path}: {error.strerror}") from None

    @cached_property
    def _plain(self) -> bytes:
        """Unpacked once: that takes longer than to cut it."""
        try:
            with TTFont(io.BytesIO(self._content), recalcTimestamp=False) as font:
                font.flavor = None
                target = io.BytesIO()
                font.save(target)
        except (TTLibError, OSError) as error:
            raise PressError(f"{self._path}: is not a font: {error}") from None
        return target.getvalue()
