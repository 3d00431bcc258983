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
Action = Literal["create", "update", "unchanged"]
NodeAction = Literal["create", "update", "unmanaged"]
Status = Literal["done", "failed", "not attempted"]
Publication = Literal["", "published", "unpublished"]
PublishStatus = Literal["done", "failed", "waiting", "not attempted"]


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
    `path` is where the file lies on disk.
    """

    file: str
    path: Path
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
    """One workspace to bring to the desired state; exactly one of region, endpoint, emulator is set."""

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
    manifest says about publishing, None where it leaves that to the target.
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


@dataclass(frozen=True, slots=True)
class Observed:
    """A live workflow: its spec in name space, and the ids that the service knows its parts by.

    `ids` maps an entity reference (`.` the workflow, `load` a node, `loop/body` a nested node) to its id.
    `comparable` is the spec in the form in which it is compared, `fingerprint` the digest of that.
    `identifier` is that of the project, where the service told it.
    """

    workflow: Workflow
    ids: Mapping[str, str]
    comparable: Spec
    fingerprint: str
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One difference; `path` reads `nodes[load].script.content`; None means absent.

    `immutable`: the service does not let this field change on an existing object. `file` is the script
    file that the desired value came from.
    """

    path: str
    before: Any
    after: Any
    immutable: bool = False
    file: str = ""


@dataclass(frozen=True, slots=True)
class NodeChange:
    """What happens to one node of a workflow; `unmanaged`: live, not in the manifest, left as it is."""

    name: str
    action: NodeAction


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the plan.

    `desired` is what the manifest asks for, `before` the live workflow, `after` the whole workflow to
    send: the desired one completed from the live one. All None for an unchanged workflow.
    `before_value` and `after_value` are both sides as they are compared, sensitive values hidden.
    `refused` says why apply will not do it; `waits_for` names the changes that must be done first.
    `publish`: it is to be published once it is saved. `publication` tells whether what is saved is
    what was published last, empty where nobody asked; `object_id` and `fingerprint` are those of the
    live workflow.
    """

    address: str
    action: Action
    reason: str
    file: str = ""
    line: int = 0
    fields: tuple[FieldChange, ...] = ()
    nodes: tuple[NodeChange, ...] = ()
    refused: str = ""
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


@dataclass(frozen=True, slots=True)
class Plan:
    """What apply would do on a target, in the order in which it would do it.

    `orphans` are the live workflows in scope that no manifest names, `outside` counts those out of scope.
    """

    target: str
    project: str
    changes: tuple[Change, ...]
    diagnostics: tuple[Problem, ...] = ()
    api_calls: int = 0
    place: str = ""
    orphans: tuple[str, ...] = ()
    outside: int = 0

    @property
    def pending(self) -> list[Change]:
        """The changes that there is something to write for."""
        return [change for change in self.changes if change.action != "unchanged"]

    @property
    def unpublished(self) -> list[Change]:
        """What is saved as the manifests say, wants to be published, and is not."""
        return [each for each in self.changes if each.publication == "unpublished"]

    @property
    def to_publish(self) -> list[Change]:
        """What is to be published once everything pending is written."""
        return [each for each in self.changes if each.publish and each.publication != "published"]


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
    """What became of one change; `written` if anything of it reached the workspace."""

    address: str
    action: Action
    status: Status
    written: bool = False
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
    status: PublishStatus
    object_id: str = ""
    run: str = ""
    version: int = 0
    written: bool = False
    error: str = ""
    exit_code: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The outcomes of one apply, and of what it published."""

    outcomes: tuple[Outcome, ...]
    api_calls: int = 0
    published: tuple[Published, ...] = ()
