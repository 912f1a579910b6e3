"""What is told at the end."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from kaira_fastapi_poetry.press.press import press
from kaira_fastapi_poetry.press.report import show, size
from tests.press.folder import Folder

Press = Callable[..., Folder]
TEXT = "linen and wool, pressed and folded. " * 200


def console(terminal: bool) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, force_terminal=terminal, width=100, no_color=True), stream


@pytest.fixture
def site(folder: Folder) -> Folder:
    markup = "<script src=a.js></script><img src=[gone].png>" + TEXT
    return folder.press({"index.html": markup, "a.js": "'a.js'", "b.mp3": "x" * 100, "c.css": ""})


def test_totals_are_those_of_the_files(site: Folder) -> None:
    kinds = site.report.kinds
    assert sorted(kinds) == ["pages", "scripts", "sound and film", "styles"]
    page = site.file("/index.html")
    assert kinds["pages"].sent["br"] == site.variant("/index.html", "br").size
    assert kinds["pages"].smallest == page.variants[0].size
    assert kinds["sound and film"].sent == {"gzip": 100, "br": 100, "zstd": 100}
    total = site.report.total
    assert (total.files, total.done, total.reused) == (4, 4, 0)
    assert total.before == sum(each.before for each in kinds.values())
    assert 0.5 < total.saved < 1


def test_a_terminal_gets_a_table(site: Folder) -> None:
    terminal, stream = console(True)
    show(site.report, terminal)
    for part in (
        "pages",
        "sound and film",
        "all",
        "warning: ",
        "/%5Bgone%5D.png",
        "a.js",
        "saved)",
    ):
        assert part in stream.getvalue()


def test_a_log_gets_warnings_and_a_line(site: Folder) -> None:
    log, stream = console(False)
    show(site.report, log)
    first, second = stream.getvalue().splitlines()
    assert first == "warning: index.html refers to /%5Bgone%5D.png, which is not there"
    assert second.startswith("Pressed 4 files, in ")


def test_an_unchanged_folder_is_told_so(site: Folder) -> None:
    log, stream = console(False)
    show(site.press().report, log)
    assert stream.getvalue() == "Nothing has changed: 4 files are pressed already.\n"


def test_progress_is_for_terminals_only(folder: Folder) -> None:
    folder.write({"a.txt": TEXT})
    log, quiet = console(False)
    press(folder.site_dir, folder.directory, console=log)
    assert quiet.getvalue() == ""
    folder.write({"b.txt": TEXT})
    terminal, stream = console(True)
    press(folder.site_dir, folder.directory, console=terminal)
    assert "Pressing" in stream.getvalue()


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (2**20, "1.0 MiB"), (2**40, "1024.0 GiB")],
)
def test_sizes_are_written_for_people(count: int, text: str) -> None:
    assert size(count) == text
