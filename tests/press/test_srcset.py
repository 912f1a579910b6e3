"""URLs of srcset."""

from __future__ import annotations

import pytest

from kaira_fastapi_poetry.press import srcset
from kaira_fastapi_poetry.press.text import located


@pytest.mark.parametrize(
    ("value", "urls"),
    [
        ("a.png", ["a.png"]),
        ("a.png 1x, b.png 2x", ["a.png", "b.png"]),
        ("a.png, b.png", ["a.png", "b.png"]),
        ("a.png,b.png 2x", ["a.png,b.png"]),
        ("a.png 1x,b.png 2x", ["a.png", "b.png"]),
        ("a.png,, b.png", ["a.png", "b.png"]),
        (" ,\n a.png\t100w ,", ["a.png"]),
        ("a,b.png 1x, c.png 2x", ["a,b.png", "c.png"]),
        ("data:image/png;base64,AA== 1x, b.png 2x", ["data:image/png;base64,AA==", "b.png"]),
        ("data:,x, b.png 2x", ["data:,x", "b.png"]),
        ("a.png (1x, c.png) , b.png 2x", ["a.png", "b.png"]),
        ("a.png (unclosed, b.png", ["a.png"]),
        ("", []),
        (" , ", []),
    ],
)
def test_candidates_are_split_as_browsers_do(value: str, urls: list[str]) -> None:
    assert [each.text for each in srcset.references(located(value))] == urls
