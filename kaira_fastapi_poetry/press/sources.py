"""What is pressed: the files of a site, from disk or rendered."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from kaira_fastapi_poetry.site import bundle, media

HTML = "text/html"


class PressError(Exception):
    """The folder cannot be pressed; the message is one line that names the file."""


@dataclass(frozen=True)
class Source:
    """One file of the site, before anything is changed in it.

    relative: its path in the site, with "/".
    path: where it lies; for a rendered page its template.
    modified: seconds since the epoch.
    size: bytes.
    rendered: the content, if it is not that of `path`.
    """

    relative: str
    path: Path
    modified: int
    size: int
    rendered: bytes | None = None

    @property
    def name(self) -> str:
        """The file name, without folders."""
        return self.relative.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The folder, with "/" at its end; "" for the top."""
        head, slash, _ = self.relative.rpartition("/")
        return head + slash

    @property
    def kind(self) -> str:
        """The media type, by name."""
        return media.media_type(self.relative)

    def read(self) -> bytes:
        """The whole content. Raises PressError if the file cannot be read."""
        if self.rendered is not None:
            return self.rendered
        with self.open() as stream:
            return stream.read()

    def open(self) -> BufferedReader:
        """The file on disk. Raises PressError if it cannot be read."""
        try:
            return self.path.open("rb")
        except OSError as error:
            raise PressError(f"cannot read {self.path}: {error.strerror}") from None


class Font(NamedTuple):
    """How a font is cut for the site: see `fonts`. `ranges`: first and last code points."""

    source: str
    ranges: tuple[tuple[int, int], ...]
    elements: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    without: str | None = None


@dataclass
class Site:
    """A folder, read: its files by relative path, and what else it states.

    headers: of responses; fonts: by the path that they are served at.
    catalogue: the products as JSON, if there are any.
    """

    files: dict[str, Source] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    fonts: dict[str, Font] = field(default_factory=dict)
    catalogue: bytes | None = None

    def add(self, source: Source) -> None:
        """Take a file in. Raises PressError if there is one of that name already."""
        if (other := self.files.get(source.relative)) is not None:
            raise PressError(f"{source.path} and {other.path} are both served as the same page")
        self.files[source.relative] = source

    def locate(self, relative: str) -> str | None:
        """The file that the server sends for a path; the whole site is below /static/ as well."""
        if relative in self.files:
            return relative
        shorter = relative.removeprefix("static/")
        return shorter if shorter in self.files else None

    def has_folder(self, relative: str) -> bool:
        """Whether the path is that of a folder with a page of its own."""
        folder = relative if relative.endswith("/") or not relative else f"{relative}/"
        return self.locate(f"{folder}index.html") is not None


def of_folder(site_dir: Path) -> Site:
    """The files of a plain folder, all of them as they are.

    Raises BundleError if the folder cannot be read.
    """
    site = Site()
    for relative, path, info in bundle.walk(site_dir):
        site.add(Source(relative, path, clamped(info.st_mtime), info.st_size))
    return site


def clamped(modified: float) -> int:
    """A time for `Last-Modified`, not after SOURCE_DATE_EPOCH where that is set.

    https://reproducible-builds.org/specs/source-date-epoch/
    Raises PressError if the variable is not a number.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return int(modified)
    if not epoch.isascii() or not epoch.isdigit():
        raise PressError(f"SOURCE_DATE_EPOCH: {epoch!r} is not a number of seconds")
    return min(int(modified), int(epoch))
