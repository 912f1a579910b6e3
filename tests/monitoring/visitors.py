"""Visitors of many kinds, as a site has them: most read, some search, mistype, dawdle or pry."""

from __future__ import annotations

import math
import random
import ssl
import threading
import time

import httpx

CODINGS = ["gzip, deflate, br, zstd", "gzip, deflate, br", "gzip", ""]
SEARCHES = [
    "?category=coats",
    "?sort=price-up&page=2",
    "?colour=moss",
    "",
    "/long-coat",
    "/nothing",
]
WAVES = ((290, 0.35), (83, 0.2))  # how often it gets busy, in seconds, and by how much


class Visitors:
    """Ask over TLS until closed.

    address, name: where the site is, and what it is called there.
    rate: requests a second, on average; it rises and falls by half.
    """

    PEOPLE = 12

    def __init__(
        self, address: str, name: str, context: ssl.SSLContext, paths: list[str], rate: float
    ) -> None:
        self.answers: dict[int, int] = {}
        self._url, self._name, self._context = f"https://{address}", name, context
        self._paths, self._rate = paths, rate
        self._stop = threading.Event()
        self._people = [threading.Thread(target=self._visit) for _ in range(self.PEOPLE)]
        for person in self._people:
            person.start()

    def close(self) -> None:
        """Leave."""
        self._stop.set()
        for person in self._people:
            person.join()

    # Private

    def _visit(self) -> None:
        while not self._stop.is_set():  # each time somebody else, on a connection of their own
            headers = {"host": self._name, "accept-encoding": random.choice(CODINGS)}
            options = {"verify": self._context, "timeout": 10, "headers": headers}
            with httpx.Client(base_url=self._url, **options) as client:
                self._browse(client, {}, time.monotonic() + random.uniform(5, 40))

    def _browse(self, client: httpx.Client, tags: dict[str, str], end: float) -> None:
        while time.monotonic() < end and not self._stop.is_set():
            waves = (high * math.sin(2 * math.pi * time.time() / long) for long, high in WAVES)
            rate = self._rate * (1 + sum(waves))
            self._stop.wait(random.expovariate(rate / self.PEOPLE))
            try:
                answer = self._ask(client, tags)
            except httpx.HTTPError:
                continue
            self.answers[answer.status_code] = self.answers.get(answer.status_code, 0) + 1

    def _ask(self, client: httpx.Client, tags: dict[str, str]) -> httpx.Response:
        named = {"extensions": {"sni_hostname": self._name}}
        kind = random.random()
        if kind < 0.08:
            return client.get(f"/api/products{random.choice(SEARCHES)}", **named)
        if kind < 0.14:
            return client.get("/api/info", **named)
        if kind < 0.16:
            return client.get(f"/{random.choice(['wp-login.php', '.env', 'about/us'])}", **named)
        if kind < 0.17:
            return client.request(random.choice(["BREW", "POST"]), "/api/info", **named)
        path = self._paths[int(len(self._paths) * random.random() ** 4)]  # a few are popular
        if kind < 0.18:
            return self._dawdle(client, path, named)
        headers = {"if-none-match": tags[path]} if path in tags and kind < 0.6 else {}
        answer = client.get(path, headers=headers, **named)
        if "etag" in answer.headers:
            tags[path] = answer.headers["etag"]
        return answer

    def _dawdle(self, client: httpx.Client, path: str, named: dict) -> httpx.Response:
        with client.stream("GET", path, **named) as answer:
            for _ in answer.iter_raw(16 * 1024):
                if self._stop.wait(0.05):
                    break
        return answer
