"""Random workflow documents that are valid, as a person or a program may write them."""

import zlib
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]
Draw = st.DrawFn

IDENTIFIER = "shop_dev"
FOLDER = "retail/夜 [x]"
NAME = "orders.daily"
PATH = f"{FOLDER}/{NAME}"
KINDS = ("CycleWorkflow", "ManualWorkflow", "TriggerWorkflow")

_SHOWN = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/")
_ODD_NAMES = ["load", "a b", 'quo"te', "it's", "a[b]", "a].b", "dotted.name", "加载 数据", "é’“"]
_ODD_NAMES += [
    "🙂",
    "{x}",
    "}}",
    "a#2",
    "a",
    "(order)",
    "__init__",
    "nodes",
    "1",
    NAME,
    "x:y",
    "\\",
]
names = st.one_of(st.sampled_from(_ODD_NAMES), st.text(_SHOWN, min_size=1, max_size=8)).filter(
    lambda name: name not in (".", "..") and name.isprintable()
)
"""Names of nodes: parts of paths, otherwise free."""

_LINES = ["", "select 1", "\n", "\r\n", "\n\n", " ", "'\"[]{}", "${bizdate}", "数", "\t"]
texts = st.lists(st.sampled_from(_LINES), max_size=6).map("".join)
"""Scripts and remarks with every line end, blank and quote."""

words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=6)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
"""Any JSON value."""

_SCALARS = st.sampled_from([True, False, 0, 1, 2, 1.5, "1", "true", "", "8g", 2**40])
_KEYS = st.sampled_from(["spark.executor.memory", "__x", 'k"', "a[0]", "plain", "键", ""])


def _maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries({}, optional=fields)


def _one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


_POLICY: Mapping[str, st.SearchStrategy[Any]] = {
    "priority": _one_of(None, 1, 8),
    "timeout": _one_of(0, 3),
    "timeoutUnit": _one_of(None, "HOURS", "SECONDS"),
    "instanceMode": _one_of(None, "T+1", "Immediately"),
    "rerunMode": _one_of(None, "Allowed", "Denied", "FailureAllowed"),
    "rerunTimes": _one_of(None, 0, 1, 3),
    "rerunInterval": _one_of(None, 0, 60000, 180000),
}

_variables = st.lists(
    st.fixed_dictionaries(
        {"name": words | _one_of("-", "1", "a.b", 'q"')},
        optional={
            "scope": _one_of("NodeParameter", None),
            "type": _one_of("System", "Constant"),
            "value": _one_of("$[yyyymmdd-1]", "", None, "a:b", "${bizdate}"),
            "description": texts,
        },
    ),
    max_size=3,
    unique_by=lambda variable: variable["name"],
)

_open_map = st.dictionaries(_KEYS, _SCALARS | st.lists(_SCALARS, max_size=2), max_size=4)
_nested_map = st.dictionaries(_KEYS, _SCALARS | _open_map, max_size=3)

_RUNTIME = {
    "sparkConf": st.dictionaries(_KEYS, _SCALARS, max_size=4),
    "emrJobConfig": _nested_map,
    "flinkConf": st.none() | _open_map,
    "cu": _one_of("0.25", None),
    "container": st.fixed_dictionaries(
        {"image": words},
        optional={
            "args": st.lists(words, max_size=3),
            "env": st.lists(
                st.fixed_dictionaries({"name": words, "value": texts}),
                max_size=2,
                unique_by=lambda pair: pair["name"],
            ),
        },
    ),
}

COMMANDS = ("ODPS_SQL", "DIDE_SHELL", "PYTHON", "CONTROLLER_BRANCH")
LOOPS = {"CONTROLLER_TRAVERSE": "for-each", "CONTROLLER_CYCLE": "do-while"}


def command_of(name: str) -> str:
    """The type of a node follows from its name: it cannot change between versions of a document."""
    commands = [*COMMANDS, *LOOPS]
    return commands[zlib.crc32(name.encode("utf-8", "surrogatepass")) % len(commands)]


@st.composite
def documents(draw: Draw, kind: str | None = None) -> Document:
    """A manifest of the workflow at `PATH`; what it leaves to defaults is random too."""
    kind = kind or draw(st.sampled_from(KINDS))
    nodes = draw(_nodes(depth=0))
    workflow: Document = {
        "name": NAME,
        "script": {"path": PATH, **draw(_maybe(parameters=_variables))},
        **draw(_maybe(description=st.none() | texts, strategy=_strategy(), nodes=st.just(nodes))),
        **draw(_trigger(kind)),
    }
    edges = draw(_edges([node["name"] for node in workflow.get("nodes", [])]))
    if edges:
        workflow["dependencies"] = edges
    spec: Document = {"workflows": [workflow]}
    if draw(st.booleans()):
        spec["flow"] = [{"nodeId": NAME, "depends": [{"output": f"{IDENTIFIER}_root"}]}]
    return {"version": "1.1.0", "kind": kind, "spec": spec}


def _strategy() -> st.SearchStrategy[Document]:
    return _maybe(**_POLICY, failureStrategy=_one_of("Break", "Continue", None))


@st.composite
def _trigger(draw: Draw, kind: str) -> Document:
    if kind == "ManualWorkflow":
        return {}
    times = {
        "startTime": _one_of(None, "1970-01-01 00:00:00", "2024-02-29 00:00:00"),
        "timezone": _one_of("Asia/Shanghai", "Europe/Berlin"),
        "delaySeconds": _one_of(0, 5),
    }
    if kind == "TriggerWorkflow":
        return {"trigger": {"type": "Custom", **draw(_maybe(**times))}}
    cron = draw(_one_of("00 30 01 * * ?", "0 30 1 * * ?", "00  00 00-23 * * ?"))
    return {"trigger": {"type": "Scheduler", "cron": cron, **draw(_maybe(**times))}}


@st.composite
def _nodes(draw: Draw, depth: int) -> list[Document]:
    found = draw(st.lists(names, max_size=4 - 2 * depth, unique=True))
    return [draw(_node(name, found[:index], depth)) for index, name in enumerate(found)]


@st.composite
def _node(draw: Draw, name: str, before: list[str], depth: int) -> Document:
    command = command_of(name) if depth == 0 else "DIDE_SHELL"
    node: Document = {
        "name": name,
        "script": draw(_script(name, command, depth)),
        **draw(_maybe(**_POLICY, recurrence=_one_of(None, "Normal", "Skip"))),
        **draw(_maybe(description=st.none() | texts, datasource=_datasource())),
        **draw(_maybe(dependsOn=_depends_on(name, before, depth))),
    }
    if depth == 0:
        node |= draw(_outputs(name, command == "CONTROLLER_BRANCH"))
    if command in LOOPS:
        node[LOOPS[command]] = draw(_loop(name, LOOPS[command], depth))
    return node


@st.composite
def _script(draw: Draw, name: str, command: str, depth: int) -> Document:
    runtime = {"command": command, **draw(_maybe(**_RUNTIME))}
    paths = [None, name, f"{PATH}/{name}"] if depth == 0 else [None]
    fields = {
        "path": st.sampled_from(paths),
        "language": _one_of("odps-sql", "shell"),
        "parameters": st.none() | _variables,
        # The content of a branch repeats the block, if it is there at all.
        "content": st.none() if command == "CONTROLLER_BRANCH" else st.none() | texts,
    }
    return {"runtime": runtime, **draw(_maybe(**fields))}


def _datasource() -> st.SearchStrategy[Document | None]:
    named = st.fixed_dictionaries({"name": words}, optional={"type": _one_of("odps", None)})
    return st.none() | named


@st.composite
def _depends_on(draw: Draw, name: str, before: list[str], depth: int) -> list[Any]:
    outside = [f"{IDENTIFIER}_root", "other.out put"] if depth == 0 else []
    known = [*before, *outside]
    short = draw(st.lists(st.sampled_from(known), max_size=3)) if known else []
    own = {"node": name, "type": "CrossCycleDependsOnSelf"}
    return [*short, *([own] if draw(st.booleans()) else [])]


@st.composite
def _outputs(draw: Draw, name: str, branching: bool) -> Document:
    parts = st.lists(_one_of("a", "b", 'c"]'), min_size=2 * branching, max_size=3, unique=True)
    declared = [
        {"data": f"made.{name}.{part}", **draw(_maybe(refTableName=words))} for part in draw(parts)
    ]
    if branching:
        branches = [{"when": draw(texts), "output": {"data": one["data"]}} for one in declared]
        return {"outputs": {"nodeOutputs": declared}, "branch": {"branches": branches}}
    shapes = [None, {}, {"nodeOutputs": None}, {"nodeOutputs": declared}]
    return draw(_maybe(outputs=st.sampled_from(shapes)))


@st.composite
def _loop(draw: Draw, name: str, block: str, depth: int) -> Document:
    inner = draw(_nodes(depth + 1))
    start, end = (_marker(f"{name}_{part}", block) for part in ("start", "end"))
    loop: Document = {"nodes": [start, *inner], **draw(_maybe(maxIterations=_one_of(5, None)))}
    if block == "for-each":
        loop["nodes"].append(end)
    else:
        loop["while"] = end
        if inner:
            loop["while"]["dependsOn"] = [inner[-1]["name"]]
    return loop


def _marker(name: str, block: str) -> Document:
    """The node that a loop begins or ends with."""
    kind = "TRAVERSE" if block == "for-each" else "CYCLE"
    command = f"CONTROLLER_{kind}_{name.rpartition('_')[2].upper()}"
    return {"name": name, "script": {"runtime": {"command": command}}}


@st.composite
def _edges(draw: Draw, nodes: list[str]) -> list[Document]:
    """Edges as FlowSpec writes them, beside those of `dependsOn`; never against their direction."""
    waiting = draw(st.lists(st.sampled_from(nodes), max_size=2)) if nodes else []
    return [
        {
            "nodeId": name,
            "depends": [
                {"output": "elsewhere.x", **draw(_maybe(type=_one_of("Normal", None)))},
                *({"nodeId": one} for one in nodes[: nodes.index(name)][:1]),
            ],
        }
        for name in waiting
    ]
