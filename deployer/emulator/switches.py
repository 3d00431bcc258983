"""Which of several plausible behaviours the emulator plays where the service's own is unknown.

Each switch is a row of the register of unknowns (docs/service.md): the first value its default.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

ALTERNATIVES: Mapping[str, tuple[str, ...]] = {
    "import_missing_nodes": ("keep", "delete", "delete_unpublished", "fail"),  # U-01
    "import_atomic": ("atomic", "partial(1)"),  # U-02
    "client_ids": ("numeric", "keep_all", "replace_all", "reject"),  # U-03
    "name_conflict": ("fail", "duplicate", "update_by_path"),  # U-04
    "name_case": ("sensitive", "insensitive"),  # U-04
    "response_id": ("at_once", "on_success", "never"),  # U-05
    "job_retention": ("7d", "0s", "1h"),  # U-06
    "modify_time_on_node_edit": ("yes", "no"),  # U-07
    "dryrun": ("honoured", "ignored", "error"),  # U-08
    "dryrun_depth": ("all", "schema_only"),  # U-09
    "error_format": ("coded", "text", "json", "chinese"),  # U-09
    "datasource_correction": ("on", "off"),  # U-11
    "corrected_resend": ("accept", "reject"),  # U-11
    "output_scope": ("project", "account"),  # U-10
    "output_conflict_at": ("prod", "import", "publish"),  # U-10
    "import_move": ("moves", "ignore_path", "fail"),  # U-12
    "snapshots_on_import": ("yes", "no"),  # U-13
    "delete_workflow": ("all", "reject_nonempty"),  # U-14
    "abolish_status": ("Termination", "Cancel"),  # U-15
    "auto_run": ("supported", "ignored", "error"),  # U-16
    "stop_status": ("Failure", "Success", "NotRun"),  # U-17
    "concurrent_pipelines": ("allowed", "reject"),  # U-18
    "exec_repeat": ("refused", "idempotent", "runs_again"),  # U-19
    "preserve_description": ("yes", "no"),  # U-20
    "preserve_metadata": ("no", "yes"),  # U-21
    "default_output": ("id", "project_name", "both"),  # U-22
    "completed_type": ("text", "bool", "stale"),  # U-23
    "run_name_unique": ("no", "reject"),  # U-24
    "backfill_workflow_id": ("both", "only_1", "only_own"),  # U-25
    "publish_needed": ("yes", "no"),  # U-26
    "read_lag": ("none", "get(2reads)", "get(5s)", "list(2reads)", "list(5s)"),  # U-27
    "busy": ("serialised", "reject", "last_wins"),  # U-28
    "max_spec": ("10MiB", "1MiB", "1MiB_413"),  # U-29
    "placeholder": ("kept", "resolved_on_read"),  # U-30
    "unknown_fields": ("drop", "keep", "reject"),  # U-31
    "import_fields": ("replace", "merge"),  # U-32
    "server_defaults": ("documented", "alternate"),  # U-33
    "unknown_output": ("keep", "drop", "fail"),  # U-34
    "list_trigger_workflows": ("no", "yes"),  # U-35
    "biz_dates": ("seven_ranges", "seven_dates"),  # U-36
    "publish_window": ("23:30-24:00", "22:00-24:00", "none"),  # B-80
}
"""What each switch may be; where a number stands, other numbers may stand, too."""

_NUMBERED = {
    "import_atomic": re.compile(r"partial\([0-9]{1,4}\)"),
    "read_lag": re.compile(
        r"(get|list)\([0-9]{1,6}(reads|s)\)(\+(get|list)\([0-9]{1,6}(reads|s)\))?"
    ),
}

AUTO = "auto"
"""Stands for 0.2 seconds where the emulator is served, for none in process."""

AMOUNTS: Mapping[str, str] = {
    "job_seconds": "how long a job takes",
    "stage_seconds": "how long a stage of a pipeline takes",
    "run_seconds": "how long a task runs",
    "latency_ms": "how long every answer takes",
    "daily_quota": "calls a day, 0 for no limit",  # B-104
    "qps": "calls a second, 0 for no limit",  # B-104
}
"""Settings that are a number, and what they say."""

_AMOUNT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Switches:
    """The chosen value of every switch; raises ValueError for a value that no switch has."""

    import_missing_nodes: str = "keep"
    import_atomic: str = "atomic"
    client_ids: str = "numeric"
    name_conflict: str = "fail"
    name_case: str = "sensitive"
    response_id: str = "at_once"
    job_retention: str = "7d"
    modify_time_on_node_edit: str = "yes"
    dryrun: str = "honoured"
    dryrun_depth: str = "all"
    error_format: str = "coded"
    datasource_correction: str = "on"
    corrected_resend: str = "accept"
    output_scope: str = "project"
    output_conflict_at: str = "prod"
    import_move: str = "moves"
    snapshots_on_import: str = "yes"
    delete_workflow: str = "all"
    abolish_status: str = "Termination"
    auto_run: str = "supported"
    stop_status: str = "Failure"
    concurrent_pipelines: str = "allowed"
    exec_repeat: str = "refused"
    preserve_description: str = "yes"
    preserve_metadata: str = "no"
    default_output: str = "id"
    completed_type: str = "text"
    read_lag: str = "none"
    busy: str = "serialised"
    run_name_unique: str = "no"
    backfill_workflow_id: str = "both"
    publish_needed: str = "yes"
    max_spec: str = "10MiB"
    placeholder: str = "kept"
    unknown_fields: str = "drop"
    import_fields: str = "replace"
    server_defaults: str = "documented"
    unknown_output: str = "keep"
    list_trigger_workflows: str = "no"
    biz_dates: str = "seven_ranges"
    publish_window: str = "23:30-24:00"

    job_seconds: str = AUTO
    stage_seconds: str = AUTO
    run_seconds: str = AUTO
    latency_ms: str = "0"
    daily_quota: str = "0"
    qps: str = "0"

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not _allowed(field.name, value):
                raise ValueError(f"{field.name} is {alternatives(field.name)}, not {value}")

    def amount(self, name: str, auto: float = 0.0) -> float:
        """Return a setting that is a number; `auto` is what its word `auto` stands for."""
        value = getattr(self, name)
        return auto if value == AUTO else float(value)

    def changed(self, chosen: Mapping[str, str]) -> "Switches":
        """Return these with some changed; raises ValueError for an unknown name or value."""
        for name in chosen:
            if name not in self.as_mapping():
                names = ", ".join(self.as_mapping())
                raise ValueError(f"there is no switch {name}, but {names}")
        return replace(self, **chosen)

    def as_mapping(self) -> dict[str, str]:
        """Return what a database remembers."""
        return asdict(self)


def alternatives(name: str) -> str:
    """Tell in words which values a switch can have."""
    if name in AMOUNTS:
        return "auto or a number" if name.endswith("_seconds") else "a number"
    return f"one of {', '.join(ALTERNATIVES[name])}"


def _allowed(name: str, value: object) -> bool:
    if name not in AMOUNTS:
        numbered = _NUMBERED.get(name)
        spelled = numbered is not None and numbered.fullmatch(str(value)) is not None
        return spelled or value in ALTERNATIVES[name]
    number = isinstance(value, str) and _AMOUNT.fullmatch(value) is not None
    return number or (value == AUTO and name.endswith("_seconds"))
