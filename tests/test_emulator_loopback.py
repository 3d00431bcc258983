"""The served emulator: where it listens, whom it answers, how it starts and stops."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deployer.emulator.loopback import LoopbackServer
from tests.emulator_kit import DATA, KEY, PROJECT, Service, signed

ROOT = DATA.parent.parent


@contextmanager
def served(service: Service) -> Iterator[LoopbackServer]:
    with LoopbackServer(service.app) as server:
        thread = threading.Thread(target=server.run_until_stopped)
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join()


def ask(server: LoopbackServer, host: str) -> int:
    headers = {"host": host}
    return httpx.get(f"http://{server.address}/", headers=headers, trust_env=False).status_code


def test_answers_to_its_own_names_only() -> None:
    """A Host that is not this machine's own is refused first (404 here: no such action)."""
    with Service() as service, served(service) as server:
        port = server.address.partition(":")[2]
        names = [f"127.0.0.1:{port}", f"localhost:{port}", "LOCALHOST", f"[::1]:{port}", "[::1]"]
        assert [ask(server, name) for name in names] == [404] * len(names)
        others = ["example.com", f"example.com:{port}", "127.0.0.1.example.com", "10.0.0.1", ""]
        assert [ask(server, name) for name in others] == [403] * len(others)


def test_a_stop_before_the_start_counts() -> None:
    """Whoever starts the server in a thread may fail before that thread gets to run."""
    with Service() as service, LoopbackServer(service.app) as server:
        server.stop()
        thread = threading.Thread(target=server.run_until_stopped, daemon=True)
        thread.start()
        thread.join(5)
        assert not thread.is_alive()


def test_answers_signed_calls() -> None:
    """Over a socket the same request gets the same answer as in process."""
    with Service() as service, served(service) as server:
        request = service.request("GetProject", {"Id": PROJECT})
        request.headers["host"] = server.address
        signed(request)
        request.url = httpx.URL(f"http://{server.address}/", params=request.url.params)
        with httpx.Client(trust_env=False) as client:
            answer = client.send(request)
    assert (answer.status_code, answer.json()["Project"]["Id"]) == (200, PROJECT)


def test_port_is_bound_once() -> None:
    """A port that is taken is an error at once."""
    with Service() as service, LoopbackServer(service.app) as server:
        port = int(server.address.partition(":")[2])
        with pytest.raises(OSError, match="in use"):
            LoopbackServer(service.app, port)


def test_listens_on_loopback_only() -> None:
    """Other addresses of this machine do not reach it."""
    with Service() as service, LoopbackServer(service.app) as server:
        port = int(server.address.partition(":")[2])
        with pytest.raises(ConnectionError), socket.create_connection(("127.0.0.2", port)):
            pass


SERVE = """
import sys
from pathlib import Path
from deployer.emulator import serve
serve(Path(sys.argv[1]), project={project!r}, project_identifier="sales_dev",
      credentials={key!r}, ready_file=Path(sys.argv[2]))
print("stopped")
"""


def address_in(ready: Path, process: subprocess.Popen[str]) -> str:
    """What the ready file says once the process has written it."""
    while not ready.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return ready.read_text(encoding="utf-8")


def start(db: Path, ready: Path) -> subprocess.Popen[str]:
    script = SERVE.format(project=str(PROJECT), key=KEY)
    return subprocess.Popen(
        [sys.executable, "-c", script, str(db), str(ready)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_stops_cleanly_on_sigterm(tmp_path: Path) -> None:
    """The ready file holds the address that answers; SIGTERM ends `serve` as a normal return."""
    db, ready = tmp_path / "workspace.db", tmp_path / "run" / "ready"
    process = start(db, ready)
    address = address_in(ready, process)
    assert httpx.get(f"http://{address}/", trust_env=False).status_code == 404
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate()
    assert (output, errors, process.returncode) == ("stopped\n", "", 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "workspace.db"]


def test_stale_ready_file_is_removed_first(tmp_path: Path) -> None:
    """Whoever waits for the file never reads the address of an earlier server."""
    ready = tmp_path / "ready"
    ready.write_text("127.0.0.1:1", encoding="utf-8")
    with Service() as service, LoopbackServer(service.app) as server:
        thread = threading.Thread(target=server.run_until_stopped, args=(ready,))
        thread.start()
        httpx.get(f"http://{server.address}/", trust_env=False)
        server.stop()
        thread.join()
        assert ready.read_text(encoding="utf-8") == server.address
