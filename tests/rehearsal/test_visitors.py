"""The visitors of the rehearsal are counted by what h2load says."""

from __future__ import annotations

import pytest

from tests.rehearsal.cloud import answered

SAID = """
finished in 10.00s, 19.90 req/s, 45.62KB/s
requests: {done} total, 208 started, {done} done, {good} succeeded, {failed} failed, {errored} errored, 0 timeout
status codes: {ok} 2xx, 0 3xx, 0 4xx, {bad} 5xx
"""


@pytest.mark.parametrize(
    "done, good, failed, errored, ok, bad, wrong",
    [
        (199, 199, 0, 0, 199, 0, False),
        (199, 199, 0, 0, 200, 0, False),  # the time was over in the middle of an answer
        (199, 198, 1, 0, 199, 1, True),  # and it does not make up for one that went wrong
        (199, 198, 1, 1, 199, 0, True),
        (0, 0, 0, 0, 0, 0, True),  # no connection
    ],
)
def test_a_fault_is_told_from_an_answer_that_was_under_way(
    done: int, good: int, failed: int, errored: int, ok: int, bad: int, wrong: bool
) -> None:
    said = SAID.format(done=done, good=good, failed=failed, errored=errored, ok=ok, bad=bad)
    ended, faults = answered(said)
    assert ended == done
    assert (faults > 0) == wrong
