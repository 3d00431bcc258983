"""What a team would write instead of `deployer apply`: read, put scripts and triggers in, import, poll.

It writes every workflow that differs and believes the job: nothing is read back, nothing noted, and what
somebody else wrote in between is written over.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from alibabacloud_dataworks_public20240518 import models

from benchmarks.generate import PROJECT
from benchmarks.sdk import client, definition, in_threads, listed
from benchmarks.sdk_plan import TRIGGER, differences, manifests

POLL = 0.05
"""Seconds between two looks at a job."""


def put_in(wanted: dict[str, Any], live: dict[str, Any]) -> None:
    """Write the scripts and the trigger of a manifest into a live workflow object."""
    live["trigger"] |= {key: wanted["trigger"][key] for key in TRIGGER if key in wanted["trigger"]}
    scripts = {node["name"]: node["script"]["content"] for node in wanted["nodes"]}
    for node in live["nodes"]:
        node["script"]["content"] = scripts[node["name"]]


def imported(service: Any, document: dict[str, Any]) -> str:
    """Import a document and wait for the job; returns how it ended."""
    request = models.ImportWorkflowDefinitionRequest(project_id=PROJECT, spec=json.dumps(document))
    job = service.import_workflow_definition(request).body.async_job.id
    while True:
        polled = service.get_job_status(models.GetJobStatusRequest(job_id=job))
        status: str = polled.body.job_status.status
        if status != "Running":
            return status
        time.sleep(POLL)


def main() -> None:
    """Print a line for each workflow that was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    service = client(given.address)
    ids = dict(listed(service))
    wanted = manifests(given.folder)

    def written(path: str) -> str:
        document = definition(service, ids[path])
        live = document["spec"]["workflows"][0]
        if not any(differences(wanted[path], live)):
            return f"{path} unchanged"
        put_in(wanted[path], live)
        return f"{path} {imported(service, document)}"

    for line in in_threads(written, wanted, given.threads):
        print(line)


if __name__ == "__main__":
    main()
