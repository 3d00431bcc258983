"""Names of workflows and nodes as names of files: whatever they hold, they stay inside a folder."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

LONGEST_PART = 100
"""Bytes of one part; file systems end at 255, and suffixes and temporary names come on top."""
LONGEST_PATH = 400

_UNSAFE = re.compile(r'[\0-\x1f\x7f-\x9f/\\:*?"<>|\[\]]')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}


def safe_part(name: str) -> str:
    """`name` as one part of a path; one that had to be changed ends with a digest of the original."""
    text = _UNSAFE.sub("_", unicodedata.normalize("NFC", name))
    text = "".join("_" if unicodedata.category(each) in _HIDDEN else each for each in text)
    text = text.encode()[:LONGEST_PART].decode(errors="ignore").rstrip(". ")
    if not text or text.startswith((".", "~", "-", " ")):
        text = f"_{text[1:]}"
    if _DEVICE.fullmatch(text):
        text = f"_{text}"
    return text if text == unicodedata.normalize("NFC", name) else f"{text}-{mark(name)}"


def safe_path(parts: Sequence[str]) -> tuple[str, ...]:
    """The parts of a path, each safe; only the last one where the whole would be too long."""
    found = tuple(safe_part(part) for part in parts)
    if sum(len(part.encode()) + 1 for part in found) <= LONGEST_PATH:
        return found
    return (with_mark(found[-1], "/".join(parts)),)


def mark(text: str) -> str:
    """Eight characters that tell one name from all others."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def with_mark(stem: str, original: str) -> str:
    """A name for a file that is not the one of another name."""
    return stem if stem.endswith(f"-{mark(original)}") else f"{stem}-{mark(original)}"


def folded(path: str) -> str:
    """The same for paths that some file systems hold to be one: equal up to case and Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", path).casefold())


def taken(paths: Iterable[str]) -> set[str]:
    """The folded forms of paths."""
    return {folded(path) for path in paths}
