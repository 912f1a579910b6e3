"""Axe over every kind of page: WCAG 2.2 AA and best practices, no finding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.tools import TEMPLATES, tool

Visit = Callable[..., Any]

MODES = [
    pytest.param({"color_scheme": "light"}, id="light"),
    pytest.param({"color_scheme": "dark"}, id="dark"),
    pytest.param({"forced_colors": "active"}, id="forced"),
]

RUN = """
async () => {
  const { violations } = await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    resultTypes: ["violations"],
  });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(" | ")}`);
}
"""


@pytest.fixture(scope="session")
def axe() -> str:
    return Path(tool("axe-core/axe.min.js")).read_text(encoding="utf-8")


def findings(page: Any, axe: str) -> list[str]:
    page.evaluate("document.fonts.ready.then(() => null)")
    page.evaluate(axe)
    found: list[str] = page.evaluate(RUN)
    return found


@pytest.mark.parametrize("width", [1440, 390, 320])
@pytest.mark.parametrize("options", MODES)
def test_no_page_keeps_anyone_out(
    visit: Visit, axe: str, width: int, options: dict[str, str]
) -> None:
    page = visit("/", viewport={"width": width, "height": 800}, bypass_csp=True, **options)
    found = {}
    for path in TEMPLATES:
        page.goto(path)
        if wrong := findings(page, axe):
            found[path] = wrong
    assert not found


@pytest.mark.parametrize("width", [1440, 390, 320])
@pytest.mark.parametrize("options", MODES)
def test_what_opens_keeps_nobody_out(
    visit: Visit, axe: str, width: int, options: dict[str, str]
) -> None:
    page = visit(
        "/ko/pieces/long-coat/",
        viewport={"width": width, "height": 800},
        bypass_csp=True,
        **options,
    )
    page.locator("[popovertarget=guide]").first.click()
    assert not findings(page, axe)
    page.keyboard.press("Escape")
    page.locator(".gallery .shot").first.click()
    assert not findings(page, axe)
    page.keyboard.press("Escape")
    page.locator("[name=size][value=M]").check()
    page.locator(".choose .button").click()
    page.locator("#drawer .line").wait_for()
    assert not findings(page, axe)
    page.locator("#drawer .head .close").click()
    page.locator(".top .search").click()
    page.keyboard.type("코트")
    page.locator("#find [role=option]").first.wait_for()
    assert not findings(page, axe)
    page.goto("/ko/bag/")
    page.locator("#bag .line").wait_for()
    assert not findings(page, axe)
    page.goto("/ko/shop/")
    if width < 1024:
        page.locator(".filters summary").click()
    assert not findings(page, axe)


def test_letters_can_be_read_where_colours_are_forced(visit: Visit) -> None:
    page = visit("/pieces/tote-bag/", forced_colors="active")
    page.locator(".choose .button").click()
    page.locator("#drawer .line").wait_for()
    for selector in (".choose .button", "#drawer .button", ".top .number", ".skip"):
        # Chromium lays the ground of the page behind letters: one of their colour hides them.
        colour, ground = page.locator(selector).evaluate(
            "each => [getComputedStyle(each).color, getComputedStyle(document.body).backgroundColor]"
        )
        assert colour != ground, selector


def test_what_is_wrong_is_found(visit: Visit, axe: str) -> None:
    page = visit("/", bypass_csp=True)
    page.evaluate("document.documentElement.removeAttribute('lang')")
    page.evaluate("document.querySelector('.hero img').removeAttribute('alt')")
    found = {each.partition(":")[0] for each in findings(page, axe)}
    assert found == {"html-has-lang", "image-alt"}
