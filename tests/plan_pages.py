"""Plans as reviewers meet them, for looking at pages: a quiet one, a dangerous one, a large one."""

import random

from deployer.model import (
    Arc,
    Change,
    Danger,
    Downstream,
    FieldChange,
    Graph,
    Location,
    NodeChange,
    Plan,
    Problem,
    Runs,
    Schedule,
    Vertex,
)

_OLD = [f"  , sum(line_amount_{number}) as amount_{number}" for number in range(30)]
_NEW = [
    *_OLD[:6],
    "  , sum(line_amount_6 * rate) as amount_6",
    *_OLD[7:21],
    "-- 新的一行",
    *_OLD[23:],
]


def _spec(edges: dict[str, list[str]]) -> dict[str, object]:
    return {
        "nodes": {
            name: {"name": name, "outputs": {"nodeOutputs": {name: {"data": f"shop.{name}"}}}}
            for name in edges
        },
        "dependencies": {
            f"{{{{{name}}}}}": {"depends": {each: {"output": each} for each in sources}}
            for name, sources in edges.items()
        },
    }


UPDATE = Change(
    address="retail/sales/daily_sales",
    action="update",
    reason="5 fields differ",
    file="workflows/daily_sales.yaml",
    line=7,
    fields=(
        FieldChange("trigger.cron", "0 0 2 * * ?", "0 30 2 * * ?", field_class="schedule"),
        FieldChange("nodes[load].rerunTimes", 6, 4, origin="conflict", base=3),
        FieldChange("nodes[load].timeout", 4, 2, origin="drift", base=2),
        FieldChange("nodes[load].description", "Loads", None, field_class="format-only"),
        FieldChange(
            "nodes[load].script.content",
            "\n".join(["select shop", *_OLD, "from t;"]),
            "\n".join(["select shop", *_NEW, "from t;"]),
            file="workflows/sql/load.sql",
            field_class="script",
        ),
    ),
    nodes=(
        NodeChange("load", "update", field_class="script", reason="its script differs"),
        NodeChange("check", "create"),
        NodeChange("legacy", "delete", field_class="destructive"),
        NodeChange("by_hand", "unmanaged"),
    ),
    schedule=Schedule(
        Runs("0 0 2 * * ?", "Asia/Shanghai", ("2026-11-22 02:00", "2026-11-23 02:00"), 7.0),
        Runs("0 30 2 * * ?", "Asia/Shanghai", ("2026-11-22 02:30", "2026-11-23 02:30"), 7.0),
        ("instances of today are made already: the new time counts from tomorrow",),
    ),
    downstream=Downstream(("retail/report#publish",), ("finance/close", "finance/tax")),
    before_value=_spec(
        {
            "root": ["shop_root"],
            "load": ["shop.root"],
            "legacy": ["shop.load"],
            "sum": ["shop.load"],
        }
    ),
    after_value=_spec(
        {
            "root": ["shop_root"],
            "load": ["shop.root"],
            "check": ["shop.load"],
            "sum": ["shop.load", "shop.check", "other.rates"],
            "by_hand": ["shop.sum"],
        }
    ),
)
CREATE = Change(
    address="retail/sales/restate_sales",
    action="create",
    reason="not in the workspace",
    file="workflows/restate_sales.yaml",
    line=8,
    nodes=(NodeChange("restate", "create"), NodeChange("announce", "create")),
    after_value=_spec({"restate": ["shop_root"], "announce": ["shop.restate"]}),
)
KEPT = Change("retail/old", "kept", "gone from git since the base; not deleted without `--prune`")
WARNING = Problem("DW006", "warning", "`yes` is text here", Location("workflows/a.yaml", 3, 9))

QUIET = Plan("prod", "10001", (Change("retail/a", "unchanged", "nothing differs"),))
SMALL = Plan("dev", "10001", (CREATE,), place="region cn-shanghai")
CONFLICT = Plan(
    target="prod",
    project="10001",
    place="region cn-shanghai",
    changes=(KEPT, UPDATE, CREATE),
    diagnostics=(WARNING,),
    base="origin/main",
    base_commit="0123456789abcdef",
    commit="89abcdef01234567",
    dangers=(
        Danger(
            "deletes", "1 node of 5 is deleted: legacy", "--allow-deletes", UPDATE.address, True
        ),
        Danger("kept", "retail/old is gone from git and keeps running"),
    ),
)


def large_graph(vertices: int = 300, arcs: int = 600) -> Graph:
    """A workflow of many nodes in which most wait for one shortly before them."""
    chance = random.Random(7)
    marks = [*["plain"] * 12, "added", "changed", "removed", "affected"]
    found: dict[tuple[int, int], None] = {}
    while len(found) < arcs:
        target = chance.randrange(1, vertices)
        found[max(0, target - 1 - int(chance.expovariate(1 / 12))), target] = None
    names = ("ods_orders", "dwd_order_details", "ads_report_of_everything", "加载_数据")
    return Graph(
        "retail/large",
        tuple(
            Vertex(f"n{n}", f"{chance.choice(names)}_{n}", mark=chance.choice(marks))  # type: ignore[arg-type]
            for n in range(vertices)
        ),
        tuple(Arc(f"n{a}", f"n{b}") for a, b in found if a < b),
    )


LARGE = Change(
    "retail/large",
    "update",
    "300 nodes",
    nodes=tuple(NodeChange(f"node_{number}", "update") for number in range(300)),
)


def many(number: int) -> Plan:
    """A plan of as many changed workflows."""
    from dataclasses import replace

    changes = tuple(replace(UPDATE, address=f"retail/w{n:04}") for n in range(number))
    return Plan("prod", "10001", changes)
