"""Fonts are cut to the characters that pages have."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from fontTools.ttLib import TTFont

from kaira_fastapi_poetry.press.press import press
from kaira_fastapi_poetry.site import bundle as bundles
from tests.app.running import write
from tests.press.folder import sent

FACE = Path(__file__).parents[2] / "kaira-1.0.0" / "_fonts" / "text.woff2"

SITE = """
languages = ["en", "ko"]
[fonts."f/latin.woff2"]
source = "_face.woff2"
range = "U+20-17F"
[fonts."f/first.woff2"]
source = "_face.woff2"
range = "U+AC00-D7A3"
elements = ["h1"]
[fonts."f/more.woff2"]
source = "_face.woff2"
range = "U+AC00-D7A3"
without = "f/first.woff2"
[fonts."f/here.woff2"]
source = "_face.woff2"
range = "U+AC00-D7A3"
pages = ["ko/index.html"]
"""

PAGES = {
    "site.toml": SITE,
    "_texts/a.toml": 'word = { en = "é", ko = "가나" }\n',
    "index.html": "<!DOCTYPE html><title>t</title><h1>{{ t.a.word }}</h1><input placeholder='라' title='사'><p>다</p>",
    "other/index.html": "<!DOCTYPE html><title>t</title><p>마</p><style>바</style>",
}


def characters(directory: Path, name: str) -> set[str]:
    bundle = bundles.load(directory)
    file = bundle.files[f"/f/{name}.woff2"]
    font = TTFont(io.BytesIO(sent(bundle, file, file.variants[-1])))
    return {chr(code) for code in font.getBestCmap()}


def test_each_font_has_what_it_is_there_for(tmp_path: Path) -> None:
    write(tmp_path / "site", PAGES)
    shutil.copy(FACE, tmp_path / "site/_face.woff2")
    press(tmp_path / "site", tmp_path / "bundle")
    latin = characters(tmp_path / "bundle", "latin")
    assert {"é", "A", "~", " "} <= latin
    assert "ü" not in latin
    assert characters(tmp_path / "bundle", "first") == {"가", "나"}
    assert characters(tmp_path / "bundle", "more") == {"다", "라", "마"}
    assert characters(tmp_path / "bundle", "here") == {"가", "나", "다", "라"}


def test_a_font_is_cut_again_only_when_the_characters_are_others(tmp_path: Path) -> None:
    write(tmp_path / "site", PAGES)
    shutil.copy(FACE, tmp_path / "site/_face.woff2")
    press(tmp_path / "site", tmp_path / "bundle")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "bundle/fonts").iterdir()}
    write(tmp_path / "site", {"other/index.html": "<!DOCTYPE html><title>t</title><p>마 아</p>"})
    press(tmp_path / "site", tmp_path / "bundle")
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "bundle/fonts").iterdir()}
    assert len(before) == len(after) == 4
    assert len(before.items() & after.items()) == 3
