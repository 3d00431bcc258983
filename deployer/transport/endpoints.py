"""Which address the calls for a region go to, and which addresses may be given by hand.

A signed request must never reach a host that somebody slipped into a repository, so an address is
taken apart by a strict pattern of its own instead of by a URL parser that forgives.
"""

import re
from collections.abc import Collection
from ipaddress import AddressValueError, IPv4Address

from deployer.errors import UsageError
from deployer.nearest import nearest

_CENTRAL = "dataworks.aliyuncs.com"
# fmt: off
_OWN_HOST = frozenset(
    {
        "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-3",
        "ap-southeast-5", "cn-beijing", "cn-beijing-finance-1", "cn-chengdu", "cn-hangzhou",
        "cn-hongkong", "cn-north-2-gov-1", "cn-shanghai", "cn-shanghai-finance-1",
        "cn-shenzhen", "cn-shenzhen-finance-1", "cn-wulanchabu", "cn-zhangjiakou",
        "eu-central-1", "eu-west-1", "me-central-1", "me-east-1", "us-east-1", "us-west-1",
    }
)
_CENTRAL_HOST = frozenset(
    {
        "ap-northeast-2-pop", "ap-south-1", "ap-southeast-2", "cn-beijing-finance-pop",
        "cn-beijing-gov-1", "cn-fujian", "cn-hangzhou-finance", "cn-hongkong-finance-pop",
        "cn-huhehaote", "cn-qingdao", "cn-wuhan", "cn-yushanfang", "cn-zhangbei",
        "eu-west-1-oxs", "rus-west-1-pop",
    }
)
# fmt: on
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[::1\])(?::(?P<port>[0-9]{1,5}))?/?",
    re.ASCII | re.IGNORECASE,
)
_LAST_PORT = 65_535
_DATAWORKS = re.compile(r"dataworks(?:-vpc)?(?:\.[a-z0-9-]+)?\.aliyuncs\.com")


def endpoint_of(region: str) -> str:
    """Return the address for a region; raises UsageError when the region is not known."""
    if region in _OWN_HOST:
        return f"https://dataworks.{region}.aliyuncs.com"
    if region in _CENTRAL_HOST:
        return f"https://{_CENTRAL}"
    near = nearest(region, sorted(_OWN_HOST | _CENTRAL_HOST))
    hint = f"did you mean `{near}`?" if near else "give the target an `endpoint` instead"
    raise UsageError(f"unknown region `{region}`", hint=hint)


def check_endpoint(url: str, allowed: Collection[str] = ()) -> str:
    """Return the address in its plain form: plain HTTP to loopback, HTTPS to DataWorks.

    `allowed` are hosts that the user's own configuration, outside the repository, permits besides.
    Raises UsageError for any other address.
    """
    match = _ADDRESS.fullmatch(url)
    if match is None or int(match["port"] or 0) > _LAST_PORT:
        raise _not_dataworks(url)
    scheme, host = match["scheme"].lower(), match["host"].lower()
    port = f":{match['port']}" if match["port"] else ""
    if is_loopback(host):
        return f"{scheme}://{host}{port}"
    if scheme != "https":
        raise UsageError(
            f"https required for endpoint `{url}`",
            why="plain http is for loopback addresses only",
            hint=f"write `https://{host}`",
        )
    if host not in allowed and not (_DATAWORKS.fullmatch(host) and port in ("", ":443")):
        raise _not_dataworks(url)
    return f"https://{host}{'' if port == ':443' else port}"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be this machine."""
    if host in ("localhost", "[::1]", "::1"):
        return True
    try:
        return IPv4Address(host).is_loopback
    except AddressValueError:
        return False


def _not_dataworks(url: str) -> UsageError:
    return UsageError(
        f"not a DataWorks endpoint: `{url}`",
        hint="write `region`, or an endpoint such as `https://dataworks.cn-hangzhou.aliyuncs.com`; "
        "other hosts only by your own configuration outside the repository",
    )
