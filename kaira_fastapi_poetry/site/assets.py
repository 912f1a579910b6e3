"""A bundle, prepared: all that can be known of a response is computed once, when it is first
asked for; the bytes are in memory from the start.

A name with a fingerprint never means other bytes, so it may be kept for ever. Every other
name is asked for again each time; our own edge (nginx) may keep the answer for a few
seconds, which it is told in a header that it does not pass on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from kaira_fastapi_poetry.site.bundle import IDENTITY, Bundle, File, Variant, plain_file
from kaira_fastapi_poetry.site.negotiation import http_date
from kaira_fastapi_poetry.site.paths import canonical

Headers = list[tuple[bytes, bytes]]

_INDEX = b"index.html"
_IMMUTABLE = [(b"cache-control", b"public, max-age=31536000, immutable")]
_VARY = (b"vary", b"accept-encoding")
_REVALIDATED = [(b"cache-control", b"no-cache"), (b"x-accel-expires", b"5")]

# What can run script or be a page of its own, and so needs the headers that a site states.
_DOCUMENTS = {"text/html", "image/svg+xml", "application/xhtml+xml", "application/xml", "text/xml"}


class Representation(NamedTuple):
    """One variant of an asset, with its headers.

    own, shared: status line and headers of a 200 as they go over the wire, in two parts: what
    only this one has, and what it has in common with others and does not hold once more.
    body: the bytes, or None if they are to be read from `location`.
    """

    variant: Variant
    own: bytes
    shared: bytes
    body: bytes | None
    location: Path | None

    @property
    def etag(self) -> bytes:
        """The entity tag: strong, because it is made of the bytes themselves."""
        return b'"%b"' % self.variant.digest.encode()

    @property
    def headers(self) -> Headers:
        """The headers of a 200, as ASGI has them."""
        lines = (self.own + self.shared).split(b"\r\n")[1:-1]
        return [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]


@dataclass(slots=True)
class Asset:
    """What is answered at one path: `codings` smallest first, and what each of them is."""

    modified: int
    codings: tuple[str, ...]
    representations: tuple[Representation, ...]

    def represented(self, coding: str) -> Representation:
        """The representation in one of `codings`."""
        return self.representations[self.codings.index(coding)]


class Assets:
    """Every asset of a bundle by its path.

    document_headers: sent with all that can be a page; file_headers: with the rest.
    """

    def __init__(self, bundle: Bundle, document_headers: Headers, file_headers: Headers) -> None:
        self.bundle = bundle
        self._document_headers, self._file_headers = document_headers, file_headers
        self._shared: dict[bytes, bytes] = {}
        self._bodies = bundle.preload()
        self._prepared: dict[bytes, Asset] = {}
        self._files: dict[bytes, File] = {}
        for path, file in bundle.files.items():
            key = path.encode("ascii")
            self._files[key] = file
            if key.endswith(b"/" + _INDEX):
                self._files[key[: -len(_INDEX)]] = file

    @property
    def paths(self) -> list[str]:
        """Every path at which there is an asset, folders with an index included."""
        return sorted(key.decode() for key in self._files)

    @property
    def digest(self) -> str:
        """32 hex digits that change with any path and with the content of any file."""
        digest = hashlib.blake2b(digest_size=16)
        for path, file in sorted(self._files.items()):
            digest.update(path)
            for each in file.variants:
                digest.update(each.digest.encode())
        return digest.hexdigest()

    def find(self, raw_path: bytes) -> Asset | None:
        """The asset at a path; below "/static/" the same tree stands once more.

        Raises paths.Hostile for a path that no honest client sends.
        """
        if asset := self._prepared.get(raw_path):
            return asset
        path = canonical(raw_path).encode("ascii")
        return self._at(path) or self._at(path.removeprefix(b"/static"))

    def error_page(self, status: int, raw_path: bytes) -> Asset | None:
        """The site's own page for an error, `404.html` say: the one nearest to the path."""
        folder = raw_path.removeprefix(b"/static")
        while b"/" in folder:
            folder = folder[: folder.rindex(b"/")]
            if asset := self._at(b"%b/%d.html" % (folder, status)):
                return asset
        return None

    def renew(self, asset: Asset) -> Asset | None:
        """Look at an asset's file again, which is not as it was at the start.

        Returns the asset as it is now, or None if it has gone.
        Raises OSError if the asset is of a bundle, whose files never change: it is damaged.
        """
        source = asset.represented(IDENTITY).location
        assert source is not None  # what is in memory does not change
        if self.bundle.blobs is not None:
            raise FileNotFoundError(f"{source} is not as the press left it; run `kaira press`")
        paths = [path for path, file in self._files.items() if file.source == source]
        for path in paths:
            self._prepared.pop(path, None)
        try:
            file = plain_file(paths[0].decode(), source, source.stat())
        except FileNotFoundError:
            for path in paths:
                del self._files[path]
            return None
        self._files.update(dict.fromkeys(paths, file))
        return self._at(paths[0])

    def _at(self, path: bytes) -> Asset | None:
        """The asset at a path as it stands in the bundle, prepared if it is not yet."""
        if asset := self._prepared.get(path):
            return asset
        if (file := self._files.get(path)) is None:
            return None
        asset = self._prepared[path] = self._prepare(file)
        return asset

    def _prepare(self, file: File) -> Asset:
        document = file.media_type.partition(";")[0] in _DOCUMENTS
        shared = _lines(
            [
                (b"content-type", file.media_type.encode()),
                (b"accept-ranges", b"bytes"),
                *(_IMMUTABLE if file.immutable else _REVALIDATED),
                *((_VARY,) if len(file.variants) > 1 else ()),
                *(self._document_headers if document else self._file_headers),
            ]
        )
        shared = self._shared.setdefault(shared, shared)
        modified = http_date(file.modified)
        return Asset(
            file.modified,
            tuple(variant.coding for variant in file.variants),
            tuple(self._represent(file, each, modified, shared) for each in file.variants),
        )

    def _represent(
        self, file: File, variant: Variant, modified: bytes, shared: bytes
    ) -> Representation:
        headers: Headers = [
            (b"content-length", b"%d" % variant.size),
            (b"etag", b'"%b"' % variant.digest.encode()),
            (b"last-modified", modified),
        ]
        if variant.coding != IDENTITY:
            headers.append((b"content-encoding", variant.coding.encode()))
        own = b"HTTP/1.1 200 OK\r\n" + _lines(headers)
        body = self._bodies.get(variant.digest)
        location = self.bundle.location(file, variant) if body is None else None
        return Representation(variant, own, shared, body, location)


# Private


def _lines(headers: Headers) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)
