"""Ways to break the rules about types of nodes and about schedules."""

from typing import Any

from hypothesis import strategies as st

from tests.broken_kit import WORKFLOW, At, Breakage, one_of
from tests.valid_documents import Document, Draw, nodes_of, workflow_of

SOURCE = {"name": "mc", "type": "odps"}

# --- nodes ----------------------------------------------------------------------------------------


def added(
    draw: Draw, document: Document, command: str, script: Document | None = None, **more: Any
) -> tuple[str | int, ...]:
    """Puts a node of that type among the others; its pointer."""
    nodes = nodes_of(document)
    one = {"name": "broken", "script": {"runtime": {"command": command}, **(script or {})}, **more}
    place = draw(st.integers(0, len(nodes)))
    nodes.insert(place, one)
    return (*WORKFLOW, "nodes", place)


def unknown_command(draw: Draw, documents: list[Document]) -> At:
    command = draw(st.sampled_from(["ODPS_SLQ", "ODPS_SHELL", "bash", "自定义", "VIRTUAL "]))
    return At((*added(draw, documents[0], command), "script", "runtime", "command"))


def workflow_as_node(draw: Draw, documents: list[Document]) -> At:
    command = draw(st.sampled_from(["WORKFLOW", "MANUAL_WORKFLOW"]))
    return At((*added(draw, documents[0], command), "script", "runtime", "command"))


def node_as_workflow(draw: Draw, documents: list[Document]) -> At:
    workflow_of(documents[0])["script"]["runtime"] = {"command": "VIRTUAL"}
    return At((*WORKFLOW, "script", "runtime", "command"))


def other_spelling(draw: Draw, documents: list[Document]) -> At:
    command = draw(st.sampled_from(["PY_ODPS", "pyodps", "odps_sql", "ODPS_SQL_SCRIPT"]))
    pointer = added(draw, documents[0], command, datasource=SOURCE)
    return At((*pointer, "script", "runtime", "command"))


def no_datasource(draw: Draw, documents: list[Document]) -> At:
    command = draw(st.sampled_from(["ODPS_SQL", "EMR_HIVE", "HOLOGRES_SQL"]))
    return At((*added(draw, documents[0], command), "name"))


def other_datasource(draw: Draw, documents: list[Document]) -> At:
    source = {"name": "mc", "type": draw(st.sampled_from(["mysql", "emr", "odps_sql"]))}
    pointer = added(draw, documents[0], "ODPS_SQL", datasource=source)
    return At((*pointer, "datasource", "type"))


def other_language(draw: Draw, documents: list[Document]) -> At:
    language = draw(st.sampled_from(["shell", "python3", "json"]))
    script = {"language": language}
    pointer = added(draw, documents[0], "ODPS_SQL", script, datasource=SOURCE)
    return At((*pointer, "script", "language"))


def content_without_json(draw: Draw, documents: list[Document]) -> At:
    command = draw(st.sampled_from(["DI", "DEPENDENT", "FUNCTION_COMPUTE"]))
    content = draw(st.sampled_from(["{", "{'a': 1}", "[1,]", '{"n": NaN}', "select 1", "{} {}"]))
    pointer = added(draw, documents[0], command, {"content": content})
    return At((*pointer, "script", "content"))


def deprecated(draw: Draw, documents: list[Document]) -> At:
    pointer = added(draw, documents[0], "CHECK")
    return At((*pointer, "script", "runtime", "command"))


def eleventh_parameter(draw: Draw, documents: list[Document]) -> At:
    count = draw(st.integers(10, 12))
    parameters = [{"name": str(n + 1), "type": "Constant", "value": "x"} for n in range(count)]
    command = draw(st.sampled_from(["DIDE_SHELL", "PYTHON"]))
    pointer = added(draw, documents[0], command, {"parameters": parameters})
    return At((*pointer, "script", "parameters"))


def two_whole_texts(draw: Draw, documents: list[Document]) -> At:
    kind = "NoKvVariableExpression"
    parameters = [{"name": name, "type": kind, "value": "x"} for name in ("-", "b")]
    pointer = added(draw, documents[0], "DI", {"parameters": parameters})
    return At((*pointer, "script", "parameters", 1, "type"))


# --- schedules ------------------------------------------------------------------------------------


def holder(draw: Draw, document: Document) -> tuple[tuple[str | int, ...], Document]:
    """The workflow or one of its nodes, with a daily schedule, and its pointer."""
    chosen: Document = workflow_of(document)
    pointer: tuple[str | int, ...] = WORKFLOW
    if draw(st.booleans()):
        index = one_of(draw, nodes_of(document))
        chosen, pointer = nodes_of(document)[index], (*WORKFLOW, "nodes", index)
    chosen["trigger"] = {"type": "Scheduler", "cron": "00 30 01 * * ?"}
    return (*pointer, "trigger"), chosen["trigger"]


def with_cron(draw: Draw, documents: list[Document], *crons: str) -> At:
    """Writes one of the crons to the workflow, or to a node."""
    pointer, trigger = holder(draw, documents[0])
    trigger["cron"] = draw(st.sampled_from(crons))
    return At((*pointer, "cron"))


def no_cron(draw: Draw, documents: list[Document]) -> At:
    crons = ("30 01 * * ?", "00 30 01 * * ? *", "daily", "00 ? 01 * * ?", "00 60 01 * * ?")
    return with_cron(draw, documents, *crons, "30 30 01 * * ?", "00 " * 400)


def cron_is_null(draw: Draw, documents: list[Document]) -> At:
    pointer, trigger = holder(draw, documents[0])
    trigger["cron"] = None
    return At(pointer)


def cron_of_nothing(draw: Draw, documents: list[Document]) -> At:
    pointer, trigger = holder(draw, documents[0])
    trigger["type"] = draw(st.sampled_from(["Custom", "Streaming", "None"]))
    return At((*pointer, "cron"))


def manual_by_schedule(draw: Draw, documents: list[Document]) -> At:
    documents[0]["kind"] = "ManualWorkflow"
    workflow_of(documents[0]).pop("trigger")
    pointer, _ = holder(draw, documents[0])
    return At((*pointer, "type"))


def scheduled_by_hand(draw: Draw, documents: list[Document]) -> At:
    workflow_of(documents[0])["trigger"] = {"type": "Manual"}
    return At((*WORKFLOW, "trigger", "type"))


def no_such_date(draw: Draw, documents: list[Document]) -> At:
    pointer, trigger = holder(draw, documents[0])
    key = draw(st.sampled_from(["startTime", "endTime"]))
    trigger[key] = draw(st.sampled_from(["2026-02-30 00:00:00", "2026-13-01T00:00:00"]))
    return At((*pointer, key))


def ends_before_it_begins(draw: Draw, documents: list[Document]) -> At:
    pointer, trigger = holder(draw, documents[0])
    trigger["startTime"] = "2026-06-01 00:00:00"
    trigger["endTime"] = draw(st.sampled_from(["2026-06-01T00:00:00", "1999-01-01 00:00:00"]))
    return At((*pointer, "endTime"))


def every_second(draw: Draw, documents: list[Document]) -> At:
    return with_cron(draw, documents, "* 30 01 * * ?", "* * * * * *", "0/1 0 0 * * ?")


def never(draw: Draw, documents: list[Document]) -> At:
    return with_cron(draw, documents, "00 00 00 31 2 ?", "00 00 00 31 4,JUN,9,11 ?")


def in_two_ways(draw: Draw, documents: list[Document]) -> At:
    crons = ("00 00 00 ? * 2", "00 00 00 1 * MON", "00 00 00 15W * ?", "00 00 00 */2 * ?")
    return with_cron(draw, documents, *crons, "00 00 00 ? * ?", "00 00 00 ? * 6#3")


def unknown_zone(draw: Draw, documents: list[Document]) -> At:
    pointer, trigger = holder(draw, documents[0])
    trigger["timezone"] = draw(st.sampled_from(["Asia/Shangai", "Beijing", "GMT+99", "../UTC"]))
    return At((*pointer, "timezone"))


BREAKAGES: tuple[Breakage, ...] = (
    Breakage("DW108", unknown_command),
    Breakage("DW108", workflow_as_node),
    Breakage("DW108", node_as_workflow),
    Breakage("DW111", no_cron),
    Breakage("DW111", cron_is_null),
    Breakage("DW111", cron_of_nothing),
    Breakage("DW112", manual_by_schedule),
    Breakage("DW112", scheduled_by_hand),
    Breakage("DW113", no_such_date),
    Breakage("DW113", ends_before_it_begins),
    Breakage("DW120", no_datasource),
    Breakage("DW120", other_datasource),
    Breakage("DW121", content_without_json),
    Breakage("DW125", deprecated),
    Breakage("DW126", eleventh_parameter),
    Breakage("DW126", two_whole_texts),
    Breakage("DW150", every_second),
    Breakage("DW151", never),
    Breakage("DW152", other_spelling),
    Breakage("DW153", in_two_ways),
    Breakage("DW154", unknown_zone),
    Breakage("DW155", other_language),
)
