"""What visitors do, from looking for a piece to sending the request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.tools import TEMPLATES

Visit = Callable[..., Any]

PHONE = {"width": 390, "height": 800}
DESK = {"width": 1280, "height": 900}


def put_in(page: Any, slug: str, size: str | None = "M", prefix: str = "") -> None:
    """Open a product, choose a size and put it into the bag; the drawer is closed again."""
    page.goto(f"{prefix}/pieces/{slug}/")
    if size:
        page.locator(f"[name=size][value={size}]").check()
    page.locator(".choose .button").click()
    page.locator("#drawer .line").first.wait_for()
    page.locator("#drawer .head .close").click()


def sum_of(page: Any) -> int:
    """The sum on the bag's page in won."""
    return int(re.sub(r"\D", "", page.locator("#bag .sum strong").inner_text()))


@pytest.mark.parametrize(
    ("path", "query", "first"),
    [
        ("/ko/", "롱 코트", "long-coat"),
        ("/ko/", "ㅎㄹㅂ", "long-coat"),
        ("/ko/", "크루낵", "crew-jumper"),
        ("/ko/", "overshirt", "overshirt"),
        ("/", "herringbone", "long-coat"),
        ("/", "cardigna", "cardigan"),
        ("/", "CARDIGAN", "cardigan"),
        ("/", "가디건", "cardigan"),
        ("/", "spaceship", None),
        ("/", "주름치마", "pleated-skirt"),
        ("/", "moss vest", "knit-vest"),
    ],
)
def test_a_piece_is_found_as_one_types(
    visit: Visit, path: str, query: str, first: str | None
) -> None:
    page = visit(path)
    page.locator(".top .search").click()
    page.keyboard.type(query)
    said = page.locator("#find .none:not(:empty)")
    if first is None:
        said.wait_for()
        assert said.inner_text() == f"Nothing found for “{query}”."
        assert page.locator("#find [role=option]").count() == 0
        return
    option = page.locator("#find [role=option]").first
    option.wait_for()
    assert f"/pieces/{first}/" in option.get_attribute("data-url")
    page.keyboard.press("ArrowDown")
    assert option.get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/pieces/{first}/")


def test_the_search_page_finds_what_its_address_asks_for(visit: Visit) -> None:
    page = visit("/ko/search/?q=%EC%B9%98%EB%A7%88")
    page.locator(".count:not(:empty)").wait_for()
    shown = page.locator(".card:visible")
    slugs = [shown.nth(i).get_attribute("data-slug") for i in range(shown.count())]
    assert {"pleated-skirt", "a-line-skirt", "column-skirt"} <= set(slugs)
    assert str(len(slugs)) in page.locator(".count").inner_text()


def test_filters_add_up_and_have_addresses(visit: Visit) -> None:
    page = visit("/shop/knitwear/")
    page.locator(".filters [data-key=size][data-value=xl]").click()
    page.wait_for_url("**/shop/?category=knitwear&size=xl")
    shown = page.locator(".card:visible")
    assert [shown.nth(i).get_attribute("data-slug") for i in range(shown.count())] == [
        "crew-jumper"
    ]
    page.locator(".filters [data-key=size][data-value=xl]").click()
    assert page.locator(".card:visible").count() == 4
    page.locator(".filters [data-value=price-up]").click()
    prices = [
        int(page.locator(".card:visible").nth(i).get_attribute("data-price")) for i in range(4)
    ]
    assert prices == sorted(prices)
    page.go_back()
    page.go_back()
    assert page.locator(".card:visible").count() == 1
    page.go_forward()
    assert page.locator(".card:visible").count() == 4
    page.go_back()
    page.reload()
    assert page.locator(".card:visible").count() == 1
    page.locator(".clear").click()
    assert page.locator(".card:visible").count() == 24


def test_from_a_filter_to_the_order_request(visit: Visit) -> None:
    page = visit("/shop/coats/")
    page.locator("[data-slug=long-coat] a").click()
    page.wait_for_url("**/pieces/long-coat/")
    page.locator(".choose .button").click()
    assert page.locator(".wrong").inner_text() == "Choose a size first."
    page.locator("[value=oat]").check()
    page.locator("[name=size][value=M]").check()
    page.locator(".choose .button").click()
    line = page.locator("#drawer .line")
    line.wait_for()
    # Beside an open dialog nothing is heard.
    page.locator(
        "#drawer [role=status]", has_text="Herringbone Long Coat is in your bag."
    ).wait_for(state="attached")
    assert "oat, M" in line.inner_text()
    assert "₩690,000" in line.inner_text()
    page.locator("#drawer .more-one").click()
    page.get_by_text("₩1,380,000").first.wait_for()
    page.locator("#drawer .button").click()
    page.wait_for_url("**/bag/")
    page.locator("#bag .line").wait_for()
    assert sum_of(page) == 1_380_000
    page.reload()
    page.locator("#bag .line").wait_for()
    assert sum_of(page) == 1_380_000
    page.locator("#who").fill("Kim Min-ji")
    page.locator("#note").fill("Ring twice & wait")
    address = urlsplit(page.locator(".mail").get_attribute("href"))
    letter = parse_qs(address.query)
    assert address.scheme == "mailto"
    assert "2 × Herringbone Long Coat, oat, M: ₩1,380,000" in letter["body"][0]
    assert "Kim Min-ji" in letter["body"][0]
    assert "Ring twice & wait" in letter["body"][0]
    assert letter["subject"] == ["Order request: 2 pieces in the bag, ₩1,380,000"]


def test_the_request_can_be_copied(visit: Visit) -> None:
    page = visit("/", permissions=["clipboard-read", "clipboard-write"])
    put_in(page, "wool-scarf", None)
    page.goto("/bag/")
    page.locator(".request .copy").click()
    page.get_by_text("on your clipboard").wait_for(state="attached")
    assert "Lambswool Scarf, oat: ₩110,000" in page.evaluate("navigator.clipboard.readText()")


def test_a_row_is_taken_out_and_put_back(visit: Visit) -> None:
    page = visit("/")
    put_in(page, "wool-scarf", None)
    put_in(page, "tote-bag", None)
    page.goto("/bag/")
    page.locator("#bag .line").nth(1).wait_for()
    assert sum_of(page) == 230_000
    page.locator("#bag .remove").first.click()
    page.locator("#bag .line").nth(1).wait_for(state="detached")
    assert sum_of(page) == 120_000
    assert "₩3,500" in page.locator("#bag .delivery").inner_text()
    page.locator("#bag .undo button").click()
    page.locator("#bag .line").nth(1).wait_for()
    assert sum_of(page) == 230_000


def test_two_tabs_are_in_step(visit: Visit) -> None:
    page = visit("/bag/")
    other = page.context.new_page()
    put_in(other, "roll-neck")
    page.locator("#bag .line").wait_for()
    assert sum_of(page) == 230_000
    assert page.locator(".top .number").inner_text() == "1"
    page.locator("#bag .remove").click()
    other.locator(".top .number:empty").wait_for(state="attached")


def test_the_language_changes_and_the_bag_stays(visit: Visit) -> None:
    page = visit("/")
    put_in(page, "cardigan")
    page.goto("/pieces/cardigan/")
    page.locator(".top .language").click()
    page.wait_for_url("**/ko/pieces/cardigan/")
    page.locator(".top .bag").click()
    page.locator("#drawer .line").wait_for()
    assert "버튼 카디건" in page.locator("#drawer .line").inner_text()
    assert "흙색, M" in page.locator("#drawer .line").inner_text()


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("/shop/?category=knitwear&size=xl", "/ko/shop/?category=knitwear&size=xl"),
        ("/ko/search/?q=%EC%BD%94%ED%8A%B8", "/search/?q=%EC%BD%94%ED%8A%B8"),
        ("/pieces/crew-jumper/#moss", "/ko/pieces/crew-jumper/#moss"),
    ],
)
def test_the_other_language_shows_the_same(visit: Visit, path: str, other: str) -> None:
    page = visit(path)
    page.locator(".top .language").click()
    page.wait_for_url(lambda url: url.endswith(other))


def test_by_keyboard_alone(visit: Visit) -> None:
    page = visit("/pieces/tote-bag/")

    def go_to(selector: str) -> None:
        for _ in range(60):
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"the focus does not come to {selector}")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    go_to(".choose .button")
    page.keyboard.press("Enter")
    page.locator("#drawer .line").wait_for()
    go_to("#drawer .more-one")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#drawer output').textContent === '2'")
    assert page.evaluate("document.activeElement.className") == "more-one"
    page.keyboard.press("Escape")
    assert not page.locator("#drawer").is_visible()
    assert page.evaluate("document.activeElement.closest('.choose') !== null")


def test_the_wishlist_keeps_what_is_marked(visit: Visit) -> None:
    page = visit("/shop/")
    page.locator("[data-slug=slip-dress] .wish").click()
    page.locator("[data-slug=overshirt].card .wish").click()
    page.goto("/wishlist/")
    assert page.locator(".card:visible").count() == 2
    page.locator(".card:visible .wish").first.click()
    assert page.locator(".card:visible").count() == 1
    page.locator(".card:visible .wish").click()
    page.locator(".nothing").wait_for()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_without_script_all_can_be_read(visit: Visit, viewport: dict[str, int]) -> None:
    page = visit("/", java_script_enabled=False, viewport=viewport)
    page.locator(".top").get_by_role("link", name="Shop").click()
    if viewport is PHONE:  # a desk has room for the filters
        page.locator(".filters summary").click()
    page.locator(".filters [data-value=dresses]").click()
    page.wait_for_url("**/shop/dresses/")
    assert page.locator(".card:visible").count() == 4
    if viewport is PHONE:
        page.locator(".filters summary").click()
    page.locator(".filters [data-value=moss]").click()
    page.wait_for_url("**/shop/dresses/colour/moss/")
    assert page.locator(".card:visible").count() == 2
    page.locator(".card a").first.click()
    page.wait_for_url("**/pieces/*/**")
    assert page.locator(".gallery img").count() >= 3
    assert not page.locator(".choose .act").is_visible()
    assert page.locator("noscript a[href^=mailto]").count() == 1


@pytest.mark.parametrize(
    "broken",
    [
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })",
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }",
    ],
    ids=["forbidden", "full"],
)
def test_where_nothing_can_be_stored_the_bag_lasts_as_long_as_the_page(
    visit: Visit, broken: str
) -> None:
    page = visit("/pieces/tote-bag/", before=broken)
    page.locator(".choose .button").click()
    page.locator("#drawer .line").wait_for()
    assert page.locator("#drawer .volatile").is_visible()
    assert page.locator(".top .number").inner_text() == "1"


@pytest.mark.parametrize(
    "stored",
    [
        [{"slug": "gone", "colour": "ink", "size": "M", "n": 2}],
        [{"slug": "long-coat", "colour": "pink", "size": "M", "n": 2}],
        [{"slug": "long-coat", "colour": "ink", "size": "XXL", "n": 2}],
    ],
    ids=["piece", "colour", "size"],
)
def test_what_is_no_longer_made_is_said_and_not_counted(
    visit: Visit, stored: list[dict[str, Any]]
) -> None:
    rows = [*stored, {"slug": "tote-bag", "colour": "ink", "size": "One", "n": 1}]
    page = visit("/", before=f"localStorage.setItem('kaira.bag', {json.dumps(json.dumps(rows))})")
    page.goto("/bag/")
    page.locator("#bag .line").nth(1).wait_for()
    assert page.locator("#bag .gone:visible").count() == 1
    assert sum_of(page) == 120_000
    assert "gone" not in page.locator(".letter[tabindex]").inner_text()
    address = urlsplit(page.locator(".mail").get_attribute("href"))
    assert parse_qs(address.query)["subject"] == ["Order request: 1 piece in the bag, ₩120,000"]


@pytest.mark.parametrize("stored", ["{", "null", "7", '[null, 3, {"slug": 1}]', '{"a": 1}'])
def test_a_store_with_rubbish_in_it_is_an_empty_bag(visit: Visit, stored: str) -> None:
    page = visit("/", before=f"localStorage.setItem('kaira.bag', {json.dumps(stored)})")
    page.goto("/bag/")
    page.locator("#bag .empty").wait_for()


def test_pictures_come_closer_and_the_colour_is_in_the_address(visit: Visit) -> None:
    page = visit("/pieces/crew-jumper/#moss")
    assert page.locator("[value=moss]").is_checked()
    page.locator("[value=ink]").check()
    assert page.url.endswith("#ink")
    page.locator(".gallery .in-ink").click()
    zoom = page.locator("#zoom img")
    zoom.wait_for()
    width = zoom.bounding_box()["width"]
    page.locator("#zoom .larger").click()
    assert zoom.bounding_box()["width"] == pytest.approx(2 * width)
    page.keyboard.press("Escape")
    assert not page.locator("#zoom").is_visible()


def test_pages_that_were_seen_open_without_a_connection(visit: Visit) -> None:
    page = visit("/")
    page.mouse.move(100, 100)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.goto("/pieces/long-coat/")
    page.wait_for_load_state("networkidle")
    visit.tolerated.append("net::ERR_")  # what the page of the other language would load
    page.context.set_offline(True)
    page.goto("/pieces/long-coat/")
    assert page.locator("h1").inner_text().replace("\n", " ") == "Herringbone Long Coat"
    # The first page, which was there before anything could keep it.
    page.goto("/")
    assert page.locator("h1").inner_text().replace("\n", " ") == "The cloth comes first."
    assert page.locator(".hero img").evaluate("image => image.decode().then(() => true)")
    page.goto("/ko/help/")
    assert page.locator("h1").inner_text() == "실이 끊겼습니다."
    page.context.set_offline(False)


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1180, 1190, 1440])
@pytest.mark.parametrize("path", ["/", "/ko/"])
def test_the_name_and_the_pages_have_room(visit: Visit, path: str, width: int) -> None:
    page = visit(path, viewport={"width": width, "height": 800})
    name, pages, tools = (
        page.locator(f".top {each}").bounding_box() for each in (".name", ".pages", ".tools")
    )
    beside = name["x"] + name["width"] <= pages["x"]
    below = name["y"] + name["height"] <= pages["y"]
    assert beside or below
    assert name["x"] + name["width"] <= tools["x"]
    assert tools["x"] + tools["width"] <= width


# 640 is a small desk at 200 %.
@pytest.mark.parametrize("width", [320, 390, 640, 768, 1024, 1440])
def test_nothing_is_wider_than_the_window(visit: Visit, width: int) -> None:
    page = visit("/", viewport={"width": width, "height": 800})
    wider = []
    for path in TEMPLATES:
        page.goto(path)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            wider.append(path)
    assert not wider
