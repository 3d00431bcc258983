"""Servers in processes of their own, for as long as a block runs."""

import json
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.recorded import Twin
from benchmarks.rounds import ROOT, Command, script
from benchmarks.wire import KEY

CREDENTIALS = dict(
    zip(("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"), KEY, strict=True)
)
"""The variables that a command needs to be known to these servers."""

REFUSED = "refused"
"""What a `service` counts calls under that were too many, instead of their operation."""


@contextmanager
def served(*command: str) -> Iterator[str]:
    """Run a server until the block ends; its last argument is the file that gets its address."""
    with tempfile.TemporaryDirectory() as name:
        ready = Path(name) / "address"
        process = subprocess.Popen([*command, str(ready)], cwd=ROOT)
        try:
            while not ready.exists():
                if process.poll() is not None:
                    raise RuntimeError(f"the server has ended: {' '.join(command)[:200]}")
                time.sleep(0.01)
            yield ready.read_text("utf-8")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


@contextmanager
def recorded(workspace: Twin, delay: float = 0.0, qps: float = 0.0) -> Iterator[str]:
    """Serve what was recorded, each answer `delay` ms late; yields the address."""
    command: Command = script("service", str(workspace.folder))
    with served(*command, "--delay", str(delay), "--qps", str(qps)) as address:
        yield address


def counted(address: str) -> dict[str, int]:
    """The calls of each operation since this was asked last, of a `service`."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{address}/counted") as answer:
        found: dict[str, int] = json.load(answer)
    return found
