"""The template's parameters, and whether values fit them; nothing is asked of AWS for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
TEMPLATE = HERE / "kaira.yaml"
CLOUD_INIT = HERE / "cloud-init.yaml"

# Counts when the machine is made and first starts, and never afterwards.
FIRST_START = ("Ubuntu", "DiskGB", "Ref", "DeployKey", "Image", "AcmeEmail", "Logs", "Token")
# Filled in by the command.
OWN = ("CloudInit", "ImageId", "Zone")


class BadParameter(Exception):
    """A value that is missing or malformed; the message is one line that names it."""


@dataclass(frozen=True)
class Parameter:
    """A parameter as the template describes it."""

    name: str
    about: str
    takes: str
    default: str | None
    pattern: str | None
    allowed: tuple[str, ...]
    least: int | None
    most: int | None
    secret: bool

    def check(self, value: str) -> None:
        """Raises BadParameter unless CloudFormation would take the value."""
        if self.allowed:
            fits = value in self.allowed
        elif self.pattern is not None:
            fits = re.fullmatch(self.pattern, value, re.ASCII) is not None
        else:
            fits = re.fullmatch(r"\d{1,9}", value, re.ASCII) is not None and (
                (self.least or 0) <= int(value) <= (self.most or int(value))
            )
        if not fits:
            got = "" if self.secret else f" got {value!r},"
            raise BadParameter(f"{self.name}:{got} {self.takes}")


def parameters() -> dict[str, Parameter]:
    """The template's parameters by their names, in its order."""
    found: dict[str, Any] = YAML().load(TEMPLATE)["Parameters"]
    return {
        name: Parameter(
            name=name,
            about=str(each["Description"]),
            takes=str(each["ConstraintDescription"]),
            default=str(each["Default"]) if "Default" in each else None,
            pattern=each.get("AllowedPattern"),
            allowed=tuple(str(value) for value in each.get("AllowedValues", ())),
            least=each.get("MinValue"),
            most=each.get("MaxValue"),
            secret=bool(each.get("NoEcho", False)),
        )
        for name, each in found.items()
    }


def given(words: list[str]) -> dict[str, str]:
    """NAME=VALUE words as values, each checked."""
    known = parameters()
    values: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in known or name in OWN:
            names = ", ".join(each for each in known if each not in OWN)
            raise BadParameter(f"{name}: there is no such parameter; there are {names}")
        if not equals:
            raise BadParameter(f"{name}: give it a value as {name}=…")
        known[name].check(value.strip())
        values[name] = value.strip()
    return values


def completed(values: dict[str, str], before: dict[str, str]) -> dict[str, str]:
    """The values with what follows from others; `before` is what the stack has already.

    Raises BadParameter for the first that is missing, or cannot be changed any more.
    """
    for name in FIRST_START:
        if before and name in values and values[name] != before.get(name):
            raise BadParameter(
                f"{name} counts when the machine is made: change it there (docs/aws.md)"
            )
    whole = {**before, **values}
    if not before:
        values = {**values, "CloudInit": CLOUD_INIT.read_text()}
        if "Repository" in values:
            values.setdefault("Image", f"ghcr.io/{values['Repository'].lower()}")
        whole = values
    for each in parameters().values():
        if each.default is None and each.name not in whole:
            raise BadParameter(f"{each.name} is missing: it {each.takes}")
    # As the template's Rules say, which CloudFormation would ask only after the question here.
    if whole.get("HostedZone") and not whole.get("Domain"):
        raise BadParameter("Domain is missing, which HostedZone needs")
    for name in ("CloudInit", "Image"):
        if name in values:
            parameters()[name].check(values[name])
    return values
