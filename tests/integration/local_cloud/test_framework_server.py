# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to which part of the server, and how it proves that it is who it says."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import urllib.parse
from pathlib import Path

import pytest
from alibabacloud_ram20150501 import models as ram_models
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_tea_openapi.models import Config
from darabonba.core import DaraCore
from wire import Wire

from local_cloud.__main__ import main
from local_cloud.ca import Authority
from local_cloud.control import ControlError, LocalCloud

DEV = Path(__file__).resolve().parents[3] / "dev" / "lib"


def ask(cloud: LocalCloud, path: str, headers: dict[str, str], method: str = "GET") -> int:
    with contextlib.closing(http.client.HTTPConnection(cloud.address, timeout=10)) as connection:
        connection.request(method, path, headers=headers)
        return connection.getresponse().status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Host": "ecs.cn-hangzhou.aliyuncs.com"}, 403),
    ],
)
def test_web_pages_and_guests_do_not_control_the_cloud(cloud: LocalCloud, headers: dict[str, str], status: int) -> None:
    assert ask(cloud, "/_local/status", headers) == status


def test_secrets_are_in_server_json_only(cloud: LocalCloud) -> None:
    assert cloud.access_key_secret not in str(cloud.status())


def test_wrong_control_requests_are_explained(fresh_cloud: LocalCloud) -> None:
    with pytest.raises(ControlError, match="can't go back"):
        fresh_cloud.clock_advance(-1)
    with pytest.raises(ControlError, match="unknown: sideways; there are: advance, scale"):
        fresh_cloud._ask("POST", "clock", {"sideways": 1})
    with pytest.raises(ControlError, match="missing: 'records'"):
        fresh_cloud._ask("POST", "preload", {})
    with pytest.raises(ControlError, match="say which"):
        fresh_cloud._ask("GET", "resources")
    assert ask(fresh_cloud, "/_local/nothing", {}) == 404


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: user", "expected a list of records"),
        ("- {kind: user, id: a, data: {}}\n- {kind: user, data: {}}", "record 2: expected"),
        ("- {kind: user, id: a, data: {}, regoin: b}", "record 1: expected"),
        ("[", "can't be read"),
    ],
)
def test_fixtures_that_can_t_be_used_are_explained_and_put_nothing_in(
    fresh_cloud: LocalCloud, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    good, bad = tmp_path / "good.yml", tmp_path / "bad.yml"
    good.write_text("- {kind: user, id: x/ann, data: {UserName: ann}}")
    bad.write_text(text)
    assert main(["preload", "--state-dir", str(fresh_cloud.state_dir), str(good), str(bad)]) == 2
    assert message in capsys.readouterr().err
    assert fresh_cloud.resources("user") == []


def test_what_is_there_can_be_taken_out_and_put_back(fresh_cloud: LocalCloud) -> None:
    later = [[4102444800.25, {"UserName": "eve"}], [4102444801.0, None]]
    ann = {"kind": "user", "id": "x/ann", "region": "cn-hangzhou", "data": {"UserName": "ann"}, "scheduled": later}
    fresh_cloud.preload([ann])
    there = fresh_cloud.records()
    assert there[-1] == ann
    fresh_cloud.reset()
    assert ann not in fresh_cloud.records()
    for _again in range(2):
        fresh_cloud.preload(there)
        assert fresh_cloud.records() == there
    with pytest.raises(ControlError, match="seconds since 1970"):
        fresh_cloud.preload([{**ann, "scheduled": [["tomorrow", None]]}])


def test_a_mistake_in_a_handler_is_an_internal_error_without_its_details(fresh_cloud: LocalCloud, wire: Wire) -> None:
    broken = {"kind": "user", "id": f"{fresh_cloud.account_id}/ann", "data": {"AccountId": fresh_cloud.account_id}}
    fresh_cloud.preload([broken])
    reply = wire.v3("ram", "ListUsers")
    assert (reply.status, reply.code) == (500, "InternalError")
    assert "KeyError" not in reply.json["Message"]
    assert "KeyError" in (fresh_cloud.state_dir / "server.log").read_text()
    assert wire.v3("ram", "ListRoles").status == 200


def test_a_request_that_is_too_large_is_refused(cloud: LocalCloud) -> None:
    with contextlib.closing(http.client.HTTPConnection(cloud.address, timeout=10)) as connection:
        connection.request("POST", "/", b"x" * (9 * 1024 * 1024))
        assert connection.getresponse().status == 413


def test_certificates_are_made_for_whatever_name_is_asked_for(tmp_path: Path) -> None:
    first, again = Authority(tmp_path), Authority(tmp_path)
    assert first.certificate_path.read_bytes() == again.certificate_path.read_bytes()
    trusting = ssl.create_default_context(cafile=str(again.certificate_path))
    for name in ("trustclient-eu-central-1.oss-eu-central-1-internal.aliyuncs.com", "ram.aliyuncs.com"):
        here, there = socket.socketpair()
        context = again.server_context("aliyuncs.com")
        server = threading.Thread(target=lambda s=there, c=context: c.wrap_socket(s, server_side=True).close())
        server.start()
        with trusting.wrap_socket(here, server_hostname=name) as connection:
            assert connection.getpeercert()["subjectAltName"] == (("DNS", name),)  # type: ignore[index]
        server.join()


def test_it_speaks_https_as_well_and_says_how_to_trust_it(
    fresh_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clients of RAM and KMS take HTTPS unless told otherwise."""
    # The SDK keeps a process's connections by host and port: one that another test left open is not verified again.
    monkeypatch.setattr(DaraCore, "_sessions", {})
    cloud = fresh_cloud
    settings = Config(
        access_key_id=cloud.access_key_id,
        access_key_secret=cloud.access_key_secret,
        endpoint=urllib.parse.urlsplit(cloud.tls_endpoint).netloc,
    )
    request = ram_models.ListUsersRequest()
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        RamClient(settings).list_users(request)
    settings.ca = str(cloud.ca_certificate)
    assert RamClient(settings).list_users(request).body.users.user == []
    connection = json.loads((cloud.state_dir / "connection-https.json").read_text())
    assert connection.pop("endpoint_url") == cloud.tls_endpoint == cloud.status()["tls_endpoint"]
    assert connection.pop("ca_bundle") == str(cloud.ca_certificate)
    plain = json.loads((cloud.state_dir / "connection.json").read_text())
    assert {**connection, "endpoint_url": cloud.endpoint} == plain


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "ecs.cn-hangzhou.aliyuncs.com"])
def test_https_has_a_certificate_for_the_address_and_for_names(cloud: LocalCloud, name: str) -> None:
    where = urllib.parse.urlsplit(cloud.tls_endpoint)
    trusting = ssl.create_default_context(cafile=str(cloud.ca_certificate))
    with (
        socket.create_connection((where.hostname, where.port)) as plain,
        trusting.wrap_socket(plain, server_hostname=name) as secure,
    ):
        assert secure.version() == "TLSv1.3"


def test_status_says_both_addresses(cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--state-dir", str(cloud.state_dir)]) == 0
    said = capsys.readouterr().out
    assert cloud.endpoint in said
    assert cloud.tls_endpoint in said
    assert f"REQUESTS_CA_BUNDLE={cloud.ca_certificate}" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "local_cloud", "settings"),
        ("-m", "local_cloud", "--help"),
        (DEV / "run.py", "--list"),
        (DEV / "run.py", "--help"),
        (DEV / "environment.py", "--help"),
    ],
)
def test_a_reader_may_have_seen_enough(arguments: tuple[str, ...]) -> None:
    """``settings | head``, and what else prints much."""
    command = [sys.executable, *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")
