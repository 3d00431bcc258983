"""The official SDK against a served emulator, whose time is moved by its control plane."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from alibabacloud_dataworks_public20240518 import models
from alibabacloud_dataworks_public20240518.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config

from deployer.emulator import Control, Ids, Switches, create_app
from deployer.emulator.loopback import LoopbackServer
from tests.emulator_kit import CONTRACT, IDENTIFIER, KEY, PROJECT, Fields, deviations
from tests.running_kit import Calls


class Sdk(Calls):
    """Calls of the SDK by operation name, parameters spelt as in the API.

    Every answer is held against the contract.
    """

    def __init__(self, address: str, control: Control) -> None:
        self.control = control
        self.client = Client(
            Config(
                access_key_id=KEY[0],
                access_key_secret=KEY[1],
                endpoint=address,
                protocol="http",
                no_proxy="127.0.0.1",
            )
        )

    def __call__(self, action: str, **params: Any) -> Fields:
        if "ProjectId" in CONTRACT[action]["params"]:
            params.setdefault("ProjectId", PROJECT)
        request = getattr(models, f"{action}Request")().from_map(params)
        response = getattr(self.client, CONTRACT[action]["sdk_method"])(request)
        answer: Fields = response.body.to_map()
        wrong = deviations(answer, CONTRACT[action]["response"])
        assert wrong == [], wrong
        return answer

    def refusal(self, action: str, **params: Any) -> tuple[int, str]:
        """Status and code of the SDK's exception."""
        with pytest.raises(ClientException) as caught:
            self(action, **params)
        return caught.value.status_code, caught.value.code

    def message(self, action: str, **params: Any) -> str:
        """The words of a refusal with status 400."""
        with pytest.raises(ClientException) as caught:
            self(action, **params)
        assert caught.value.status_code == 400
        return str(caught.value.message)


@contextmanager
def served(**switches: str) -> Iterator[Sdk]:
    """An emulator on a port of its own, with these switches."""
    app = create_app(
        ":memory:",
        project=str(PROJECT),
        project_identifier=IDENTIFIER,
        credentials=KEY,
        ids=Ids("test"),
        switches=Switches(**switches),
    )
    with LoopbackServer(app) as server:
        thread = threading.Thread(target=server.run_until_stopped)
        thread.start()
        httpx.get(f"http://{server.address}/", trust_env=False)
        yield Sdk(server.address, app.control)
        server.stop()
        thread.join()
    app.close()
