"""The URLs of a `srcset` (WHATWG HTML, "parsing a srcset attribute")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kaira_fastapi_poetry.press.text import Located

_GAP = re.compile(r"[\t\n\f\r ,]*")
_URL = re.compile(r"[^\t\n\f\r ]+")
# Up to the comma that ends the candidate; commas in parentheses do not.
_DESCRIPTORS = re.compile(r"(?:[^,(]|\([^)]*(?:\)|\Z))*")


def references(value: Located) -> Iterator[Located]:
    """The URL of each candidate; a URL may hold commas, but not end with one."""
    position = 0
    while True:
        gap = _GAP.match(value.text, position)
        assert gap is not None
        url = _URL.match(value.text, gap.end())
        if url is None:
            return
        bare = url.group().rstrip(",")
        yield value.cut(url.start(), url.start() + len(bare))
        position = url.end()
        if len(bare) == len(url.group()):
            descriptors = _DESCRIPTORS.match(value.text, position)
            assert descriptors is not None
            position = descriptors.end()
