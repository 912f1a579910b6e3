"""The encodings of a file: gzip, Brotli and Zstandard, where they save something.

What is made depends on the bytes alone, so that the same bytes give the same variants
wherever they stand, and variants of a former press can be taken over by their digest.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Protocol

import brotli  # type: ignore[import-untyped]
import zstandard

MIB = 1024 * 1024

# A variant has to save what its headers cost (`Content-Encoding` and `Vary`), and enough of
# the whole to be worth the visitor's work of decoding it.
HEADER_COST = 48
LEAST_SAVING = 0.02

# Up to this size: the most that the formats can do, some 6 s of one core for 4 MiB. Above it
# the file is read in chunks, at levels that come close at 10 MB/s and more.
HIGHEST_EFFORT = 4 * MIB
GZIP_LEVEL = 9
BROTLI_QUALITY, BROTLI_QUALITY_LARGE = 11, 9
# RFC 9659: browsers need not decode a window above 8 MB, which levels above 19 would use.
ZSTD_LEVEL, ZSTD_LEVEL_LARGE = 19, 12
BROTLI_WINDOW_LOGS = range(10, 25)

# Of a larger file three samples of this size are tried, quickly, before the whole.
SAMPLE = 16 * 1024
WORTH_TRYING = 0.95

# Formats that are compressed; and sound and film, of which players ask for ranges.
_COMPRESSED = re.compile(
    r"(audio|video)/|image/(avif|webp|jpeg|png|gif|jxl|heic)$|font/woff2?$"
    r"|application/(gzip|zstd|zip|x-xz|x-bzip2|x-7z-compressed|vnd\.rar)$"
)


class Encoder(Protocol):
    """Compresses piece by piece."""

    def process(self, chunk: bytes) -> bytes:
        """What is ready after one more piece."""
        ...

    def finish(self) -> bytes:
        """The rest."""
        ...


def may_shrink(kind: str) -> bool:
    """Whether files of this media type are encoded at all."""
    return _COMPRESSED.match(kind) is None


def is_worthwhile(size: int, of: int) -> bool:
    """Whether a variant of `size` bytes is kept beside the `of` bytes that it stands for."""
    return size + HEADER_COST <= of and size <= of * (1 - LEAST_SAVING)


def encode(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The worthwhile variants of `content`: (coding, bytes), at the highest effort."""
    if len(content) > 3 * SAMPLE:
        middle = (len(content) - SAMPLE) // 2
        if not promising(content[:SAMPLE], content[middle : middle + SAMPLE], content[-SAMPLE:]):
            return
    for coding, coded in (
        ("gzip", _gzip(content)),
        ("br", _brotli(content)),
        ("zstd", _zstd(content)),
    ):
        if is_worthwhile(len(coded), len(content)):
            yield coding, coded


def promising(*samples: bytes) -> bool:
    """Whether a file from which these are taken can be compressed."""
    return len(zlib.compress(b"".join(samples), 1)) < WORTH_TRYING * sum(map(len, samples))


def stream_encoders(size: int) -> dict[str, Encoder]:
    """An encoder a coding for a file of `size` bytes that is read in chunks."""
    return {
        "gzip": _Gzip(),
        "br": brotli.Compressor(quality=BROTLI_QUALITY_LARGE, lgwin=_brotli_window(size)),
        "zstd": _Zstd(size),
    }


# Private


def _gzip(content: bytes) -> bytes:
    encoder = _Gzip()
    return encoder.process(content) + encoder.finish()


def _brotli(content: bytes) -> bytes:
    try:
        content.decode("utf-8")
        mode = brotli.MODE_TEXT
    except UnicodeDecodeError:
        mode = brotli.MODE_GENERIC
    coded: bytes = brotli.compress(
        content, quality=BROTLI_QUALITY, lgwin=_brotli_window(len(content)), mode=mode
    )
    return coded


def _brotli_window(size: int) -> int:
    # The window is 16 bytes smaller than the power of two (RFC 7932, 9.1).
    least, most = BROTLI_WINDOW_LOGS[0], BROTLI_WINDOW_LOGS[-1]
    return min(max((size + 15).bit_length(), least), most)


def _zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(content)


class _Gzip:
    def __init__(self) -> None:
        # A window of 31 is 15 with gzip's header, which zlib writes without name and time.
        self._encoder = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31, 9)

    def process(self, chunk: bytes) -> bytes:
        return self._encoder.compress(chunk)

    def finish(self) -> bytes:
        return self._encoder.flush()


class _Zstd:
    def __init__(self, size: int) -> None:
        self._encoder = zstandard.ZstdCompressor(level=ZSTD_LEVEL_LARGE).compressobj(size)

    def process(self, chunk: bytes) -> bytes:
        return self._encoder.compress(chunk)

    def finish(self) -> bytes:
        return self._encoder.flush()
