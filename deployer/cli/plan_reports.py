"""What a plan leaves for the CI that runs it, beside its result: job summary, outputs, counts."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from deployer.cli.options import Command, option
from deployer.cli.words import say
from deployer.errors import UsageError
from deployer.model import Plan
from deployer.render.visible import visible

_SUMMARY_LIMIT = 1_000_000
"""GitHub drops the whole summary of a step that is larger than 1,024 KiB."""

_GITLAB_FILE = "gl-terraform-report.json"


def report_option(command: Command) -> Command:
    """`--report gitlab` or `--report gitlab=FILE`, which gives the path of the file."""
    return option(
        "--report",
        metavar="gitlab[=FILE]",
        callback=_report_file,
        help=f"Write the counts for GitLab's merge request widget into FILE or {_GITLAB_FILE}.",
    )(command)


def _report_file(
    context: click.Context, parameter: click.Parameter, report: str | None
) -> Path | None:
    if not report:
        return None
    kind, _, file = report.partition("=")
    if kind != "gitlab":
        raise click.BadParameter(f"no report {report!r}: write `gitlab` or `gitlab=FILE`")
    return Path(file or _GITLAB_FILE)


def write_report(plan: Plan, path: Path) -> None:
    """The file that `--report` asks for. Raises UsageError where it cannot be written."""
    from deployer.render.plan_counts import to_gitlab

    try:
        path.write_text(to_gitlab(plan), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            "the report cannot be written", where=str(path), why=error.strerror or str(error)
        ) from error


def tell_github(plan: Plan, exit_code: int, plan_file: str = "") -> None:
    """Appends to the job summary and the outputs of a step, where GitHub's variables name the files.

    A file that cannot be written is a warning: the plan is made, and it is what was asked for.
    """
    _append("GITHUB_STEP_SUMMARY", lambda size: _summary(plan, size))
    _append("GITHUB_OUTPUT", lambda _: _outputs(plan, exit_code, plan_file))


def _append(variable: str, text: Callable[[int], str]) -> None:
    """Adds a text to the file that a variable names; the text is told how large the file is."""
    name = os.environ.get(variable)
    if not name:
        return
    path = Path(name)
    try:
        size = path.stat().st_size if path.exists() else 0
        with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text(size))
    except OSError as error:
        why = error.strerror or str(error)
        say(f"warning: the file that {variable} names cannot be written: {visible(why)}")


def _summary(plan: Plan, size: int) -> str:
    """The plan as Markdown, as much of it as there is still room for."""
    from deployer.graph import plan_graphs
    from deployer.render.plan_markdown import to_markdown

    room = _SUMMARY_LIMIT - size - 1
    text = to_markdown(plan, plan_graphs(plan), room)
    if len(text.encode()) <= room:
        return f"{text}\n"
    say("warning: the job summary is full, the plan is not added to it")
    return ""


def _outputs(plan: Plan, exit_code: int, plan_file: str) -> str:
    from deployer.render.plan_counts import tally

    number = tally(plan)
    values: Mapping[str, object] = {
        "has_changes": str(bool(plan.differs or plan.unpublished)).lower(),
        **{action: number[action] for action in ("create", "update", "delete", "move", "kept")},
        "exit_code": exit_code,
    }
    lines = "".join(f"{name}={value}\n" for name, value in values.items())
    return lines + (_multiline("plan_file", plan_file) if plan_file else "")


def _multiline(name: str, value: str) -> str:
    """A value between two lines that it cannot hold: it may hold line ends."""
    fence = hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()
    return f"{name}<<{fence}\n{value}\n{fence}\n"
