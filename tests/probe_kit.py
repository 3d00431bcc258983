"""A probe of an emulator in this process, whose time is virtual."""

import asyncio
from collections.abc import Mapping

from deployer.emulator import EmulatorTransport, VirtualClock, create_app
from deployer.errors import DeployerError
from deployer.probing.bench import Bench
from deployer.probing.steps import probe
from deployer.remote.workspace import Remote
from deployer.transport.client import Client
from deployer.transport.credentials import Credentials

FOLDER = "trials/first"
OTHER = "shop/kept"


class Probed:
    """What a probe of an emulator with these switches came to, and what it left there."""

    def __init__(self, switches: Mapping[str, str]) -> None:
        self.left: list[str] = []
        self.failure: DeployerError | None = None
        asyncio.run(self._run({"job_seconds": "2", **switches}))

    async def _run(self, switches: Mapping[str, str]) -> None:
        clock = VirtualClock()

        async def sleep(seconds: float) -> None:
            clock.advance(seconds)

        key = ("emulator", "emulator-secret")
        app = create_app(
            ":memory:",
            project="10001",
            project_identifier="shop_dev",
            credentials=key,
            clock=clock,
            sleep=sleep,
        )
        app.control.save("somebody", 10001, _document())
        app.control.set(switches)
        async with Client(
            "http://127.0.0.1",
            lambda: Credentials(*key),
            transport=EmulatorTransport(app),
            sleep=sleep,
            clock=clock,
            now=clock,
        ) as client:
            bench = Bench(Remote(client, "10001"), FOLDER, "abc123", 30.0, sleep)
            try:
                await probe(bench, lambda _: None)
            except DeployerError as failure:
                self.failure = failure
            finally:
                self.left = await bench.tidy()
            self.switches = bench.switches
            self.gone = bench.gone
            self.calls = client.calls
            self.last = sorted(await bench.remote.summaries())
            self.truth = app.control.switches().as_mapping()
            app.close()


def _document() -> dict[str, object]:
    body = {
        "name": "kept",
        "script": {"path": OTHER, "runtime": {"command": "WORKFLOW"}},
        "trigger": {"type": "Scheduler", "cron": "00 00 02 * * ?"},
        "nodes": [],
    }
    return {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [body]}}
