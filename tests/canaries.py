"""Made-up secrets, and the search for them in whatever a program has written.

A secret that got out may have been encoded on its way: it is looked for as it is, URL-encoded, in base64,
in hexadecimal, as JSON has it, with upper and lower case exchanged, and its first and last 8 characters.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

KEY_ID = "LTAI" + "5tCanaryBirdQ7w9Zk3"
SECRET = 'Sing"Canary/7+q\\Z=Kx0vWm4Lp2&Jd8'
TOKEN = "CAIS" + "Yellow%2FFeather+/3n~Tw6\"Bq1=Cage.Door'9"
GITHUB_TOKEN = "ghs_" + "9Parrot/Perch+4Hy7Ld2Wz8Kc"
CREDENTIALS = {"key id": KEY_ID, "secret": SECRET, "token": TOKEN}
ENVIRONMENT = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET,
    "ALIBABA_CLOUD_SECURITY_TOKEN": TOKEN,
}
DECLARED = {
    "environment variable": "hush/Env+Value\"4711'Qx",
    "data source": "hush/Source+Pass\"0815'Wy",
    "parameter": "hush/Param+Value\"1234'Ez",
}
"""Values of fields that the schema calls sensitive, and of a parameter that is named like one."""


def encodings(value: str, *, cut: bool = True) -> Iterator[tuple[str, bytes]]:
    """How a value may look in bytes, by the name of each way; without `cut` only the whole of it."""
    raw = value.encode()
    yield "raw", raw
    yield "url", quote(value, safe="").encode()
    yield "url", quote_plus(value, safe="/~").encode()
    for shift in range(3):
        yield "base64", _inner_base64(raw, shift)
    yield "hex", raw.hex().encode()
    yield "json", json.dumps(value)[1:-1].encode()
    yield "json", json.dumps(json.dumps(value)[1:-1])[1:-1].encode()
    yield "case", value.swapcase().encode()
    if cut:
        yield "first 8", raw[:8]
        yield "last 8", raw[-8:]


def _inner_base64(raw: bytes, shift: int) -> bytes:
    """What of the base64 text is the same whatever stands around the value, at one of 3 positions."""
    text = base64.b64encode(b"\0" * shift + raw + b"\0" * (-(shift + len(raw)) % 3))
    return text[(0, 2, 3)[shift] : (len(raw) + shift) * 8 // 6 - 1]


def hits(
    written: Mapping[str, bytes], secrets: Mapping[str, str], *, cut: bool = True
) -> list[str]:
    """Where a secret was found: the artefact, which secret, in which form."""
    forms = [
        (f"{name}, {way}", form)
        for name, value in secrets.items()
        for way, form in encodings(value, cut=cut)
    ]
    return sorted(
        {
            f"{artefact}: {what}"
            for artefact, data in written.items()
            for what, form in forms
            if form in data or (what.endswith("hex") and form in data.lower())
        }
    )


def files(folder: Path, but: Iterable[str] = ()) -> dict[str, bytes]:
    """Every file below a folder, and the names of all as one more; without those in `but`."""
    left_out = set(but)
    found = {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file() and each.relative_to(folder).as_posix() not in left_out
    }
    return {**found, "names of files": "\n".join(found).encode()}
