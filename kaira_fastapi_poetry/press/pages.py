"""A folder with a `site.toml`: its pages are Jinja templates, rendered once a language."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
)

from kaira_fastapi_poetry.press.sources import PressError, Site, Source, clamped
from kaira_fastapi_poetry.press.texts import read_texts, read_toml
from kaira_fastapi_poetry.site import bundle

SETTINGS = "site.toml"
TEXTS = "_texts"

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")  # BCP 47, roughly
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, 5.6.2
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")


class Settings(NamedTuple):
    """What `site.toml` says."""

    languages: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    variables: dict[str, Any]


def is_template(site_dir: Path) -> bool:
    """Whether the folder is to be rendered."""
    return (site_dir / SETTINGS).is_file()


def render(site_dir: Path) -> Site:
    """The files of a folder with a `site.toml`, pages rendered in every language.

    Names that start with "_" are layouts, texts and the like: they are not published.

    Raises PressError with one line that names the file, and the line where that is known.
    """
    settings = read_settings(site_dir / SETTINGS)
    walked = list(bundle.walk(site_dir))
    private = [each for each in walked if _is_private(each[0])]
    texts = read_texts([(path, relative) for relative, path, _ in private], settings.languages)
    common = max(info.st_mtime for _, _, info in private)
    environment = _Environment(
        loader=FileSystemLoader(site_dir),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    site = Site(headers=settings.headers)
    for relative, path, info in walked:
        if _is_private(relative):
            continue
        if not relative.endswith(".html"):
            site.add(Source(relative, path, clamped(info.st_mtime), info.st_size))
            continue
        modified = clamped(max(info.st_mtime, common))
        for language in settings.languages:
            context = _context(relative, language, settings, texts[language])
            content = _rendered(environment, site_dir, relative, context)
            prefix = _prefix(language, settings)[1:]
            site.add(Source(f"{prefix}{relative}", path, modified, len(content), content))
    return site


def read_settings(path: Path) -> Settings:
    """Read `site.toml`. Raises PressError if it is not as it should be."""
    table = read_toml(path)
    for key in table.keys() - set(Settings._fields):
        raise PressError(f"{path}: unknown key {key!r}; there are {', '.join(Settings._fields)}")
    languages = table.get("languages")
    if (
        not isinstance(languages, list)
        or not languages
        or not all(isinstance(each, str) and _LANGUAGE.fullmatch(each) for each in languages)
        or len(set(languages)) < len(languages)
    ):
        raise PressError(f'{path}: languages: takes a list of languages, such as ["en", "ko"]')
    headers = table.get("headers", {})
    variables = table.get("variables", {})
    for key, value in (("headers", headers), ("variables", variables)):
        if not isinstance(value, dict):
            raise PressError(f"{path}: {key}: takes a table, [{key}]")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise PressError(f"{path}: headers: {name!r} is not the name of a header")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise PressError(f"{path}: headers.{name}: takes one line of ASCII text")
    return Settings(tuple(languages), tuple(headers.items()), variables)


# Private


class _Environment(Environment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        # A text may be called "items" or "title"; Python's methods of the same name step back.
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def _is_private(relative: str) -> bool:
    return relative == SETTINGS or any(part.startswith("_") for part in relative.split("/"))


def _prefix(language: str, settings: Settings) -> str:
    return "/" if language == settings.languages[0] else f"/{language}/"


def _context(
    relative: str, language: str, settings: Settings, texts: dict[str, Any]
) -> dict[str, Any]:
    path = (
        bundle.url_path(relative.removesuffix("index.html"))
        if (relative == "index.html" or relative.endswith("/index.html"))
        else bundle.url_path(relative)
    )

    def in_language(code: str) -> Callable[[str], str]:
        return lambda path: _prefix(code, settings) + path.removeprefix("/")

    return {
        "t": texts,
        "site": settings.variables,
        "lang": language,
        "path": path,
        "url": in_language(language),
        "alternates": [(code, in_language(code)(path)) for code in settings.languages],
    }


def _rendered(
    environment: Environment, site_dir: Path, relative: str, context: dict[str, Any]
) -> bytes:
    try:
        return environment.get_template(relative).render(context).encode()
    except TemplateSyntaxError as error:
        raise PressError(
            f"{error.filename or error.name}:{error.lineno}: {error.message}"
        ) from None
    except Exception as error:  # a template can raise whatever its expressions do
        where = str(site_dir / relative)
        for frame in traceback.extract_tb(error.__traceback__):
            if Path(frame.filename).is_relative_to(site_dir):
                where = f"{frame.filename}:{frame.lineno}"
        reason = str(error) if isinstance(error, TemplateError) else repr(error)
        raise PressError(f"{where}: {reason}") from None
