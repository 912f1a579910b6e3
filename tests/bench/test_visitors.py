"""Visitors count what is lost, and only that."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from bench import visitors
from bench.visitors import Tally, visit

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

BODY = json.dumps({"release": "one"}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
    len(BODY),
    BODY,
)


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "EACH_SECOND", 100)


def saying(answer: bytes, requests: int = 1_000_000) -> tuple[Handler, list[int]]:
    """A server that answers so many requests of each connection and then ends it; how many
    connections there were is in the list."""
    connections: list[int] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        try:
            for _ in range(requests):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
        except EOFError:
            pass
        writer.close()

    return handle, connections


def seen(handler: Handler, seconds: float = 1.0) -> Tally:
    """What two visitors, one of each kind, tell of a server."""

    async def run() -> Tally:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        tally = await visit(server.sockets[0].getsockname()[1], stop, visitors=2)
        server.close()
        return tally

    return asyncio.run(run())


@pytest.mark.parametrize("answer", [ANSWER, CHUNKED])
def test_with_a_server_that_answers_nothing_is_lost_and_connections_are_kept(answer: bytes) -> None:
    handler, connections = saying(answer)
    tally = seen(handler)
    assert min(tally.sent["page"], tally.sent["route"]) > 3
    assert not any(tally.lost.values())
    assert list(tally.releases) == ["one"]
    assert len(connections) == 2


def test_a_connection_that_ends_between_two_requests_is_no_loss() -> None:
    handler, connections = saying(ANSWER, requests=1)
    tally = seen(handler)
    assert not any(tally.lost.values())
    # a request each; at the end either visitor may have a connection that it did not use any more
    assert 0 <= len(connections) - tally.sent.total() <= 2


def test_a_connection_that_ends_while_a_request_is_underway_is_one_and_is_not_tried_again() -> None:
    handler, connections = saying(b"", requests=1)
    tally = seen(handler)
    assert tally.sent.total() == len(connections)
    assert {kind: set(why) for kind, why in tally.lost.items()} == {
        "page": {"closed without an answer"},
        "route": {"closed without an answer"},
    }
    assert sum(why.total() for why in tally.lost.values()) == tally.sent.total()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "502"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "no answer in time"),
        (b"", "no answer in time"),
        (b"nonsense\r\n\r\n", "closed without an answer"),
    ],
)
def test_whatever_is_not_a_whole_good_answer_is_lost(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, why: str
) -> None:
    if why == "no answer in time":
        monkeypatch.setattr(visitors, "SECONDS", 0.1)
    tally = seen(saying(answer)[0])
    assert tally.sent["route"] > 1
    assert tally.lost["route"] == {why: tally.sent["route"]}


def test_a_port_where_nobody_listens_refuses_and_is_asked_again_at_the_same_pace() -> None:
    async def run() -> Tally:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.3, stop.set)
        return await visit(1, stop, visitors=2)

    tally = asyncio.run(run())
    assert tally.lost["route"] == {"refused": tally.sent["route"]}
    assert tally.sent["route"] <= 32


def test_what_is_told_at_the_end_can_be_written_as_json() -> None:
    tally = seen(saying(ANSWER)[0])
    assert json.loads(json.dumps(vars(tally)))["sent"] == tally.sent
