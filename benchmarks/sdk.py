"""Calls of the official SDK, as a script of a team would make them: a client, a list, a read."""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from alibabacloud_dataworks_public20240518 import models
from alibabacloud_dataworks_public20240518.client import Client
from alibabacloud_tea_openapi.utils_models import Config

from benchmarks.generate import PROJECT
from benchmarks.wire import KEY

KINDS = ("CycleWorkflow", "ManualWorkflow")
PAGE = 100
Given = TypeVar("Given")
Made = TypeVar("Made")


def client(address: str) -> Any:
    """The SDK's client for a service on loopback."""
    key, secret = KEY
    config = Config(access_key_id=key, access_key_secret=secret, endpoint=address, protocol="http")
    config.no_proxy = "127.0.0.1"
    return Client(config)


def listed(service: Any) -> Iterator[tuple[str, str]]:
    """Path and id of every workflow of the project."""
    for kind in KINDS:
        page, total = 1, 1
        while (page - 1) * PAGE < total:
            request = models.ListWorkflowDefinitionsRequest(
                project_id=PROJECT, type=kind, page_number=page, page_size=PAGE
            )
            info = service.list_workflow_definitions(request).body.paging_info
            for each in info.workflow_definitions or ():
                yield each.script.path, each.id
            total, page = info.total_count, page + 1


def definition(service: Any, identity: str) -> dict[str, Any]:
    """The FlowSpec document of a workflow, with its scripts."""
    request = models.GetWorkflowDefinitionRequest(
        id=identity, project_id=PROJECT, include_script_content=True
    )
    answer = service.get_workflow_definition(request).body
    document: dict[str, Any] = json.loads(answer.workflow_definition.spec)
    return document


def in_threads(
    work: Callable[[Given], Made], things: Iterable[Given], threads: int
) -> Iterator[Made]:
    """What the work makes of each thing, in their order; one thread is none besides this one."""
    if threads == 1:
        yield from map(work, things)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, things)
