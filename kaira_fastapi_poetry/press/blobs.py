"""The folder of blobs: written once, named by content, taken over from press to press."""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from kaira_fastapi_poetry.press import encodings
from kaira_fastapi_poetry.press.encodings import MIB
from kaira_fastapi_poetry.press.sources import PressError, Source
from kaira_fastapi_poetry.site.bundle import (
    BLOBS,
    IDENTITY,
    Bundle,
    BundleError,
    Variant,
    digest_of,
)

_LOCK = ".lock"
_PARTIAL = ".partial"
_CHUNK = MIB

# Of equally large variants the one that is decoded fastest.
_PREFERENCE = ("zstd", "br", "gzip", IDENTITY)


class Stored(NamedTuple):
    """A content that is in the folder: its variants, smallest first, and whether they were."""

    variants: tuple[Variant, ...]
    reused: bool

    @property
    def identity(self) -> Variant:
        """The content itself."""
        return next(variant for variant in self.variants if variant.coding == IDENTITY)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Be the only press that writes to `directory`; others wait. It is made if need be.

    Raises PressError if it cannot be written.
    """
    try:
        (directory / BLOBS).mkdir(parents=True, exist_ok=True)
        lock = (directory / _LOCK).open("a")
    except OSError as error:
        raise PressError(f"cannot write {directory}: {error.strerror}") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Blobs:
    """The blobs of a bundle, in `folder`. Safe to use from several threads."""

    def __init__(self, directory: Path, previous: Bundle | None) -> None:
        """`previous`: a bundle of the same encoder whose variants may be taken over."""
        self.folder = directory / BLOBS
        self._together = _read_together(previous)
        self._alone = {
            entry.name: entry.stat().st_size
            for entry in os.scandir(self.folder)
            if not entry.name.startswith(_PARTIAL)
        }
        self._known: dict[str, tuple[Variant, ...]] = {}
        self._serial = itertools.count()
        for file in previous.files.values() if previous else ():
            if encodings.may_shrink(file.media_type.partition(";")[0]):
                identity = next(each for each in file.variants if each.coding == IDENTITY)
                self._known[identity.digest] = file.variants

    def hold(self, bundle: Bundle) -> bool:
        """Whether all that `bundle` refers to was there before this press, by name and size."""
        return all(
            self._size(each.digest) == each.size
            for file in bundle.files.values()
            for each in file.variants
        )

    def store(self, content: bytes, kind: str) -> Stored:
        """Write `content` and its variants, as far as they are not there."""
        digest = digest_of(content)
        if (known := self._take_over(digest, kind, len(content))) is not None:
            return known
        variants = [self._write(IDENTITY, content)]
        if encodings.may_shrink(kind):
            if len(content) <= encodings.HIGHEST_EFFORT:
                variants += [self._write(*found) for found in encodings.encode(content)]
            else:
                chunks = (content[i : i + _CHUNK] for i in range(0, len(content), _CHUNK))
                variants = self._stream(chunks, len(content), self._samples(content))
        return Stored(_sorted(variants), False)

    def keep(self, content: bytes) -> Path:
        """Write `content` as it is into a blob of its own; returns where."""
        path = self.folder / digest_of(content)
        if self._alone.get(path.name) != len(content):
            partial = self._partial()
            partial.write_bytes(content)
            partial.replace(path)
        return path

    def store_file(self, source: Source) -> Stored:
        """Write a file as it is, with its variants; a large one without reading it whole."""
        if source.rendered is not None or source.size <= encodings.HIGHEST_EFFORT:
            return self.store(source.read(), source.kind)
        with source.open() as stream:
            digest = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16))
            if (
                known := self._take_over(digest.hexdigest(), source.kind, stream.tell())
            ) is not None:
                return known
            size = stream.tell()
            samples = []
            for place in (0, size // 2, size - encodings.SAMPLE):
                stream.seek(place)
                samples.append(stream.read(encodings.SAMPLE))
            stream.seek(0)
            shrinks = encodings.may_shrink(source.kind) and encodings.promising(*samples)
            chunks = iter(lambda: stream.read(_CHUNK), b"")
            return Stored(_sorted(self._stream(chunks, size, shrinks)), False)

    def put_together(self, bundle: Bundle) -> Path:
        """Write what is small into one blob; what no longer is gets a blob of its own."""
        small = [digest for digest, _, _ in bundle.small()]
        for digest in _digests(bundle).intersection(self._together).difference(small):
            self.keep(self._together[digest])
        return self.keep(b"".join(map(self._read, small)))

    def sweep(self, bundle: Bundle) -> None:
        """Remove what `bundle` does not refer to, and what an interrupted press left."""
        wanted = _digests(bundle) - {digest for digest, _, _ in bundle.small()}
        wanted |= {each.name for each in (bundle.catalogue, bundle.bodies) if each is not None}
        for entry in os.scandir(self.folder):
            if entry.name not in wanted:
                Path(entry.path).unlink(missing_ok=True)

    # Private

    def _take_over(self, digest: str, kind: str, size: int) -> Stored | None:
        alone = (Variant(IDENTITY, digest, size),)
        known = self._known.get(digest) if encodings.may_shrink(kind) else alone
        if known and all(self._size(each.digest) == each.size for each in known):
            return Stored(known, True)
        return None

    def _size(self, digest: str) -> int | None:
        """The size of what was there before this press."""
        if (content := self._together.get(digest)) is not None:
            return len(content)
        return self._alone.get(digest)

    def _read(self, digest: str) -> bytes:
        if (content := self._together.get(digest)) is not None:
            return content
        return (self.folder / digest).read_bytes()

    def _write(self, coding: str, content: bytes) -> Variant:
        digest = digest_of(content)
        if digest not in self._together:
            self.keep(content)
        return Variant(coding, digest, len(content))

    def _partial(self) -> Path:
        return self.folder / f"{_PARTIAL}.{os.getpid()}.{next(self._serial)}"

    def _samples(self, content: bytes) -> bool:
        middle = len(content) // 2
        size = encodings.SAMPLE
        return encodings.promising(content[:size], content[middle : middle + size], content[-size:])

    def _stream(self, chunks: Iterable[bytes], size: int, shrinks: bool) -> list[Variant]:
        with ExitStack() as stack:
            encoders = encodings.stream_encoders(size) if shrinks else {}
            writers = {
                coding: stack.enter_context(_Writer(self._partial()))
                for coding in (IDENTITY, *encoders)
            }
            for chunk in chunks:
                writers[IDENTITY].write(chunk)
                for coding, encoder in encoders.items():
                    writers[coding].write(encoder.process(chunk))
            for coding, encoder in encoders.items():
                writers[coding].write(encoder.finish())
            return [
                writer.keep(coding, self.folder)
                for coding, writer in writers.items()
                if coding == IDENTITY
                or encodings.is_worthwhile(writer.size, writers[IDENTITY].size)
            ]


class _Writer:
    """A blob that is written piece by piece; gone at the end of the block unless kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.open("wb")
        self._digest = hashlib.blake2b(digest_size=16)
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self._stream.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def keep(self, coding: str, folder: Path) -> Variant:
        self._stream.close()
        self._path.replace(folder / self._digest.hexdigest())
        return Variant(coding, self._digest.hexdigest(), self.size)

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._path.unlink(missing_ok=True)


def _read_together(bundle: Bundle | None) -> dict[str, bytes]:
    try:
        return bundle.preload() if bundle else {}
    except BundleError:  # damaged: all of it is made again
        return {}


def _digests(bundle: Bundle) -> set[str]:
    return {each.digest for file in bundle.files.values() for each in file.variants}


def _sorted(variants: Iterable[Variant]) -> tuple[Variant, ...]:
    return tuple(sorted(variants, key=lambda each: (each.size, _PREFERENCE.index(each.coding))))
