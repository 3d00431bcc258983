"""The annotations of the manifest schema, and the tree that answers for them."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from deployer.fields import MISSING, Field
from deployer.schema import document, load, node, workflow

BEHAVIOUR = {
    "default",
    "readOnly",
    "format",
    "x-aliases",
    "x-class",
    "x-class-removed",
    "x-computed",
    "x-computed-elements",
    "x-noise",
    "x-noise-when",
    "x-default-kinds",
    "x-immutable",
    "x-merge-key",
    "x-reference",
    "x-sensitive",
    "x-text",
    "x-unordered",
}
WORDS = {"title", "description", "enumDescriptions", "errorMessage", "$comment"}
CHECKS = {
    *("type", "enum", "const", "minLength", "maxLength", "pattern", "minimum", "maximum"),
    *("minItems", "maxItems", "required", "properties", "additionalProperties", "items"),
    *("if", "then", "else", "allOf", "anyOf", "not", "$ref", "$defs", "$schema"),
}
CONDITIONS = ("if", "then", "else", "allOf", "anyOf", "oneOf", "not")
KINDS = {"CycleWorkflow", "ManualWorkflow", "TriggerWorkflow"}

Part = tuple[str, dict[str, Any], bool]


def parts(schema: Any, path: str = "#", conditional: bool = False) -> Iterator[Part]:
    """Every subschema: where it is, what it says, and whether it is part of a condition."""
    yield path, schema, conditional
    for group in ("$defs", "properties"):
        for name, part in schema.get(group, {}).items():
            yield from parts(part, f"{path}/{group}/{name}", conditional)
    for keyword in ("items", "additionalProperties", *CONDITIONS):
        inner = schema.get(keyword)
        for part in inner if isinstance(inner, list) else [inner]:
            if isinstance(part, dict):
                yield from parts(part, f"{path}/{keyword}", conditional or keyword in CONDITIONS)


def plain() -> Iterator[tuple[str, dict[str, Any], Field]]:
    """Every part outside of conditions, with the field that answers for it."""
    schema = load("manifest")
    root = Field.root(schema)
    for path, part, conditional in parts(schema):
        if not conditional:
            yield path, part, root._definitions.field(part)


def test_every_keyword_is_known() -> None:
    """A misspelt annotation would be ignored by every tool, so only known keywords are used."""
    used = {keyword for _, part, _ in parts(load("manifest")) for keyword in part}
    assert used - BEHAVIOUR - WORDS - CHECKS == set()


def test_no_annotation_hides_in_a_condition() -> None:
    """What a field does never depends on which branch of a condition holds."""
    hidden = [
        path
        for path, part, conditional in parts(load("manifest"))
        if conditional and set(part) & (BEHAVIOUR | WORDS)
    ]
    assert hidden == []


def test_only_annotations_stand_beside_a_reference() -> None:
    """Draft-07 ignores what stands beside `$ref`, so nothing that decides may stand there."""
    beside = {
        keyword
        for _, part, _ in parts(load("manifest"))
        if "$ref" in part
        for keyword in part
        if keyword not in BEHAVIOUR | WORDS
    }
    assert beside == {"$ref"}


def test_every_key_is_described() -> None:
    """Editors show a text for every key that a person can write."""
    silent = [
        path
        for path, _, field in plain()
        if path.split("/")[-2:-1] == ["properties"] and not field.keywords.get("description")
    ]
    assert silent == []


def test_objects_are_closed_except_for_settings_and_undocumented_shapes() -> None:
    """A misspelt key is an error everywhere but in maps that are open by nature."""
    found = {
        path.removeprefix("#/$defs/").replace("/properties/", ".").replace("/items", "[]")
        for path, part, field in plain()
        if "$ref" not in part and field.open
    }
    confs = ("sparkConf", "flinkConf", "paiflowConf", "maxComputeConf", "paiFlowConfig")
    configs = (
        "emrJobConfig",
        "cdhJobConfig",
        "streamJobConfig",
        "adbJobConfig",
        "lindormJobConfig",
    )
    assert found == {
        *(f"runtime.{name}" for name in ("template", *confs, *configs)),
        *("spec.files[]", "spec.dqcRules[]", "spec.dataIntegrationJobs[]", "node.dqcRule"),
        *("metadata", "component.metadata", "datasource.config"),
        "node.datasets[].extOptions",
    }


def test_merge_keys_name_fields_of_the_elements() -> None:
    """A list is keyed by texts or numbers that its elements can have."""
    unknown = [
        (path, way)
        for path, _, field in plain()
        for component in field.merge_key
        for way in component
        if not field.items or not (place := field.items.at(way)) or "string" not in place.types
    ]
    assert unknown == []


def test_computed_elements_name_fields_of_the_elements() -> None:
    """A matcher looks at fields and values that an element can have."""
    impossible = [
        (path, name)
        for path, _, field in plain()
        for matcher in field.computed_elements
        for name, values in matcher.items()
        if not field.items
        or not (place := field.items.property(name))
        or not set(values) <= set(place.keywords.get("enum", [True, False]))
    ]
    assert impossible == []


def test_defaults_are_valid() -> None:
    """Every default is a value that its own field accepts."""
    schema = load("manifest")
    for path, part, field in plain():
        if "default" in part:
            own = {**part, "$defs": schema["$defs"]}
            errors = list(jsonschema.Draft202012Validator(own).iter_errors(field.default))
            assert (path, errors) == (path, [])


def test_a_field_behaves_in_one_way() -> None:
    """A field has a default, or is completed by the service, or is the service's own fact."""
    torn = [
        path
        for path, _, field in plain()
        if (field.default is not MISSING) + bool(field.computed is True) + field.read_only > 1
    ]
    assert torn == []


def test_kinds_are_known() -> None:
    """What holds only for some kinds of workflow names kinds that exist."""
    named = [
        kind
        for _, _, field in plain()
        for kinds in (field.default_kinds, field.computed)
        if isinstance(kinds, tuple)
        for kind in kinds
    ]
    assert set(named) <= KINDS


def test_only_undisputed_defaults_are_assumed() -> None:
    """A default is sent to the service, so each one is a decision: this is the whole list."""
    found = {
        f"{path.split('/')[2]}.{path.split('/')[-1]}": field.default
        for path, part, field in plain()
        if "default" in part
    }
    assert found == {
        "node.recurrence": "Normal",
        "node.instanceMode": "T+1",
        "node.rerunMode": "Allowed",
        "node.rerunTimes": 0,
        "node.rerunInterval": 180000,
        "strategy.instanceMode": "T+1",
        "strategy.rerunMode": "Allowed",
        "strategy.rerunTimes": 3,
        "strategy.rerunInterval": 180000,
        "strategy.failureStrategy": "Break",
        "workflow.strategy": {},
        "workflowScript.runtime": {},
        "workflowScript.command": "WORKFLOW",
        "trigger.startTime": "1970-01-01 00:00:00",
        "trigger.endTime": "9999-01-01 00:00:00",
        "trigger.timezone": "Asia/Shanghai",
        "trigger.delaySeconds": 0,
        "depend.type": "Normal",
        "nodeOutput.artifactType": "NodeOutput",
        "tables.artifactType": "Table",
        "variable.artifactType": "Variable",
    }


def at(path: str) -> Field:
    """The field at a path such as `nodes/0/script` below the workflow."""
    field = workflow().at(int(step) if step.isdigit() else step for step in path.split("/"))
    assert field is not None
    return field


def test_a_nested_node_behaves_like_an_inner_node() -> None:
    """The bodies of loops, however deep, are made of the same nodes."""
    assert at("nodes/0/for-each/nodes/0/combined/nodes/0") is node()
    assert at("nodes/0/do-while/while").properties == node().properties


def test_the_tree_has_one_field_for_each_place_in_the_schema() -> None:
    """A recursive schema does not make an endless tree."""
    once = at("nodes/0/do-while/while/script")
    assert at("nodes/0/do-while/while/do-while/while/script") is once


def test_an_unknown_key_has_no_field() -> None:
    """Where the schema knows nothing there is nothing to ask, however far below."""
    assert workflow().property("nonsense") is None
    assert workflow().at(["nonsense", 0, "more"]) is None
    assert at("nodes/0/script/runtime/sparkConf").at(["spark.executor.cores"]) is None
    assert at("name").items is None


def test_annotations_beside_a_reference_hold_for_that_place_only() -> None:
    """A trigger of a node is the service's to derive, that of a workflow is the author's."""
    assert at("nodes/0/trigger").computed is True
    assert at("trigger").computed == ("ManualWorkflow",)
    assert at("trigger").properties == at("nodes/0/trigger").properties


@pytest.mark.parametrize(
    ("kind", "default"), [("CycleWorkflow", "T+1"), ("ManualWorkflow", MISSING)]
)
def test_a_default_holds_in_its_kinds(kind: str, default: Any) -> None:
    """Schedules mean nothing to a manual workflow, so nothing is assumed there."""
    assert at("nodes/0/instanceMode").default_in(kind) == default
    assert at("nodes/0/rerunMode").default_in(kind) == "Allowed"


def test_computed_holds_in_its_kinds() -> None:
    """A manual workflow's trigger may be left to the service."""
    assert at("trigger").computed_in("ManualWorkflow")
    assert not at("trigger").computed_in("CycleWorkflow")
    assert at("owner").computed_in("CycleWorkflow")
    assert not at("description").computed_in("CycleWorkflow")


def test_author_owned_fields_are_not_computed() -> None:
    """Leaving one of these out means that it is not there."""
    author_owned = [
        *("description", "trigger/cron", "nodes", "dependencies", "script/parameters"),
        *("nodes/0/description", "nodes/0/script/content", "nodes/0/script/parameters"),
        *("nodes/0/datasource", "nodes/0/datasource/name", "nodes/0/branch", "nodes/0/join"),
        *("nodes/0/script/runtime/command", "nodes/0/inputs/variables", "nodes/0/for-each"),
        *("dependencies/0/depends", "dependencies/0/depends/0/output"),
    ]
    assert [path for path in author_owned if at(path).computed] == []


def test_facts_of_the_service_are_read_only() -> None:
    """These are never sent and never compared."""
    facts = [
        *("metadata", "script/id", "trigger/id", "nodes/0/metadata", "nodes/0/script/extension"),
        *("nodes/0/script/runtime/commandTypeId", "nodes/0/script/parameters/0/id"),
        *("nodes/0/runtimeResource/id", "nodes/0/runtimeResource/resourceGroupName"),
        *("outputs/nodeOutputs/0/id", "outputs/nodeOutputs/0/nodeId", "nodes/0/datasource/id"),
    ]
    assert [path for path in facts if not at(path).read_only] == []


def test_references_are_marked() -> None:
    """Every text that may hold an id of the document can be turned into a name."""
    references = [
        *("dependencies/0/nodeId", "dependencies/0/depends/0/output", "outputs/nodeOutputs/0/data"),
        *("dependencies/0/depends/0/nodeId", "nodes/0/inputs/variables/0/value"),
        *("nodes/0/inputs/variables/0/node/output", "nodes/0/inputs/variables/0/node/nodeId"),
        *("nodes/0/inputs/variables/0/referenceVariable/node/output", "nodes/0/reference/output"),
        *("nodes/0/branch/branches/0/output/data", "nodes/0/join/branches/0/output/data"),
    ]
    assert [path for path in references if not at(path).reference] == []


def test_lists_say_how_their_elements_are_found() -> None:
    """Each component of a key is a list of alternatives, each a path of keys."""
    assert at("nodes").merge_key == ((("name",),),)
    assert at("dependencies/0/depends").merge_key == ((("type",),), (("output",), ("nodeId",)))
    assert at("nodes/0/branch/branches").merge_key == ((("output", "data"),),)
    assert at("nodes/0/script/runtime/container/args").merge_key == ()


def test_order_counts_only_where_it_means_something() -> None:
    """Branches and parameters of a component have an order; nodes and edges have none."""
    unordered = ("nodes", "dependencies", "nodes/0/join/branches/0/assertion/in")
    ordered = ("nodes/0/branch/branches", "nodes/0/component/inputs", "nodes/0/join/branches")
    assert [at(path).unordered for path in (*unordered, *ordered)] == [True] * 3 + [False] * 3


def test_made_outputs_and_edges_are_unmanaged() -> None:
    """What the service adds by itself is recognised by its own marks."""
    made = {"sourceType": ("System", "CodeParse")}
    assert at("outputs/nodeOutputs").computed_elements == ({"isDefault": (True,)}, made)
    assert at("dependencies/0/depends").computed_elements == (made,)


def test_texts_tell_how_they_are_compared_and_shown() -> None:
    """Line ends in code, zeros in cron, spellings of languages and secrets each have their mark."""
    assert at("nodes/0/script/content").text
    assert at("trigger/cron").format == "cron"
    assert at("nodes/0/script/language").aliases["shell"] == "shell-script"
    assert at("nodes/0/datasource/config").sensitive
    assert at("nodes/0/script/runtime/container/env/0/value").sensitive
    assert at("nodes/0/script/runtime/command").immutable
    assert not at("script/runtime/command").immutable


def test_removal_is_asked_for_with_null() -> None:
    """What an author may remove accepts null; identity and references do not."""
    assert "null" in at("description").types
    assert "null" in at("nodes/0/runtimeResource").types
    assert ["null" in at(path).types for path in ("name", "nodes", "dependencies/0/nodeId")] == [
        False
    ] * 3


def test_the_whole_document_is_known() -> None:
    """The edges of the workflow itself stand outside of the workflow object."""
    assert document().at(["spec", "flow"]) is not None
    assert document().at(["spec", "workflows", 0]) is workflow()


def test_the_schema_is_plain_json() -> None:
    """What is loaded is what the file says."""
    assert json.loads(json.dumps(load("manifest"))) == load("manifest")
