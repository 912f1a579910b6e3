"""Which files get a second, fingerprinted name, and in which order they can be finished."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import TopologicalSorter

from kaira_fastapi_poetry.press.analysis import CSS, MANIFEST, Analysis, Edge
from kaira_fastapi_poetry.press.names import Kept
from kaira_fastapi_poetry.press.sources import HTML, Site
from kaira_fastapi_poetry.press.urls import fingerprinted

# Files that are known by their address, besides pages.
_ADDRESSES = re.compile(r"robots\.txt$|sitemap[^/]*\.(xml|txt)$|ads\.txt$|\.well-known/")
_ADDRESS_TYPES = frozenset(
    (HTML, "application/xhtml+xml", "application/rss+xml", "application/atom+xml")
)
_PLACEHOLDER = "0" * 8
_LENGTHS = range(8, 33, 4)


class Plan:
    """What is done with each file.

    assets: the files that get a second name.
    kept: files that are referred to, but must have one name only.
    sheets: styles and manifests, each after what it refers to.
    """

    def __init__(
        self, site: Site, analyses: Mapping[str, Analysis], kept: Kept, digests: set[str]
    ) -> None:
        """`digests`: of content that someone vouches for, which therefore must not change."""
        self._site = site
        manifests = {name for each in analyses.values() for name in each.manifests}
        self._edges: dict[str, list[Edge]] = {}
        for name, analysis in analyses.items():
            if digests.isdisjoint(analysis.own):
                edges = [edge for edge in analysis.edges if digests.isdisjoint(edge.pinned)]
                if edges:
                    self._edges[name] = edges
        wanted = {edge.target for edges in self._edges.values() for edge in edges}
        wanted = {name for name in wanted if not self._is_address(name)}
        self.kept = {name for name in wanted if self._names(name) in kept}
        sheets = {
            name
            for name in site.files
            if site.files[name].kind in (CSS, MANIFEST) or name in manifests
        }
        graph = {
            name: {edge.target for edge in self._edges.get(name, ()) if edge.target in sheets}
            for name in sheets
        }
        circular = _circular(graph)
        self.assets = wanted - self.kept - circular
        self.sheets = list(
            TopologicalSorter(
                {name: sorted(graph[name] - circular) for name in sorted(graph)}
            ).static_order()
        )

    def edges(self, name: str) -> list[Edge]:
        """The references of a file that are to be rewritten."""
        return [edge for edge in self._edges.get(name, ()) if edge.target in self.assets]

    def fingerprint(self, name: str, digest: str) -> str | None:
        """The fingerprint for the second name of a file with the content `digest`.

        As short as it can be without being the name of another file; None if there is none.
        """
        for length in _LENGTHS:
            if self._site.locate(fingerprinted(name, digest[:length])) is None:
                return digest[:length]
        return None

    # Private

    def _is_address(self, name: str) -> bool:
        return _ADDRESSES.match(name) is not None or self._site.files[name].kind in _ADDRESS_TYPES

    def _names(self, name: str) -> tuple[str, str]:
        file_name = self._site.files[name].name
        return file_name, fingerprinted(file_name, _PLACEHOLDER)


def _circular(graph: Mapping[str, set[str]]) -> set[str]:
    """The files that refer to themselves, through others or not."""
    circular = set()
    for start in graph:
        reached: set[str] = set()
        ahead = list(graph[start])
        while ahead:
            name = ahead.pop()
            if name not in reached:
                reached.add(name)
                ahead += graph[name]
        if start in reached:
            circular.add(start)
    return circular
