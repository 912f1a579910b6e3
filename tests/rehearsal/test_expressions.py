"""Expressions mean what GitHub's documentation says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.expressions import evaluate, filled

CONTEXT = {
    "vars": {"STAGING": "true", "REGISTRY": ""},
    "inputs": {"release": None},
    "steps": {"build-it": {"outputs": {"image": "a@b"}}},
    "failure": lambda: True,
    "fromJSON": lambda text: ["staging"] if text else [],
}


@pytest.mark.parametrize(
    "text, value",
    [
        ("vars.REGISTRY || 'ghcr.io'", "ghcr.io"),
        ("vars.STAGING == 'TRUE' && 'yes' || 'no'", "yes"),
        ("vars.NOTHING.AT.ALL", None),
        ("!inputs.release", True),
        ("failure() && vars.STAGING != 'true'", False),
        ("steps.build-it.outputs.image", "a@b"),
        ("steps['build-it'].outputs['image']", "a@b"),
        ("('it''s')", "it's"),
        ("fromJSON('x')", ["staging"]),
        ("1 == 1", True),
    ],
)
def test_a_value(text: str, value: Any) -> None:
    assert evaluate(text, CONTEXT) == value


def test_a_text_with_several() -> None:
    text = "${{ vars.REGISTRY || 'ghcr.io' }}/x:${{vars.STAGING}}${{ inputs.release }}"
    assert filled(text, CONTEXT) == "ghcr.io/x:true"


@pytest.mark.parametrize("text", ["vars.", "'open", "unknown()", "(vars.STAGING", "a b", ""])
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        evaluate(text, CONTEXT)
