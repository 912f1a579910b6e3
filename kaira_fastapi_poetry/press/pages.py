"""A folder with a `site.toml`: its pages are Jinja templates, rendered once a language.

A folder or file whose name is in brackets stands for many: `shop/[product]/index.html` is
rendered for each product of the catalogue, which the template knows as `product`. A file that
is no page but made of a template too has ".jinja" at its end: `sitemap.xml.jinja`.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import re
import traceback
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import orjson
from jinja2 import (
    Environment,
    FunctionLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
)

from kaira_fastapi_poetry import catalogue
from kaira_fastapi_poetry.catalogue import Catalogue, CatalogueError
from kaira_fastapi_poetry.press.sources import Font, PressError, Site, Source, clamped
from kaira_fastapi_poetry.press.texts import read_texts, read_toml
from kaira_fastapi_poetry.site import bundle

SETTINGS = "site.toml"
TEMPLATE = ".jinja"

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")  # BCP 47, roughly
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, 5.6.2
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")
_RANGE = re.compile(r"[Uu]\+([0-9A-Fa-f]{1,6})(?:-([0-9A-Fa-f]{1,6}))?")
_BRACKETS = re.compile(r"\[([a-z_]+)\]")


class Settings(NamedTuple):
    """What `site.toml` says."""

    languages: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    variables: dict[str, Any]
    lists: dict[str, list[str]]
    fonts: dict[str, Font]


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
        loader=_templates(site_dir, walked),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["integrity"] = _integrity(site_dir)
    site = Site(headers=settings.headers)
    goods = read_catalogue(site_dir, settings.languages)
    shelves = {code: _shelves(goods, code, settings) for code in settings.languages}
    published: list[str] = []

    def publish(relative: str, path: Path, modified: int) -> None:
        for names in _combinations(relative, shelves[settings.languages[0]]):
            for language in settings.languages:
                context = _context(relative, names, language, settings, texts[language])
                context |= shelves[language].context(names) | {"pages": published}
                try:
                    content = _rendered(environment, site_dir, relative, context)
                except _SkipError:
                    break
                target = _filled(relative, names).removesuffix(TEMPLATE)
                prefix = _prefix(language, settings)[1:]
                site.add(Source(f"{prefix}{target}", path, modified, len(content), content))
            else:
                if relative.endswith(".html"):
                    published.append(context["path"])

    public = [each for each in walked if not _is_private(each[0])]
    for kind in (".html", TEMPLATE):  # what lists the pages comes after them
        for relative, path, info in public:
            if relative.endswith(kind):
                publish(relative, path, clamped(max(info.st_mtime, common)))
    for relative, path, info in public:
        if not relative.endswith((".html", TEMPLATE)):
            site.add(Source(relative, path, clamped(info.st_mtime), info.st_size))
    site.fonts = settings.fonts
    site.catalogue = orjson.dumps(goods.plain()) if goods else None
    return site


def read_catalogue(site_dir: Path, languages: tuple[str, ...]) -> Catalogue | None:
    """The catalogue of the site, if it has one. Raises PressError if it is not in order."""
    path = site_dir / bundle.CATALOGUE
    if not path.is_file():
        return None
    try:
        goods = catalogue.read(path)
    except CatalogueError as error:
        raise PressError(str(error)) from None
    if place := goods.missing(languages):
        raise PressError(f"{path}: {place}: takes a text in each of {', '.join(languages)}")
    return goods


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
    tables = {key: table.get(key, {}) for key in ("headers", "variables", "lists", "fonts")}
    for key, value in tables.items():
        if not isinstance(value, dict):
            raise PressError(f"{path}: {key}: takes a table, [{key}]")
    headers, variables, lists, fonts = tables.values()
    for name, slugs in lists.items():
        if not _are_strings(slugs):
            raise PressError(f"{path}: lists.{name}: takes a list of strings")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise PressError(f"{path}: headers: {name!r} is not the name of a header")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise PressError(f"{path}: headers.{name}: takes one line of ASCII text")
    cuts = {target: _font(stated, f"{path}: fonts.{target}") for target, stated in fonts.items()}
    return Settings(tuple(languages), tuple(headers.items()), variables, lists, cuts)


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


def _are_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _font(stated: Any, where: str) -> Font:
    if not isinstance(stated, dict) or not isinstance(stated.get("source"), str):
        raise PressError(f"{where}: takes a table with a source")
    if unknown := stated.keys() - {"source", "range", "elements", "pages", "without"}:
        raise PressError(f"{where}: unknown key {min(unknown)!r}")
    for key in ("elements", "pages"):
        if not _are_strings(stated.get(key, [])):
            raise PressError(f"{where}.{key}: takes a list of strings")
    ranges = []
    for each in str(stated.get("range", "U+0-10FFFF")).split(","):
        match = _RANGE.fullmatch(each.strip())
        if match is None:
            raise PressError(f"{where}.range: takes ranges as in CSS, U+AC00-D7A3")
        ranges.append((int(match.group(1), 16), int(match.group(2) or match.group(1), 16)))
    return Font(
        stated["source"],
        tuple(ranges),
        tuple(stated.get("elements", [])),
        tuple(stated.get("pages", [])),
        stated.get("without"),
    )


class _SkipError(Exception):
    """The template has nothing to say here: no page."""


def _skip() -> NoReturn:
    raise _SkipError


class _Shelves(NamedTuple):
    """What a name in brackets goes through, by slug, and the catalogue, in one language."""

    entries: dict[str, dict[str, Any]]
    catalogue: dict[str, Any] | None

    def context(self, names: Mapping[str, str]) -> dict[str, Any]:
        """What the template of one page knows."""
        chosen = {name: self.entries[name][slug] for name, slug in names.items()}
        return {"catalogue": self.catalogue, **chosen}


def _shelves(goods: Catalogue | None, language: str, settings: Settings) -> _Shelves:
    entries: dict[str, dict[str, Any]] = {
        name: {slug: slug for slug in slugs} for name, slugs in settings.lists.items()
    }
    if goods is None:
        return _Shelves(entries, None)
    content = goods.in_language(language)
    entries["product"] = {each["slug"]: each for each in content["products"]}
    entries["category"] = content["categories"]
    entries["colour"] = content["colours"]
    entries["size"] = content["sizes"]
    entries["price"] = content["bands"]
    return _Shelves(entries, content)


def _combinations(relative: str, shelves: _Shelves) -> Iterator[dict[str, str]]:
    """What the names in brackets of a path stand for: one empty combination if there are none."""
    names = _BRACKETS.findall(relative)
    for name in names:
        if name not in shelves.entries:
            raise PressError(f"{relative}: [{name}] is no list of the site")
    for slugs in itertools.product(*(shelves.entries[name] for name in names)):
        yield dict(zip(names, slugs, strict=True))


def _filled(relative: str, names: Mapping[str, str]) -> str:
    return _BRACKETS.sub(lambda match: names[match.group(1)], relative)


def _context(
    relative: str,
    names: Mapping[str, str],
    language: str,
    settings: Settings,
    texts: dict[str, Any],
) -> dict[str, Any]:
    relative = _filled(relative, names).removesuffix(TEMPLATE)
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
        "skip": _skip,
        "url": in_language(language),
        "alternates": [(code, in_language(code)(path)) for code in settings.languages],
    }


def _integrity(site_dir: Path) -> Callable[[str], str]:
    """What a page says of a file that it loads, so that a browser takes no other content for it.

    For files with a fingerprint in their names: any other may be of another release than the page.
    """

    @cache
    def integrity(path: str) -> str:
        content = (site_dir / path.removeprefix("/")).read_bytes()
        return f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}"

    return integrity


def _templates(
    site_dir: Path, walked: Iterable[tuple[str, Path, os.stat_result]]
) -> FunctionLoader:
    """Every file by its name in composed characters, however the disk and a template spell it."""
    paths = {relative: path for relative, path, _ in walked}

    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        name = unicodedata.normalize("NFC", name)
        if (path := paths.get(name)) is None:
            return None
        return path.read_text(encoding="utf-8"), str(site_dir / name), lambda: True

    return FunctionLoader(load)


def _rendered(
    environment: Environment, site_dir: Path, relative: str, context: dict[str, Any]
) -> bytes:
    try:
        return environment.get_template(relative).render(context).encode()
    except _SkipError:
        raise
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
