"""Which names must stay the only ones of their files.

A script that names a file will ask for that very name: it would load a module twice that a
page knows by another name, or not find the element of a page that it looks for. So an asset
that a script names, or may put the name of together, is given no second name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

_ESCAPED = re.compile(r"\\u\{?([0-9a-fA-F]{4,6})\}?|\\x([0-9a-fA-F]{2})")
# `name.replace("_off", "_on")` makes one name of another.
_REPLACED = re.compile(r"\.replace(?:All)?\(\s*([\"'`/])(.{2,60}?)\1")

_SMALL = 16 * 1024


class Named(NamedTuple):
    """What a text names.

    whole: file names.
    endings: the last parts of names that a script puts together, such as "-large.jpg".
    parts: what it replaces in names.
    """

    whole: frozenset[str]
    endings: frozenset[str]
    parts: frozenset[str]


class Names:
    """The names of the files of a site, to be looked for in texts."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names`: without their folders."""
        self._names: dict[str, str] = {}
        self._bare: set[str] = set()
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for name in names:
            if not name.rpartition(".")[0]:
                self._bare.add(name)
                continue
            for form in {name, quote(name, errors="replace")}:
                self._names[form] = name
                lengths[form.rpartition(".")[2]].add(len(form))
        self._lengths = {ending: sorted(found) for ending, found in lengths.items()}
        endings = "|".join(map(re.escape, sorted(self._lengths)))
        # "a.js" is not named by "a.js.map" or "a.json".
        self._whole = re.compile(rf"\.({endings})(?![\w-]|\.\w)")
        self._ending = re.compile(rf"[\"'`}}]([^\"'`/\\\s${{}}]*\.(?:{endings}))(?=[\"'`?#])")
        self._remembered = lru_cache(maxsize=256)(self._named_in)

    def named_in(self, text: str) -> Named:
        """The names that a text holds, in any of the ways that scripts write them."""
        # Many pages share a small script; large ones are files of their own.
        return (self._remembered if len(text) <= _SMALL else self._named_in)(text)

    # Private

    def _named_in(self, text: str) -> Named:
        if not self._lengths:
            return Named(frozenset(), frozenset(), frozenset())
        whole: set[str] = set()
        for form in _forms(text):
            for match in self._whole.finditer(form):
                for length in self._lengths[match.group(1)]:
                    if name := self._names.get(form[max(0, match.end() - length) : match.end()]):
                        whole.add(name)
            whole |= {name for name in self._bare if name in form}
        return Named(
            frozenset(whole),
            frozenset(match.group(1) for match in self._ending.finditer(text)),
            frozenset(
                match.group(2).replace("\\", "").rpartition("/")[2]
                for match in _REPLACED.finditer(text)
            ),
        )


class Kept:
    """The names that stay the only ones, of all texts of a site.

    everything: there is a text that may name any file.
    """

    def __init__(self) -> None:
        self.everything = False
        self._whole: set[str] = set()
        self._endings: set[str] = set()
        self._parts: set[str] = set()
        self._selected: set[str] = set()

    def add(self, named: Named) -> None:
        """Keep what a text names."""
        self._whole |= named.whole
        self._endings |= named.endings
        self._parts |= {part for part in named.parts if len(part) > 1}

    def select(self, value: str) -> None:
        """Keep what an attribute selector asks for: `img[src$="logo.png"]`."""
        self._selected.add(value)

    def __contains__(self, names: tuple[str, str]) -> bool:
        """Whether the file name must stay the only one; `names`: it, and the second one."""
        name, second = names
        return (
            self.everything
            or name in self._whole
            or name.endswith(tuple(self._endings))
            or any(part in name for part in self._parts)
            or any(
                name in value or ((last := value.rpartition("/")[2]) in name and last not in second)
                for value in self._selected
                if value
            )
        )


# Private


def _forms(text: str) -> set[str]:
    """The text, and what it is with its escapes resolved or dropped."""
    forms = {text}
    if "\\" in text:
        # "\\/" in JSON, "\\." in a regular expression
        forms.add(_ESCAPED.sub(_character, text).replace("\\", ""))
    if "%" in text:
        forms |= {unquote(form) for form in tuple(forms)}
    return forms


def _character(match: re.Match[str]) -> str:
    code = int(match.group(1) or match.group(2), 16)
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else ""
