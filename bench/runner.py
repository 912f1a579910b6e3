"""Contestants in turn, round after round: what is compared was measured side by side."""

from __future__ import annotations

import re
import statistics
import subprocess
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.contestants import Contestant, MissingError

LOAD_CORE = "1"
CONNECTIONS = 32


class WrongAnswerError(Exception):
    """A contestant sends something else than the file; its speed means nothing."""


@dataclass(frozen=True)
class Result:
    """requests: a second, one value a round."""

    name: str
    requests: list[float]

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
    name: str,
    *,
    rounds: int,
    seconds: int,
    tell: Callable[[str], None],
) -> list[Result]:
    """Requests a second for the file `name` of `site`, for everyone who can run here.

    All of them run, but only the one whose turn it is has anything to do.

    Raises WrongAnswerError.
    """
    expected = (site / name).read_bytes()
    measured: dict[str, list[float]] = {}
    missing: set[str] = set()
    with ExitStack() as stack:
        urls: dict[str, str] = {}
        for contestant in contestants:
            try:
                urls[contestant.name] = f"{stack.enter_context(contestant.start(site))}/{name}"
            except MissingError as reason:
                tell(f"skipped: {contestant.name}: {reason}")
                missing.add(contestant.name)
        for who, url in urls.items():
            _check(who, url, expected)
            load(url, 1)  # warm
        for number in range(1, rounds + 1):
            for who, url in urls.items():
                measured.setdefault(who, []).append(load(url, seconds))
            told = ", ".join(f"{who} {values[-1]:,.0f}" for who, values in measured.items())
            tell(f"{name}, round {number} of {rounds}: {told}")
    return [Result(who, values) for who, values in measured.items()]


def load(url: str, seconds: int) -> float:
    """Requests a second that `wrk` gets answered, on a core of its own.

    Raises WrongAnswerError if one of them failed.
    """
    done = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", url],
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


def _check(who: str, url: str, expected: bytes) -> None:
    with urllib.request.urlopen(url, timeout=10) as answer:
        if answer.status != 200 or answer.read() != expected:
            raise WrongAnswerError(f"{who} does not send the file")
