"""Signing: byte for byte what the official SDK and the published example make of a request."""

import json
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deployer import acs3

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "acs3-vectors.json").read_text("utf-8")
)["vectors"]

KEYS = st.text("abcxyzABCXYZ0189_.-~", min_size=1, max_size=8)
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["", " ", "+", "~", "*", "%20", "a b+c*d~e%f", "节点", "\n", "\x00"]),
)
HEADERS = st.dictionaries(
    st.sampled_from(["host", "content-type", "x-acs-action", "x-acs-date", "accept"]),
    st.text("abc XYZ:;=0189", max_size=12),
    min_size=1,
)


def query(vector: dict[str, Any]) -> list[tuple[str, str]]:
    return list(vector["query"].items())


def body(vector: dict[str, Any]) -> bytes:
    repeat = vector.get("body_repeat")
    if repeat is None:
        return str(vector["body"]).encode()
    return str(repeat["prefix"] + repeat["unit"] * repeat["times"] + repeat["suffix"]).encode()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors(vector: dict[str, Any]) -> None:
    """Canonical request, string to sign, signature and header equal the SDK's, for each vector."""
    canonical = acs3.canonical_request(
        vector["method"], vector["path"], query(vector), vector["headers"], vector["body_sha256"]
    )
    to_sign = acs3.string_to_sign(canonical)
    made = {
        "canonical_request": canonical,
        "string_to_sign": to_sign,
        "signature": acs3.signature(vector["access_key_secret"], to_sign),
        "authorization": acs3.authorization(
            vector["access_key_id"],
            vector["access_key_secret"],
            vector["method"],
            vector["path"],
            query(vector),
            vector["headers"],
            vector["body_sha256"],
        ),
        "body_sha256": acs3.content_sha256(body(vector)),
    }
    assert made == {name: vector[name] for name in made}


@settings(max_examples=500, deadline=None)
@example("GET", {"Ids.2": "b", "Ids.10": "a", "Z_": "", "_a": "~ *+"}, {"host": " h "})
@given(st.sampled_from(["GET", "POST"]), st.dictionaries(KEYS, VALUES, max_size=8), HEADERS)
def test_official_signer(method: str, pairs: dict[str, str], headers: dict[str, str]) -> None:
    """Any parameters and headers are signed as the official SDK signs them."""
    request = DaraRequest()
    request.method, request.pathname, request.query = method, "/", pairs
    request.headers = dict(headers)
    payload = acs3.content_sha256(repr(pairs).encode())
    expected = Utils.get_authorization(request, acs3.ALGORITHM, payload, "key-id", "secret")
    actual = acs3.authorization(
        "key-id", "secret", method, "/", list(pairs.items()), headers, payload
    )
    assert actual == expected


def test_keys_are_encoded_too() -> None:
    """A key outside the plain characters is percent-encoded like a value."""
    canonical = acs3.canonical_request("GET", "/", [("a b", "c")], {}, "hash")
    assert canonical.splitlines()[2] == "a%20b=c"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_parse(vector: dict[str, Any]) -> None:
    """A header taken apart gives the parts it was made of, and makes the same header again."""
    parsed = acs3.parse_authorization(vector["authorization"])
    assert parsed == acs3.Authorization(
        vector["access_key_id"], tuple(vector["signed_headers"].split(";")), vector["signature"]
    )
    assert str(parsed) == vector["authorization"]


GOOD = str(acs3.Authorization("id", ("host", "x-acs-date"), "0" * 64))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bearer x",
        GOOD.replace("ACS3-HMAC-SHA256", "ACS3-HMAC-SM3"),
        GOOD.replace("Credential=id,", ""),
        GOOD.replace("Credential=id", "Credential="),
        GOOD.replace("SignedHeaders=host;x-acs-date,", ""),
        GOOD.replace("host;", "host;;"),
        GOOD.replace("host", "Host"),
        GOOD[:-1],
        GOOD + "0",
        GOOD + "\n",
        GOOD.replace("0000", "ABCD"),
    ],
)
def test_parse_malformed(text: str) -> None:
    """Anything but one complete ACS3 header is refused."""
    with pytest.raises(ValueError, match="not an ACS3-HMAC-SHA256 authorization"):
        acs3.parse_authorization(text)
