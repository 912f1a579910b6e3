"""A folder with a `site.toml`."""

from __future__ import annotations

import os
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha384

import pytest

from kaira_fastapi_poetry.press.press import PressError
from tests.press.folder import Folder

Press = Callable[..., Folder]

SITE = 'languages = ["en", "ko"]\n[headers]\nX-Test = "a b"\n[variables]\nname = "Kaira"\n'
TEXTS = """
title = { en = "Linen & wool", ko = "리넨" }
[hero.items]
one = { en = ["a", "b"], ko = ["가", "나"] }
"""


def files(**more: str) -> dict[str, str]:
    return {"site.toml": SITE, "_texts/home.toml": TEXTS, **more}


def test_a_page_is_rendered_once_a_language(pressed: Press) -> None:
    template = (
        "{% extends '_layout/base.html' %}\n{% block body %}\n"
        "{{ lang }} {{ site.name }} {{ t.home.title }} {{ t.home.hero.items.one[1] }} {{ path }}\n"
        "{{ url('/x/') }} {% for code, link in alternates %}{{ code }}={{ link }} {% endfor %}\n"
        "{% endblock %}\n"
    )
    site = pressed(
        {
            **files(),
            "_layout/base.html": "<main>\n{% block body %}{% endblock %}</main>\n",
            "about/index.html": template,
        }
    )
    assert site.text("/about/index.html") == (
        "<main>\nen Kaira Linen &amp; wool b /about/\n/x/ en=/about/ ko=/ko/about/ </main>\n"
    )
    assert site.text("/ko/about/index.html") == (
        "<main>\nko Kaira 리넨 나 /about/\n/ko/x/ en=/about/ ko=/ko/about/ </main>\n"
    )
    assert site.bundle.headers == (("X-Test", "a b"),)


def test_templates_are_found_however_the_disk_spells_their_names(pressed: Press) -> None:
    whole, part = (unicodedata.normalize("NFD", name) for name in ("봄.html", "_조각.html"))
    site = pressed({**files(), whole: "a {% include '_조각.html' %} c", part: "b"})
    assert site.text("/%EB%B4%84.html") == "a b c"


@pytest.mark.parametrize(
    ("name", "path"),
    [("index.html", "/"), ("404.html", "/404.html"), ("봄/index.html", "/%EB%B4%84/")],
)
def test_the_path_is_without_language_and_file_name(pressed: Press, name: str, path: str) -> None:
    site = pressed({**files(), name: "{{ path }} {{ url(path) }}"})
    written = path if path.endswith("html") else f"{path}index.html"
    assert site.text(written) == f"{path} {path}"
    assert site.text(f"/ko{written}") == f"{path} /ko{path}"


def test_only_what_is_meant_for_visitors_is_published(pressed: Press) -> None:
    site = pressed(
        {
            **files(),
            "index.html": "x",
            "a/_draft.html": "{{ broken",
            "_data/a.json": "{}",
            "b/_x/c.txt": "x",
            "robots.txt": "{{ no template }}",
            "style.css": "p{}",
        }
    )
    names = ["/index.html", "/ko/index.html", "/robots.txt", "/style.css"]
    assert sorted(site.bundle.files) == names
    assert site.text("/robots.txt") == "{{ no template }}"


def test_a_rendered_page_is_pressed_like_any_other(pressed: Press) -> None:
    site = pressed({**files(), "index.html": "<img src={{ '/a.png' }}>", "a.png": "x"})
    assert site.text("/ko/index.html") == f"<img src={site.second('/a.png')}>"


def test_a_page_can_vouch_for_what_it_loads(pressed: Press) -> None:
    page = "<script src=/a.js integrity={{ integrity('/a.js') }}></script>"
    site = pressed({**files(), "index.html": page, "a.js": "alert(1)"})
    digest = b64encode(sha384(b"alert(1)").digest()).decode()
    said = f"<script src={site.second('/a.js')} integrity=sha384-{digest}></script>"
    assert site.text("/index.html") == said


def test_headers_that_name_a_file_or_vouch_for_a_style_are_kept_true(pressed: Press) -> None:
    from kaira_fastapi_poetry.press.references import digests_of

    style = "p{background:url(a.png)}"
    digest = digests_of(style.encode())[0]
    toml = (
        "languages = ['en']\n[headers]\nLink = '</b.css>; rel=preload; as=style'\n"
        f"Content-Security-Policy = \"style-src 'sha256-{digest}='\"\n"
    )
    page = f"<style>{style}</style><link rel=stylesheet href=b.css>"
    site = pressed({"site.toml": toml, "index.html": page, "a.png": "x", "b.css": "p{}"})
    assert site.text("/index.html") == page


def test_a_rendered_page_is_as_new_as_the_newest_it_is_made_of(pressed: Press) -> None:
    site = pressed({**files(), "index.html": "x", "b.html": "x", "a.txt": "x"})
    ages = {"site.toml": 10, "_texts/home.toml": 30, "index.html": 20, "b.html": 40, "a.txt": 5}
    for name, seconds in ages.items():
        os.utime(site.site_dir / name, (seconds, seconds))
    site.press()
    found = {path: file.modified for path, file in site.bundle.files.items()}
    assert found == {
        "/index.html": 30, "/ko/index.html": 30, "/b.html": 40, "/ko/b.html": 40, "/a.txt": 5,
    }  # fmt: skip


def test_a_change_of_a_text_is_seen(pressed: Press) -> None:
    site = pressed({**files(), "index.html": "{{ t.home.title }}"})
    assert site.press({"_texts/home.toml": 'title = { en = "New", ko = "새" }'}).text(
        "/ko/index.html"
    ) == "새"  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"site.toml": "languages = [\n]]"}, r"site\.toml:2: "),
        ({"site.toml": ""}, r"site\.toml: languages"),
        ({"site.toml": "languages = []"}, r"site\.toml: languages"),
        ({"site.toml": 'languages = "en"'}, r"site\.toml: languages"),
        ({"site.toml": 'languages = ["../x"]'}, r"site\.toml: languages"),
        ({"site.toml": 'languages = ["en", "en"]'}, r"site\.toml: languages"),
        ({"site.toml": SITE + "\n[extra]"}, r"site\.toml: unknown key 'extra'"),
        ({"site.toml": 'languages=["en"]\nheaders = 1'}, r"site\.toml: headers"),
        ({"site.toml": 'languages=["en"]\nvariables = 1'}, r"site\.toml: variables"),
        ({"site.toml": 'languages=["en"]\n[headers]\nX = 1'}, r"site\.toml: headers\.X"),
        ({"site.toml": 'languages=["en"]\n[headers]\nX = "a\\r\\nb"'}, r"site\.toml: headers\.X"),
        ({"site.toml": 'languages=["en"]\n[headers]\n"X Y" = "a"'}, r"site\.toml: headers: 'X Y'"),
        ({"_texts/a.toml": "\n\nx = \n"}, r"_texts/a\.toml:3: "),
        ({"_texts/a.toml": 'b.c = { en = "x" }'}, r"_texts/a\.toml: b\.c: .*'ko'"),
        ({"_texts/a.toml": 'c = { en = "x", ko = "y", fr = "z" }'}, r"a\.toml: c: 'fr'"),
        ({"_texts/a.toml": 'c = "x"'}, r"a\.toml: c: takes a table"),
        ({"index.html": "x\n{% if %}"}, r"index\.html:2: "),
        ({"index.html": "x\n\n{{ t.home.none }}"}, r"index\.html:3: .*none"),
        ({"index.html": "x\n{{ nothing }}"}, r"index\.html:2: .*nothing"),
        ({"index.html": "{{ 1 / 0 }}"}, r"index\.html:1: .*ZeroDivision"),
        ({"index.html": "\n{% include '_none.html' %}"}, r"index\.html:2: .*_none\.html"),
        ({"index.html": "{% include '_a.html' %}", "_a.html": "\n{{ x }}"}, r"_a\.html:2: "),
        ({"index.html": "{% extends '_a.html' %}", "_a.html": "\n\n{% x %}"}, r"_a\.html:3: "),
        ({"index.html": b"\xff"}, r"index\.html.*UTF-8|index\.html.*utf-8"),
        ({"ko/index.html": "x"}, r"ko/index\.html"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_its_place(
    folder: Folder, changes: dict[str, str | bytes], message: str
) -> None:
    folder.write({**files(), "index.html": "x", **changes})
    with pytest.raises(PressError, match=message) as raised:
        folder.press()
    assert "\n" not in str(raised.value)


def test_a_mistake_leaves_the_former_bundle(pressed: Press, folder: Folder) -> None:
    pressed({**files(), "index.html": "good"})
    with pytest.raises(PressError):
        folder.press({"index.html": "{{ bad"})
    assert folder.text("/index.html") == "good"


CATALOGUE = """
currency = "KRW"
prices = [100]
guides.tops = { drawing = "top", sizes = ["S"], measures = {} }
fabrics.wool = { name = { en = "Wool", ko = "울" }, composition = { en = "c", ko = "시" }, care = { en = "c", ko = "시" } }
[categories]
coats = { name = { en = "Coats", ko = "코트" }, line = { en = "l", ko = "리" } }
bags = { name = { en = "Bags", ko = "가방" }, line = { en = "l", ko = "리" } }
[colours]
ink = { name = { en = "ink", ko = "먹색" }, hex = "#111111" }
"""


def product(slug: str, category: str) -> str:
    texts = "".join(
        f'{key} = {{ en = "{key}", ko = "옷" }}\n'
        for key in ("name", "line", "look", "story", "fit")
    )
    return (
        f'[[products]]\nslug = "{slug}"\ncategory = "{category}"\nfabric = "wool"\nguide = "tops"\n'
        f'colours = ["ink"]\nsizes = ["S"]\nprice = 50\nsince = 2026-01-01\nviews = ["front"]\n{texts}'
    )


GOODS = {"_catalogue.toml": CATALOGUE + product("one", "coats") + product("two", "bags")}


def test_a_name_in_brackets_stands_for_every_entry(pressed: Press) -> None:
    site = pressed(
        {
            **files(),
            **GOODS,
            "p/[product]/index.html": "{{ product.slug }} {{ product.name }} {{ path }}",
            "c/[category]/index.html": "{{ category.name }} {{ category.products | length }}",
        }
    )
    assert site.text("/p/one/index.html") == "one name /p/one/"
    assert site.text("/ko/p/two/index.html") == "two 옷 /p/two/"
    assert site.text("/ko/c/bags/index.html") == "가방 1"
    assert "/p/[product]/index.html" not in site.bundle.files


def test_lists_of_the_site_multiply_and_a_page_can_be_skipped(pressed: Press) -> None:
    settings = SITE.replace("[headers]", '[lists]\norder = ["up", "down"]\n[headers]')
    site = pressed(
        {
            **files(),
            **GOODS,
            "site.toml": settings,
            "_layout/base.html": "{% block body %}{% endblock %}",
            "[category]/[order]/index.html": (
                "{% extends '_layout/base.html' %}"
                "{% if order == 'down' and category.slug == 'bags' %}{% set _ = skip() %}{% endif %}"
                "{% block body %}{{ category.slug }} {{ order }}{% endblock %}"
            ),
            "pages.txt.jinja": "{% for page in pages %}{{ page }} {% endfor %}",
        }
    )
    assert site.text("/coats/down/index.html") == "coats down"
    assert "/bags/down/index.html" not in site.bundle.files
    assert site.text("/pages.txt") == "/coats/up/ /coats/down/ /bags/up/ "
    assert site.text("/ko/pages.txt") == site.text("/pages.txt")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"[thing]/index.html": "x"}, "[thing]"),
        ({"site.toml": SITE + "[lists]\norder = 3\n"}, "lists.order"),
        ({"site.toml": SITE + '[fonts."a.woff2"]\nrange = "U+20"\n'}, "fonts.a.woff2"),
        ({"site.toml": SITE + '[fonts."a.woff2"]\nsource = "b"\nrange = "20"\n'}, "range"),
        ({"site.toml": SITE + '[fonts."a.woff2"]\nsource = "b"\nsize = 1\n'}, "size"),
        ({"site.toml": SITE + '[fonts."a.woff2"]\nsource = "_none.woff2"\n'}, "_none.woff2"),
        (
            {"site.toml": SITE + '[fonts."a.woff2"]\nsource = "_b.woff2"\n', "_b.woff2": "no"},
            "not a font",
        ),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    pressed: Press, more: dict[str, str], reason: str
) -> None:
    with pytest.raises(PressError) as error:
        pressed({**files(**{"index.html": "x"}), **more})
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
