"""The HTTP table, asked of the edge: from its cache it must answer as the application does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import http_table
from tests.app.running import Client, kaira, write
from tests.edge.stack import Stack
from tests.http_table import CASES, PRESSED, Case, ask, check

# Where nginx has its own way from its cache, and the status that it answers with. Each is safe
# for the client; none can be changed by configuration.
OWN_WAY = {
    # It refuses a range that cannot be read, where one may as well ignore it,
    "words": 416,
    "signs": 416,
    "no numbers": 416,
    "the wrong way round": 416,
    "digits of another script": 416,
    # writes its added headers twice with a range that cannot be had,
    "past the end": 416,
    "far past the end": 416,
    "no last bytes": 416,
    # sends the whole of nothing,
    "of an empty file": 200,
    # looks at a range of HEAD,
    "HEAD has no range": 206,
    # and wants both conditions to hold where there are two.
    "the tag stands above the date: its tag": 200,
}


@pytest.fixture(scope="module")
def table(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that serves the table's site."""
    folder = tmp_path_factory.mktemp("table")
    write(folder / "site", http_table.SITE, http_table.MODIFIED)
    assert kaira("press", folder=folder, SITE_DIR="site").returncode == 0
    override = folder / "site.yml"
    override.write_text(
        f'services: {{app: {{volumes: ["{folder}/site.bundle:/srv/site.bundle:ro"]}}}}'
    )
    stack = Stack("kaira-test-table", override)
    stack.down()
    try:
        stack.up()
        stack.wait_until_warm()
        yield stack
    finally:
        stack.down()


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name) for case in CASES if PRESSED in case.sites]
)
def test_the_edge_answers_by_the_table(case: Case, table: Stack) -> None:
    with Client(table.url) as client:
        answer = ask(case, table.url, client)
        if case.name in OWN_WAY:
            assert answer.status == OWN_WAY[case.name]
        else:
            check(case, answer)
        assert client.ask("/health", headers={"Connection": "close"}).status == 200
