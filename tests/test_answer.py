"""Answers: a body is read within bounds, and only one clear JSON object is believed."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest

from deployer.transport.answer import MAX_BODY, Answer, Unreadable, read_body, read_json


async def chunks(body: bytes, size: int = 1 << 16) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def read(body: bytes, encoding: str = "", size: int = 1 << 16) -> bytes:
    return asyncio.run(read_body(chunks(body, size), encoding))


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_body(size: int) -> None:
    """Plain and packed bodies come out whole, however they were cut on the way."""
    text = "节点 name ".encode() * 50
    assert read(text, size=size) == text
    assert read(text, "identity", size) == text
    assert read(gzip.compress(text), "gzip", size) == text


def test_largest_body() -> None:
    """A body of exactly the limit is taken, packed or not."""
    assert len(read(bytes(MAX_BODY))) == MAX_BODY
    assert len(read(gzip.compress(bytes(MAX_BODY)), "gzip")) == MAX_BODY


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (bytes(MAX_BODY + 1), "", "larger than 32 MiB"),
        (gzip.compress(bytes(MAX_BODY + 1)), "gzip", "larger than 32 MiB"),
        (gzip.compress(bytes(4 * MAX_BODY), 9), "gzip", "larger than 32 MiB"),
        (gzip.compress(b"{}" * 99, mtime=0)[:-9], "gzip", "cut short"),
        (b"", "gzip", "cut short"),
        (b"{}", "gzip", "cannot be unpacked"),
        (gzip.compress(b"{}", mtime=0) + b"{}", "gzip", "goes on after its end"),
        (b"{}", "br", "packed in an unknown way"),
    ],
)
def test_unreadable_body(body: bytes, encoding: str, reason: str) -> None:
    """Too large, cut, broken or strangely packed bodies are refused with the reason."""
    with pytest.raises(Unreadable, match=reason):
        read(body, encoding)


def test_bomb_stops_early() -> None:
    """Of a body that unpacks without end no more is taken than the limit needs."""
    taken = 0

    async def bomb() -> AsyncIterator[bytes]:
        nonlocal taken
        packed = gzip.compress(bytes(4 * MAX_BODY), 9)
        async for chunk in chunks(packed, 1000):
            taken += 1
            yield chunk

    with pytest.raises(Unreadable):
        asyncio.run(read_body(bomb(), "gzip"))
    assert taken < 40


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", {}),
        (b'{"a": [1, null, "\\u4e2d"]}', {"a": [1, None, "中"]}),
        ('{"id": 463497880880954000123}', {"id": 463497880880954000123}),
        ('{"emoji": "\\ud83d\\ude00"}', {"emoji": "\U0001f600"}),
        ('{"x": 1.5e3}', {"x": 1500.0}),
    ],
)
def test_json(text: str | bytes, expected: dict[str, Any]) -> None:
    """A JSON object is read; integers keep all their digits."""
    assert read_json(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"text"',
        "<html>",
        "{} {}",
        "{",
        "\ufeff{}",
        b"\xff{}",
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1e999}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a": "\\ud800"}',
        '{"\\udfff": 1}',
        '{"a": ' + "[" * 64 + "]" * 64 + "}",
        '{"a": ' + "[" * 100_000,
        '{"a":' * 5000 + "1" + "}" * 5000,
    ],
    ids=lambda text: str(text)[:20],
)
def test_not_json(text: str | bytes) -> None:
    """Anything that is not one clear, finite, shallow JSON object is not believed."""
    assert read_json(text) is None


def test_deepest_json() -> None:
    """64 levels are taken."""
    document = read_json('{"a": ' + "[" * 63 + "]" * 63 + "}")
    assert document is not None


@pytest.mark.parametrize(
    "document",
    [
        {"Code": "A.B", "Message": "words", "RequestId": "R-1"},
        {"code": "A.B", "message": "words", "requestId": "R-1"},
    ],
)
def test_fields_of_an_error(document: dict[str, Any]) -> None:
    """Code, message and request id are found in both spellings."""
    answer = Answer(400, document=document)
    assert (answer.code, answer.message, answer.request_id) == ("A.B", "words", "R-1")


def test_fields_elsewhere() -> None:
    """A number as code is text; the request id may stand in the header only; nothing is empty."""
    answer = Answer(400, {"x-acs-request-id": "R-2"}, {"Code": 5801489541076353033})
    assert (answer.code, answer.request_id) == ("5801489541076353033", "R-2")
    assert (Answer().code, Answer().message, Answer().request_id) == ("", "", "")
