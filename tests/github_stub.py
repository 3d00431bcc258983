"""What of GitHub's API our workflows use, served on loopback: who one is, comments, a run's own token."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "mall/warehouse"
TOKENS = {"token-of-the-run": "github-actions[bot]", "token-of-a-person": "reviewer"}
READER = "token-of-a-fork"
"""The account of a fork's run may read and not write."""

Reply = tuple[int, Mapping[str, str], Any]
LOST: Reply = (0, {}, None)
"""The connection is closed without an answer."""


@dataclass
class Fault:
    """What is answered to the next call of a method whose path ends so, carried out or not."""

    method: str
    reply: Reply
    carried_out: bool = False
    end: str = ""


@dataclass
class GitHubStub:
    """The comments by number of the pull request; a context manager that serves them."""

    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def __enter__(self) -> "GitHubStub":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def written(self, number: int = 7) -> list[str]:
        """The texts of the comments of a pull request."""
        return [each["body"] for each in self.comments.get(number, [])]

    def add(self, login: str, body: str, number: int = 7) -> dict[str, Any]:
        """A comment that somebody writes."""
        found = self.comments.setdefault(number, [])
        identity = 1000 * number + len(found)
        made = {
            "id": identity,
            "user": {"login": login},
            "body": body,
            "html_url": f"https://github.com/{REPOSITORY}/pull/{number}#issuecomment-{identity}",
        }
        found.append(made)
        return made

    def answer(self, method: str, path: str, token: str, body: Any) -> Reply:
        """What GitHub answers, after the fault that waits for such a call."""
        self.calls.append(f"{method} {path}")
        waiting = (f for f in self.faults if f.method == method and path.endswith(f.end))
        fault = next(waiting, None)
        if fault:
            self.faults.remove(fault)
            if fault.carried_out:
                self._carried_out(method, path, token, body)
            return fault.reply
        return self._carried_out(method, path, token, body)

    def _carried_out(self, method: str, path: str, token: str, body: Any) -> Reply:
        login = TOKENS.get(token, "reader" if token == READER else "")
        if not login:
            return 401, {}, {"message": "Bad credentials"}
        parts = urlsplit(path)
        if parts.path == "/identity":
            return 200, {}, {"value": f"identity for {parse_qs(parts.query)['audience'][0]}"}
        if parts.path == "/graphql":
            return 200, {}, {"data": {"viewer": {"login": login}}}
        if method != "GET" and token == READER:
            return 403, {}, {"message": "Resource not accessible by integration"}
        base = f"/repos/{REPOSITORY}/issues"
        if listed := re.fullmatch(rf"{base}/(\d+)/comments", parts.path):
            return self._of_pull_request(method, int(listed[1]), parse_qs(parts.query), login, body)
        if one := re.fullmatch(rf"{base}/comments/(\d+)", parts.path):
            return self._replaced(int(one[1]), body)
        return 404, {}, {"message": "Not Found"}

    def _of_pull_request(
        self, method: str, number: int, query: Mapping[str, list[str]], login: str, body: Any
    ) -> Reply:
        if method == "POST":
            return 201, {}, self.add(login, body["body"], number)
        size, page = int(query["per_page"][0]), int(query["page"][0])
        return 200, {}, self.comments.get(number, [])[(page - 1) * size : page * size]

    def _replaced(self, identity: int, body: Any) -> Reply:
        for each in (each for found in self.comments.values() for each in found):
            if each["id"] == identity:
                each["body"] = body["body"]
                return 200, {}, each
        return 404, {}, {"message": "Not Found"}


def _handler(stub: GitHubStub) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            size = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(size)) if size else None
            token = self.headers.get("authorization", "").removeprefix("Bearer ")
            status, headers, document = stub.answer(self.command, self.path, token, body)
            self.close_connection = True
            if not status:
                return
            data = json.dumps(document).encode()
            self.send_response(status)
            # Said as well as done: a client that kept the connection would lose its next call.
            always = {"content-length": str(len(data)), "connection": "close"}
            for name, value in {**headers, **always}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815 (what http.server looks for)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (its name there)
            """Nothing: tests look at `calls`."""

    return Handler
