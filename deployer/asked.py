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
        return [_flag(name) for name in said]

    def repeated(self, base: str) -> tuple[str, ...]:
        """The flags that make apply do what the plan shows, as a shell takes them.

        What is gone from git depends on the base: it is named by its commit, `base`.
        """
        apart = ("publish", "base", "prune")
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        result = [
            word
            for name, value in said.items()
            if name not in apart
            for word in _words(name, value)
        ]
        if self.publish is not None:
            result.append("--publish" if self.publish else "--no-publish")
        if self.prune:
            result += ["--prune", *_words("base", base or None)]
        return tuple(result)


def _words(name: str, value: str | int | tuple[str, ...] | None) -> list[str]:
    """A flag before each of its values; nothing where it says nothing."""
    values = value if isinstance(value, tuple) else () if value is None else (value,)
    return [word for each in values for word in (_flag(name), str(each))]


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
