"""Made-up projects whose files nobody would write: sound ones, damaged, mutated, or plain noise.

One seed, one stream of projects; number n of it is the same wherever the stream is begun.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.validate_fuzz_values import CONFIG, KEYS, ODD, SETTINGS, TOKENS


@dataclass(frozen=True)
class Case:
    """A project, as files, and the flags that it is validated with."""

    files: Mapping[str, bytes]
    flags: Sequence[str]
    family: str


class Seeds:
    """Documents to begin with: real ones and those of this repository."""

    def __init__(self, folders: Sequence[Path]) -> None:
        found = [
            file
            for folder in folders
            for file in sorted(folder.rglob("*"))
            if file.suffix in (".yaml", ".json") and file.name != "manifest.json"
        ]
        self.texts = [(file.suffix, file.read_bytes()) for file in found]
        read = [_read(text) for suffix, text in self.texts if suffix == ".json"]
        self.documents = [each for each in read if each and "workflows" in each.get("spec", ())]


def _read(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def case(seeds: Seeds, stream: int, number: int) -> Case:
    """The project of that number."""
    random = Random(f"validate {stream} {number}")
    family = random.choices(list(FAMILIES), [weight for weight, _ in FAMILIES.values()])[0]
    files = FAMILIES[family][1](random, seeds)
    flags = ["--format", "json"] if random.random() < 0.3 else []
    if random.random() < 0.2:
        flags.append("--strict")
    if "deployer.yaml" in files:
        flags += ["-t", "local"] if random.random() < 0.5 else []
    else:
        flags += [next(iter(files))]
    return Case(files, flags, family)


def _project(random: Random, suffix: str, manifest: bytes, **files: bytes) -> dict[str, bytes]:
    """A manifest in a project, or one that is validated by its name alone."""
    name = f"flows/flow{suffix}"
    found = {name: manifest, "flows/s.sql": b"select 1\n", **files}
    return {"deployer.yaml": CONFIG, **found} if random.random() < 0.8 else found


# --- families -------------------------------------------------------------------------------------


def _grammar(random: Random, seeds: Seeds) -> dict[str, bytes]:
    """A document of the right shape with odd values, written with all that YAML offers."""
    document = _odd(random, _document(random, seeds), random.choice((0.0, 0.002, 0.01, 0.01, 0.1)))
    if random.random() < 0.4:
        return _project(random, ".json", json.dumps(document).encode("utf-8", "surrogatepass"))
    text = _yaml(random, document, 0).encode("utf-8", "surrogatepass")
    return _project(random, ".yaml", _mutated(random, text) if random.random() < 0.15 else text)


def _mutation(random: Random, seeds: Seeds) -> dict[str, bytes]:
    """A real document with some bytes changed, moved, doubled or cut off."""
    suffix, text = random.choice(seeds.texts)
    for _ in range(random.choice((0, 1, 1, 2, 5, 20))):
        text = _mutated(random, text)
    if random.random() < 0.1:
        other = random.choice(seeds.texts)[1]
        text = text[: random.randrange(len(text) + 1)] + other[random.randrange(len(other) + 1) :]
    return _project(random, suffix, text)


def _noise(random: Random, seeds: Seeds) -> dict[str, bytes]:
    """Bytes, or tokens of YAML and JSON, in any order."""
    if random.random() < 0.5:
        text = random.randbytes(random.choice((0, 1, 4, 50, 1000)))
    else:
        text = b"".join(random.choices(TOKENS, k=random.choice((1, 5, 30, 200))))
    return _project(random, random.choice((".yaml", ".json")), text)


def _script(random: Random, seeds: Seeds) -> dict[str, bytes]:
    """A sound manifest whose script file is not, or is named in an odd way."""
    name = random.choice(
        ("s.sql", "s.sql", "./s.sql", *(each for each in ODD if isinstance(each, str)))
    )
    content = random.choice(
        (
            random.randbytes(200),
            b"".join(random.choices(TOKENS, k=20)),
            b"select ${script.a}${script.q}",
        )
    )
    script = {"path": "a/b/n", "file": name, "runtime": {"command": "ODPS_SQL"}}
    document = _flow([{"name": "n", "script": script}])
    text = json.dumps(document).encode("utf-8", "surrogatepass")
    return _project(random, ".json", text, **{"flows/s.sql": content})


def _config(random: Random, seeds: Seeds) -> dict[str, bytes]:
    """A sound manifest below a configuration that is not."""
    if random.random() < 0.5:
        text = _yaml(random, _odd(random, SETTINGS, 0.05), 0).encode("utf-8", "surrogatepass")
    else:
        text = CONFIG
        for _ in range(random.choice((1, 1, 3, 10))):
            text = _mutated(random, text)
    manifest = json.dumps(_flow([{"name": "n", "script": {"runtime": {"command": "VIRTUAL"}}}]))
    return {"deployer.yaml": text, "flows/flow.json": manifest.encode()}


def _big(random: Random, seeds: Seeds) -> dict[str, bytes]:
    """The same thing again and again: depth, width, aliases, long scalars."""
    piece = random.choice(
        (*TOKENS, b"a: &b [*b]\n", b"k%d: v\n", b"- *a\n", b"x", b"\xf0\x9f\x98\x80")
    )
    count = random.choice((100, 1000, 10_000, 30_000))
    pieces = (piece.replace(b"%d", b"%d" % n) for n in range(count))
    start = random.choice((b"", b"a: &a [1]\n", b"spec: ", b"[", b'{"spec": '))
    return _project(random, random.choice((".yaml", ".json")), start + b"".join(pieces))


FAMILIES = {
    "grammar": (40, _grammar),
    "mutation": (30, _mutation),
    "noise": (12, _noise),
    "script": (8, _script),
    "config": (9, _config),
    "big": (1, _big),
}
"""Each family with its share of the stream."""


# --- documents ------------------------------------------------------------------------------------


def _flow(nodes: list[Any], cron: str = "00 00 03 * * ?", **more: Any) -> dict[str, Any]:
    workflow = {
        "name": "b",
        "script": {"path": "a/b"},
        "trigger": {"type": "Scheduler", "cron": cron},
        "nodes": nodes,
    }
    document = {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [workflow]}}
    return {**document, **more}


def _own(random: Random) -> dict[str, Any]:
    """What a manifest may say to the deployer alone."""
    if random.random() < 0.7:
        return {}
    silence = {
        "rule": random.choice(("DW106", "DW010", "DW999")),
        "reason": "known",
        "path": "nodes[*]",
    }
    said = {"only": ["local"], "ignore": ["nodes[*].priority", "x"], "silence": [silence]}
    return {
        "deployer": {key: said[key] for key in random.sample(list(said), k=random.randrange(4))}
    }


def _cron(random: Random) -> str:
    if random.random() < 0.6:
        return "00 00 03 * * ?"
    parts = (
        "*",
        "?",
        "0",
        "00",
        "5-3",
        "1-5",
        "*/7",
        "0/0",
        "1,2,31",
        "L",
        "W",
        "1#9",
        "MON",
        "99",
        "-",
        "/",
    )
    return " ".join(random.choices(parts, k=random.choice((5, 6, 6, 6, 6, 7))))


def _document(random: Random, seeds: Seeds) -> dict[str, Any]:
    if random.random() < 0.4 and seeds.documents:
        found: dict[str, Any] = random.choice(seeds.documents)
        return found
    names = [random.choice(("n", "数据", "load x")) + str(n) for n in range(random.randrange(1, 8))]
    return _flow([_node(random, name, names) for name in names], _cron(random), **_own(random))


def _node(random: Random, name: str, names: Sequence[str]) -> dict[str, Any]:
    source = random.choice(
        ({"content": "select ${spec.a}"}, {"file": "s.sql"}, {"file": "./s.sql"})
    )
    runtime = {"command": random.choice(("ODPS_SQL", "VIRTUAL", "DIDE_SHELL", "ODPS_SPARK"))}
    node: dict[str, Any] = {"name": name, "script": {"runtime": runtime, **source}}
    if random.random() < 0.5:
        node["dependsOn"] = random.sample((*names, "shop_dev.x"), k=1)
    if random.random() < 0.1:
        inner = {"name": "end", "script": {"runtime": {"command": "CONTROLLER_CYCLE_END"}}}
        node["script"] = {"runtime": {"command": "CONTROLLER_CYCLE"}}
        node["do-while"] = {"nodes": [_node(random, "in", ("in",))], "while": inner}
    if random.random() < 0.2:
        outputs = {"data": f"shop_dev.{name}", "artifactType": "NodeOutput"}
        node["outputs"] = {"nodeOutputs": [outputs]}
    return node


def _odd(random: Random, value: Any, chance: float) -> Any:
    """The value with some parts exchanged, keys renamed, added or dropped."""
    if random.random() < chance:
        return random.choice(ODD)
    if isinstance(value, dict):
        result = {
            random.choice(KEYS) if random.random() < chance else key: _odd(random, each, chance)
            for key, each in value.items()
            if random.random() > chance / 2
        }
        if random.random() < chance:
            result[random.choice(KEYS)] = random.choice(ODD)
        return result
    if isinstance(value, list):
        items = [_odd(random, each, chance) for each in value]
        return items * 2 if random.random() < chance else items
    return value


def _yaml(random: Random, value: Any, indent: int) -> str:
    """The value as YAML, each part in a style of its own."""
    if not isinstance(value, dict | list) or not value or random.random() < 0.05:
        return _flow_style(random, value) + "\n"
    pad = "  " * indent
    if isinstance(value, dict):
        pairs = (
            f"{pad}{_scalar(random, key)}:{_below(random, each, indent)}"
            for key, each in value.items()
        )
        return _decorated(random) + "\n" + "".join(pairs)
    return (
        _decorated(random)
        + "\n"
        + "".join(f"{pad}-{_below(random, each, indent)}" for each in value)
    )


def _below(random: Random, value: Any, indent: int) -> str:
    return " " + _yaml(random, value, indent + 1)


def _decorated(random: Random) -> str:
    drawn = random.random()
    if drawn < 0.002:
        return random.choice(("&a", "!!map", "!!seq", "!x", "!!python/object:os.x", "# note"))
    return ""


def _flow_style(random: Random, value: Any) -> str:
    drawn = random.random()
    if drawn < 0.001:
        return random.choice(
            ("*a", "&a x", "!!str 1", "!!int x", "!!float 1", "!!bool no", "!!binary YQ==")
        )
    if isinstance(value, str):
        return _scalar(random, value)
    return json.dumps(value)


def _scalar(random: Random, text: Any) -> str:
    if isinstance(text, str) and text.isalnum() and random.random() < 0.7:
        return text
    drawn = random.random()
    if drawn < 0.01:
        return str(text)
    if drawn < 0.15 and isinstance(text, str):
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text, ensure_ascii=drawn < 0.5)


def _mutated(random: Random, text: bytes) -> bytes:
    """The bytes after one small accident."""
    at = random.randrange(len(text) + 1)
    end = min(len(text), at + random.choice((1, 1, 2, 8, 64)))
    kind = random.randrange(7)
    if kind == 0:
        return text[:at] + text[end:]
    if kind == 1:
        return text[:at] + bytes([random.randrange(256)]) + text[at + 1 :]
    if kind == 2:
        return text[:at] + random.choice(TOKENS) + text[at:]
    if kind == 3:
        return text[:at] + text[at:end] * random.choice((2, 3, 50)) + text[end:]
    if kind == 4:
        return text[:at]
    lines = text.split(b"\n")
    one, two = random.randrange(len(lines)), random.randrange(len(lines))
    if kind == 5:
        lines[one], lines[two] = lines[two], lines[one]
    else:
        lines.insert(one, lines[two])
    return b"\n".join(lines)
