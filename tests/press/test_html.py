"""The tokenizer: what is a tag, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaira_fastapi_poetry.press.html import RawText, Tag, tokens


def sources(text: str) -> list[str]:
    """The values of `src` that a browser would see."""
    return [
        token.value("src")
        for token in tokens(text)
        if isinstance(token, Tag) and "src" in token.attributes
    ]


@pytest.mark.parametrize(
    "written",
    [
        '<img src="a">',
        "<img src='a'>",
        "<img src=a>",
        "<IMG SRC=a>",
        "<img\nsrc\n=\n'a'\n>",
        "<img/src=a>",
        "<img alt src=a>",
        "<img alt=x>y' src=z'><img src=a>",
        '<img alt=">" src=a>',
        "<img src=a src=b>",
        "<img =x src=a>",
        "<img a=b'c src=a>",
        '<img alt="x"src=a>',
        "<img src='&#97;'>",
        "<img src='&#x61'>",
        "<!--><img src=a>",
        "<!---><img src=a>",
        "<!-- --!><img src=a>",
        "<!-- <!-- --><img src=a>",
        "<!----><img src=a>",
        "<!--x--y--><img src=a>",
        "<!doctype html '><img src=a>",
        "<!x><img src=a>",
        "<?php ?><img src=a>",
        "</ ><img src=a>",
        "</><img src=a>",
        "</p x='<img src=b>'><img src=a>",
        "1 < 2 <img src=a>",
        "<<img src=a>",
        "<![CDATA[><img src=a>]]>",
        "<![CDATA[<img src=b>]]><img src=a>",
        "<textarea><img src=b></textarea><img src=a>",
        "<TITLE><img src=b></Title ><img src=a>",
        "<title></titles><img src=b></title><img src=a>",
        "<style><img src=b></style><img src=a>",
        "<xmp><img src=b></xmp><img src=a>",
        "<iframe><img src=b></iframe><img src=a>",
        "<noembed><img src=b></noembed><img src=a>",
        "<noframes><img src=b></noframes><img src=a>",
        "<script>'<img src=b>'</script><img src=a>",
        "<script><!-- <img src=b></script><img src=a>",
        "<script><!--><script></script><img src=a>",
        "<script><!-- <script> </script> <img src=b> --></script><img src=a>",
        "<script><!-- <script> --> </script><img src=a>",
        "<script><!-- <scripts> </script><img src=a>",
        "<noscript><img src=a></noscript>",
        "<noscript><!-- </noscript><img src=a>",
        "<template><img src=a></template>",
        "<img src=a><plaintext><img src=b></plaintext><img src=b>",
        "<img src=a><textarea><img src=b>",
        "<img src=a><img src=b",
        "<img src=a><img alt='<img src=b>",
        "<svg><![CDATA[<img src=b>]]></svg><img src=a>",
        "<svg><title><img src=a></title></svg>",
        "<svg><style><img src=a></style></svg>",
        "<svg><foreignObject><textarea><img src=b></textarea></foreignObject></svg><img src=a>",
        "<svg><p><![CDATA[><img src=a>]]>",
        "<svg/><![CDATA[><img src=a>]]>",
        "<svg></svg><![CDATA[><img src=a>]]>",
        "<math><mi><![CDATA[><img src=b>]]></mi></math><img src=a>",
        "<math><annotation-xml><![CDATA[<img src=b>]]></annotation-xml></math><img src=a>",
    ],
)
def test_a_picture_is_found_where_a_browser_finds_it(written: str) -> None:
    assert sources(written) == ["a"]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("a&amp;b", "a&b"),
        ("a&ampb", "a&ampb"),
        ("a&amp=b", "a&amp=b"),
        ("a&amp", "a&"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("?a=1&copy;=2", "?a=1©=2"),
        ("&notit;", "&notit;"),
        ("&not;", "¬"),
        ("&not.", "¬."),
        ("&nosuchthing;", "&nosuchthing;"),
        ("&#46;png", ".png"),
        ("&#x2Epng", ".png"),
        ("&#0;", "\ufffd"),
        ("&", "&"),
        ("&#", "&#"),
    ],
)
def test_character_references_in_attributes_follow_the_rule_for_attributes(
    raw: str, value: str
) -> None:
    assert sources(f'<img src="{raw}">') == [value]


def test_a_decoded_value_knows_where_it_stands() -> None:
    text = '<p><img src="x&amp;y.png">'
    tag = next(token for token in tokens(text) if isinstance(token, Tag) and token.name == "img")
    value = tag.attributes["src"]
    assert value.text == "x&y.png"
    assert text[value.at[3] :] == '.png">'
    assert len(value.at) == len(value.text) + 1


def test_raw_text_is_reported_with_its_place() -> None:
    text = "<style>a{}</style><script>b</script>"
    found = [text[t.start : t.end] for t in tokens(text) if isinstance(t, RawText)]
    assert found == ["a{}", "b"]


PIECES = [
    "<", ">", "/", "!", "--", "-", "[CDATA[", "]]>", "script", "style", "svg", "title", "img",
    " src=", "'", '"', "a", "&amp;", "=", " ", "\n", "noscript", "</", "<!--", "-->", "template",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_can_be_tokenized_and_places_are_right(text: str) -> None:
    for token in tokens(text):
        if isinstance(token, Tag):
            for value in token.attributes.values():
                assert list(value.at) == sorted(value.at)
                assert value.at[0] >= 0 and value.at[-1] <= len(text)
                if "&" not in text[value.at[0] : value.at[-1]]:
                    assert text[value.at[0] : value.at[-1]] == value.text
        elif isinstance(token, RawText):
            assert 0 <= token.start <= token.end <= len(text)
