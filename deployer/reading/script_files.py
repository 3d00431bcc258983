"""Script files: `script.file` of a node becomes `script.content`, the text of that file.

Line ends of script files are kept as they are.
"""

import posixpath
import re
from typing import Any, NamedTuple

from deployer.model import Pointer
from deployer.nearest import nearest
from deployer.reading import placeholders
from deployer.reading.placeholders import Values, with_changes
from deployer.reading.project_files import FileRefused, TooLarge
from deployer.reading.source import SCRIPT_FILE, Finding, Irregular, access_key, decode
from deployer.reading.tree import Root, Tree, tree_of

# Compiled when a manifest names a script file.
_ELSEWHERE = r"[/\\~]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://"
_ODD_CHARACTER = "[\0-\x1f\x7f-\x9f\\\\]"
_DEVICE_NAME = r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?"


class Inlined(NamedTuple):
    """A document with its script files' texts in place; `files` says where each came from."""

    document: Any
    files: dict[Pointer, str]
    findings: list[Finding]
    warnings: list[Finding]


def inline(document: dict[str, Any], root: Root, manifest: str, values: Values | None) -> Inlined:
    """`document` with the content of the script files that it names, relative to its own folder.

    `manifest` is the manifest's place relative to `root`; without `values` placeholders stay.
    What is wrong is in `findings`; raises only Conflict, for a script that changes meanwhile.
    """
    result = Inlined(document, {}, [], [])
    folder = posixpath.dirname(manifest)
    walked = _walk(document, (), _Reader(tree_of(root), folder, values, result))
    return result._replace(document=walked)


def _walk(value: dict[str, Any] | list[Any], pointer: Pointer, reader: "_Reader") -> Any:
    """The value with scripts inlined; itself, not a copy, where it names no script file."""
    changes = {}
    for step, each in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(each, dict | list):
            walked = _walk(each, (*pointer, step), reader)
            if walked is not each:
                changes[step] = walked
    whole = with_changes(value, changes)
    if (
        pointer[-1:] == ("script",)
        and isinstance(whole, dict)
        and isinstance(whole.get("file"), str)
    ):
        return reader.inlined(whole, pointer)
    return whole


class _Reader:
    def __init__(self, tree: Tree, folder: str, values: Values | None, result: Inlined) -> None:
        self._tree = tree
        self._folder = folder
        self._values = values
        self._result = result

    def inlined(self, script: dict[str, Any], pointer: Pointer) -> dict[str, Any]:
        """The script object with `content` in the place of `file`."""
        where = (*pointer, "file")
        name: str = script["file"]
        if placeholders.occurs(name):
            return script
        if "content" in script:
            self._find(where, "`file` and `content` given together", "keep one of them")
            return script
        try:
            text = self._text(name, where)
        except FileRefused as refused:
            self._find(where, f"{refused.message}: script file `{name}`", refused.hint)
            return script
        if secret := access_key(text, self._place(name)):
            self._result.findings.append(secret._replace(pointer=(*pointer, "content")))
        self._result.files[(*pointer, "content")] = self._place(name)
        rest = {key: each for key, each in script.items() if key != "file"}
        return {**rest, "content": self._filled(text, (*pointer, "content"))}

    def _filled(self, text: str, pointer: Pointer) -> str:
        if self._values is None:
            return text
        filled = placeholders.fill_script(text, self._values, self._result.files[pointer])
        self._result.findings.extend(each._replace(pointer=pointer) for each in filled.findings)
        self._result.warnings.extend(each._replace(pointer=pointer) for each in filled.warnings)
        return str(filled.value)

    def _text(self, name: str, where: Pointer) -> str:
        check_relative(name)
        place = self._place(name)
        if place.split("/", 1)[0] == "..":
            raise FileRefused("outside the project folder", "move the file into the project")
        try:
            content = self._tree.read(place)
            text = decode(content.data)
        except Irregular as irregular:
            finding = irregular.findings[0]
            raise FileRefused(finding.message, finding.hint) from irregular
        except TooLarge as refused:
            raise FileRefused(f"script larger than limit ({refused.message})") from refused
        except FileRefused as refused:
            raise FileRefused(refused.message, refused.hint or self._near(place)) from refused
        if content.shared:
            message = f"more than one link, and owned by another user: script file `{name}`"
            self._result.warnings.append(Finding(message, pointer=where, rule=SCRIPT_FILE))
        return text

    def _place(self, name: str) -> str:
        return posixpath.normpath(posixpath.join(self._folder, name))

    def _near(self, place: str) -> str:
        folder, name = posixpath.split(place)
        names = self._tree.names(folder)
        near = nearest(name, (each for each in names if each != name))
        return f"did you mean `{near}`?" if near else ""

    def _find(self, where: Pointer, message: str, hint: str) -> None:
        finding = Finding(message, hint=hint, pointer=where, rule=SCRIPT_FILE)
        self._result.findings.append(finding)


def check_relative(name: str) -> None:
    """Raises FileRefused for a path that is not plainly relative on every system."""
    if re.match(_ELSEWHERE, name):
        raise FileRefused("must be relative", "write the path from the manifest's folder")
    if (
        not name
        or re.search(_ODD_CHARACTER, name)
        or any(_odd_part(part) for part in name.split("/"))
    ):
        raise FileRefused("path not allowed", "use plain names and `/`")


def _odd_part(part: str) -> bool:
    if part in (".", ".."):
        return False
    return part.endswith((".", " ")) or re.fullmatch(_DEVICE_NAME, part) is not None
