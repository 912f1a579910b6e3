"""The workflows as they are written: rights, pins, and that what they do is done by scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.edge.stack import ROOT
from tests.rehearsal.expressions import evaluate, is_true

FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
LOADED: dict[str, Any] = {path.stem: YAML(typ="safe").load(path) for path in FILES}
JOBS: dict[str, Any] = LOADED["deploy"]["jobs"]
DEPLOY = JOBS["deploy"]
# What each job may do besides reading the repository.
RIGHTS = {
    ("deploy", "image"): {"packages": "write", "id-token": "write", "attestations": "write"},
    ("deploy", "deploy"): {"packages": "read", "id-token": "write"},
}
SECRETS = ("secrets.", "github.token")
# What one step alone has: it comes from the steps before it, or the script checks it itself.
OWN = ("RELEASE", "GITHUB_TOKEN", "AWS_ROLE", "AWS_REGION", "AWS_MACHINE", "AWS_TUNNEL")


def jobs() -> list[tuple[str, str]]:
    return [(file, name) for file, stated in LOADED.items() for name in stated["jobs"]]


def steps() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for file, name in jobs():
        for step in LOADED[file]["jobs"][name].get("steps", []):
            yield file, name, step


def test_there_are_two() -> None:
    assert list(LOADED) == ["ci", "deploy"]


@pytest.mark.parametrize(("file", "name"), jobs())
def test_a_job_may_do_what_it_must_and_no_more(file: str, name: str) -> None:
    assert LOADED[file]["permissions"] == {}
    rights = LOADED[file]["jobs"][name]["permissions"]
    assert rights == {"contents": "read", **RIGHTS.get((file, name), {})}


@pytest.mark.parametrize(("file", "name"), jobs())
def test_no_job_runs_for_ever(file: str, name: str) -> None:
    job = LOADED[file]["jobs"][name]
    assert "uses" in job or job["timeout-minutes"] <= 120


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_others_actions_are_pinned_to_a_commit_whose_version_is_told(path: Any) -> None:
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    for each in used:
        assert re.fullmatch(
            r"\$/\.github/workflows/ci\.yml|[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each
        )


def test_an_action_has_the_same_commit_everywhere() -> None:
    commits: dict[str, set[str]] = {}
    for path in FILES:
        for action, rest in re.findall(r"uses: ([\w/-]+)@(.*)", path.read_text()):
            commits.setdefault(action, set()).add(rest)
    assert all(len(each) == 1 for each in commits.values()), commits


def test_a_checkout_leaves_no_token_behind() -> None:
    checkouts = [
        step for *_, step in steps() if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert len(checkouts) >= len(jobs()) - 1
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_no_expression_is_in_what_a_shell_reads() -> None:
    assert not [step["run"] for *_, step in steps() if "${{" in step.get("run", "")]


@pytest.mark.parametrize("name", ["settings", "image", "deploy"])
def test_what_a_deployment_runs_are_scripts_of_the_repository(name: str) -> None:
    runs = [step["run"] for step in LOADED["deploy"]["jobs"][name]["steps"] if "run" in step]
    scripts = "delivery/(settings|build|deploy|verify|rollback)|aws/tunnel"
    assert runs and all(re.fullmatch(rf'infra/({scripts})( "\$[A-Z]+")?', each) for each in runs)


def test_settings_come_first_and_are_checked_for_the_very_thing_that_is_done() -> None:
    ran = [step for step in DEPLOY["steps"] if "run" in step]
    assert ran[0]["run"] == "infra/delivery/settings"
    for step in ran[1:]:
        for name, value in step["env"].items():
            assert name in OWN or ran[0]["env"][name] == value


def test_the_settings_of_every_environment_are_looked_at_before_the_tests() -> None:
    first = JOBS["settings"]
    assert JOBS["test"]["needs"] == "settings" and "needs" not in first
    assert first["strategy"]["matrix"] == DEPLOY["strategy"]["matrix"]
    assert first["environment"] == {"name": DEPLOY["environment"]["name"], "deployment": False}
    looks = [step for step in first["steps"] if "run" in step]
    again = next(step for step in DEPLOY["steps"] if "run" in step)
    of_this_run = {"IMAGE", "BACK"}  # an image, which is not there yet
    both = {**DEPLOY["env"], **again["env"]}
    assert [step["run"] for step in looks] == [again["run"]]
    assert looks[0]["env"] == {key: both[key] for key in both.keys() - of_this_run}


def test_secrets_are_in_the_environment_of_the_steps_that_need_them_alone() -> None:
    for file, name in jobs():
        job = LOADED[file]["jobs"][name]
        assert not any(secret in str(job.get("env")) for secret in SECRETS)
        assert job.get("secrets") is None  # a called workflow gets none
    assert not any(secret in str(LOADED[file].get("env")) for file in LOADED for secret in SECRETS)
    assert "secrets." not in str(LOADED["ci"])
    held = {step["run"].split()[0] for *_, step in steps() if "DEPLOY_KEY" in step.get("env", {})}
    assert held == {f"infra/delivery/{each}" for each in ("settings", "deploy", "rollback")}


def test_one_deployment_at_a_time_and_none_is_cut_short() -> None:
    assert DEPLOY["concurrency"] == {
        "group": "deploy-${{ matrix.environment }}",
        "cancel-in-progress": False,
        "queue": "max",
    }
    assert LOADED["deploy"]["concurrency"]["cancel-in-progress"] is False
    assert DEPLOY["strategy"]["max-parallel"] == 1 and DEPLOY["strategy"].get("fail-fast", True)
    assert DEPLOY["environment"]["name"] == "${{ matrix.environment }}"


def test_nothing_is_built_that_was_not_tested_nor_deployed_that_was_not_built() -> None:
    assert JOBS["image"]["needs"] == "test" and DEPLOY["needs"] == "image"
    for test in ("success", "failure", "cancelled", "skipped"):
        assert runs("image", {"test": test}) is (test == "success")
    assert not runs("image", {"test": "success"}, cancelled=True)


def test_the_image_that_is_scanned_is_the_one_that_is_deployed() -> None:
    steps = JOBS["image"]["steps"]
    (scan,) = (step for step in steps if step.get("uses", "").startswith("anchore/scan-action@"))
    assert scan["with"]["image"] == JOBS["image"]["outputs"]["image"]
    assert "if" not in scan
    (also,) = (
        step for step in LOADED["ci"]["jobs"]["image"]["steps"] if "scan" in step.get("uses", "")
    )
    assert {**also["with"], "image": ""} == {**scan["with"], "image": ""}


ONCE, TWICE = ["production"], ["staging", "production"]


@pytest.mark.parametrize(
    ("inputs", "variables", "where"),
    [
        (None, {}, ONCE),  # a push
        (None, {"STAGING": "true"}, TWICE),
        (None, {"STAGING": "false"}, ONCE),
        ({"environment": "staging"}, {}, ["staging"]),
        ({"environment": "staging"}, {"STAGING": "true"}, ["staging"]),
        ({"environment": "production"}, {}, ONCE),
        ({"environment": "production"}, {"STAGING": "true"}, ONCE),
    ],
)
def test_a_push_goes_through_staging_if_there_is_one_and_by_hand_goes_where_it_is_told(
    inputs: Mapping[str, str] | None, variables: Mapping[str, str], where: list[str]
) -> None:
    stated = DEPLOY["strategy"]["matrix"]
    assert list(stated) == ["environment"]
    context = {
        "inputs": inputs, "vars": variables, "fromJSON": json.loads,
        "format": lambda text, value: text.format(value),
    }  # fmt: skip
    assert evaluate(inside(stated["environment"]), context) == where


IMAGE, BACK = {"image": "ghcr.io/you/kaira@sha256:…", "back": ""}, {"image": "", "back": "1"}
THIS_COMMIT = {"image": "", "back": ""}


@pytest.mark.parametrize(
    ("inputs", "image", "cancelled", "deploys"),
    [
        (None, "success", False, True),  # a push
        (None, "failure", False, False),
        (None, "skipped", False, False),  # the tests were red
        (None, "cancelled", True, False),
        (None, "success", True, False),
        (THIS_COMMIT, "success", False, True),  # by hand
        (THIS_COMMIT, "failure", False, False),
        (THIS_COMMIT, "skipped", False, False),
        (IMAGE, "skipped", False, True),
        (IMAGE, "skipped", True, False),
        (BACK, "skipped", False, True),
        (BACK, "skipped", True, False),
    ],
)
def test_it_deploys_what_was_built_well_or_what_was_asked_for_unless_cancelled(
    inputs: Mapping[str, str] | None, image: str, cancelled: bool, deploys: bool
) -> None:
    assert runs("deploy", {"image": image}, inputs, cancelled=cancelled) is deploys


@pytest.mark.parametrize(
    ("inputs", "variables", "settings", "looks", "tests"),
    [
        (None, {}, "success", True, True),
        (None, {}, "failure", True, False),
        (None, {}, "cancelled", True, False),
        (THIS_COMMIT, {}, "success", True, True),
        (THIS_COMMIT, {}, "failure", True, False),
        (None, {"REVIEWED": "true"}, "skipped", False, True),
        (None, {"REVIEWED": "false"}, "failure", True, False),
        (IMAGE, {}, "skipped", False, False),
        (BACK, {}, "skipped", False, False),
        (BACK, {"REVIEWED": "true"}, "skipped", False, False),
    ],
)
def test_it_tests_once_the_settings_are_good_unless_reviewers_would_be_asked_twice(
    inputs: Mapping[str, str] | None,
    variables: Mapping[str, str],
    settings: str,
    looks: bool,
    tests: bool,
) -> None:
    assert runs("settings", {}, inputs, variables) is looks
    assert runs("test", {"settings": settings}, inputs, variables) is tests
    assert not runs("test", {"settings": settings}, inputs, variables, cancelled=True)


def test_only_what_was_deployed_well_and_is_not_seen_is_rolled_back() -> None:
    *_, verify, last = DEPLOY["steps"]
    assert verify["run"].startswith("infra/delivery/verify ") and "if" not in verify
    assert last["run"] == "infra/delivery/rollback"
    assert last["if"] == "${{ failure() && steps.deploy.outcome == 'success' }}"
    # Whatever fails leaves the job red.
    assert not any("continue-on-error" in step for *_, step in steps())


def test_pull_requests_of_strangers_get_nothing() -> None:
    assert set(LOADED["ci"]["on"]) == {"pull_request", "workflow_call"}
    assert set(LOADED["deploy"]["on"]) == {"push", "workflow_dispatch"}
    assert LOADED["deploy"]["on"]["push"] == {"branches": ["main"]}


def test_new_versions_are_let_lie_for_a_week() -> None:
    updates = YAML(typ="safe").load(ROOT / ".github/dependabot.yml")["updates"]
    kinds = {each["package-ecosystem"] for each in updates}
    assert kinds == {"github-actions", "pip", "docker", "docker-compose", "npm"}
    for each in updates:
        assert each["schedule"] == {"interval": "weekly"} and each["cooldown"] == {
            "default-days": 7
        }
        assert len(each["groups"]) == 1
        assert (ROOT / each["directory"].strip("/")).is_dir()


def test_images_are_named_where_dependabot_looks_for_them() -> None:
    lines = re.findall(r"^FROM (.+)", (ROOT / "Dockerfile.prod").read_text(), re.M)
    assert any(":" in each for each in lines) and not any("$" in each for each in lines)


# Private


def runs(
    job: str, results: Mapping[str, str], inputs: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None, *, cancelled: bool = False,
) -> bool:  # fmt: skip
    """Whether a job of deploy.yml does, after jobs with these results."""
    asked = inside(JOBS[job]["if"])
    context = {
        "inputs": inputs, "vars": variables or {}, "cancelled": lambda: cancelled,
        "needs": {name: {"result": result} for name, result in results.items()},
    }  # fmt: skip
    # A condition without one of these is asked only after jobs that all went well.
    anyway = re.search(r"\b(success|failure|always|cancelled)\(\)", asked)
    well = all(result == "success" for result in results.values())
    return is_true(evaluate(asked, context)) and bool(anyway or well)


def inside(text: str) -> str:
    """The expression that a value is, all of it."""
    found = re.fullmatch(r"\$\{\{(.*)\}\}", text)
    assert found, text
    return found[1]
