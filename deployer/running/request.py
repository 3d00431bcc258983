"""What a run is asked to do: checked before anything is sent, split into calls, each with its name.

Pure. The form is that of `schemas/run.schema.json`, whose `x-parameter` says which parameter of
CreateWorkflowInstances a value becomes; what belongs together is checked here (docs/service.md B-90,
B-91, B-93). Which ids nodes have is for the caller to look up.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from deployer import schema
from deployer.days import ONE, between
from deployer.errors import UsageError
from deployer.remote.instances import Params, compact

Document = Mapping[str, Any]
Pointer = tuple[str | int, ...]
Range = tuple[date, date]

BACKFILL, MANUAL, SMOKE_TEST = "SupplementData", "Manual", "SmokeTest"
OF_WORKFLOW = {"ManualWorkflow": "ManualWorkflow", "TriggerWorkflow": "TriggerWorkflow"}
"""Types of run that run a whole workflow, and the kind of workflow that each is for."""

JSON_PARAMETERS = "ManualWorkflow"
"""The type of run whose parameters are JSON; those of others are lines of `key=value` (B-90)."""

MOST_RANGES = 7
"""What `BizDates` takes in one call: ranges, or in another reading days (U-36)."""

_NODE_KEYS = ("nodes", "include", "exclude")
_OWN_WAY = ("workflow", "workflowId", "name", "dates")
_ONE_ROOT = ("General", "AllDownstream")
_PREFIX_LENGTH = 40
_ENDS = {"from": ".StartBizDate", "to": ".EndBizDate"}
_YEARS = (1900, 2999)
"""The years of business dates: a slip of the pen is not to become millions of days."""


@dataclass(frozen=True, slots=True)
class Part:
    """One call: its unique name, and the ranges of business dates that it is for."""

    name: str
    ranges: tuple[Range, ...]

    @property
    def days(self) -> list[date]:
        """All its business dates, in order."""
        return [day for first, last in self.ranges for day in between(first, last)]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run that may be sent. `document` is complete; `days` are its business dates, each once."""

    document: Document
    days: tuple[date, ...]
    name: str

    @property
    def type(self) -> str:
        """The type of run."""
        return str(self.document["type"])

    @property
    def workflow(self) -> str:
        """The path of the workflow."""
        return str(self.document["workflow"])

    @property
    def env(self) -> str:
        """The environment."""
        return str(self.document.get("env", "Prod"))

    def references(self, *keys: str) -> list[str]:
        """The nodes that are named under these keys, each once; under all of them by default."""
        named = (node for key in keys or _NODE_KEYS for node in self.document.get(key, ()))
        nodes = [*named, *(self.document.get("taskParameters") or () if not keys else ())]
        return list(dict.fromkeys(nodes))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The calls in the order in which they are to be made."""
        descending = self.document.get("order") == "Desc"
        groups = split(self.days, single=bool(self.document.get("singleDates")))
        ordered = groups[::-1] if descending else groups
        if len(ordered) == 1:
            return (Part(self.name, tuple(ordered[0])),)
        return tuple(
            Part(f"{self.name}-{number}of{len(ordered)}", tuple(group))
            for number, group in enumerate(ordered, start=1)
        )

    @property
    def starts_at_once(self) -> bool:
        """Whether days to come do not wait (docs/service.md B-97)."""
        return bool((self.document.get("runPolicy") or {}).get("immediately"))


def checked(
    document: Document,
    *,
    name: str = "",
    place: Callable[[Pointer], str] | None = None,
) -> RunRequest:
    """The request that a document is; `name` is its unique name where it says none.

    Raises UsageError with the documented name of the first parameter that is missing or wrong;
    `place` tells where in a file a value stands.
    """
    where = place or (lambda _: "")
    for violation in schema.check(document, "run"):
        told = _told(violation.pointer)
        raise _refusal(f"{told}: {violation.message}", violation.hint, where(violation.pointer))
    faults = [*_missing(document), *_inconsistent(document), *_ranges_at_fault(document)]
    if faults:
        first, *others = faults
        why = "; ".join(f"also: {other.message}" for other in others)
        raise _refusal(first.message, first.hint, where(first.pointer), why)
    days = tuple(sorted({day for each in _ranges(document) for day in between(*each)}))
    return RunRequest(document, days, str(document.get("name") or name))


def content_name(document: Document, project: str) -> str:
    """The same name for the same wish in the same project: how a second backfill is noticed."""
    days = sorted({day.isoformat() for each in _ranges(document) for day in between(*each)})
    wish = {**document, **_in_order(document), "dates": days, "project": project}
    text = json.dumps(wish, sort_keys=True, ensure_ascii=False)
    return _named(document, hashlib.sha256(text.encode()).hexdigest()[:12])


def _in_order(document: Document) -> dict[str, list[str]]:
    """Lists of nodes whose order says nothing: of a chain, the two ends have one."""
    free = ("nodes", "exclude") if document.get("mode") == "Chain" else _NODE_KEYS
    return {key: sorted(document[key]) for key in free if key in document}


def nonce_name(document: Document, nonce: str) -> str:
    """A name that no other run has."""
    return _named(document, nonce[:12])


def _named(document: Document, end: str) -> str:
    workflow = str(document.get("workflow", "")).rpartition("/")[2][:_PREFIX_LENGTH]
    return f"deployer-{workflow}-{end}"


def split(days: Iterable[date], *, single: bool) -> list[list[Range]]:
    """Business dates as calls: at most seven ranges each, or at most seven days each (U-36)."""
    ordered = sorted(set(days))
    ranges = [(day, day) for day in ordered] if single else _joined(ordered)
    return [ranges[n : n + MOST_RANGES] for n in range(0, len(ranges), MOST_RANGES)]


def _joined(days: list[date]) -> list[Range]:
    """Days without gap between them, as ranges."""
    runs = groupby(enumerate(days), key=lambda pair: pair[1] - ONE * pair[0])
    found = [[day for _, day in group] for _, group in runs]
    return [(group[0], group[-1]) for group in found]


# --- what is wrong --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fault:
    message: str
    hint: str = ""
    pointer: Pointer = ()


def parameter(pointer: Pointer) -> str:
    """The documented name of what stands at a place of a document, empty where there is none."""
    if pointer[:1] == ("dates",) and len(pointer) > 1:
        return parameter(("dates",)) + _ENDS.get(str(pointer[-1]), "")
    field = schema.document("run").at([step for step in pointer if isinstance(step, str)])
    return str(field.keywords.get("x-parameter", "")) if field else ""


def _told(pointer: Pointer) -> str:
    written = ".".join(str(step) for step in pointer)
    named = parameter(pointer)
    return f"`{named}` ({written})" if named else f"`{written}`" if written else "run"


def _refusal(what: str, hint: str, where: str, why: str = "") -> UsageError:
    return UsageError(
        what,
        where=where,
        why=why,
        written="nothing was sent",
        hint=hint or "docs/running.md tells what each type of run needs",
    )


def _lacks(*pointer: str, hint: str) -> _Fault:
    return _Fault(f"`{parameter(pointer)}` is missing", hint, pointer)


def _missing(document: Document) -> Iterator[_Fault]:
    kind, mode = document["type"], document.get("mode")
    if kind == BACKFILL:
        yield from _missing_of_backfill(document)
    chain = kind == BACKFILL and mode == "Chain"
    if kind in (BACKFILL, MANUAL, SMOKE_TEST) and not chain and not document.get("nodes"):
        yield _lacks("nodes", hint="name nodes with `--node`, or under `nodes` of the run file")
    if chain and not document.get("include"):
        yield _lacks("include", hint="name the first and the last node with `--include`")


def _missing_of_backfill(document: Document) -> Iterator[_Fault]:
    for key in ("mode", "parallelism"):
        if key not in document:
            yield _lacks(key, hint=f"write `{key}` into the run file")
    for key in ("enabled", "blocked"):
        if key not in document.get("analysis", {}):
            yield _lacks("analysis", key, hint=f"write `analysis: {{{key}: false}}`")
    if not document.get("dates"):
        yield _lacks("dates", hint="give business dates with `--from` and `--to`, or `--date`")


def _inconsistent(document: Document) -> Iterator[_Fault]:
    yield from _together(document)
    yield from _unfit_parameters(document)
    if document["type"] != BACKFILL:
        return
    mode, nodes, ends = document.get("mode"), document.get("nodes", ()), document.get("include", ())
    name = parameter(("nodes",))
    if mode in _ONE_ROOT and len(nodes) > 1:
        yield _Fault(f"`{name}` takes one node in mode {mode}", "name one", ("nodes",))
    if mode == "Chain" and nodes:
        yield _Fault(f"`{name}` stays empty in mode Chain", "name its ends", ("nodes",))
    if mode == "Chain" and ends and len(ends) != 2:
        text = f"`{parameter(('include',))}` takes two nodes in mode Chain, its first and its last"
        yield _Fault(text, "name both with `--include`", ("include",))
    if document.get("parameters") and document.get("workflowId") != "own":
        text = f"`{parameter(('parameters',))}` has no effect in a run of workflow 1"
        yield _Fault(text, "send the workflow's own id: `--own-id`", ("parameters",))


def _unfit_parameters(document: Document) -> Iterator[_Fault]:
    """What lines of `key=value` cannot say; JSON can."""
    if document["type"] == JSON_PARAMETERS:
        return
    for key, value in document.get("parameters", {}).items():
        if not key or "=" in key or any(len(str(text).splitlines()) > 1 for text in (key, value)):
            text = f"`{parameter(('parameters',))}` cannot hold `{key}`: it is lines of key=value"
            yield _Fault(text, "a key without `=`, and both on one line", ("parameters",))


def _together(document: Document) -> Iterator[_Fault]:
    """What is given only as a whole: the hours of a period, and a run policy."""
    hours = ("startTime", "endTime")
    policy = document.get("runPolicy", {})
    wanted = [((key,), key in document) for key in hours]
    for pointer, given in wanted if any(key in document for key in hours) else ():
        if not given:
            yield _lacks(*pointer, hint="give both times, or neither")
    if set(policy) - {"immediately"}:
        for key in ("type", *hours):
            if key not in policy:
                yield _lacks("runPolicy", key, hint="a run policy has a type and both times")
    if document.get("startTime", "") > document.get("endTime", "99"):
        text = f"`{parameter(('endTime',))}` is before the start"
        yield _Fault(text, "a period does not reach over midnight", ("endTime",))


def _ranges_at_fault(document: Document) -> Iterator[_Fault]:
    for number, item in enumerate(document.get("dates", ())):
        ends = {"from": item, "to": item} if isinstance(item, str) else item
        wrong = next(((key, text) for key, text in ends.items() if _day(text) is None), None)
        if wrong:
            key, text = wrong
            named = parameter(("dates", number, key))
            message = f"`{named}`: there is no day {text} from {_YEARS[0]} to {_YEARS[1]}"
            yield _Fault(message, "write days as 2026-02-28", ("dates", number))
        elif ends["from"] > ends["to"]:
            message = f"`{parameter(('dates',))}`: {ends['from']} is after {ends['to']}"
            yield _Fault(message, "the first day comes first", ("dates", number))


def _ranges(document: Document) -> Iterator[Range]:
    for item in document.get("dates", ()):
        ends = (item, item) if isinstance(item, str) else (item["from"], item["to"])
        yield date.fromisoformat(ends[0]), date.fromisoformat(ends[1])


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if _YEARS[0] <= found.year <= _YEARS[1] else None


# --- the wire -------------------------------------------------------------------------------------


def params(request: RunRequest, part: Part, workflow: str, ids: Mapping[str, str]) -> Params:
    """The parameters of one call; `workflow` is the id to send, `ids` those of the nodes."""
    sent: dict[str, Any] = {}
    for name, value in _values(request, ids):
        _put(sent, name, value)
    days = [{"StartBizDate": str(first), "EndBizDate": str(last)} for first, last in part.ranges]
    _put(sent, parameter(("dates",)), days)
    sent |= {"Name": part.name, "WorkflowId": workflow}
    return {key: compact(v) if isinstance(v, dict | list) else v for key, v in sent.items()}


def _values(request: RunRequest, ids: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    special: dict[str, Callable[[Any], Any]] = {
        **dict.fromkeys(_NODE_KEYS, lambda nodes: [int(ids[node]) for node in nodes]),
        "tags": lambda tags: [{"Key": key, "Value": value} for key, value in tags.items()],
        "parameters": lambda given: _parameters(request.type, given),
        "taskParameters": lambda given: compact({ids[node]: text for node, text in given.items()}),
    }
    for key, value in request.document.items():
        field = schema.document("run").property(key)
        if key in _OWN_WAY or field is None:
            continue
        if "x-parameter" in field.keywords:
            yield parameter((key,)), special.get(key, lambda same: same)(value)
        elif field.properties:
            yield from ((parameter((key, inner)), each) for inner, each in value.items())


def _put(sent: dict[str, Any], name: str, value: Any) -> None:
    *blocks, last = name.split(".")
    for block in blocks:
        sent = sent.setdefault(block, {})
    sent[last] = value


def _parameters(kind: str, given: Mapping[str, Any]) -> str:
    """JSON for a manual workflow, lines of `key=value` for any other (docs/service.md B-90)."""
    if kind == JSON_PARAMETERS:
        return compact(given)
    return "\n".join(f"{key}={_plain(value)}" for key, value in given.items())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
