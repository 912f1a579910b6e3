"""What holds over the folder of the site, before anything is pressed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PICTURE_LIMIT = 60 * 1024
HANGUL = re.compile(r"[가-힣]")
# What reads the same in Korean: the name, addresses of mail, numbers.
SAME = re.compile(r"[\d\s.,:;@/+-]*")


def texts(site: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every text: its key, and what it is in each language."""

    def walk(key: str, table: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        if all(isinstance(value, dict) for value in table.values()):
            for name, value in table.items():
                yield from walk(f"{key}.{name}", value)
        else:
            yield key, table

    for path in sorted((site / "_texts").glob("*.toml")):
        yield from walk(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))


def templates(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_every_text_is_there_in_every_language(site: Path, configuration: dict[str, Any]) -> None:
    languages = set(configuration["languages"])
    found = list(texts(site))
    assert len(found) > 50
    wrong = [
        key
        for key, values in found
        if set(values) != languages or not all(str(value).strip() for value in values.values())
    ]
    assert not wrong


def test_the_korean_texts_are_korean_and_the_english_ones_are_not(site: Path) -> None:
    for key, values in texts(site):
        if SAME.fullmatch(values["en"]):
            continue
        assert HANGUL.search(values["ko"]), key
        # The name on the cloth is quoted as it stands there.
        assert not HANGUL.search(values["en"].replace("카이라", "")), key


def test_a_text_asks_for_the_same_values_in_every_language(site: Path) -> None:
    for key, values in texts(site):
        asked = {frozenset(re.findall(r"\{\w+\}", text)) for text in values.values()}
        assert len(asked) == 1, key


def test_no_text_is_written_into_a_template(site: Path) -> None:
    for path in templates(site):
        source = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        source = re.sub(r"\{%.*?%\}", "", source, flags=re.DOTALL)
        source = source.replace("한국어", "")  # the languages are called by their own names
        assert not HANGUL.search(source), path


def test_no_template_holds_a_style_or_a_script_of_its_own(site: Path) -> None:
    for path in templates(site):
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", source), path
        scripts = re.findall(r"<script\b[^>]*>", source)
        assert all("src=" in tag or "application/ld+json" in tag for tag in scripts), path


def test_every_picture_is_small_and_is_used(site: Path) -> None:
    used = "".join(path.read_text(encoding="utf-8") for path in templates(site))
    pictures = sorted((site / "assets/pictures").iterdir())
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size <= PICTURE_LIMIT, picture.name
        if picture.suffix == ".jpg":  # for links that are shared
            assert picture.name in used, picture.name
            continue
        name, _, width = picture.stem.rpartition("-")
        assert picture.suffix in (".avif", ".webp")
        assert f'"{name}"' in used, picture.name
        assert re.search(rf"\b{width}\b", used), picture.name


def test_every_product_has_its_pictures_and_no_others_are_there(site: Path) -> None:
    table = tomllib.loads((site / "_catalogue.toml").read_text(encoding="utf-8"))
    wanted = set()
    for product in table["products"]:
        shown = [*product["colours"], *(view for view in product["views"] if view != "front")]
        assert len(product["views"]) >= 2, product["slug"]
        for name in shown:
            stem = f"{product['slug']}-{name}"
            wanted |= {f"{stem}-{width}.avif" for width in (400, 800)} | {f"{stem}-560.webp"}
        wanted.add(f"{product['slug']}-og.jpg")
    pictures = list((site / "assets/products").iterdir())
    assert {picture.name for picture in pictures} == wanted
    assert max(picture.stat().st_size for picture in pictures) <= PICTURE_LIMIT
    assert len({picture.read_bytes() for picture in pictures}) == len(pictures)
    every = [*pictures, *(site / "assets/pictures").iterdir()]
    assert sum(picture.stat().st_size for picture in every) < 20 * 1024 * 1024


def test_the_policy_allows_nothing_inline_and_nothing_foreign(
    configuration: dict[str, Any],
) -> None:
    headers = configuration["headers"]
    directives = {
        name: set(values)
        for name, *values in (
            directive.split() for directive in headers["Content-Security-Policy"].split(";")
        )
    }
    assert directives["default-src"] == {"'none'"}
    for name in ("script-src", "style-src", "font-src", "connect-src", "manifest-src"):
        assert directives[name] == {"'self'"}, name
    assert directives["img-src"] == {"'self'", "data:"}
    assert directives["base-uri"] == directives["frame-ancestors"] == {"'none'"}
    assert directives["form-action"] == {"'self'"}
    assert directives["require-trusted-types-for"] == {"'script'"}
    assert directives["trusted-types"] == {"kaira"}  # for the address of the worker, no other
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    for name in ("Opener", "Resource"):
        assert headers[f"Cross-Origin-{name}-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"


def test_the_script_asks_for_nothing_that_trusted_types_forbid(site: Path) -> None:
    for path in site.rglob("*.js"):
        source = path.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", source
        )
