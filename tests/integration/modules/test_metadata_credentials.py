# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.metadata_credentials against the local cloud's metadata service."""

from __future__ import annotations

import json
import socket
import typing as t
from pathlib import Path

import pytest
from controller.playbook import Ansible, Tasks
from modules.harness import Modules
from modules.metadata_door import MetadataDoor

NAME = "alitrust.ecs.metadata_credentials"
ANSWER = {
    "Code": "Success",
    "AccessKeyId": "STS.x",
    "AccessKeySecret": "canary-secret",
    "SecurityToken": "canary-token",
    "Expiration": "2999-01-01T00:00:00Z",
}


@pytest.fixture
def door(modules: Modules) -> t.Iterator[MetadataDoor]:
    """An instance with the role C(trusted-web)."""
    door = MetadataDoor(modules.cloud)
    yield door
    door.close()


def ask(modules: Modules, door: MetadataDoor, **options: t.Any) -> dict[str, t.Any]:
    return modules.run("metadata_credentials", metadata_url=door.url, **options)


def test_obtain_a_temporary_authorization_token(modules: Modules, door: MetadataDoor) -> None:
    """With a token only, as an instance in the hardened mode demands it; what comes is good for the API."""
    door.options(HttpTokens="required")
    found = ask(modules, door, role_name="trusted-web")
    assert (found["changed"], found["role_name"]) == (False, "trusted-web")
    given = found["credentials"]
    caller = modules.door(**given).call("sts", "GetCallerIdentity")
    assert caller["Arn"].endswith(f":role/trusted-web/{door.guest.instance_id}")
    assert ask(modules, door, check=True)["credentials"] == given
    shown = ask(modules, door, credentials=False)
    assert "credentials" not in shown
    assert not [secret for secret in door.secrets() if secret in json.dumps(shown)]


def test_another_role_is_refused(modules: Modules, door: MetadataDoor) -> None:
    failed = ask(modules, door, role_name="other", fails=True)
    assert "has the RAM role trusted-web, not other" in failed["msg"]


def test_an_instance_without_a_role_is_told(modules: Modules, door: MetadataDoor) -> None:
    door.guest.change(_RamRoleName="")
    assert "This instance has no RAM role" in ask(modules, door, fails=True)["msg"]


def test_a_service_that_is_closed_is_told(modules: Modules, door: MetadataDoor) -> None:
    door.options(HttpEndpoint="disabled")
    assert "closed to this instance (status 403)" in ask(modules, door, fails=True)["msg"]


def test_a_service_that_is_not_there_is_told(modules: Modules) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        failed = modules.run("metadata_credentials", metadata_url=url, timeout=1, fails=True)
    assert f"The metadata service at {url} cannot be reached: Connection refused" in failed["msg"]


def test_a_service_that_does_not_answer_is_not_waited_for_long(modules: Modules) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        failed = modules.run("metadata_credentials", metadata_url=url, timeout=1, fails=True)
    assert "it did not answer in time" in failed["msg"]


def test_proxies_of_the_environment_are_not_asked(
    modules: Modules, door: MetadataDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(modules, door)["role_name"] == "trusted-web"


def test_reads_without_a_token_are_not_tried(modules: Modules, door: MetadataDoor) -> None:
    door.broken += [404]
    assert "gives no token (status 404); credentials are read with one only" in ask(modules, door, fails=True)["msg"]
    assert not door.secrets()


def test_passing_trouble_is_outlasted(modules: Modules, door: MetadataDoor) -> None:
    door.broken += [None, 503, 0, 500, 0, None]
    assert ask(modules, door)["role_name"] == "trusted-web"
    door.broken += [503, 503, 503]
    assert "answered with the status 503, 3 times" in ask(modules, door, fails=True)["msg"]


@pytest.mark.parametrize("before", [[], [0]], ids=["token", "role"])
@pytest.mark.parametrize("page", ["<html><title>Log in</title></html>", "{}", "[]", " ", '{"Code": "Forbidden"}'])
def test_a_page_in_the_place_of_an_answer_is_none(
    modules: Modules, door: MetadataDoor, before: list[int | str | None], page: str
) -> None:
    door.broken += [*before, page, page]
    assert ask(modules, door)["role_name"] == "trusted-web"
    door.broken += [*before, page, page, page]
    failed = ask(modules, door, fails=True)
    assert f"The metadata service at {door.url} gave what is none of its answers (status 200" in failed["msg"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            "<html>SecurityToken: canary",
            "gave what is none of its answers (status 200, text/html, '<html>Security...'), 3 times",
        ),
        ("null", "gave what is none of its answers (status 200, text/html, 'null'), 3 times"),
        ({**ANSWER, "Code": "Failed"}, "the metadata service says 'Failed'"),
        ({**ANSWER, "SecurityToken": ""}, "came without SecurityToken"),
        ({**ANSWER, "Expiration": "soon"}, "an Expiration that is no time"),
        ({**ANSWER, "Expiration": "2017-11-01T05:20:01Z"}, "expired at 2017-11-01T05:20:01Z"),
        (401, "refuses the token (status 401)"),
        (404, "There are no credentials of the RAM role trusted-web"),
    ],
)
def test_credentials_that_are_of_no_use_are_told(
    modules: Modules, door: MetadataDoor, answer: t.Any, message: str
) -> None:
    door.broken += [0, 0, *[json.dumps(answer) if isinstance(answer, dict) else answer] * 3]
    failed = ask(modules, door, fails=True)
    assert message in failed["msg"]
    assert "canary" not in json.dumps(failed)


def test_credentials_must_be_valid_for_as_long_as_asked(modules: Modules, door: MetadataDoor) -> None:
    """The local cloud's are valid for six hours."""
    assert ask(modules, door, valid_for=5 * 3600)
    assert "valid_for asks for 36000 s" in ask(modules, door, valid_for=36000, fails=True)["msg"]


def test_secrets_are_in_the_registered_variable_and_in_no_output(door: MetadataDoor, tmp_path: Path) -> None:
    ansible = Ansible(tmp_path, door.cloud, ANSIBLE_NO_TARGET_SYSLOG="true")
    url = {"metadata_url": door.url}
    tasks: Tasks = [
        {NAME: url, "no_log": True},
        {NAME: url},
        {NAME: {**url, "credentials": False}},
        {NAME: url, "no_log": True, "loop": [1, 2]},
        {NAME: {**url, "credentials": "yes"}, "no_log": False},
        {NAME: url, "no_log": True, "async": 10, "poll": 1},
    ]
    results, output = ansible.play(tasks, "-vvv", "--diff")
    hidden, open_one, without, looped, said_yes, job = results
    assert [hidden["credentials"]["access_key_secret"], hidden["credentials"]["security_token"]] == door.secrets()
    assert looped["results"][1]["credentials"] == hidden["credentials"]
    assert "set no_log to true" in open_one["msg"]
    assert "set no_log to true" in said_yes["msg"]
    assert without["role_name"] == "trusted-web"
    assert "does not support async" in job["msg"]
    assert "trusted-web" in output
    assert not [secret for secret in door.secrets() if secret in output]
    assert door.secrets()
