"""The floor of a plan: every list page, one after the other, then every workflow as bytes.

Signed requests over raw asyncio streams; nothing is decoded but the lists, for the ids in them.
"""

import argparse
import json
from collections.abc import Iterator

from benchmarks.generate import PROJECT
from benchmarks.wire import send_all, signed

KINDS = ("CycleWorkflow", "ManualWorkflow")
PAGE = 100


def listed(address: str) -> Iterator[str]:
    """The id of every workflow of the project."""
    for kind in KINDS:
        page, total = 1, 1
        while (page - 1) * PAGE < total:
            paging = {"PageNumber": str(page), "PageSize": str(PAGE)}
            params = {"ProjectId": PROJECT, "Type": kind, **paging}
            request = signed("GET", "ListWorkflowDefinitions", address, params)
            info = json.loads(send_all(address, [request], 1)[1])["PagingInfo"]
            yield from (each["Id"] for each in info["WorkflowDefinitions"])
            total, page = info["TotalCount"], page + 1


def fetched(address: str, connections: int) -> int:
    """Read every workflow with its scripts; returns how many there are."""
    ids = list(listed(address))
    params = {"ProjectId": PROJECT, "IncludeScriptContent": "true"}
    gets = (
        signed("GET", "GetWorkflowDefinition", address, {"Id": identity, **params})
        for identity in ids
    )
    send_all(address, gets, connections)
    return len(ids)


def main() -> None:
    """Fetch all and say how many there were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--connections", type=int, default=16)
    given = parser.parse_args()
    print(fetched(given.address, given.connections))


if __name__ == "__main__":
    main()
