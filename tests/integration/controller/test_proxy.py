# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behind a proxy: modules (run either way), inventory, event source and credentials go through it, or past it."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
import yaml
from controller.corporate import DEAD_PROXY, Proxy
from controller.playbook import Ansible, Tasks

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.watch import Watch
from local_cloud.ca import Authority

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

ECS = "CONNECT ecs-cn-hangzhou.aliyuncs.com:443"
READ: dict[str, t.Any] = {"alitrust.ecs.keypair_info": {"api_timeout": 5}}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith("CA_BUNDLE"):
            monkeypatch.delenv(name)


@pytest.fixture
def authority(fresh_cloud: LocalCloud, tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca")


@pytest.fixture
def proxy(fresh_cloud: LocalCloud, authority: Authority) -> t.Iterator[Proxy]:
    proxy = Proxy(fresh_cloud.address, authority)
    yield proxy
    proxy.close()


@pytest.fixture
def corporate(tmp_path: Path, fresh_cloud: LocalCloud, authority: Authority) -> Ansible:
    """A controller that calls Alibaba Cloud by its own names, and trusts who answers to them."""
    return Ansible(
        tmp_path,
        fresh_cloud,
        ALIBABA_CLOUD_ENDPOINT_URL="",
        REQUESTS_CA_BUNDLE=str(authority.certificate_path),
        ALIBABA_CLOUD_ECS_METADATA_DISABLED="true",
        ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true",
        HOME=str(tmp_path),
    )


def inventory(ansible: Ansible, **options: t.Any) -> tuple[int, str]:
    """Exit code of ansible-inventory, and what it printed."""
    path = ansible.folder / "web.alitrust.yml"
    path.write_text(yaml.safe_dump({"plugin": "alitrust.ecs.instances", "api_timeout": 5, **options}))
    done = ansible.command("ansible-inventory", "-i", path, "--list")
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_a_dead_proxy_does_not_stand_between_us_and_the_local_cloud(
    fresh_cloud: LocalCloud, tmp_path: Path, in_process: str
) -> None:
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), DEAD_PROXY)
    ansible = Ansible(tmp_path, fresh_cloud, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true", **proxies)
    ((result), *_none), output = ansible.play([READ], "-e", f"alitrust_in_process={in_process}")
    assert not result["failed"], output
    code, listed = inventory(ansible)
    assert code == 0, listed
    assert "canary" not in output + listed


def test_an_inventory_is_not_empty_because_something_else_answered(fresh_cloud: LocalCloud, tmp_path: Path) -> None:
    fresh_cloud.fault("portal", "ecs:DescribeInstances", times=None)
    strict = Ansible(tmp_path, fresh_cloud, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    code, output = inventory(strict, api_timeout=1)
    assert code != 0
    assert "NoAnswer: what came from" in output
    assert "Log in to this network" in output


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_everything_goes_through_the_proxy_of_the_environment(
    corporate: Ansible, proxy: Proxy, in_process: str
) -> None:
    corporate.environment["https_proxy"] = proxy.url
    ((result), *_none), output = corporate.play([READ], "-vvv", "-e", f"alitrust_in_process={in_process}")
    assert not result["failed"], output
    code, listed = inventory(corporate)
    assert code == 0, listed
    assert proxy.asked == [ECS] * 2
    assert "canary" not in output + listed


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_options_say_the_same_and_are_not_shown(
    corporate: Ansible, proxy: Proxy, authority: Authority, in_process: str
) -> None:
    corporate.environment.update(https_proxy=DEAD_PROXY, REQUESTS_CA_BUNDLE="")
    given = {"https_proxy": proxy.url, "ca_bundle": str(authority.certificate_path)}
    tasks: Tasks = [
        {"alitrust.ecs.keypair_info": {**READ["alitrust.ecs.keypair_info"], **given}},
        {"alitrust.ecs.keypair_info": {**READ["alitrust.ecs.keypair_info"], "https_proxy": proxy.url}},
        {"alitrust.ecs.keypair_info": {"https_proxy": "ftp://canary-password@x"}},
        {"alitrust.ecs.keypair_info": {"ca_bundle": "/nowhere.pem"}},
    ]
    results, output = corporate.play(tasks, "-vvv", "-e", f"alitrust_in_process={in_process}")
    good, untrusted, nonsense, nowhere = results
    assert not good["failed"], output
    assert "certificate verify failed" in untrusted["msg"]
    assert "https_proxy is no address of a proxy" in nonsense["msg"]
    assert "ca_bundle is /nowhere.pem, which does not exist" in nowhere["msg"]
    code, listed = inventory(corporate, **given)
    assert code == 0, listed
    assert proxy.asked == [ECS] * 3, listed
    assert "canary" not in output + listed


@pytest.mark.parametrize("in_process", ["true", "false"])
def test_variables_of_our_own_are_for_awx(
    corporate: Ansible, proxy: Proxy, authority: Authority, in_process: str
) -> None:
    """They go to Alibaba Cloud only; what is blank is not given."""
    corporate.environment.update(
        REQUESTS_CA_BUNDLE="",
        ALIBABA_CLOUD_HTTPS_PROXY=proxy.url,
        ALIBABA_CLOUD_HTTP_PROXY="",
        ALIBABA_CLOUD_NO_PROXY="",
        ALIBABA_CLOUD_CA_BUNDLE=str(authority.certificate_path),
    )
    ((result), *_none), output = corporate.play([READ], "-e", f"alitrust_in_process={in_process}")
    assert not result["failed"], output
    assert len(proxy.asked) == 1


def test_what_no_proxy_names_is_not_asked_of_the_proxy(corporate: Ansible, proxy: Proxy) -> None:
    """The name is not reached without it here, which proves that it was passed by."""
    corporate.environment.update(https_proxy=proxy.url, no_proxy=".aliyuncs.com")
    tasks: Tasks = [READ, {"alitrust.ecs.keypair_info": {"api_timeout": 5, "no_proxy": "example.com"}}]
    (passed_by, through), output = corporate.play(tasks)
    assert passed_by["failed"]
    assert passed_by["error_code"] == "NoAnswer"
    assert not through["failed"], output
    assert len(proxy.asked) == 1


def test_a_proxy_with_a_wrong_password_is_told_at_once(corporate: Ansible, proxy: Proxy) -> None:
    corporate.environment["https_proxy"] = f"http://user:canary-wrong@{proxy.host}"
    ((result), *_none), output = corporate.play([READ], "-vvv")
    assert "Tunnel connection failed: 407" in result["msg"]
    assert "through the proxy 127.0.0.1 (port" in result["msg"]
    assert len(proxy.refused) == 1
    assert "canary" not in output


@pytest.mark.parametrize("name", ["127.0.0.1", "example.com"])
def test_plain_http_goes_through_the_proxy_too(fresh_cloud: LocalCloud, proxy: Proxy, name: str) -> None:
    own_key: dict[str, t.Any] = {
        "access_key_id": fresh_cloud.access_key_id,
        "access_key_secret": fresh_cloud.access_key_secret,
    }
    url = fresh_cloud.endpoint.replace("127.0.0.1", name)
    door = Cloud(Connection(region="cn-hangzhou", endpoint_url=url, http_proxy=proxy.url, **own_key))
    assert door.pages("ecs", "DescribeKeyPairs") == []
    assert [line.split("?")[0] for line in proxy.asked] == ([] if name == "127.0.0.1" else [f"POST {url}/"])


def test_a_session_of_a_role_is_asked_for_through_the_proxy(
    corporate: Ansible, fresh_cloud: LocalCloud, proxy: Proxy, authority: Authority
) -> None:
    connection = Connection(
        region="cn-hangzhou",
        access_key_id=fresh_cloud.access_key_id,
        access_key_secret=fresh_cloud.access_key_secret,
        ram_role_arn=f"acs:ram::{fresh_cloud.account_id}:role/nobody",
        https_proxy=proxy.url,
        ca_bundle=str(authority.certificate_path),
    )
    with pytest.raises(Exception, match=r"EntityNotExist\.Role"):
        Cloud(connection).call("ram", "GetRole", RoleName="web")
    assert proxy.asked == ["CONNECT sts.cn-hangzhou.aliyuncs.com:443"]


def test_credentials_of_an_address_come_through_the_proxy(proxy: Proxy, authority: Authority) -> None:
    """They do not come at all here: the local cloud has no such page. But it was asked."""
    connection = Connection(
        region="cn-hangzhou",
        credentials_uri="http://credentials.example.com/mine",
        http_proxy=proxy.url,
    )
    with pytest.raises(Exception, match="No usable credentials"):
        Cloud(connection).call("ram", "GetRole", RoleName="web")
    assert proxy.asked == ["GET http://credentials.example.com/mine"]


def test_the_metadata_service_is_never_asked_through_a_proxy(proxy: Proxy) -> None:
    connection = Connection(region="cn-hangzhou", ecs_ram_role="web", http_proxy=proxy.url)
    with pytest.raises(Exception, match=r"credentials|CredentialsError"):
        Cloud(connection).call("ram", "GetRole", RoleName="web")
    assert proxy.asked == proxy.refused == []


def test_events_come_through_the_proxy(
    fresh_cloud: LocalCloud, proxy: Proxy, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {
        "region": "cn-hangzhou",
        "access_key_id": fresh_cloud.access_key_id,
        "access_key_secret": fresh_cloud.access_key_secret,
        "trust": False,
        "https_proxy": proxy.url,
        "ca_bundle": str(authority.certificate_path),
    }
    assert Watch(options).look() == []
    assert proxy.asked == [ECS]
