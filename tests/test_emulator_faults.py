"""Planned misbehaviour: which call a fault strikes, whether it has its effect, what comes back."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from deployer.emulator import EmulatorTransport, Fault, Switches
from deployer.emulator.faults import KINDS, from_mapping
from tests.emulator_kit import (
    PROJECT,
    Clock,
    Service,
    flow,
    signed,
)

CREATE = "CreateWorkflowDefinition"


def status_of(service: Service, action: str = "GetProject", **params: Any) -> int:
    return service.raw(action, **(params or {"Id": PROJECT})).status_code


def statuses(service: Service, number: int) -> list[int]:
    return [status_of(service) for _ in range(number)]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"nth": 2}, [200, 500, 200, 200, 200, 200]),
        ({"every": 3}, [200, 200, 500, 200, 200, 500]),
        ({"times": 2}, [500, 500, 200, 200, 200, 200]),
        ({"every": 2, "times": 1}, [200, 500, 200, 200, 200, 200]),
        ({"action": "GetProject", "nth": 1}, [500, 200, 200, 200, 200, 200]),
        ({"action": "GetNode"}, [200, 200, 200, 200, 200, 200]),
        ({"chance": 1.0}, [500, 500, 500, 500, 500, 500]),
    ],
)
def test_which_calls_are_struck(chosen: dict[str, Any], expected: list[int]) -> None:
    """The n-th, each k-th or each call of an action since the fault was added, so many times."""
    with Service() as service:
        service.call("GetProject", Id=PROJECT)
        service.control.add_fault(Fault("status", **chosen))
        assert statuses(service, 6) == expected


def test_chance_is_the_same_for_the_same_seed() -> None:
    """A probability is drawn from the fault's own seed: the same calls are struck in each run."""

    def run(seed: int) -> list[int]:
        with Service() as service:
            service.control.add_fault(Fault("status", chance=0.3, seed=seed))
            return statuses(service, 40)

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert 4 <= run(1).count(500) <= 20


def test_first_of_several_faults_strikes() -> None:
    """Every fault counts each call, and the one that was added first has its way."""
    with Service() as service:
        service.control.add_fault(Fault("status", nth=2, status=503))
        service.control.add_fault(Fault("status", every=2, status=502))
        assert statuses(service, 4) == [200, 503, 200, 502]
        counted = [(entry.met, entry.struck) for entry in service.control.faults()]
        assert counted == [(4, 1), (4, 1)]
        service.control.clear_faults()
        assert (statuses(service, 2), service.control.faults()) == ([200, 200], [])


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", ["status", "reset", "truncated", "html", "empty", "hang"])
def test_before_or_after_the_effect(kind: str, moment: str) -> None:
    """A call that fails has had its effect, or has not: its answer does not tell."""
    with Service() as service:
        service.control.add_fault(Fault(kind, action=CREATE, nth=1, moment=moment))
        with contextlib.suppress(httpx.TransportError):
            service.raw(CREATE, ProjectId=PROJECT, Spec=json.dumps(flow()))
        assert service.names() == (["flow"] if moment == "after" else [])


@pytest.mark.parametrize("kind", ["throttled", "quota"])
def test_throttled_calls_are_never_carried_out(kind: str) -> None:
    """Throttling means that nothing was done, whatever moment is named (B-101)."""
    with Service() as service:
        service.control.add_fault(Fault(kind, action=CREATE, nth=1, moment="after"))
        refused = service.refusal(CREATE, ProjectId=PROJECT, Spec=json.dumps(flow()))
        code = "Throttling.User" if kind == "throttled" else "Throttling.Api.Risk"
        assert (refused, service.names()) == ((429, code), [])


@pytest.mark.parametrize("waits", [(), ("1500",), ("abc",), ("-5",), ("1", "2")])
@pytest.mark.parametrize("scope", ["User", "Api", "System"])
def test_throttling(scope: str, waits: tuple[str, ...]) -> None:
    """The code names whose limit it is; `x-acs-retry-after` is there as given, sense or not."""
    with Service() as service:
        service.control.add_fault(Fault("throttled", scope=scope, retry_after=waits))
        response = service.raw("GetProject", Id=PROJECT)
    assert (response.status_code, response.json()["Code"]) == (429, f"Throttling.{scope}")
    assert response.headers.get_list("x-acs-retry-after") == list(waits)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_status_and_code(status: int) -> None:
    """An error has the status and the code that the fault names."""
    with Service() as service:
        service.control.add_fault(Fault("status", status=status, code="ServiceUnavailable"))
        assert service.refusal("GetProject", Id=PROJECT) == (status, "ServiceUnavailable")


def undecodable(response: httpx.Response) -> bool:
    try:
        response.json()
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("html", lambda got: got.headers["content-type"] == "text/html" and undecodable(got)),
        ("empty", lambda got: got.content == b""),
        ("list", lambda got: got.json() == []),
        ("text", lambda got: got.json()["Project"]["Id"] == "text"),
        ("twice", undecodable),
        ("keys", lambda got: got.json()["Project"] is None and got.text.count('"Project"') == 2),
    ],
)
def test_spoilt_bodies(kind: str, check: Callable[[httpx.Response], bool]) -> None:
    """A success whose body is not what it should be."""
    with Service() as service:
        service.control.add_fault(Fault(kind, moment="after"))
        response = service.raw("GetProject", Id=PROJECT)
    assert (response.status_code, check(response)) == (200, True)


@pytest.mark.parametrize(
    ("kind", "error"), [("reset", httpx.ReadError), ("hang", httpx.ReadTimeout)]
)
def test_lost_answers_in_process(kind: str, error: type[Exception]) -> None:
    """In process a client sees the errors of httpx that a socket would give."""
    with Service() as service:
        service.control.add_fault(Fault(kind))
        with pytest.raises(error):
            service.raw("GetProject", Id=PROJECT)


def test_truncated_in_process() -> None:
    """Status and headers arrive; reading the body ends in the error of a cut connection."""
    with Service() as service:
        service.control.add_fault(Fault("truncated", moment="after"))

        async def read() -> int:
            async with httpx.AsyncClient(transport=EmulatorTransport(service.app)) as client:
                request = service.request("GetProject", {"Id": PROJECT})
                async with client.stream(
                    "GET", request.url, headers=signed(request).headers
                ) as got:
                    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
                        await got.aread()
                    return got.status_code

        assert asyncio.run(read()) == 200


def test_answer_of_another_call() -> None:
    """The body is that of the call before, as when a proxy mixes up its connections."""
    with Service() as service:
        workflow_id = service.create(flow())
        service.control.add_fault(Fault("other", action="GetProject"))
        assert service.raw("GetProject", Id=PROJECT).json()["Id"] == workflow_id


def test_stale_reads() -> None:
    """A read is answered as it was before the last change; the next one is right again."""
    with Service() as service:
        service.control.add_fault(Fault("stale", action="ListWorkflowDefinitions", nth=2))
        assert service.names() == []
        service.create(flow())
        assert (service.names(), service.names()) == ([], ["flow"])


@pytest.mark.parametrize("moment", ["before", "after"])
def test_late_answers(moment: str) -> None:
    """A late answer takes its time; with `before` what it does is done at the end of that time."""
    with Service() as service:
        service.control.add_fault(Fault("late", action=CREATE, ms=9000, moment=moment))
        before = service.clock.now
        workflow_id = service.create(flow())
        made = service.call("GetWorkflowDefinition", Id=workflow_id)["WorkflowDefinition"]
    waited = made["CreateTime"] / 1000 - before
    assert (service.clock.now - before, waited) == (9, 9 if moment == "before" else 0)


def test_latency_of_every_answer() -> None:
    """The setting `latency_ms` lets each answer take so long, refusals too."""
    with Service(switches=Switches(latency_ms="250")) as service:
        before = service.clock.now
        statuses(service, 3)
        service.refusal("GetNode", Id="1")
    assert service.clock.now - before == 1.0


def test_daily_quota() -> None:
    """The quota of a day is used up by refused calls too, and is there again after midnight."""
    with Service(switches=Switches(daily_quota="3")) as service:
        service.refusal("GetNode", Id="1")
        assert statuses(service, 4) == [200, 200, 429, 429]
        assert service.refusal("GetProject", Id=PROJECT) == (429, "Throttling.Api.Risk")
        service.clock.now += 86_400
        assert status_of(service) == 200


def test_rate_limit() -> None:
    """Calls beyond the rate are throttled until the next second, which the answer tells in ms."""
    with Service(switches=Switches(qps="2")) as service:
        service.clock.now += 0.4
        assert statuses(service, 3) == [200, 200, 429]
        response = service.raw("GetProject", Id=PROJECT)
        assert response.json()["Code"] == "Throttling.User"
        service.clock.now += int(response.headers["x-acs-retry-after"]) / 1000 + 0.001
        assert status_of(service) == 200


def test_faults_are_shared_and_survive(tmp_path: Path) -> None:
    """Faults are in the file: another process meets them, and how often they struck is kept."""
    db = tmp_path / "work.db"
    with Service(db) as service:
        service.control.add_fault(Fault("status", every=2))
        assert statuses(service, 3) == [200, 500, 200]
    with Service(db, clock=Clock()) as later:
        assert statuses(later, 2) == [500, 200]


def test_unsigned_calls_meet_no_fault() -> None:
    """What the gateway turns away is not counted."""
    with Service() as service:
        service.control.add_fault(Fault("status", nth=1))
        service.send(service.request("GetProject", {"Id": PROJECT}))
        assert [entry.met for entry in service.control.faults()] == [0]


def test_process_dies_only_when_served_with_control() -> None:
    """A fault that ends the process is refused where a test runner would be that process."""
    with Service() as service, pytest.raises(ValueError, match="served with its control plane"):
        service.control.add_fault(Fault("die"))


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "unheard-of"},
        {"kind": "status", "moment": "never"},
        {"kind": "status", "status": 200},
        {"kind": "status", "status": "500"},
        {"kind": "status", "nth": 1, "every": 2},
        {"kind": "status", "nth": -1},
        {"kind": "status", "nth": True},
        {"kind": "status", "chance": 1.5},
        {"kind": "status", "chance": "1"},
        {"kind": "status", "moment": "within"},
        {"kind": "throttled", "scope": "Nobody"},
        {"kind": "throttled", "retry_after": [1]},
        {"kind": 1},
        {"kind": "status", "unknown": 1},
        {},
    ],
)
def test_senseless_faults_are_refused(values: dict[str, Any]) -> None:
    """A fault that cannot be meant is an error when it is planned, not when it strikes."""
    with pytest.raises(ValueError):  # noqa: PT011
        from_mapping(values)


@pytest.mark.parametrize("kind", KINDS)
def test_faults_travel_as_json(kind: str) -> None:
    """A fault is the same after its way through JSON."""
    fault = Fault(kind, retry_after=("1", "2"))
    assert from_mapping(json.loads(json.dumps(asdict(fault)))) == fault
