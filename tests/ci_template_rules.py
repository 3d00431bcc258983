"""What a workflow for GitHub that we hand out has to hold; each rule gives its findings as sentences."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

_PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
_TAKES_ROLE = "ALIBABA_CLOUD_ROLE_ARN"
_DANGEROUS = ("pull_request_target", "workflow_run", "issue_comment")
_SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"


@dataclass(frozen=True)
class Template:
    """A workflow file as text and as a document."""

    text: str
    document: Mapping[Any, Any]

    @property
    def jobs(self) -> Mapping[str, Any]:
        return self.document["jobs"]  # type: ignore[no-any-return]

    @property
    def steps(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every step with the name of its job."""
        for name, job in self.jobs.items():
            yield from ((name, step) for step in job["steps"])

    @property
    def applying(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The jobs that write to a workspace."""
        for name, job in self.jobs.items():
            if "deployer apply" in _commands(job):
                yield name, job


def template(text: str) -> Template:
    """A workflow, every value of which is text: `on` is a word and not YAML 1.1's true."""
    return Template(text, yaml.load(text, yaml.BaseLoader))


def _commands(job: Mapping[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def dangerous_events(found: Template) -> Iterator[str]:
    """Events that run with secrets for whoever opens a pull request."""
    yield from (f"event {event}" for event in _DANGEROUS if event in found.document["on"])


def permissions(found: Template) -> Iterator[str]:
    """All that is not said is read, and no job may write to the repository."""
    top = found.document.get("permissions")
    if not isinstance(top, dict) or set(top.values()) - {"read"}:
        yield "permissions of the workflow are not read alone"
    for name, job in found.jobs.items():
        given = job.get("permissions", {})
        if not isinstance(given, dict):
            yield f"{name}: permissions {given}"
            continue
        writes = {key for key, value in given.items() if value == "write"}
        if extra := writes - {"id-token", "pull-requests"}:
            yield f"{name}: writes {', '.join(sorted(extra))}"
        if "pull-requests" in writes and "deployer comment" not in _commands(job):
            yield f"{name}: writes pull-requests without a comment"


def pinned(found: Template) -> Iterator[str]:
    """A tag can be moved to other code, a commit cannot; the comment says which version it is."""
    for line in found.text.splitlines():
        if "uses:" in line and not _PINNED.search(line):
            yield f"not pinned: {line.strip()}"


def checkout(found: Template) -> Iterator[str]:
    """The token of the run does not stay in the checkout for every later step."""
    for name, step in found.steps:
        kept = step.get("with", {}).get("persist-credentials") != "false"
        if "actions/checkout" in step.get("uses", "") and kept:
            yield f"{name}: checkout keeps credentials"


def expressions(found: Template) -> Iterator[str]:
    """What an expression gives becomes part of the command, whoever wrote it; variables do not."""
    for name, step in found.steps:
        if "${{" in step.get("run", ""):
            yield f"{name}: expression inside of run"


def secrets(found: Template) -> Iterator[str]:
    """No stored key, and the token of the run only in the step that needs it."""
    if "secrets." in found.text or "ACCESS_KEY" in found.text:
        yield "a stored secret"
    holders = {"workflow": found.document, **found.jobs}
    for name, holder in holders.items():
        if any("token }}" in value for value in holder.get("env", {}).values()):
            yield f"{name}: a token for every step"


def roles(found: Template) -> Iterator[str]:
    """GitHub's own token where a role is taken; the role that writes only where a person agreed."""
    for name, job in found.jobs.items():
        asks = job.get("permissions", {}).get("id-token") == "write"
        role = job.get("env", {}).get(_TAKES_ROLE, "")
        if asks != bool(role):
            yield f"{name}: id-token without a role" if asks else f"{name}: a role without id-token"
        applies = "deployer apply" in _commands(job)
        if ("APPLY" in role) != applies:
            yield f"{name}: the wrong role"
        if applies and "environment" not in job:
            yield f"{name}: applies in no environment"


def forks(found: Template) -> Iterator[str]:
    """A job with an identity does not run for a pull request of another repository."""
    if "pull_request" not in found.document["on"]:
        return
    for name, job in found.jobs.items():
        asks = job.get("permissions", {}).get("id-token") == "write"
        condition = job.get("if", "")
        merged = "github.event_name == 'push'" in condition or "needs.merged" in condition
        if asks and not merged and _SAME_REPOSITORY not in condition:
            yield f"{name}: has an identity for forks"


def concurrency(found: Template) -> Iterator[str]:
    """One apply of a target at a time, and none is cut off."""
    for name, job in found.applying:
        group = job.get("concurrency", {})
        if not str(group.get("group", "")).endswith(f"-{found.document['env']['TARGET']}"):
            yield f"{name}: no group for the target"
        if group.get("cancel-in-progress") != "false":
            yield f"{name}: cut off by the next run"


def saved_plan(found: Template) -> Iterator[str]:
    """What is applied is the plan of this commit, which somebody could read."""
    for name, job in found.applying:
        if not re.search(r"deployer apply \S+\.json", _commands(job)):
            yield f"{name}: applies what nobody saw"
    for name, step in found.steps:
        if "-artifact@" in step.get("uses", "") and "github.sha" not in step["with"]["name"]:
            yield f"{name}: artifact without the commit"


def timeouts(found: Template) -> Iterator[str]:
    """Every job ends, and one that waits for an approval in the console ends later than its command."""
    for name, job in found.jobs.items():
        limit = int(job.get("timeout-minutes", 0))
        if not limit:
            yield f"{name}: no timeout"
        for minutes in re.findall(r"--timeout (\d+)", _commands(job)):
            if limit and limit <= int(minutes):
                yield f"{name}: ends before its command"
    for name, job in found.applying:
        if "--timeout" not in _commands(job):
            yield f"{name}: applies without --timeout"


def shell(found: Template) -> Iterator[str]:
    """Bash by name: only then a part of a pipe that fails is a failure."""
    if found.document.get("defaults", {}).get("run", {}).get("shell") != "bash":
        yield "no shell by name"


RULES: tuple[Callable[[Template], Iterator[str]], ...] = (
    dangerous_events,
    permissions,
    pinned,
    checkout,
    expressions,
    secrets,
    roles,
    forks,
    concurrency,
    saved_plan,
    timeouts,
    shell,
)


def findings(text: str) -> list[str]:
    """All that is wrong with a workflow."""
    found = template(text)
    return [sentence for rule in RULES for sentence in rule(found)]
