"""What holds over every page as it is served."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import json
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import pytest
from fontTools.ttLib import TTFont

from kaira_fastapi_poetry.catalogue import read
from tests.site_content.site_pages import Element, Page, Pressed

SITE = Path(__file__).parents[2] / "kaira-1.0.0"
UNLISTED = {"/404.html", "/offline/index.html", "/maintenance/index.html"}


def references(page: Page) -> list[str]:
    """Every URL that a page names, for its scripts too."""
    found = []
    for element in page.elements:
        named = ("href", "src", "action", "data-catalogue", "data-worker", "data-shop")
        found += [element[name] for name in named if element[name]]
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
    anchors = {page.path: [each["id"] for each in page.elements if each["id"]] for page in pages}
    followed = 0
    for page in pages:
        ids = anchors[page.path]
        assert len(ids) == len(set(ids)), page.path
        for link in page.all("a"):
            path, _, anchor = link["href"].partition("#")
            if anchor:
                there = path + "index.html" if path.endswith("/") else path or page.path
                assert anchor in anchors[there], f"{page.path}: {link['href']}"
                followed += path != ""
        for element in page.elements:
            for name in element["aria-labelledby"].split():
                assert name in ids, page.path
    assert followed > 100


def test_a_link_stays_in_the_language_of_its_page(pages: list[Page]) -> None:
    for page in pages:
        for link in page.all("a"):
            if link["href"].startswith("/") and not link["href"].startswith("/assets/"):
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
        if page.path.removeprefix("/ko") in UNLISTED:
            assert not canonical
            assert not alternates
            assert robots == ["noindex"]
            continue
        here = "https://kaira.example" + page.path.removesuffix("index.html")
        # The same products in another order are one page to a search engine.
        assert canonical == [re.sub(r"(sort/)?(newest|price-up|price-down)/$", "", here)]
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
            if script["type"] == "application/ld+json":
                assert json.loads(script.text)["@context"] == "https://schema.org"
            else:
                assert script["src"], page.path
                assert not script.text.strip(), page.path


def test_a_page_has_landmarks_a_way_past_them_and_names_for_its_links(pages: list[Page]) -> None:
    for page in pages:
        for name in ("header", "main", "footer"):
            assert len(page.all(name)) == 1, page.path
        assert all(nav["aria-label"] for nav in page.all("nav")), page.path
        assert page.all("a")[0]["href"] == "#" + page.all("main")[0]["id"], page.path
        for link in page.all("a"):
            if "template" in link.inside:  # the script fills it
                continue
            picture = '<svg class="wordmark"' in page.source and link["class"] == "name"
            assert names(link) or picture, page.path


def test_no_form_goes_nowhere_or_asks_for_what_it_must_not(
    pressed: Pressed, pages: list[Page]
) -> None:
    for page in pages:
        assert not page.all("iframe"), page.path
        for form in page.all("form"):
            assert form["method"] in ("", "get"), page.path
            assert pressed.file(form["action"]) is not None, page.path
        for field in page.all("input"):
            assert field["type"] in ("search", "text", "radio"), page.path
            assert not field["autocomplete"].startswith("cc-"), page.path


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
            # What a script imports keeps its only name, and so does what a link shows by itself.
            linked = url in [link["href"] for link in page.all("a")]
            if not linked and path and path.startswith("/assets/") and not path.endswith(".js"):
                file = pressed.file(path)
                assert file is not None
                assert file.immutable, f"{page.path}: {url}"


def test_a_script_is_run_only_as_it_was_when_the_page_was_made(
    pressed: Pressed, pages: list[Page]
) -> None:
    for page in pages:
        scripts = [script for script in page.all("script") if script["src"]]
        assert scripts or page.path == "/maintenance/index.html", page.path
        for script in scripts:
            digest = hashlib.sha384(pressed.body(script["src"])).digest()
            stated = f"sha384-{base64.b64encode(digest).decode()}"
            assert script["integrity"] == stated, f"{page.path}: {script['src']}"
            # Else the page would refuse the next release's.
            assert pressed.bundle.files[script["src"]].immutable, f"{page.path}: {script['src']}"


def test_the_manifest_names_icons_that_exist(pressed: Pressed) -> None:
    manifest = json.loads(pressed.body("/site.webmanifest"))
    for icon in manifest["icons"]:
        assert pressed.file(icon["src"]) is not None
    assert pressed.file(manifest["start_url"]) is not None


@pytest.mark.parametrize("prefix", ["", "/ko"])
def test_every_product_has_a_page_with_its_data(
    pressed: Pressed, pages: list[Page], prefix: str
) -> None:
    catalogue = read(SITE / "_catalogue.toml")
    assert len(catalogue.products) >= 24
    assert len(catalogue.categories) >= 5
    by_path = {page.path: page for page in pages}
    for product in catalogue.products:
        page = by_path[f"{prefix}/pieces/{product.slug}/index.html"]
        script = next(each for each in page.all("script") if each["type"] == "application/ld+json")
        stated = json.loads(script.text)["@graph"][0]
        assert stated["offers"]["price"] == product.price
        assert stated["offers"]["priceCurrency"] == "KRW"
        assert pressed.file(stated["image"].removeprefix("https://kaira.example")) is not None
        assert {each["value"] for each in page.all("input") if each["name"] == "colour"} == set(
            product.colours
        )


def test_a_size_guide_has_a_value_for_every_size_of_its_product(pages: list[Page]) -> None:
    catalogue = read(SITE / "_catalogue.toml")
    by_path = {page.path: page for page in pages}
    for product, prefix in itertools.product(catalogue.products, ("", "/ko")):
        page = by_path[f"{prefix}/pieces/{product.slug}/index.html"]
        guide = catalogue.guides[product.guide]
        shown = [float(cell.text) for cell in page.all("td") if "tbody" in cell.inside]
        assert shown == [
            value
            for values in guide.measures.values()
            for size, value in zip(guide.sizes, values, strict=True)
            if size in product.sizes
        ], page.path
        heads = [head.text for head in page.all("th") if "thead" in head.inside]
        assert heads == (list(product.sizes) if guide.measures else []), page.path


def test_what_is_said_of_a_page_where_it_is_shared_is_true(
    pressed: Pressed, pages: list[Page]
) -> None:
    for page in pages:
        if page.path.removeprefix("/ko") in UNLISTED:
            continue
        said = {tag["property"]: tag["content"] for tag in page.all("meta") if tag["property"]}
        canonical = next(link["href"] for link in page.all("link") if link["rel"] == "canonical")
        description = next(
            tag["content"] for tag in page.all("meta") if tag["name"] == "description"
        )
        assert said["og:title"] == page.all("title")[0].text
        assert said["og:description"] == description
        assert said["og:url"] == canonical
        assert said["og:locale"] == {"en": "en_GB", "ko": "ko_KR"}[page.language]
        image = inside(page, said["og:image"])
        assert image is not None
        assert pressed.body(image).startswith(b"\xff\xd8"), page.path


def test_structured_data_names_pages_and_pictures_that_exist(
    pressed: Pressed, pages: list[Page]
) -> None:
    required = {
        "Product": {"name", "description", "image", "offers", "brand"},
        "BreadcrumbList": {"itemListElement"},
        "Organization": {"name", "url", "logo"},
        "Article": {"headline", "image", "datePublished", "author", "publisher"},
    }
    seen = Counter[str]()
    for page in pages:
        for script in page.all("script"):
            if script["type"] != "application/ld+json":
                continue
            stated = json.loads(script.text)
            for entry in stated.get("@graph", [stated]):
                seen[entry["@type"]] += 1
                assert required[entry["@type"]] <= entry.keys(), page.path
            for url in re.findall(r'"(https://kaira\.example[^"#]*)', script.text):
                path = inside(page, url)
                assert path is not None
                assert pressed.file(path) is not None, f"{page.path}: {url}"
    assert seen == {"Product": 48, "BreadcrumbList": 48, "Organization": 2, "Article": 8}


def test_one_face_has_all_that_korean_headings_are_set_in(
    pressed: Pressed, pages: list[Page]
) -> None:
    cut: dict[str, set[str]] = {}
    for page in pages:
        faces = [
            link["href"]
            for link in page.all("link")
            if link["rel"] == "preload" and link["as"] == "font"
        ]
        assert len(faces) == 1, page.path
        if page.language != "ko":
            continue
        assert "/display-hangul" in faces[0], page.path
        if faces[0] not in cut:
            with TTFont(io.BytesIO(pressed.body(faces[0]))) as font:
                cut[faces[0]] = {chr(code) for code in font.getBestCmap()}
        for heading in page.all("h1", "h2"):
            missing = set(re.findall(r"[가-힣]", heading.text)) - cut[faces[0]]
            assert not missing, f"{page.path}: {heading.text}"
    assert len(cut) == 4


def test_the_sitemap_lists_every_page_that_is_to_be_found(
    pressed: Pressed, pages: list[Page]
) -> None:
    sitemap = pressed.body("/sitemap.xml").decode()
    listed = set(re.findall("<loc>https://kaira.example(.*?)</loc>", sitemap))
    for path in listed:
        assert pressed.file(path) is not None, path
    for page in pages:
        own = page.path.removesuffix("index.html")
        canonical = [link["href"] for link in page.all("link") if link["rel"] == "canonical"]
        private = own.removeprefix("/ko") in ("/bag/", "/wishlist/", "/search/")
        found = canonical == [f"https://kaira.example{own}"] and not private
        assert (own in listed) == found, own
    assert "Sitemap: https://kaira.example/sitemap.xml" in pressed.body("/robots.txt").decode()


@pytest.mark.parametrize("prefix", ["", "/ko"])
def test_the_feed_has_every_article(pressed: Pressed, pages: list[Page], prefix: str) -> None:
    feed = ElementTree.fromstring(pressed.body(f"{prefix}/journal/feed.xml"))
    atom = "{http://www.w3.org/2005/Atom}"
    links = [entry.find(f"{atom}link").get("href") for entry in feed.findall(f"{atom}entry")]  # type: ignore[union-attr]
    articles = {
        f"https://kaira.example{page.path.removesuffix('index.html')}"
        for page in pages
        if re.fullmatch(rf"{prefix}/journal/[^/]+/index.html", page.path)
    }
    assert len(articles) >= 4
    assert set(links) == articles


def test_the_search_knows_every_product_in_both_languages(pressed: Pressed) -> None:
    english = json.loads(pressed.body("/search/index.json"))["products"]
    korean = json.loads(pressed.body("/ko/search/index.json"))["products"]
    assert [each["slug"] for each in english] == [each["slug"] for each in korean]
    for one, other in zip(english, korean, strict=True):
        assert one["name"] != other["name"]
        assert one["words"][0] == other["words"][0]
        for colour in one["colours"].values():
            assert pressed.file(colour["picture"]) is not None
