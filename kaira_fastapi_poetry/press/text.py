"""Text that knows where each of its characters came from.

A reference is found after several decodings (character references in an attribute, escapes in
CSS inside of it, percent-encoding inside of that), but is changed in the file as it was
written. So every decoding keeps, for each character, its place in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import unescape
from html.entities import html5
from typing import NamedTuple

# Marks of encodings in which ASCII bytes are not always ASCII characters.
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NUL_OR_ESCAPE = re.compile(rb"[\x00\x1b]")
_BACKSLASH_AS_TRAIL_BYTE = re.compile(rb"[\x80-\xff]\\")

# WHATWG HTML 13.2.5.72 and on: "&" + name or number.
_CHARACTER_REFERENCE = re.compile(r"&(?:#(?:[xX][0-9a-fA-F]+|[0-9]+);?|[A-Za-z0-9]+;?)")


class Located(NamedTuple):
    """A piece of text and, for each of its characters and its end, the place in the file."""

    text: str
    at: Sequence[int]

    def cut(self, start: int, end: int) -> Located:
        """The part from `start` to `end`."""
        return Located(self.text[start:end], self.at[start : end + 1])

    def without(self, characters: str) -> Located:
        """The same text, less the characters in `characters`."""
        if not any(character in self.text for character in characters):
            return self
        kept = [i for i, character in enumerate(self.text) if character not in characters]
        text = "".join(self.text[i] for i in kept)
        return Located(text, [self.at[i] for i in kept] + [self.at[len(self.text)]])


class Decoded(NamedTuple):
    """A file as text.

    codec: encodes `text` back to the very bytes that were read.
    safe_in_css: backslashes are backslashes, and not half of a character.
    """

    text: str
    codec: str
    safe_in_css: bool = True


def located(text: str, start: int = 0) -> Located:
    """`text`, which stands in the file at `start` as it is."""
    return Located(text, range(start, start + len(text) + 1))


def decode(content: bytes) -> Decoded | None:
    """The text of a file, or None where ASCII bytes may mean something else.

    The server states `charset=utf-8` of what is UTF-8, which overrides what the file says of
    itself. Any other encoding is read as Latin-1, in which every byte survives; references
    in it are only understood if they are ASCII. In the encodings of the web that leaves
    UTF-16, ISO-2022 and the like, which are recognised by their NULs and escapes.
    """
    if content.startswith(_UTF_16) or _NUL_OR_ESCAPE.search(content):
        return None
    try:
        return Decoded(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    # In Shift_JIS, Big5 and GBK the second byte of a character may be a backslash.
    safe = _BACKSLASH_AS_TRAIL_BYTE.search(content) is None
    return Decoded(content.decode("latin-1"), "latin-1", safe)


def decodings(content: bytes) -> list[str]:
    """What a text may say, if nothing states its encoding: more than one where it is unclear."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return [content.decode("utf-16", "replace")]
    try:
        return [content.decode("utf-8")]
    except UnicodeDecodeError:
        encodings = ("cp949", "shift_jis", "gb18030", "latin-1")
        return [content.decode(encoding, "replace") for encoding in encodings]


def insert(text: str, insertions: Iterable[tuple[int, str]]) -> str:
    """`text` with each string of `insertions` (place, string) put in."""
    pieces, last = [], 0
    for place, string in sorted(set(insertions)):
        pieces += [text[last:place], string]
        last = place
    return "".join([*pieces, text[last:]])


def attribute_value(raw: str, start: int) -> Located:
    """The value of an HTML attribute that is written `raw` at `start` in the file."""
    if "&" not in raw:
        return located(raw, start)
    text: list[str] = []
    at: list[int] = []
    last = 0
    for match in _CHARACTER_REFERENCE.finditer(raw):
        written = _referred(match.group(), raw[match.end() : match.end() + 1])
        if written is None:
            continue
        decoded = unescape(written)
        text += [raw[last : match.start()], decoded]
        at += [*range(start + last, start + match.start()), *[start + match.start()] * len(decoded)]
        last = match.start() + len(written)
    text.append(raw[last:])
    at += range(start + last, start + len(raw) + 1)
    return Located("".join(text), at)


# Private


def _referred(written: str, following: str) -> str | None:
    """The part of `written` that is a character reference in an attribute; None if none is."""
    if written.startswith("&#") or written[1:] in html5:
        name = written
    else:
        name = next(
            (written[:end] for end in range(len(written) - 1, 2, -1) if written[1:end] in html5), ""
        )
        if not name:
            return None
        following = written[len(name)]
    if name.startswith("&#") or name.endswith(";"):
        return name
    # "For historical reasons": `?a=1&copy=2` is no copyright sign.
    return None if following == "=" or following.isalnum() else name
