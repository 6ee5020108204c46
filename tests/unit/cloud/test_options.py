# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options: what is given, what the environment adds, what contradicts."""

from __future__ import annotations

import json
import typing as t
from dataclasses import fields
from pathlib import Path

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import CONNECTION_SPEC, Connection
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.transport import Route


def test_every_option_of_a_module_reaches_the_connection() -> None:
    assert set(CONNECTION_SPEC) == {field.name for field in fields(Connection)}


def test_blank_is_not_given() -> None:
    blank = {name: " " for name in CONNECTION_SPEC if name != "api_timeout"}
    assert Connection.from_options(blank, {}) == Connection()


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        ({"ALIBABA_CLOUD_REGION": "cn-beijing"}, "cn-beijing"),
        ({"ALIBABA_CLOUD_REGION_ID": "cn-beijing"}, "cn-beijing"),
        ({"ALIBABA_CLOUD_REGION": "cn-beijing", "ALIBABA_CLOUD_REGION_ID": "cn-shanghai"}, "cn-beijing"),
        ({"ALIBABA_CLOUD_REGION": ""}, None),
        ({"ALIBABA_CLOUD_REGION": " ", "ALIBABA_CLOUD_REGION_ID": " cn-beijing\n"}, "cn-beijing"),
    ],
)
def test_the_environment_is_behind_the_options(environment: dict[str, str], region: str | None) -> None:
    assert Connection.from_options({}, environment).region == region
    assert Connection.from_options({"region": "cn-hangzhou"}, environment).region == "cn-hangzhou"


def test_the_endpoint_can_come_from_the_environment() -> None:
    environment = {"ALIBABA_CLOUD_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert Connection.from_options({}, environment).endpoint_url == "http://127.0.0.1:1"
    with pytest.raises(InvalidInput, match="begins with http"):
        Connection.from_options({}, {"ALIBABA_CLOUD_ENDPOINT_URL": "localhost"})


def test_proxies_and_certificates_can_come_from_the_environment(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    environment = {
        "ALIBABA_CLOUD_HTTP_PROXY": "proxy.example.com:80",
        "ALIBABA_CLOUD_HTTPS_PROXY": "http://user:geheim@proxy.example.com:3128",
        "ALIBABA_CLOUD_NO_PROXY": ".internal",
        "ALIBABA_CLOUD_CA_BUNDLE": str(bundle),
    }
    assert Connection.from_options({}, environment).route == Route(*environment.values())
    assert Connection.from_options({"no_proxy": "*"}, environment).route.no_proxy == "*"
    assert Connection.from_options({}, dict.fromkeys(environment, " ")).route == Route()


@pytest.mark.parametrize("name", ["http_proxy", "https_proxy"])
@pytest.mark.parametrize(
    "proxy", ["ftp://user:geheim@a", "http://user:geheim@", "http://user:geheim@a:port", "geheim@"]
)
def test_what_is_no_proxy_is_refused_without_its_password(name: str, proxy: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name} is no address of a proxy; expected") as caught:
        Connection.from_options({name: proxy}, {})
    assert "geheim" not in str(caught.value.as_failure())


def test_certificates_that_are_not_there_are_told() -> None:
    with pytest.raises(InvalidInput, match=r"ca_bundle is /nowhere\.pem, which does not exist"):
        Connection.from_options({"ca_bundle": "/nowhere.pem"}, {})


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a",
        "http://",
        "http://:80",
        "http://a:port",
        "http://[::1",
        "https://a/path",
        "https://a?b",
        "https://a#b",
    ],
)
def test_what_is_no_address_of_a_host_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="expected an address"):
        Connection.from_options({"endpoint_url": url}, {})


@pytest.mark.parametrize("url", ["http://a", "https://a.example.com/", "http://127.0.0.1:8080", "http://[::1]:80"])
def test_the_address_of_a_host_is_taken(url: str) -> None:
    assert Connection.from_options({"endpoint_url": url}, {}).endpoint_url == url


@pytest.mark.parametrize("region", ["nowhere", "cn-hangzhou.evil.example.com", "cn hangzhou", "CN-HANGZHOU", "cn-/.."])
def test_what_is_no_region_id_is_refused(region: str) -> None:
    with pytest.raises(InvalidInput, match="expected a region id such as cn-hangzhou"):
        Connection.from_options({"region": region}, {})


@pytest.mark.parametrize(("zone", "region"), [("cn-hangzhou-i", "cn-hangzhou"), ("ap-southeast-1a", "ap-southeast-1")])
def test_a_zone_is_no_region(zone: str, region: str) -> None:
    with pytest.raises(InvalidInput, match=f"region is '{zone}', which is a zone; its region is {region}[.]"):
        Connection.from_options({"region": zone}, {})


@pytest.mark.parametrize("region", ["cn-hangzhou", "us-west-1", "cn-north-2-gov-1", "cn-shanghai-finance-1"])
def test_region_ids_have_this_form(region: str) -> None:
    assert Connection.from_options({"region": region}, {}).region == region


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(InvalidInput, match="user name or password") as caught:
        Connection.from_options({"endpoint_url": "http://me:canary@a"}, {})
    assert "canary" not in str(caught.value.as_failure())


KEY = {"access_key_id": "id", "access_key_secret": "secret"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"access_key_id": "id"}, "access_key_secret is not given"),
        ({"access_key_secret": "secret"}, "access_key_id is not given"),
        ({"security_token": "token"}, "security_token needs"),
        ({**KEY, "profile": "ops"}, "access_key_id and profile are different sources"),
        ({"profile": "ops", "ecs_ram_role": "web"}, "profile and ecs_ram_role are different sources"),
        ({**KEY, "credentials_uri": "http://x"}, "different sources"),
        ({"oidc_provider_arn": "arn"}, "needs ram_role_arn and oidc_token_file"),
        ({"api_timeout": 0}, "expected a number of seconds above 0"),
        ({"api_timeout": -1}, "expected a number of seconds above 0"),
        *(
            ({"api_calls_per_second": value}, "expected a number from 0.1 to 1000, or 0 for no limit")
            for value in (-1, 0.05, 1001, "many", float("nan"), float("inf"))
        ),
    ],
)
def test_what_cannot_be_is_told(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        Connection.from_options(options, {})
    assert "secret" not in str(caught.value).replace("access_key_secret", "")


def test_calls_per_second_can_come_from_the_environment() -> None:
    environment = {"ALITRUST_API_CALLS_PER_SECOND": " 7.5 "}
    assert Connection.from_options({}, environment).api_calls_per_second == 7.5
    assert Connection.from_options({"api_calls_per_second": 0.0}, environment).api_calls_per_second == 7.5
    assert Connection.from_options({"api_calls_per_second": 2}, environment).api_calls_per_second == 2
    assert Connection.from_options({}, {"ALITRUST_API_CALLS_PER_SECOND": "0"}).api_calls_per_second == 0
    with pytest.raises(InvalidInput, match="api_calls_per_second is fast; expected a number"):
        Connection.from_options({}, {"ALITRUST_API_CALLS_PER_SECOND": "fast"})


def test_a_region_is_asked_for_where_one_is_needed() -> None:
    with pytest.raises(InvalidInput) as caught:
        Connection().need_region()
    assert "ALIBABA_CLOUD_REGION" in caught.value.hint


# -- the file that one variable names

FILE: dict[str, t.Any] = {
    "endpoint_url": "http://127.0.0.1:1",
    "region": "cn-beijing",
    "access_key_id": "id",
    "access_key_secret": "secret",
}


def from_file(
    tmp_path: Path, content: t.Any, options: dict[str, t.Any] | None = None, **environment: str
) -> Connection:
    path = tmp_path / "connection.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return Connection.from_options(options or {}, {"ALITRUST_CONNECTION_FILE": str(path), **environment})


def test_one_variable_names_a_file_that_leads_to_a_cloud(tmp_path: Path) -> None:
    assert from_file(tmp_path, FILE) == Connection(**FILE)
    other: dict[str, t.Any] = {
        "ALIBABA_CLOUD_REGION": "cn-shanghai",
        "ALIBABA_CLOUD_ENDPOINT_URL": "http://127.0.0.1:2",
    }
    assert from_file(tmp_path, FILE, **other) == Connection(**FILE)
    blank = {**FILE, "region": " ", "security_token": ""}
    assert from_file(tmp_path, blank, **other).region == "cn-shanghai"


def test_options_of_the_task_go_before_the_file(tmp_path: Path) -> None:
    assert from_file(tmp_path, FILE, {"region": "cn-hangzhou"}).region == "cn-hangzhou"
    own = from_file(tmp_path, FILE, {"profile": "own", "access_key_id": ""})
    assert (own.profile, own.access_key_id, own.endpoint_url) == ("own", None, FILE["endpoint_url"])
    with pytest.raises(InvalidInput, match="access_key_secret is not given"):
        from_file(tmp_path, FILE, {"access_key_id": "own"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"access_key_secret": "secret', "is not JSON"),
        (["secret"], "content does not fit; expected an object"),
        ({"region": 1}, "all of them text"),
        ({**FILE, "regoin": "cn-beijing"}, "which has regoin"),
    ],
)
def test_a_file_that_can_t_be_used_is_an_error_without_its_content(
    tmp_path: Path, content: t.Any, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message) as raised:
        from_file(tmp_path, content)
    assert "secret" not in str(raised.value).replace("access_key_secret", "")


def test_a_file_that_is_not_there_never_means_the_real_account(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="can't be read: No such file"):
        Connection.from_options(FILE, {"ALITRUST_CONNECTION_FILE": str(tmp_path / "none.json")})


PROFILES = {
    "current": "work",
    "profiles": [{"name": "work", "region_id": "cn-beijing"}, {"name": "home", "region_id": " "}, {"name": "odd"}],
}


@pytest.mark.parametrize(
    ("options", "environment", "region"),
    [
        ({}, {}, "cn-beijing"),
        ({"profile": "work"}, {}, "cn-beijing"),
        ({"profile": "home"}, {}, None),
        ({"profile": "odd"}, {}, None),
        ({"profile": "none"}, {}, None),
        ({}, {"ALIBABA_CLOUD_PROFILE": "home"}, None),
        ({}, {"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true"}, None),
        ({}, {"ALIBABA_CLOUD_REGION": "cn-shanghai"}, "cn-shanghai"),
        ({"region": "cn-shenzhen"}, {"ALIBABA_CLOUD_REGION": "cn-shanghai"}, "cn-shenzhen"),
        ({"access_key_id": "a", "access_key_secret": "b"}, {}, None),
        ({"ecs_ram_role": "web"}, {}, None),
    ],
)
def test_the_region_of_the_cli_s_profile_is_behind_everything_else(
    tmp_path: Path, options: dict[str, str], environment: dict[str, str], region: str | None
) -> None:
    (tmp_path / ".aliyun").mkdir()
    file = tmp_path / ".aliyun" / "config.json"
    file.write_text(json.dumps(PROFILES))
    assert Connection.from_options(options, {"HOME": str(tmp_path), **environment}).region == region
    for broken in ("{", "[]", '{"current": 1}', '{"current": "work", "profiles": [{"name": "work", "region_id": 1}]}'):
        file.write_text(broken)
        assert Connection.from_options(options, {"HOME": str(tmp_path), **environment}).region in (region, None)
    file.write_text(json.dumps(PROFILES).replace("cn-beijing", "Beijing"))
    if region == "cn-beijing":
        with pytest.raises(InvalidInput, match=r"region_id of the profile work in .* is 'Beijing'"):
            Connection.from_options(options, {"HOME": str(tmp_path), **environment})
