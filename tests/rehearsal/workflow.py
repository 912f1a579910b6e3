"""Does what GitHub's runner does with the jobs of a workflow: the very steps of the YAML.

What is run with `run:` is run; actions of others are passed over if it is known that nothing
here depends on them, and refused if not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.rehearsal.expressions import evaluate, filled, is_true

# The checkout is there; GitHub's own service signs; what is known of weaknesses is on the internet.
PASSED_OVER = ("actions/checkout", "actions/attest-build-provenance", "anchore/scan-action")
SHELL = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")  # `shell: bash`
KEPT = ("LANG", "PATH", "DOCKER_HOST")  # of this machine, in the environment of a step
# What the runner itself tells every step.
TOLD = ("actor", "event_name", "ref", "ref_name", "repository", "run_id", "server_url", "sha")


@dataclass
class Done:
    """What came of a job. `lines`: when each was said, seconds since the job began, and it."""

    success: bool = True
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    lines: list[tuple[float, str]] = field(default_factory=list)

    @property
    def log(self) -> str:
        """All that was said."""
        return "\n".join(line for _, line in self.lines)


class Workflow:
    """A file of .github/workflows, in a checkout."""

    def __init__(self, path: Path, machine: Mapping[str, str], **context: Any) -> None:
        """`machine`: the runner's environment; context: `secrets`, `vars`, …"""
        self._machine = machine
        self._stated: dict[str, Any] = YAML(typ="safe").load(path)
        self._folder = path.parents[2]
        self._context = context

    def run(self, name: str, needs: Mapping[str, Done] | None = None, **context: Any) -> Done:
        """One job to its end; `context` is added, `matrix` say. Raises ValueError for what our
        workflows have not had so far."""
        job = self._stated["jobs"][name]
        needed = {
            each: {"outputs": done.outputs, "result": "success" if done.success else "failure"}
            for each, done in (needs or {}).items()
        }
        steps: dict[str, Any] = {}
        done = Done()
        status = {
            "success": lambda: done.success,
            "failure": lambda: not done.success,
            "always": lambda: True,
            "cancelled": lambda: False,
        }
        scope = {**self._context, "needs": needed, "steps": steps, **status, **context}
        with tempfile.TemporaryDirectory() as place:
            began = time.monotonic()
            env = self._env(scope, self._stated, job)
            for step in job["steps"]:
                self._step(step, scope, env, done, Path(place), began)
        stated = job.get("outputs", {})
        done.outputs = {key: filled(text, scope) for key, text in stated.items()}
        return done

    # Private

    def _env(self, scope: Mapping[str, Any], *places: Mapping[str, Any]) -> dict[str, str]:
        env: dict[str, str] = {}
        for place in places:
            for key, value in place.get("env", {}).items():
                env[key] = filled(str(value), scope)
        return env

    def _step(
        self, step: Mapping[str, Any], scope: Any, env: dict[str, str],
        done: Done, place: Path, began: float,
    ) -> None:  # fmt: skip
        asked = str(step.get("if", "success()"))
        asked = asked.removeprefix("${{").removesuffix("}}")
        runs = is_true(evaluate(asked, scope))
        # Without one of these in it, a condition is one of steps that come after success.
        if not any(f"{each}()" in asked for each in ("success", "failure", "always", "cancelled")):
            runs = runs and done.success
        if not runs:
            return
        name = step.get("name") or step.get("uses") or step["run"].splitlines()[0]
        _say(done, began, f"[{name}]")
        own = {**env, **self._env(scope, step)}
        if "uses" in step:
            if step["uses"].partition("@")[0] not in PASSED_OVER:
                raise ValueError(f"what to do about {step['uses']}?")
            worked, outputs = True, {}
        else:
            worked, outputs = self._shell(step, own, done, place, began)
        outcome = "success" if worked else "failure"
        scope["steps"][step.get("id", name)] = {"outputs": outputs, "outcome": outcome}
        done.success = done.success and worked

    def _shell(
        self, step: Mapping[str, Any], own: Mapping[str, str], done: Done, place: Path, began: float
    ) -> tuple[bool, dict[str, str]]:  # fmt: skip
        told = {f"GITHUB_{each}": place / each.lower() for each in ("OUTPUT", "STEP_SUMMARY")}
        for path in told.values():
            path.write_text("")
        inherited = {key: os.environ[key] for key in KEPT if key in os.environ}
        known = {f"GITHUB_{key.upper()}": str(self._context["github"][key]) for key in TOLD}
        process = subprocess.Popen(
            [*SHELL, "-c", step["run"]],
            cwd=self._folder,
            env={
                **inherited, **self._machine, **known, "CI": "true", "GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(place),
                **{key: str(path) for key, path in told.items()}, **own,
            },
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert process.stdout
        for line in process.stdout:
            _say(done, began, line.rstrip("\n"))
        done.summary += told["GITHUB_STEP_SUMMARY"].read_text()
        return process.wait() == 0, _pairs(told["GITHUB_OUTPUT"])


def _say(done: Done, began: float, line: str) -> None:
    done.lines.append((time.monotonic() - began, line))
    print(line, file=sys.stderr, flush=True)


def _pairs(path: Path) -> dict[str, str]:
    """What a step has written down, a `name=value` a line."""
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if line)
