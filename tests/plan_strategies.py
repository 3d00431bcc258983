"""Random plans, built from the values of the model: every action, class, origin, danger and odd text."""

from typing import Any, get_args

from hypothesis import strategies as st

from deployer.model import (
    Action,
    Change,
    Danger,
    Downstream,
    FieldChange,
    FieldClass,
    Location,
    NodeAction,
    NodeChange,
    Origin,
    Plan,
    Problem,
    Runs,
    Schedule,
    Severity,
)
from tests.strategies import json_values

HOSTILE = (
    "a|b",
    "``` \n````` x",
    "</details><script>alert(1)</script>",
    "]]><svg onload=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "![x](http://evil.example)",
    "[x](javascript:alert(1))",
    "@everyone fixes #1",
    "\x1b[2J\x1b]8;;http://evil\x07x",
    "a\r\nb",
    "a\u202eb\u200b",
    "::set-env name=A::b",
    "  ##[error] x",
    "%%{init: {}}%%\nend",
    'n1["x"]; click n1 "http://evil"',
    "<!-- deployer:plan -->",
    "--><b>",
    "a&amp;lt;b&#60;c",
    "\ud800",
    "\x00",
    "加载 数据",
    "🙂" * 30,
    "x" * 300,
    "",
    "$(rm -rf .); `id`",
    "=cmd()",
)
"""Texts that mean something to a terminal, a page, a comment, a diagram or a shell."""

texts = st.sampled_from(HOSTILE) | st.text(max_size=12)
names = st.sampled_from(["load", "clean", "sum", *HOSTILE]) | st.text(min_size=1, max_size=8)

_SCRIPT_LINES = [
    "select 1;",
    "select 2;",
    "",
    "  from t",
    "</pre>",
    "```",
    "-- 数",
    "\t",
    "+x",
    "-x",
]
scripts = st.lists(st.sampled_from(_SCRIPT_LINES) | texts, min_size=2, max_size=30).map("\n".join)
"""Texts of several lines, as scripts are."""

_values = st.none() | json_values | scripts | texts
_times = st.sampled_from(["2026-11-22 02:00", "2026-11-23 02:00", "2026-11-24 02:30"])


def _any_of(literal: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(literal))


def _few(elements: st.SearchStrategy[Any], size: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(elements, max_size=size).map(tuple)


paths = st.builds("nodes[{}].script.content".format, names) | st.sampled_from(
    ["trigger.cron", "dependencies[{{load}}]", "nodes[load]", "nodes[load].rerunTimes"]
)

fields = st.builds(
    FieldChange,
    path=paths,
    before=_values,
    after=_values,
    immutable=st.booleans(),
    file=st.sampled_from(["", "flows/load.sql"]) | texts,
    origin=_any_of(Origin),
    field_class=_any_of(FieldClass),
    reason=texts,
    base=_values,
)

nodes = st.builds(
    NodeChange,
    name=names,
    action=_any_of(NodeAction),
    moved_from=st.just("") | names,
    field_class=st.just("") | _any_of(FieldClass),
    reason=texts,
)

dangers = st.builds(
    Danger,
    code=st.sampled_from(["deletes", "kept", "drift", "catches-up", "limit"]),
    message=texts,
    override=st.sampled_from(["", "--allow-deletes", "limits.maxDelete"]),
    address=st.just("") | texts,
    blocks=st.booleans(),
)

_runs = st.builds(
    Runs,
    cron=st.sampled_from(["0 0 2 * * ?", "0 30 2 * * ?"]) | texts,
    timezone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]),
    next=_few(_times, 5),
    per_week=st.sampled_from([0.0, 7.0, 168.0, 1.5]),
)

schedules = st.builds(
    Schedule, before=st.none() | _runs, after=st.none() | _runs, notes=_few(texts, 2)
)

downstreams = st.builds(Downstream, direct=_few(names), transitive=_few(names))

problems = st.builds(
    Problem,
    rule=st.sampled_from(["DW006", "DW010"]),
    severity=_any_of(Severity),
    message=texts,
    location=st.builds(Location, texts, st.integers(1, 99), st.integers(1, 9)),
    hint=texts,
)


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """A workflow in the form in which it is compared: nodes, their outputs and what they wait for."""
    found = draw(st.lists(names, max_size=6, unique=True))
    made = {name: f"shop_dev.{name}" for name in found}
    outside = ["shop_dev_root", "other.out", *HOSTILE[:4], *(f"{{{{{name}}}}}" for name in found)]
    upstreams = st.sampled_from([*made.values(), *outside])
    kinds = st.sampled_from(["Normal", "CrossCycleDependsOnSelf"])
    waiting = draw(st.lists(st.sampled_from([".", *found]), max_size=6, unique=True))
    return {
        "name": draw(names),
        "nodes": {name: {"name": name, "outputs": _outputs(made[name])} for name in found},
        "dependencies": {
            f"{{{{{name}}}}}": {
                "nodeId": f"{{{{{name}}}}}",
                "depends": {
                    output: {"output": output, "type": draw(kinds)}
                    for output in draw(st.lists(upstreams, max_size=3, unique=True))
                },
            }
            for name in waiting
        },
    }


def _outputs(data: str) -> dict[str, Any]:
    return {"nodeOutputs": {data: {"data": data, "artifactType": "NodeOutput"}}}


changes = st.builds(
    Change,
    address=names,
    action=_any_of(Action),
    reason=texts,
    file=st.sampled_from(["", "flows/raw.yaml"]) | texts,
    line=st.integers(0, 99),
    fields=_few(fields, 5),
    nodes=_few(nodes, 5),
    refused=st.just("") | texts,
    moved_from=st.just("") | names,
    dangers=_few(dangers, 2),
    schedule=st.none() | schedules,
    downstream=downstreams,
    waits_for=_few(names, 2),
    before_value=st.none() | specs(),
    after_value=st.none() | specs(),
)


def plans() -> st.SearchStrategy[Plan]:
    """A plan with up to four changes; addresses are unique, as they are in every plan."""
    return st.builds(
        Plan,
        target=st.sampled_from(["prod", "dev"]) | texts,
        project=st.sampled_from(["10001"]) | texts,
        changes=st.lists(changes, max_size=4, unique_by=lambda change: change.address).map(tuple),
        diagnostics=_few(problems, 2),
        api_calls=st.integers(0, 10**6),
        place=st.sampled_from(["", "region cn-shanghai"]) | texts,
        base=st.sampled_from(["", "origin/main"]) | texts,
        base_commit=st.sampled_from(["", "0123456789abcdef0123456789abcdef01234567"]),
        commit=st.sampled_from(["", "89abcdef0123456789abcdef0123456789abcdef"]),
        dangers=_few(dangers, 2),
        selection=st.sampled_from(["", "--select 'shop/*'"]) | texts,
        left_out=_few(names, 2),
    )
