"""Contestants in turn, round after round: what is compared was measured side by side."""

from __future__ import annotations

import gzip
import re
import statistics
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from bench.contestants import Contestant, MissingError

SERVER_CORE = "0"
LOAD_CORE = "1"
CONNECTIONS = 32
BROWSER = "gzip, deflate, br, zstd"  # Accept-Encoding, as browsers send it


class WrongAnswerError(Exception):
    """A contestant sends something else than it should; its speed means nothing."""


@dataclass(frozen=True)
class Heat:
    """What is asked for: a path, with an Accept-Encoding or without one.

    expected: the bytes that everyone must answer with, or None where each has its own.
    """

    name: str
    path: str
    expected: bytes | None
    accept_encoding: str | None = None


@dataclass(frozen=True)
class Result:
    """requests: a second, one value a round; size: bytes of a body on the wire."""

    name: str
    requests: list[float]
    size: int = 0

    @property
    def median(self) -> float:
        """Requests a second."""
        return statistics.median(self.requests)

    def against(self, other: Result) -> tuple[float, float, float]:
        """The ratio to another result, round by round: (lowest, median, highest)."""
        ratios = [mine / its for mine, its in zip(self.requests, other.requests, strict=True)]
        return min(ratios), statistics.median(ratios), max(ratios)


def throughput(
    contestants: list[Contestant],
    site: Path,
    heats: list[Heat],
    *,
    rounds: int,
    seconds: int,
    tell: Callable[[str], None],
) -> dict[str, list[Result]]:
    """Requests a second in each heat, for everyone who can run here.

    All of them run, but only the one whose turn it is has anything to do.

    Raises WrongAnswerError, and FailedError if one does not start.
    """
    with ExitStack() as stack:
        bases: dict[Contestant, str] = {}
        for contestant in contestants:
            try:
                bases[contestant] = stack.enter_context(contestant.start(site))
            except MissingError as reason:
                tell(f"skipped: {contestant.name}: {reason}")
        return {heat.name: _run(heat, bases, rounds, seconds, tell) for heat in heats}


def load(url: str, seconds: int, accept_encoding: str | None = None) -> float:
    """Requests a second that `wrk` gets answered, on a core of its own.

    Raises WrongAnswerError if one of them failed.
    """
    header = [] if accept_encoding is None else ["-H", f"Accept-Encoding: {accept_encoding}"]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *header, url]
    done = subprocess.run(
        ["taskset", "-c", LOAD_CORE, *command],
        capture_output=True, text=True, check=True, timeout=seconds + 30,
    )  # fmt: skip
    return requests_a_second(done.stdout)


def requests_a_second(output: str) -> float:
    """The figure in what `wrk` prints. Raises WrongAnswerError if requests failed."""
    if failed := re.search(r"Non-2xx.*|Socket errors.*", output):
        raise WrongAnswerError(failed[0])
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if found is None or float(found[1]) == 0:
        raise WrongAnswerError("no request was answered")
    return float(found[1])


# Private


def _run(
    heat: Heat,
    bases: dict[Contestant, str],
    rounds: int,
    seconds: int,
    tell: Callable[[str], None],
) -> list[Result]:
    entered = {
        who: base
        for who, base in bases.items()
        if heat.accept_encoding is None or who.compresses or who.name == "raw ASGI"
    }
    sizes: dict[Contestant, int] = {}
    for who, base in entered.items():
        _ask(who, base, heat)
        load(f"{base}/{heat.path}", 1, heat.accept_encoding)  # warm
        sizes[who] = _ask(who, base, heat, warm=True)
    measured: dict[Contestant, list[float]] = {who: [] for who in entered}
    for number in range(1, rounds + 1):
        for who, base in entered.items():
            measured[who].append(load(f"{base}/{heat.path}", seconds, heat.accept_encoding))
        told = ", ".join(f"{who.name} {values[-1]:,.0f}" for who, values in measured.items())
        tell(f"{heat.name}, round {number} of {rounds}: {told}")
    return [Result(who.name, values, sizes[who]) for who, values in measured.items()]


def _ask(who: Contestant, base: str, heat: Heat, *, warm: bool = False) -> int:
    """Ask as `wrk` will, and look at the answer; bytes of its body on the wire."""
    connection = HTTPConnection(urlsplit(base).netloc, timeout=10)
    connection.putrequest("GET", f"/{heat.path}", skip_accept_encoding=True)
    if heat.accept_encoding is not None:
        connection.putheader("Accept-Encoding", heat.accept_encoding)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise WrongAnswerError(f"{who.name} answers {heat.path} with {answer.status}")
    if heat.expected is not None:
        if _decoded(body, answer.getheader("content-encoding")) != heat.expected:
            raise WrongAnswerError(f"{who.name} does not send {heat.path}")
        if warm and who.cached and "; hit" not in (answer.getheader("cache-status") or ""):
            raise WrongAnswerError(f"{who.name} does not send {heat.path} from its cache")
    return len(body)


def _decoded(body: bytes, coding: str | None) -> bytes:
    # The libraries are those of the press, and not everyone who measures has them.
    if coding == "br":
        import brotli  # type: ignore[import-untyped]  # noqa: PLC0415

        return bytes(brotli.decompress(body))
    if coding == "zstd":
        import zstandard  # noqa: PLC0415

        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return gzip.decompress(body) if coding == "gzip" else body
