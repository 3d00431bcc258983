"""Addresses: a signed request goes to DataWorks over https, or to this machine."""

import pytest

from deployer.errors import UsageError
from deployer.transport.endpoints import check_endpoint, endpoint_of, is_loopback


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("cn-hangzhou", "https://dataworks.cn-hangzhou.aliyuncs.com"),
        ("us-west-1", "https://dataworks.us-west-1.aliyuncs.com"),
        ("ap-south-1", "https://dataworks.aliyuncs.com"),
    ],
)
def test_region(region: str, expected: str) -> None:
    """A region has its own host or shares the central one, and both pass the check."""
    assert endpoint_of(region) == expected
    assert check_endpoint(expected) == expected


@pytest.mark.parametrize(
    ("region", "hint"),
    [
        ("cn-hangzou", "did you mean `cn-hangzhou`?"),
        ("", "give the target an `endpoint` instead"),
        ("../evil", "give the target an `endpoint` instead"),
    ],
)
def test_unknown_region(region: str, hint: str) -> None:
    """A region that is not known is refused; no host name is made up for it."""
    with pytest.raises(UsageError, match="unknown region") as caught:
        endpoint_of(region)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("http://LocalHost:9", "http://localhost:9"),
        ("https://127.0.0.1:8443", "https://127.0.0.1:8443"),
        ("HTTPS://DataWorks.cn-x.aliyuncs.com:443", "https://dataworks.cn-x.aliyuncs.com"),
        ("https://dataworks-vpc.cn-x.aliyuncs.com", "https://dataworks-vpc.cn-x.aliyuncs.com"),
    ],
)
def test_accepted(url: str, expected: str) -> None:
    """Loopback and DataWorks hosts are taken, in one plain form."""
    assert check_endpoint(url) == expected


@pytest.mark.parametrize("host", ["example.com", "dataworks.cn-hangzhou.aliyuncs.com", "10.0.0.1"])
def test_https_required(host: str) -> None:
    """S-51: plain http to anything but this machine is refused."""
    with pytest.raises(UsageError, match="https required"):
        check_endpoint(f"http://{host}", allowed=[host])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "dataworks.cn-hangzhou.aliyuncs.com",
        "169.254.169.254",
        "[::]",
        "http://[::]:80",
        "http://[::ffff:127.0.0.1]:80",
        "https://169.254.169.254",
        "https://100.100.100.200",
        "https://0x7f.1",
        "https://127.1",
        "https://localtest.me",
        "https://aliyuncs.com",
        "https://oss.aliyuncs.com",
        "https://xdataworks.cn-x.aliyuncs.com",
        "https://dataworks.a.b.aliyuncs.com",
        "https://dataworks..aliyuncs.com",
        "https://dataworks.cn-x.aliyuncs.com.evil.org",
        "https://dataworks.cn-x.aliyuncs.com:8443",
        "https://dataworks.cn-x.aliyuncs.com:99999",
        "https://user@dataworks.cn-x.aliyuncs.com",
        "https://evil.org#dataworks.cn-x.aliyuncs.com",
        "https://evil.org\\@dataworks.cn-x.aliyuncs.com",
        "https://dataworks.cn-x.aliyuncs.com/path",
        "https://dataworks.cn-x.aliyuncs.com?q",
        "https://dataworks.cn-x.aliyuncs.com\n",
        " https://dataworks.cn-x.aliyuncs.com",
        "https://dаtaworks.cn-x.aliyuncs.com",  # a Cyrillic letter
        "https://datawor\u212as.cn-x.aliyuncs.com",  # the Kelvin sign, a k without case
        "ftp://127.0.0.1",
        "http://127.0.0.1:99999",
    ],
)
def test_refused(url: str) -> None:
    """S-52, S-53, S-54: look-alikes, foreign hosts and anything hidden in a URL are refused."""
    with pytest.raises(UsageError, match="not a DataWorks endpoint"):
        check_endpoint(url)


def test_allowed_by_the_user() -> None:
    """A host that the user's own configuration permits is taken, with its port, over https."""
    url = "https://gateway.example.com:8443"
    assert check_endpoint(url, allowed=["gateway.example.com"]) == url


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("me", False)],
)
def test_loopback(host: str, expected: bool) -> None:
    """Only names and addresses that cannot be another machine are loopback."""
    assert is_loopback(host) is expected
