"""Plays jobs of a workflow file of GitHub without GitHub: the very `run` lines, in bash, in a clone.

Actions are played by what matters of them: a checkout is a clone, artifacts are copied, and Python is there
already. Of expressions it knows `a.b`, `'text'`, `==`, `&&`, `||` and `failure()`.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ci_template_rules import template
from tests.git_kit import ENVIRON, git
from tests.github_stub import READER

Context = Mapping[str, Any]


@dataclass
class Job:
    """How a job ended: its result as GitHub calls it, what its steps printed, and its folder."""

    result: str
    printed: str = ""
    folder: Path = Path()
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass
class Runner:
    """One repository at GitHub: where it is, its variables, what every run has, and rights of some jobs.

    `identity` is the environment of a job that may ask who it is, `token` that of one that may comment.
    """

    root: Path
    origin: Path
    variables: Mapping[str, str]
    environ: Mapping[str, str]
    identity: Mapping[str, str]
    token: str
    runs: int = 0

    def play(
        self, workflow: str, event: str, ref: str, commit: str, payload: Context
    ) -> dict[str, Job]:
        """Every job of a workflow in the order of its needs, for an event at a commit."""
        self.runs += 1
        run = _Run(self, self.root / f"run-{self.runs}", event, ref, commit, payload)
        document = template(workflow).document
        jobs: dict[str, Job] = {}
        for name, job in document["jobs"].items():
            jobs[name] = run.job(name, job, document.get("env", {}), jobs)
        return jobs


@dataclass
class _Run:
    """One run of a workflow."""

    runner: Runner
    root: Path
    event: str
    ref: str
    commit: str
    payload: Context

    def job(
        self, name: str, job: Context, env: Mapping[str, str], before: Mapping[str, Job]
    ) -> Job:
        folder = self.root / name
        folder.mkdir(parents=True)
        context = self._context(folder, job, before)
        needs = [before[job["needs"]]] if "needs" in job else []
        met = all(each.result == "success" for each in needs)
        if not met or not true(job.get("if", "'yes'"), context):
            return Job("skipped")
        done = Job("success", folder=folder)
        named: dict[str, dict[str, Any]] = {}
        environ = self._environ(folder, context, [env, job.get("env", {})])
        if job.get("permissions", {}).get("id-token") == "write":
            environ |= self.runner.identity
        for step in job["steps"]:
            context = {**context, "steps": named, "failure": done.result == "failure"}
            if true(step["if"], context) if "if" in step else done.result == "success":
                self._step(step, context, environ, done)
            named[step.get("id", "")] = {"outputs": outputs(folder.with_name(f"{name}.out"))}
        context = {**context, "steps": named}
        done.outputs = {key: filled(text, context) for key, text in job.get("outputs", {}).items()}
        done.summary = folder.with_name(f"{name}.md").read_text(encoding="utf-8")
        return done

    def _step(self, step: Context, context: Context, environ: Mapping[str, str], job: Job) -> None:
        if "uses" in step:
            given = {key: filled(text, context) for key, text in step.get("with", {}).items()}
            self._action(step["uses"].partition("@")[0], given, job.folder)
            return
        own = {key: filled(text, context) for key, text in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=job.folder,
            env={**environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        job.printed += done.stdout + done.stderr
        if done.returncode:
            job.result = "failure"

    def _action(self, action: str, given: Mapping[str, str], folder: Path) -> None:
        kept = self.root / "artifacts" / given.get("name", "")
        if action == "actions/checkout":
            git(folder, "clone", "-q", self.runner.origin.as_uri(), ".")
            git(folder, "fetch", "-q", "origin", f"+{self.ref}:refs/remotes/run")
            git(folder, "checkout", "-q", "--detach", self.commit)
        elif action == "actions/upload-artifact":
            kept.mkdir(parents=True)
            shutil.copy(folder / given["path"], kept)
        elif action == "actions/download-artifact":
            shutil.copytree(kept, folder, dirs_exist_ok=True)
        elif action != "actions/setup-python":
            raise AssertionError(f"nobody plays {action}")

    def _context(self, folder: Path, job: Context, before: Mapping[str, Job]) -> dict[str, Any]:
        repository = self.runner.environ["GITHUB_REPOSITORY"]
        comments = job.get("permissions", {}).get("pull-requests") == "write"
        github = {
            "event_name": self.event,
            "event": self.payload,
            "repository": repository,
            "sha": self.commit,
            "ref": self.ref,
            "workspace": str(folder),
            "token": self.runner.token if comments else READER,
        }
        needs = {name: {"outputs": job.outputs} for name, job in before.items()}
        return {"github": github, "vars": self.runner.variables, "needs": needs}

    def _environ(
        self, folder: Path, context: Context, told: list[Mapping[str, str]]
    ) -> dict[str, str]:
        event, out, summary = (
            folder.with_name(f"{folder.name}{end}") for end in (".json", ".out", ".md")
        )
        event.write_text(json.dumps(self.payload), encoding="utf-8")
        out.touch()
        summary.touch()
        own = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": self.event,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REF": self.ref,
            "GITHUB_SHA": self.commit,
            "GITHUB_BASE_REF": "main" if self.event == "pull_request" else "",
            "GITHUB_OUTPUT": str(out),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_RUN_ID": str(self.runner.runs),
        }
        given = {key: filled(text, context) for each in told for key, text in each.items()}
        return {**ENVIRON, **self.runner.environ, **own, **given}


def outputs(file: Path) -> dict[str, str]:
    """What steps wrote for later ones, lines of `name=value` alone."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(re.findall(r"^(\w+)=(.*)$", "\n".join(lines), flags=re.MULTILINE))


# --- expressions ----------------------------------------------------------------------------------


def filled(text: str, context: Context) -> str:
    """A text with the values of its expressions."""
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: str(value(found[1], context)), text)


def true(expression: str, context: Context) -> bool:
    """Whether a condition holds."""
    return any(
        all(_holds(part.strip(), context) for part in way.split("&&"))
        for way in expression.split("||")
    )


def _holds(part: str, context: Context) -> bool:
    left, equal, right = (each.strip() for each in part.partition("=="))
    if equal:
        return bool(value(left, context) == value(right, context))
    return bool(value(left, context))


def value(word: str, context: Context) -> Any:
    """What a word stands for; empty where there is no such thing, as at GitHub."""
    if word.startswith("'"):
        return word.strip("'")
    found: Any = context
    for name in word.removesuffix("()").split("."):
        found = found.get(name, "") if isinstance(found, Mapping) else ""
    return found
