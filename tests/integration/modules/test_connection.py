# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each way to give credentials leads to the cloud, and each wrong one to a word that helps and no secret."""

from __future__ import annotations

import base64
import contextlib
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import typing as t

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from modules.harness import Modules, Result

if t.TYPE_CHECKING:
    from pathlib import Path

#: A module that makes one call, which needs ram:GetRole.
READ: tuple[str, dict[str, t.Any]] = ("kms_share_role_info", {"purpose": "disk_encrypt"})
NO_KEY: dict[str, t.Any] = {"access_key_id": "", "access_key_secret": ""}
OIDC_PROVIDER = "acs:ram::1234567890123456:oidc-provider/ci"


class User(t.NamedTuple):
    id: str
    secret: str


class Session(t.NamedTuple):
    id: str
    secret: str
    token: str
    expires: str

    @property
    def options(self) -> dict[str, t.Any]:
        return {"access_key_id": self.id, "access_key_secret": self.secret, "security_token": self.token}


@pytest.fixture
def user(modules: Modules) -> User:
    """A RAM user who may assume roles and read RAM."""
    door = modules.door()
    door.call("ram", "CreateUser", UserName="operator")
    for policy in ("AliyunSTSAssumeRoleAccess", "AliyunRAMReadOnlyAccess"):
        door.call("ram", "AttachPolicyToUser", UserName="operator", PolicyType="System", PolicyName=policy)
    key = door.call("ram", "CreateAccessKey", UserName="operator")["AccessKey"]
    modules.cloud.forget_requests()
    return User(key["AccessKeyId"], key["AccessKeySecret"])


@pytest.fixture
def role_arn(modules: Modules) -> str:
    """A role that the account's users and its CI may assume, and that may read RAM."""
    principals = {"RAM": [f"acs:ram::{modules.cloud.account_id}:root"], "Federated": [OIDC_PROVIDER]}
    trust = {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {kind: names}}
            for kind, names in principals.items()
        ],
    }
    door = modules.door()
    role = door.call("ram", "CreateRole", RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    policy = {"PolicyType": "System", "PolicyName": "AliyunRAMReadOnlyAccess"}
    door.call("ram", "AttachPolicyToRole", policy, RoleName="deployer")
    modules.cloud.forget_requests()
    return str(role["Arn"])


@pytest.fixture
def session(modules: Modules, user: User, role_arn: str) -> Session:
    """Temporary credentials of the role."""
    door = modules.door(access_key_id=user.id, access_key_secret=user.secret)
    issued = door.call("sts", "AssumeRole", RoleArn=role_arn, RoleSessionName="test")["Credentials"]
    modules.cloud.forget_requests()
    return Session(issued["AccessKeyId"], issued["AccessKeySecret"], issued["SecurityToken"], issued["Expiration"])


def callers(modules: Modules, operation: str = "ram:GetRole") -> set[str]:
    """The AccessKey ids that an operation was called with."""
    return {entry["access_key_id"] for entry in modules.cloud.requests() if entry["operation"] == operation}


def in_own_process(
    modules: Modules, environment: dict[str, str], code: str = "", **options: t.Any
) -> tuple[Result, str]:
    """Run the module as Ansible does, in a process with this environment; returns the result and all of the output."""
    arguments = {"endpoint_url": modules.cloud.endpoint, "region": modules.region, **READ[1], **options}
    script = (
        f"import json, sys\nfrom ansible.module_utils.testing import patch_module_args\n{code}\n"
        f"from ansible_collections.alitrust.ecs.plugins.modules import {READ[0]} as module\n"
        "with patch_module_args(json.load(sys.stdin)):\n    module.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(arguments),
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return json.loads(ended.stdout), ended.stdout + ended.stderr


# ---------------------------------------------------------------------- ways that work


def test_an_access_key(modules: Modules, user: User) -> None:
    modules.run(READ[0], **READ[1], access_key_id=user.id, access_key_secret=user.secret)
    assert callers(modules) == {user.id}


def test_blanks_around_and_blank_other_options_do_not_matter(modules: Modules, user: User) -> None:
    blank: dict[str, t.Any] = dict.fromkeys(
        ("security_token", "profile", "ram_role_arn", "ecs_ram_role", "oidc_provider_arn", "credentials_uri"), " "
    )
    modules.run(READ[0], **READ[1], **blank, access_key_id=f" {user.id} ", access_key_secret=f"{user.secret}\n")
    assert callers(modules) == {user.id}


def test_temporary_credentials(modules: Modules, session: Session) -> None:
    modules.run(READ[0], **READ[1], **session.options)
    assert callers(modules) == {session.id}


def test_a_role_to_assume(modules: Modules, user: User, role_arn: str) -> None:
    result = modules.run(
        READ[0], **READ[1], access_key_id=user.id, access_key_secret=user.secret, ram_role_arn=role_arn
    )
    assert result["api_calls"] == {"sts:AssumeRole": 1, "ram:GetRole": 1}
    assert callers(modules, "sts:AssumeRole") == {user.id}
    assert all(caller.startswith("STS.") for caller in callers(modules))


def test_the_session_of_an_assumed_role_has_the_name_that_was_given(
    modules: Modules, user: User, role_arn: str
) -> None:
    options: dict[str, t.Any] = {"access_key_id": user.id, "access_key_secret": user.secret, "ram_role_arn": role_arn}
    modules.run(READ[0], **READ[1], **options, ram_role_session_name="nightly")
    (asked,) = [entry for entry in modules.cloud.requests() if entry["operation"] == "sts:AssumeRole"]
    assert asked["params"]["RoleSessionName"] == "nightly"


def test_trouble_while_assuming_a_role_is_outlasted(modules: Modules, user: User, role_arn: str) -> None:
    for fault in ("throttling", "drop_after_commit", "internal_error"):
        modules.cloud.fault(fault, "sts:AssumeRole")
    modules.run(READ[0], **READ[1], access_key_id=user.id, access_key_secret=user.secret, ram_role_arn=role_arn)


def text_of(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def web_token(key: rsa.RSAPrivateKey, **claims: t.Any) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "RS256", "typ": "JWT", "kid": "1"}, claims)
    ]
    signature = key.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
    return ".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=").decode()])


def test_a_token_of_an_identity_provider(modules: Modules, role_arn: str, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = key.public_key().public_numbers()
    public = {"kty": "RSA", "kid": "1", "alg": "RS256", "n": text_of(numbers.n), "e": text_of(numbers.e)}
    provider = {"issuer": "https://ci.example.com", "client_ids": ["alitrust"], "jwks": {"keys": [public]}}
    modules.cloud.set("sts.oidc_providers", json.dumps({OIDC_PROVIDER: provider}))
    now = int(time.time())
    token_file = tmp_path / "token"
    token = web_token(key, iss="https://ci.example.com", aud="alitrust", sub="job", iat=now, exp=now + 600)
    token_file.write_text(token + "\n")
    options: dict[str, t.Any] = {
        **NO_KEY,
        "oidc_provider_arn": OIDC_PROVIDER,
        "oidc_token_file": str(token_file),
        "ram_role_arn": role_arn,
    }
    result = modules.run(READ[0], **READ[1], **options)
    assert result["api_calls"] == {"sts:AssumeRoleWithOIDC": 1, "ram:GetRole": 1}

    token_file.write_text(web_token(key, iss="https://ci.example.com", aud="other", sub="job", iat=now, exp=now + 600))
    refused = modules.run(READ[0], **READ[1], **options, fails=True)
    assert "AuthenticationFail.OIDCToken" in refused["msg"]
    assert token_file.read_text() not in str(refused)

    missing = modules.run(READ[0], **READ[1], **{**options, "oidc_token_file": str(tmp_path / "none")}, fails=True)
    assert str(tmp_path / "none") in missing["msg"]


@contextlib.contextmanager
def serving(*bodies: dict[str, t.Any] | str, status: int = 200) -> t.Iterator[str]:
    """The address of a server that answers every request with one of these, and then with the last of them."""
    left = list(bodies)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())

        def log_message(self, format: str, *args: t.Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/credentials"
        finally:
            server.shutdown()


def test_an_address_that_hands_out_credentials(modules: Modules, session: Session) -> None:
    body = {
        "Code": "Success",
        "AccessKeyId": session.id,
        "AccessKeySecret": session.secret,
        "SecurityToken": session.token,
        "Expiration": session.expires,
    }
    with serving("<html>Log in", "null", body) as address:
        modules.run(READ[0], **READ[1], **NO_KEY, credentials_uri=address)
    assert callers(modules) == {session.id}


def profiles(home: Path, **profile: t.Any) -> dict[str, str]:
    """A home with one profile of the CLI."""
    folder = home / ".aliyun"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"current": "ops", "profiles": [{"name": "ops", **profile}]}))
    return {"HOME": str(home)}


def test_a_profile_of_the_command_line_tool(modules: Modules, user: User, tmp_path: Path) -> None:
    home = profiles(tmp_path, mode="AK", access_key_id=user.id, access_key_secret=user.secret)
    result, _output = in_own_process(modules, home, profile="ops")
    assert not result.get("failed"), result
    assert callers(modules) == {user.id}


def test_the_environment_without_any_option(modules: Modules, user: User, tmp_path: Path) -> None:
    environment = {
        "HOME": str(tmp_path),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": user.id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": user.secret,
        "ALIBABA_CLOUD_ENDPOINT_URL": modules.cloud.endpoint,
        "ALIBABA_CLOUD_REGION": "cn-beijing",
    }
    result, _output = in_own_process(modules, environment, endpoint_url="", region="")
    assert not result.get("failed"), result
    assert callers(modules) == {user.id}


def test_temporary_credentials_in_the_environment(modules: Modules, session: Session, tmp_path: Path) -> None:
    environment = {
        "HOME": str(tmp_path),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": session.id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": session.secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": session.token,
    }
    result, _output = in_own_process(modules, environment)
    assert not result.get("failed"), result
    assert callers(modules) == {session.id}


# ---------------------------------------------------------------------- ways that do not


def refused(modules: Modules, *secrets: str, **options: t.Any) -> str:
    """The message of a failed run, after a look for secrets in everything that it returned."""
    result = modules.run(READ[0], **READ[1], **options, fails=True)
    for secret in secrets:
        assert secret not in str(result)
    return str(result["msg"])


def test_an_unknown_key(modules: Modules) -> None:
    message = refused(modules, "not-a-secret", access_key_id="LTAInobody", access_key_secret="not-a-secret")
    assert "InvalidAccessKeyId.NotFound" in message
    assert "Check the AccessKey ID" in message


def test_a_wrong_secret(modules: Modules, user: User) -> None:
    message = refused(modules, "wrong-secret", user.secret, access_key_id=user.id, access_key_secret="wrong-secret")
    assert "SignatureDoesNotMatch" in message
    assert "Check the AccessKey secret" in message
    assert "string to sign" not in message, "it repeats the request with all its parameters"


def test_a_wrong_security_token(modules: Modules, session: Session) -> None:
    options: dict[str, t.Any] = {**session.options, "security_token": "wrong-token"}
    message = refused(modules, "wrong-token", session.secret, **options)
    assert "SecurityToken" in message


def test_an_expired_session(modules: Modules, session: Session) -> None:
    modules.cloud.clock_advance(3700)
    message = refused(modules, session.secret, session.token, **session.options)
    assert "Expired" in message or "clock" in message


def test_a_missing_right_names_the_operation(modules: Modules, user: User) -> None:
    options: dict[str, t.Any] = {"access_key_id": user.id, "access_key_secret": user.secret}
    result = modules.run("ram_policy", name="p", document=json.dumps(DOCUMENT), **options, fails=True)
    assert result["operation"] == "ram:CreatePolicy"
    assert "Let an administrator allow ram:CreatePolicy to this RAM user or role." in result["msg"]
    assert result["steps_left"] == ["create policy p"]


DOCUMENT = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}]}


def test_a_role_that_may_not_be_assumed(modules: Modules, user: User) -> None:
    arn = f"acs:ram::{modules.cloud.account_id}:role/nobody"
    message = refused(modules, user.secret, access_key_id=user.id, access_key_secret=user.secret, ram_role_arn=arn)
    assert f"The role {arn} cannot be assumed" in message
    assert "EntityNotExist.Role" in message


def test_a_wrong_region_is_not_taken_for_an_empty_one(modules: Modules) -> None:
    modules.run("instance_ram_role", name="web", policies=[])
    result = modules.run("instance_ram_role", name="web", state="absent", region="cn-nowhere", fails=True)
    assert "InvalidRegionId.NotFound" in result["msg"]
    assert "Check the option region" in result["msg"]


def test_a_wrong_key_is_not_taken_for_nothing_there(modules: Modules) -> None:
    modules.run("ram_policy", name="p", state="absent", access_key_id="LTAInobody", access_key_secret="x", fails=True)


def test_an_address_that_hands_out_nonsense_does_not_show_what_it_said(modules: Modules) -> None:
    with serving({"Code": "Failed", "AccessKeySecret": "half-a-secret"}) as address:
        message = refused(modules, "half-a-secret", **NO_KEY, credentials_uri=address)
    assert "No usable credentials" in message
    # The host and not the path, in which a token may be.
    assert address.rpartition("/")[0] in message
    assert address not in message


@pytest.mark.parametrize("page", ["<html>Log in", "null", "[]", "{}", "", '{"AccessKeySecret": "half-a-secret"}'])
def test_a_page_in_the_place_of_credentials_is_told(modules: Modules, page: str) -> None:
    with serving(page) as address:
        result = modules.run(READ[0], **READ[1], **NO_KEY, credentials_uri=address, api_timeout=1, fails=True)
    assert (result["error_code"], result["operation"]) == ("NoAnswer", "credentials:credentials_uri")
    assert "status 200, no content type" in result["msg"]
    assert address.split("/")[2] in result["msg"]
    assert "half-a-secret" not in str(result)


def test_an_address_where_nobody_answers(modules: Modules) -> None:
    message = refused(modules, **NO_KEY, credentials_uri="http://127.0.0.1:1/credentials")
    assert "No usable credentials" in message


def test_an_endpoint_where_nobody_answers(modules: Modules, user: User) -> None:
    options: dict[str, t.Any] = {"access_key_id": user.id, "access_key_secret": user.secret, "api_timeout": 1}
    message = refused(modules, user.secret, endpoint_url="http://127.0.0.1:1", **options)
    assert "refused" in message
    assert "http://127.0.0.1:1" in message
    assert "given up after 1 s" in message


def test_no_credentials_at_all(modules: Modules, tmp_path: Path) -> None:
    result, _output = in_own_process(modules, {"HOME": str(tmp_path)})
    assert result["failed"]
    assert "No usable credentials" in result["msg"]
    assert "Give access_key_id and access_key_secret" in result["msg"]


def test_a_profile_that_does_not_exist(modules: Modules, user: User, tmp_path: Path) -> None:
    home = profiles(tmp_path, mode="AK", access_key_id=user.id, access_key_secret=user.secret)
    result, output = in_own_process(modules, home, profile="nope")
    assert result["failed"]
    assert "nope" in result["msg"]
    assert user.secret not in output


@pytest.mark.parametrize("package", ["alibabacloud_credentials", "alibabacloud_tea_openapi", "darabonba"])
def test_a_missing_package_is_named_with_the_interpreter_that_lacks_it(modules: Modules, package: str) -> None:
    result, _output = in_own_process(
        modules,
        {},
        code=f"sys.modules[{package!r}] = None",
        access_key_id=modules.cloud.access_key_id,
        access_key_secret=modules.cloud.access_key_secret,
    )
    assert result["failed"]
    assert f"The Python interpreter {sys.executable} cannot import" in result["msg"]
    assert package in result["msg"]
    assert f"Install it there: {sys.executable} -m pip install 'alibabacloud-" in result["msg"]


def test_the_file_of_the_local_cloud_for_https_is_all_that_it_takes(
    modules: Modules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its content as options, and by the variable that names it."""
    path = modules.cloud.state_dir / "connection-https.json"
    content = json.loads(path.read_text())
    assert content["endpoint_url"].startswith("https://")
    there = modules.run("vpc_info")["vpcs"]
    assert modules.run("vpc_info", **content)["vpcs"] == there
    refused = modules.run("vpc_info", fails=True, **{**content, "ca_bundle": "", "api_timeout": 1})
    assert "certificate verify failed" in refused["msg"]
    monkeypatch.setenv("ALITRUST_CONNECTION_FILE", str(path))
    blank: dict[str, t.Any] = dict.fromkeys([name for name in content if name != "region"], "")
    assert modules.run("vpc_info", **blank)["vpcs"] == there
