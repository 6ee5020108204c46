# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WebSocket of a session takes the way of the modules' calls: proxies, certificates, and words where it fails."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import types
import typing as t
from pathlib import Path

import pytest
from controller.corporate import DEAD_PROXY, Proxy
from websockets.sync.server import ServerConnection, serve

from ansible_collections.alitrust.ecs.plugins.module_utils._assistant import websocket
from ansible_collections.alitrust.ecs.plugins.module_utils._assistant.endings import SessionError
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import AlitrustError, SdkMissing
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.transport import Route
from local_cloud.ca import Authority

NAME = "cn-hangzhou.session.aliyuncs.com"
TOKEN = "canary-token"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith("CA_BUNDLE"):
            monkeypatch.delenv(name)


@pytest.fixture
def service() -> t.Iterator[str]:
    """A service that says how it was asked; its host and port."""

    def serving(connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        connection.send(f"{request.path} {request.headers['x-acs-session-token']} {request.headers['User-Agent']}")

    with serve(serving, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "{}:{}".format(*server.socket.getsockname())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def proxy(service: str, authority: Authority) -> t.Iterator[Proxy]:
    proxy = Proxy(service, authority)
    yield proxy
    proxy.close()


def ask(address: str, route: Route) -> str:
    async def asking() -> str:
        socket = await websocket.connect(f"{address}/session?sessionid=s-1&token=x", TOKEN, route, 5)
        said = await socket.recv()
        await socket.close()
        return str(said)

    return asyncio.run(asking())


SAID = f"/session?sessionId=s-1&token=x {TOKEN} alitrust.ecs"


def test_through_a_proxy_that_wants_a_password(proxy: Proxy, authority: Authority) -> None:
    route = Route(https_proxy=proxy.url, ca_bundle=str(authority.certificate_path))
    assert ask(f"wss://{NAME}", route) == SAID
    assert (proxy.asked, proxy.refused) == ([f"CONNECT {NAME}:443"], [])


def test_past_a_proxy(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", DEAD_PROXY)
    assert ask(f"ws://{service}", Route(http_proxy=DEAD_PROXY)) == SAID, "this machine is never reached through one"


def test_a_proxy_of_the_environment_counts(proxy: Proxy, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", proxy.url)
    assert ask(f"wss://{NAME}", Route(ca_bundle=str(authority.certificate_path))) == SAID


@pytest.mark.parametrize(
    ("address", "options", "words"),
    [
        ("wss://{name}", {"https_proxy": "http://user:wrong@{proxy}"}, "does not let the WebSocket through.*HTTP 407"),
        ("wss://{name}", {"https_proxy": "{url}"}, "certificate"),
        ("wss://{name}", {"https_proxy": DEAD_PROXY}, r"refused.*through the proxy 127.0.0.1 \(port 9\)"),
        ("ws://127.0.0.1:9", {}, "did not come about: 127.0.0.1: .*refused"),
        ("ws://{service}0", {}, "did not come about|none of a WebSocket"),
        ("https://{name}", {}, "none of a WebSocket"),
    ],
)
def test_what_fails_on_the_way_is_said_without_a_secret(
    proxy: Proxy, service: str, address: str, options: dict[str, str], words: str
) -> None:
    where = {"name": NAME, "proxy": proxy.host, "url": proxy.url, "service": service}
    route = Route(**{name: value.format(**where) for name, value in options.items()})
    with pytest.raises(SessionError, match=words) as caught:
        ask(address.format(**where), route)
    said = str(caught.value.as_failure())
    assert not [secret for secret in (TOKEN, "token=", "canary", "wrong") if secret in said]


@pytest.mark.parametrize("there", ["nothing", "an old release"])
def test_without_the_library_the_command_that_installs_it_is_told(
    there: str, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    if there == "nothing":
        monkeypatch.setitem(sys.modules, "websockets.asyncio.client", None)
    else:
        monkeypatch.setitem(sys.modules, "websockets.exceptions", types.ModuleType("websockets.exceptions"))
    with pytest.raises(SdkMissing) as caught:
        ask(f"ws://{service}", Route())
    error: AlitrustError = caught.value
    assert f"{sys.executable} -m pip install 'websockets>=15.0.1,<18'" in error.hint
