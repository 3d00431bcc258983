"""docs/rules.md, made from the table of rules."""

from collections.abc import Sequence

from deployer.model import RuleInfo

HEAD = """\
# Rules

What `deployer validate` reports. Made from the table in `deployer/rules`: change it there, then run
`pytest --update tests/test_rules_docs.py`.

Ids from DW001 to DW099 tell what readers, the schema and this program itself find. DW101 to DW127
are what FlowSpec asks for beyond a schema, DW128 onwards what else keeps a repository sound. The
facts that they rest on are numbered in [service.md](service.md). That an `id` should equal the name
(what DW110 would be) is asked of single nodes by one source and contradicted by the import
operation, so no rule asks for it; the number stays free.

| Severity | Means |
|---|---|
| error | exit code 1; nothing is planned or applied |
| warning | told, and an error with `--strict` |
| info | in the formats for machines; text output only counts it |

**Another severity**, in `deployer.yaml`, for all manifests; `off` turns a rule off:

```yaml
rules:
  DW114: "off"
  DW123: error
```

**Silence** one finding at one place, in the manifest, with the reason:

```yaml
deployer:
  silence:
    - rule: DW105
      path: nodes[load].dependsOn
      reason: made by hand in the console
```

`path` is written as `deployer plan` writes fields, `*` in brackets standing for any key; what lies
below it is covered. For places outside the workflow object it starts at the top of the document:
`spec.flow`. Without `path` the whole file is meant. A silence that matches nothing is a warning
([DW139](#dw139-silence-has-effect)).

Rules marked *fixed* can be neither silenced nor set to another severity: everything after relies on
them.

| Id | Name | Severity | Why |
|---|---|---|---|
"""


def page(catalogue: Sequence[RuleInfo]) -> str:
    """The whole page: a table of all rules, then one section for each."""
    rows = map(_row, catalogue)
    return HEAD + "\n".join(rows) + "\n\n" + "\n".join(map(_section, catalogue))


def _row(info: RuleInfo) -> str:
    link = f"[{info.id}](#{_anchor(info)})"
    return f"| {link} | {info.name} | {_severity(info)} | {info.reason} |"


def _anchor(info: RuleInfo) -> str:
    return f"{info.id} {info.name}".lower().replace(" ", "-")


def _severity(info: RuleInfo) -> str:
    return f"{info.severity}, fixed" if info.fixed else info.severity


def _section(info: RuleInfo) -> str:
    parts = [f"## {info.id} {info.name}", f"*{_severity(info)}*: {info.reason}."]
    parts += [info.text] if info.text else []
    parts += [f"Cure: {info.hint}."] if info.hint else []
    return "\n\n".join(parts) + "\n"
