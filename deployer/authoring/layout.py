"""Where the parts of a pulled workflow lie: one manifest, and beside it one file for each script.

Names from the workspace become names of files that stay inside the project folder, whatever they hold.
"""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.entities import Node, map_nodes
from deployer.errors import UsageError
from deployer.model import Settings
from deployer.reading.file_names import folded, safe_path, taken, with_mark
from deployer.reading.manifest_files import fixed_prefix, matches

_SUFFIXES = (".yaml", ".yml")
_EXTENSIONS: Mapping[str, str] = {
    "sql": ".sql",
    "shell": ".sh",
    "bash": ".sh",
    "python": ".py",
    "pyodps": ".py",
    "json": ".json",
    "yaml": ".yml",
    "scala": ".scala",
    "perl": ".pl",
    "xml": ".xml",
}
"""What the language of a script, or else its command, holds, and how such files end."""
_OTHER = ".txt"


def extension(script: Mapping[str, Any]) -> str:
    """How the file of a script ends, by its language, else by its command."""
    command = (script.get("runtime") or {}).get("command")
    for text in (script.get("language"), command):
        for word, suffix in _EXTENSIONS.items():
            if word in str(text or "").lower():
                return suffix
    return _OTHER


@dataclass(slots=True)
class Layout:
    """Gives out places for new files below the first glob of `manifests:`; `used` are not given out."""

    globs: tuple[str, ...]
    used: set[str] = field(default_factory=set)
    replaced: list[tuple[str, str]] = field(default_factory=list)

    @staticmethod
    def of(settings: Settings, files: Iterable[str]) -> "Layout":
        """The layout of a project that holds these files already."""
        return Layout(settings.manifests, taken(files))

    def manifest(self, path: str) -> str:
        """The place of the manifest of a new workflow. Raises UsageError where no glob would find it."""
        parts = safe_path(path.split("/"))
        base = fixed_prefix(self.globs[0]) if self.globs else ()
        for folders in (parts[:-1], ()):
            for suffix in _SUFFIXES:
                place = (*base, *folders, parts[-1] + suffix)
                if any(matches(glob, place) for glob in self.globs):
                    return self._free((*base, *folders), parts[-1], suffix, path)
        raise UsageError(
            "no manifest can be added",
            why="no glob under `manifests:` finds a new YAML file below its first folder",
            hint="write `manifests: [workflows/**/*.yaml]` into deployer.yaml",
        )

    def script(self, manifest: str, reference: str, script: Mapping[str, Any]) -> str:
        """The place of the script of a node: in a folder named as its manifest."""
        folder = posixpath.splitext(manifest)[0].split("/")
        parts = safe_path(reference.split("/"))
        suffix = extension(script)
        if any(matches(glob, (*folder, *parts[:-1], parts[-1] + suffix)) for glob in self.globs):
            suffix += _OTHER
        return self._free((*folder, *parts[:-1]), parts[-1], suffix, reference)

    def take_back(self, places: Iterable[str]) -> None:
        """Places of a draft that is not used may be given out again."""
        gone = set(places)
        self.used -= taken(gone)
        self.replaced = [(old, new) for old, new in self.replaced if new not in gone]

    def _free(self, folder: tuple[str, ...], stem: str, suffix: str, original: str) -> str:
        name = "/".join((*folder, stem + suffix))
        if folded(name) in self.used:
            name = "/".join((*folder, with_mark(stem, original) + suffix))
        number = 1
        while folded(name) in self.used:
            number += 1
            name = "/".join((*folder, f"{with_mark(stem, original)}-{number}{suffix}"))
        self.used.add(folded(name))
        if _is_other(original, name, suffix):
            self.replaced.append((original, name))
        return name


def _is_other(original: str, name: str, suffix: str) -> bool:
    """Whether a place has another name than what lies there, in a folder or at its end."""
    parts = original.split("/")
    folders = name.split("/")[:-1]
    changed = [safe for part, safe in zip(parts, safe_path(parts), strict=False) if part != safe]
    return not name.endswith(f"{parts[-1]}{suffix}") or any(each in folders for each in changed)


def scripts_apart(
    document: dict[str, Any], manifest: str, layout: Layout
) -> tuple[dict[str, Any], dict[str, str]]:
    """A document whose scripts are in files: the document with their names, and place → text."""
    texts: dict[str, str] = {}

    def apart(reference: str, node: Node) -> Node:
        script = node.get("script") or {}
        content = script.get("content")
        if not isinstance(content, str) or not fit_for_a_file(content):
            return node
        place = layout.script(manifest, reference, script)
        texts[place] = content if content.endswith("\n") else f"{content}\n"
        return {**node, "script": named(script, relative(place, manifest))}

    body = document["spec"]["workflows"][0]
    workflow = map_nodes(body, apart)
    return {**document, "spec": {**document["spec"], "workflows": [workflow]}}, texts


def named(script: Mapping[str, Any], file: str) -> dict[str, Any]:
    """A script object that names a file in the place of its content."""
    return {
        "file" if key == "content" else key: file if key == "content" else item
        for key, item in script.items()
    }


def relative(place: str, manifest: str) -> str:
    """The place of a script as its manifest names it."""
    return posixpath.relpath(place, posixpath.dirname(manifest) or ".")


def fit_for_a_file(text: str) -> bool:
    """Whether a text comes back from a file as it was."""
    if "\0" in text or text.startswith("\ufeff"):
        return False
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)
