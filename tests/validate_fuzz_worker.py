"""Validates made-up projects, one after another, in a process of its own that is killed when it hangs.

`python -m tests.validate_fuzz_worker STREAM FIRST COUNT FOLDER…`: the projects FIRST … of a stream, made
from the documents in the folders. Prints one JSON object: what was found wrong, how long the slowest
took (seconds of processor time), and the most memory that the process ever held (MiB).
"""

import json
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from deployer.cli.main import _run
from tests.validate_fuzz_kit import Case, Seeds, case

SECONDS, MEBIBYTES = 2.0, 256.0
HANGING_SECONDS = 20.0
MEMORY_LIMIT = 2 << 30
_STATUS = Path("/proc/self/status")
_HELD = re.compile(r"^VmHWM:\s+([0-9]+) kB$", re.MULTILINE)
_PLACE = re.compile(r"^[^\n]+:[1-9][0-9]*:[1-9][0-9]*: (?:error|warning|info) ", re.MULTILINE)
_RULE = re.compile(r"\bDW1[0-9]{2}\b")
_STEERS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")


def main(stream: int, first: int, count: int, folders: list[Path]) -> None:
    """Runs the projects and prints what came of them."""
    seeds = Seeds(folders)
    if sys.platform == "linux":  # elsewhere it cannot be set
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    wrong: list[str] = []
    reached = 0
    slowest, codes, families = (0.0, 0), Counter[int](), Counter[str]()
    with _workplace():
        for number in range(first, first + count):
            made = case(seeds, stream, number)
            sys.stderr.write(f"{number}\n")
            code, shown, seconds = _validated(made)
            codes[code] += 1
            reached += code == 0 or _RULE.search(shown) is not None
            families[f"{made.family} {code}"] += 1
            slowest = max(slowest, (seconds, number))
            wrong += [
                f"{stream}:{number} {made.family}: {w}" for w in _judged(made, code, shown, seconds)
            ]
    peak = _peak()
    if peak > MEBIBYTES:
        wrong.append(f"{stream}:{first}…{first + count - 1} held {peak:.0f} MiB")
    found = {"wrong": wrong, "seconds": slowest[0], "slowest": slowest[1], "mebibytes": peak}
    counts = {"codes": codes, "families": families, "reached": reached}
    sys.stdout.write(json.dumps({**found, **counts}) + "\n")


@contextmanager
def _workplace() -> Iterator[None]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        yield
        os.chdir(before)


def _peak() -> float:
    """The most memory that this process held, in MiB.

    Linux hands `ru_maxrss` on to the program that a process turns into, so that a child of a large test
    run would begin with the memory of its parent; what /proc says begins anew.
    """
    if held := _HELD.search(_STATUS.read_text()) if _STATUS.exists() else None:
        return int(held[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1 << 20 if sys.platform == "darwin" else 1 << 10
    )


def _validated(made: Case) -> tuple[int, str, float]:
    """Exit code, everything shown, and the processor time that one project took."""
    for name, data in made.files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(data)
    out, err = StringIO(), StringIO()
    sys.argv = ["deployer", "validate", *made.flags]
    # Without a handler the signal ends the process, wherever it hangs.
    signal.setitimer(signal.ITIMER_PROF, HANGING_SECONDS)
    started = time.process_time()
    with redirect_stdout(out), redirect_stderr(err):
        code = _run()
    seconds = time.process_time() - started
    signal.setitimer(signal.ITIMER_PROF, 0)
    shutil.rmtree("flows")
    Path("deployer.yaml").unlink(missing_ok=True)
    return code, out.getvalue() + err.getvalue(), seconds


def _judged(made: Case, code: int, shown: str, seconds: float) -> Iterator[str]:
    """What is wrong with how the program took a project."""
    # Only a broken configuration, or a name on the command line, may be a wrong usage.
    allowed = {0, 1, 64} if made.family == "config" else {0, 1}
    if code not in allowed or "Traceback" in shown:
        yield f"exit {code}: {shown[-1500:]}"
    elif code == 1 and not _places(made, shown):
        yield f"no place in: {shown[:500]}"
    if steering := _STEERS.search(shown):
        yield f"shows U+{ord(steering[0]):04X}: {shown[:500]!r}"
    if seconds > SECONDS:
        yield f"took {seconds:.1f} s"


def _places(made: Case, shown: str) -> bool:
    if "json" not in made.flags or not shown.startswith("{"):
        return _PLACE.search(shown) is not None
    problems: list[dict[str, Any]] = json.loads(shown)["problems"]
    return bool(problems) and all(each["line"] > 0 and each["column"] > 0 for each in problems)


if __name__ == "__main__":
    stream, first, count, *folders = sys.argv[1:]
    main(int(stream), int(first), int(count), [Path(folder) for folder in folders])
