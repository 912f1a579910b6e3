"""What a file refers to: the attributes, styles and texts that a browser loads things from.

Found here are only resources. Where a visitor goes from a page (`a`, `area`, `form`, `iframe`,
`frame`) is left to the page: an address that people see, keep and pass on does not change.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from kaira_fastapi_poetry.press import css, html, srcset, webmanifest
from kaira_fastapi_poetry.press.html import EndTag, RawText, Tag
from kaira_fastapi_poetry.press.text import Decoded, Located, decodings, located

# Which attributes of an element are the URL of a resource (WHATWG HTML, "attributes" index).
_SOURCES: dict[str, tuple[str, ...]] = {
    "audio": ("src",),
    "body": ("background",),
    "embed": ("src",),
    "feimage": ("href", "xlink:href"),
    "image": ("src", "href", "xlink:href"),  # in HTML another name of img
    "img": ("src", "lowsrc", "dynsrc"),
    "object": ("data",),
    "script": ("src", "href", "xlink:href"),
    "source": ("src",),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
} | dict.fromkeys(("table", "thead", "tbody", "tfoot", "tr", "td", "th"), ("background",))
_SETS = {"img": "srcset", "image": "srcset", "source": "srcset", "link": "imagesrcset"}

# The relations of `link` that load what they name; all others are addresses.
_LOADING = frozenset((
    "stylesheet", "icon", "apple-touch-icon", "apple-touch-icon-precomposed",
    "apple-touch-startup-image", "mask-icon", "fluid-icon", "image_src", "preload",
    "modulepreload", "prefetch", "manifest",
))  # fmt: skip
_META = frozenset((
    "og:image", "og:image:url", "og:image:secure_url", "og:video", "og:video:url", "og:audio",
    "og:audio:url", "twitter:image", "twitter:image:src", "msapplication-tileimage",
    "msapplication-square70x70logo", "msapplication-square150x150logo",
    "msapplication-wide310x150logo", "msapplication-square310x310logo",
))  # fmt: skip
# Blocks of data that no script of the page runs or looks things up in.
_NOT_SCRIPTS = frozenset(("application/ld+json", "speculationrules"))
_DIGEST = re.compile(r"sha(?:256|384|512)-([A-Za-z0-9+/_-]{43,}=*)")
_MAKES_A_BASE = re.compile(r"<base\b|createElement\(\s*[\"'`]base", re.IGNORECASE)


class Reference(NamedTuple):
    """A URL in a file, as it is written there.

    manifest: it names a web app manifest.
    floating: see `css.Url`.
    pinned: digests of the block of text that it stands in; if a policy states one of them,
        the block must stay as it is.
    """

    url: Located
    manifest: bool = False
    floating: bool = False
    pinned: tuple[str, ...] = ()


@dataclass
class Findings:
    """What was found in a file.

    scripts: texts that may name a file in a way that only the browser understands.
    selectors: values that attribute selectors ask for.
    digests: of content that the file vouches for (`integrity`, policies), in base64.
    base: what `<base href>` says.
    alone: nothing of the file can be changed with certainty that it means the same.
    """

    references: list[Reference] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    selectors: list[str] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)
    base: str | None = None
    alone: bool = False


def in_page(page: Decoded) -> Findings:
    """What an HTML page refers to."""
    return _Page(page).findings


def in_style(sheet: Decoded) -> Findings:
    """What a stylesheet refers to."""
    findings = Findings(alone=not sheet.safe_in_css)
    _style(findings, located(sheet.text), ())
    return findings


def in_manifest(manifest: Decoded) -> Findings:
    """What a web app manifest refers to."""
    findings = Findings()
    for url in webmanifest.references(located(manifest.text)):
        findings.references.append(Reference(url))
    return findings


def stated_digests(text: str) -> set[str]:
    """The digests that a text states as `integrity` or a Content-Security-Policy does.

    https://www.w3.org/TR/SRI/ and https://www.w3.org/TR/CSP3/#grammardef-hash-source
    """
    return {found.translate(_URL_SAFE).rstrip("=") for found in _DIGEST.findall(text)}


def digests_of(content: bytes) -> tuple[str, ...]:
    """The digests that `stated_digests` would find for this content."""
    return tuple(
        base64.b64encode(hashlib.new(name, content).digest()).decode().rstrip("=")
        for name in ("sha256", "sha384", "sha512")
    )


# Private

_URL_SAFE = str.maketrans("-_", "+/")


def _style(findings: Findings, source: Located, pinned: tuple[str, ...]) -> None:
    for found in css.references(source):
        if isinstance(found, css.Selected):
            findings.selectors.append(found.value)
        else:
            findings.references.append(Reference(found.url, floating=found.floating, pinned=pinned))


class _Page:
    """The walk through one page."""

    def __init__(self, page: Decoded) -> None:
        self.page = page
        self.findings = Findings(digests=stated_digests(page.text))
        # Which bytes a policy vouches for can only be told of a page in UTF-8.
        self.findings.alone = page.codec != "utf-8" and bool(self.findings.digests)
        templates = 0
        for token in html.tokens(page.text):
            if isinstance(token, RawText):
                self.raw_text(token)
            elif isinstance(token, EndTag):
                templates -= token.name == "template" and templates > 0
            else:
                if token.name == "base" and "href" in token.attributes:
                    self.base(token, templates)
                templates += token.name == "template"
                self.tag(token)

    def base(self, tag: Tag, templates: int) -> None:
        """`<base href>`: the first one counts, for what comes after it."""
        if self.findings.references or templates or tag.foreign:
            self.findings.alone = True  # what comes before it is loaded from elsewhere, or not
        elif self.findings.base is None:
            self.findings.base = tag.value("href")

    def raw_text(self, token: RawText) -> None:
        text = self.page.text[token.start : token.end]
        kind = token.tag.value("type").strip().lower()
        if token.tag.name == "script" and kind not in _NOT_SCRIPTS:
            self.script(text)
        elif token.tag.name == "style" and kind not in ("", "text/css"):
            self.script(text)  # of a language that a script makes styles of
        elif token.tag.name == "style" and self.page.safe_in_css:
            normal = text.replace("\r\n", "\n").replace("\r", "\n")
            _style(self.findings, located(text, token.start), digests_of(normal.encode("utf-8")))

    def script(self, text: str) -> None:
        if not text.strip():
            return
        self.findings.alone |= _MAKES_A_BASE.search(text) is not None
        if self.page.codec == "utf-8":
            self.findings.scripts.append(text)
        else:
            self.findings.scripts += decodings(text.encode(self.page.codec, "replace"))

    def tag(self, tag: Tag) -> None:
        for name, value in tag.attributes.items():
            self.attribute(name, value)
        for name in _SOURCES.get(tag.name, ()):
            self.refer(tag, name)
        if (name := _SETS.get(tag.name, "")) in tag.attributes:
            for url in srcset.references(tag.attributes[name]):
                self.findings.references.append(Reference(url))
        if tag.name == "link":
            relations = tag.value("rel").lower().split()
            if not _LOADING.isdisjoint(relations):
                self.refer(tag, "href", manifest="manifest" in relations)
        elif tag.name == "input" and tag.value("type").strip().lower() == "image":
            self.refer(tag, "src")
        elif tag.name == "meta":
            self.meta(tag)

    def attribute(self, name: str, value: Located) -> None:
        """What any element can have."""
        if name == "style" and self.page.safe_in_css:
            _style(self.findings, value, digests_of(value.text.encode("utf-8", "replace")))
        elif (
            name.startswith("on")
            or name == "srcdoc"
            or value.text.lstrip()[:11].lower() == "javascript:"
        ):
            self.script(value.text)

    def meta(self, tag: Tag) -> None:
        if (tag.value("property") or tag.value("name")).strip().lower() in _META:
            self.refer(tag, "content")
        elif tag.value("http-equiv").strip().lower().startswith("content-security-policy"):
            self.script(tag.value("content"))  # a policy may name single files

    def refer(self, tag: Tag, name: str, *, manifest: bool = False) -> None:
        if name in tag.attributes:
            self.findings.references.append(Reference(tag.attributes[name], manifest))
