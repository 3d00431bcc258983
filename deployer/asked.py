"""What a plan is asked to be: the flags that shape it. A saved plan is made again with the same ones."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Asked:
    """The flags of one plan.

    `select` and `exclude` are terms of a selection. `publish` says for all workflows whether they are
    to be published, None leaves that to each of them. What begins with `allow` permits what a limit of
    safety refuses: exact numbers of nodes, and names; no variable of the environment sets it. `base` is
    a revision of git, empty for none, None for the one that CI stands for; `prune` deletes what is gone
    from git since.
    """

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    publish: bool | None = None
    base: str | None = None
    prune: bool = False
    allow_deleted_nodes: int | None = None
    allow_changed_nodes: int | None = None
    allow_empty: tuple[str, ...] = ()
    allow_output: tuple[str, ...] = ()
    allow_replace: tuple[str, ...] = ()
    allow_delete: tuple[str, ...] = ()

    @property
    def given(self) -> list[str]:
        """The flags that say something, as they are written."""
        said = [each.name for each in fields(self) if getattr(self, each.name) != each.default]
        return [f"--{name.replace('_', '-')}" for name in said]
