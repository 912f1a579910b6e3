"""Where a reference leads: from the text of a URL to a file of the site.

WHATWG URL (https://url.spec.whatwg.org/#url-parsing), for URLs without a scheme or host of
their own: all others lead to another site, as far as a folder can know.
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from kaira_fastapi_poetry.press.text import Located

# What a URL parser strips at both ends, and what it drops anywhere.
_ENDS = "".join(map(chr, range(0x21)))
_DROPPED = "\t\n\r"
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|[/\\]{2}")
_PATH = re.compile(r"[^?#]*")
_SLASH = re.compile(r"[/\\]")


class Target(NamedTuple):
    """Where a reference leads.

    relative: path of the file in the site, as in `bundle.walk`; it ends with "/" (or is "")
        where the URL is that of a folder.
    rooted: the reference says so wherever it stands.
    place: where in the file a fingerprint would be put in; None if it cannot be.
    """

    relative: str
    rooted: bool
    place: int | None


def resolve(reference: Located, folder: str) -> Target | None:
    """Where `reference` leads from a file in `folder` ("" or "css/").

    None if it leads to another site, to the file itself, or to no file name at all.
    """
    start = len(reference.text) - len(reference.text.lstrip(_ENDS))
    url = reference.cut(start, max(start, len(reference.text.rstrip(_ENDS)))).without(_DROPPED)
    path = _PATH.match(url.text)
    if not path or not path.group() or _ELSEWHERE.match(url.text):
        return None
    # A surrogate of UTF-16 without its other half is no character.
    written = path.group().encode("utf-8", "replace").decode("utf-8")
    segments = [os.fsdecode(unquote_to_bytes(segment)) for segment in _SLASH.split(written)]
    if any("/" in segment or "\0" in segment for segment in segments):
        return None
    rooted = segments[0] == "" and len(segments) > 1
    parts = [] if rooted else folder.split("/")[:-1]
    for segment in segments[1:] if rooted else segments:
        if segment == "..":
            del parts[-1:]
        elif segment != ".":
            parts.append(segment)
    if segments[-1] in (".", ".."):
        parts.append("")
    relative = unicodedata.normalize("NFC", "/".join(parts))
    return Target(relative, rooted, _place(url, path.end(), segments[-1]))


def fingerprinted(name: str, fingerprint: str) -> str:
    """`name` with the fingerprint before its ending.

    >>> fingerprinted("css/style.css", "0123abcd")
    'css/style.0123abcd.css'
    """
    head, slash, last = name.rpartition("/")
    stem, _, ending = last.rpartition(".")
    return head + slash + (f"{stem}.{fingerprint}.{ending}" if stem else f"{last}.{fingerprint}")


# Private


def _place(url: Located, end: int, name: str) -> int | None:
    """Where `fingerprinted` puts a fingerprint: at the last dot, or at the end.

    There ASCII can be put in whatever stands around it: what is before and behind was
    followed by a dot, or by the end of the path, and still is.
    """
    if not name:
        return None
    start = max(url.text.rfind("/", 0, end), url.text.rfind("\\", 0, end)) + 1
    stem, _, ending = name.rpartition(".")
    if not stem:
        return url.at[end]
    dot = url.text.rfind(".", start, end)
    if dot < 0 or os.fsdecode(unquote_to_bytes(url.text[dot + 1 : end])) != ending:
        return None  # the dot itself is percent-encoded
    return url.at[dot]
