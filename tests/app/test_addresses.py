"""Where it listens."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.app.running import Server, write
from tests.conftest import require
from tests.http_table import UVICORN


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("host", ["::1", "::"])
@pytest.mark.parametrize("way", ["kaira serve", "uvicorn", "kaira serve --reload"])
def test_it_listens_on_ipv6(tmp_path: Path, way: str, host: str) -> None:
    require(_has_ipv6(), "IPv6 on the loopback interface")
    write(tmp_path, {"site/index.html": "<!doctype html><title>six</title>"})
    command = {
        "uvicorn": [*UVICORN, "--host", host],
        "kaira serve --reload": [str(Path(UVICORN[0]).with_name("kaira")), "serve", "--reload"],
    }.get(way)
    server = Server(tmp_path, command, HOST=host, SITE_DIR="site", ALLOWED_HOSTS="[::1]")
    server.base = f"http://[::1]:{server.port}"
    try:
        assert b"six" in server.wait().ask("/").body
        assert server.ask("/", headers={"Host": "[::2]"}).status == 400
    finally:
        server.stop()
