"""Media types by file name: the ones that the web uses today, the same on every machine.

The system's own table (`mimetypes` reads /etc/mime.types) differs from machine to machine,
so it is not asked.
"""

from __future__ import annotations

import codecs
import mimetypes
import re

UNKNOWN = "application/octet-stream"

# What Python's built-in table lacks or has differently (IANA, and RFC 9239 for JavaScript).
_TYPES = mimetypes.MimeTypes(filenames=())
for _type, _endings in {
    "application/json": ".json .map",
    "application/ld+json": ".jsonld",
    "application/manifest+json": ".webmanifest",
    "application/rss+xml": ".rss",
    "application/atom+xml": ".atom",
    "application/wasm": ".wasm",
    "application/xhtml+xml": ".xhtml .xht",
    "application/xml": ".xml .xsl",
    "application/zip": ".zip",
    "audio/mp4": ".m4a",
    "audio/ogg": ".oga .ogg .opus",
    "font/collection": ".ttc",
    "font/otf": ".otf",
    "font/ttf": ".ttf",
    "font/woff": ".woff",
    "font/woff2": ".woff2",
    "image/avif": ".avif",
    "image/jxl": ".jxl",
    "image/svg+xml": ".svg",
    "image/vnd.microsoft.icon": ".ico",
    "image/webp": ".webp",
    "model/gltf-binary": ".glb",
    "model/gltf+json": ".gltf",
    "text/calendar": ".ics",
    "text/javascript": ".js .mjs",
    "text/markdown": ".md",
    "text/vtt": ".vtt",
    "video/mp4": ".m4v",
    "video/ogg": ".ogv",
    "video/webm": ".webm",
}.items():
    for _ending in _endings.split():
        _TYPES.add_type(_type, _ending)

# A file that is compressed as it lies there is sent as what it is: "a.tar.gz" is gzip.
_COMPRESSED = {
    ".gz": "application/gzip",
    ".tgz": "application/gzip",
    ".svgz": "application/gzip",
    ".zst": "application/zstd",
    ".br": UNKNOWN,
    ".bz2": "application/x-bzip2",
    ".xz": "application/x-xz",
}
_TEXT = re.compile(
    r"text/|application/(json|xml|manifest\+json|ld\+json|rss\+xml|atom\+xml)|image/svg\+xml"
)
# JSON is UTF-8 by definition (RFC 8259) and has no charset parameter; XML and SVG state theirs.
_TAKES_CHARSET = re.compile(r"text/(?!vtt|xml)")


def media_type(name: str) -> str:
    """The media type of a file by its name, without parameters; `UNKNOWN` if not known."""
    ending = "." + name.rpartition(".")[2].lower()
    return _COMPRESSED.get(ending) or _TYPES.guess_type("x" + ending)[0] or UNKNOWN


def is_text(kind: str) -> bool:
    """Whether content of the media type `kind` is text."""
    return _TEXT.match(kind) is not None


def content_type(kind: str, head: bytes) -> str:
    """The `Content-Type` value: `kind`, with `charset=utf-8` where that is certain.

    A charset in the header overrides what a page says of itself, so it is only stated of
    text that is UTF-8. `head` is the content, or as much of its beginning as is at hand.
    """
    if not _TAKES_CHARSET.match(kind):
        return kind
    decoder = codecs.getincrementaldecoder("utf-8")()  # does not mind a character cut in two
    try:
        decoder.decode(head)
    except UnicodeDecodeError:
        return kind
    if b"\x1b" in head:  # ISO-2022 is ASCII to look at, and is not UTF-8
        return kind
    return f"{kind}; charset=utf-8"
