"""The press: a folder becomes a bundle."""

from __future__ import annotations

import os
import platform
import time
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from kaira_fastapi_poetry.press import pages, report, sources
from kaira_fastapi_poetry.press.analysis import MANIFEST, Analysis, Reader, is_read, rewrite
from kaira_fastapi_poetry.press.blobs import Blobs, Stored, locked
from kaira_fastapi_poetry.press.encodings import HIGHEST_EFFORT, MIB
from kaira_fastapi_poetry.press.names import Kept
from kaira_fastapi_poetry.press.plan import Plan
from kaira_fastapi_poetry.press.references import stated_digests
from kaira_fastapi_poetry.press.report import Progress, Report
from kaira_fastapi_poetry.press.sources import PressError, Site
from kaira_fastapi_poetry.press.urls import fingerprinted
from kaira_fastapi_poetry.site import bundle, media
from kaira_fastapi_poetry.site.bundle import Bundle, BundleError, File, digest_of

T = TypeVar("T")

# The highest efforts take some 120 MB for a file of 4 MiB. So of the files above this size a
# few are done at a time, beside the small ones, however many cores there are.
_HEAVY = MIB // 2
_HEAVY_AT_ONCE = 2

__all__ = ["PressError", "press"]

# Raise it when the same folder is pressed into something else than before.
_VERSION = 3
_STAMP = "pressed-with"


def press(
    site_dir: Path,
    directory: Path,
    *,
    console: Console | None = None,
    jobs: int | None = None,
) -> Report:
    """Press the folder `site_dir` into the bundle `directory`.

    What is in the bundle already is not done again. A press that is interrupted leaves the
    former bundle as it was; of two at a time the second waits for the first.

    console: where to show progress, if it is a terminal.
    jobs: how many threads; as many as there are cores by default.

    Raises PressError if the folder cannot be read or rendered, or the bundle not be written.
    """
    started = time.monotonic()
    if not site_dir.is_dir():
        raise PressError(f"SITE_DIR: no such folder: {site_dir}")
    try:
        with locked(directory):
            result = _press(site_dir, directory, console, jobs or os.cpu_count() or 1)
    except BundleError as error:
        raise PressError(str(error)) from None
    except OSError as error:
        raise PressError(f"{error.filename or directory}: {error.strerror}") from None
    result.seconds = time.monotonic() - started
    return result


# Private


def _press(site_dir: Path, directory: Path, console: Console | None, jobs: int) -> Report:
    signature, stamp = bundle.signature(site_dir), _stamp()
    previous = _previous(directory, stamp)
    blobs = Blobs(directory, previous)
    if previous is not None and previous.source == signature and blobs.hold(previous):
        return report.of_bundle(previous)
    if pages.is_template(site_dir):
        site = pages.render(site_dir)
        if site.fonts:
            from kaira_fastapi_poetry.press import fonts  # noqa: PLC0415  # takes a while

            fonts.cut(site, site.fonts, site_dir, directory)
    else:
        site = sources.of_folder(site_dir)
    run = _Run(site, blobs, jobs)
    with report.progress(console, run.total) as run.progress:
        pressed = run.bundle()
    pressed.source = signature
    if site.catalogue is not None:
        pressed.catalogue = run.blobs.keep(site.catalogue)
    pressed.bodies = run.blobs.put_together(pressed)
    bundle.save(pressed, directory)
    (directory / _STAMP).write_text(stamp)
    run.blobs.sweep(pressed)
    return run.report


def _stamp() -> str:
    """What else the bundle depends on, besides the folder."""
    libraries = [
        f"{name} {version(name)}" for name in ("brotli", "zstandard", "jinja2", "fonttools")
    ]
    libraries += [f"zlib {zlib.ZLIB_RUNTIME_VERSION}", f"Python {platform.python_version()}"]
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return "\n".join([f"press {_VERSION}", *libraries, f"SOURCE_DATE_EPOCH {epoch}", ""])


def _previous(directory: Path, stamp: str) -> Bundle | None:
    """The bundle that is there, if it was made as this one would be."""
    try:
        if (directory / _STAMP).read_text() == stamp:
            return bundle.load(directory)
    except (OSError, BundleError):
        pass
    return None


class _Run:
    """One press, step by step."""

    def __init__(self, site: Site, blobs: Blobs, jobs: int) -> None:
        self.site = site
        self.blobs = blobs
        self.jobs = jobs
        self.report = Report()
        self.total = sum(source.size for source in site.files.values())
        self.progress: Progress = lambda _: None
        self.files: dict[str, File] = {}
        self.second: dict[str, str] = {}  # fingerprints by relative path

    def bundle(self) -> Bundle:
        """Do everything; the blobs are written then."""
        with (
            ThreadPoolExecutor(self.jobs) as self.pool,
            ThreadPoolExecutor(min(self.jobs, _HEAVY_AT_ONCE)) as self.heavy_pool,
        ):
            try:
                self._all()
            except BaseException:
                self.heavy_pool.shutdown(wait=False, cancel_futures=True)
                self.pool.shutdown(cancel_futures=True)
                raise
        files = {bundle.url_path(name): file for name, file in self.files.items()}
        for name, fingerprint in self.second.items():
            second = bundle.url_path(fingerprinted(name, fingerprint))
            files[second] = self.files[name]._replace(immutable=True)
        return Bundle(files, self.site.headers, self.blobs.folder)

    def _all(self) -> None:
        self.analyses = self._analyse()
        self.plan = self._make_plan()
        changed = {name for name in self.analyses if self.plan.edges(name)}
        self._store(name for name in self.site.files if name not in changed)
        for name in self.plan.sheets:
            if name in changed:
                self._store([name])
        self._store(changed.difference(self.plan.sheets))
        self.report.fingerprinted = len(self.second)
        self.report.kept = sorted(self.plan.kept)

    def _analyse(self) -> dict[str, Analysis]:
        self.reader = Reader(self.site)
        files = {name: source.kind for name, source in self.site.files.items()}
        analyses = self._map(
            lambda name: self.reader.analyse(self.site.files[name], files[name]),
            [name for name in files if is_read(files[name])],
        )
        manifests = {name for each in analyses.values() for name in each.manifests}
        analyses |= self._map(
            lambda name: self.reader.analyse(self.site.files[name], MANIFEST),
            [name for name in sorted(manifests) if files[name] == "application/json"],
        )
        return analyses

    def _make_plan(self) -> Plan:
        kept, digests = Kept(), set[str]()
        for _, value in self.site.headers:
            kept.add(self.reader.names_in(value))
            digests |= stated_digests(value)
        for name in sorted(self.analyses):
            analysis = self.analyses[name]
            self.report.warnings += dict.fromkeys(analysis.missing)
            for named in analysis.named:
                kept.add(named)
            for value in analysis.selectors:
                kept.select(value)
            kept.everything |= analysis.names_all
            digests |= analysis.digests
        return Plan(self.site, self.analyses, kept, digests)

    def _store(self, names: Iterable[str]) -> None:
        """Write the blobs of these files, the largest first, and note what they became."""
        largest_first = sorted(names, key=lambda name: (-self.site.files[name].size, name))
        for name, (stored, file) in self._map(self._finish, largest_first).items():
            self.files[name] = file
            self.report.count(file, self.site.files[name].size, reused=stored.reused)
            if name in self.plan.assets:
                fingerprint = self.plan.fingerprint(name, stored.identity.digest)
                if fingerprint is not None:
                    self.second[name] = fingerprint

    def _finish(self, name: str) -> tuple[Stored, File]:
        source = self.site.files[name]
        edges = [edge for edge in self.plan.edges(name) if edge.target in self.second]
        kind = source.kind
        if source.rendered is None and not edges and source.size > HIGHEST_EFFORT:
            stored = self.blobs.store_file(source)
            with source.open() as stream:
                kind = media.content_type(kind, stream.read(HIGHEST_EFFORT))
        else:
            content = source.read()
            if edges:
                if digest_of(content) != self.analyses[name].content:
                    raise PressError(f"{source.path} changed while it was pressed; press again")
                places = [(edge.place, f".{self.second[edge.target]}") for edge in edges]
                content = rewrite(content, places)
            kind = media.content_type(kind, content)
            stored = self.blobs.store(content, source.kind)
        self.progress(source.size)
        # A page whose picture changed has changed too: it refers to another name.
        modified = max([source.modified, *(self.files[edge.target].modified for edge in edges)])
        return stored, File(kind, modified, False, stored.variants)

    def _map(self, function: Callable[[str], T], names: Iterable[str]) -> dict[str, T]:
        futures = {}
        for name in names:
            heavy = self.site.files[name].size > _HEAVY
            futures[name] = (self.heavy_pool if heavy else self.pool).submit(function, name)
        return {name: future.result() for name, future in futures.items()}
