"""The products: one file, from which come pages, search and `/api/products`.

A site that sells has a `_catalogue.toml`. Texts in it are written once a language, side by
side; whoever reads a product asks for it in one of them.
"""

from __future__ import annotations

import datetime
import itertools
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Texts = dict[str, Annotated[str, Field(min_length=1)]]  # by language
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class CatalogueError(Exception):
    """The catalogue cannot be used; the message is one line for whoever writes it."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Category(_Entry):
    """A kind of product, with a page of its own."""

    name: Texts
    line: Texts


class Colour(_Entry):
    """A colour that products come in; `hex` is how it is shown as a dot."""

    name: Texts
    hex: str = Field(pattern=r"^#[0-9a-f]{6}$")


class Fabric(_Entry):
    """What products are made of, and how that is looked after."""

    name: Texts
    composition: Texts
    care: Texts


class Guide(_Entry):
    """A size guide: for each measure the centimetres of each size, in the order of `sizes`.

    drawing: which of the drawings shows where to measure.
    """

    drawing: Slug
    sizes: tuple[str, ...]
    measures: dict[Slug, tuple[float, ...]]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name, values in self.measures.items():
            if len(values) != len(self.sizes):
                raise ValueError(f"{name} has {len(values)} values for {len(self.sizes)} sizes")
        return self


class Product(_Entry):
    """One product. `price` is in whole units of the catalogue's currency."""

    slug: Slug
    category: Slug
    fabric: Slug
    guide: Slug
    colours: tuple[Slug, ...] = Field(min_length=1)
    sizes: tuple[str, ...] = Field(min_length=1)
    price: int = Field(gt=0)
    since: datetime.date
    views: tuple[Slug, ...] = Field(min_length=1)
    name: Texts
    line: Texts
    look: Texts
    story: Texts
    fit: Texts


class Catalogue(_Entry):
    """All there is to sell."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    prices: tuple[int, ...]
    categories: dict[Slug, Category]
    colours: dict[Slug, Colour]
    fabrics: dict[Slug, Fabric]
    guides: dict[Slug, Guide]
    products: tuple[Product, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        tables: dict[str, Mapping[str, object]] = {
            "category": self.categories,
            "fabric": self.fabrics,
            "guide": self.guides,
        }
        seen: set[str] = set()
        for product in self.products:
            if product.slug in seen:
                raise ValueError(f"there are two products {product.slug!r}")
            seen.add(product.slug)
            for key, table in tables.items():
                if getattr(product, key) not in table:
                    raise ValueError(f"{product.slug}: no {key} {getattr(product, key)!r}")
            if unknown := set(product.colours) - self.colours.keys():
                raise ValueError(f"{product.slug}: no colour {min(unknown)!r}")
            if unknown := set(product.sizes) - set(self.guides[product.guide].sizes):
                raise ValueError(f"{product.slug}: no size {min(unknown)!r} in its guide")
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of its texts, the first one first."""
        return tuple(self.products[0].name) if self.products else ()

    def in_language(self, language: str) -> dict[str, Any]:
        """The catalogue as plain values, every text in `language` only.

        `prefix` is what paths of that language begin with: nothing for the first one.
        Entries of tables say their own `slug`. Beside them are `sizes`, all that there are, and
        `bands` of prices, from `low` up to but not including `high`; both by slug too. Products
        are in order, the newest first, and each entry names those that belong to it. Of a
        product there are also its `related` ones and its names in all languages, `words`.
        """
        content: dict[str, Any] = _in(self.model_dump(mode="json"), language)
        for table in ("categories", "colours", "fabrics", "guides"):
            for slug, entry in content[table].items():
                entry["slug"] = slug
        content["prefix"] = "" if language == self.languages[0] else f"/{language}"
        for product, entry in zip(self.products, content["products"], strict=True):
            entry["related"] = [each.slug for each in self.related(product)]
            entry["words"] = list(product.name.values())
        products = sorted(content["products"], key=lambda each: each["since"], reverse=True)
        content["products"] = products
        sizes = {size: None for guide in self.guides.values() for size in guide.sizes}
        content["sizes"] = {size.lower(): {"slug": size.lower(), "name": size} for size in sizes}
        content["bands"] = {
            slug: {"slug": slug, "low": low, "high": high} for slug, low, high in self.bands()
        }
        belonging: dict[str, Callable[[dict[str, Any], dict[str, Any]], bool]] = {
            "categories": lambda entry, product: product["category"] == entry["slug"],
            "colours": lambda entry, product: entry["slug"] in product["colours"],
            "sizes": lambda entry, product: entry["name"] in product["sizes"],
            "bands": lambda entry, product: (
                entry["low"] <= product["price"] < (entry["high"] or float("inf"))
            ),
        }
        for table, belongs in belonging.items():
            for entry in content[table].values():
                entry["products"] = [each for each in products if belongs(entry, each)]
            content[table] = {
                slug: entry for slug, entry in content[table].items() if entry["products"]
            }
        return content

    def related(self, product: Product, count: int = 4) -> list[Product]:
        """What goes with a product: of other categories, first what has colours in common.

        No two of them are of the same category, as far as there are enough.
        """
        others = [each for each in self.products if each.category != product.category]
        others.sort(key=lambda each: (-len(set(each.colours) & set(product.colours)), each.slug))
        firsts = {each.category: each for each in reversed(others)}
        best = sorted(firsts.values(), key=others.index)
        return (best + [each for each in others if each not in best])[:count]

    def bands(self) -> list[tuple[str, int, int | None]]:
        """Name, lowest price and the one above the highest, of each band of prices."""
        ends = [0, *self.prices]
        bands: list[tuple[str, int, int | None]] = []
        for low, high in itertools.zip_longest(ends, self.prices):
            slug = f"over-{low}" if high is None else f"{low}-{high}" if low else f"under-{high}"
            bands.append((slug, low, high))
        return bands

    def plain(self) -> dict[str, Any]:
        """All that programs are told, as plain values: languages, and the content in each.

        Without the products of an entry, which would stand there once more each time.
        """
        contents = {language: self.in_language(language) for language in self.languages}
        for content in contents.values():
            for table in content.values():
                for entry in table.values() if isinstance(table, dict) else ():
                    entry.pop("products", None)
        return {"languages": self.languages, "content": contents}

    def missing(self, languages: tuple[str, ...]) -> str | None:
        """The place of the first text that lacks one of `languages`, or has one more."""
        return _missing(self.model_dump(), set(languages), "")


def read(path: Path) -> Catalogue:
    """Read a `_catalogue.toml`.

    Raises CatalogueError with one line that names the file and the place in it.
    """
    try:
        return Catalogue.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CatalogueError(f"{path}: {place}: {first['msg']}") from None
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{path}: {error}") from None


# Private


def _in(value: Any, language: str) -> Any:
    if isinstance(value, dict):
        if language in value:
            return value[language]
        return {key: _in(each, language) for key, each in value.items()}
    if isinstance(value, list):
        return [_in(each, language) for each in value]
    return value


def _missing(value: object, languages: set[str], place: str) -> str | None:
    if isinstance(value, dict):
        if value.keys() & languages and value.keys() != languages:
            return place
        entries = value.items()
    elif isinstance(value, tuple | list):
        entries = dict(enumerate(value)).items()
    else:
        return None
    for key, each in entries:
        if found := _missing(each, languages, f"{place}.{key}".lstrip(".")):
            return found
    return None
