"""Ways to break the rules about documents as a whole: names, edges, control nodes, files."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.broken_kit import WORKFLOW, At, Breakage, one_of
from tests.valid_documents import (
    IDENTIFIER,
    ROOT,
    Document,
    Draw,
    nodes_of,
    output_of,
    workflow_of,
)

# --- helpers --------------------------------------------------------------------------------------


def node(name: str, **more: Any) -> Document:
    """A node that does nothing."""
    return {"name": name, "script": {"runtime": {"command": "VIRTUAL"}}, **more}


def added(document: Document, one: Document) -> tuple[str | int, ...]:
    """Adds a node at the end; its pointer."""
    nodes_of(document).append(one)
    return (*WORKFLOW, "nodes", len(nodes_of(document)) - 1)


def holding(document: Document, key: str) -> tuple[tuple[str | int, ...], Document]:
    """The first node with that block, and its pointer."""
    for index, one in enumerate(nodes_of(document)):
        if key in one:
            return (*WORKFLOW, "nodes", index), one
    raise LookupError(key)


# --- the document ---------------------------------------------------------------------------------


def foreign_kind(_: Draw, documents: list[Document]) -> At:
    documents[0]["kind"] = "Node"
    return At(("kind",))


def misspelt_key(draw: Draw, documents: list[Document]) -> At:
    index = one_of(draw, nodes_of(documents[0]))
    nodes_of(documents[0])[index]["recurence"] = "Normal"
    return At((*WORKFLOW, "nodes", index, "recurence"), key=True)


def no_value(draw: Draw, documents: list[Document]) -> At:
    workflow_of(documents[0])["description"] = "for ${spec.nobody}"
    return At((*WORKFLOW, "description"))


def missing_script_file(_: Draw, documents: list[Document]) -> At:
    one = node("from_file")
    one["script"]["file"] = "sql/missing.sql"
    return At((*added(documents[0], one), "script", "file"))


def second_workflow(_: Draw, documents: list[Document]) -> At:
    other = {"name": "other", "script": {"path": "a/other"}}
    documents[0]["spec"]["workflows"].append(other)
    return At(("spec", "workflows", 1))


def other_type(draw: Draw, documents: list[Document]) -> At:
    where = draw(st.sampled_from([("spec", "type"), (*WORKFLOW, "type")]))
    holder = documents[0]["spec"] if where == ("spec", "type") else workflow_of(documents[0])
    holder["type"] = draw(st.sampled_from(["ManualWorkflow", "TriggerWorkflow"]))
    return At(where)


def useless_silence(draw: Draw, documents: list[Document]) -> At:
    rule = draw(st.sampled_from(["DW107", "DW999", "DW010", "DW102"]))
    documents[0]["deployer"] = {"silence": [{"rule": rule, "reason": "accepted"}]}
    return At(("deployer", "silence", 0, "rule"))


# --- names ----------------------------------------------------------------------------------------


def same_name(draw: Draw, documents: list[Document]) -> At:
    name = nodes_of(documents[0])[one_of(draw, nodes_of(documents[0]))]["name"]
    return At((*added(documents[0], node(name)), "name"))


def same_name_in_a_loop(_: Draw, documents: list[Document]) -> At:
    pointer, loop = holding(documents[0], "for-each")
    loop["for-each"]["nodes"].append(node("body"))
    return At((*pointer, "for-each", "nodes", 3, "name"))


def same_name_but_case(draw: Draw, documents: list[Document]) -> At:
    nodes_of(documents[0]).append(node("Load_it"))
    return At((*added(documents[0], node("load_IT")), "name"))


def same_name_but_form(draw: Draw, documents: list[Document]) -> At:
    nodes_of(documents[0]).append(node("caf\u00e9"))
    return At((*added(documents[0], node("cafe\u0301")), "name"))


def name_that_is_not_left(draw: Draw, documents: list[Document]) -> At:
    nodes_of(documents[0]).append(node("still_here"))
    moved = {**node("newcomer"), "deployer": {"movedFrom": "still_here"}}
    return At((*added(documents[0], moved), "deployer", "movedFrom"))


def path_that_is_not_left(_: Draw, documents: list[Document]) -> At:
    path = workflow_of(documents[0])["script"]["path"]
    documents[1].setdefault("deployer", {})["movedFrom"] = path
    return At(("deployer", "movedFrom"), file=1)


def foreign_letter(draw: Draw, documents: list[Document]) -> At:
    letter = draw(st.sampled_from("аеорсух"))
    return At((*added(documents[0], node(f"l{letter}ad")), "name"))


def hidden_character(draw: Draw, documents: list[Document]) -> At:
    hidden = draw(st.sampled_from("\u200b\u202e\u2060\ufeff\u00ad\ue000"))
    return At((*added(documents[0], node(f"a{hidden}b")), "name"))


def too_many_nodes(_: Draw, documents: list[Document]) -> At:
    nodes = nodes_of(documents[0])
    nodes += [node(f"more{number}") for number in range(401 - len(nodes))]
    return At((*WORKFLOW, "nodes", 400, "name"))


def other_path(draw: Draw, documents: list[Document]) -> At:
    one = node("here")
    one["script"]["path"] = draw(st.sampled_from(["a/there", "there", "a//here", "/a/here"]))
    return At((*added(documents[0], one), "script", "path"))


def name_across(draw: Draw, documents: list[Document]) -> At:
    name = nodes_of(documents[0])[one_of(draw, nodes_of(documents[0]))]["name"]
    other = node(name, outputs={"nodeOutputs": [{"data": "shop_dev.quite_another"}]})
    return At((*added(documents[1], other), "name"), file=1)


def workflow_name_across(_: Draw, documents: list[Document]) -> At:
    _renamed(documents[1], workflow_of(documents[0])["name"])
    return At((*WORKFLOW, "name"), file=1)


def same_path(_: Draw, documents: list[Document]) -> At:
    _renamed(documents[1], workflow_of(documents[0])["name"])
    workflow_of(documents[1])["script"]["path"] = workflow_of(documents[0])["script"]["path"]
    return At((*WORKFLOW, "script", "path"), file=1)


def same_path_but_case(_: Draw, documents: list[Document]) -> At:
    for number, name in enumerate(["Daily", "daily"]):
        _renamed(documents[number], name)
    return At((*WORKFLOW, "script", "path"), file=1)


def _renamed(document: Document, name: str) -> None:
    workflow_of(document)["name"] = name
    workflow_of(document)["script"]["path"] = f"b/folder/{name}"
    for edge in document["spec"].get("flow", []):
        edge["nodeId"] = name


# --- outputs --------------------------------------------------------------------------------------


def same_output(draw: Draw, documents: list[Document]) -> At:
    output = output_of(nodes_of(documents[0])[one_of(draw, nodes_of(documents[0]))])
    file = draw(st.integers(0, len(documents) - 1))
    other = node("second_maker", outputs={"nodeOutputs": [{"data": output}]})
    return At((*added(documents[file], other), "outputs", "nodeOutputs", 0), file=file)


def no_output(draw: Draw, documents: list[Document]) -> At:
    empty = draw(st.sampled_from([None, {"nodeOutputs": None}, {"nodeOutputs": []}]))
    return At((*added(documents[0], node("mute", outputs=empty)), "outputs"), key=True)


def old_reference(_: Draw, documents: list[Document]) -> At:
    one = node("old", outputs={"nodeOutputs": [{"data": "{{artifact.one}}"}]})
    return At((*added(documents[0], one), "outputs", "nodeOutputs", 0, "data"))


# --- edges ----------------------------------------------------------------------------------------


def unknown_dependent(draw: Draw, documents: list[Document]) -> At:
    edges = workflow_of(documents[0]).setdefault("dependencies", [])
    edges.append({"nodeId": "nobody", "depends": [{"output": ROOT}]})
    return At((*WORKFLOW, "dependencies", len(edges) - 1, "nodeId"))


def unknown_dependent_in_a_loop(_: Draw, documents: list[Document]) -> At:
    pointer, loop = holding(documents[0], "for-each")
    loop["for-each"]["flow"].append({"nodeId": "nobody", "depends": [{"nodeId": "start"}]})
    return At((*pointer, "for-each", "flow", 2, "nodeId"))


def unknown_workflow(_: Draw, documents: list[Document]) -> At:
    documents[0]["spec"]["flow"] = [{"nodeId": "nobody", "depends": [{"output": ROOT}]}]
    return At(("spec", "flow", 0, "nodeId"))


def unknown_upstream(draw: Draw, documents: list[Document]) -> At:
    wanted = draw(st.sampled_from(["nothing", {"node": "nothing"}]))
    return At((*added(documents[0], node("waits", dependsOn=[wanted])), "dependsOn", 0))


def unknown_long_upstream(draw: Draw, documents: list[Document]) -> At:
    wanted = {"nodeId": "nothing"}
    waiting = nodes_of(documents[0])[one_of(draw, nodes_of(documents[0]))]["name"]
    edges = workflow_of(documents[0]).setdefault("dependencies", [])
    edges.append({"nodeId": waiting, "depends": [{"output": ROOT}, wanted]})
    return At((*WORKFLOW, "dependencies", len(edges) - 1, "depends", 1))


def misspelt_output(draw: Draw, documents: list[Document]) -> At:
    nodes_of(documents[0]).append(node("made_here", outputs={"nodeOutputs": [{"data": "x.a_b"}]}))
    wanted = draw(st.sampled_from(["x.ab", "X.a_b", "x.a-b"]))
    return At((*added(documents[0], node("waits", dependsOn=[wanted])), "dependsOn", 0))


def slipped_output(_: Draw, documents: list[Document]) -> At:
    nodes_of(documents[0]).append(node("load_made_here"))
    return At(
        (
            *added(documents[0], node("waits", dependsOn=[f"{IDENTIFIER}.lod_made_here"])),
            "dependsOn",
            0,
        )
    )


def output_made_by_hand(_: Draw, documents: list[Document]) -> At:
    wanted = f"{IDENTIFIER}.0815-4711"
    return At((*added(documents[0], node("waits", dependsOn=[wanted])), "dependsOn", 0))


def foreign_output(draw: Draw, documents: list[Document]) -> At:
    wanted = draw(st.sampled_from(["other_project.daily", "4711_out"]))
    edge = {"nodeId": "waits", "depends": [{"output": wanted}]}
    nodes_of(documents[0]).append(node("waits"))
    workflow_of(documents[0]).setdefault("dependencies", []).insert(0, edge)
    return At((*WORKFLOW, "dependencies", 0, "depends", 0))


def waits_for_itself(_: Draw, documents: list[Document]) -> At:
    return At((*added(documents[0], node("self", dependsOn=["self"])), "dependsOn", 0))


def waits_in_a_circle(draw: Draw, documents: list[Document]) -> At:
    first = added(documents[0], node("a_one", dependsOn=["a_three"]))
    nodes_of(documents[0]).append(node("a_two", dependsOn=["a_one"]))
    nodes_of(documents[0]).append(node("a_three", dependsOn=[f"{IDENTIFIER}.a_two"]))
    return At((*first, "dependsOn", 0))


def circle_in_a_loop(_: Draw, documents: list[Document]) -> At:
    pointer, loop = holding(documents[0], "for-each")
    loop["for-each"]["flow"][1]["depends"] = [{"nodeId": "body"}]
    loop["for-each"]["flow"][0]["depends"] = [{"nodeId": "start"}, {"nodeId": "end"}]
    return At((*pointer, "for-each", "flow", 0, "depends", 1))


def workflow_waits_for_itself(draw: Draw, documents: list[Document]) -> At:
    name = workflow_of(documents[0])["name"]
    inner = output_of(nodes_of(documents[0])[0])
    depends = [{"output": draw(st.sampled_from([name, inner]))}]
    documents[0]["spec"]["flow"] = [{"nodeId": name, "depends": depends}]
    return At(("spec", "flow", 0, "depends", 0))


def circle_of_workflows(draw: Draw, documents: list[Document]) -> At:
    there, here = (output_of(nodes_of(documents[number])[0]) for number in (1, 0))
    nodes_of(documents[1]).append(node("back", dependsOn=[here]))
    return At((*added(documents[0], node("forth", dependsOn=[there])), "dependsOn", 0))


def both_kinds(draw: Draw, documents: list[Document]) -> At:
    kinds = draw(st.permutations(["CrossCycleDependsOnChildren", "CrossCycleDependsOnOtherNode"]))
    wanted = [{"node": nodes_of(documents[0])[0]["name"], "type": kind} for kind in kinds]
    return At((*added(documents[0], node("waits", dependsOn=wanted)), "dependsOn", 1))


def both_lists(_: Draw, documents: list[Document]) -> At:
    workflow = workflow_of(documents[0])
    workflow["flow"] = [{"nodeId": nodes_of(documents[0])[0]["name"], "depends": []}]
    return At((*WORKFLOW, "flow"), key=True)


def edge_out_of_a_loop(draw: Draw, documents: list[Document]) -> At:
    pointer, loop = holding(documents[0], "do-while")
    outside = nodes_of(documents[0])[0]
    wanted = draw(st.sampled_from([outside["name"], output_of(outside), "nothing"]))
    loop["do-while"]["nodes"][1]["dependsOn"] = ["start", wanted]
    return At((*pointer, "do-while", "nodes", 1, "dependsOn", 1))


# --- control nodes --------------------------------------------------------------------------------


def lonely_branch(_: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "branch")
    one["branch"]["branches"].pop()
    return At((*pointer, "branch", "branches"), key=True)


def undeclared_branch(draw: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "branch")
    one["outputs"]["nodeOutputs"].pop()
    return At((*pointer, "branch", "branches", 1, "output"))


def other_branch_content(draw: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "branch")
    said = json.loads(one["script"]["content"])
    said = draw(st.sampled_from([said[:1], said[::-1], [*said, 7], []]))
    one["script"]["content"] = json.dumps(said)
    return At((*pointer, "script", "content"))


def join_of_something_else(draw: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "join")
    other = draw(st.sampled_from([{"nodeId": "stranger"}, {"output": {"data": "x.stranger"}}]))
    nodes_of(documents[0]).append(node("stranger"))
    branches = one["join"]["branches"]
    branches[1] = {"name": "b_1", **other, "assertion": branches[0]["assertion"]}
    return At((*pointer, "join", "branches", 1))


def unknown_word(draw: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "join")
    one["join"]["logic"]["expression"] = draw(st.sampled_from(["b_0 and b_7", "(b_0 OR xx)"]))
    return At((*pointer, "join", "logic", "expression"))


def other_join_content(_: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "join")
    one["script"]["content"] = json.dumps({"branchList": [{"node": "x"}], "resultStatus": "1"})
    return At((*pointer, "script", "content"))


def second_start(_: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "for-each")
    again = node("again")
    again["script"]["runtime"]["command"] = "CONTROLLER_TRAVERSE_START"
    one["for-each"]["nodes"].append(again)
    return At((*pointer, "for-each"), key=True)


def no_end(_: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "do-while")
    del one["do-while"]["while"]
    return At((*pointer, "do-while"), key=True)


def unmirrored_variable(_: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "param-hub")
    one["param-hub"]["variables"].append({"name": "hour", "type": "Constant", "value": "1"})
    return At((*pointer, "param-hub", "variables", 1))


def variable_from_nowhere(_: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "param-hub")
    for variables in (one["param-hub"]["variables"], one["outputs"]["variables"]):
        variables.append({"name": "hour", "type": "PassThrough"})
    return At((*pointer, "param-hub", "variables", 1))


def unknown_variable(_: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "inputs")
    one["inputs"]["variables"][0]["name"] = "month"
    return At((*pointer, "inputs", "variables", 0))


def variable_without_an_edge(_: Draw, documents: list[Document]) -> At:
    pointer, one = holding(documents[0], "inputs")
    one["dependsOn"] = []
    return At((*pointer, "inputs", "variables", 0))


# --- scripts --------------------------------------------------------------------------------------


def long_code(draw: Draw, documents: list[Document]) -> At:
    one = node("long", datasource={"name": "mc", "type": "odps"})
    one["script"] = {
        "runtime": {"command": "ODPS_SQL"},
        "content": draw(st.sampled_from(["x" * 131073, "数" * 43691])),
    }
    return At((*added(documents[0], one), "script", "content"))


def number_only(draw: Draw, documents: list[Document]) -> At:
    one = node("numbered")
    one["script"]["runtime"] = {"commandTypeId": draw(st.integers(1, 2000))}
    return At((*added(documents[0], one), "script", "runtime"), key=True)


BREAKAGES: tuple[Breakage, ...] = (
    Breakage("DW003", foreign_kind),
    Breakage("DW004", no_value),
    Breakage("DW005", missing_script_file),
    Breakage("DW010", misspelt_key),
    Breakage("DW101", second_workflow),
    Breakage("DW102", same_name),
    Breakage("DW102", same_name_in_a_loop, needs=("for-each",)),
    Breakage("DW103", same_output),
    Breakage("DW104", unknown_dependent),
    Breakage("DW104", unknown_dependent_in_a_loop, needs=("for-each",)),
    Breakage("DW104", unknown_workflow),
    Breakage("DW105", unknown_upstream),
    Breakage("DW105", unknown_long_upstream),
    Breakage("DW105", misspelt_output),
    Breakage("DW105", slipped_output),
    Breakage("DW106", waits_for_itself),
    Breakage("DW106", waits_in_a_circle),
    Breakage("DW106", circle_in_a_loop, needs=("for-each",)),
    Breakage("DW106", workflow_waits_for_itself),
    Breakage("DW107", other_path),
    Breakage("DW114", no_output),
    Breakage("DW115", lonely_branch, needs=("branch",)),
    Breakage("DW115", undeclared_branch, needs=("branch",)),
    Breakage("DW115", other_branch_content, needs=("branch",)),
    Breakage("DW116", join_of_something_else, needs=("join",)),
    Breakage("DW116", unknown_word, needs=("join",)),
    Breakage("DW117", second_start, needs=("for-each",)),
    Breakage("DW117", no_end, needs=("do-while",)),
    Breakage("DW118", unmirrored_variable, needs=("param-hub",)),
    Breakage("DW118", variable_from_nowhere, needs=("param-hub",)),
    Breakage("DW119", both_kinds),
    Breakage("DW122", unknown_variable, needs=("param-hub",)),
    Breakage("DW122", variable_without_an_edge, needs=("param-hub",)),
    Breakage("DW123", long_code),
    Breakage("DW124", old_reference),
    Breakage("DW127", foreign_output),
    Breakage("DW142", output_made_by_hand),
    Breakage("DW128", same_path, files=2),
    Breakage("DW129", circle_of_workflows, files=2),
    Breakage("DW130", same_name_but_case),
    Breakage("DW130", same_name_but_form),
    Breakage("DW130", same_path_but_case, files=2),
    Breakage("DW131", foreign_letter),
    Breakage("DW132", hidden_character),
    Breakage("DW133", too_many_nodes),
    Breakage("DW134", both_lists, needs=("long edges",)),
    Breakage("DW135", number_only),
    Breakage("DW136", other_type),
    Breakage("DW137", workflow_name_across, files=2),
    Breakage("DW138", name_across, files=2),
    Breakage("DW139", useless_silence),
    Breakage("DW140", other_join_content, needs=("join",)),
    Breakage("DW143", name_that_is_not_left),
    Breakage("DW143", path_that_is_not_left, files=2),
    Breakage("DW141", edge_out_of_a_loop, needs=("do-while",)),
)

ELSEWHERE = {
    "DW001": "a file, not a document: tests/test_manifest.py",
    "DW002": "a text that is no document: tests/test_yaml_reader.py, tests/test_json_reader.py",
    "DW006": "two documents that differ in quotes only: tests/test_yaml_reader.py",
    "DW007": "a text, whatever the document: tests/test_manifest.py",
    "DW050": "needs the workspace: tests/test_validate_online.py",
    "DW051": "needs the workspace: tests/test_validate_online.py",
    "DW052": "needs git: tests/test_plan_base.py",
    "DW011": "a mistake in deployer.yaml: tests/test_load.py",
    "DW012": "a name that deployer.yaml lacks: tests/test_load.py",
    "DW109": "needs the workspace: tests/test_plan.py",
}
"""Rules that no document breaks, and where they are tested."""
