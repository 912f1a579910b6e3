"""`/api/products`: what the pages of the shop show, for programs."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import orjson
from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

router = APIRouter(prefix="/api/products")


class _Read(NamedTuple):
    """A catalogue, read, and what it is in each language."""

    languages: tuple[str, ...]
    content: dict[str, dict[str, Any]]


class Filter(BaseModel):
    """The parameters of a list. `min_price` and `max_price` are both included."""

    model_config = ConfigDict(extra="forbid")

    lang: str | None = None
    category: str | None = None
    colour: str | None = None
    size: str | None = None
    min_price: int = Field(0, ge=0)
    max_price: int | None = Field(None, ge=0)
    sort: Literal["newest", "price-up", "price-down"] = "newest"
    page: int = Field(1, ge=1, le=1_000_000)
    per_page: int = Field(24, ge=1, le=100)


class Language(BaseModel):
    """The only parameter of a single product."""

    model_config = ConfigDict(extra="forbid")

    lang: str | None = None


def current_catalogue(request: Request) -> _Read:
    """The catalogue of the site that is served now; 404 if it has none."""
    path: Path | None = request.app.state.assets().bundle.catalogue
    if path is None:
        raise HTTPException(404, "This site has no catalogue.")
    return _read(path, path.stat().st_mtime_ns)


CurrentCatalogue = Annotated[_Read, Depends(current_catalogue)]
AcceptLanguage = Annotated[str, Header(alias="accept-language")]


@router.api_route("", methods=["GET", "HEAD"])
def products(
    request: Request,
    response: Response,
    catalogue: CurrentCatalogue,
    wanted: Annotated[Filter, Query()],
    accept_language: AcceptLanguage = "",
) -> dict[str, Any]:
    """A page of the products that fit, with the number of all that do."""
    language = _language(catalogue, wanted.lang, accept_language)
    content = catalogue.content[language]
    for key, table in (("category", "categories"), ("colour", "colours"), ("size", "sizes")):
        value = getattr(wanted, key)
        if value is not None and value.lower() not in content[table]:
            raise _invalid(key, value, content[table])
    found = [
        product
        for product in content["products"]
        if wanted.category in (None, product["category"])
        and (wanted.colour is None or wanted.colour in product["colours"])
        and (wanted.size is None or wanted.size.upper() in map(str.upper, product["sizes"]))
        and wanted.min_price <= product["price"]
        and (wanted.max_price is None or product["price"] <= wanted.max_price)
    ]
    if wanted.sort != "newest":
        found.sort(key=lambda each: each["price"], reverse=wanted.sort == "price-down")
    start = (wanted.page - 1) * wanted.per_page
    pages = max(1, -(-len(found) // wanted.per_page))
    here = request.url.replace(scheme="", netloc="")
    links = [
        f'<{here.include_query_params(page=page)}>; rel="{rel}"'
        for rel, page in (("prev", wanted.page - 1), ("next", wanted.page + 1))
        if 1 <= page <= pages
    ]
    if links:
        response.headers["link"] = ", ".join(links)  # RFC 8288
    _describe(response, language)
    return {
        "total": len(found),
        "page": wanted.page,
        "pages": pages,
        "per_page": wanted.per_page,
        "currency": content["currency"],
        "products": [_summary(content, each) for each in found[start : start + wanted.per_page]],
    }


@router.api_route("/{slug}", methods=["GET", "HEAD"])
def product(
    slug: str,
    response: Response,
    catalogue: CurrentCatalogue,
    wanted: Annotated[Language, Query()],
    accept_language: AcceptLanguage = "",
) -> dict[str, Any]:
    """One product with everything that its page says; 404 if there is none of that name."""
    language = _language(catalogue, wanted.lang, accept_language)
    content = catalogue.content[language]
    found = next((each for each in content["products"] if each["slug"] == slug), None)
    if found is None:
        raise HTTPException(404, f"There is no product {slug!r}.")
    _describe(response, language)
    fabric = content["fabrics"][found["fabric"]]
    return {
        **_summary(content, found),
        "currency": content["currency"],
        "story": found["story"],
        "fit": found["fit"],
        "fabric": {key: fabric[key] for key in ("name", "composition", "care")},
        "related": found["related"],
    }


# Private


@lru_cache(maxsize=2)
def _read(path: Path, _: int) -> _Read:
    """Read once for as long as the file is the same."""
    if path.suffix == ".toml":  # a folder that has not been pressed
        from kaira_fastapi_poetry.catalogue import read as read_toml  # noqa: PLC0415

        found = read_toml(path).plain()
    else:
        found = orjson.loads(path.read_bytes())
    return _Read(tuple(found["languages"]), found["content"])


def _describe(response: Response, language: str) -> None:
    response.headers["content-language"] = language
    response.headers["vary"] = "accept-language"
    response.headers["cache-control"] = "no-cache"


def _summary(content: dict[str, Any], product: dict[str, Any]) -> dict[str, Any]:
    keys = ("slug", "name", "line", "category", "price", "sizes", "since")
    return {
        **{key: product[key] for key in keys},
        "url": f"{content['prefix']}/pieces/{product['slug']}/",
        "colours": [
            {
                "slug": slug,
                "name": content["colours"][slug]["name"],
                "hex": content["colours"][slug]["hex"],
                "picture": f"/assets/products/{product['slug']}-{slug}-560.webp",
            }
            for slug in product["colours"]
        ],
    }


def _invalid(parameter: str, value: str, takes: Any) -> RequestValidationError:
    message = f"takes one of: {', '.join(takes)}"
    return RequestValidationError([{"loc": ("query", parameter), "msg": message, "input": value}])


def _language(catalogue: _Read, asked: str | None, accepted: str) -> str:
    """The language of the answer: `lang`, else the best of `Accept-Language` (RFC 9110, 12.5.4)."""
    languages = catalogue.languages
    if asked is not None:
        if asked not in languages:
            raise _invalid("lang", asked, languages)
        return asked
    best, weight = languages[0], 0.0
    for part in accepted.split(","):
        wanted, _, parameters = part.partition(";")
        name = wanted.strip().lower().partition("-")[0]
        try:
            quality = float(parameters.strip().removeprefix("q=")) if parameters.strip() else 1.0
        except ValueError:
            continue
        if name in languages and weight < quality <= 1:
            best, weight = name, quality
    return best
