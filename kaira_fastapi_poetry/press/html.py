"""Start tags, raw text and where they stand: the tokenizer of HTML.

WHATWG HTML 13.2.5 (https://html.spec.whatwg.org/#tokenization). Nothing is built and nothing
is written: the press needs to know which attribute values there are and what is only text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kaira_fastapi_poetry.press.foreign import Foreign
from kaira_fastapi_poetry.press.text import Located, attribute_value

_SPACE = "\t\n\f\r "
_NAME = re.compile(rf"[^{_SPACE}/>]+")
_BETWEEN = re.compile(rf"[{_SPACE}/]*")
_ATTRIBUTE = re.compile(rf"([^{_SPACE}/>][^{_SPACE}/>=]*)(?:[{_SPACE}]*(=)[{_SPACE}]*)?")
_UNQUOTED = re.compile(rf"[^{_SPACE}>]*")
_OPENER = re.compile(r"/?[A-Za-z]|[!?/]")
_COMMENT_END = re.compile(r"--!?>")
_SCRIPT_MARK = re.compile(rf"<!--|-->|<(/?)script(?=[{_SPACE}/>])", re.IGNORECASE)

# Elements of which the content is text, up to their own end tag.
_TEXT_ELEMENTS = frozenset(
    ["title", "textarea", "style", "xmp", "iframe", "noembed", "noframes", "script", "noscript"]
)
_TEXT_END = {
    name: re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE) for name in _TEXT_ELEMENTS
}


class Tag(NamedTuple):
    """A start tag.

    name: in lower case.
    attributes: the first of each name, in lower case, with its value.
    foreign: it is an element of SVG or MathML.
    """

    name: str
    attributes: dict[str, Located]
    foreign: bool

    def value(self, name: str) -> str:
        """An attribute's value; "" if there is none."""
        found = self.attributes.get(name)
        return found.text if found else ""


class EndTag(NamedTuple):
    """An end tag; the name is in lower case."""

    name: str


class RawText(NamedTuple):
    """The content of the element of `tag` (script, style and the like), from `start` to `end`."""

    tag: Tag
    start: int
    end: int


Token = Tag | EndTag | RawText


def tokens(text: str, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """The start tags, end tags and raw text of a page, in their order."""
    position, end = start, len(text) if end is None else end
    foreign = Foreign()
    while (position := text.find("<", position, end)) >= 0:
        opener = _OPENER.match(text, position + 1, end)
        if opener is None:
            position += 1
        elif opener.group() == "!":
            position = _after_declaration(text, position, end, bool(foreign.open))
        elif opener.group() in "?/":
            position = _after(text, ">", position + 2, end)
        else:
            parsed = _tag(text, opener.end() - 1, end)
            if parsed is None:  # the file ends inside of a tag: there is none
                return
            name, attributes, closed, position = parsed
            if opener.group().startswith("/"):
                foreign.leave(name)
                yield EndTag(name)
                continue
            tag = Tag(name, attributes, foreign.enter(name, attributes, closed))
            yield tag
            stop = _content_end(text, tag, closed, position, end)
            if stop is not None:
                yield RawText(tag, position, stop)
                if name == "noscript":  # text with scripts, markup without
                    yield from tokens(text, position, stop)
                position = stop


# Private


def _after(text: str, mark: str, position: int, end: int) -> int:
    found = text.find(mark, position, end)
    return end if found < 0 else found + len(mark)


def _after_declaration(text: str, position: int, end: int, foreign: bool) -> int:
    # Where SVG holds HTML this may also be a comment up to ">"; what is skipped is left alone.
    if foreign and text.startswith("<![CDATA[", position):
        return _after(text, "]]>", position + 9, end)
    if not text.startswith("<!--", position):
        return _after(text, ">", position + 2, end)
    position += 4
    for abrupt in (">", "->"):
        if text.startswith(abrupt, position):
            return position + len(abrupt)
    found = _COMMENT_END.search(text, position, end)
    return found.end() if found else end


def _tag(text: str, position: int, end: int) -> tuple[str, dict[str, Located], bool, int] | None:
    """(name, attributes, self-closing, where it ends); None if the file ends inside of it."""
    match = _NAME.match(text, position, end)
    assert match is not None
    name, position = _lower(match.group()), match.end()
    attributes: dict[str, Located] = {}
    while True:
        between = _BETWEEN.match(text, position, end)
        assert between is not None
        if between.end() >= end:
            return None
        if text[between.end()] == ">":
            return name, attributes, between.group().endswith("/"), between.end() + 1
        match = _ATTRIBUTE.match(text, between.end(), end)
        assert match is not None
        position = start = stop = match.end()
        if match.group(2) and (quote := text[position : position + 1]) in ('"', "'") and quote:
            start, stop = position + 1, text.find(quote, position + 1, end)
            if stop < 0:
                return None
            position = stop + 1
        elif match.group(2):
            unquoted = _UNQUOTED.match(text, position, end)
            assert unquoted is not None
            position = stop = unquoted.end()
        attributes.setdefault(_lower(match.group(1)), attribute_value(text[start:stop], start))


def _lower(name: str) -> str:
    return name.lower() if name.isascii() else name


def _content_end(text: str, tag: Tag, closed: bool, position: int, end: int) -> int | None:
    """Where the content of an element ends that is text only; None if it is markup."""
    if tag.name == "plaintext" and not tag.foreign:
        return end
    if tag.name not in _TEXT_ELEMENTS:
        return None
    if not tag.foreign:
        return _text_end(text, tag.name, position, end)
    # In SVG a style or script is markup like all else. It means the same as text if it holds
    # no markup; otherwise what it means is left alone.
    if closed or tag.name not in ("style", "script"):
        return None
    stop = _text_end(text, tag.name, position, end)
    return None if re.search("[<&]", text[position:stop]) else stop


def _text_end(text: str, name: str, position: int, end: int) -> int:
    """Where the raw text ends: at its end tag, or with the file."""
    if name != "script":
        found = _TEXT_END[name].search(text, position, end)
        return found.start() if found else end
    # 13.2.5.15 and on: in `<!-- <script>` the next `</script>` does not end the element.
    state = "data"
    while found := _SCRIPT_MARK.search(text, position, end):
        mark, position = found.group(), found.end()
        if mark == "<!--":
            if state == "data":
                state, position = "escaped", position - 2  # `<!-->` is over at once
        elif mark == "-->":
            state = "data"
        elif found.group(1) and state != "double":
            return found.start()
        elif found.group(1):
            state = "escaped"
        elif state == "escaped":
            state = "double"
    return end
