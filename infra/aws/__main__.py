"""Kaira on EC2: make it, reckon what it costs, take it down.

Exit codes: 0 done, 1 failed, 2 refused before anything was changed.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from infra.aws import machine, prices
from infra.aws.stack import Failed, Stack, loses
from infra.aws.template import BadParameter, completed, given, parameters

DONE, FAILED, REFUSED = 0, 1, 2
SOUND = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


class Refused(Exception):
    """Why nothing was changed; one line."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (BadParameter, Refused) as error:
        return _say(REFUSED, str(error))
    except Failed as error:
        return _say(FAILED, str(error))
    except ClientError as error:
        return _say(FAILED, f"AWS says no: {error}")
    except (BotoCoreError, ResponseParserError) as error:
        return _say(FAILED, f"AWS does not answer: {error}")
    except KeyboardInterrupt:
        return _say(130, "no longer looking; what was begun goes on in AWS")
    return DONE


def create(options: argparse.Namespace) -> None:
    """`create`: makes the stack, or changes it."""
    values = given(options.values)
    session = _session(options)
    stack = Stack(options.stack, session)
    found = stack.found()
    if found and found["StackStatus"].endswith("_IN_PROGRESS"):
        raise Refused(f"{stack.name} is being changed right now ({found['StackStatus']}): wait")
    if found and found["StackStatus"] not in SOUND:
        raise Refused(f"{stack.name} is {found['StackStatus']}: take it down first")
    kept = (found or {}).get("Parameters", ())
    before = {each["ParameterKey"]: each["ParameterValue"] for each in kept}
    values = completed(values, before)
    whole = {**before, **values}
    if not found:
        values |= _of_the_account(session, whole)
    print(prices.terminal(whole, session.region_name))
    if _agreed(stack, values, found, options.yes):
        _tell(stack.carry_out())
    else:
        print(f"\n{stack.name} is as you want it: there is nothing to change.")
    print(machine.next_steps(session, stack.outputs(), whole, new=not found))


def delete(options: argparse.Namespace) -> None:
    """`delete`: takes the stack down."""
    session = _session(options)
    stack = Stack(options.stack, session)
    if not stack.found():
        raise Refused(f"there is no stack {stack.name} in {session.region_name}")
    left = machine.snapshots(session, stack.name)
    fate = (
        "are removed as well" if options.snapshots else "stay, and cost: --snapshots removes them"
    )
    print(
        f"{stack.name} goes for ever:\n"
        "  the machine and its disk: the site, its certificates, the journal of deployments,\n"
        "  what monitoring has measured; the address, which the name leads to; alarms and logs\n"
        f"  {len(left)} snapshots of its disk {fate}\n"
        "That the account trusts GitHub stays, for other stacks may need it; it costs nothing"
    )
    if options.yes != stack.name and not (
        options.yes is None and _asked(f"Type its name to go on ({stack.name}): ", stack.name)
    ):
        raise Refused("that is not its name: nothing was changed")
    _tell(stack.delete())
    if options.snapshots:
        machine.remove(session, machine.snapshots(session, stack.name))
    print(f"{stack.name} is gone.")


def cost(options: argparse.Namespace) -> None:
    """`cost`: prints docs/costs.md, or one stack's costs, or writes the pages."""
    values = given(options.values)
    if options.write:
        for language, file in prices.PAGES.items():
            file.write_text(prices.page(language))
    elif values or options.region:
        regions = [options.region] if options.region else list(prices.REGIONS)
        print("\n\n".join(prices.terminal(values, region) for region in regions))
    else:
        print(prices.page(options.language), end="")


# Private


def _agreed(
    stack: Stack, values: dict[str, str], found: dict[str, Any] | None, unasked: bool
) -> bool:
    """Prepares what shall change, and asks; False if nothing would. Without a yes nothing stays."""
    agreed = False
    try:
        changes = stack.prepare(values, found)
        if changes is None:
            return False
        print("\nWhat is made (+), changed (~), removed (-):", *changes, sep="\n")
        if lost := loses(changes):
            raise Refused(
                f"{lost.name} would be made anew, and what is on it lost: take the stack down "
                "and make another, if that is what you want"
            )
        agreed = unasked or _asked("Go on? [y/N] ", "y")
        if not agreed:
            raise Refused("nothing was changed")
    except KeyboardInterrupt as error:
        raise Refused("nothing was changed") from error
    finally:
        if not agreed:
            stack.forget()
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.aws", description="Kaira on EC2.")
    commands = parser.add_subparsers(required=True, metavar="create|cost|delete")

    each = commands.add_parser("create", help="make the stack, or change it")
    _place(each)
    each.add_argument("--yes", action="store_true", help="do not ask")
    each.add_argument(
        "values", nargs="*", metavar="NAME=VALUE", help="infra/aws/kaira.yaml has them"
    )
    each.set_defaults(run=create)

    each = commands.add_parser("cost", help="what it costs a month")
    each.add_argument("--region")
    each.add_argument("--language", choices=list(prices.PAGES), default="en")
    each.add_argument("--write", action="store_true", help="write docs/costs*.md")
    each.add_argument("values", nargs="*", metavar="NAME=VALUE")
    each.set_defaults(run=cost)

    each = commands.add_parser("delete", help="take the stack down")
    _place(each)
    each.add_argument("--yes", metavar="STACK", help="its name, instead of typing it")
    each.add_argument("--snapshots", action="store_true", help="remove the snapshots as well")
    each.set_defaults(run=delete)
    return parser


def _place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stack", default="kaira", help="its name (kaira)")
    parser.add_argument("--region", help="where; by default as AWS_REGION or ~/.aws/config say")


def _session(options: argparse.Namespace) -> Any:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", options.stack):
        raise Refused(f"--stack: got {options.stack!r}, takes a name as kaira or kaira-staging")
    # The command line of AWS reads AWS_REGION, boto3 only AWS_DEFAULT_REGION.
    session = boto3.Session(region_name=options.region or os.environ.get("AWS_REGION"))
    if not session.region_name:
        raise Refused("the region is missing: --region ap-northeast-2, or AWS_REGION")
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", session.region_name):
        raise Refused(f"--region: got {session.region_name!r}, takes a region as ap-northeast-2")
    try:
        account = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise Refused(f"AWS cannot be asked: {error} (aws configure)") from error
    print(f"Account {account}, {session.region_name}, stack {options.stack}\n")
    return session


def _of_the_account(session: Any, values: dict[str, str]) -> dict[str, str]:
    """A zone, an image and GitHub's provider for a new stack. Every later change keeps them."""
    of = {name: values.get(name, each.default or "") for name, each in parameters().items()}
    zone = machine.zone(session, of["InstanceType"])
    if not zone:
        raise Refused(f"InstanceType: {session.region_name} has no {of['InstanceType']}")
    image = machine.image(session, of["Ubuntu"])
    if not image:
        raise Refused(f"Ubuntu: there is no {of['Ubuntu']} in {session.region_name}")
    provider = {"GitHubProvider": "exists"} if machine.trusts_github(session) else {}
    return {"Zone": zone, "ImageId": image, **provider}


def _asked(question: str, answer: str) -> bool:
    try:
        return input(question).strip() == answer
    except EOFError:
        return False


def _tell(words: Iterable[str]) -> None:
    for each in words:
        print(each, flush=True)


def _say(code: int, message: str) -> int:
    print(f"infra.aws: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
