"""A bundle: every file of a site with the variants it can be sent in.

The press writes a bundle to disk, `SITE_DIR` + ".bundle":

    manifest.json           what there is: see `save`
    blobs/<digest>          bytes, named by their own BLAKE2b digest: what is small in one file
                            together, because a thousand files take longer to open than to read

and the server reads it here. A plain folder, not pressed, is read into the same shape
with one variant a file, so that the server knows one thing only.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

FORMAT = 3
MANIFEST = "manifest.json"
BLOBS = "blobs"
CATALOGUE = "_catalogue.toml"  # of a folder that sells something

IDENTITY = "identity"

# Bodies up to this size may be held in memory, smallest first, until the budget is spent.
# Shared by all workers, because it is read before they are forked.
SMALL_FILE = 256 * 1024
MEMORY_BUDGET = 32 * 1024 * 1024


class BundleError(Exception):
    """The bundle or the folder cannot be read; the message is one line for the operator."""


class Variant(NamedTuple):
    """One encoding of a file.

    coding: content coding as in `Accept-Encoding`: "identity", "gzip", "br" or "zstd".
    digest: 32 hex digits, BLAKE2b of the bytes; it is the ETag, and a blob's name.
    size: bytes.
    """

    coding: str
    digest: str
    size: int


class File(NamedTuple):
    """What is served at one URL path.

    media_type: the `Content-Type` value.
    modified: seconds since the epoch, for `Last-Modified`.
    immutable: the name contains a fingerprint of the content, so it may be cached for ever.
    variants: at least one, smallest first; "identity" is always among them.
    source: where the identity bytes lie if there is no blob of them (a plain folder).
    """

    media_type: str
    modified: int
    immutable: bool
    variants: tuple[Variant, ...]
    source: Path | None = None


@dataclass
class Bundle:
    """A site, ready to be served.

    files: by URL path: percent-encoded ASCII, as `url_path` makes it, starting with "/".
    headers: response headers that the site states for its pages (name, value).
    blobs: the folder of blobs; None for a plain folder.
    source: signature of the folder that it was pressed from, see `signature`.
    catalogue: the file with the products: what `catalogue.Catalogue.plain` gives as JSON, in a
        plain folder the `_catalogue.toml`; None if there are none.
    bodies: the blob with all that is `small`, one after another; None for a plain folder.
    """

    files: dict[str, File] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    blobs: Path | None = None
    source: str = ""
    catalogue: Path | None = None
    bodies: Path | None = None

    def location(self, file: File, variant: Variant) -> Path:
        """The file on disk that holds the bytes of `variant`, which is not `small`."""
        if self.blobs is None:
            assert file.source is not None
            return file.source
        return self.blobs / variant.digest

    def small(self) -> list[tuple[str, int, Path | None]]:
        """What is held in memory, smallest first: digest, bytes, and where it lies in a folder."""
        known = {
            variant.digest: (variant.size, variant.digest, file.source)
            for file in self.files.values()
            for variant in file.variants
            if variant.size <= SMALL_FILE
        }
        found, budget = [], MEMORY_BUDGET
        for size, digest, source in sorted(known.values(), key=lambda each: each[:2]):
            budget -= size
            if budget < 0:
                break
            found.append((digest, size, source))
        return found

    def preload(self) -> dict[str, bytes]:
        """Read what is `small`: the bytes by digest.

        Raises BundleError if the bundle is not as the press left it.
        """
        small = self.small()
        if self.bodies is None:
            return {digest: _read(source, size) for digest, size, source in small if source}
        found = {}
        try:
            # Unbuffered: each body is read to where it stays, and not copied from there.
            with self.bodies.open("rb", buffering=0) as stream:
                for digest, size, _ in small:
                    found[digest] = stream.read(size)
                complete = stream.tell() == sum(size for _, size, _ in small) and not stream.read(1)
        except OSError:
            complete = False
        if not complete:
            raise BundleError(f"{self.bodies} is not as the press left it; run `kaira press`")
        return found


# Where things are


def bundle_dir(site_dir: Path) -> Path:
    """The folder that the press writes for `site_dir`: its neighbour NAME.bundle."""
    site_dir = site_dir.absolute()
    return site_dir.with_name(site_dir.name + ".bundle")


def url_path(relative: str) -> str:
    """The URL path of a file: `relative` uses "/" and may hold any file name of the system.

    >>> url_path("신상/봄 코트.html")
    '/%EC%8B%A0%EC%83%81/%EB%B4%84%20%EC%BD%94%ED%8A%B8.html'
    """
    # The characters of RFC 3986 `pchar` besides letters, digits and "-._~", which quote keeps.
    return "/" + quote(os.fsencode(relative), safe="/!$&'()*+,;=:@")


def walk(site_dir: Path) -> Iterator[tuple[str, Path, os.stat_result]]:
    """Every file that may be served, in the order of names: (relative path, path, stat).

    Relative paths are in composed characters (NFC), however the disk spells them.

    Dotfiles are left out, but "/.well-known/" is in (RFC 8615); so are links that lead out
    of the folder and everything that is not a regular file.

    Raises BundleError if the folder does not exist or cannot be read.
    """
    if not site_dir.is_dir():
        raise BundleError(f"SITE_DIR: no such folder: {site_dir}")
    root = os.path.realpath(site_dir)
    # Of two names that are the same once composed, there is one: the last.
    yield from {each[0]: each for each in _walk(root, root, "", (root,))}.values()


def signature(site_dir: Path) -> str:
    """A digest of names, sizes and times of everything below the folder.

    It changes whenever a press would have something to do.
    """
    digest = hashlib.blake2b(f"{FORMAT}".encode(), digest_size=16)
    for relative, _, info in walk(site_dir):
        digest.update(os.fsencode(f"{relative}\0{info.st_size}\0{info.st_mtime_ns}\n"))
    return digest.hexdigest()


# Reading


def load(directory: Path) -> Bundle:
    """Read the bundle that the press wrote to `directory`.

    Raises BundleError if there is none, or if another version of Kaira wrote it.
    """
    try:
        manifest: dict[str, Any] = orjson.loads((directory / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise BundleError(f"no bundle in {directory}: {error}; run `kaira press`") from None
    if manifest.get("format") != FORMAT:
        raise BundleError(f"{directory} is of another version of Kaira; run `kaira press`")
    return Bundle(
        files={path: _file(record) for path, record in manifest["files"].items()},
        headers=tuple((name, value) for name, value in manifest["headers"]),
        blobs=directory / BLOBS,
        source=manifest["source"],
        catalogue=directory / BLOBS / name if (name := manifest.get("catalogue")) else None,
        bodies=directory / BLOBS / name if (name := manifest.get("bodies")) else None,
    )


def open_site(site_dir: Path) -> Bundle:
    """The bundle of `site_dir` where it has been pressed, else the plain folder.

    Raises BundleError if there is neither.
    """
    directory = bundle_dir(site_dir)
    if (directory / MANIFEST).exists():
        return load(directory)
    return of_folder(site_dir)


def of_folder(site_dir: Path) -> Bundle:
    """Read a plain folder as it is: each file in one variant, the bytes on disk.

    A file of text is read once, to see whether it is UTF-8 and to make its ETag; of a large
    file the ETag comes from size and time.

    Raises BundleError if the folder does not exist.
    """
    catalogue = site_dir / CATALOGUE
    return Bundle(
        {
            url_path(relative): plain_file(relative, path, info)
            for relative, path, info in walk(site_dir)
        },
        catalogue=catalogue if catalogue.is_file() else None,
    )


def plain_file(relative: str, path: Path, info: os.stat_result) -> File:
    """A file of a plain folder, as it is on disk now.

    relative: its name below the folder; info: what `stat` says of `path`.
    Raises OSError if it cannot be read.
    """
    from kaira_fastapi_poetry.site import media  # noqa: PLC0415  # a bundle says its types

    kind = media.media_type(relative)
    if info.st_size <= SMALL_FILE:
        content = path.read_bytes()
        digest = digest_of(content)
    else:
        digest = digest_of(f"{relative}\0{info.st_size}\0{info.st_mtime_ns}".encode())
        with path.open("rb") as stream:
            content = stream.read(SMALL_FILE)
    return File(
        media_type=media.content_type(kind, content),
        modified=int(info.st_mtime),
        immutable=False,
        variants=(Variant(IDENTITY, digest, info.st_size),),
        source=path,
    )


# Writing


def save(bundle: Bundle, directory: Path) -> None:
    """Write the manifest of `bundle`; the blobs are there already.

    The same bundle gives the same bytes. The file is replaced in one step, so that a reader
    sees the old manifest or the new one.
    """
    manifest = {
        "format": FORMAT,
        "source": bundle.source,
        "headers": bundle.headers,
        "catalogue": bundle.catalogue.name if bundle.catalogue else None,
        "bodies": bundle.bodies.name if bundle.bodies else None,
        "files": {path: _record(file) for path, file in sorted(bundle.files.items())},
    }
    partial = directory / f".{MANIFEST}.{os.getpid()}"
    partial.write_text(json.dumps(manifest, indent=0, separators=(",", ":")) + "\n")
    partial.replace(directory / MANIFEST)


def digest_of(content: bytes) -> str:
    """The name of these bytes: 32 hex digits of BLAKE2b."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


# Private


def _record(file: File) -> list[Any]:
    return [file.media_type, file.modified, file.immutable, file.variants]


def _file(record: list[Any]) -> File:
    media_type, modified, immutable, variants = record
    return File(
        intern(media_type),
        modified,
        immutable,
        tuple(Variant(intern(coding), digest, size) for coding, digest, size in variants),
    )


def _read(path: Path, size: int) -> bytes:
    """The whole of a small file, with fewer calls than `Path.read_bytes`."""
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, size)
    finally:
        os.close(file)


def _walk(
    root: str, folder: str, prefix: str, above: tuple[str, ...]
) -> Iterator[tuple[str, Path, os.stat_result]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise BundleError(f"SITE_DIR: cannot read {folder}: {error.strerror}") from None
    for entry in entries:
        # macOS and its archives decompose names; a request is looked for composed (`paths`).
        name = unicodedata.normalize("NFC", entry.name)
        if name.startswith(".") and (prefix or name != ".well-known"):
            continue
        path = entry.path
        if entry.is_symlink():
            path = os.path.realpath(path)
            if os.path.commonpath((root, path)) != root or _hidden(path[len(root) :]):
                continue
        try:
            info = Path(path).stat()
        except OSError:  # a link that leads nowhere, or a file that has just gone
            continue
        if stat.S_ISDIR(info.st_mode):
            if path not in above:  # a link to a folder above would never end
                yield from _walk(root, path, f"{prefix}{name}/", (*above, path))
        elif stat.S_ISREG(info.st_mode):
            yield f"{prefix}{name}", Path(path), info


def _hidden(path: str) -> bool:
    return any(part.startswith(".") and part != ".well-known" for part in path.split("/") if part)
