"""Where credentials come from: two environment variables first, then Alibaba Cloud's own providers.

The official package is imported only when the plain environment pair is missing, because it is slow
to import and, unless told otherwise, asks the metadata service of the machine. No text made here
holds a secret: `repr` hides them, and what the official providers say is cut before any detail.
"""

import hmac
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote

from deployer.errors import CredentialsError

_KEY_ID = "ALIBABA_CLOUD_ACCESS_KEY_ID"
_SECRET = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
_TOKEN = "ALIBABA_CLOUD_SECURITY_TOKEN"
GITHUB_TOKEN = "GITHUB_TOKEN"
"""The variable of the token that `deployer comment` works with."""

_OIDC = (
    "ALIBABA_CLOUD_ROLE_ARN",
    "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
    "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
)
_HINT = (
    f"set `{_KEY_ID}` and `{_SECRET}`, or configure a profile with `aliyun configure`, "
    "or give the job an OIDC role"
)

# Shorter key ids are names such as the emulator's; real ones have 16 characters and more.
_KEY_ID_LENGTH = 16
# What stands behind a colon, a comma or a brace may be an answer that holds the credentials.
_FIRST_CLAUSE = re.compile(r"[^:,{\n]*")
_SENDABLE = re.compile(r"[!-~]+")

_Get = Callable[[], "Credentials"]
_Make = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key, with its token if it is a temporary one; `provider` says where it is from."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)
    provider: str = "static_ak"

    def seal(self, data: bytes) -> str:
        """A keyed digest of data; it tells nothing about the key to who does not hold it."""
        key = hmac.digest(self.access_key_secret.encode(), b"deployer seal", "sha256")
        return hmac.digest(key, data, "sha256").hex()

    def mask(self, text: str) -> str:
        """Return the text with every secret of these credentials replaced by `***`."""
        hidden = [self.access_key_secret, self.security_token]
        if len(self.access_key_id) >= _KEY_ID_LENGTH:
            hidden.append(self.access_key_id)
        return without(text, hidden)


def without(text: str, secrets: Iterable[str]) -> str:
    """A text with every one of these secrets replaced by `***`; empty ones hide nothing."""
    for secret in filter(None, secrets):
        # As they are, as they stand in an address, and as `repr` and JSON have them.
        for form in (
            secret,
            quote(secret, safe=""),
            repr(secret)[1:-1],
            json.dumps(secret)[1:-1],
        ):
            text = text.replace(form, "***")
    return text


def masked(text: str, environ: Mapping[str, str]) -> str:
    """A text that nobody wrote, such as a traceback, without the credentials of an environment."""
    key_id, secret, token = (environ.get(name, "").strip() for name in (_KEY_ID, _SECRET, _TOKEN))
    held = Credentials(key_id, secret, token)
    return without(held.mask(text), [environ.get(GITHUB_TOKEN, "").strip()])


class CredentialChain:
    """Finds credentials, and keeps the provider that had them so that it can renew them."""

    def __init__(self, environ: Mapping[str, str], instance_metadata: bool) -> None:
        self._environ = environ
        self._instance_metadata = instance_metadata
        self._found: _Get | None = None

    def get(self) -> Credentials:
        """Return usable credentials, renewed when they are temporary and about to end.

        Raises CredentialsError when no provider has any; its `why` names each that was asked.
        """
        if self._environ.get(_KEY_ID) and self._environ.get(_SECRET):
            return self._from_environment()
        if self._found is None:
            self._found = self._search()
        return self._found()

    def _from_environment(self) -> Credentials:
        key_id, secret, token = (self._environ.get(name) for name in (_KEY_ID, _SECRET, _TOKEN))
        return _checked(key_id, secret, token, "environment")

    def _search(self) -> _Get:
        tried = [_missing_pair(self._environ)]
        for name, make in _providers(self._environ, self._instance_metadata):
            get = _reader(name, make)
            try:
                get()
            except CredentialsError as error:
                tried.append(f"{name}: {error.why or error.what}")
            else:
                return get
        if not self._instance_metadata:
            tried.append("role of the machine: not asked, the target does not allow it")
        raise CredentialsError("no usable credentials", why="; ".join(tried), hint=_HINT)


def _missing_pair(environ: Mapping[str, str]) -> str:
    missing = [f"`{name}`" for name in (_KEY_ID, _SECRET) if not environ.get(name)]
    return f"environment: {' and '.join(missing)} not set"


def _providers(environ: Mapping[str, str], instance_metadata: bool) -> Iterator[tuple[str, _Make]]:
    # The providers and the order of the official default chain; that chain itself is not used
    # because it joins all reasons, secrets included, into one text.
    from alibabacloud_credentials import provider as official
    from alibabacloud_credentials.utils import auth_util

    # It prints tracebacks and values by a handler of its own.
    logging.getLogger("credentials").disabled = True
    if not instance_metadata:
        # A profile may name the metadata service too; only this switch reaches it there.
        auth_util.environment_ecs_metadata_disabled = "true"
    role, issuer, file = (environ.get(name) for name in _OIDC)
    if role and issuer and file:
        yield (
            "OIDC role",
            lambda: official.OIDCRoleArnCredentialsProvider(
                role_arn=role, oidc_provider_arn=issuer, oidc_token_file_path=file
            ),
        )
    profile = environ.get("ALIBABA_CLOUD_PROFILE")
    yield (
        "profile of the aliyun command",
        lambda: official.CLIProfileCredentialsProvider(profile_name=profile),
    )
    yield (
        "credentials file",
        lambda: official.ProfileCredentialsProvider(
            profile_name=profile, profile_file=environ.get("ALIBABA_CLOUD_CREDENTIALS_FILE")
        ),
    )
    if instance_metadata:
        yield "role of the machine", official.EcsRamRoleCredentialsProvider
    uri = environ.get("ALIBABA_CLOUD_CREDENTIALS_URI")
    if uri:
        yield "credentials URI", lambda: official.URLCredentialsProvider(uri=uri)


def _reader(name: str, make: _Make) -> _Get:
    made = cache(make)

    def get() -> Credentials:
        try:
            found = made().get_credentials()
        except Exception as error:  # noqa: BLE001 (the package raises whatever it meets)
            reason = _reason(error)
        else:
            return _checked(
                found.get_access_key_id(),
                found.get_access_key_secret(),
                found.get_security_token(),
                found.get_provider_name(),
            )
        # Not inside the handler: the cause may quote an answer that holds credentials.
        raise CredentialsError(
            "the credentials could not be read", where=name, why=reason, hint=_HINT
        )

    return get


def _checked(
    key_id: str | None, secret: str | None, token: str | None, provider: str
) -> Credentials:
    credentials = Credentials(
        (key_id or "").strip(), (secret or "").strip(), (token or "").strip(), provider
    )
    _check("access key id", credentials.access_key_id, provider)
    _check("access key secret", credentials.access_key_secret, provider)
    if credentials.security_token:
        _check("security token", credentials.security_token, provider)
    return credentials


def _check(label: str, value: str, provider: str) -> None:
    # Sent as it is, such a value would come back in a message about an illegal header.
    if not _SENDABLE.fullmatch(value):
        problem = "holds characters that cannot be sent" if value else "is empty"
        raise CredentialsError(
            f"the {label} {problem}", where=provider, hint="copy it again, without blanks or quotes"
        )


def _reason(error: Exception) -> str:
    clause = _FIRST_CLAUSE.match(str(error))
    return (clause[0].strip() if clause else "") or type(error).__name__
