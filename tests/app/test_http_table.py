"""The HTTP table, asked of the application alone."""

from __future__ import annotations

import pytest

from tests import http_table
from tests.app.running import Server
from tests.http_table import CASES, PLAIN, PRESSED, Case, ask, check


def _cases(site: str) -> list[object]:
    return [pytest.param(case, id=case.name) for case in CASES if site in case.sites]


@pytest.mark.parametrize("case", _cases(PLAIN))
def test_a_plain_folder_answers_by_the_table(case: Case, plain_server: Server) -> None:
    _hold(case, plain_server)


@pytest.mark.parametrize("case", _cases(PRESSED))
def test_a_pressed_folder_answers_by_the_table(case: Case, pressed_server: Server) -> None:
    _hold(case, pressed_server)


def _hold(case: Case, server: Server) -> None:
    """On a connection that is kept, and on one that ends: they go different ways inside."""
    with server.client() as client:
        check(case, ask(case, server.base, client))
        # Not a byte too many has come, or this is not read as a response.
        again = client.ask("/health", headers={"Connection": "close"})
        assert again.status == 200
    closing = Case(**{**case.__dict__, "sends": {**case.sends, "Connection": "close"}})
    with server.client() as client:
        check(closing, ask(closing, server.base, client))
        assert client.at_end()


def test_names_are_those_of_no_two_cases() -> None:
    names = [(case.name, site) for case in CASES for site in case.sites]
    assert len(names) == len(set(names))


def test_each_variant_has_a_tag_of_its_own(pressed_server: Server) -> None:
    tags = {
        pressed_server.ask("/style.css", headers={"Accept-Encoding": coding}).headers["etag"]
        for coding in ("identity", "gzip", "br", "zstd")
    }
    assert len(tags) == 4


def test_a_fingerprinted_name_may_be_kept_for_ever(pressed_server: Server) -> None:
    path = http_table.fingerprinted(pressed_server.base)
    assert path != "/style.css"
    answer = pressed_server.ask(path)
    assert answer.body == http_table.TEXT
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "x-accel-expires" not in answer.headers
    tag = pressed_server.ask(path).headers["etag"]
    kept = pressed_server.ask(path, headers={"If-None-Match": tag})
    assert kept.status == 304 and "immutable" in kept.headers["cache-control"]


def test_every_request_has_its_id_or_keeps_a_good_one(pressed_server: Server) -> None:
    first, second = (pressed_server.ask("/").headers["x-request-id"] for _ in range(2))
    assert first != second
    for given, kept in {"a-good_one-1": True, "short": False, "x" * 65: False, "a b c d e": False,
                        "evil;header": False}.items():  # fmt: skip
        answer = pressed_server.ask("/", headers={"X-Request-ID": given})
        assert (answer.headers["x-request-id"] == given) is kept


def test_no_two_workers_give_the_same_id(pressed_server: Server) -> None:
    ids = [pressed_server.ask("/").headers["x-request-id"] for _ in range(100)]
    assert len(set(ids)) == 100
