"""References in a web app manifest, with the place of each (https://www.w3.org/TR/appmanifest/)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from kaira_fastapi_poetry.press.text import Located

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

# The members that hold images; "*" is any place in a list.
_IMAGES = {
    ("icons", "*", "src"),
    ("screenshots", "*", "src"),
    ("shortcuts", "*", "icons", "*", "src"),
}


def references(source: Located) -> Iterator[Located]:
    """The URLs of a manifest's images; none if it is not JSON."""
    try:
        json.loads(source.text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return
    path: list[str] = []  # for each open object its member, for each open list "*"
    is_key = False
    for match in _TOKEN.finditer(source.text):
        token = match.group()
        if token == "{":
            path.append("")
            is_key = True
        elif token == "[":
            path.append("*")
            is_key = False
        elif token in "}]":
            path.pop()
        elif token == ",":
            is_key = bool(path) and path[-1] != "*"
        elif token == ":":
            is_key = False
        elif is_key:
            # A member that is named "*" is not a list.
            path[-1] = json.loads(token).replace("*", "\\*")
        elif token.startswith('"') and tuple(path) in _IMAGES:
            yield _unescaped(source.cut(match.start() + 1, match.end() - 1))


# Private


def _unescaped(value: Located) -> Located:
    """The string that stands between two quotes (RFC 8259, 7)."""
    text: list[str] = []
    at: list[int] = []
    last = 0
    for match in _ESCAPED.finditer(value.text):
        hexadecimal, other = match.groups()
        text += [value.text[last : match.start()]]
        text += [chr(int(hexadecimal, 16)) if hexadecimal else _CONTROLS.get(other, other)]
        at += [*value.at[last : match.start()], value.at[match.start()]]
        last = match.end()
    text.append(value.text[last:])
    return Located("".join(text), [*at, *value.at[last:]])
