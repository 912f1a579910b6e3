"""What the edge counts of what it answers."""

from __future__ import annotations

import time

from prometheus_client.parser import text_string_to_metric_families

from tests.edge.stack import BROWSER, Stack, wait_until

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(stack: Stack) -> Samples:
    """Every series with its value; parsed strictly, as Prometheus does."""
    text = stack.execute("nginx", "curl", "-sf", "http://127.0.0.1:9145/metrics")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def grown(stack: Stack, before: Samples, name: str, **labels: str) -> float:
    """By how much the series of this name with these labels have grown, together."""
    wanted = set(labels.items())
    return sum(
        value - before.get((found, has), 0)
        for (found, has), value in samples(stack).items()
        if found == name and wanted <= has
    )


def settle(stack: Stack) -> None:
    """Wait until all that was asked so far is counted: nginx writes its lines after a second."""
    counted = ("kaira_edge_counted_timestamp_seconds", frozenset[tuple[str, str]]())
    asked = time.time()
    wait_until(lambda: samples(stack)[counted] >= asked + 2, "it is counted again", 30)


def test_requests_are_counted_by_kind_code_and_what_the_cache_did(stack: Stack) -> None:
    requests = "kaira_edge_requests_total"
    settle(stack)
    before = samples(stack)
    with stack.client(**{"accept-encoding": BROWSER}) as client:
        for _ in range(3):
            client.get("/")
        asset = next(path for path in stack.paths() if path.endswith(".css"))
        client.get(asset)
        for _ in range(2):
            client.get("/api/info")
        client.get("/nothing-at-all")
        client.get("/health")  # whoever looks is no visitor
    wait_until(lambda: grown(stack, before, requests) >= 7, "they are counted", 15)
    assert grown(stack, before, requests) == 7
    assert grown(stack, before, requests, kind="page", code="200", colour="blue") == 3
    assert grown(stack, before, requests, kind="page", code="404") == 1
    assert grown(stack, before, requests, kind="asset", code="200") == 1
    assert grown(stack, before, requests, kind="api", code="200", cache="miss") == 2
    # What is older than five seconds is sent and asked for anew.
    kept = [grown(stack, before, requests, cache=how) for how in ("hit", "stale", "updating")]
    assert sum(kept) >= 4
    durations = "kaira_edge_request_duration_seconds"
    assert grown(stack, before, f"{durations}_count", kind="page") == 4
    assert grown(stack, before, f"{durations}_bucket", kind="page", le="+Inf") == 4
    assert grown(stack, before, f"{durations}_bucket", kind="page", le="10") == 4
    assert grown(stack, before, "kaira_edge_upstream_duration_seconds_count", kind="api") == 2
    assert grown(stack, before, "kaira_edge_response_bytes_total", coding="br") > 0


def test_a_failure_is_there_before_it_happens(stack: Stack) -> None:
    # The first 503 must be a change of a series, not a new series: rate() would not see it.
    labels = {"kind": "page", "code": "503", "cache": "none", "colour": "green"}
    assert ("kaira_edge_requests_total", frozenset(labels.items())) in samples(stack)


def test_clients_cannot_make_new_series(stack: Stack) -> None:
    with stack.client() as client:
        client.get("/")
        settle(stack)
        before = samples(stack)
        for number in range(20):
            client.get(f"/x{number}", headers={"accept-encoding": f"x{number}"})
            client.request(f"X{number}", "/")
    wait_until(
        lambda: grown(stack, before, "kaira_edge_requests_total") >= 40, "all are counted", 30
    )
    new = set(samples(stack)) - set(before)
    assert {dict(labels).get("code") for _, labels in new} <= {"400", "404", "501", None}
    assert len(new) <= 16


def test_the_file_of_requests_is_emptied(stack: Stack) -> None:
    lines = "/run/kaira/counted/requests"
    before = samples(stack)
    line = r"blue\t10\t200\tHIT\t0.001\t-\tbr\t/"
    stack.execute("nginx", "sh", "-c", f"yes \"$(printf '{line}')\" | head -n 12000 >>{lines}")

    def small() -> bool:
        return int(stack.execute("nginx", "stat", "-c", "%s", lines)) < 4096

    wait_until(small, "it is emptied", 15)
    wait_until(
        lambda: grown(stack, before, "kaira_edge_requests_total", cache="hit") >= 12000,
        "all are counted", 15,
    )  # fmt: skip


def test_what_was_counted_is_not_lost_where_there_is_no_room_for_more(stack: Stack) -> None:
    counted = "kaira_edge_requests_total"
    start, tried = samples(stack), set[str]()
    with stack.client() as client:
        client.get("/")
    wait_until(lambda: grown(stack, start, counted) >= 1, "it is counted")
    before = {key: value for key, value in samples(stack).items() if key[0].endswith("_total")}

    def has_tried() -> bool:
        """What is half written stays where it is."""
        written = ("stat", "-c", "%Y", "/run/kaira/counted/metrics.new")
        tried.add(stack.execute("nginx", *written, check=False))
        return len(tried - {""}) >= 2  # the first may be of one that went well

    filler = "/run/kaira/filler"
    stack.execute("nginx", "dd", "if=/dev/zero", f"of={filler}", "bs=4k", check=False)
    try:
        wait_until(has_tried, "it has tried to count")
    finally:
        stack.execute("nginx", "rm", filler)
    with stack.client() as client:
        client.get("/")
    wait_until(lambda: grown(stack, before, counted, kind="page") >= 1, "it counts again")
    after = samples(stack)
    assert {key for key, value in before.items() if after.get(key, 0) < value} == set()
