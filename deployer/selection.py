"""Which workflows a command is about: `--select` and `--exclude`, in one small grammar. Pure.

    TERM     a path, the folder above it, or a glob of paths, in which `*` stands for any text
    name:    a glob of the workflow's name
    file:    a manifest or script file, the folder above it, or a glob of them
    changed: a revision of git that a file of the workflow differs from
    TERM+    those, and whatever waits for them, directly or not

Several `--select` add up, `--exclude` takes away from that. What git says comes from outside.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

from deployer.errors import UsageError
from deployer.model import Workflow
from deployer.nearest import nearest
from deployer.plan import upstreams

KINDS = ("path", "name", "file", "changed")

_KIND = re.compile(r"([A-Za-z][\w-]*):(.*)", re.DOTALL)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that was asked for; `text` is how it was written."""

    text: str
    kind: str
    pattern: str
    downstream: bool = False

    @staticmethod
    def parse(text: str) -> "Term":
        """The meaning of a text; raises UsageError for one that has none."""
        body = text.removesuffix("+")
        found = _KIND.fullmatch(body)
        kind, pattern = (found[1], found[2]) if found else ("path", body)
        if kind not in KINDS or (found and kind == "path"):
            raise _no_such_kind(text, kind)
        if not pattern or pattern.startswith("+"):
            raise UsageError(
                f"`{text}` selects nothing",
                why="`+` stands at the end, and means what waits for the rest"
                if "+" in text
                else "it is empty",
                hint="write a path such as `retail/daily`, or `name:`, `file:`, `changed:`",
            )
        return Term(text, kind, pattern, downstream=text.endswith("+"))


@dataclass(frozen=True)
class Selection:
    """What was asked for; nothing asked for is everything."""

    select: tuple[Term, ...] = ()
    exclude: tuple[Term, ...] = ()

    @staticmethod
    def parse(select: Iterable[str], exclude: Iterable[str] = ()) -> "Selection":
        """The selection that the flags mean; raises UsageError for what is no term."""
        return Selection(tuple(map(Term.parse, select)), tuple(map(Term.parse, exclude)))

    @property
    def revisions(self) -> tuple[str, ...]:
        """The revisions of git that have to be asked about."""
        terms = (*self.select, *self.exclude)
        return tuple(dict.fromkeys(term.pattern for term in terms if term.kind == "changed"))

    @property
    def text(self) -> str:
        """The flags that ask for it; empty for everything."""
        flags = [f"--select {shlex.quote(term.text)}" for term in self.select]
        return " ".join([*flags, *(f"--exclude {shlex.quote(each.text)}" for each in self.exclude)])


@dataclass(frozen=True, slots=True)
class Chosen:
    """The paths that are meant, those that are left out of what there is, and who asked for it."""

    paths: frozenset[str]
    left_out: tuple[str, ...] = ()
    text: str = ""


Choose = Callable[[Iterable[Workflow]], Chosen]
"""Says which of the workflows that manifests name, now or at the base, are meant."""


def everything(workflows: Iterable[Workflow]) -> Chosen:
    """All of them are meant."""
    return Chosen(frozenset(each.path for each in workflows))


def chosen(
    selection: Selection,
    workflows: Iterable[Workflow],
    changed: Mapping[str, frozenset[str]],
    shared: str = "",
) -> Chosen:
    """Which of the workflows a selection means; `changed` holds the files that differ by revision.

    A difference of the file `shared`, the configuration, concerns every workflow. Raises UsageError
    for a term that matches none of them; `changed:` may well match none.
    """
    there = _There(tuple(workflows), changed, shared)
    paths = {each.path for each in there.workflows}
    meant = there.matching(selection.select) if selection.select else paths
    meant = meant - there.matching(selection.exclude)
    return Chosen(frozenset(meant), tuple(sorted(paths - meant)), selection.text)


@dataclass(frozen=True)
class _There:
    """The workflows that there are, and what their files went through."""

    workflows: tuple[Workflow, ...]
    changed: Mapping[str, frozenset[str]]
    shared: str

    def matching(self, terms: Iterable[Term]) -> set[str]:
        """The paths that any of the terms means."""
        return {path for term in terms for path in self._matching(term)}

    def _matching(self, term: Term) -> set[str]:
        fits = self._test(term)
        found = {each.path for each in self.workflows if fits(each)}
        if not found and term.kind != "changed":
            raise _nothing(term, self.workflows)
        return self._with_downstream(found) if term.downstream else found

    def _test(self, term: Term) -> Callable[[Workflow], bool]:
        if term.kind == "changed":
            files = self.changed[term.pattern]
            return lambda each: self.shared in files or not files.isdisjoint(_files(each))
        fits = _pattern(term.pattern)
        if term.kind == "name":
            return lambda each: bool(fits(each.name))
        if term.kind == "file":
            return lambda each: any(map(fits, _with_folders(_files(each))))
        return lambda each: any(map(fits, _with_folders([each.path])))

    def _with_downstream(self, found: set[str]) -> set[str]:
        reached, waiting = set(found), list(found)
        while waiting:
            fresh = self._readers.get(waiting.pop(), set()) - reached
            reached |= fresh
            waiting += fresh
        return reached

    @cached_property
    def _readers(self) -> Mapping[str, set[str]]:
        """Path → the paths of the workflows that wait for it."""
        readers: dict[str, set[str]] = {}
        for path, makers in upstreams(self.workflows).items():
            for maker in makers:
                readers.setdefault(maker, set()).add(path)
        return readers


def _files(workflow: Workflow) -> list[str]:
    return [workflow.file, *workflow.scripts.values()]


def _pattern(glob: str) -> Callable[[str], object]:
    """Fits a text that is the glob as it stands, or that the glob means."""
    matches = re.compile(translate(glob.strip("/"))).match
    return lambda text: text == glob.strip("/") or matches(text)


def _with_folders(paths: Iterable[str]) -> Iterable[str]:
    """The paths, and every folder above them."""
    for path in paths:
        parts = path.split("/")
        yield from ("/".join(parts[:end]) for end in range(1, len(parts) + 1))


# --- what cannot be meant -------------------------------------------------------------------------


def _no_such_kind(text: str, kind: str) -> UsageError:
    near = nearest(kind, KINDS[1:])
    known = "`name:`, `file:` and `changed:`, or a plain path"
    return UsageError(
        f"`{kind}:` of `{text}` is no way to select",
        why=f"there are {known}",
        hint=f"did you mean `{near}:`?" if near else f"for a path with a colon write `{kind}[:]…`",
    )


def _nothing(term: Term, workflows: Sequence[Workflow]) -> UsageError:
    known = {
        "name": [each.name for each in workflows],
        "file": [file for each in workflows for file in _files(each)],
    }.get(term.kind, [each.path for each in workflows])
    near = nearest(term.pattern, known)
    prefix = "" if term.kind == "path" else f"{term.kind}:"
    return UsageError(
        f"`{term.text}` selects no workflow",
        why=f"there are {_some(sorted(set(known)))}" if known else "there are none",
        hint=f"did you mean `{prefix}{near}`?" if near else "`deployer plan` shows the paths",
    )


def _some(known: Sequence[str]) -> str:
    shown = ", ".join(f"`{each}`" for each in known[:_SHOWN])
    more = len(known) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
