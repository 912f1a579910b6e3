"""app.yaml's handlers by the rules of its reference: which one answers a URL, and with what.

The rules (App Engine's app.yaml reference; what it leaves open is as in Google's own development
server): patterns are tried in the order of the file, each against the whole decoded path; the
first that matches answers. One with `require_matching_file` whose file was not uploaded does not
match. `static_files` may refer to groups of the pattern; only a file whose name `upload` matches
is there. `secure: always` redirects plain HTTP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ruamel.yaml import YAML

MOST = 100  # handlers in one file
COMMON = {"url", "secure", "redirect_http_response_code"}
KINDS = {
    "script": COMMON | {"script"},
    "static_files": COMMON
    | {"static_files", "upload", "mime_type", "expiration", "http_headers"}
    | {"require_matching_file"},
}
# Not for `http_headers` to set.
FORBIDDEN = {"content-encoding", "content-length", "date", "server"}

SCRIPT = "script"


@dataclass(frozen=True)
class Reply:
    """What App Engine does with a request.

    status: None if the application answers; body, headers: what it sends for a 200, names in
    lower case, without what only Google's frontend knows.
    """

    status: int | None
    headers: dict[str, str]
    body: bytes = b""
    position: int = -1  # of the handler in the file


class Handlers:
    """The handlers of an app.yaml, over the files that were uploaded."""

    def __init__(self, file: Path, uploaded: set[str]) -> None:
        """Fails if something in the file cannot be.

        uploaded: names below the folder of the file.
        """
        self.folder, self.uploaded = file.parent, uploaded
        self.configuration: dict[str, Any] = YAML(typ="safe").load(file)
        self.handlers: list[dict[str, Any]] = self.configuration["handlers"]
        assert len(self.handlers) <= MOST
        for handler in self.handlers:
            _check(handler)

    def reply(self, path: str, scheme: str = "https") -> Reply:
        """What happens to a request for `path`, percent-encoded as in a URL."""
        decoded = unquote(path)
        for position, handler in enumerate(self.handlers):
            match = re.fullmatch(handler["url"], decoded)
            if match is None:
                continue
            name = ""
            if "static_files" in handler:
                name = match.expand(handler["static_files"])
                if not self._is_there(name, handler):
                    if handler.get("require_matching_file"):
                        continue
                    return Reply(404, {}, position=position)
            if scheme == "http" and handler.get("secure") == "always":
                code = int(handler.get("redirect_http_response_code", 302))
                return Reply(code, {"location": f"https://{path}"}, position=position)
            if not name:
                return Reply(None, {}, position=position)
            return self._static(handler, name, position)
        return Reply(404, {})

    def _is_there(self, name: str, handler: dict[str, Any]) -> bool:
        return name in self.uploaded and re.fullmatch(handler["upload"], name) is not None

    def _static(self, handler: dict[str, Any], name: str, position: int) -> Reply:
        body = (self.folder / name).read_bytes()
        headers = {key.lower(): value for key, value in handler.get("http_headers", {}).items()}
        assert "mime_type" in handler, f"{name}: left to App Engine's own table"
        headers |= {"content-type": handler["mime_type"], "content-length": str(len(body))}
        return Reply(200, headers, body, position)


# Private


def _check(handler: dict[str, Any]) -> None:
    kinds = [kind for kind in KINDS if kind in handler]
    assert len(kinds) == 1, handler
    unknown = set(handler) - KINDS[kinds[0]]
    assert not unknown, f"{handler['url']}: {unknown}"
    for pattern in (handler["url"], handler.get("upload", "/")):
        assert pattern[0] not in "^" and pattern[-1] != "$", f"{pattern}: it is anchored anyway"
        assert not re.search(r"\(\?|\[\[|\\[^.\w]|\*\?|\+\?", pattern), f"{pattern}: not in POSIX"
        re.compile(pattern)
    assert handler["url"].startswith("/")
    if kinds == ["script"]:
        assert handler["script"] == "auto"
    else:
        assert {"upload", "static_files"} <= set(handler)
        names = {name.lower() for name in handler.get("http_headers", {})}
        assert not names & FORBIDDEN
        assert "content-type" not in names, "that is mime_type"
        assert re.fullmatch(r"(\d+[dhms] ?)+", handler.get("expiration", "0s"))
