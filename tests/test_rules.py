"""Each rule on a document that breaks it, and only it: the finding, its place, its cure."""

from pathlib import Path
from typing import Any

import pytest

from deployer.load import SYMBOLIC, Loaded, load
from deployer.model import Problem, Settings, Target

HEAD = """\
version: "1.1.0"
kind: CycleWorkflow
"""
NODE = "script: {runtime: {command: VIRTUAL}}"


def workflow(body: str, name: str = "w", top: str = HEAD) -> str:
    """A manifest of the workflow `f/<name>`; the nodes begin in line 8, column 11."""
    head = f"spec:\n  workflows:\n    - name: {name}\n      script: {{path: f/{name}}}\n"
    return f"{top}{head}      nodes:\n{body}"


def node(name: str, more: str = "") -> str:
    return f"        - name: {name}\n          {NODE}\n" + "".join(
        f"          {line}\n" for line in more.splitlines()
    )


def checked(folder: Path, *texts: str, **target: Any) -> Loaded:
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"{number}.yaml")
        files[-1].write_text(text, encoding="utf-8")
    where = Target("local", "1", "dev", **target)
    targets = {"local": where, "prod": Target("prod", "2", "shop")}
    return load(Settings(folder, None, (), targets, where), where, files)


def told(problem: Problem) -> tuple[str, str, str, str]:
    return problem.rule, str(problem.location), problem.message, problem.hint


def found(folder: Path, *texts: str) -> list[tuple[str, str, str, str]]:
    """Every finding that asks for something: an info does not."""
    problems = checked(folder, *texts).problems
    return [told(problem) for problem in problems if problem.severity != "info"]


def test_a_sound_document_has_no_findings(tmp_path: Path) -> None:
    """Its nodes wait for one another, for other workflows, for the root and for themselves."""
    waits = "dependsOn: [a, other.x, dev_root, {node: b, type: CrossCycleDependsOnSelf}]"
    assert found(tmp_path, workflow(node("a") + node("b", waits))) == []


def test_node_names_are_unique(tmp_path: Path) -> None:
    """A node is known by its name, so a second one of that name would be the same node."""
    text = workflow(node("a") + node("b") + node("a"))
    assert found(tmp_path, text) == [
        ("DW102", "0.yaml:12:17", "two nodes are named `a`", "rename one of them")
    ]


def test_nodes_in_different_loops_may_share_a_name(tmp_path: Path) -> None:
    """What they are known by includes the loop."""
    loop = f"for-each:\n  nodes:\n    - name: body\n      {NODE}\n"
    for end in ("START", "END"):
        runtime = f"{{runtime: {{command: CONTROLLER_TRAVERSE_{end}}}}}"
        loop += f"    - name: {end.lower()}\n      script: {runtime}\n"
    assert found(tmp_path, workflow(node("a", loop) + node("b", loop) + node("body"))) == []


def test_output_names_are_unique_within_a_workflow(tmp_path: Path) -> None:
    """A clash fails only at publishing, long after the mistake."""
    text = workflow(node("a") + node("b", "outputs: {nodeOutputs: [{data: dev.a}]}"))
    assert [(rule, place) for rule, place, _, _ in found(tmp_path, text)] == [
        ("DW103", "0.yaml:12:35")
    ]


def test_output_names_are_unique_between_workflows(tmp_path: Path) -> None:
    """Also where one of them is only assumed."""
    texts = [workflow(node("a"), name) for name in ("one", "two")]
    hint = "rename the node or declare another output"
    assert found(tmp_path, *texts) == [
        ("DW103", "1.yaml:8:17", "output `dev.a` is also made in 0.yaml:8", hint)
    ]


def test_an_output_left_open_needs_the_name_of_the_workspace(tmp_path: Path) -> None:
    """Without it the output would be called `.a`."""
    text = workflow(node("a") + node("b", "outputs: {nodeOutputs: [{data: x.b}]}"))
    (tmp_path / "0.yaml").write_text(text)
    where = Target("local", "1", "")
    loaded = load(Settings(tmp_path, None, (), {"local": where}), where, [tmp_path / "0.yaml"])
    assert [told(problem) for problem in loaded.problems] == [
        (
            "DW004",
            "0.yaml:8:17",
            "`a` declares no output, and the target has no `projectIdentifier` to name one by",
            "add `projectIdentifier` to the target in `deployer.yaml`",
        )
    ]


@pytest.mark.parametrize("outputs", ["null", "{nodeOutputs: null}", "{nodeOutputs: []}"])
def test_a_node_without_a_named_output_can_be_waited_for(tmp_path: Path, outputs: str) -> None:
    """Every node has an output of its own, as most nodes made in the console (docs/service.md B-43)."""
    text = workflow(node("a", f"outputs: {outputs}") + node("b", "dependsOn: [a]"))
    assert found(tmp_path, text) == []


@pytest.mark.parametrize("value", ["{{a}}:outputs", "{{.}}", "{{a}}"])
def test_a_node_may_stand_for_its_id(tmp_path: Path, value: str) -> None:
    """Nobody writes ids, and values of other nodes are told by them."""
    text = workflow(node("a", f"inputs: {{variables: [{{name: x, value: '{value}'}}]}}"))
    assert found(tmp_path, text) == []


def test_a_dependency_belongs_to_a_node(tmp_path: Path) -> None:
    """The service drops one of a name that it does not know, and says nothing."""
    edges = "      dependencies:\n        - nodeId: loda\n          depends: [{output: x.y}]\n"
    assert found(tmp_path, workflow(node("load")) + edges) == [
        ("DW104", "0.yaml:11:19", "`loda` is no node of this workflow", "did you mean `load`?")
    ]


def test_what_a_workflow_waits_for_is_its_own(tmp_path: Path) -> None:
    """`spec.flow` holds nothing but the edges of the workflow itself."""
    text = workflow(node("a")) + "  flow:\n    - nodeId: v\n      depends: [{output: x.y}]\n"
    assert [(rule, place) for rule, place, _, _ in found(tmp_path, text)] == [
        ("DW104", "0.yaml:11:15")
    ]


def test_a_bare_name_of_another_workflow_needs_its_full_name(tmp_path: Path) -> None:
    """The hint holds what to write."""
    one, two = workflow(node("a"), "one"), workflow(node("b", "dependsOn: [a]"), "two")
    assert found(tmp_path, one, two) == [
        (
            "DW105",
            "1.yaml:10:23",
            "`b` depends on `a`, which is no node here",
            "write `dev.a`: it is a node of another workflow",
        )
    ]


def test_a_misspelt_upstream_is_guessed(tmp_path: Path) -> None:
    """The nearest node of the workflow."""
    text = workflow(node("load") + node("b", "dependsOn:\n  - {node: lod}"))
    assert found(tmp_path, text) == [
        (
            "DW105",
            "0.yaml:13:15",
            "`b` depends on `lod`, which is no node here",
            "did you mean `load`?",
        )
    ]


@pytest.mark.parametrize("upstream", ["b", "dev.b", "{node: b, type: Normal}"])
def test_a_cycle_is_shown_as_a_path(tmp_path: Path, upstream: str) -> None:
    """However the upstream is told; nodes that wait for each other never start."""
    text = workflow(node("a", f"dependsOn: [{upstream}]") + node("b", "dependsOn: [a]"))
    assert found(tmp_path, text) == [
        ("DW106", "0.yaml:10:23", "cycle: a -> b -> a", "remove one of the edges")
    ]


def test_two_nodes_of_one_name_are_no_circle(tmp_path: Path) -> None:
    """A copy whose name was not changed waits for the other one: that it has its name is all."""
    text = workflow(node("a") + node("b", "dependsOn: [a]") + node("a", "dependsOn: [b]"))
    assert [rule for rule, *_ in found(tmp_path, text)] == ["DW102"]


def test_the_previous_cycle_is_no_circle(tmp_path: Path) -> None:
    """Waiting for one's own day before is the usual thing."""
    waits = "dependsOn: [{node: a, type: CrossCycleDependsOnSelf}]"
    assert found(tmp_path, workflow(node("a", waits))) == []


@pytest.mark.parametrize(
    ("path", "place"), [("f/v", "0.yaml:6:22"), ("f/w/", "0.yaml:6:22"), ("/f/w", "0.yaml:6:22")]
)
def test_a_workflow_path_is_folders_and_name(tmp_path: Path, path: str, place: str) -> None:
    """The service refuses others, or reads them back differently."""
    text = workflow(node("a")).replace("path: f/w", f"path: {path}")
    assert [(rule, where) for rule, where, _, _ in found(tmp_path, text)] == [("DW107", place)]


def test_a_node_path_ends_with_its_name(tmp_path: Path) -> None:
    """A bare name is fine: it means a place below the workflow."""
    bad, good = "script: {path: f/w/x, runtime: {command: VIRTUAL}}", "{path: b, runtime"
    text = workflow(node("a").replace(NODE, bad) + node("b").replace("{runtime", good))
    assert found(tmp_path, text) == [
        (
            "DW107",
            "0.yaml:9:26",
            "the path ends with `x`, the name is `a`",
            "let the last part of `script.path` be the name",
        )
    ]


@pytest.mark.parametrize("value", ["{{a}}", "{{script.one}}", "{{a}}:x"])
def test_references_of_old_documents_are_refused(tmp_path: Path, value: str) -> None:
    """Version 1.0.0 pointed into lists of the document; nothing follows such a pointer today."""
    text = workflow(node("a", f"outputs: {{nodeOutputs: [{{data: '{value}'}}]}}"))
    assert [(rule, place) for rule, place, _, _ in found(tmp_path, text)] == [
        ("DW124", "0.yaml:10:42")
    ]


def test_braces_in_scripts_and_remarks_are_left_alone(tmp_path: Path) -> None:
    """They belong to whatever language that is."""
    text = workflow(node("a", 'description: "{{x}}"'))
    assert found(tmp_path, text.replace("runtime:", "content: '{{x}}', runtime:")) == []


def test_two_manifests_of_one_path_clash(tmp_path: Path) -> None:
    """They would overwrite each other."""
    texts = [workflow(node(name)) for name in ("a", "b")]
    assert found(tmp_path, *texts) == [
        (
            "DW128",
            "1.yaml:6:22",
            "`f/w` is also the path in 0.yaml:6",
            "give one of the two workflows another path",
        )
    ]


@pytest.mark.parametrize(
    ("edges", "place"),
    [
        ("  flow: [{nodeId: one, depends: [{output: dev.b}]}]\n", "0.yaml:10:34"),
        ("      flow: [{nodeId: a, depends: [{output: dev.b}]}]\n", "0.yaml:10:36"),
    ],
)
def test_edges_count_wherever_they_are_said(tmp_path: Path, edges: str, place: str) -> None:
    """What the workflow itself waits for, and the legacy spelling of what its nodes wait for."""
    one = workflow(node("a"), "one") + edges
    two = workflow(node("b", "dependsOn: [dev.a]"), "two")
    assert [(rule, at) for rule, at, _, _ in found(tmp_path, one, two)] == [("DW129", place)]


def test_a_legacy_dependency_belongs_to_a_node(tmp_path: Path) -> None:
    """`flow` of a workflow is read like `dependencies`, so it is checked like that."""
    edges = "      flow: [{nodeId: loda, depends: [{output: x.y}]}]\n"
    assert [
        (rule, place) for rule, place, _, _ in found(tmp_path, workflow(node("load")) + edges)
    ] == [("DW104", "0.yaml:10:23")]


def test_workflows_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Neither could be written first."""
    one = workflow(node("a", "dependsOn: [dev.b]"), "one")
    two = workflow(node("b", "dependsOn: [dev.a]"), "two")
    assert found(tmp_path, one, two) == [
        (
            "DW129",
            "0.yaml:10:23",
            "workflows in a cycle: f/one -> f/two -> f/one",
            "remove one of the edges",
        )
    ]


def test_former_names_are_free(tmp_path: Path) -> None:
    """What is moved from a name that something has, or that two claim, is a mistake."""
    top = HEAD + "deployer: {movedFrom: f/old}\n"
    twice = node("a", "deployer: {movedFrom: b}") + node("c", "deployer: {movedFrom: b}")
    own = workflow(node("d", "deployer: {movedFrom: d}"), "own", HEAD)
    loaded = checked(tmp_path, workflow(twice, top=top), workflow(node("e"), "two", top), own)
    assert [(p.rule, p.severity, p.message) for p in loaded.problems] == [
        ("DW143", "error", "two nodes are moved from `b`"),
        ("DW143", "error", "`d` is the name of a node here"),
        ("DW143", "error", "`f/old` is what 0.yaml is moved from as well"),
    ]


def test_publishing_may_be_wished_for(tmp_path: Path) -> None:
    """In the manifest and in the target, without a remark."""
    text = workflow(node("a"), top=HEAD + "deployer: {publish: true}\n")
    assert checked(tmp_path, text, publish=True).problems == ()


def test_a_workflow_for_other_targets_is_left_out(tmp_path: Path) -> None:
    """`deployer.only` names the targets; the document is checked all the same."""
    texts = [
        workflow(node("a"), name, HEAD + f"deployer: {{only: [{only}]}}\n")
        for name, only in (("one", "prod"), ("two", "local, prod"))
    ]
    loaded = checked(tmp_path, *texts)
    assert [subject.path for subject in loaded.subjects] == ["f/two"]
    assert loaded.problems == ()


def test_a_workflow_without_a_path_is_an_error_of_the_file(tmp_path: Path) -> None:
    """There is nothing to find it by."""
    text = f"{HEAD}spec:\n  workflows:\n    - name: w\n"
    ((rule, place, message, hint),) = found(tmp_path, text)
    assert (rule, place, message) == ("DW010", "0.yaml:5:7", "missing required key `script`")
    assert "`script.path`" in hint


def test_all_findings_are_told_at_once(tmp_path: Path) -> None:
    """Nobody wants to correct one mistake after the other."""
    bodies = [node("a") + node("a"), node("c", "priority: 9"), node("d", "dependsOn: [zzz]")]
    texts = [workflow(body, f"w{number}") for number, body in enumerate(bodies)]
    assert {rule for rule, _, _, _ in found(tmp_path, *texts)} == {"DW102", "DW010", "DW105"}


# --- inside loops ---------------------------------------------------------------------------------

LOOP = """\
for-each:
  nodes:
    - {name: start, script: {runtime: {command: CONTROLLER_TRAVERSE_START}}}
    - {name: body, script: {runtime: {command: VIRTUAL}}, dependsOn: [WAITS]}
    - {name: end, script: {runtime: {command: CONTROLLER_TRAVERSE_END}}}
  flow:
    - {nodeId: NODE, depends: [{nodeId: body}]}
"""


def loop(waits: str = "start", last: str = "end") -> str:
    """A loop in line 8 whose body waits for `waits` in line 13, and an edge in line 16."""
    return node("loop", LOOP.replace("WAITS", waits).replace("NODE", last))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (loop(), []),
        (loop(last="ende"), [("DW104", "0.yaml:16:26", "did you mean `end`?")]),
        (loop(waits="strat"), [("DW141", "0.yaml:13:81", "did you mean `start`?")]),
        (loop(waits="end"), [("DW106", "0.yaml:13:81", "remove one of the edges")]),
    ],
)
def test_edges_inside_loops(tmp_path: Path, text: str, told: list[tuple[str, str, str]]) -> None:
    """They are as easily lost as those outside."""
    got = [(rule, place, hint) for rule, place, _, hint in found(tmp_path, workflow(text))]
    assert got == told


# --- across files ---------------------------------------------------------------------------------


def test_a_file_with_findings_of_its_own_takes_part(tmp_path: Path) -> None:
    """What it makes is there, and what it clashes with too."""
    one = workflow(node("a") + node("b", "dependsOn: [b]"), "one")
    two = workflow(node("c", "dependsOn: [dev.a]") + node("a"), "two")
    assert [rule for rule, _, _, _ in found(tmp_path, one, two)] == ["DW106", "DW103"]


def test_an_output_may_be_made_by_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Nothing is said of it until all files are read: one mistake is one finding."""
    two = workflow(node("c", "dependsOn: [dev.a]"), "two")
    assert [rule for rule, _, _, _ in found(tmp_path, "nodes: [", two)] == ["DW002"]


def test_the_shortest_cycle_of_many_is_shown(tmp_path: Path) -> None:
    """A chain of 400 nodes that bites its tail, and two nodes that wait for each other."""
    names = [f"n{number:03}" for number in range(398)]
    chain = [node(name, f"dependsOn: [{names[i - 1]}]") for i, name in enumerate(names)]
    pair = node("x", "dependsOn: [y]") + node("y", "dependsOn: [x]")
    ((rule, _, message, _),) = found(tmp_path, workflow("".join(chain) + pair))
    assert (rule, message) == ("DW106", "cycle: x -> y -> x")


@pytest.mark.parametrize(
    "field",
    [
        "nodes: ${spec.x}",
        "trigger: ${spec.x}",
        "dependencies: ${spec.x}",
        "outputs: ${spec.x}",
        "inputs: {variables: '${spec.x}'}",
    ],
)
def test_a_placeholder_stands_for_no_structure(tmp_path: Path, field: str) -> None:
    """Values are text, numbers and switches, so without a target it is an error as well."""
    text = workflow("").replace("      nodes:\n", f"      {field}\n")
    (tmp_path / "0.yaml").write_text(text, encoding="utf-8")
    loaded = load(Settings(tmp_path, None, (), {}), SYMBOLIC, [tmp_path / "0.yaml"])
    assert [problem.rule for problem in loaded.problems] == ["DW010"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a\\u200bb", "character U+200B not allowed in name"),
        ("a\\u202eb", "character U+202E not allowed in name"),
    ],
)
def test_characters_that_nobody_sees(tmp_path: Path, name: str, message: str) -> None:
    """The finding names the character, since it cannot be shown."""
    body = node("x").replace("name: x", f'name: "{name}"')
    assert message in [told for _, _, told, _ in found(tmp_path, workflow(body))]


def test_nodes_in_an_open_map_are_no_nodes(tmp_path: Path) -> None:
    """`metadata` holds whatever the service put there; only loops and their like hold nodes."""
    inside = "metadata: {nodes: [{name: 9223372036854775808}], while: {name: end}}"
    assert found(tmp_path, workflow(node("a", inside))) == []
