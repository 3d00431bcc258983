"""A plan in the form that was asked for; each renderer is loaded only when it is used."""

import os
import re
from collections.abc import Mapping

from deployer.cli.words import paint
from deployer.model import Plan

FORMS = ("text", "json", "markdown", "html")

_SAFE = re.compile(r"https?://[A-Za-z0-9.:/~_%+-]+")


def rendered(plan: Plan, form: str) -> str:
    """The plan as text, ending with a line end."""
    if form == "json":
        from deployer.render import plan_json

        return plan_json.to_json(plan)
    if form == "text":
        from deployer.render import plan_text

        return plan_text.to_text(plan, paint())
    from deployer.graph import plan_graphs
    from deployer.render import plan_html, plan_markdown

    graphs = plan_graphs(plan)
    if form == "html":
        return plan_html.to_html(plan, graphs)
    return plan_markdown.to_markdown(plan, graphs, run_url=run_url(os.environ))


def run_url(environ: Mapping[str, str]) -> str:
    """The address of the run of GitHub or the job of GitLab that this is; empty elsewhere."""
    parts = [environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY")]
    run = environ.get("GITHUB_RUN_ID", "")
    url = "/".join([*parts, "actions/runs", run]) if run else environ.get("CI_JOB_URL", "")
    return url if _SAFE.fullmatch(url) else ""
