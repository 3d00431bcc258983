"""The control plane: switches, time, the console and the log, as functions and over HTTP."""

import json
from typing import Any

import httpx
import pytest

from deployer.emulator import Fault
from tests.emulator_kit import PROJECT, Fields, Service, at, flow, node

SERVED = {"content-type": "application/json"}


def control(
    service: Service,
    method: str,
    name: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    content = b"" if body is None else json.dumps(body).encode()
    url = f"http://127.0.0.1/_control/{name}"
    return service.send(httpx.Request(method, url, headers=headers or SERVED, content=content))


def post(service: Service, name: str, body: object) -> Fields:
    response = control(service, "POST", name, body)
    answer: Fields = response.json()
    assert response.status_code == 200, answer
    return answer


def get(service: Service, name: str) -> Fields:
    answer: Fields = control(service, "GET", name).json()
    return answer


def test_switches_are_read_and_set() -> None:
    """A switch acts from the next call on; the others stay."""
    with Service(control=True) as service:
        assert get(service, "switches")["name_conflict"] == "fail"
        after = post(service, "switches", {"name_conflict": "duplicate", "qps": "100"})
        assert (after["name_conflict"], after["qps"]) == ("duplicate", "100")
        assert get(service, "switches") == after
        service.load(flow())
        service.load(flow())
        assert service.names() == ["flow", "flow"]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"name_conflict": "maybe"}, "name_conflict is one of fail, duplicate, update_by_path"),
        ({"unheard_of": "1"}, "there is no switch unheard_of, but import_missing_nodes"),
        ({"qps": "-1"}, "qps is a number, not -1"),
        ({"qps": 5}, "qps is a number, not 5"),
        ({"job_seconds": "soon"}, "job_seconds is auto or a number, not soon"),
        ({"daily_quota": "auto"}, "daily_quota is a number, not auto"),
    ],
)
def test_unknown_switches_are_refused(chosen: dict[str, Any], said: str) -> None:
    """A wrong name or value is told together with the right ones, and nothing is changed."""
    with Service(control=True) as service:
        before = get(service, "switches")
        response = control(service, "POST", "switches", chosen)
        assert (response.status_code, said in response.json()["error"]) == (400, True)
        assert get(service, "switches") == before


def test_faults_over_http() -> None:
    """Faults are added, listed with their counters, and cleared."""
    with Service(control=True) as service:
        added = post(service, "faults", {"kind": "throttled", "nth": 1, "retry_after": "1500"})
        assert service.raw("GetProject", Id=PROJECT).headers["x-acs-retry-after"] == "1500"
        (entry,) = get(service, "faults")["faults"]
        assert (entry["id"], entry["met"], entry["struck"]) == (added["id"], 1, 1)
        assert post(service, "faults/clear", {}) == {}
        assert get(service, "faults") == {"faults": []}
        assert control(service, "POST", "faults", {"kind": "x"}).status_code == 400


def test_time_moves_what_is_due_but_not_the_gateway() -> None:
    """After an advance a job is done, while calls signed with the caller's own time are taken."""
    with Service(job_seconds=3600, control=True) as service:
        job = service.start(flow())
        assert service.job(job) == ("Running", "")
        before = get(service, "clock")["now"]
        assert post(service, "clock", {"advance": 7200}) == {"now": before + 7_200_000}
        assert service.job(job) == ("Success", "")
        assert control(service, "POST", "clock", {"advance": -1}).status_code == 400


def test_console_edits() -> None:
    """Somebody else edits, renames and deletes; the log tells who."""
    with Service(control=True) as service:
        mine = service.load(flow(node("a")))
        edited = service.document(mine)
        edited["spec"]["workflows"][0]["description"] = "by hand"
        body = {"user": "mei", "project": PROJECT, "document": edited}
        assert post(service, "save", body) == {"id": mine}
        assert service.workflow(mine)["description"] == "by hand"
        params = {"Id": mine, "ProjectId": PROJECT, "Name": "other"}
        post(
            service,
            "console",
            {"user": "mei", "action": "RenameWorkflowDefinition", "params": params},
        )
        assert service.names() == ["other"]
        gone = {"Id": mine, "ProjectId": PROJECT}
        post(
            service, "console", {"user": "li", "action": "DeleteWorkflowDefinition", "params": gone}
        )
        assert service.names() == []
        lines = [
            (line.caller, line.action, line.kind)
            for line in service.control.effects()
            if line.object == "workflow"
        ]
    assert lines == [
        ("emulator", "ImportWorkflowDefinition", "create"),
        ("mei", "Console", "update"),
        ("mei", "RenameWorkflowDefinition", "move"),
        ("li", "DeleteWorkflowDefinition", "delete"),
    ]


def test_console_mistakes_change_nothing() -> None:
    """A refused console edit is told and undone."""
    with Service(control=True) as service:
        service.load(at("a/one"))
        taken = {"user": "mei", "project": PROJECT, "document": at("a/one")}
        unknown = {"user": "mei", "action": "Nothing", "params": {}}
        nobody = {"user": "mei", "project": 1, "document": at("b/two")}
        found = [
            control(service, "POST", name, body).status_code
            for name, body in (("save", taken), ("console", unknown), ("save", nobody))
        ]
        assert (found, service.names()) == ([400, 404, 400], ["one"])
        assert len(service.control.effects()) == 1


def test_effects_over_http() -> None:
    """The log is read from the beginning or behind a known line."""
    with Service(control=True) as service:
        service.load(flow(node("a")))
        lines = get(service, "effects")["effects"]
        assert [line["sequence"] for line in lines] == [1, 2]
        assert get(service, "effects?after=1")["effects"] == lines[1:]


def test_reset_begins_another_history() -> None:
    """After a reset the workspace and its log are empty, and the same calls make the same ids."""
    with Service(control=True) as service:
        service.control.set({"name_case": "insensitive"})
        service.control.add_fault(Fault("status", action="GetNode"))
        first = service.load(flow(node("a")))
        post(service, "reset", {})
        assert (service.names(), service.control.effects(), service.control.faults()) == (
            [],
            [],
            [],
        )
        assert service.control.switches().name_case == "insensitive"
        assert service.load(flow(node("a"))) == first


def test_closed_unless_asked_for() -> None:
    """Without `control` its paths are as unknown as any other."""
    with Service() as service:
        for name in ("switches", "effects", "nothing"):
            response = control(service, "GET", name)
            assert (response.status_code, response.json()["Code"]) == (404, "InvalidApi.NotFound")


@pytest.mark.parametrize(
    ("method", "name", "headers", "status"),
    [
        ("POST", "reset", {"content-type": "text/plain"}, 415),
        ("POST", "reset", {}, 415),
        ("POST", "reset", {**SERVED, "origin": "http://127.0.0.1:8080"}, 403),
        ("POST", "reset", {**SERVED, "origin": "null"}, 403),
        ("GET", "effects", {"origin": "https://example.com"}, 403),
        ("GET", "effects", {"sec-fetch-site": "cross-site"}, 403),
        ("OPTIONS", "reset", {"origin": "https://example.com"}, 403),
        ("OPTIONS", "reset", {"x": "y"}, 405),
        ("GET", "reset", SERVED, 405),
        ("DELETE", "faults", SERVED, 405),
        ("GET", "unknown", SERVED, 404),
    ],
)
def test_no_web_page_controls(method: str, name: str, headers: dict[str, str], status: int) -> None:
    """What a page in a browser could send is refused, and no CORS header invites it (S-61)."""
    with Service(control=True) as service:
        service.load(flow())
        response = control(service, method, name, headers=headers or {"x": "y"})
        assert (response.status_code, service.names()) == (status, ["flow"])
        assert not [key for key in response.headers if key.startswith("access-control-")]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("faults", []),
        ("clock", {}),
        ("clock", {"advance": "soon"}),
        ("clock", {"advance": 1e999}),
        ("clock", {"advance": float("nan")}),
        ("console", {"user": "mei"}),
        ("save", {"user": "mei", "project": "x", "document": {}}),
        ("save", {"user": "mei", "project": PROJECT, "document": []}),
        ("save", {"user": "mei", "project": PROJECT, "document": {"spec": [1]}}),
        ("failures", {}),
    ],
)
def test_odd_bodies_are_refused(name: str, body: object) -> None:
    """A body that says nothing sensible is a 400 that says why."""
    with Service(control=True) as service:
        response = control(service, "POST", name, body)
        assert (response.status_code, bool(response.json()["error"])) == (400, True)
