"""`/api/products`: the catalogue for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kaira_fastapi_poetry.catalogue import CatalogueError, read
from tests.app.running import Server, kaira, serving, write
from tests.http_table import UVICORN

CATALOGUE = """
currency = "KRW"
prices = [100, 200]

[categories]
coats = { name = { en = "Coats", ko = "코트" }, line = { en = "Coats.", ko = "코트." } }
bags = { name = { en = "Bags", ko = "가방" }, line = { en = "Bags.", ko = "가방." } }

[colours]
ink = { name = { en = "ink", ko = "먹색" }, hex = "#111111" }
oat = { name = { en = "oat", ko = "귀리색" }, hex = "#cccccc" }

[fabrics.wool]
name = { en = "Wool", ko = "울" }
composition = { en = "Wool.", ko = "울." }
care = { en = "Brush.", ko = "솔질." }

[guides.tops]
drawing = "top"
sizes = ["S", "M"]
measures = { chest = [84, 90] }
"""


def entry(
    slug: str,
    category: str,
    price: int,
    since: str,
    colours: str = '"ink"',
    sizes: str = '"S", "M"',
) -> str:
    texts = "\n".join(
        f'{key} = {{ en = "{key} {slug}", ko = "{key} 옷 {slug}" }}'
        for key in ("name", "line", "look", "story", "fit")
    )
    return f"""
[[products]]
slug = "{slug}"
category = "{category}"
fabric = "wool"
guide = "tops"
colours = [{colours}]
sizes = [{sizes}]
price = {price}
since = {since}
views = ["front"]
{texts}
"""


GOODS = CATALOGUE + "".join(
    [
        entry("one", "coats", 50, "2026-01-01"),
        entry("two", "coats", 150, "2026-03-01", '"ink", "oat"', '"M"'),
        entry("three", "bags", 250, "2026-02-01", '"oat"'),
    ]
)

SITE = {
    "site.toml": 'languages = ["en", "ko"]\n',
    "index.html": "<!DOCTYPE html><title>x</title>",
    "_catalogue.toml": GOODS,
}


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = write(tmp_path_factory.mktemp("seller") / "site", SITE).parent
    done = kaira("press", folder=folder, SITE_DIR="site")
    assert done.returncode == 0, done.stderr
    with serving(folder, SITE_DIR="site", WEB_CONCURRENCY="1") as server:
        yield server


def slugs(server: Server, query: str = "") -> list[str]:
    answer = server.ask(f"/api/products{query}")
    assert answer.status == 200, answer.body
    return [each["slug"] for each in answer.json()["products"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["two", "three", "one"]),
        ("?sort=price-up", ["one", "two", "three"]),
        ("?sort=price-down", ["three", "two", "one"]),
        ("?category=coats", ["two", "one"]),
        ("?colour=oat", ["two", "three"]),
        ("?size=s", ["three", "one"]),
        ("?size=S&colour=ink", ["one"]),
        ("?min_price=150", ["two", "three"]),
        ("?max_price=150", ["two", "one"]),
        ("?min_price=60&max_price=70", []),
        ("?per_page=2", ["two", "three"]),
        ("?per_page=2&page=2", ["one"]),
        ("?per_page=2&page=3", []),
    ],
)
def test_a_list_can_be_filtered_sorted_and_paged(
    seller: Server, query: str, expected: list[str]
) -> None:
    assert slugs(seller, query) == expected


def test_a_page_says_where_the_next_one_is(seller: Server) -> None:
    first = seller.ask("/api/products?per_page=2&sort=price-up")
    assert first.json() | {"products": None} == {
        "total": 3, "page": 1, "pages": 2, "per_page": 2, "currency": "KRW", "products": None,
    }  # fmt: skip
    assert first.headers["link"] == '</api/products?per_page=2&sort=price-up&page=2>; rel="next"'
    assert '; rel="prev"' in seller.ask("/api/products?per_page=2&page=2").headers["link"]
    assert "link" not in seller.ask("/api/products").headers


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("", "", "en"),
        ("", "ko", "ko"),
        ("", "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("", "en;q=0.2, ko;q=0.1", "en"),
        ("", "fr, de;q=0.9", "en"),
        ("", "ko;q=0", "en"),
        ("", "ko;q=nonsense, en", "en"),
        ("?lang=ko", "en", "ko"),
        ("?lang=en", "ko", "en"),
    ],
)
def test_the_answer_is_in_the_language_that_is_asked_for(
    seller: Server, query: str, accept: str, language: str
) -> None:
    for path in ("/api/products", "/api/products/one"):
        answer = seller.ask(path + query, headers={"accept-language": accept})
        assert answer.headers["content-language"] == language
        assert "accept-language" in answer.headers["vary"]
        body = answer.json()
        product = body["products"][0] if "products" in body else body
        assert ("옷" in product["name"]) == (language == "ko")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("?category=hats", "category"),
        ("?colour=pink", "colour"),
        ("?size=XXL", "size"),
        ("?sort=cheap", "sort"),
        ("?page=0", "page"),
        ("?page=x", "page"),
        ("?per_page=1000", "per_page"),
        ("?min_price=-1", "min_price"),
        ("?lang=fr", "lang"),
        ("?color=ink", "color"),
        ("/one?lang=fr", "lang"),
        ("/one?x=1", "x"),
    ],
)
def test_a_bad_parameter_is_named(seller: Server, query: str, named: str) -> None:
    answer = seller.ask(f"/api/products{query}")
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["parameter"] for each in answer.json()["errors"]] == [named]


def test_one_product_has_everything_its_page_says(seller: Server) -> None:
    product = seller.ask("/api/products/two?lang=ko").json()
    assert product["story"] == "story 옷 two"
    assert product["fabric"] == {"name": "울", "composition": "울.", "care": "솔질."}
    assert [each["name"] for each in product["colours"]] == ["먹색", "귀리색"]
    assert product["price"] == 150
    assert product["currency"] == "KRW"
    assert product["related"] == ["three"]


def test_a_product_that_is_not_there_is_a_problem(seller: Server) -> None:
    answer = seller.ask("/api/products/four")
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_site_without_a_catalogue_says_so(start: Callable[..., Server], tmp_path: Path) -> None:
    write(tmp_path / "site", {"index.html": "x"})
    answer = start(SITE_DIR="site", WEB_CONCURRENCY="1").ask("/api/products")
    assert answer.status == 404
    assert "catalogue" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (('category = "coats"', 'category = "hats"'), "hats"),
        (('colours = ["ink"]', 'colours = ["pink"]'), "pink"),
        (('sizes = ["M"]', 'sizes = ["XL"]'), "XL"),
        (('slug = "two"', 'slug = "one"'), "two products"),
        (("price = 50", "price = 0"), "price"),
        (("price = 50", "price = 50\nprize = 1"), "prize"),
        (("chest = [84, 90]", "chest = [84]"), "chest"),
        (('ko = "코트."', 'kr = "코트."'), "coats.line"),
        (("currency", "= currency"), "line"),
    ],
)
def test_a_mistake_in_the_catalogue_ends_the_press_with_one_line(
    tmp_path: Path, change: tuple[str, str], named: str
) -> None:
    assert change[0] in GOODS
    write(tmp_path / "site", {**SITE, "_catalogue.toml": GOODS.replace(*change, 1)})
    done = kaira("press", folder=tmp_path, SITE_DIR="site")
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert "_catalogue.toml" in lines[0]
    assert named in lines[0]


def test_reading_something_else_says_what_is_wrong(tmp_path: Path) -> None:
    path = write(tmp_path, {"_catalogue.toml": b"\xff"}) / "_catalogue.toml"
    with pytest.raises(CatalogueError, match=r"_catalogue\.toml"):
        read(path)
    with pytest.raises(CatalogueError, match="nothing"):
        read(tmp_path / "nothing.toml")


def test_related_pieces_are_of_other_kinds(tmp_path: Path) -> None:
    catalogue: Any = read(write(tmp_path, {"c.toml": GOODS}) / "c.toml")
    one, two, three = catalogue.products
    assert [each.slug for each in catalogue.related(one)] == ["three"]
    assert {each.slug for each in catalogue.related(three)} == {"one", "two"}
    assert two.slug not in [each.slug for each in catalogue.related(two)]


def test_the_documentation_says_how_errors_look(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path / "site", {"index.html": "x"})
    server = start(SITE_DIR="site", DEBUG="true")
    paths = server.ask("/openapi.json").json()["paths"]
    assert set(paths) == {"/health", "/api/info", "/api/products", "/api/products/{slug}"}
    for operations in paths.values():
        for operation in operations.values():
            assert (
                "422" not in operation["responses"]
            )  # FastAPI's own form of it, which is not ours
            assert list(operation["responses"]["default"]["content"]) == [
                "application/problem+json"
            ]


def test_the_first_request_writes_log_lines_and_nothing_else(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    write(tmp_path / "site", SITE)
    server = start(SITE_DIR="site")
    assert server.ask("/api/products").status == 200
    assert server.ask("/api/products/one").status == 200
    assert [line for line in server.errors.read_text().splitlines() if "warn" in line.lower()] == []


@pytest.mark.parametrize("path", ["/api/products", "/api/products?lang=ko", "/api/products/two"])
def test_a_folder_that_was_not_pressed_gives_the_same_answers(
    seller: Server, start: Callable[..., Server], tmp_path: Path, path: str
) -> None:
    write(tmp_path / "site", SITE)
    assert start(UVICORN, SITE_DIR="site").ask(path).body == seller.ask(path).body
