# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of an assumed role are renewed in time, and sources of credentials do not leak what they said."""

from __future__ import annotations

import json
import time
import typing as t
from pathlib import Path

import pytest
from alibabacloud_credentials.utils import auth_constant, auth_util

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import credentials
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.credentials import Session
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import CredentialsError, NotFound
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.transport import Exchange


def test_a_session_is_used_until_shortly_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    issued: list[float] = []

    def issue(base: t.Any) -> Session:
        issued.append(now)
        return Session(f"STS.{len(issued)}", "secret", "token", now + 3600)

    connection = Connection(access_key_id="id", access_key_secret="secret", ram_role_arn="arn")
    client = credentials.client_for(connection, issue)
    for minutes, expected in ((0, "STS.1"), (30, "STS.1"), (56, "STS.2"), (100, "STS.2"), (120, "STS.3")):
        now = 1_000_000.0 + minutes * 60
        assert client.get_credential().get_access_key_id() == expected
    assert len(issued) == 3


def test_the_session_is_asked_for_with_the_key_that_was_given() -> None:
    seen = []

    def issue(base: t.Any) -> Session:
        seen.append(base.get_credential().get_access_key_id())
        return Session("STS.1", "secret", "token", 4e9)

    connection = Connection(access_key_id="mine", access_key_secret="secret", ram_role_arn="arn")
    credentials.usable(credentials.client_for(connection, issue), Exchange(), "ram_role_arn")
    assert seen == ["mine"]


def test_a_line_break_around_a_credential_of_the_environment_or_of_a_file_is_no_part_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in (("id", "LTAI1\n"), ("secret", " geheim\r\n"), ("token", "CAIS\n")):
        variable = {"token": "security_token"}.get(name, f"access_key_{name}")
        monkeypatch.setattr(auth_util, f"environment_{variable}", value)
    found = credentials.client_for(Connection(), lambda base: Session("", "", "", 0)).get_credential()
    told = (found.get_access_key_id(), found.get_access_key_secret(), found.get_security_token())
    assert told == ("LTAI1", "geheim", "CAIS")
    profile = {"name": "a", "mode": "AK", "access_key_id": "LTAI2\n", "access_key_secret": "b\n"}
    file = tmp_path / ".aliyun" / "config.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"current": "a", "profiles": [profile]}))
    monkeypatch.setattr(auth_constant, "HOME", str(tmp_path))
    found = credentials.client_for(Connection(profile="a"), lambda base: Session("", "", "", 0)).get_credential()
    assert (found.get_access_key_id(), found.get_access_key_secret()) == ("LTAI2", "b")
    assert found.get_security_token() is None


class Source:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_credential(self) -> t.NoReturn:
        raise self.error


def test_what_a_source_answered_is_not_quoted() -> None:
    error = ValueError('error retrieving credentials from http://x result: {"AccessKeySecret": "geheim"}')
    with pytest.raises(CredentialsError) as caught:
        credentials.usable(Source(error), Exchange(), "credentials_uri")
    assert "http://x" in caught.value.message
    assert "geheim" not in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "error refreshing credentials from http://me:geheim@x.example:8/geheim?t=geheim,  http_code=403, result: x",
        "HTTPConnectionPool(host='x.example', port=8): Max retries exceeded with url: /mine?t=geheim (Caused by ...)",
    ],
)
def test_an_address_is_told_without_a_token_in_it(text: str) -> None:
    told = credentials.reason(ValueError(text))
    assert "geheim" not in told
    assert "x.example" in told


def test_errors_of_this_collection_pass() -> None:
    error = NotFound("sts", "AssumeRole", "EntityNotExist.Role", "")
    with pytest.raises(NotFound):
        credentials.usable(Source(error), Exchange(), "default")
