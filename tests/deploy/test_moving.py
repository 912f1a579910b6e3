"""From the file with one application to the one with two colours, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.deploy.conftest import Host, visitors
from tests.deploy.test_deployments import release
from tests.edge.stack import ROOT, run, wait_until

PROD = ("docker", "compose", "-f", str(ROOT / "docker-compose.prod.yml"))


@pytest.fixture
def single(releases: Callable[..., str]) -> Iterator[Host]:
    """A host with one application, as docker-compose.prod.yml has it."""
    run("docker", "tag", releases("v1"), "kaira-server:moving")
    host = Host("kaira-test-moving", KAIRA_IMAGE="kaira-server:moving")
    host.down()
    try:
        run(*PROD, "up", "-d", "--wait", env=host.env | {"COMPOSE_FILE": ""})
        host.wait_until_warm()
        yield host
    finally:
        host.down()


def test_to_two_colours_and_back_with_no_request_lost(
    single: Host, releases: Callable[..., str]
) -> None:
    assert release(single) == "v1"
    edge = started(single)
    with visitors(single) as seen:
        single.deploy(releases("v2"))
        assert (release(single), single.live()) == ("v2", "green")
        single.deploy("--rollback")
        assert (release(single), single.live()) == ("v1", "blue")
        single.deploy("--leave")
        assert release(single) == "v1"
        assert "v1" in other_spelling(single)
        single.deploy(releases("v2"))
        single.deploy("--leave")  # this time from green
        assert (release(single), single.live()) == ("v2", "blue")
        assert "v2" in other_spelling(single)  # and not what blue had when it was last live
        for name in ("v1", "v2", "v1"):
            single.deploy(releases(name))
        single.deploy("--leave")  # from green again, and the last blue is still there
        assert (release(single), single.live()) == ("v1", "blue")
        single.deploy(releases("v2"))
        single.deploy("--leave")
        assert (release(single), single.live()) == ("v2", "blue")
    assert seen["wrong"] == []
    assert started(single) == edge  # nginx was never made anew
    names = run(
        "docker", "ps", "-a", "--format", "{{.Names}}", "--filter", f"name={single.project}"
    )
    assert sorted(names.split()) == ["kaira-test-moving-app-1", "kaira-test-moving-nginx"]


def started(host: Host) -> str:
    return run("docker", "inspect", "-f", "{{.State.StartedAt}}", host.container("nginx"))


def test_a_page_that_is_gone_is_gone_in_every_spelling(
    single: Host, releases: Callable[..., str]
) -> None:
    spellings = ["/extra/", "/static/extra/", "/%65xtra/"]
    replace(single, releases("more", pages={"extra/index.html": "<h1>extra</h1>"}))
    wait_until(lambda: statuses(single, spellings) == {200}, "the page is there")
    replace(single, releases("v1"))
    wait_until(lambda: statuses(single, spellings) == {404}, "the page is gone")
    assert statuses(single, ["/extra/?x=1", "/nothing"]) == {404}


def other_spelling(host: Host) -> str:
    """A page by a path that nobody fetches for the cache."""
    return httpx.get(host.url + "/static/about/").text


def replace(host: Host, image: str) -> None:
    """As an operator without colours does it."""
    run("docker", "tag", image, "kaira-server:moving")
    run(*PROD, "up", "-d", "--wait", "app", env=host.env | {"COMPOSE_FILE": ""})


def statuses(host: Host, paths: list[str]) -> set[int]:
    return {httpx.get(host.url + path).status_code for path in paths}
