"""Credentials: found in the official order, renewed, and never shown."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
from alibabacloud_credentials import provider as official
from alibabacloud_credentials.utils import auth_constant, auth_util

from deployer.errors import CredentialsError
from deployer.transport.credentials import CredentialChain, Credentials

KEY_ID, SECRET, TOKEN = "LTAI" + "5tCanaryKeyId000", "canary-secret/+=", "canary-token/+="
PAIR = {"ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET}
CANARIES = (KEY_ID, SECRET, TOKEN, KEY_ID[:8], SECRET[:8], TOKEN[-8:])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine without any credentials; what the package keeps for the process is put back."""
    monkeypatch.setattr(auth_constant, "HOME", str(tmp_path))
    for name in ("access_key_id", "access_key_secret", "security_token", "credentials_file"):
        monkeypatch.setattr(auth_util, f"environment_{name}", None)
    monkeypatch.setattr(auth_util, "environment_profile_name", None)
    monkeypatch.setattr(auth_util, "client_type", "default")
    monkeypatch.setattr(auth_util, "environment_ecs_metadata_disabled", "false")
    yield tmp_path
    logging.getLogger("credentials").disabled = False


def write_profile(home: Path, **profile: str) -> None:
    file = home / ".aliyun" / "config.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"current": "default", "profiles": [profile]}))


def failure(environ: dict[str, str], instance_metadata: bool = False) -> CredentialsError:
    with pytest.raises(CredentialsError) as caught:
        CredentialChain(environ, instance_metadata).get()
    error = caught.value
    told = repr(error) + str(error) + repr(vars(error)) + repr(error.__cause__)
    assert [canary for canary in CANARIES if canary in told] == []
    return error


def test_environment_pair() -> None:
    """The plain pair of the environment is used as it is, with its token if there is one."""
    assert CredentialChain(PAIR, False).get() == Credentials(KEY_ID, SECRET, "", "environment")
    environ = {**PAIR, "ALIBABA_CLOUD_SECURITY_TOKEN": TOKEN}
    assert CredentialChain(environ, False).get() == Credentials(
        KEY_ID, SECRET, TOKEN, "environment"
    )


def test_environment_pair_is_read_each_time() -> None:
    """A pair that changes while the program runs is seen at the next call."""
    environ = dict(PAIR)
    chain = CredentialChain(environ, False)
    first = chain.get()
    environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "other"
    assert (first.access_key_secret, chain.get().access_key_secret) == (SECRET, "other")


def test_pasted_line_feed() -> None:
    """Blanks and line feeds around a pasted value do no harm."""
    environ = {name: f" {value}\r\n" for name, value in PAIR.items()}
    assert CredentialChain(environ, False).get() == Credentials(KEY_ID, SECRET, "", "environment")


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "access key id"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "access key secret"),
        ("ALIBABA_CLOUD_SECURITY_TOKEN", "security token"),
    ],
)
@pytest.mark.parametrize("bad", [f"{SECRET}\nx", f"{TOKEN} x", "钥", "\x00x"])
def test_unsendable_value(name: str, label: str, bad: str) -> None:
    """A value that no header can carry is refused here, unquoted, and not by the transport."""
    error = failure({**PAIR, name: bad})
    assert error.what == f"the {label} holds characters that cannot be sent"


def test_official_package_is_not_imported_for_a_pair() -> None:
    """The pair of the environment does not cost the import of the official package."""
    program = (
        "import sys; from deployer.transport.credentials import CredentialChain;"
        f"CredentialChain({PAIR!r}, False).get();"
        "print([name for name in sys.modules if name.startswith('alibabacloud')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_profile(home: Path) -> None:
    """A profile of the aliyun command is used when the environment has no pair."""
    write_profile(home, name="default", mode="AK", access_key_id=KEY_ID, access_key_secret=SECRET)
    found = CredentialChain({}, False).get()
    assert (found.access_key_id, found.access_key_secret) == (KEY_ID, SECRET)
    assert found.provider == "cli_profile/static_ak"


def test_chosen_profile(home: Path) -> None:
    """ALIBABA_CLOUD_PROFILE chooses the profile."""
    write_profile(
        home,
        name="ci",
        mode="StsToken",
        access_key_id=KEY_ID,
        access_key_secret=SECRET,
        sts_token=TOKEN,
    )
    assert failure({}).what == "no usable credentials"
    found = CredentialChain({"ALIBABA_CLOUD_PROFILE": "ci"}, False).get()
    assert (found.access_key_id, found.security_token) == (KEY_ID, TOKEN)


def test_credentials_file(tmp_path: Path) -> None:
    """ALIBABA_CLOUD_CREDENTIALS_FILE names a file of profiles."""
    file = tmp_path / "mine.ini"
    file.write_text(
        f"[default]\ntype=access_key\naccess_key_id={KEY_ID}\naccess_key_secret={SECRET}\n"
    )
    found = CredentialChain({"ALIBABA_CLOUD_CREDENTIALS_FILE": str(file)}, False).get()
    assert (found.access_key_id, found.access_key_secret) == (KEY_ID, SECRET)


OIDC = {
    "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/ci",
    "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "acs:ram::1:oidc-provider/ci",
    "ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/token",
}


class Role:
    """A provider of temporary credentials that are new at each call."""

    made: ClassVar[list["Role"]] = []

    def __init__(self, **settings: str) -> None:
        self.settings = settings
        self.calls = 0
        self.made.append(self)

    def get_credentials(self) -> SimpleNamespace:
        self.calls += 1
        token = f"token-{self.calls}"
        return SimpleNamespace(
            get_access_key_id=lambda: "STS.id",
            get_access_key_secret=lambda: SECRET,
            get_security_token=lambda: token,
            get_provider_name=lambda: "role",
        )


def test_role_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An OIDC role comes before profiles; each call may bring fresh credentials of it."""
    monkeypatch.setattr(Role, "made", [])
    monkeypatch.setattr(official, "OIDCRoleArnCredentialsProvider", Role)
    chain = CredentialChain(OIDC, False)
    tokens = [chain.get().security_token for _ in range(3)]
    assert len(set(tokens)) == 3
    assert [role.settings for role in Role.made] == [
        {
            "role_arn": "acs:ram::1:role/ci",
            "oidc_provider_arn": "acs:ram::1:oidc-provider/ci",
            "oidc_token_file_path": "/token",
        }
    ]


def test_renewal_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that cannot be renewed any more is an error of credentials, without the answer."""
    role = Role()
    monkeypatch.setattr(official, "OIDCRoleArnCredentialsProvider", lambda **settings: role)
    chain = CredentialChain(OIDC, False)
    chain.get()

    def broken() -> None:
        raise ValueError(f"error refreshing credentials, result: {SECRET} {TOKEN}")

    monkeypatch.setattr(role, "get_credentials", broken)
    with pytest.raises(CredentialsError) as caught:
        chain.get()
    error = caught.value
    assert (error.where, error.why) == ("OIDC role", "error refreshing credentials")
    assert (error.__cause__, error.__context__) == (None, None)
    assert [c for c in CANARIES if c in repr(vars(error))] == []


def test_machine_role_only_if_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The metadata service of the machine is asked only where the target says so."""
    monkeypatch.setattr(Role, "made", [])
    monkeypatch.setattr(official, "EcsRamRoleCredentialsProvider", Role)
    error = failure({})
    assert "role of the machine: not asked" in error.why
    assert Role.made == []
    assert CredentialChain({}, True).get().provider == "role"
    assert len(Role.made) == 1


def test_machine_role_through_a_profile(home: Path) -> None:
    """A profile that names the metadata service does not reach it either."""
    write_profile(home, name="default", mode="EcsRamRole", ram_role_name="role")
    error = failure({})
    assert "profile of the aliyun command: IMDS credentials is disabled" in error.why


def test_nothing_found(capfd: pytest.CaptureFixture[str]) -> None:
    """Without any credentials: exit 6, what was tried, what to do, and no noise."""
    error = failure({})
    assert (error.exit_code, error.what) == (6, "no usable credentials")
    parts = [part.split(":")[0] for part in error.why.split("; ")]
    assert parts == [
        "environment",
        "profile of the aliyun command",
        "credentials file",
        "role of the machine",
    ]
    assert "`ALIBABA_CLOUD_ACCESS_KEY_ID` and `ALIBABA_CLOUD_ACCESS_KEY_SECRET`" in error.hint
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_ACCESS_KEY_ID"),
    ],
)
def test_half_a_pair(given: str, missing: str) -> None:
    """With one half of the pair the error names the other."""
    error = failure({given: PAIR[given]})
    assert error.why.startswith(f"environment: `{missing}` not set; ")


@pytest.mark.parametrize(
    "text",
    [
        f"error, http_code: 400, result: {SECRET}",
        f"error retrieving: {SECRET}",
        f"error {{'SecurityToken': '{TOKEN}'}}",
        f"error\n{SECRET}",
    ],
)
def test_reasons_hold_no_secret(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a provider says is shown only as far as no answer is quoted in it."""

    def broken(**settings: str) -> None:
        raise RuntimeError(text)

    monkeypatch.setattr(official, "ProfileCredentialsProvider", broken)
    assert "credentials file: error" in failure({}).why


def test_damaged_file(tmp_path: Path) -> None:
    """A credentials file that cannot be parsed is not quoted."""
    file = tmp_path / "mine.ini"
    file.write_text(f"access_key_secret = {SECRET}\n")
    error = failure({"ALIBABA_CLOUD_CREDENTIALS_FILE": str(file)})
    assert "credentials file: File contains no section headers" in error.why


def test_no_secret_in_repr() -> None:
    """Neither `repr` nor `str` nor a container's shows any part."""
    credentials = Credentials(KEY_ID, SECRET, TOKEN, "environment")
    assert repr([credentials]) == "[Credentials(provider='environment')]"
    assert str(credentials) == "Credentials(provider='environment')"


def test_mask() -> None:
    """Secrets are taken out of a text, plain and percent-encoded."""
    credentials = Credentials(KEY_ID, SECRET, TOKEN)
    text = f"a {SECRET} b {TOKEN} c canary-secret%2F%2B%3D d {KEY_ID}"
    assert credentials.mask(text) == "a *** b *** c *** d ***"


def test_mask_leaves_plain_words() -> None:
    """A short key id, as the emulator's, is a word and stays; an absent token masks nothing."""
    assert Credentials("emulator", "emulator-secret").mask("emulator busy") == "emulator busy"
