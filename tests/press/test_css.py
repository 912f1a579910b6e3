"""References in CSS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaira_fastapi_poetry.press import css
from kaira_fastapi_poetry.press.text import located


def found(text: str) -> list[str]:
    return [each.url.text for each in css.references(located(text)) if isinstance(each, css.Url)]


@pytest.mark.parametrize(
    ("style", "urls"),
    [
        ("a{background:url(a.png)}", ["a.png"]),
        ("a{background:URL( 'a.png' )}", ["a.png"]),
        ('a{background:url("a b.png")}', ["a b.png"]),
        (r"a{background:url(a\ b\(1\).png)}", ["a b(1).png"]),
        (r"a{background:url(\61.png)}", ["a.png"]),
        (r"a{background:url(\61 .png)}", ["a.png"]),
        (r"a{background:url('\000061b.png')}", ["ab.png"]),
        ("a{background:url('a\\\nb.png')}", ["ab.png"]),
        (r"a{content:'url(a.png)'}", []),
        (r"a{content:'\'url(a.png)'}", []),
        ("/* url(a.png) */ a{background:url(b.png)}", ["b.png"]),
        ("/**/a{background:url(b.png)/**/}", ["b.png"]),
        ("/* url(a.png)", []),
        ("a{background:url(/*a.png*/)}", ["/*a.png*/"]),
        ("a{background:url(a'b.png) } b{background:url(c.png)}", ["c.png"]),
        ("a{background:url(a b.png)} b{background:url(c.png)}", ["c.png"]),
        ("a{background:myurl(a.png)}", []),
        ("a{background:my-url(a.png),url(b.png)}", ["b.png"]),
        ("a{content:'bad\nb{background:url(c.png)}", ["c.png"]),
        ("a{background:url(a.png", ["a.png"]),
        ("a{background:url('a.png", ["a.png"]),
        ("@import 'a.css';", ["a.css"]),
        ('@IMPORT "a.css" screen;', ["a.css"]),
        ("@import url(a.css) layer(x) supports(content: 'b.css');", ["a.css"]),
        ("@import url('a.css') screen;@import 'b.css';", ["a.css", "b.css"]),
        ("@import/**/'a.css';", ["a.css"]),
        ("@charset 'utf-8';@import 'a.css';", ["a.css"]),
        ("@namespace svg url(a.png);a{background:url(b.png)}", ["b.png"]),
        ("@namespace 'a.png';", []),
        ("@font-face{src:url(a.woff2) format('x'),url(b.eot?#i)}", ["a.woff2", "b.eot?#i"]),
        ("a{background:image-set('a.png' 1x,url(b.png) 2x type('image/png'))}", ["a.png", "b.png"]),
        ("a{background:-webkit-image-set(url('a.png') 1x)}", ["a.png"]),
        ("a{cursor:url(a.cur) 2 2,auto;grid-area:'b.png'}", ["a.cur"]),
        ("@media (min-width:1px){a{background:url(a.png)}}", ["a.png"]),
        ("a{b:var(--x,url(a.png))}", ["a.png"]),
        ("a{background:url(data:image/png;base64,AAAA)}", ["data:image/png;base64,AAAA"]),
    ],
)  # fmt: skip
def test_urls_are_found_where_css_has_them(style: str, urls: list[str]) -> None:
    assert found(style) == urls


def test_a_custom_property_floats_and_what_comes_after_does_not() -> None:
    style = ":root{--x:url(a.png);--y : {b:url(c.png);};color:red}d{e:url(f.png)}"
    floating = {
        each.url.text: each.floating
        for each in css.references(located(style))
        if isinstance(each, css.Url)
    }
    assert floating == {"a.png": True, "c.png": True, "f.png": False}


def test_attribute_selectors_are_reported() -> None:
    style = """img[src$="a.png"],[href*='b\\.css'],[data-x=c]{grid:[d] 1px}"""
    selected = [e.value for e in css.references(located(style)) if isinstance(e, css.Selected)]
    assert selected == ["a.png", "b.css", "c"]


PIECES = [
    "url(", ")", "'", '"', "\\", "/*", "*/", "@import ", "{", "}", ";", "a.png", " ", "\n", "--x:",
    "(", "image-set(", "[src=", "]", "\\61 ", "@namespace ",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_is_read_to_its_end_and_places_are_right(text: str) -> None:
    for each in css.references(located(text)):
        if isinstance(each, css.Url):
            assert list(each.url.at) == sorted(each.url.at)
            assert len(each.url.at) == len(each.url.text) + 1
            assert each.url.at[0] >= 0 and each.url.at[-1] <= len(text)
