"""A whole dashboard as a page, and the page as a picture."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from html import escape
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from monitoring.grafana.dashboards import FOLDER as BOARDS
from monitoring.grafana.pictures import colours, png
from monitoring.grafana.pictures.answers import Answers
from monitoring.grafana.pictures.charts import Marks, Panel
from monitoring.grafana.pictures.panels import shown

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs/dashboards"
FONT = ROOT / "kaira-1.0.0/_fonts/text.woff2"
LOOKS = Path(__file__).with_name("looks.css")

WIDTH = 1600
COLUMNS, CELL, GAP, EDGE = 24, 30, 8, 16
FLAGS = ["--no-sandbox", "--disable-background-networking", "--no-first-run"]


def draw(answers: Answers, folder: Path) -> None:
    """Draw every dashboard into `folder`. Raises httpx.HTTPError, or playwright's Error."""
    folder.mkdir(parents=True, exist_ok=True)
    boards = [json.loads(path.read_text()) for path in sorted(BOARDS.glob("*.json"))]
    with tempfile.TemporaryDirectory() as name, sync_playwright() as p:
        browser = p.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        view = browser.new_page(viewport={"width": WIDTH, "height": 900})
        for board in boards:
            path = Path(name, "board.html")
            path.write_text(page(board, [each["title"] for each in boards], answers))
            view.goto(path.as_uri())
            view.evaluate("document.fonts.ready")
            target = folder / f"{board['uid']}.png"
            png.save(view.screenshot(full_page=True), target)
            print(f"{target.name}: {target.stat().st_size:,} bytes")
        browser.close()


def page(board: dict[str, Any], titles: list[str], answers: Answers) -> str:
    """A dashboard as HTML. `titles`: of all of them."""
    marks = [_marked(each, answers) for each in board["annotations"]["list"]]
    panels = "".join(_placed(panel, answers, marks) for panel in board["panels"])
    style = LOOKS.read_text().replace("FONT", FONT.as_uri())
    return (
        f'<!doctype html><meta charset="utf-8"><style>{style}</style>'
        f"{_head(board, titles, marks, answers)}<main>{panels}</main>"
    )


# Private


def _head(board: dict[str, Any], titles: list[str], marks: list[Marks], answers: Answers) -> str:
    others = "".join(f"<a>{escape(each)}</a>" for each in titles if each != board["title"])
    kinds = "".join(
        f'<span><i style="background:{colours.NAMED[each.colour]}"></i>{escape(each.name)}</span>'
        for each in marks
    )
    day, start, end = (
        time.strftime(form, time.gmtime(at))
        for form, at in (
            ("%Y-%m-%d", answers.end),
            ("%H:%M", answers.start),
            ("%H:%M", answers.end),
        )
    )
    return (
        f"<header><h1><s>Kaira</s>{escape(board['title'])}</h1>{kinds}"
        f"<nav>{others}</nav><time>{day}  {start} – {end} UTC</time></header>"
    )


def _placed(panel: Panel, answers: Answers, marks: list[Marks]) -> str:
    place = panel["gridPos"]
    column = f"grid-column:{place['x'] + 1}/span {place['w']}"
    style = f"{column};grid-row:{place['y'] + 1}/span {place['h']}"
    title = escape(panel["title"])
    if panel["type"] == "row":
        return f'<h2 style="{style}">{title}</h2>'
    one = (WIDTH - 2 * EDGE - (COLUMNS - 1) * GAP) / COLUMNS
    wide = place["w"] * one + (place["w"] - 1) * GAP - 18
    high = place["h"] * CELL + (place["h"] - 1) * GAP - 46
    inside = shown(panel, answers, marks, (wide, high))
    return f'<section style="{style}"><h3>{title}</h3>{inside}</section>'


def _marked(annotation: dict[str, Any], answers: Answers) -> Marks:
    found = answers.ask(annotation["target"]["expr"])
    by_value = annotation.get("useValueForTime")
    moments = [value / 1000 if by_value else at for _, points in found for at, value in points]
    return Marks(annotation["name"], annotation["iconColor"], sorted(set(moments)))
