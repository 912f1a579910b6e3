"""The expressions of GitHub Actions, as far as our workflows use them.

https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

TOKEN = re.compile(
    r"\s*(?:'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|([A-Za-z_][\w-]*)|(\|\||&&|==|!=|[!()\[\].,]))"
)
WORDS = {"true": True, "false": False, "null": None}


def filled(text: str, context: Mapping[str, Any]) -> str:
    """`text` with each `${{ … }}` in it replaced. Raises ValueError for what is not understood."""
    return re.sub(
        r"\$\{\{(.*?)\}\}", lambda match: written(evaluate(match[1], context)), text, flags=re.S
    )


def evaluate(text: str, context: Mapping[str, Any]) -> Any:
    """The value of an expression. `context`: `secrets`, `vars`, …, and functions by name.

    Names that are not there are null, as at GitHub. Raises ValueError for what is not understood.
    """
    parser = _Parser(text, context)
    value = parser.either()
    if parser.left:
        raise ValueError(f"{text}: cannot read on at {parser.left[0][1]}")
    return value


def written(value: Any) -> str:
    """A value as it stands in a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def is_true(value: Any) -> bool:
    """What counts as true."""
    return value not in (None, False, 0, "")


# Private


class _Parser:
    """One function a level, the loosest binding first."""

    def __init__(self, text: str, context: Mapping[str, Any]) -> None:
        self._context = context
        self.left: list[tuple[str, Any]] = []
        at, text = 0, text.strip()
        while at < len(text):
            found = TOKEN.match(text, at)
            if not found:
                raise ValueError(f"{text}: cannot read on at {text[at:]}")
            string, number, name, sign = found.groups()
            if string is not None:
                self.left.append(("value", string.replace("''", "'")))
            elif number is not None:
                self.left.append(("value", float(number) if "." in number else int(number)))
            else:
                self.left.append(("name", name) if name else ("sign", sign))
            at = found.end()

    def either(self) -> Any:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = value if is_true(value) else other
        return value

    def _both(self) -> Any:
        value = self._equal()
        while self._take("&&"):
            other = self._equal()
            value = other if is_true(value) else value
        return value

    def _equal(self) -> Any:
        value = self._not()
        while (sign := self._take("==") or self._take("!=")) is not None:
            other = self._not()
            same = _folded(value) == _folded(other)
            value = same if sign == "==" else not same
        return value

    def _not(self) -> Any:
        if self._take("!"):
            return not is_true(self._not())
        return self._one()

    def _one(self) -> Any:
        if self._take("("):
            value = self.either()
            self._need(")")
            return value
        kind, what = self.left.pop(0) if self.left else ("sign", "its end")
        if kind == "value":
            return what
        if kind != "name":
            raise ValueError(f"a value was expected, not {what}")
        if what in WORDS:
            return WORDS[what]
        value: Any = self._context.get(what)
        if self._take("("):
            return self._called(what, value)
        while (sign := self._take(".") or self._take("[")) is not None:
            key = self._name() if sign == "." else self.either()
            if sign == "[":
                self._need("]")
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def _name(self) -> str:
        if not self.left or self.left[0][0] != "name":
            raise ValueError("a name was expected")
        return str(self.left.pop(0)[1])

    def _called(self, name: str, function: Callable[..., Any] | None) -> Any:
        if not callable(function):
            raise ValueError(f"no such function: {name}")
        arguments = []
        while not self._take(")"):
            arguments.append(self.either())
            self._take(",")
        return function(*arguments)

    def _take(self, sign: str) -> str | None:
        if self.left and self.left[0] == ("sign", sign):
            self.left.pop(0)
            return sign
        return None

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            raise ValueError(f"{sign} is missing")


def _folded(value: Any) -> Any:
    """GitHub compares without regard to case."""
    return value.casefold() if isinstance(value, str) else value
