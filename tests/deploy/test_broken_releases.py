"""Releases that are broken, each in its way: refused, or taken back before many have seen it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.deploy.conftest import Host, visitors
from tests.deploy.site import faulty
from tests.deploy.test_deployments import release

FAILED, ROLLED_BACK = 1, 3


BROKEN = {
    "exits": (('CMD ["python", "-c", "raise SystemExit(7)"]',), FAILED, "crashed"),
    "never-well": (('CMD ["sleep", "600"]',), FAILED, "is not well after 12 s"),
    "wrong-release": (("ENV RELEASE=other",), FAILED, "answers as release other, and wrong-release was expected"),
    "broken-page": (faulty("page"), FAILED, "500 /about/"),
    "memory": (faulty("memory"), FAILED, "ran out of memory"),
    "health-hangs": (faulty("health hangs"), FAILED, "is not well after 12 s"),
    # Whichever is seen first: its container, or its visitors, who are sent to the old one.
    "crashes-later": (faulty("crash"), ROLLED_BACK, "crashed|requests went wrong"),
    "broken-route": (faulty("route"), ROLLED_BACK, "requests went wrong"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_release_does_no_harm(host: Host, releases: Callable[..., str], name: str) -> None:
    lines, code, reason = BROKEN[name]
    before, colour = release(host), host.live()
    image = releases(name, *lines)
    with visitors(host) as seen:
        said = host.deploy(image, code=code, START_SECONDS="12", WATCH_SECONDS="15")
    assert re.search(reason, said)
    assert said.splitlines()[-1].startswith(("failed: ", "rolled back: "))
    assert (release(host), host.live()) == (before, colour)
    assert host.journal()[-1]["outcome"] == ("failed" if code == FAILED else "rolled back")
    assert seen["wrong"] == []  # what the broken release got wrong, the old one was asked again
