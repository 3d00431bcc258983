"""A plan as a file: what was reviewed is what is done, or nothing is. Pure.

The file says what the plan was made of and what it would do; it is never a source of what is written.
Apply makes the plan anew, from the checkout and the workspace, with the flags that are in the file, and
goes on only if both say the same (`moved`). Values that are sensitive are hidden in it; whole workflows
are told by digests.

The form is `schemas/saved-plan.schema.json`. Its `digest` is over everything in it but the time at which
it was made and the number of calls that took.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from posixpath import relpath
from typing import Any

from deployer import schema
from deployer.asked import Asked
from deployer.errors import UsageError
from deployer.model import Change, Plan, Target
from deployer.normalise import digest
from deployer.render.plan_json import to_json

FORMAT_VERSION = "1.0"
LARGEST = 256 * 1024 * 1024
"""The largest plan file that is read, in bytes."""

_SHOWN = 5
_AGAIN = "make and review a new plan: `deployer plan --out FILE`"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """What a plan is made of: target, flags, and the SHA-256 of each file by its name.

    `version` is that of the program, `created` the time in ISO 8601, `root` the project folder.
    """

    target: Target
    root: Path
    asked: Asked
    files: Mapping[str, str]
    version: str
    created: str


@dataclass(frozen=True, slots=True)
class Saved:
    """A plan file that was read: whole, known and as it was written."""

    document: Json

    @property
    def target(self) -> str:
        """The name of the target."""
        return str(self.document["target"]["name"])

    @property
    def asked(self) -> Asked:
        """The flags that the plan was made with."""
        said: Json = self.document["asked"]
        flags: Json = {key: tuple(v) if isinstance(v, list) else v for key, v in said.items()}
        return Asked(**flags)


# --- out ------------------------------------------------------------------------------------------


def to_bytes(plan: Plan, made: Made) -> bytes:
    """The file: canonical JSON, so that the same plan of the same things is the same text."""
    document = {
        "format_version": FORMAT_VERSION,
        "deployer_version": made.version,
        "created": made.created,
        "target": identity(made.target, made.root),
        "asked": {key: _listed(value) for key, value in asdict(made.asked).items()},
        "files": dict(made.files),
        "workflows": {change.address: _workflow(change) for change in plan.changes},
        "plan": json.loads(to_json(plan)),
    }
    return _text({**document, "digest": _digest(document)})


def identity(target: Target, root: Path) -> Json:
    """Which workspace a target is; the emulator's file as it lies to the project folder."""
    there = "" if target.emulator is None else relpath(str(target.emulator), str(root))
    return {
        "name": target.name,
        "project": target.project,
        "projectIdentifier": target.project_identifier,
        "region": target.region,
        "endpoint": target.endpoint,
        "emulator": there,
    }


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _workflow(change: Change) -> Json:
    """What must be the same for the same thing to be done with a workflow."""
    after = (
        None if change.after is None else [change.after.kind, change.after.name, change.after.spec]
    )
    return {
        "action": change.action,
        "previous_address": change.moved_from,
        "object_id": change.object_id,
        "fingerprint": change.fingerprint,
        "content": "" if after is None else digest(after),
        "nodes": [[node.action, node.moved_from, node.name] for node in change.nodes],
        "refused": change.refused,
        "publish": change.publish,
        "publication": change.publication,
        "offline": change.offline,
    }


def _text(document: Json) -> bytes:
    return f"{json.dumps(document, sort_keys=True, indent=1)}\n".encode("ascii")


def _digest(document: Json) -> str:
    """SHA-256 of all but the digest itself, the time and the number of calls."""
    counted = {k: v for k, v in document.items() if k not in ("digest", "created")}
    counted["plan"] = {k: v for k, v in document["plan"].items() if k != "api_calls"}
    return hashlib.sha256(_text(counted)).hexdigest()


# --- in -------------------------------------------------------------------------------------------


def read(data: bytes, file: str) -> Saved:
    """The plan that a file holds.

    Raises UsageError for what is no plan file, for one of a form that is not known, and for one that
    is not as it was written.
    """
    try:
        document = json.loads(data.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise _refused(file, "it is no plan file", "it is not the JSON that was written") from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if not isinstance(version, str):
        raise _refused(file, "it is no plan file", "it does not say its `format_version`")
    if version != FORMAT_VERSION:
        raise _refused(file, f"its form is {version}, this program knows {FORMAT_VERSION}")
    for violation in _violations(document):
        raise _refused(file, "it was edited, or is no plan file", violation.message)
    if _text(document) != data or _digest(document) != document["digest"]:
        raise _refused(file, "it was edited", "its content and its digest do not belong together")
    return Saved(document)


def _violations(document: Json) -> list[schema.Violation]:
    sound = _unicode(document)
    return schema.check(sound, "saved-plan") or schema.check(sound["plan"], "plan")


def _unicode(document: Json) -> Json:
    """The document without lone surrogates: the service may send them, and no schema takes them."""
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    found: Json = json.loads(text)
    return found


def _refused(file: str, what: str, why: str = "") -> UsageError:
    return UsageError(
        f"the plan cannot be used: {what}",
        where=file,
        why=why,
        written="nothing was written",
        hint=_AGAIN,
    )


# --- is it still so -------------------------------------------------------------------------------


def other_target(saved: Saved, target: Target, root: Path) -> list[str]:
    """How the target of a plan is another workspace now; empty if it is the same."""
    then, now = saved.document["target"], identity(target, root)
    return [
        f"`{key}` was {then[key] or 'not set'}, is {now[key] or 'not set'}"
        for key in now
        if now[key] != then[key]
    ]


def moved_files(saved: Saved, files: Mapping[str, str]) -> list[str]:
    """Names of the files that differ from those that the plan was made of, new and gone ones too."""
    then = saved.document["files"]
    return sorted(name for name in {**then, **files} if then.get(name) != files.get(name))


def moved(saved: Saved, plan: Plan) -> list[str]:
    """What is not as it was when the plan was made, a line for each workflow; empty if all of it is."""
    then = saved.document["workflows"]
    now = {change.address: _workflow(change) for change in plan.changes}
    old = _fields(saved.document["plan"])
    new = _fields(json.loads(to_json(plan)))
    return [
        f"`{address}`: {_difference(then.get(address), now.get(address))}"
        + _places(old.get(address, {}), new.get(address, {}))
        for address in sorted({**then, **now})
        if then.get(address) != now.get(address)
    ]


def _difference(then: Json | None, now: Json | None) -> str:
    if now is None:
        return "it is in the plan, and nothing is to be done with it now"
    if then is None:
        return f"it is not in the plan, and now to be handled: {now['action']}"
    if not now["fingerprint"] and then["fingerprint"]:
        return "it is not in the workspace any more"
    if now["fingerprint"] and not then["fingerprint"]:
        return "it was not in the workspace, and is there now"
    if then["object_id"] != now["object_id"]:
        return "another workflow is at this path now"
    if then["fingerprint"] != now["fingerprint"]:
        return "the live workflow is not as it was"
    if then["action"] != now["action"]:
        return f"the plan says {then['action']}, it would be {now['action']} now"
    names = dict.fromkeys(("publication", "offline"), "whether it is published")
    names["content"] = "what would be written"
    return ", ".join(names.get(key, key) for key in then if then[key] != now[key]) + " differs"


def _fields(document: Json) -> dict[str, dict[str, Any]]:
    """Address → path of a field → both of its sides."""
    return {
        change["address"]: {
            field["path"]: [field["before"], field["after"]] for field in change["change"]["fields"]
        }
        for change in document["resource_changes"]
    }


def _places(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The fields in which two plans for a workflow differ, in words."""
    different = [path for path in {**then, **now} if then.get(path) != now.get(path)]
    return f": {', '.join(_some(different))}" if different else ""


def _some(paths: Iterable[str]) -> Iterator[str]:
    paths = sorted(paths)
    yield from (f"`{path}`" for path in paths[:_SHOWN])
    if len(paths) > _SHOWN:
        yield f"{len(paths) - _SHOWN} more"
