"""A bundle that follows its folder."""

from __future__ import annotations

import threading

import pytest

from kaira_fastapi_poetry.press.live import LiveBundle
from kaira_fastapi_poetry.press.press import PressError
from tests.press.folder import Folder, sent


def test_a_change_is_seen_by_the_next_request(folder: Folder) -> None:
    folder.write({"index.html": "one"})
    live = LiveBundle(folder.site_dir, folder.directory)
    for text in ("two", "six", "ten"):  # of the same length
        folder.write({"index.html": text})
        found = live.current()
        file = found.files["/index.html"]
        assert sent(found, file, file.variants[0]) == text.encode()
    folder.write({"more/index.html": "more"})
    assert "/more/index.html" in live.current().files
    (folder.site_dir / "index.html").unlink()
    assert "/index.html" not in live.current().files


def test_nothing_is_done_where_nothing_has_changed(folder: Folder) -> None:
    folder.write({"index.html": "one"})
    live = LiveBundle(folder.site_dir, folder.directory)
    assert live.current() is live.current()


def test_a_mistake_is_shown_until_it_is_mended(folder: Folder) -> None:
    folder.write({"site.toml": 'languages = ["en"]', "index.html": "{{ x"})
    live = LiveBundle(folder.site_dir, folder.directory)
    for _ in range(2):
        with pytest.raises(PressError, match=r"index\.html:1"):
            live.current()
    folder.write({"index.html": "good"})
    assert "/index.html" in live.current().files
    away = folder.site_dir.rename(folder.site_dir.with_name("away"))
    with pytest.raises(PressError, match="no such folder"):
        live.current()
    away.rename(folder.site_dir)
    assert "/index.html" in live.current().files


def test_requests_at_the_same_time_press_once(folder: Folder) -> None:
    folder.write({"index.html": "one"})
    live = LiveBundle(folder.site_dir, folder.directory)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(live.current())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in found}) == 1
