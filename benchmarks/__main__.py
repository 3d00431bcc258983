"""Every benchmark in turn, each in a process of its own; fails if one is over a budget.

All are run whatever the others said, so that one run tells everything.
"""

import argparse
import signal
import subprocess
import sys
import time

from benchmarks.rounds import ROOT, script

ALL = ("startup", "load", "validate", "emulator", "render", "apply", "plan", "scale")


def ended(name: str) -> int:
    """Run a benchmark, and return its exit code; it is given the time to end what it started."""
    process = subprocess.Popen(script(f"bench_{name}"), cwd=ROOT)
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


def main() -> int:
    """Run the benchmarks that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}")
    given = parser.parse_args()
    if unknown := set(given.names) - set(ALL):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    failed = []
    for name in given.names or ALL:
        begun = time.monotonic()
        print(f"\n=== {name}", flush=True)
        if ended(name):
            failed.append(name)
        print(f"{name} took {time.monotonic() - begun:.0f} s", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
