"""SVG and MathML inside of HTML, where text elements are no such thing and CDATA is one.

WHATWG HTML 13.2.6.5 (https://html.spec.whatwg.org/#parsing-main-inforeign).
"""

from __future__ import annotations

from kaira_fastapi_poetry.press.text import Located

# 13.2.6.5: where HTML resumes inside of SVG and MathML, and what ends them.
_INTEGRATION = frozenset(
    ["foreignobject", "desc", "title", "mi", "mo", "mn", "ms", "mtext", "annotation-xml"]
)
_FOREIGN = frozenset(("svg", "math"))
_BREAKOUT = frozenset((
    "b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em",
    "embed", "h1", "h2", "h3", "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing",
    "menu", "meta", "nobr", "ol", "p", "pre", "ruby", "s", "small", "span", "strong", "strike",
    "sub", "sup", "table", "tt", "u", "ul", "var",
))  # fmt: skip


class Foreign:
    """Which elements of SVG and MathML are open."""

    def __init__(self) -> None:
        self.open: list[str] = []

    @property
    def inside(self) -> bool:
        """Whether the next element is one of SVG or MathML."""
        return bool(self.open) and self.open[-1] in _FOREIGN

    def enter(self, name: str, attributes: dict[str, Located], closed: bool) -> bool:
        """A start tag: whether its element is foreign."""
        if self.inside and (
            name in _BREAKOUT or (name == "font" and attributes.keys() & {"color", "face", "size"})
        ):
            while self.inside:
                self.open.pop()
        foreign = self.inside or name in _FOREIGN
        if not closed and (name in _FOREIGN or (self.inside and name in _INTEGRATION)):
            encoding = attributes["encoding"].text.lower() if "encoding" in attributes else ""
            if name != "annotation-xml" or encoding in ("text/html", "application/xhtml+xml"):
                self.open.append(name)
        return foreign

    def leave(self, name: str) -> None:
        """An end tag."""
        if self.inside and name in ("p", "br"):
            while self.inside:
                self.open.pop()
        elif name in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(name) :]
