"""The command itself, killed by the system in the middle of a request to an emulator in a third process.

Between them stands a line that counts the requests, and kills at the one that a case names.
"""

import http.client
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deployer.emulator import create_app
from tests import flow_check
from tests.cli_kit import CLEAN, Project
from tests.crash.world import LOST, READS, UNSENT
from tests.emulator_kit import IDENTIFIER, PROJECT
from tests.served_kit import Served

KEYS = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "emulator",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "emulator-secret",
}
CONFIG = """\
manifests: [flows/*.yaml]
targets:
  served:
    endpoint: http://{address}
    project: {project}
    projectIdentifier: {identifier}
    limits: {{settle: 0}}
    default: true
"""
COMMAND = ("apply", "--auto-approve")
KILLED = -signal.SIGKILL
SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
NODE = "shop/clean/tidy"
FLOW = CLEAN.replace("          dependsOn: [shop_dev.land]\n", "")


@dataclass
class Line:
    """What passes between the command and the emulator, and when the command is killed."""

    upstream: str
    at: int = 0
    moment: str = ""
    actions: list[str] = field(default_factory=list)
    process: "subprocess.Popen[str] | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arrived(self, action: str) -> int:
        """Another request; its number, counted from 1."""
        with self._lock:
            self.actions.append(action)
            return len(self.actions)

    def kill(self) -> None:
        """The command is gone before anything else happens."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def forwarded(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        """The emulator's answer, whole."""
        connection = http.client.HTTPConnection(self.upstream, timeout=20)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


def handler(line: Line) -> type[BaseHTTPRequestHandler]:
    """What answers a request on the line."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            number = line.arrived(self.headers["x-acs-action"])
            if (number, UNSENT) == (line.at, line.moment):
                self.close_connection = True
                line.kill()
                return
            status, headers, content = line.forwarded(
                self.command, self.path, dict(self.headers.items()), body
            )
            if (number, LOST) == (line.at, line.moment):
                self.close_connection = True
                line.kill()
                return
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815 (named by http.server)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002
            """Say nothing."""

    return Handler


@contextmanager
def listening(line: Line) -> Iterator[str]:
    """The line, and where it listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(line))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Case:
    """A project on disk whose command goes over the line, and the database behind it."""

    project: Project
    line: Line
    served: Served
    db: Path
    changes: int = 0

    def fresh(self) -> dict[str, str]:
        """An empty workspace and a project that nobody applied; what it will hold."""
        self.served.control("reset", {})
        shutil.rmtree(self.project.root / ".deployer", ignore_errors=True)
        self.project.write("flows/clean.yaml", FLOW)
        return {NODE: "echo tidy"}

    def changed(self) -> dict[str, str]:
        """The workflow with another script than ever before; what it will hold."""
        self.changes += 1
        script = f"echo tidy {self.changes}"
        self.project.write("flows/clean.yaml", FLOW.replace("echo tidy", script))
        return {NODE: script}

    def run(self, at: int = 0, moment: str = "") -> tuple[int, str, list[str]]:
        """How the command ended, what it said, and which operations it called."""
        self.line.at, self.line.moment, self.line.actions = at, moment, []
        self.line.process = self.project.spawn(*COMMAND, env=KEYS, stdout=subprocess.PIPE)
        out, err = self.line.process.communicate(timeout=60)
        return self.line.process.returncode, out + err, self.line.actions

    def scripts(self) -> tuple[dict[str, str], list[str]]:
        """The scripts that the database holds, by node, and what is there twice."""
        app = create_app(
            self.db,
            project=str(PROJECT),
            project_identifier=IDENTIFIER,
            credentials=("emulator", "emulator-secret"),
        )
        try:
            held = flow_check.held(app, PROJECT)
        finally:
            app.close()
        scripts = {
            f"{one.path}/{name}": node["script"]["content"]
            for one in held
            for name, node in one.nodes.items()
        }
        return scripts, flow_check.duplicates(held)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """A project whose command goes over a line to an emulator that is served."""
    with Served(tmp_path, "--control", "--set", "job_seconds=0") as served:
        line = Line(served.address)
        with listening(line) as address:
            project = Project(tmp_path / "project")
            (project.root / "flows/raw.yaml").unlink()
            project.write(
                "deployer.yaml",
                CONFIG.format(address=address, project=PROJECT, identifier=IDENTIFIER),
            )
            yield Case(project, line, served, tmp_path / "work.db")


def points(actions: list[str]) -> list[tuple[int, str]]:
    """Where to kill: around every request from the first write on, and around the first one of all."""
    every = range(1 if SOAK else first_write(actions), len(actions) + 1)
    return [(number, moment) for number in sorted({1, *every}) for moment in (UNSENT, LOST)]


def first_write(actions: list[str]) -> int:
    """Its number, counted from 1."""
    return 1 + next(n for n, action in enumerate(actions) if not action.startswith(READS))


@pytest.mark.parametrize("before", [Case.fresh, Case.changed])
def test_killed_by_the_system(case: Case, before: Callable[[Case], dict[str, str]]) -> None:
    """One rerun of the same command finds its way: one workflow, with the script of the manifest."""
    case.fresh()
    case.run()
    wanted = before(case)
    code, said, actions = case.run()
    assert (code, case.scripts()) == (0, (wanted, [])), said
    amid = [point for point in points(actions) if point >= (first_write(actions), LOST)]
    assert len(points(actions)) >= 10
    assert len(amid) * 2 >= len(points(actions))
    for number, moment in points(actions):
        wanted = before(case)
        killed, _, sent = case.run(number, moment)
        assert (killed, len(sent)) == (KILLED, number)
        code, said, _ = case.run()
        assert (code, case.scripts()) == (0, (wanted, [])), (number, moment, said)
        assert "Traceback" not in said
