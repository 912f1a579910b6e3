"""One stack of CloudFormation: what it would change, the change itself as it goes on, its end."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from infra.aws.template import TEMPLATE, parameters

POLL_SECONDS = 3
# If one of these were made anew, the disk or the address would be another.
PRECIOUS = ("Machine", "Interface", "Address")
# Of the machine, these restart it. AWS calls them, and such as lose its disk, conditional alike.
RESTART = {"InstanceType", "UserData"}


class Failed(Exception):
    """What AWS did not do; the message is one line."""


@dataclass(frozen=True)
class Change:
    """What a change set would do with one resource."""

    action: str
    name: str
    kind: str
    replacement: str
    perhaps_anew: frozenset[str] = frozenset()  # the properties that may have it made anew

    def __str__(self) -> str:
        sign = {"Add": "+", "Remove": "-"}.get(self.action, "~")
        note = ""
        if self.name == "Machine" and self.action == "Modify":
            note = "  it may be restarted: a minute without the site"
        elif self.replacement == "True":
            note = "  made anew"
        return f"  {sign} {self.name} ({self.kind.removeprefix('AWS::')}){note}"


@dataclass
class Stack:
    """A stack by its name; `clients` are boto3's, by service."""

    name: str
    session: Any
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._cloud = self.session.client("cloudformation")

    def found(self) -> dict[str, Any] | None:
        """What AWS says of it; None where there is none, or only the shell of one."""
        stack = self._described()
        return None if stack and stack["StackStatus"] == "REVIEW_IN_PROGRESS" else stack

    def outputs(self) -> dict[str, str]:
        """Its outputs by their names."""
        found = self.found() or {}
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}

    def prepare(self, values: dict[str, str], found: dict[str, Any] | None) -> list[Change] | None:
        """Makes the change set; None if nothing would change. `forget` undoes it."""
        self.forget()  # one that was left behind would be in the way
        kept = {each["ParameterKey"] for each in (found or {}).get("Parameters", ())}
        sent = [
            {"ParameterKey": name, "ParameterValue": values[name]}
            if name in values
            else {"ParameterKey": name, "UsePreviousValue": True}
            for name in parameters()
            if name in values or name in kept
        ]
        self._cloud.create_change_set(
            StackName=self.name, ChangeSetName="kaira", Parameters=sent,
            ChangeSetType="UPDATE" if found else "CREATE", TemplateBody=TEMPLATE.read_text(),
            Capabilities=["CAPABILITY_IAM"], Tags=[{"Key": "kaira", "Value": self.name}],
            # One that was never ready leaves nothing behind, and can be made again.
            **({} if found else {"OnStackFailure": "DELETE"}),
        )  # fmt: skip
        while True:
            answer = self._cloud.describe_change_set(StackName=self.name, ChangeSetName="kaira")
            if answer["Status"] == "FAILED":
                reason = answer.get("StatusReason", "")
                if "didn't contain changes" in reason or "No updates" in reason:
                    return None
                raise Failed(f"CloudFormation refuses the change: {reason}")
            if answer["Status"] == "CREATE_COMPLETE":
                break
            time.sleep(POLL_SECONDS)
        return [_change(each["ResourceChange"]) for each in self._all_changes(answer)]

    def forget(self) -> None:
        """Removes the change set, and the shell of a new stack, if they are there."""
        try:
            self._cloud.delete_change_set(StackName=self.name, ChangeSetName="kaira")
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ValidationError", "ChangeSetNotFound"):
                raise
        if self._status() == "REVIEW_IN_PROGRESS":
            self._cloud.delete_stack(StackName=self.name)
            while self._status() in ("REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS"):
                time.sleep(POLL_SECONDS)

    def carry_out(self) -> Iterator[str]:
        """Carries the change set out, and tells what happens; raises Failed at a bad end."""
        identity = self._identity()
        self._told = {each["EventId"] for each in self._events(identity)}
        self._cloud.execute_change_set(StackName=self.name, ChangeSetName="kaira")
        yield from self._follow(identity, "(CREATE|UPDATE)_COMPLETE")

    def delete(self) -> Iterator[str]:
        """Takes it down, and tells what happens; raises Failed at a bad end."""
        identity = self._identity()
        self._told = {each["EventId"] for each in self._events(identity)}
        self._cloud.delete_stack(StackName=self.name)
        yield from self._follow(identity, "DELETE_COMPLETE")

    # Private

    def _described(self) -> dict[str, Any] | None:
        try:
            stack: dict[str, Any] = self._cloud.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        return stack

    def _status(self) -> str:
        return str((self._described() or {}).get("StackStatus", ""))

    def _identity(self) -> str:
        """Its id, by which it is known after its end as well."""
        return str(self._cloud.describe_stacks(StackName=self.name)["Stacks"][0]["StackId"])

    def _all_changes(self, answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from answer.get("Changes", ())
        while token := answer.get("NextToken"):
            answer = self._cloud.describe_change_set(
                StackName=self.name, ChangeSetName="kaira", NextToken=token
            )
            yield from answer.get("Changes", ())

    def _events(self, identity: str) -> list[dict[str, Any]]:
        """All of them, oldest first."""
        pages = self._cloud.get_paginator("describe_stack_events").paginate(StackName=identity)
        return [each for page in pages for each in page["StackEvents"]][::-1]

    def _follow(self, identity: str, good: str) -> Iterator[str]:
        cause, begun = "", False
        while True:
            stack = self._cloud.describe_stacks(StackName=identity)["Stacks"][0]
            for event in self._events(identity):
                if event["EventId"] in self._told:
                    continue
                self._told.add(event["EventId"])
                # Until then its status may still be that of the last change.
                begun = begun or event["PhysicalResourceId"] == identity
                reason = event.get("ResourceStatusReason", "")
                if event["ResourceStatus"].endswith("FAILED") and not cause:
                    cause = f"{event['LogicalResourceId']}: {reason}"
                yield (
                    f"  {event['Timestamp']:%H:%M:%S}  {event['ResourceStatus']:<28}"
                    f"{event['LogicalResourceId']}  {reason}"
                ).rstrip()
            status = stack["StackStatus"]
            if begun and not status.endswith("_IN_PROGRESS"):
                if re.fullmatch(good, status):
                    return
                raise Failed(f"{self.name}: {status}: {cause or stack.get('StackStatusReason')}")
            time.sleep(POLL_SECONDS)


def _change(answer: dict[str, Any]) -> Change:
    return Change(
        answer["Action"], answer["LogicalResourceId"], answer["ResourceType"],
        answer.get("Replacement", ""),
        frozenset(
            each["Target"].get("Name", "") for each in answer.get("Details", ())
            if each["Target"].get("RequiresRecreation", "Never") != "Never"
        ),
    )  # fmt: skip


def loses(changes: list[Change]) -> Change | None:
    """The first change that would cost the machine its disk or its address."""
    for each in changes:
        if each.name in PRECIOUS and (each.replacement == "True" or each.action == "Remove"):
            return each
        if each.name == "Machine" and each.action == "Modify" and each.perhaps_anew - RESTART:
            return each
    return None
