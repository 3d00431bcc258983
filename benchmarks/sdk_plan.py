"""What a team would write instead of `deployer plan`: the SDK, PyYAML with its C library, and `==`.

It reads every workflow, loads every manifest, and compares names, scripts and triggers. It checks no
schema, knows no defaults, and neither sees outputs nor edges nor anything else: less than a plan says.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.sdk import client, definition, in_threads, listed

TRIGGER = ("type", "cron", "startTime", "endTime", "timezone")


def manifests(folder: Path) -> dict[str, dict[str, Any]]:
    """Every manifest's workflow by its path, script files put in."""
    found = {}
    for file in sorted(folder.glob("workflows/**/*.yaml")):
        document = yaml.load(file.read_bytes(), yaml.CSafeLoader)
        workflow = document["spec"]["workflows"][0]
        for node in workflow["nodes"]:
            if "file" in node["script"]:
                script = file.parent / node["script"]["file"]
                node["script"]["content"] = script.read_text("utf-8")
        found[workflow["script"]["path"]] = workflow
    return found


def differences(wanted: dict[str, Any], live: dict[str, Any]) -> Iterator[str]:
    """What differs, in words."""
    for key in TRIGGER:
        if wanted["trigger"].get(key) != live["trigger"].get(key):
            yield f"trigger.{key}"
    ours, theirs = _scripts(wanted), _scripts(live)
    yield from (f"{name} is new" for name in ours.keys() - theirs.keys())
    yield from (f"{name} is gone" for name in theirs.keys() - ours.keys())
    yield from (f"{name}: script" for name in ours if ours[name] != theirs.get(name, ours[name]))


def _scripts(workflow: dict[str, Any]) -> dict[str, str]:
    return {node["name"]: node["script"].get("content", "") for node in workflow["nodes"]}


def main() -> None:
    """Print a line for each workflow that differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only-fetch", action="store_true", help="read no manifest, compare none")
    given = parser.parse_args()
    service = client(given.address)
    ids = dict(listed(service))
    wanted = {} if given.only_fetch else manifests(given.folder)
    read = in_threads(lambda path: (path, definition(service, ids[path])), ids, given.threads)
    for path, document in read:
        if path in wanted:
            live = document["spec"]["workflows"][0]
            for what in differences(wanted[path], live):
                print(path, what)


if __name__ == "__main__":
    main()
