# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module that knows a secret, failing at each of its calls: the secret is in no result.

What answers may repeat what it was sent: Alibaba Cloud does so where a signature is wrong, gateways do where they
complain.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from alibabacloud_credentials.utils import auth_constant, auth_util
from ansible.module_utils import basic
from modules.metadata_door import MetadataDoor
from modules.network import IMAGE, Network
from proof.canaries.secret_values import Canaries

from ansible_collections.alitrust.ecs.plugins.module_utils._keypair import keypair

if t.TYPE_CHECKING:
    from modules.harness import Modules
    from proof.conftest import Figure

PASSWORD = "Canary+Pw/77%c1x"
VALUE = 'canary value "77" of the shop\nand its other line'
USER_DATA = "#!/bin/sh\ncanary_user_data='d41d8cd98f00'\n"
PRIVATE = "-----BEGIN PRIVATE KEY-----\nMIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJb\n-----END PRIVATE KEY-----\n"
TOKEN = "CAIScanaryTOKENvalue/+77=="
SECRET = "CanarySecretOfAKey0123456789"
PROXY = "canary-proxy-password"

Options = dict[str, t.Any]
#: Module and options of each task that knows a secret; PATH stands for a file that is not there.
TASKS: dict[str, tuple[str, Options]] = {
    "password of a user": ("ram_user", {"name": "ann", "password": PASSWORD}),
    "new password of a user": ("ram_user", {"name": "bob", "password": PASSWORD, "update_password": "always"}),
    "AccessKey pair": ("ram_user", {"name": "ann", "access_key_file": "PATH"}),
    "private key in a file": ("keypair", {"name": "web", "private_key_file": "PATH"}),
    "private key in a secret": ("keypair", {"name": "web", "private_key_secret": "keys/web"}),
    "value": ("kms_secret", {"name": "shop", "value": VALUE}),
    "value as bytes": ("kms_secret", {"name": "shop", "value_base64": base64.b64encode(VALUE.encode()).decode()}),
    "another value": ("kms_secret", {"name": "there", "value": VALUE}),
    "password of an instance": (
        "keypair",
        {"name": "web", "state": "unbound", "instance_ids": "INSTANCE", "password": PASSWORD},
    ),
    "user data": (
        "trusted_instance",
        {
            "name": "web",
            "image_id": IMAGE,
            "instance_type": "ecs.g7t.large",
            "vswitch_id": "VSWITCH",
            "security_group_ids": "GROUP",
            "user_data": USER_DATA,
            "wait": True,
        },
    ),
    "secrets of a chain": (
        "preflight_info",
        {
            "keypair": {"name": "web", "public_key": PRIVATE},
            "trusted_instance": {"name": "web", "user_data": USER_DATA, "count": "none"},
        },
    ),
    "what is read of them": ("ram_user_info", {}),
    "what is read of secrets": ("kms_secret_info", {}),
    "a private key in place of a public one": ("keypair", {"name": "web", "public_key": PRIVATE}),
}


#: What can go wrong with a call. What is said of the request has all of its parameters, in several forms.
FAULTS: dict[str, Options] = {
    "an error that repeats": {"kind": "error", "code": "InvalidParameter", "status": 400, "message": "{request}"},
    "a gateway that repeats": {"kind": "portal", "body": "{request}", "status": 502, "content_type": "text/plain"},
    "an answer that repeats": {"kind": "other_body", "body": '{"Message": "{request}"}'},
    "no answer": {"kind": "drop_after_commit"},
    "half an answer": {"kind": "cut_body"},
}


class World:
    """An account in which the tasks have something to do."""

    def __init__(self, modules: Modules, folder: Path) -> None:
        self.modules, self.path = modules, folder / "file"
        modules.cloud.reset()
        modules.cloud.set("ecs.key_bits", 1024)
        self.path.unlink(missing_ok=True)
        modules.run("kms_service")
        modules.run("kms_secret", name="there", value="something")
        modules.run("ram_user", name="bob", password="Older+Pw/88%c1x")
        self.network = Network(modules)
        self.group = self.network.new_group()

    def options(self, task: str) -> tuple[str, Options]:
        module, options = TASKS[task]
        stand_ins = {"PATH": str(self.path), "VSWITCH": self.network.vswitch, "GROUP": [self.group]}
        if "INSTANCE" in options.values():
            pair = self.network.api.call("ecs", "CreateKeyPair", KeyPairName="web")["KeyPairName"]
            stand_ins["INSTANCE"] = self.network.new_instances(self.group, KeyPairName=pair)
        return module, {
            name: stand_ins.get(value, value) if isinstance(value, str) else value for name, value in options.items()
        }

    def canaries(self) -> Canaries:
        """The secrets that were given, and those that were made."""
        found = Canaries(
            password=PASSWORD, value=VALUE, user_data=USER_DATA, private_key=PRIVATE,
            access_key_secret=self.modules.cloud.access_key_secret,
        )  # fmt: skip
        for one in self.modules.cloud.resources("access_key"):
            found.add("secret of an AccessKey pair", one["AccessKeySecret"])
        if self.path.exists():
            _add_file(found, self.path.read_text())
        door = self.modules.door()
        if any(one["SecretName"] == "keys/web" for one in door.pages("kms", "ListSecrets")):
            found.add_private_key(
                "private key", door.call("kms", "GetSecretValue", SecretName="keys/web")["SecretData"]
            )
        return found


def _add_file(canaries: Canaries, text: str) -> None:
    if text.startswith("{"):
        canaries.add("secret in a file", str(json.loads(text)["access_key_secret"]))
    else:
        canaries.add_private_key("private key in a file", text)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keypair, "DOUBT", 0.2)


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What modules tell the system's journal."""
    told: list[str] = []
    monkeypatch.setattr(basic, "has_journal", False)
    monkeypatch.setattr(basic.syslog, "syslog", lambda *given: told.append(str(given[-1])))
    return told


@pytest.mark.parametrize("task", TASKS)
def test_what_core_refuses_is_shown_and_logged_without_secrets(
    modules: Modules, tmp_path: Path, figure: Figure, journal: list[str], task: str
) -> None:
    """It shows all options then, and it does so before the module has seen any."""
    world = World(modules, tmp_path)
    module, options = world.options(task)
    address = f"http://user:{PROXY}@127.0.0.1:9"
    for wrong in ({"api_timeout": "soon"}, {"of_nobody": 1}, {"endpoint_url": address}, {"name": ["a", {}], "tags": 7}):
        result = modules.attempt(module, **{**options, **wrong})
        # preflight_info says of an address that does not do what it says of other options.
        assert result.get("failed") or module == "preflight_info", (wrong, result)
        canaries = world.canaries()
        canaries.add("proxy password", PROXY)
        assert not canaries.seen(json.dumps(result)), wrong
        assert not canaries.seen("\n".join(journal)), wrong
        figure("runs of modules")
    figure("bytes searched", canaries.searched)


@pytest.mark.parametrize("task", TASKS)
def test_a_result_has_no_secret_whichever_call_fails(
    modules: Modules, tmp_path: Path, figure: Figure, journal: list[str], long: bool, task: str
) -> None:
    world = World(modules, tmp_path)
    module, options = world.options(task)
    wrong, searched = [], 0
    for check in (True, False):
        modules.cloud.forget_requests()
        result = modules.attempt(module, check=check, **options)
        canaries = world.canaries()
        wrong += [f"check {check}: {one}" for one in canaries.seen(json.dumps(result))]
        wrong += [f"check {check}, journal: {one}" for one in canaries.seen("\n".join(journal))]
        figure("runs of modules")
    assert journal
    operations = list(dict.fromkeys(one["operation"] for one in modules.cloud.requests()))
    points = [(one, fault) for one in operations for fault in FAULTS]
    for operation, fault in points if long else points[:: max(1, len(points) // 5)]:
        world = World(modules, tmp_path)
        module, options = world.options(task)
        modules.cloud.fault(operation=operation, times=2, **FAULTS[fault])
        result = modules.attempt(module, api_timeout=2, **options)
        modules.cloud.clear_faults()
        canaries = world.canaries()
        wrong += [f"{operation}, {fault}: {one}" for one in canaries.seen(json.dumps(result))]
        searched += canaries.searched
        figure("runs of modules")
    assert not wrong, "\n\n".join(wrong)
    figure("canaries", len(canaries))
    figure("bytes searched", searched)


# ---------------------------------------------------------------------- where credentials come from


class Giver:
    """An address that hands out credentials which are no good."""

    def __init__(self, body: t.Any) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_CONNECT = do_POST = do_GET

            def log_message(self, *_words: t.Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.place = f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


SESSION = {
    "Code": "Success",
    "AccessKeyId": "STS.canaryOfNobody",
    "AccessKeySecret": SECRET,
    "SecurityToken": TOKEN,
    "Expiration": "2999-01-01T00:00:00Z",
}
NONE = {"access_key_id": None, "access_key_secret": None}


def test_a_source_of_credentials_is_not_repeated(
    modules: Modules, tmp_path: Path, figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials that are refused, halves of them, and what they are asked from."""
    canaries = Canaries(secret=SECRET, token=TOKEN, proxy_password=PROXY, cloud=modules.cloud.access_key_secret)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    monkeypatch.setattr(auth_constant, "HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".aliyun").mkdir()
    half = {"access_key_secret": SECRET, "sts_token": TOKEN}
    profiles = [
        {"name": "key", "mode": "AK", "access_key_id": "LTAIcanary", "access_key_secret": SECRET},
        {"name": "session", "mode": "StsToken", "access_key_id": "STS.c", **half},
        {"name": "half", "mode": "StsToken", **half},
        {"name": "unknown", "mode": "Unheard", "access_key_id": "LTAIcanary", "access_key_secret": SECRET},
        {"name": "lines", "mode": "AK", "access_key_id": "LTAIcanary", "access_key_secret": f"{SECRET}\n{TOKEN}"},
    ]  # fmt: skip
    (tmp_path / ".aliyun" / "config.json").write_text(json.dumps({"current": "key", "profiles": profiles}))
    files = {
        "whole": json.dumps({"access_key_id": "LTAIc", "access_key_secret": SECRET, "security_token": TOKEN}),
        "cut": json.dumps({"access_key_id": "LTAIc", "access_key_secret": SECRET})[:-3],
        "shape": json.dumps({"access_key_secret": [SECRET]}),
        "strange": json.dumps({"access_key_id": "LTAIc", "access_key_secret": SECRET, "secret_token": TOKEN}),
    }
    givers = [Giver(SESSION), Giver({**SESSION, "AccessKeyId": None}), Giver(f"<html>{SECRET} {TOKEN}")]
    givers.append(Giver(json.dumps(SESSION)[:-9]))
    givers.append(nobody := Giver("This proxy lets nobody through."))
    door = MetadataDoor(modules.cloud)
    for one in (SECRET, f"{SECRET}\r\nX-Header: {TOKEN}"):
        door_secret = {"access_key_id": modules.cloud.access_key_id, "access_key_secret": one}
        _search(modules, canaries, {**NONE, **door_secret}, figure)
        _search(modules, canaries, {**NONE, **door_secret, "security_token": TOKEN}, figure)
        _search(modules, canaries, {**NONE, **door_secret, "ram_role_arn": "acs:ram::1:role/x"}, figure)
    for profile in profiles:
        _search(modules, canaries, {**NONE, "profile": profile["name"]}, figure)
    for giver in givers:
        _search(modules, canaries, {**NONE, "credentials_uri": f"http://{giver.place}/mine?token={TOKEN}"}, figure)
        mine = {"access_key_id": "STS.c", "access_key_secret": SECRET, "security_token": TOKEN}
        _search(modules, canaries, {**mine, "endpoint_url": f"http://{giver.place}"}, figure)
    _search(modules, canaries, {**NONE, "credentials_uri": f"http://127.0.0.1:9/{SECRET}?token={TOKEN}"}, figure)
    role = {**NONE, "ram_role_arn": "acs:ram::1234567890123456:role/x", "oidc_token_file": str(tmp_path / "token")}
    _search(modules, canaries, {**role, "oidc_provider_arn": "acs:ram::1234567890123456:oidc-provider/x"}, figure)
    for url in (f"http://user:{PROXY}@127.0.0.1:9", f"http://user:{PROXY}@{nobody.place}", f"ftp://{PROXY}@x"):
        for name in ("http_proxy", "https_proxy"):
            scheme = name.removesuffix("_proxy")
            _search(modules, canaries, {name: url, "endpoint_url": f"{scheme}://cloud.example.com"}, figure)
            monkeypatch.setenv(f"ALIBABA_CLOUD_{name.upper()}", url)
            _search(modules, canaries, {"endpoint_url": f"{scheme}://cloud.example.com"}, figure)
            monkeypatch.delenv(f"ALIBABA_CLOUD_{name.upper()}")
    _search(modules, canaries, {"endpoint_url": f"http://user:{PROXY}@127.0.0.1:9"}, figure)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        monkeypatch.setenv("ALITRUST_CONNECTION_FILE", str(tmp_path / name))
        _search(modules, canaries, NONE, figure)
    monkeypatch.delenv("ALITRUST_CONNECTION_FILE")
    monkeypatch.setattr(auth_util, "environment_access_key_id", "LTAIcanary")
    monkeypatch.setattr(auth_util, "environment_access_key_secret", SECRET)
    _search(modules, canaries, NONE, figure)
    monkeypatch.setattr(auth_util, "environment_security_token", TOKEN)
    _search(modules, canaries, NONE, figure)
    for broken in (0, json.dumps(SESSION)[:-9], json.dumps({**SESSION, "Expiration": SECRET}), f"{SECRET} {TOKEN}"):
        for _try in range(3):
            door.broken += [0, 0, broken]
        result = modules.attempt("metadata_credentials", metadata_url=door.url, credentials=False, timeout=1)
        door.broken.clear()
        for secret in door.secrets():
            canaries.add("of the metadata service", secret)
        assert not canaries.seen(json.dumps(result))
        figure("sources of credentials")
    for giver in givers:
        giver.close()
    door.close()
    figure("canaries", len(canaries))
    figure("bytes searched", canaries.searched)


def _search(modules: Modules, canaries: Canaries, options: Options, figure: Figure) -> None:
    result = modules.attempt("keypair_info", **{"api_timeout": 1, **options})
    assert result["failed"], (options, result)
    assert not canaries.seen(json.dumps(result)), result
    figure("sources of credentials")


def test_the_role_of_an_instance_is_not_repeated(
    modules: Modules, figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK asks the metadata service, whose address no option changes; what it was given or told may be no good."""
    door = MetadataDoor(modules.cloud)
    connect, port = socket.socket.connect, int(door.url.rpartition(":")[2])
    monkeypatch.setattr(
        socket.socket,
        "connect",
        lambda self, place: connect(self, ("127.0.0.1", port) if place == ("100.100.100.200", 80) else place),
    )
    canaries = Canaries(secret=SECRET, token=TOKEN, cloud=modules.cloud.access_key_secret)
    own: Options = {**NONE, "ecs_ram_role": door.role}
    _search(modules, canaries, own, figure)  # it has no rights
    given = door.secrets()
    assert given, "the metadata service was not asked"
    assumed = {**own, "ram_role_arn": "acs:ram::1234567890123456:role/x"}
    wrong: list[int | str | None] = [None, 500, 404, f"{SECRET} {TOKEN}", json.dumps(SESSION)[:-9]]
    wrong += [json.dumps({**SESSION, name: value}) for name in SESSION for value in (None, SECRET, [TOKEN])]
    faults = [options for name, options in FAULTS.items() if name != "no answer"]
    another: Options = {**NONE, "ecs_ram_role": "another-role"}
    for options in (own, assumed, another):
        for broken in wrong:
            for before in range(2):
                door.broken[:] = [*[0] * before, *[broken] * 9]
                result = modules.attempt("keypair_info", api_timeout=1, **options)
                assert result["failed"], (broken, result)
                for secret in door.secrets():
                    canaries.add("of the metadata service", secret)
                assert not canaries.seen(json.dumps(result)), (broken, result)
                figure("sources of credentials")
        door.broken.clear()
        for fault in faults:
            modules.cloud.fault(times=None, **fault)
            result = modules.attempt("keypair_info", api_timeout=1, **options)
            modules.cloud.clear_faults()
            for secret in door.secrets():
                canaries.add("of the metadata service", secret)
            assert result["failed"], (fault, result)
            assert not canaries.seen(json.dumps(result)), (fault, result)
            figure("sources of credentials")
    door.close()
    figure("canaries", len(canaries))
    figure("bytes searched", canaries.searched)
