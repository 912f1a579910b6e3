"""A small site in a folder, pressed for real."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from kaira_fastapi_poetry.press.press import press
from kaira_fastapi_poetry.press.report import Report
from kaira_fastapi_poetry.site import bundle
from kaira_fastapi_poetry.site.bundle import Bundle, File, Variant


@dataclass
class Folder:
    """A site and its bundle."""

    site_dir: Path
    directory: Path
    report: Report = field(default_factory=Report)
    bundle: Bundle = field(default_factory=Bundle)

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.site_dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def press(self, files: dict[str, str | bytes] | None = None, jobs: int = 2) -> Folder:
        self.write(files or {})
        self.report = press(self.site_dir, self.directory, jobs=jobs)
        self.bundle = bundle.load(self.directory)
        return self

    def file(self, path: str) -> File:
        return self.bundle.files[path]

    def variant(self, path: str, coding: str = "identity") -> Variant:
        return next(each for each in self.file(path).variants if each.coding == coding)

    def bytes(self, path: str, coding: str = "identity") -> bytes:
        return sent(self.bundle, self.file(path), self.variant(path, coding))

    def text(self, path: str) -> str:
        return self.bytes(path).decode()

    def second(self, path: str) -> str:
        """The fingerprinted name of the file at `path`."""
        digest = hashlib.blake2b(self.bytes(path), digest_size=16).hexdigest()
        head, slash, name = path.rpartition("/")
        stem, _, ending = name.rpartition(".")
        return f"{head}{slash}{stem}.{digest[:8]}.{ending}"

    def has_second(self, path: str) -> bool:
        return self.second(path) in self.bundle.files


def sent(bundle: Bundle, file: File, variant: Variant) -> bytes:
    """What a server would send of a file in one of its variants."""
    body = bundle.preload().get(variant.digest)
    return bundle.location(file, variant).read_bytes() if body is None else body
