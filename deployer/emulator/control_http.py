"""The control plane over HTTP: JSON in and out below `/_control/`, for whoever started the server.

It is there only when asked for, on loopback like everything else. What a web page could send
without asking first is refused: any `Origin`, and any body that is not declared as JSON.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from deployer.emulator import effects, faults
from deployer.emulator.control import Control
from deployer.emulator.failures import ApiError
from deployer.emulator.gateway import Request
from deployer.emulator.replies import Reply

PREFIX = "/_control/"

Body = Mapping[str, Any]
Route = Callable[[Control, Body], Any]


def control_reply(control: Control, request: Request) -> Reply:
    """Answer a request below the prefix; mistakes are answered as `{"error": …}`."""
    try:
        route = _route(request)
        return _reply(200, route(control, _body(request)))
    except ApiError as err:
        return _reply(err.status, {"error": err.message, "code": err.code})
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as err:
        said = f"{err.args[0]} is missing" if isinstance(err, KeyError) else str(err)
        return _reply(400, {"error": said})


def _route(request: Request) -> Route:
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        raise ApiError(403, "Forbidden", "no web page may use the control plane")
    routes = {name: route for (name, _), route in ROUTES.items()}
    name = request.path.removeprefix(PREFIX)
    if name not in routes:
        names = ", ".join(sorted({known for known, _ in ROUTES}))
        raise ApiError(404, "NotFound", f"below {PREFIX} are {names}")
    if (name, request.method) not in ROUTES:
        raise ApiError(405, "UnsupportedHTTPMethod", f"{name} knows no {request.method}")
    return ROUTES[name, request.method]


def _body(request: Request) -> Body:
    if request.method == "GET":
        return dict(request.query)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "UnsupportedMediaType", "a body is sent as application/json")
    body = json.loads(request.body or b"{}")
    if not isinstance(body, dict):
        raise ValueError("a body is a JSON object")
    return body


def _reply(status: int, answer: Any) -> Reply:
    headers = (("content-type", "application/json;charset=utf-8"), ("cache-control", "no-store"))
    return Reply(status, headers, json.dumps(answer, ensure_ascii=False).encode(errors="replace"))


def _faults(control: Control, _: Body) -> Any:
    return {"faults": [asdict(entry) for entry in control.faults()]}


def _add_fault(control: Control, body: Body) -> Any:
    return {"id": control.add_fault(faults.from_mapping(body))}


def _clear_faults(control: Control, _: Body) -> Any:
    control.clear_faults()
    return {}


def _effects(control: Control, body: Body) -> Any:
    found = control.effects(int(body.get("after", 0)))
    return {"effects": [effects.as_mapping(effect) for effect in found]}


def _fail_task(control: Control, body: Body) -> Any:
    message = str(body.get("message", "planned failure"))
    control.fail_task(str(body["name"]), message, int(body.get("times", 1)))
    return {}


def _decide(control: Control, body: Body) -> Any:
    decisions = {
        "approve": control.approve,
        "reject": control.reject,
        "terminate": control.terminate,
    }
    if body["decision"] not in decisions:
        raise ValueError(f"decision is one of {', '.join(decisions)}")
    decisions[body["decision"]](str(body["user"]), str(body["pipeline"]))
    return {}


def _set_mode(control: Control, body: Body) -> Any:
    if body["mode"] not in ("simple", "standard"):
        raise ValueError("mode is one of simple, standard")
    control.set_mode(int(body["project"]), body["mode"])
    return {}


def _generate(control: Control, body: Body) -> Any:
    return {"ids": control.generate(int(body["project"]), str(body["day"]))}


def _reset(control: Control, _: Body) -> Any:
    control.reset()
    return {}


ROUTES: Mapping[tuple[str, str], Route] = {
    ("switches", "GET"): lambda control, _: control.switches().as_mapping(),
    ("switches", "POST"): lambda control, body: control.set(body).as_mapping(),
    ("faults", "GET"): _faults,
    ("faults", "POST"): _add_fault,
    ("faults/clear", "POST"): _clear_faults,
    ("clock", "GET"): lambda control, _: {"now": control.now()},
    ("clock", "POST"): lambda control, body: {"now": control.advance(float(body["advance"]))},
    ("effects", "GET"): _effects,
    ("console", "POST"): lambda control, body: control.act(
        str(body["user"]), str(body["action"]), dict(body["params"])
    ),
    ("save", "POST"): lambda control, body: {
        "id": control.save(str(body["user"]), int(body["project"]), dict(body["document"]))
    },
    ("failures", "POST"): _fail_task,
    ("pipelines", "POST"): _decide,
    ("mode", "POST"): _set_mode,
    ("instances", "POST"): _generate,
    ("reset", "POST"): _reset,
}
