"""Keeps a certificate for DOMAIN and its www: obtains it, renews it, hands it to the edge.

It is the whole of the certbot container. A restart asks for nothing: all that decides when the
authority is asked again is written down. Signals: HUP checks now, USR1 renews now.
"""

from __future__ import annotations

import random
import signal
import time
from dataclasses import asdict

import order
import preflight
import proof
import publish
import settings as settings_
import state as state_
from log import iso, line

MINUTE, HOUR, DAY = 60, 3600, 86400
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
TICK = 5  # between two looks at what certbot has, somebody may have called it by hand
PATIENCE = 20  # for the edge to start, before anything is said of a name that does not answer
GRACE = 30  # and before the authority is asked although none of our own has answered us
GLANCE = 60  # between two looks whether somebody else has come to end TLS before us
PASSING = ("unreachable", "timeout", "badNonce", "serverInternal")  # the authority's own trouble
LATE = 0.25  # of its life is left: renewal should have happened, and is tried with fewer scruples


class Keeper:
    """The one certificate, and what is to be done for it next."""

    def __init__(self, settings: settings_.Settings) -> None:
        self._settings = settings
        self._state = state_.load(settings.lineage, time.time())
        self._started = time.monotonic()
        self._quick = 0  # looks in a row that did not get as far as the authority
        self._next_look = 0.0  # for a name that does not lead here yet
        self._force = False
        self._certificate: publish.Certificate | None = None
        self._prover = proof.Prover(settings)
        self._prove_at = self._glance_at = 0.0
        self._unproven = 0  # looks in a row at HTTPS that did not find it well

    def run(self) -> None:
        """Until SIGTERM. Signals wait while certbot is at work."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        publish.prepare()
        self._state.save()
        while True:
            try:
                self.tick()
                state_.ALIVE.touch()
            except OSError as error:
                help_ = "see to the disk: what has to be written down cannot be"
                line("error", "keeper failed", reason="file", detail=str(error), help=help_)
            told = signal.sigtimedwait(SIGNALS, min(TICK, 2**self._quick) if self._quick else TICK)
            if told is None:
                continue
            if told.si_signo in (signal.SIGTERM, signal.SIGINT):
                return
            self._force = told.si_signo == signal.SIGUSR1
            self._state.next_check = self._next_look = 0.0

    def tick(self) -> None:
        """Do what is to be done at this moment."""
        now = time.time()
        self._publish()
        if now >= self._state.next_check and now >= self._next_look:
            self._check(now)
            self._publish()
        elif self._lacks_www() and now >= max(self._next_look, self._state.without_www_until):
            self._look_for_www(now)
        if self._certificate and now >= min(self._prove_at, self._glance_at):
            self._prove(self._certificate, now)

    # Private

    def _publish(self) -> None:
        try:
            found = publish.publish(self._settings.lineage)
        except (OSError, ValueError) as error:  # a disk that is full, a file that is damaged
            help_ = "see to the disk; the edge goes on with the certificate that it has"
            told = {"reason": "file", "detail": str(error), "help": help_}
            line("error", "certificate not published", **told)
            return
        if found and found != self._certificate:
            line("info", "certificate in use", names=found.names, expires=iso(found.expires),
                 issuer=found.issuer)  # fmt: skip
            self._certificate = found
            self._prove_at = 0.0
            self._tell()

    def _tell(self) -> None:
        if self._certificate:
            publish.tell(self._certificate, self._state.checked, self._state.error)

    def _check(self, now: float) -> None:
        """Look whether the authority would find us, and if so have certbot see to it."""
        domain, www = self._settings.names
        findings = {name: preflight.look(name) for name in self._settings.names}
        verdict = findings[domain].verdict
        late = bool(self._certificate) and self._certificate.part_left(now) < LATE  # type: ignore[union-attr]
        # Late in its life the authority has the last word: it may see what we do not.
        if (verdict is False and not late) or (verdict is None and not self._edge_had_time(GRACE)):
            self._not_now(findings[domain], now)
            return
        self._quick = 0
        names = [domain]
        if self._www_leads_here(findings) and now >= self._state.without_www_until:
            names.append(www)
        else:
            self._leave_out(findings[www], www, now)

        has = self._certificate.names if self._certificate else ()
        if www in has and www not in names and not late:
            self._force = False
            self._done(now)  # the certificate is good, and www may come back
            return
        failure = order.request(self._settings, names, force=self._force)
        self._force = False
        if failure is None:
            self._done(now)
        else:
            self._failed(failure, now)

    def _leave_out(self, finding: preflight.Finding, www: str, now: float) -> None:
        """The domain's certificate does not wait for www."""
        self._next_look = now + 10 * MINUTE
        told = {"reason": finding.reason, "detail": finding.detail, "help": finding.help}
        if finding.verdict:
            again = iso(self._state.without_www_until)
            told = {"reason": "refused", "detail": f"the authority refused it; again {again}"}
        line("warning", "name left out", name=www, **told)

    def _edge_had_time(self, seconds: float = PATIENCE) -> bool:
        """To start: it and we do so at the same moment."""
        return time.monotonic() - self._started > seconds

    def _prove(self, certificate: publish.Certificate, now: float) -> None:
        """Look whether HTTPS works; again with each check, and sooner while it does not. In between
        is a glance each minute for whose certificate answers; if none does, nothing follows.
        """
        early, glance = not self._edge_had_time(), now < self._prove_at
        before = dict(self._state.proven_since)
        well = self._prover.prove(certificate, self._state, now, lenient=early or glance)
        self._glance_at = now + GLANCE
        if not glance:
            self._unproven = 0 if well or early else self._unproven + 1
            pause = DAY if well else 2 if early else min(30 * 2**self._unproven, 10 * MINUTE)
            self._prove_at = now + pause
        if self._state.proven_since != before:
            self._state.save()

    def _www_leads_here(self, findings: dict[str, preflight.Finding]) -> bool:
        domain, www = (findings[name] for name in self._settings.names)
        if www.verdict is None and domain.verdict is None:  # as far as one can see from here
            return www.addresses == domain.addresses
        return bool(www.verdict)

    def _lacks_www(self) -> bool:
        return bool(self._certificate) and self._settings.names[1] not in self._certificate.names  # type: ignore[union-attr]

    def _look_for_www(self, now: float) -> None:
        self._next_look = now + 10 * MINUTE
        if self._state.failures == 0 and preflight.look(self._settings.names[1]).verdict:
            self._state.next_check = self._next_look = 0.0

    def _done(self, now: float) -> None:
        # Twice a day, and not all the world's servers at the same minute.
        self._state.next_check = now + random.uniform(11 * HOUR, 12 * HOUR)  # noqa: S311
        self._state.checked = now
        self._state.failures = 0
        self._state.error = None
        self._state.save()
        self._prove_at = 0.0
        self._tell()

    def _not_now(self, finding: preflight.Finding, now: float) -> None:
        """The name does not lead here: the authority is not asked, and we look again soon."""
        had_time = self._edge_had_time()
        self._quick = self._quick + 1 if had_time else 1
        self._next_look = now + min(2**self._quick, 10 * MINUTE)
        if had_time:
            told = {"reason": finding.reason, "detail": finding.detail, "help": finding.help}
            self._complain(told, self._next_look)

    def _failed(self, failure: order.Failure, now: float) -> None:
        """Wait longer each time, within what Let's Encrypt allows (5 failed validations an hour,
        5 certificates of the same names a week).
        """
        self._state.failures += 1
        first, most = (MINUTE, HOUR) if failure.reason in PASSING else (15 * MINUTE, 12 * HOUR)
        if failure.reason == "rateLimited":
            first = 6 * HOUR
        pause = min(first * 2 ** min(self._state.failures - 1, 10), most) * random.uniform(1, 1.1)  # noqa: S311
        self._state.next_check = max(now + pause, failure.retry_at or 0)
        if failure.names == (self._settings.names[1],):  # the domain alone would have worked
            self._state.without_www_until = now + DAY
            self._state.next_check = now + MINUTE
        told = {key: asdict(failure)[key] for key in ("reason", "detail", "help")}
        self._complain(told, self._state.next_check)

    def _complain(self, told: dict[str, str], again: float) -> None:
        event = "certificate not renewed" if self._certificate else "certificate not obtained"
        failures = self._state.failures or None
        line("error", event, **told, failures=failures, next_try=iso(again))
        self._state.error = dict(told)
        self._state.save()
        self._tell()


if __name__ == "__main__":
    Keeper(settings_.read()).run()
