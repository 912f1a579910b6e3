"""A bundle, prepared: all that can be known of a response is computed before the first request.

A name with a fingerprint never means other bytes, so it may be kept for ever. Every other
name is asked for again each time; our own edge (nginx) may keep the answer for a few
seconds, which it is told in a header that it does not pass on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kaira_fastapi_poetry.site.bundle import IDENTITY, Bundle, File, Variant, plain_file
from kaira_fastapi_poetry.site.negotiation import http_date
from kaira_fastapi_poetry.site.paths import canonical

Headers = list[tuple[bytes, bytes]]

_INDEX = b"index.html"
_IMMUTABLE = [(b"cache-control", b"public, max-age=31536000, immutable")]
_REVALIDATED = [(b"cache-control", b"no-cache"), (b"x-accel-expires", b"5")]

# What can run script or be a page of its own, and so needs the headers that a site states.
_DOCUMENTS = {"text/html", "image/svg+xml", "application/xhtml+xml", "application/xml", "text/xml"}


@dataclass(slots=True)
class Representation:
    """One variant of an asset, with its headers.

    head: status line and headers as they go over the wire.
    body: the bytes, or None if they are to be read from `location`.
    """

    variant: Variant
    etag: bytes
    headers: Headers
    head: bytes
    body: bytes | None
    location: Path


@dataclass(slots=True)
class Asset:
    """What is answered at one path: `codings` smallest first, and what each of them is."""

    modified: int
    codings: tuple[str, ...]
    representations: dict[str, Representation]


class Assets:
    """Every asset of a bundle by its path.

    document_headers: sent with all that can be a page; file_headers: with the rest.
    """

    def __init__(self, bundle: Bundle, document_headers: Headers, file_headers: Headers) -> None:
        self._bundle = bundle
        self._document_headers, self._file_headers = document_headers, file_headers
        self._by_path: dict[bytes, Asset] = {}
        bodies = bundle.preload()
        for path, file in bundle.files.items():
            self._add(path, self._prepare(file, bodies))

    @property
    def paths(self) -> list[str]:
        """Every path at which there is an asset, folders with an index included."""
        return sorted(key.decode() for key in self._by_path)

    def find(self, raw_path: bytes) -> Asset | None:
        """The asset at a path; below "/static/" the same tree stands once more.

        Raises paths.Hostile for a path that no honest client sends.
        """
        if asset := self._by_path.get(raw_path):
            return asset
        path = canonical(raw_path).encode("ascii")
        return self._by_path.get(path) or self._by_path.get(path.removeprefix(b"/static"))

    def error_page(self, status: int, raw_path: bytes) -> Asset | None:
        """The site's own page for an error, `404.html` say: the one nearest to the path."""
        folder = raw_path.removeprefix(b"/static")
        while b"/" in folder:
            folder = folder[: folder.rindex(b"/")]
            if asset := self._by_path.get(b"%b/%d.html" % (folder, status)):
                return asset
        return None

    def renew(self, asset: Asset) -> Asset | None:
        """Look at an asset's file again, which is not as it was at the start.

        Returns the asset as it is now, or None if it has gone.
        Raises OSError if the asset is of a bundle, whose files never change: it is damaged.
        """
        paths = [path for path, each in self._by_path.items() if each is asset]
        source = asset.representations[IDENTITY].location
        if self._bundle.blobs is not None:
            raise FileNotFoundError(f"{source} is not as the press left it; run `kaira press`")
        try:
            file = plain_file(paths[0].decode(), source, source.stat())
        except FileNotFoundError:
            for path in paths:
                del self._by_path[path]
            return None
        renewed = self._prepare(file, {})
        self._by_path.update(dict.fromkeys(paths, renewed))
        return renewed

    def _add(self, path: str, asset: Asset) -> None:
        key = path.encode("ascii")
        self._by_path[key] = asset
        if key.endswith(b"/" + _INDEX):
            self._by_path[key[: -len(_INDEX)]] = asset

    def _prepare(self, file: File, bodies: dict[str, bytes]) -> Asset:
        document = file.media_type.partition(";")[0] in _DOCUMENTS
        stated = self._document_headers if document else self._file_headers
        return _prepare(self._bundle, file, bodies, stated)


# Private


def _prepare(bundle: Bundle, file: File, bodies: dict[str, bytes], stated: Headers) -> Asset:
    common: Headers = [
        (b"content-type", file.media_type.encode()),
        (b"last-modified", http_date(file.modified)),
        (b"accept-ranges", b"bytes"),
        *(_IMMUTABLE if file.immutable else _REVALIDATED),
        *stated,
    ]
    if len(file.variants) > 1:
        common.append((b"vary", b"accept-encoding"))
    representations = {}
    for variant in file.variants:
        etag = f'"{variant.digest}"'.encode()
        headers = [(b"content-length", b"%d" % variant.size), (b"etag", etag), *common]
        if variant.coding != IDENTITY:
            headers.append((b"content-encoding", variant.coding.encode()))
        representations[variant.coding] = Representation(
            variant,
            etag,
            headers,
            b"HTTP/1.1 200 OK\r\n" + b"".join(b"%b: %b\r\n" % header for header in headers),
            bodies.get(variant.digest),
            bundle.location(file, variant),
        )
    codings = tuple(variant.coding for variant in file.variants)
    return Asset(file.modified, codings, representations)
