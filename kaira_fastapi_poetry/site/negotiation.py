"""What a request asks for, in RFC 9110's terms: encodings, conditions, ranges.

Pure functions over header values; what a client sends wrong is ignored, as the RFC says.
"""

from __future__ import annotations

import re
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

from kaira_fastapi_poetry.site.bundle import IDENTITY

# Header values come from clients: the caches over them are bounded in count and in length.
_CACHED = 512
_LONGEST = 512

_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)
_RANGE = re.compile(r"(\d*)-(\d*)")


@lru_cache(_CACHED)
def acceptable(header: bytes) -> dict[str, float]:
    """`Accept-Encoding` (RFC 9110, 12.5.3) as qualities by coding, "*" among them.

    A coding that is malformed is left out.
    """
    qualities: dict[str, float] = {}
    for item in header.decode("latin-1").split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        quality = 1.0
        for parameter in parameters:
            match = _QUALITY.fullmatch(parameter)
            quality = float(match[1]) if match else -1.0
        if coding and quality >= 0:
            coding = coding.lower()
            qualities["gzip" if coding == "x-gzip" else coding] = quality
    return qualities


@lru_cache(_CACHED)
def choose(codings: tuple[str, ...], header: bytes | None) -> str | None:
    """The coding to send to a client that sent this `Accept-Encoding`.

    `codings` is what there is, the smallest first, identity among them. The best quality
    wins, and of equals the smallest. Without the header, or if none is acceptable and
    identity is not forbidden, it is identity; None if identity is forbidden as well (406).
    """
    if header is None:
        return IDENTITY
    qualities = acceptable(header[:_LONGEST])
    others = qualities.get("*")
    best, best_quality = None, 0.0
    for coding in codings:
        quality = qualities.get(coding, others)
        if quality is None:
            # Identity is acceptable unless excluded, but anything named comes before it.
            quality = 0.0001 if coding == IDENTITY else 0.0
        if quality > best_quality:
            best, best_quality = coding, quality
    return best


@lru_cache(_CACHED)
def matches(header: bytes, etag: bytes) -> bool:
    """Whether `If-None-Match` names the entity tag (weak comparison, RFC 9110, 13.1.2)."""
    if header.strip() == b"*":
        return True
    return any(_opaque(tag) == etag for tag in header.split(b","))


def unmodified_since(header: bytes, modified: int) -> bool:
    """Whether `If-Modified-Since` says that the client's copy is current (13.1.3)."""
    seconds = _seconds(header)
    return seconds is not None and modified <= seconds


def range_applies(header: bytes | None, etag: bytes, modified: int) -> bool:
    """Whether `If-Range` lets the range be sent (13.1.5): a strong match, or the same date."""
    if header is None:
        return True
    header = header.strip()
    if header.startswith((b'"', b"W/")):
        return header == etag  # a weak tag never matches
    return _seconds(header) == modified


class Unsatisfiable(Exception):
    """No byte of the representation is in the range (416)."""


def single_range(header: bytes, size: int) -> tuple[int, int] | None:
    """The one range that `Range` asks for, as first byte and the byte after the last.

    None where the header is to be ignored: another unit, malformed, or several ranges (a
    server may answer those with the whole, RFC 9110, 14.2).
    Raises Unsatisfiable.
    """
    unit, _, ranges = header.decode("latin-1").strip().partition("=")
    match = _RANGE.fullmatch(ranges.strip())
    if unit.strip().lower() != "bytes" or match is None or len(ranges) > 64:
        return None
    first, last = match.groups()
    if first:
        start, stop = int(first), size if not last else min(int(last) + 1, size)
        if last and int(last) < int(first):
            return None
    elif last:
        start, stop = max(size - int(last), 0), size
    else:
        return None
    if start >= stop:
        raise Unsatisfiable
    return start, stop


def http_date(seconds: int) -> bytes:
    """An HTTP date (RFC 9110, 5.6.7) of seconds since the epoch."""
    return formatdate(seconds, usegmt=True).encode()


# Private


def _opaque(tag: bytes) -> bytes:
    tag = tag.strip()
    return tag[2:] if tag.startswith(b"W/") else tag


@lru_cache(_CACHED)
def _seconds(header: bytes) -> int | None:
    try:
        date = parsedate_to_datetime(header.decode("ascii"))
        return (
            None
            if date.tzinfo is None and not header.rstrip().endswith(b"GMT")
            else int(date.timestamp())
        )
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
