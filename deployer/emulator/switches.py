"""Which of several plausible behaviours the emulator plays where the service's own is unknown.

Each switch is a row of the register of unknowns (docs/service.md): the first value its default.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

ALTERNATIVES: Mapping[str, tuple[str, ...]] = {
    "import_missing_nodes": ("keep", "delete", "delete_unpublished", "fail"),  # U-01
    "client_ids": ("numeric", "keep_all", "replace_all", "reject"),  # U-03
    "name_conflict": ("fail", "duplicate", "update_by_path"),  # U-04
    "name_case": ("sensitive", "insensitive"),  # U-04
    "response_id": ("at_once", "never"),  # U-05
    "job_retention": ("7d", "0s", "1h"),  # U-06
    "modify_time_on_node_edit": ("yes", "no"),  # U-07
    "dryrun": ("honoured", "ignored", "error"),  # U-08
    "import_move": ("moves", "ignore_path", "fail"),  # U-12
    "delete_workflow": ("all", "reject_nonempty"),  # U-14
    "preserve_description": ("yes", "no"),  # U-20
    "completed_type": ("text", "bool", "stale"),  # U-23
    "max_spec": ("10MiB", "1MiB"),  # U-29
    "unknown_fields": ("drop", "keep", "reject"),  # U-31
    "import_fields": ("replace", "merge"),  # U-32
    "unknown_output": ("keep", "drop", "fail"),  # U-34
    "list_trigger_workflows": ("no", "yes"),  # U-35
}


@dataclass(frozen=True, slots=True)
class Switches:
    """The chosen value of every switch; raises ValueError for a value that no switch has."""

    import_missing_nodes: str = "keep"
    client_ids: str = "numeric"
    name_conflict: str = "fail"
    name_case: str = "sensitive"
    response_id: str = "at_once"
    job_retention: str = "7d"
    modify_time_on_node_edit: str = "yes"
    dryrun: str = "honoured"
    import_move: str = "moves"
    delete_workflow: str = "all"
    preserve_description: str = "yes"
    completed_type: str = "text"
    max_spec: str = "10MiB"
    unknown_fields: str = "drop"
    import_fields: str = "replace"
    unknown_output: str = "keep"
    list_trigger_workflows: str = "no"

    def __post_init__(self) -> None:
        for field in fields(self):
            value, allowed = getattr(self, field.name), ALTERNATIVES[field.name]
            if value not in allowed:
                raise ValueError(f"{field.name} is one of {', '.join(allowed)}, not {value}")

    def as_mapping(self) -> dict[str, str]:
        """Return what a database remembers."""
        return asdict(self)
