"""The DataWorks API 2024-05-18 served from a file: for tests, examples and targets without a cloud.

It imports nothing of the deployer but the request signature, so that what it fills in, drops and
refuses is a second opinion, not the deployer's own.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from deployer.emulator.app import Emulator, create_app
from deployer.emulator.control import Control
from deployer.emulator.effects import Effect
from deployer.emulator.failures import EmulatorStoreError
from deployer.emulator.faults import Fault
from deployer.emulator.sources import Ids, VirtualClock
from deployer.emulator.switches import Switches

if TYPE_CHECKING:
    from deployer.emulator.loopback import serve
    from deployer.emulator.transport import EmulatorTransport

__all__ = [
    "Control",
    "Effect",
    "Emulator",
    "EmulatorStoreError",
    "EmulatorTransport",
    "Fault",
    "Ids",
    "Switches",
    "VirtualClock",
    "create_app",
    "serve",
]

_ON_DEMAND = {"serve": "loopback", "EmulatorTransport": "transport"}


def __getattr__(name: str) -> Any:
    """Load the web server and httpx only for those who use them."""
    if name not in _ON_DEMAND:
        raise AttributeError(name)
    return getattr(import_module(f"deployer.emulator.{_ON_DEMAND[name]}"), name)
