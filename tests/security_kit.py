"""Hostile projects as files say them: `tests/security/cases/S-nn.yaml` → folders, links, pipes, commands.

A case has a `title` and either one input or several under `inputs`, which take from the case what they
leave out:

files     name → what it holds: a text, or one of the keys of `MAKERS`
command   the arguments of `deployer`; `validate flow.yaml` unless said
exit      the exit code, or several that are right
message   what an error or a warning starts with; `shown` is text that is in the output as it stands
never     text that is not in the output
process   true: a process of its own, whose memory and processor time are limited
env       variables of the environment
grows     name of a file that grows while it is read
foreign   true: the files belong to another user than the one who runs the command
note      where the program does something else than the usual advice, and why
"""

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).resolve().parent / "security" / "cases"
OUTSIDE = "held-outside-of-the-project"
"""The content of a file beside the project, which no output may ever hold."""


@dataclass(frozen=True)
class Hostile:
    """One input of a case and what must come of it."""

    case: str
    title: str
    files: Mapping[str, Any]
    command: tuple[str, ...] = ("validate", "flow.yaml")
    exit: int | list[int] = 1
    message: str = ""
    shown: str = ""
    never: tuple[str, ...] = ()
    process: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    grows: str = ""
    foreign: bool = False
    note: str = ""

    @property
    def exits(self) -> list[int]:
        """The exit codes that are right."""
        return self.exit if isinstance(self.exit, list) else [self.exit]


def documents() -> dict[str, dict[str, Any]]:
    """Every case by its number, in the order of the numbers."""
    return {
        file.stem: yaml.safe_load(file.read_text(encoding="utf-8"))
        for file in sorted(CASES.glob("*.yaml"))
    }


def inputs() -> Iterator[Hostile]:
    """Every input of every case."""
    for case, document in documents().items():
        shared = {key: value for key, value in document.items() if key != "inputs"}
        for each in document.get("inputs", [{}]):
            said = {**shared, **each}
            lists = {key: tuple(said[key]) for key in ("command", "never") if key in said}
            yield Hostile(case, **{**said, **lists})


def make(root: Path, files: Mapping[str, Any]) -> None:
    """The files of an input, below `root`."""
    for name, said in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(said, str):
            path.write_bytes(said.encode("utf-8", "surrogatepass"))
        else:
            kind = next(key for key in MAKERS if key in said)
            MAKERS[kind](path, **said)


# --- kinds of files -------------------------------------------------------------------------------


def _repeat(path: Path, repeat: str, times: int, before: str = "", after: str = "") -> None:
    """A text again and again, `{n}` in it being the number; `before` and `after` stand around it."""
    numbered = "{n}" in repeat
    texts = (repeat.replace("{n}", str(n)) for n in range(times)) if numbered else (repeat * times,)
    path.write_text(before + "".join(texts) + after, encoding="utf-8")


def _bomb(path: Path, bomb: str, levels: int) -> None:
    """Anchors each of which holds nine aliases of the one before, in a list or by merging."""
    one = "[{}]" if bomb == "list" else "{{<<: [{}]}}"
    lines = ["a0: &a0 " + ("[x]" if bomb == "list" else "{x: 1}")]
    for n in range(1, levels):
        aliases = ", ".join([f"*a{n - 1}"] * 9)
        lines.append(f"a{n}: &a{n} " + one.format(aliases))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _encoded(path: Path, text: str, encoding: str) -> None:
    """A text in another encoding than UTF-8."""
    path.write_bytes(text.encode(encoding))


def _hex(path: Path, hex: str) -> None:  # noqa: A002 (the key of the case files)
    """Bytes."""
    path.write_bytes(bytes.fromhex(hex))


def _size(path: Path, size: int) -> None:
    """A file of that many bytes, which takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(size)


def _link(path: Path, link: str) -> None:
    """A symbolic link."""
    path.symlink_to(link)


def _fifo(path: Path, fifo: bool) -> None:
    """A pipe that nobody writes to."""
    os.mkfifo(path)


def _socket(path: Path) -> None:
    """A socket."""
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


def _copies(path: Path, copies: int, text: str = "", size: int = 0) -> None:
    """A folder of so many files, each with that text or of that size."""
    path.mkdir()
    for n in range(copies):
        file = path / f"{n}.yaml"
        if size:
            _size(file, size)
        else:
            file.write_text(text, encoding="utf-8")


def _depth(path: Path, depth: int, file: str) -> None:
    """Folders in folders, and a file in the last one."""
    here = Path.cwd()
    path.mkdir()
    os.chdir(path)
    for _ in range(depth):
        os.mkdir("d")
        os.chdir("d")
    Path("flow.yaml").write_text(file, encoding="utf-8")
    os.chdir(here)


def _flow(path: Path, flow: Mapping[str, Any]) -> None:
    """A sound workflow with one node, but for what the case says of it."""
    script = {"runtime": {"command": "DIDE_SHELL"}, "content": "echo"}
    if "script" in flow:
        script = {**script, "file": flow["script"]}
        del script["content"]
    if "content" in flow:
        script["content"] = flow["content"]
    node = {"name": flow.get("node", "load"), "script": script, **flow.get("with", {})}
    trigger = {"type": "Scheduler", "cron": "00 30 00 * * ?", **flow.get("trigger", {})}
    names = flow.get("nodes") or [node["name"]]
    nodes = [{**node, "name": name} for name in names]
    for name, upstream in (flow.get("edges") or {}).items():
        nodes[names.index(name)]["dependsOn"] = [upstream]
    workflow = {
        "name": "daily",
        "script": {"path": "team/daily"},
        "trigger": trigger,
        "nodes": nodes,
    }
    document = {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [workflow]}}
    path.write_bytes(json.dumps(document).encode())


def _chain(path: Path, chain: int, closed: bool = True) -> None:
    """A workflow whose nodes wait for each other one after the other, the first for the last."""
    names = [f"n{n}" for n in range(chain)]
    pairs = zip(names, names[-1:] + names[:-1], strict=True)
    edges = {name: upstream for name, upstream in pairs if closed}
    _flow(path, {"nodes": names, "edges": edges})


def _hard_link(path: Path, hard_link: str) -> None:
    """A second name of a file."""
    os.link(path.parent / hard_link, path)


MAKERS: Mapping[str, Callable[..., None]] = {
    "repeat": _repeat,
    "bomb": _bomb,
    "encoding": _encoded,
    "hex": _hex,
    "copies": _copies,
    "size": _size,
    "link": _link,
    "fifo": _fifo,
    "socket": lambda path, socket: _socket(path),
    "depth": _depth,
    "flow": _flow,
    "chain": _chain,
    "hard_link": _hard_link,
}
"""The key that says what kind of file is made, and what makes it; the first one counts."""
