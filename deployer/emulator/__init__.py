"""The DataWorks API 2024-05-18 served from a file: for tests, examples and targets without a cloud.

It imports nothing of the deployer but the request signature, so that what it fills in, drops and
refuses is a second opinion, not the deployer's own.
"""

from typing import TYPE_CHECKING, Any

from deployer.emulator.app import Emulator, create_app
from deployer.emulator.failures import EmulatorStoreError
from deployer.emulator.sources import Ids, VirtualClock
from deployer.emulator.switches import Switches

if TYPE_CHECKING:
    from deployer.emulator.loopback import serve

__all__ = [
    "Emulator",
    "EmulatorStoreError",
    "Ids",
    "Switches",
    "VirtualClock",
    "create_app",
    "serve",
]


def __getattr__(name: str) -> Any:
    """Load the web server only for those who serve; an embedded emulator has no use for it."""
    if name != "serve":
        raise AttributeError(name)
    from deployer.emulator.loopback import serve

    return serve
