"""One stack with HTTPS for all tests that leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import need_engine
from tests.edge.stack import wait_until
from tests.https.stack import SecureStack, build_image, let_look

PARTS = ["kaira-lab/pebble", "kaira-lab/tls", "certbot/certbot:v5.5.0", "nginx:1.30"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Most of what is here needs an engine and the parts of the lab."""
    mine = [item for item in items if "https" in item.path.parts and "docker" in item.keywords]
    need_engine(mine, *PARTS)


@pytest.fixture(scope="session")
def https_image() -> str:
    """The image, built as an operator builds it."""
    return build_image()


@pytest.fixture(scope="session")
def site(https_image: str) -> Iterator[SecureStack]:
    """The whole stack, with HTTPS that came by itself."""
    stack = SecureStack("site")
    stack.down()
    try:
        stack.start_authority()
        stack.start()
        wait_until(stack.has_https, "HTTPS has come by itself", 90)
        stack.start("tools")
        stack.wait_until_warm()
        wait_until(lambda: stack.plain().status_code == 308, "the redirect has come by itself", 90)
        let_look()
        yield stack
    finally:
        stack.down()
