"""`deployer emulator serve` as a process of its own, and a client that signs for it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.emulator_kit import DATA, IDENTIFIER, PROJECT, Clock, Fields, Service, signed

ROOT = DATA.parent.parent
COMMAND = "import sys; from deployer.__main__ import main; sys.exit(main())"


def command(*arguments: str | Path) -> subprocess.Popen[str]:
    """A process that runs `deployer` with these arguments."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Served:
    """An emulator in another process."""

    def __init__(self, folder: Path, *flags: str, db: str = "") -> None:
        ready = folder / "ready"
        ready.unlink(missing_ok=True)
        where = db or str(folder / "work.db")
        known = ("--db", where, "--project", str(PROJECT), "--project-identifier", IDENTIFIER)
        self.process = command("emulator", "serve", *known, "--ready-file", ready, *flags)
        while not ready.exists():
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.01)
        self.address = ready.read_text("utf-8")
        self.client = httpx.Client(base_url=f"http://{self.address}", trust_env=False)
        clock = Clock()
        clock.now = time.time()
        self._signer = Service(clock=clock)

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._signer.app.close()
        if self.process.poll() is None:
            self.stop()
        self.ended()

    def stop(self) -> tuple[str, str, int]:
        """End the process as a service manager does, and return what it said."""
        self.process.send_signal(signal.SIGTERM)
        output, errors = self.process.communicate(timeout=20)
        return output, errors, self.process.returncode

    def kill(self) -> None:
        """End the process as nobody can prevent."""
        self.process.kill()
        self.ended()

    def ended(self) -> int:
        """Wait for the end of the process and return its code."""
        self.process.wait(timeout=20)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return self.process.returncode

    def raw(self, action: str, **params: str | int) -> httpx.Response:
        """Send a correctly signed request."""
        request = self._signer.request(action, params)
        request.headers["host"] = self.address
        url = httpx.URL(f"http://{self.address}/", params=request.url.params)
        return self.client.send(
            httpx.Request(
                request.method, url, headers=signed(request).headers, content=request.content
            )
        )

    def call(self, action: str, **params: str | int) -> Fields:
        """Send a request and return the answer of a success."""
        answer: Fields = self.raw(action, **params).json()
        assert "Code" not in answer, answer
        return answer

    def control(self, name: str, body: Fields | None = None) -> Fields:
        """Use the control plane: POST with a body, GET without."""
        url = f"/_control/{name}"
        response = self.client.get(url) if body is None else self.client.post(url, json=body)
        answer: Fields = response.json()
        assert response.status_code == 200, answer
        return answer

    def start(self, document: Fields) -> Fields:
        """ImportWorkflowDefinition → the asynchronous job."""
        spec = json.dumps(document)
        answer = self.call("ImportWorkflowDefinition", ProjectId=PROJECT, Spec=spec)
        job: Fields = answer["AsyncJob"]
        return job
