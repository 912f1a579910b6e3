"""Reading a file: what it refers to, and where in the site that is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from kaira_fastapi_poetry.press import references, urls
from kaira_fastapi_poetry.press.encodings import MIB
from kaira_fastapi_poetry.press.names import Named, Names
from kaira_fastapi_poetry.press.references import Findings, Reference
from kaira_fastapi_poetry.press.sources import HTML, Site, Source
from kaira_fastapi_poetry.press.text import decode, decodings, insert, located
from kaira_fastapi_poetry.site.bundle import digest_of, url_path

CSS = "text/css"
MANIFEST = "application/manifest+json"
_SCRIPT = "text/javascript"
# XML is left as it is, but may hold scripts.
_XML = re.compile(r"(image/svg|application/xhtml)\+xml|(text|application)/xml")
_HOLDS_SCRIPTS = re.compile(r"<(\w+:)?script|\son\w+\s*=|javascript:", re.IGNORECASE)

# A page or sheet above this size is not changed, and no script above it is searched for names.
LARGEST_TEXT = 32 * MIB


class Edge(NamedTuple):
    """A reference to a file of the site that could be rewritten: at `place`, to `target`."""

    place: int
    target: str
    pinned: tuple[str, ...]


@dataclass
class Analysis:
    """What a file says.

    edges: its references; manifests: which of them are web app manifests.
    named, selectors, digests: see `references.Findings` and `names.Kept`.
    own: digests of the file as it is; content: its digest, to see that it stays so.
    names_all: it may name any file.
    missing: references that lead to no file.
    """

    edges: list[Edge] = field(default_factory=list)
    manifests: set[str] = field(default_factory=set)
    named: list[Named] = field(default_factory=list)
    selectors: list[str] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)
    own: tuple[str, ...] = ()
    content: str = ""
    names_all: bool = False
    missing: list[str] = field(default_factory=list)


def is_read(kind: str) -> bool:
    """Whether files of this media type are analysed."""
    return kind in (HTML, CSS, MANIFEST, _SCRIPT) or _XML.match(kind) is not None


class Reader:
    """Analyses the files of a site. Safe to use from several threads."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._names = Names({each.name for each in site.files.values() if each.kind != HTML})

    def analyse(self, source: Source, kind: str) -> Analysis:
        """What `source`, of the media type `kind`, says."""
        if source.size > LARGEST_TEXT:
            return Analysis(names_all=kind not in (CSS, MANIFEST))
        content = source.read()
        found = _findings(content, kind)
        analysis = Analysis(
            named=[self._names.named_in(text) for text in found.scripts],
            selectors=found.selectors,
            digests=found.digests,
            own=references.digests_of(content) if kind in (CSS, MANIFEST) else (),
            content=digest_of(content),
        )
        self._resolve(source, found, analysis)
        return analysis

    def names_in(self, text: str) -> Named:
        """The names of files in a text from elsewhere, such as a header."""
        return self._names.named_in(text)

    # Private

    def _resolve(self, source: Source, found: Findings, analysis: Analysis) -> None:
        folder: str | None = source.folder
        if found.base is not None:
            target = urls.resolve(located(found.base), source.folder)
            folder = target.relative.rpartition("/")[0] if target else None
            folder = f"{folder}/" if folder else folder
            if not target and re.match(r"\s*([?#]|\Z)", found.base):
                folder = source.folder
        if folder is None or found.alone:
            return
        for reference in found.references:
            target = urls.resolve(reference.url, folder)
            if target is None:
                continue
            file = self._site.locate(target.relative)
            if file is None:
                if not self._site.has_folder(target.relative) and not reference.floating:
                    analysis.missing.append(
                        f"{source.relative} refers to {url_path(target.relative)}, "
                        "which is not there"
                    )
                continue
            if reference.manifest:
                analysis.manifests.add(file)
            if target.place is not None and not self._is_ambiguous(reference, target, file):
                analysis.edges.append(Edge(target.place, file, reference.pinned))

    def _is_ambiguous(self, reference: Reference, target: urls.Target, file: str) -> bool:
        """Whether a style of another folder that uses the URL would load another file."""
        if not reference.floating or target.rooted:
            return False
        for folder in self._folders:
            other = urls.resolve(reference.url, folder)
            if other and self._site.locate(other.relative) not in (None, file):
                return True
        return False

    @cached_property
    def _folders(self) -> set[str]:
        """Where pages and styles stand."""
        return {each.folder for each in self._site.files.values() if each.kind in (HTML, CSS)}


def rewrite(content: bytes, places: Iterable[tuple[int, str]]) -> bytes:
    """`content` with fingerprints put in at `places`; all other bytes stay."""
    text = decode(content)
    assert text is not None
    return insert(text.text, places).encode(text.codec)


# Private


def _findings(content: bytes, kind: str) -> Findings:
    text = decode(content)
    if kind in (HTML, CSS, MANIFEST) and text is not None:
        if kind == HTML:
            return references.in_page(text)
        return references.in_style(text) if kind == CSS else references.in_manifest(text)
    findings = Findings()
    for form in decodings(content):
        if not _XML.match(kind) or _HOLDS_SCRIPTS.search(form):
            findings.scripts.append(form)
            findings.digests |= references.stated_digests(form)
    return findings
