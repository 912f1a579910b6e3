"""HTTP/1.1 on the wire, where uvicorn is too patient and too slow.

Limits: uvicorn's parser takes a header of any size, and waits for its end for ever. Behind
nginx neither comes through; standing alone, this is what stands in the way.

Speed: an answer from memory, whose header is the same each time, is written as it is
(`send_prepared`), where uvicorn checks and joins it name by name: half of the time of a
request. It is an extension in ASGI's sense: without it the same answer goes the usual way.
"""

from __future__ import annotations

import re
from asyncio import TimerHandle, Transport

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from kaira_fastapi_poetry.lifecycle import lifecycle
from kaira_fastapi_poetry.telemetry import metrics

MAX_HEAD = 16 * 1024  # bytes of request line and headers; nginx's own default is 32 kB
HEAD_SECONDS = 10.0  # from the first byte, or the opening, to the end of the header
STALLED_SECONDS = 60.0  # how long a client may take for what is ready for it, at most 256 KiB
LAST_CALL_SECONDS = 0.5  # at the end: for a request that is on its way on an idle connection

_REFUSAL = b"content-length: 0\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"

PREPARED = "kaira.prepared"  # the name in `scope["extensions"]`


def _encoded(data: bytes) -> bytes:
    """The request with a target in ASCII: the parser refuses one that curl sends as typed."""
    line, end, rest = data.partition(b"\n")
    return re.sub(rb"[\x80-\xff]", lambda byte: b"%%%02X" % byte[0][0], line) + end + rest


class _TooLarge(Exception):
    pass


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, which gives up on clients that are too much or too slow."""

    _deadline: TimerHandle | None = None
    _stalled: TimerHandle | None = None
    _in_head = False
    _leaving = False
    _received = 0  # bytes since the header began, and perhaps some before it

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A connection that sends nothing is not kept either."""
        super().connection_made(transport)
        self._extensions = {PREPARED: self.send_prepared}
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """Parse, and watch the clock while no request is complete."""
        if self._is_idle() and not self._in_head:
            if not data.isascii():
                data = _encoded(data)
            if b" RTSP/" in data and b" RTSP/" in data.partition(b"\n")[0]:
                self._refuse(400)  # a protocol that the parser knows, and we do not
                return
        self._received = self._received + len(data) if self._in_head else len(data)
        super().data_received(data)
        if self._in_head and self._received > MAX_HEAD + len(data):
            self.send_400_response("")
        if not (self._in_head or self._is_idle()):
            self._stop_clock()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]

    def on_headers_complete(self) -> None:
        """From here on the application decides how long it waits."""
        self._in_head = False
        if self._received > MAX_HEAD and self._head_size() > MAX_HEAD:
            raise _TooLarge
        super().on_headers_complete()
        if self._leaving:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """The server stops: answer what is on its way, and close.

        uvicorn closes an idle connection at once, and loses the request that its client has
        just sent.
        """
        self._leaving = True
        if self._is_idle():
            self.loop.call_later(LAST_CALL_SECONDS, self._close_if_idle)
        else:
            self.cycle.keep_alive = False

    def send_prepared(self, scope: Scope, head: tuple[bytes, ...], body: bytes) -> bool:
        """Send a complete answer to the request of `scope`.

        head: status line and headers, each with its line end, but for the date, the request
        id and the empty line.
        Returns False, and has sent nothing, if the answer must go the usual way: the client
        is slow or pipelines, or the connection is to be closed afterwards.
        """
        cycle = self.cycle
        if cycle.scope is not scope or not cycle.keep_alive or cycle.flow.write_paused:
            return False
        if lifecycle.draining:
            return False
        if cycle.disconnected:
            return True
        date = cycle.default_headers[0][1] if cycle.default_headers else b""
        identifier = scope["state"]["request_id"].encode()
        self.transport.writelines(
            (*head, b"date: ", date, b"\r\nx-request-id: ", identifier, b"\r\n\r\n", body)
        )
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        cycle.on_response()
        return True

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # says nothing of use
        """Refuse what cannot be parsed; 431 where it is its size (RFC 6585, 5)."""
        too_large = self._received > MAX_HEAD and (self._in_head or self._head_size() > MAX_HEAD)
        metrics.requests_refused.labels("header size" if too_large else "syntax").inc()
        self._refuse(431 if too_large else 400)

    def pause_writing(self) -> None:
        """The client is slower than we are: give it time, but not for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def connection_lost(self, exc: Exception | None) -> None:
        """No clock outlives its connection."""
        super().connection_lost(exc)
        self._stop_clock()

    # Private

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close_if_idle(self) -> None:
        if self._is_idle():
            self.transport.close()

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        metrics.requests_refused.labels("slow").inc()
        self._deadline = None
        if self._in_head:
            self._refuse(408)
        else:
            self.transport.close()

    def _refuse(self, status: int) -> None:
        if not self.transport.is_closing():
            self.transport.write(STATUS_LINE[status] + _REFUSAL)
            self.transport.close()
