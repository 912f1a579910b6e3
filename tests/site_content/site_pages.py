"""What the tests read pages with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

from kaira_fastapi_poetry.site import bundle as bundles
from kaira_fastapi_poetry.site.bundle import Bundle, File

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"]
)


@dataclass
class Element:
    """An element of a page with its attributes and the text below it."""

    name: str
    attributes: dict[str, str]
    inside: tuple[str, ...]
    text: str = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")


@dataclass
class Page:
    """A page of the pressed site: where it is, its language, its elements in their order."""

    path: str
    language: str
    source: str
    elements: list[Element] = field(default_factory=list)

    def all(self, *names: str) -> list[Element]:
        return [element for element in self.elements if element.name in names]


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inside = tuple(element.name for element in self.open)
        element = Element(tag, {name: value or "" for name, value in attrs}, inside)
        self.page.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open, f"{self.page.path}: </{tag}> closes nothing"
        assert self.open[-1].name == tag, f"{self.page.path}: </{tag}> in <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


@dataclass
class Pressed:
    """The pressed site."""

    bundle: Bundle
    languages: list[str]

    def __post_init__(self) -> None:
        self.bodies = self.bundle.preload()

    def body(self, path: str) -> bytes:
        file = self.bundle.files[path]
        plain = next(variant for variant in file.variants if variant.coding == bundles.IDENTITY)
        return self.bodies[plain.digest]

    def file(self, url: str) -> File | None:
        """What the server would send for a path; a folder's is its index.html."""
        path = urlsplit(url).path
        return self.bundle.files.get(path + "index.html" if path.endswith("/") else path)

    def pages(self) -> Iterator[Page]:
        for path in sorted(self.bundle.files):
            if not path.endswith(".html"):
                continue
            first = path.split("/")[1]
            language = first if first in self.languages[1:] else self.languages[0]
            page = Page(path, language, self.body(path).decode())
            reader = _Reader(page)
            reader.feed(page.source)
            reader.close()
            assert not reader.open, f"{path}: <{reader.open[-1].name}> is not closed"
            yield page
