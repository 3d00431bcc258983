"""Rules about the rest of a document: outputs, code, old references, keys without effect."""

import marshal
from collections.abc import Iterator
from typing import Any

from deployer import schema
from deployer.desired import leaves_output_open
from deployer.fields import Field
from deployer.model import Pointer, RuleInfo
from deployer.rules.subject import DocumentRule, Finding, Rule, Subject

_LIMITS = {"ODPS_SQL": 128, "ODPS_SCRIPT": 128, "ODPS_SPARK_SQL": 130, "EMR_SPARK_SQL": 130}
"""Kilobytes of code by command, as far as a source states them."""


def outputs_can_be_named(subject: Subject) -> Iterator[Finding]:
    """An output that is left out is named after the workspace."""
    if subject.target.project_identifier:
        return
    for pointer, node in subject.nodes:
        if leaves_output_open(node):
            message = (
                f"`{node['name']}` declares no output, and the target has no `projectIdentifier` "
                "to name one by"
            )
            hint = "add `projectIdentifier` to the target in `deployer.yaml`"
            yield Finding((*pointer, "name"), message, hint)
            return


def outputs_are_declared(subject: Subject) -> Iterator[Finding]:
    """Nothing can wait for a node that says it has no output."""
    waiting = {upstream.wanted for upstream in subject.scopes[0].upstreams}
    for pointer, node in subject.nodes:
        outputs = (node.get("outputs") or {}).get("nodeOutputs")
        if outputs or leaves_output_open(node) or node["name"] in waiting:
            continue  # what waits for a node without an output is told by DW105
        place = (*pointer, "outputs") if "outputs" in node else (*pointer, "name")
        yield Finding(place, f"`{node['name']}` has no output: nothing can wait for it", key=True)


def content_fits(subject: Subject) -> Iterator[Finding]:
    """Code beyond what the engine takes fails when it runs, not when it is saved."""
    for _, pointer, node in subject.entities:
        script = node.get("script") or {}
        content = script.get("content") or ""
        most = _LIMITS.get((script.get("runtime") or {}).get("command", ""))
        if most is None or len(content) * 4 <= most * 1024:
            continue
        size = len(content.encode("utf-8", "surrogatepass"))
        if size > most * 1024:
            kilobytes = (size + 1023) // 1024
            message = (
                f"the code of `{node['name']}` has {kilobytes} KB, at most {most} KB are taken"
            )
            yield Finding((*pointer, "script", "content"), message)


def no_old_references(subject: Subject) -> Iterator[Finding]:
    """Version 1.0.0 wrote `{{id}}` for an entry of a shared list; import does not follow that.

    `{{node}}` with the name of a node of this workflow stands for its id, alone or before a colon.
    """
    if b"{{" not in marshal.dumps(subject.workflow):  # faster than a look at every text by itself
        return
    for pointer, text in _references(subject.workflow, schema.workflow(), ()):
        if text.startswith("{{") and not _stands_for_an_id(text, pointer, subject):
            yield Finding(pointer, f"`{text}` is a reference of version 1.0.0")


def _stands_for_an_id(text: str, pointer: Pointer, subject: Subject) -> bool:
    """Outputs are known by name, so that in `data` nothing stands for an id."""
    known = subject.tokens
    return pointer[-1] != "data" and (text in known or text.rpartition(":")[0] in known)


def _references(value: Any, field: Field, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    """The texts in a mapping or list that may stand for an entity, with their places."""
    for step, item, below in _naming_parts(value, field):
        if isinstance(item, dict | list):
            yield from _references(item, below, (*at, step))
        elif below.reference and isinstance(item, str):
            yield (*at, step), item


def _naming_parts(value: Any, field: Field) -> list[tuple[str | int, Any, Field]]:
    if isinstance(value, dict):
        naming = field.naming
        return [(key, item, naming[key]) for key, item in value.items() if key in naming]
    items = field.items
    return [] if items is None else [(number, item, items) for number, item in enumerate(value)]


def command_is_said(subject: Subject) -> Iterator[Finding]:
    """The number of a command is the service's; without the word nothing would be sent."""
    for _, pointer, node in subject.entities:
        runtime = (node.get("script") or {}).get("runtime") or {}
        if not runtime.get("command"):
            number = runtime.get("commandTypeId")
            message = f"`{node['name']}` has no `command`; `commandTypeId: {number}` is not sent"
            yield Finding((*pointer, "script", "runtime"), message, key=True)


def one_kind(subject: Subject) -> Iterator[Finding]:
    """`type` repeats `kind`, and only `kind` counts."""
    document = subject.manifest.document
    kind, body = document["kind"], document["spec"]
    places: list[tuple[Pointer, Any]] = [(("spec", "type"), body.get("type"))]
    for index, workflow in enumerate(body.get("workflows") or []):
        places.append((("spec", "workflows", index, "type"), workflow.get("type")))
    for pointer, said in places:
        if said and said != kind:
            message = f"`type: {said}` contradicts `kind: {kind}`, which counts"
            yield Finding(pointer, message, in_document=True)


CONTENT_RULES: tuple[DocumentRule, ...] = (
    Rule(
        RuleInfo(
            "DW004",
            "placeholders-have-values",
            "error",
            "a placeholder without a value would be sent as it is written",
            text="Told of `${spec.KEY}`, `${script.KEY}` and `${projectIdentifier}` without a value on the "
            "target, and of outputs left out where the target has no `projectIdentifier` to name them by.",
            fixed=True,
        ),
        outputs_can_be_named,
    ),
    Rule(
        RuleInfo(
            "DW114",
            "outputs-are-declared",
            "warning",
            "nothing can wait for a node without an output",
            "leave `outputs.nodeOutputs` out, or name an output there",
            "An output that is left out is named after the node, so only an empty list or `null` is meant. "
            "That a node waits for nothing is no finding: exported workflows have no edge to the root of "
            "the workspace, and their nodes begin when the workflow does.",
        ),
        outputs_are_declared,
    ),
    Rule(
        RuleInfo(
            "DW123",
            "content-fits",
            "warning",
            "code that is too long is refused when it runs",
            "split the node, or move data out of the code",
            "128 KB for MaxCompute SQL, 130 KB for Spark SQL, counted in UTF-8 "
            "([B-135](service.md#inside-a-document)). A warning: the limits are told by one source only "
            "and may have been raised.",
        ),
        content_fits,
    ),
    Rule(
        RuleInfo(
            "DW124",
            "no-old-references",
            "error",
            "nothing follows a reference of version 1.0.0",
            "write the name of the node or of its output",
            "`{{id}}` pointed into shared lists of the document. Nothing says that an import resolves it "
            "([B-137](service.md#inside-a-document)). "
            "In scripts and descriptions braces are left alone. Placeholders without a value are "
            "[DW004](#dw004-placeholders-have-values).",
        ),
        no_old_references,
    ),
    Rule(
        RuleInfo(
            "DW135",
            "command-is-said",
            "error",
            "without `command` the service is not told what the node is",
            "write `script.runtime.command`, such as `ODPS_SQL`",
            "`commandTypeId` is the service's number for the command and is never sent.",
        ),
        command_is_said,
    ),
    Rule(
        RuleInfo(
            "DW136",
            "one-kind",
            "warning",
            "a `type` that contradicts `kind` has no effect",
            "let `type` repeat `kind`, or remove it",
            "`spec.type` and `type` of the workflow only repeat the kind of the document. The kind of a "
            "workflow that exists cannot be changed: see [DW109](#dw109-kind-is-kept).",
        ),
        one_kind,
    ),
)
