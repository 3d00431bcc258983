"""The values that the program passes along: file → manifest → workflow → change → plan → outcome.

Only data, frozen; what is done with them lives in the modules named after the doing. A *spec* below is
always the keyed form of a FlowSpec workflow object (see `deployer.normalise`), in which entities are
referred to by name, never by a remote id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Pointer = tuple[str | int, ...]
"""A place in a document: mapping keys and list indexes from the root."""

Spec = dict[str, Any]
"""The keyed form of one workflow object."""

Severity = Literal["error", "warning", "info"]
Action = Literal["create", "update", "delete", "move", "kept", "unchanged"]
"""`kept`: gone from git, live, and not deleted because nobody said so; nothing is written for it."""

NodeAction = Literal["create", "update", "delete", "move", "kept", "unmanaged"]
Origin = Literal["change", "drift", "conflict"]
"""Who moved a field since git's base: the manifest, the workspace, or both."""

FieldClass = Literal[
    "script", "format-only", "schedule", "dependency", "resources", "policy", "destructive"
]
"""What a difference is about; the schema says it for each field (`x-class`)."""

Status = Literal["done", "failed", "waiting", "not attempted"]
Shape = Literal["node", "workflow", "output"]
Mark = Literal["added", "changed", "removed", "affected", "plain"]
"""What a plan does to a part of a graph; `affected`: untouched, but it waits for something touched."""
Publication = Literal["", "published", "unpublished"]
Source = Literal[
    "manifest", "script file", "override", "placeholder", "dependsOn", "derived", "default", "live"
]
"""Where the value of a field comes from; `derived`: made from names and paths, `live`: left open."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a file: which rule, how bad, where, and the cure."""

    rule: str
    severity: Severity
    message: str
    location: Location
    hint: str = ""
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What there is to know of a rule, whether or not it finds anything.

    `name` is a word for it in kebab case, `reason` one line, `hint` the usual cure, `text` the
    explanation in Markdown for its place in docs/rules.md. A `fixed` rule can neither be silenced nor
    set to another severity, because what comes after relies on it.
    """

    id: str
    name: str
    severity: Severity
    reason: str
    hint: str = ""
    text: str = ""
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest file, read: placeholders replaced, script files inlined as `script.content`.

    `file` is relative to the project folder; `scripts` says which file each inlined content came from;
    `path` is where the file lies on disk, None for one that was read from a revision of git.
    """

    file: str
    path: Path | None
    document: dict[str, Any]
    scripts: Mapping[Pointer, str] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """When nothing is published, in seconds of the day; from `warn` on it is said to be near.

    `start` equal to `end` is never. `zone` is the time zone of the workspace, empty for its region's.
    """

    start: int = 84_600
    end: int = 86_400
    warn: int = 79_200
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One workspace to bring to the desired state; exactly one of region, endpoint, emulator is set.

    `root` is the project folder, where this machine keeps in `.deployer` what it noted.
    """

    name: str
    project: str
    project_identifier: str
    region: str = ""
    endpoint: str = ""
    emulator: Path | None = None
    vars: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    publish: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    rate: float | None = None
    settle: float = 30.0
    connections: int = 16
    instance_metadata: bool = False
    window: Window = Window()
    root: Path | None = None

    profile: Path | None = None
    """What a probe found out about the workspace, or what an emulator is to behave like."""

    @property
    def place(self) -> str:
        """Where the workspace is, in words."""
        if self.emulator is not None:
            return f"emulator {self.emulator.name}"
        return f"region {self.region}" if self.region else f"endpoint {self.endpoint}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What `deployer.yaml`, the environment and the flags say together."""

    root: Path
    config: Path | None
    manifests: tuple[str, ...]
    targets: Mapping[str, Target]
    target: Target | None = None
    scope: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    default: str = ""
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow in name space, desired or live; its address is `path`.

    `scripts` maps a node's reference to the file that its script came from; `ignored` holds patterns of
    field paths that are left as they are in the workspace. `pasted_id` is the id that a
    document pasted from the console carried: only ever compared, never sent. `publish` is what the
    manifest says about publishing, None where it leaves that to the target. `moved_from` is the path
    that the workflow had before, `moved_nodes` maps a node's reference to the name that it had.
    `protect`: nothing of it may be deleted.
    """

    path: str
    name: str
    kind: str
    spec: Spec
    file: str = ""
    scripts: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    pasted_id: str = ""
    publish: bool | None = None
    moved_from: str = ""
    moved_nodes: Mapping[str, str] = field(default_factory=dict)
    protect: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """A live workflow: its spec in name space, and the ids that the service knows its parts by.

    `ids` maps an entity reference (`.` the workflow, `load` a node, `loop/body` a nested node) to its id.
    `comparable` is the spec in the form in which it is compared, `fingerprint` the digest of that.
    `identifier` is that of the project, where the service told it. `modified` is the ModifyTime in ms of
    a look just before or after a write, 0 where nobody asked for it or it was not told.
    """

    workflow: Workflow
    ids: Mapping[str, str]
    comparable: Spec
    fingerprint: str
    identifier: str = ""
    modified: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One difference; `path` reads `nodes[load].script.content`; None means absent.

    `immutable`: the service does not let this field change on an existing object. `file` is the script
    file that the desired value came from. `origin` says who moved it since git's base, whose value is
    `base`; `reason` says in words why it is a difference of that class.
    """

    path: str
    before: Any
    after: Any
    immutable: bool = False
    file: str = ""
    origin: Origin = "change"
    field_class: FieldClass = "policy"
    reason: str = ""
    base: Any = None


@dataclass(frozen=True, slots=True)
class NodeChange:
    """What happens to one node of a workflow.

    `unmanaged`: live, never in git, left as it is; `kept`: live, gone from git since the base, left as it
    is because nobody said to delete it. `field_class` is the gravest one of what differs in the node.
    """

    name: str
    action: NodeAction
    moved_from: str = ""
    field_class: FieldClass | Literal[""] = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Danger:
    """Something in a plan that a reviewer must see.

    `blocks`: apply ends with exit 3 unless `override`, the flag or key that allows it, is given.
    `message` holds the exact numbers or names; `address` is empty where the whole plan is meant. `names`
    are those by which a flag allows it, where it is allowed by name.
    """

    code: str
    message: str
    override: str = ""
    address: str = ""
    blocks: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Runs:
    """When a trigger fires: its next times as `YYYY-MM-DD HH:MM` in its zone, and runs in a week."""

    cron: str
    timezone: str
    next: tuple[str, ...] = ()
    per_week: float = 0.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """The runs before and after a change of the trigger, and what to know about the first of them."""

    before: Runs | None
    after: Runs | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Downstream:
    """Who waits for what is changed: `PATH` of a workflow or `PATH#node`; the two do not overlap."""

    direct: tuple[str, ...] = ()
    transitive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the plan.

    `desired` is what the manifest asks for, `before` the live workflow, `after` the whole workflow to
    send: the desired one completed from the live one. All None for an unchanged workflow.
    `before_value` and `after_value` are both sides as they are compared, sensitive values hidden.
    `refused` says why apply will not do it; `waits_for` names the changes that must be done first.
    `publish`: it is to be published once it is saved. `publication` tells whether what is saved is
    what was published last, empty where nobody asked; `object_id` and `fingerprint` are those of the
    live workflow. `offline`: it is published, and has to leave production before what is to be deleted
    can be (docs/service.md B-50).
    """

    address: str
    action: Action
    reason: str
    file: str = ""
    line: int = 0
    fields: tuple[FieldChange, ...] = ()
    nodes: tuple[NodeChange, ...] = ()
    refused: str = ""
    moved_from: str = ""
    dangers: tuple[Danger, ...] = ()
    schedule: Schedule | None = None
    downstream: Downstream = Downstream()
    waits_for: tuple[str, ...] = ()
    before_value: Any = None
    after_value: Any = None
    desired: Workflow | None = None
    before: Observed | None = None
    after: Workflow | None = None
    publish: bool = False
    publication: Publication = ""
    object_id: str = ""
    fingerprint: str = ""
    offline: bool = False

    @property
    def deletes(self) -> tuple[str, ...]:
        """The nodes that are deleted, those among them that are made anew with another type."""
        return tuple(node.name for node in self.nodes if node.action == "delete")


@dataclass(frozen=True, slots=True)
class Plan:
    """What apply would do on a target, in the order in which it would do it.

    `base` is the revision of git that the plan is three-way against, as it was named, `base_commit` the
    commit that this is, both empty for a two-way plan; `commit` is that of the manifests, and
    `uncommitted` says that they differ from it. `left_out` are the addresses that `selection` leaves
    out. `orphans` are the live workflows in scope that no manifest names, `outside` counts those out of
    scope. `flags` are those that apply has to be given to do what the plan shows.
    """

    target: str
    project: str
    changes: tuple[Change, ...]
    diagnostics: tuple[Problem, ...] = ()
    api_calls: int = 0
    place: str = ""
    base: str = ""
    base_commit: str = ""
    commit: str = ""
    dangers: tuple[Danger, ...] = ()
    selection: str = ""
    left_out: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    outside: int = 0
    flags: tuple[str, ...] = ()
    uncommitted: bool = False

    @property
    def pending(self) -> list[Change]:
        """The changes that there is something to write for."""
        return [change for change in self.changes if change.action not in ("kept", "unchanged")]

    @property
    def differs(self) -> bool:
        """Whether git and the workspace differ in anything, written by apply or not."""
        return any(change.action != "unchanged" for change in self.changes)

    @property
    def unpublished(self) -> list[Change]:
        """What is saved as the manifests say, wants to be published, and is not."""
        return [each for each in self.changes if each.publication == "unpublished"]

    @property
    def to_publish(self) -> list[Change]:
        """What is to be published once everything pending is written."""
        return [each for each in self.changes if each.publish and each.publication != "published"]


@dataclass(frozen=True, slots=True)
class Explained:
    """Where the value of one effective field comes from; `path` reads as in `FieldChange`.

    `where` is `file:line:column`, or empty; `note` says more, such as the placeholder or the script
    file. `live` is what the workspace holds, None where it holds nothing or was not asked. Sensitive
    values are hidden.
    """

    path: str
    value: Any
    source: Source
    where: str = ""
    note: str = ""
    live: Any = None
    differs: bool = False


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What a pull makes of one file, relative to the project folder; `before` is None for a new one."""

    file: str
    address: str
    before: bytes | None
    after: bytes


@dataclass(frozen=True, slots=True)
class Pull:
    """What a pull found: edits of files, what it wants to say, and what it could not write down.

    `unchanged` counts the workflows whose files say already what is live; `missing` holds the paths of
    manifests that are not in the workspace.
    """

    edits: tuple[FileEdit, ...] = ()
    notes: tuple[str, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    unchanged: int = 0
    api_calls: int = 0

    @property
    def differs(self) -> bool:
        """Whether files and workspace differ, as far as this is known."""
        return bool(self.edits or self.failures or self.missing)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change; `written` if anything of it reached the workspace.

    `waiting`: a person has to act before it can go on. `deleted` names what is gone, as `PATH` or
    `PATH#node`, `moved` pairs the former name and the new one of what is called otherwise now.
    """

    address: str
    action: Action
    status: Status
    written: bool = False
    deleted: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    job: str = ""
    error: str = ""
    exit_code: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Published:
    """What became of publishing one workflow.

    `run` is the id of its pipeline run, `version` the number that the service gave to what was
    published; `written` if anything of it reached the workspace.
    """

    address: str
    status: Status
    object_id: str = ""
    run: str = ""
    version: int = 0
    written: bool = False
    error: str = ""
    exit_code: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of one apply, and of what it published; `halted` says what ended it early."""

    outcomes: tuple[Outcome, ...]
    api_calls: int = 0
    published: tuple[Published, ...] = ()
    halted: str = ""

    @property
    def left(self) -> int:
        """How many workflows were not attempted."""
        waiting = {each.address for each in self.outcomes if each.status == "not attempted"}
        waiting |= {each.address for each in self.published if each.status == "not attempted"}
        return len(waiting)


@dataclass(frozen=True, slots=True)
class Vertex:
    """A point of a graph: a node, a workflow, or an output that nothing in the graph makes.

    `key` tells it from all others of its graph; `group` is the workflow it is part of, where the graph
    shows several.
    """

    key: str
    label: str
    shape: Shape = "node"
    mark: Mark = "plain"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Arc:
    """`target` waits for `source`, both keys of vertices; `earlier`: for its run of an earlier cycle."""

    source: str
    target: str
    mark: Mark = "plain"
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Who waits for whom; every arc joins two of the vertices, which may be the same one."""

    title: str
    vertices: tuple[Vertex, ...] = ()
    arcs: tuple[Arc, ...] = ()
