"""References in CSS, with the place of each.

CSS Syntax 3 (https://www.w3.org/TR/css-syntax-3/#tokenization), as much of it as tells a
reference from a comment, a string, or a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kaira_fastapi_poetry.press.text import Located

_ESCAPE = r"\\(?:[0-9a-fA-F]{1,6}(?:\r\n|[ \t\r\n\f])?|[^0-9a-fA-F\r\n\f])"
_IDENT = rf"(?:[-\w\u0080-\U0010ffff]|{_ESCAPE})+"
_TOKEN = re.compile(rf"/\*|[\"'(){{}};\[\]]|@(?P<at>{_IDENT})|(?P<ident>{_IDENT})(?P<call>\()?")
_SPACES = re.compile(r"[ \t\r\n\f]*")
_URL = re.compile(rf"(?:[^\"'()\\ \t\r\n\f\x00-\x08\x0b\x0e-\x1f\x7f]|{_ESCAPE})*")
_BAD_URL = re.compile(r"(?:[^)\\]|\\.)*\)?", re.DOTALL)
_STRING = {
    quote: re.compile(rf"(?:[^{quote}\\\r\n\f]|\\(?:\r\n|.|\Z))*", re.DOTALL) for quote in "\"'"
}
_ESCAPED = re.compile(
    r"\\(?:(?P<hex>[0-9a-fA-F]{1,6})(?:\r\n|[ \t\r\n\f])?|(?P<newline>\r\n|[\r\n\f])|(?P<other>.))",
    re.DOTALL,
)
_ATTRIBUTE_SELECTOR = re.compile(
    rf"\[\s*[-\w|*\\]+\s*[~|^$*]?=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>{_IDENT}))"
)
_SETS = ("image-set", "-webkit-image-set")
_NAMING = ("namespace", "document", "-moz-document")


class Url(NamedTuple):
    """A URL that a style refers to.

    floating: it stands in a custom property, which may be used in a style of another folder.
    """

    url: Located
    floating: bool


class Selected(NamedTuple):
    """A value that an attribute selector asks for: `[src="a.png"]`."""

    value: str


def references(source: Located) -> Iterator[Url | Selected]:
    """What a stylesheet, or the value of a style attribute, refers to.

    Left out are the names of `@namespace` and `@document`, which nothing is loaded from.
    """
    return _Walk(source).found()


def unescaped(value: Located) -> Located:
    """A string or URL with its escapes resolved (CSS Syntax 3, 4.3.7)."""
    if "\\" not in value.text:
        return value
    text: list[str] = []
    at: list[int] = []
    last = 0
    for match in _ESCAPED.finditer(value.text):
        character = _character(match)
        text += [value.text[last : match.start()], character]
        at += [*value.at[last : match.start()], *[value.at[match.start()]] * len(character)]
        last = match.end()
    text.append(value.text[last:])
    return Located("".join(text), [*at, *value.at[last:]])


# Private


class _Walk:
    """The way through a stylesheet, token by token."""

    def __init__(self, source: Located) -> None:
        self.source = source
        self.text = source.text
        self.position = 0
        self.at_rule = ""  # the at-rule whose prelude this is
        self.calls: list[str] = []  # the functions and parentheses that are open
        self.braces = 0
        self.custom: int | None = None  # in how many braces a custom property stands

    def found(self) -> Iterator[Url | Selected]:
        while match := _TOKEN.search(self.text, self.position):
            token, self.position = match.group(), match.end()
            if token == "/*":
                end = self.text.find("*/", self.position)
                self.position = len(self.text) if end < 0 else end + 2
            elif token in ('"', "'"):
                yield from self.string(token)
            elif match.group("at"):
                self.at_rule = match.group("at").lower()
            elif match.group("call"):
                yield from self.call(match.group("ident").lower())
            elif token == "[":
                yield from self.selector(match.start())
            elif match.group("ident"):
                self.identifier(token)
            else:
                self.punctuation(token)

    def string(self, quote: str) -> Iterator[Url]:
        start, end = self.skip(_STRING[quote])
        self.position = end + self.text.startswith(quote, end)
        caller = self.calls[-1] if self.calls else ""
        if caller in ("url", *_SETS) or (self.at_rule == "import" and not self.calls):
            yield from self.url(start, end)

    def call(self, name: str) -> Iterator[Url]:
        """A function begins; `url(` without quotes is a token of its own (4.3.6)."""
        if name != "url":
            self.calls.append(name)
            return
        _, start = self.skip(_SPACES)
        if self.text[start : start + 1] in ('"', "'"):
            self.calls.append(name)
            return
        _, end = self.skip(_URL)
        _, after = self.skip(_SPACES)
        if self.text[after : after + 1] in (")", ""):
            self.position = after + 1
            yield from self.url(start, end)
        else:
            self.skip(_BAD_URL)

    def url(self, start: int, end: int) -> Iterator[Url]:
        if self.at_rule not in _NAMING:
            yield Url(unescaped(self.source.cut(start, end)), self.custom is not None)

    def selector(self, start: int) -> Iterator[Selected]:
        if match := _ATTRIBUTE_SELECTOR.match(self.text, start):
            value = match.group("double") or match.group("single") or match.group("bare") or ""
            yield Selected(_ESCAPED.sub(_character, value))

    def identifier(self, name: str) -> None:
        if name.startswith("--") and self.custom is None:
            match = _SPACES.match(self.text, self.position)
            if match and self.text.startswith(":", match.end()):
                self.custom = self.braces

    def punctuation(self, token: str) -> None:
        if token == "(":
            self.calls.append("")
        elif token == ")":
            del self.calls[-1:]
        elif token in ("{", "}", ";"):
            self.at_rule = ""
            self.braces += {"{": 1, "}": -1}.get(token, 0)
            if self.custom is not None and self.braces + (token == "}") <= self.custom:
                self.custom = None
            if token != ";":
                self.calls = []

    def skip(self, pattern: re.Pattern[str]) -> tuple[int, int]:
        """Go behind what matches here; (where it starts, where it ends)."""
        match = pattern.match(self.text, self.position)
        assert match is not None  # all of these match the empty string
        self.position = match.end()
        return match.span()


def _character(match: re.Match[str]) -> str:
    if match.group("newline"):
        return ""
    if match.group("hex"):
        code = int(match.group("hex"), 16)
        return "\ufffd" if not code or 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code)
    return match.group("other")
