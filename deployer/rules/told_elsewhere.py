"""Rules that are not functions here: what readers, the schema, the configuration and a plan tell."""

from deployer.model import RuleInfo

_SCHEMA = "schemas/manifest.schema.json says what is allowed"

UNSOUND = RuleInfo(
    "DW010",
    "schema",
    "error",
    "a document that the schema refuses means something else than was written",
    _SCHEMA,
    "Wrong types, unknown keys, missing keys, values outside of what is allowed; the message names what "
    "was expected. The schema is [manifest.schema.json](../schemas/manifest.schema.json).",
    fixed=True,
)
FOREIGN = RuleInfo(
    "DW003",
    "workflow-document",
    "error",
    "only workflow documents can be deployed",
    "manifests are FlowSpec documents of kind CycleWorkflow, ManualWorkflow or TriggerWorkflow",
    "Documents of another kind, and those of version 1.0.0 with their body at the top, are named.",
    fixed=True,
)
OVERRIDE = RuleInfo(
    "DW011",
    "overrides",
    "error",
    "an override of a target has to leave a sound document",
    "remove the override or correct it",
    "Told of overrides in `deployer.yaml` that break the schema, and of those for a path that no "
    "manifest has.",
    fixed=True,
)
TARGETS = RuleInfo(
    "DW012",
    "known-targets",
    "warning",
    "a workflow for a target that does not exist is deployed nowhere",
    "write the name of a target of `deployer.yaml`",
    "Told of names in `deployer.only`. Not told where `deployer.yaml` has no targets. A warning, because "
    "a target may be yet to come.",
    fixed=True,
)
ONE_WORKFLOW = RuleInfo(
    "DW101",
    "one-workflow",
    "error",
    "the service imports only the first workflow of a document",
    "move it to a file of its own",
    "The others would be passed over without a word ([B-02](service.md#import)).",
    fixed=True,
)
REFUSED = RuleInfo(
    "DW050",
    "taken-by-the-service",
    "error",
    "apply would fail: the service does not take the workflow as it is",
    "correct the manifest; the text is the service's own",
    "Needs `validate --online`, which sends the very import that `apply` would send as a dry run "
    "([B-07](service.md#import)). A place that the service names is found again in the manifest by the "
    "names of the nodes. A warning where the service misses an output that another change of the same "
    "plan makes first.",
    fixed=True,
)
UNTOLD = RuleInfo(
    "DW051",
    "service-answers",
    "error",
    "without an answer nobody knows what the service thinks",
    "run the command again",
    "Needs `validate --online`: the dry run was sent, and what became of it could not be learned.",
    fixed=True,
)
BASE = RuleInfo(
    "DW052",
    "base-is-readable",
    "warning",
    "without a base, a plan cannot tell what this change does from what somebody else did",
    "name a revision that can be read with `--base`, or write `--base=` to do without",
    "Told by `plan` and `apply` where the base is a revision of git that does not tell what the target was "
    "to hold: no deployer.yaml, no such target, another workspace, manifests with errors. The plan is "
    "two-way then: it compares manifests and workspace only.",
    fixed=True,
)
SILENCE = RuleInfo(
    "DW139",
    "silence-has-effect",
    "warning",
    "a silence that silences nothing hides the next finding",
    "remove the entry, or correct its `rule` and `path`",
    "Told of entries of `deployer.silence` that match no finding, name no rule, or name a rule that "
    "cannot be silenced. Not told while a manifest cannot be read.",
    fixed=True,
)

TOLD_ELSEWHERE: tuple[RuleInfo, ...] = (
    RuleInfo(
        "DW001",
        "readable",
        "error",
        "a file that cannot be read safely is not read",
        text="Missing, too large, not a regular file, or reached through a link that leaves the project.",
        fixed=True,
    ),
    RuleInfo(
        "DW002",
        "regular",
        "error",
        "a file that two readers would read differently is refused",
        text="Not UTF-8, no YAML or JSON, keys given twice, tags, too deep, and the like.",
        fixed=True,
    ),
    FOREIGN,
    RuleInfo(
        "DW005",
        "script-files",
        "error",
        "a script comes from a file inside the project folder",
        text="`script.file` names a regular file inside the project folder by a relative path, links "
        "included, and `script.content` is not given beside it.",
        fixed=True,
    ),
    RuleInfo(
        "DW006",
        "plain-values",
        "warning",
        "a plain value that other YAML readers take for something else",
        "put it in quotes",
        "`no`, `010` and `12:30:45` are text here, and something else to many readers; `1.10` is the "
        "number 1.1 here too. Dates are text here as well, and no finding: as times of a schedule they are "
        "usually written without quotes.",
        fixed=True,
    ),
    RuleInfo(
        "DW007",
        "no-access-keys",
        "error",
        "an access key in a file is known to everybody who can read it",
        "remove it, and replace the key: it is no secret any more",
        fixed=True,
    ),
    UNSOUND,
    REFUSED,
    UNTOLD,
    BASE,
    OVERRIDE,
    TARGETS,
    ONE_WORKFLOW,
    RuleInfo(
        "DW109",
        "kind-is-kept",
        "error",
        "the kind of a workflow that exists cannot be changed",
        "give the workflow another path, or restore its kind",
        "Needs the workspace, so `plan` decides it: the change is refused there and nothing is written. "
        "The same holds for the command of a node ([B-25](service.md#ids)).",
        fixed=True,
    ),
    SILENCE,
)
