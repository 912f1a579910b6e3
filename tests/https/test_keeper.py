"""What certbot's keeper does as days go by: the keeper itself, with a clock and answers of ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.edge.stack import ROOT
from tests.https.stack import DOMAIN, WWW

MINUTE, HOUR, DAY = 60, 3600, 86400
MODULES = ("keep", "order", "preflight", "proof", "publish", "settings", "state", "log")


class Days:
    """A keeper, and the time that passes for it."""

    def __init__(self, modules: dict[str, Any], folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.modules, self.tls = modules, folder / "tls"
        self.now = 1_800_000_000.0
        self.asked: list[float] = []  # when certbot was called
        self.answers = "ours"  # what is seen over TLS
        self.leads_here: bool | None = True  # what is seen over plain HTTP
        self.said: list[str] = []
        for flags in ("https", "hsts/day", "hsts/long"):
            (self.tls / flags).mkdir(parents=True)

        def clock() -> float:
            return self.now

        keep, proof, publish = (modules[name] for name in ("keep", "proof", "publish"))
        patch.setattr(modules["state"], "FILE", folder / "kaira.json")
        patch.setattr(proof, "TLS", self.tls)
        patch.setattr(keep, "time", SimpleNamespace(time=clock, monotonic=clock))
        certificate = publish.Certificate((DOMAIN, WWW), self.now, self.now + 90 * DAY, "", b"")
        patch.setattr(publish, "publish", lambda _lineage: certificate)
        patch.setattr(publish, "tell", lambda *_: None)
        patch.setattr(modules["order"], "request", lambda *_, **__: self.asked.append(self.now))
        look = modules["preflight"].Finding
        patch.setattr(modules["preflight"], "look", lambda _: look(self.leads_here))
        patch.setattr(proof, "_reach", lambda *_: (self.answers, "detail"))
        for module in (keep, proof):
            patch.setattr(module, "line", lambda _level, event, **_: self.said.append(event))
        self.restart()

    def restart(self) -> None:
        """Another keeper, which knows what was written down."""
        settings = self.modules["settings"].Settings(DOMAIN, "", "https://ca.example/dir", "", 443)
        self.keeper = self.modules["keep"].Keeper(settings)

    def go_by(self, seconds: float) -> None:
        """Let time pass, and the keeper do what is to be done."""
        end = self.now + seconds
        while self.now < end:
            self.keeper.tick()
            self.now += 20

    def flags(self) -> list[str]:
        """What the edge does for the name."""
        return sorted(str(path.parent.relative_to(self.tls)) for path in self.tls.rglob(DOMAIN))


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Days]:
    monkeypatch.syspath_prepend(ROOT / "certbot")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    modules = {name: import_module(name) for name in MODULES}
    try:
        yield Days(modules, tmp_path, monkeypatch)
    finally:
        for name in MODULES:
            del sys.modules[name]


def test_the_authority_is_asked_twice_a_day_and_not_always_at_the_same_minute(days: Days) -> None:
    days.go_by(10 * DAY)
    pauses = [later - earlier for earlier, later in pairwise(days.asked)]
    assert len(pauses) >= 19 and all(11 * HOUR <= pause <= 12 * HOUR + 20 for pause in pauses)
    assert max(pauses) - min(pauses) > 5 * MINUTE


def test_a_restart_asks_for_nothing_before_its_time(days: Days) -> None:
    for _ in range(10):
        days.go_by(HOUR)
        days.restart()
    assert len(days.asked) == 1
    days.go_by(2 * HOUR + MINUTE)
    assert len(days.asked) == 2


def test_hsts_is_for_a_day_at_first_and_for_long_after_a_week_without_a_gap(days: Days) -> None:
    days.go_by(6 * DAY)
    assert days.flags() == ["hsts/day", "https"]
    days.answers = "closed"
    days.go_by(DAY)
    days.answers = "ours"
    days.go_by(6 * DAY)
    assert days.flags() == ["hsts/day", "https"]
    days.go_by(DAY + HOUR)
    assert days.flags() == ["hsts/day", "hsts/long", "https"]


def test_whoever_ends_tls_before_us_is_noticed_within_minutes_and_told_once(days: Days) -> None:
    days.go_by(HOUR)
    days.answers = "foreign"
    days.go_by(2 * MINUTE)
    assert days.flags() == ["hsts/day"]
    days.go_by(3 * DAY)
    assert days.said.count("https ends elsewhere") == 2  # of each name
    assert days.flags() == ["hsts/day"]
    days.answers = "ours"
    days.go_by(2 * MINUTE)
    assert days.flags() == ["hsts/day", "https"]
    days.answers = "foreign"
    days.go_by(2 * MINUTE)
    assert days.said.count("https ends elsewhere") == 4


@pytest.mark.parametrize("answers", ["closed", "other"])
def test_what_does_not_work_for_some_minutes_is_no_gap(days: Days, answers: str) -> None:
    days.go_by(HOUR)
    since = dict(days.keeper._state.proven_since)
    days.answers = answers
    days.go_by(10 * MINUTE)
    assert "https does not work" not in days.said
    assert days.keeper._state.proven_since == since
    days.go_by(DAY)
    assert "https does not work" in days.said
    assert not days.keeper._state.proven_since
    assert days.flags() == ["hsts/day", "https"]  # whoever was sent there comes back there


@pytest.mark.parametrize("answers", ["closed", "other", "foreign"])
def test_nothing_is_promised_before_our_own_certificate_answers(days: Days, answers: str) -> None:
    days.answers = answers
    days.go_by(DAY)
    assert days.flags() == []


def test_where_we_cannot_see_ourselves_visitors_are_sent_to_https_but_not_to_a_cdn(
    days: Days,
) -> None:
    days.answers = "foreign"
    days.go_by(HOUR)
    days.answers, days.leads_here = "closed", None
    days.go_by(DAY)
    assert days.flags() == []
    days.restart()  # without a CDN
    days.go_by(HOUR)
    assert days.flags() == ["https"]
