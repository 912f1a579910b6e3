"""What holds over every page as it is served."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from urllib.parse import urljoin, urlsplit

import pytest

from tests.site_content.site_pages import Element, Page, Pressed

HOME_LIMIT = 100 * 1024


def references(page: Page) -> list[str]:
    """Every URL that a page names."""
    found = []
    for element in page.elements:
        found += [element[name] for name in ("href", "src") if element[name]]
        found += [part.split()[0] for part in element["srcset"].split(",") if part.strip()]
    return found


def inside(page: Page, url: str) -> str | None:
    """The path of a URL of this site, None for any other."""
    parts = urlsplit(urljoin(f"https://kaira.example{page.path}", url))
    return parts.path if parts.netloc == "kaira.example" else None


def names(element: Element) -> bool:
    return bool(element.text.strip() or element["aria-label"])


def test_every_page_is_there_in_every_language(pages: list[Page]) -> None:
    english = {page.path for page in pages if page.language == "en"}
    korean = {page.path.removeprefix("/ko") for page in pages if page.language == "ko"}
    assert english == korean
    assert english >= {"/index.html", "/about/index.html", "/visit/index.html", "/404.html"}


def test_nothing_of_the_workshop_is_published(pressed: Pressed) -> None:
    for path in pressed.bundle.files:
        assert not any(part.startswith("_") for part in path.split("/")), path
        assert not path.endswith((".toml", ".py")), path


def test_a_page_says_its_language_and_no_template_is_left_in_it(pages: list[Page]) -> None:
    for page in pages:
        assert page.all("html")[0]["lang"] == page.language, page.path
        assert "{{" not in page.source, page.path
        assert "{%" not in page.source, page.path


def test_titles_and_descriptions_are_there_and_differ(pages: list[Page]) -> None:
    titles = Counter(page.all("title")[0].text for page in pages)
    assert max(titles.values()) == 1, titles
    for page in pages:
        described = [tag["content"] for tag in page.all("meta") if tag["name"] == "description"]
        assert len(described) == 1, page.path
        assert 15 <= len(described[0]) <= 160, page.path
        assert len(page.all("h1")) == 1, page.path


def test_headings_leave_out_no_level(pages: list[Page]) -> None:
    for page in pages:
        levels = [int(heading.name[1]) for heading in page.all("h1", "h2", "h3", "h4", "h5", "h6")]
        assert levels[0] == 1
        for level, following in itertools.pairwise(levels):
            assert following <= level + 1, page.path


def test_every_internal_link_leads_somewhere(pressed: Pressed, pages: list[Page]) -> None:
    for page in pages:
        for url in references(page):
            path = inside(page, url)
            if path is not None:
                assert pressed.file(path) is not None, f"{page.path}: {url}"


def test_every_anchor_is_on_its_page(pages: list[Page]) -> None:
    for page in pages:
        ids = [element["id"] for element in page.elements if element["id"]]
        assert len(ids) == len(set(ids)), page.path
        for link in page.all("a"):
            if link["href"].startswith("#"):
                assert link["href"][1:] in ids, page.path
        for element in page.elements:
            for name in element["aria-labelledby"].split():
                assert name in ids, page.path


def test_a_link_stays_in_the_language_of_its_page(pages: list[Page]) -> None:
    for page in pages:
        for link in page.all("a"):
            if link["href"].startswith("/"):
                expected = link["hreflang"] or page.language
                assert link["href"].startswith("/ko/") == (expected == "ko"), page.path


def test_the_language_picker_keeps_the_page(pages: list[Page]) -> None:
    for page in pages:
        picked = {link["hreflang"]: link["href"] for link in page.all("a") if link["hreflang"]}
        other = "ko" if page.language == "en" else "en"
        path = page.path.removeprefix("/ko").removesuffix("index.html")
        if path == "/404.html":  # it stands in for any address: the first page is all there is
            path = "/"
        assert picked == {other: ("/ko" if other == "ko" else "") + path}, page.path


def test_alternates_are_mutual_and_the_canonical_is_the_page_itself(pages: list[Page]) -> None:
    for page in pages:
        links = page.all("link")
        canonical = [link["href"] for link in links if link["rel"] == "canonical"]
        alternates = {link["hreflang"]: link["href"] for link in links if link["hreflang"]}
        robots = [tag["content"] for tag in page.all("meta") if tag["name"] == "robots"]
        if page.path.endswith("/404.html"):
            assert not canonical
            assert not alternates
            assert robots == ["noindex"]
            continue
        here = "https://kaira.example" + page.path.removesuffix("index.html")
        assert canonical == [here]
        assert set(alternates) == {"en", "ko", "x-default"}
        assert alternates[page.language] == here
        assert alternates["x-default"] == alternates["en"]


def test_every_picture_says_what_it_shows_and_how_large_it_is(pages: list[Page]) -> None:
    for page in pages:
        for picture in page.all("img"):
            assert picture["alt"].strip(), page.path
            assert int(picture["width"]) > 0, page.path
            assert int(picture["height"]) > 0, page.path
            assert "picture" in picture.inside, page.path
        for drawing in page.all("svg"):
            if drawing["role"] == "img":
                assert drawing["aria-label"].strip(), page.path
            else:
                assert drawing["aria-hidden"] == "true", page.path


def test_no_page_has_a_style_or_a_script_of_its_own(pages: list[Page]) -> None:
    for page in pages:
        assert not page.all("style"), page.path
        for element in page.elements:
            assert "style" not in element.attributes, page.path
            assert not [name for name in element.attributes if name.startswith("on")], page.path
        for script in page.all("script"):
            assert script["src"], page.path
            assert not script.text.strip(), page.path


def test_a_page_has_landmarks_a_way_past_them_and_names_for_its_links(pages: list[Page]) -> None:
    for page in pages:
        for name in ("header", "main", "footer"):
            assert len(page.all(name)) == 1, page.path
        assert all(nav["aria-label"] for nav in page.all("nav")), page.path
        assert page.all("a")[0]["href"] == "#" + page.all("main")[0]["id"], page.path
        for link in page.all("a"):
            picture = '<svg class="wordmark"' in page.source and link["class"] == "name"
            assert names(link) or picture, page.path


def test_nothing_pretends_to_sell_or_to_send(pages: list[Page]) -> None:
    for page in pages:
        assert not page.all("form", "input", "button", "iframe"), page.path


def test_the_script_knows_the_hours_that_the_page_shows(pages: list[Page]) -> None:
    visits = [page for page in pages if page.path.endswith("/visit/index.html")]
    assert len(visits) == 2
    for page in visits:
        stores = [e["data-hours"].split("|") for e in page.elements if e["data-hours"]]
        shown = [cell.text.strip() for cell in page.all("td")]
        assert len(stores) * 7 == len(shown)
        for number, times in enumerate(time for week in stores for time in week):
            assert re.fullmatch(r"(\d\d:\d\d-\d\d:\d\d)?", times)
            if times:
                assert shown[number] == times.replace("-", "–")
            else:
                assert not re.search(r"\d", shown[number])


def test_assets_on_a_page_can_be_cached_for_ever(pressed: Pressed, pages: list[Page]) -> None:
    for page in pages:
        for url in references(page):
            path = inside(page, url)
            if path is not None and path.startswith("/assets/"):
                file = pressed.file(path)
                assert file is not None
                assert file.immutable, f"{page.path}: {url}"


def test_the_manifest_names_icons_that_exist(pressed: Pressed) -> None:
    manifest = json.loads(pressed.body("/site.webmanifest"))
    for icon in manifest["icons"]:
        assert pressed.file(icon["src"]) is not None
    assert pressed.file(manifest["start_url"]) is not None


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("pictures", ["avif", "webp"])
def test_the_first_page_weighs_less_than_100_kib(
    pressed: Pressed, pages: list[Page], language: str, pictures: str
) -> None:
    """With every picture in its widest form, lazy ones included, and text in gzip only."""
    home = {"en": "/index.html", "ko": "/ko/index.html"}[language]
    page = next(page for page in pages if page.path == home)

    def weight(url: str) -> int:
        file = pressed.file(url)
        assert file is not None
        sizes = {variant.coding: variant.size for variant in file.variants}
        return sizes.get("gzip", sizes["identity"])

    loaded = {page.path}
    for link in page.all("link"):
        if link["rel"] in ("stylesheet", "icon", "manifest"):
            loaded.add(link["href"])
    loaded |= {script["src"] for script in page.all("script")}
    if pictures == "webp":
        loaded |= {picture["src"] for picture in page.all("img")}
    else:
        for source in page.all("source"):
            widest = max(source["srcset"].split(","), key=lambda part: int(part.split()[1][:-1]))
            loaded.add(widest.split()[0])
    assert sum(map(weight, loaded)) < HOME_LIMIT
