"""`deployer smoke-test`: what is published, run once to see whether it works."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from deployer.cli.options import chosen, format_option, option, target_option
from deployer.cli.words import say
from deployer.errors import InvalidManifests, UsageError
from deployer.model import Change, Target


@click.command("smoke-test")
@click.argument("paths", nargs=-1)
@target_option
@format_option("text", "json", "json-lines")
@option("--node", "nodes", multiple=True, metavar="NAME", help="Node of PATH; may be given again.")
@option(
    "--env",
    type=click.Choice(["Prod", "Dev"]),
    default="Prod",
    show_default=True,
    help="Environment.",
)
@option(
    "--timeout",
    "patience",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to watch a test.",
)
def command(
    paths: tuple[str, ...],
    target: str | None,
    form: str,
    nodes: tuple[str, ...],
    env: str,
    patience: float | None,
) -> int:
    """Try out published workflows: every node once, for the business date of yesterday.

    PATHS are workflows, those of the manifests unless named. What runs is what is published, with
    all that it does. Exit 10 if a test fails.
    """
    if nodes and len(paths) != 1:
        raise UsageError("`--node` needs one PATH", hint="name the workflow that holds the nodes")
    settings, where = chosen(target)
    if not paths:
        from deployer import pipeline

        loaded = pipeline.load(settings, where)
        if loaded.errors:
            raise InvalidManifests(loaded.problems)
        paths = tuple(subject.path for subject in loaded.subjects)
    return try_out(settings.root, where, dict.fromkeys(paths, nodes), form, env, patience)


def try_out(
    root: Path,
    target: Target,
    nodes: Mapping[str, Sequence[str]],
    form: str,
    env: str = "Prod",
    patience: float | None = None,
) -> int:
    """Smoke tests of nodes by workflow, all of a workflow's where none is named; the exit code."""
    from deployer.cli.running import carried_out, nonce
    from deployer.running.run import smoke_tests

    work = smoke_tests(nodes, nonce=nonce(), env=env, patience=patience)
    return carried_out(root, target, work, form, env)


def try_changed(root: Path, target: Target, changes: Sequence[Change], form: str) -> int:
    """Smoke tests of the nodes that were changed and are published now; the exit code.

    All of a workflow's nodes where it is new, or was saved by an earlier apply.
    """
    nodes = {change.address: _changed(change) for change in changes}
    tests = {path: names for path, names in nodes.items() if names is not None}
    if not tests:
        say("nothing to test: no changed node was published")
        return 0
    # On standard output there is one JSON document already, that of the apply.
    return try_out(root, target, tests, "said" if form == "json" else form)


def _changed(change: Change) -> list[str] | None:
    """The changed nodes, none for all of them; None where no node is another than before."""
    if change.action != "update":
        return []
    touched = [node.name for node in change.nodes if node.action in ("create", "update")]
    return list(dict.fromkeys(name.partition("/")[0] for name in touched)) or None
