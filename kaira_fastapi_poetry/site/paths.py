"""From a request's path to the name of a file in a bundle.

A bundle is a table of names, so no path can lead out of the folder whatever it says. What
is refused here is what no honest client sends; the reason goes into the log.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from kaira_fastapi_poetry.site.bundle import url_path

_ENCODED_SLASH = re.compile(rb"%(2f|5c)", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


class Hostile(Exception):
    """The path is one that no honest client sends; the message says why."""


def canonical(raw_path: bytes) -> str:
    """The percent-encoded path under which a bundle would know the file.

    However a client encodes a name (upper or lower case digits, more or less than
    necessary, composed characters or not), there is one form of it here: that of
    `bundle.url_path`.

    Raises Hostile.
    """
    decoded = unquote_to_bytes(raw_path)
    if _CONTROL.search(decoded):
        raise Hostile("control character")
    if b"\\" in decoded or _ENCODED_SLASH.search(raw_path):
        raise Hostile("backslash or encoded slash")
    for segments in (decoded.split(b"/"), unquote_to_bytes(decoded).split(b"/")):
        if b".." in segments or b"." in segments:
            raise Hostile("dot segment")
    if any(part.startswith(b".") and part != b".well-known" for part in decoded.split(b"/")):
        raise Hostile("dotfile")
    try:
        name = unicodedata.normalize("NFC", decoded.decode())
    except UnicodeDecodeError:
        raise Hostile("not UTF-8") from None
    return url_path(name[1:])
