"""`kaira logs`: JSON lines in, lines for people out."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Entry = dict[str, Any]

LEVELS = ("debug", "info", "warning", "error", "critical")

# Said in words of their own, in this order; what is left follows as name=value.
_TOLD = ("timestamp", "level", "event", "method", "path", "status", "bytes", "duration_seconds",
         "cache", "request_id", "exception")  # fmt: skip
_ASIDE = {"host", "protocol", "coding", "upstream"}  # of interest once one looks at one request
_COLOURS = {"debug": 2, "warning": 33, "error": 31, "critical": 31}
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Filter:
    """Which lines are wanted; what is None lets all pass.

    request_id: an id, or how it begins. statuses: ranges, the ends included. slower: an answer
    that took more seconds. level: this one and what is worse.
    """

    request_id: str | None = None
    statuses: tuple[tuple[int, int], ...] | None = None
    slower: float | None = None
    level: str | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is filtered."""
        return self == Filter()

    def wants(self, entry: Entry) -> bool:
        """Whether a line is one of those."""
        status, seconds = entry.get("status"), entry.get("duration_seconds")
        if self.request_id and not str(entry.get("request_id", "")).startswith(self.request_id):
            return False
        if self.statuses is not None and not (
            isinstance(status, int) and any(low <= status <= high for low, high in self.statuses)
        ):
            return False
        if self.slower is not None and not (
            status is not None and isinstance(seconds, int | float) and seconds > self.slower
        ):
            return False
        return self.level is None or _rank(entry.get("level")) >= _rank(self.level)


def read_filter(
    request_id: str | None, statuses: str | None, slower: float | None, level: str | None
) -> Filter:
    """The filter that the command line asks for.

    Raises ValueError, which names the option, for one that cannot be.
    """
    if level is not None and level not in LEVELS:
        raise ValueError(f"--level: got {level!r}, takes {', '.join(LEVELS)}")
    return Filter(request_id, None if statuses is None else _ranges(statuses), slower, level)


def readable(lines: Iterable[str], wanted: Filter, *, colour: bool = False) -> Iterator[str]:
    """Each line that is wanted, as people read it.

    What stands before the JSON, as `docker compose logs` writes it, is who said it. A line that is
    no JSON is passed on as it is; where something is filtered it is not, as nothing is known of it.
    """
    for line in (each.rstrip("\r\n") for each in lines):
        who, entry = _parse(line)
        if entry is None:
            if wanted.everything:
                yield _harmless(line) if colour else line
        elif wanted.wants(entry):
            yield _told(who, entry, whole=wanted.request_id is not None, colour=colour)


def show(file: Path | None, wanted: Filter, write: Callable[[str], object] = print) -> int:
    """Write the lines of a file, or of standard input as they come; returns the exit code.

    Ends without a word where whoever read what is written has gone.
    """
    try:
        with file.open("rb") if file else os.fdopen(0, "rb", closefd=False) as source:
            lines = (line.decode(errors="replace") for line in source)
            for line in readable(lines, wanted, colour=sys.stdout.isatty()):
                write(line)
                sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left over is not said at the end
    except OSError as error:
        print(f"kaira: {error}", file=sys.stderr)
        return 1
    return 0


# Private


def _ranges(text: str) -> tuple[tuple[int, int], ...]:
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?", part.strip())
        if not match:
            raise ValueError(f"--status: got {text!r}, takes 404, 5xx or 500-599")
        hundred, low, high = match.groups()
        first = int(hundred) * 100 if hundred else int(low)
        found.append((first, first + 99 if hundred else int(high or low)))
    return tuple(found)


def _parse(line: str) -> tuple[str, Entry | None]:
    """Who said it, and what; None if that is no object with an event in it."""
    start = line.find("{")
    if start < 0:
        return "", None
    try:
        entry = json.loads(line[start:])
    except ValueError:
        return "", None
    if not isinstance(entry, dict) or "event" not in entry:
        return "", None
    return _ANSI.sub("", line[:start]).strip(" |\t"), entry


def _told(who: str, entry: Entry, *, whole: bool, colour: bool) -> str:
    level = str(entry.get("level", ""))
    parts = [_time(str(entry.get("timestamp", ""))), f"{level:<8}"]
    parts += [f"{who:<12}"] if who else []
    parts += [str(entry["event"])]
    parts += [str(entry[name]) for name in ("method", "path", "status") if _is_told(entry, name)]
    if isinstance(size := entry.get("bytes"), int):
        parts.append(_size(size))
    if isinstance(seconds := entry.get("duration_seconds"), int | float):
        parts.append(f"{seconds:.3f}s")
    parts += [str(entry["cache"])] if _is_told(entry, "cache") else []
    if identifier := entry.get("request_id"):
        parts.append(f"id={identifier if whole else str(identifier)[:8]}")
    for name, value in entry.items():
        if name not in _TOLD and (whole or name not in _ASIDE) and _is_told(entry, name):
            parts.append(f"{name}={_value(value)}")
    text = _harmless(" ".join(parts))
    for line in str(entry.get("exception") or "").splitlines():
        text += f"\n    {_harmless(line)}"
    code = _COLOURS.get(level) if colour else None
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


def _is_told(entry: Entry, name: str) -> bool:
    return entry.get(name) not in (None, "", "-")


def _time(timestamp: str) -> str:
    """2026-01-31T12:00:00.123456Z, to the thousandth of a second and without the letters."""
    match = re.fullmatch(r"(\S{10})T(\S{8})(\.\d+)?(Z|\+00:00)", timestamp)
    if not match:
        return timestamp
    return f"{match[1]} {match[2]}{(match[3] or '.').ljust(4, '0')[:4]}"


def _size(size: int) -> str:
    return f"{size}B" if size < 1000 else f"{size / 1000:.1f}kB"


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if " " in text and isinstance(value, str) else text


def _rank(level: object) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _harmless(text: str) -> str:
    """What a visitor sent must not steer the terminal of whoever reads it."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == "\t" else repr(each)[1:-1] for each in text
    )
