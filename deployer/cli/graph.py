"""`deployer graph`: who waits for whom, drawn from the manifests alone."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli.options import format_option, option, target_option
from deployer.cli.words import emit

if TYPE_CHECKING:
    from deployer.model import Graph, Settings, Workflow

_MERMAID_LIMIT = 250


@click.command("graph")
@click.argument("paths", nargs=-1)
@target_option
@format_option("mermaid", "dot", "svg", "html")
@option(
    "--level",
    type=click.Choice(["nodes", "workflows"]),
    default="nodes",
    show_default=True,
    help="Draw every node, or workflows only.",
)
def command(paths: tuple[str, ...], target: str | None, form: str, level: str) -> int:
    """Draw what waits for what. Needs no network and no credentials.

    Draws every workflow of deployer.yaml. PATHS narrow that: paths of workflows or of folders of
    them, manifest files, folders of files. Without a deployer.yaml, PATHS are the manifests.
    """
    found = _workflows(paths, target)
    emit(_renderer(form)(_graph(found, level)))
    return 0


def _workflows(paths: Sequence[str], name: str | None) -> "list[Workflow]":
    """The workflows that the paths mean; raises what `pipeline.load` raises, and for wrong manifests."""
    from deployer import config
    from deployer.desired import from_manifest
    from deployer.errors import InvalidManifests
    from deployer.load import SYMBOLIC, load

    settings = config.settings(Path.cwd(), name, os.environ)
    target = settings.target or SYMBOLIC
    files = [] if settings.config else [Path(path) for path in paths]
    loaded = load(settings, target, files)
    if loaded.errors:
        raise InvalidManifests(loaded.problems)
    found = [from_manifest(subject.manifest, target) for subject in loaded.subjects]
    found.sort(key=lambda workflow: workflow.path)
    return _meant(found, paths, settings) if settings.config else found


def _meant(found: "list[Workflow]", paths: Sequence[str], settings: "Settings") -> "list[Workflow]":
    if not paths:
        return found
    places = {path: (path.rstrip("/"), _file(path, settings)) for path in paths}
    for path, both in places.items():
        if not any(_is_at(workflow, *both) for workflow in found):
            raise _nothing_at(path, found)
    return [each for each in found if any(_is_at(each, *both) for both in places.values())]


def _file(path: str, settings: "Settings") -> str:
    """A path as manifests are named: relative to the project folder."""
    return os.path.relpath(Path.cwd() / path, settings.root.resolve()).replace(os.sep, "/")


def _is_at(workflow: "Workflow", address: str, file: str) -> bool:
    return (
        workflow.path == address
        or workflow.path.startswith(f"{address}/")
        or workflow.file == file
        or workflow.file.startswith(f"{file}/")
        or file == "."
    )


def _nothing_at(path: str, found: "list[Workflow]") -> Exception:
    from deployer.errors import UsageError
    from deployer.rules import near

    return UsageError(
        f"no workflow at `{path}`",
        why="it is neither the path of a workflow nor a manifest of deployer.yaml",
        hint=near(path, [workflow.path for workflow in found]) or "`deployer graph` draws them all",
    )


def _graph(found: "list[Workflow]", level: str) -> "Graph":
    from deployer import graph

    if level == "workflows":
        return graph.overview_graph(found, "Workflows")
    if len(found) == 1:
        return graph.workflow_graph(found[0])
    return graph.repository_graph(found, "Workflows and nodes")


def _renderer(form: str) -> "Callable[[Graph], str]":
    """The renderer of a form; each is loaded only when it is used."""
    from deployer.render import graph_dot, graph_html, graph_mermaid, graph_svg

    return {
        "mermaid": lambda graph: graph_mermaid.to_mermaid(graph, _MERMAID_LIMIT),
        "dot": graph_dot.to_dot,
        "svg": graph_svg.to_svg,
        "html": graph_html.to_html,
    }[form]
