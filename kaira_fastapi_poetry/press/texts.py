"""The texts of a site in its languages: `_texts/*.toml`.

    [hero]
    title = { en = "Linen", ko = "리넨" }

in `_texts/home.toml` is `{{ t.home.hero.title }}` in a template.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kaira_fastapi_poetry.press.sources import PressError


def read_texts(
    files: Iterable[tuple[Path, str]], languages: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """The texts by language, then by file and key.

    files: (path, path in the site) of what may be texts.

    Raises PressError if a text lacks a language or is in one that the site does not have.
    """
    texts: dict[str, dict[str, Any]] = {language: {} for language in languages}
    for path, relative in files:
        folder, _, name = relative.rpartition("/")
        if folder != "_texts" or not name.endswith(".toml"):
            continue
        table = read_toml(path)
        for language in languages:
            texts[language][name.removesuffix(".toml")] = {
                key: _in(language, value, languages, f"{path}: {key}")
                for key, value in table.items()
            }
    return texts


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises PressError with its name, and the line if it is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
    except UnicodeDecodeError:
        raise PressError(f"{path}: is not UTF-8") from None
    line = _LINE.search(reason)
    raise PressError(f"{path}:{line.group(1)}: {reason}" if line else f"{path}: {reason}")


# Private

_LINE = re.compile(r"\bline (\d+)")


def _in(language: str, value: Any, languages: tuple[str, ...], where: str) -> Any:
    if not isinstance(value, dict):
        raise PressError(f"{where}: takes a table of languages, {{ {languages[0]} = … }}")
    if not value or any(isinstance(each, dict) for each in value.values()):
        return {
            key: _in(language, each, languages, f"{where}.{key}") for key, each in value.items()
        }
    for missing in languages:
        if missing not in value:
            raise PressError(f"{where}: has no text in {missing!r}")
    for unknown in value:
        if unknown not in languages:
            raise PressError(f"{where}: {unknown!r} is not among the site's languages")
    return value[language]
