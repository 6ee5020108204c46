# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which proxy a request takes, if any; and that it takes no other way, and none of anybody else's."""

from __future__ import annotations

import io
import os
import ssl
import typing as t
from pathlib import Path

import certifi
import pytest
import requests

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import sdk, transport
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.transport import Exchange, Route, named

ECS = "https://ecs.cn-hangzhou.aliyuncs.com"
PROXY = "http://proxy.example.com:3128"
_BEGIN = "-----BEGIN CERTIFICATE-----\n"
_END = "-----END CERTIFICATE-----\n"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment of the tests says."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith("CA_BUNDLE"):
            monkeypatch.delenv(name)


def test_without_a_word_of_proxies_there_is_none() -> None:
    assert Route().proxy(ECS) is None


@pytest.mark.parametrize(
    ("variable", "http", "https"),
    [
        ("http_proxy", PROXY, None),
        ("HTTP_PROXY", PROXY, None),
        ("https_proxy", None, PROXY),
        ("HTTPS_PROXY", None, PROXY),
        ("all_proxy", PROXY, PROXY),
        ("ALL_PROXY", PROXY, PROXY),
    ],
)
def test_the_environment_names_proxies_in_either_spelling(
    monkeypatch: pytest.MonkeyPatch, variable: str, http: str | None, https: str | None
) -> None:
    monkeypatch.setenv(variable, PROXY)
    assert Route().proxy("http://ecs.example.com") == http
    assert Route().proxy("https://ecs.example.com") == https


NO_PROXY = [
    (ECS, "ecs.cn-hangzhou.aliyuncs.com", True),
    (ECS, "ECS.cn-hangzhou.aliyuncs.com", True),
    (ECS, ".aliyuncs.com", True),
    (ECS, "aliyuncs.com", True),
    (ECS, "example.com, aliyuncs.com ,", True),
    (ECS, "*", True),
    (ECS, "ecs.cn-beijing.aliyuncs.com", False),
    (ECS, "example.com", False),
    (ECS, "", False),
    (ECS, "10.0.0.0/8", False),
    ("http://ecs.internal:8080", "ecs.internal:8080", True),
    ("http://ecs.internal:8080", "ecs.internal:80", False),
    ("http://ecs.internal:8080", "ecs.internal", True),
    ("http://10.1.2.3:8080", "10.0.0.0/8", True),
    ("http://10.1.2.3:8080", "10.1.2.3", True),
    ("http://10.1.2.3:8080", "10.1.2.3:8080", True),
    ("http://10.1.2.3:8080", "10.1.2.3:80", False),
    ("http://10.1.2.3:8080", "11.0.0.0/8", False),
    ("http://10.1.2.3:8080", "10.1.2.30", False),
    ("http://10.1.2.3", "*", True),
    ("https://[2001:db8::1]:8443", "2001:db8::1", True),
]


@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize(("url", "listed", "direct"), NO_PROXY)
def test_no_proxy_of_the_environment_is_honoured(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str, listed: str, direct: bool
) -> None:
    monkeypatch.setenv("all_proxy", PROXY)
    monkeypatch.setenv(variable, listed)
    assert Route().proxy(url) == (None if direct else PROXY)
    assert Route(http_proxy=PROXY, https_proxy=PROXY).proxy(url) == (None if direct else PROXY)


@pytest.mark.parametrize(("url", "listed", "direct"), NO_PROXY)
def test_no_proxy_as_an_option_means_the_same_and_goes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, url: str, listed: str, direct: bool
) -> None:
    monkeypatch.setenv("all_proxy", PROXY)
    monkeypatch.setenv("no_proxy", "" if direct else "*")
    before = dict(os.environ)
    assert Route(no_proxy=listed).proxy(url) == (None if direct else PROXY)
    assert dict(os.environ) == before


def test_an_option_goes_before_the_environment_for_its_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", PROXY)
    route = Route(https_proxy="http://other.example.com:80")
    assert route.proxy(ECS) == "http://other.example.com:80"
    assert route.proxy("http://ecs.example.com") == PROXY


def test_a_proxy_may_do_without_http_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "user:geheim@proxy.example.com:3128")
    assert Route().proxy(ECS) == "http://user:geheim@proxy.example.com:3128"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4000",
        "http://localhost:4000",
        "http://[::1]:4000",
        "http://127.1.2.3",
        "http://100.100.100.200",
    ],
)
def test_what_is_of_this_machine_is_reached_without_a_proxy(url: str) -> None:
    """No proxy can reach the local cloud here; the metadata service that it reaches is that of another instance."""
    assert Route(http_proxy=PROXY).proxy(url) is None


@pytest.mark.parametrize("proxy", ["http://", "ftp://proxy.example.com", "http://proxy.example.com:port", "://"])
def test_a_proxy_of_the_environment_that_is_none_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("https_proxy", proxy.replace("proxy.", "user:geheim@proxy."))
    with pytest.raises(InvalidInput, match=r"a proxy for https:// that is no address") as caught:
        Route().proxy(ECS)
    assert "geheim" not in str(caught.value.as_failure())


@pytest.mark.parametrize(
    ("proxy", "name"),
    [
        ("http://user:geheim@proxy.example.com:3128", "proxy.example.com (port 3128)"),
        ("proxy.example.com:3128", "proxy.example.com (port 3128)"),
        ("https://proxy.example.com/", "proxy.example.com"),
        ("socks5h://10.0.0.1:1080", "10.0.0.1 (port 1080)"),
        ("user:geheim@proxy.example.com", "proxy.example.com"),
    ],
)
def test_a_proxy_is_named_without_user_and_password(proxy: str, name: str) -> None:
    assert named(proxy) == name


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_come_from_the_option_or_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    assert Route().trusted() is None
    monkeypatch.setenv(variable, "/etc/corporate.pem")
    assert Route().trusted() == "/etc/corporate.pem"
    assert Route(ca_bundle="/mine.pem").trusted() == "/mine.pem"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read_are_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InvalidInput, match=f"cannot be read from {path}"):
        transport._adapter("https", str(path))


def test_hosts_are_verified_by_the_system_s_certificates_and_those_of_requests_and_those_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = Path(certifi.where()).read_text()
    certificates = [f"{_BEGIN}{one.partition(_END)[0]}{_END}" for one in pem.split(_BEGIN)[1:4]]
    paths = [tmp_path / f"{name}.pem" for name in ("system", "requests", "given")]
    for path, certificate in zip(paths, certificates, strict=True):
        path.write_text(certificate)
    system, of_requests, given = map(str, paths)
    monkeypatch.setenv("SSL_CERT_FILE", system)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    monkeypatch.setattr(requests.utils, "DEFAULT_CA_BUNDLE_PATH", of_requests)
    found = transport.context_of.__wrapped__(given).get_ca_certs(binary_form=True)
    assert sorted(found) == sorted(map(ssl.PEM_cert_to_DER_cert, certificates))


def test_certificates_are_not_read_again_for_each_connection() -> None:
    adapter = transport._adapter("https", None)
    pool = adapter.poolmanager.connection_from_url("https://ecs.example.com")
    adapter.cert_verify(pool, "https://ecs.example.com", True, None)
    assert (pool.cert_reqs, pool.ca_certs, pool.ca_cert_dir) == ("CERT_REQUIRED", None, None)
    assert pool.conn_kw["ssl_context"] is transport.context_of(None)


# ---------------------------------------------------------------------- the SDK's requests


class Wire:
    """Notes what is sent, and answers with a redirect."""

    def __init__(self) -> None:
        self.proxies: list[t.Any] = []

    def send(self, _request: t.Any, *, proxies: dict[str, str], **_how: t.Any) -> requests.Response:
        self.proxies.append(proxies)
        response = requests.Response()
        response.status_code, response.raw = 302, io.BytesIO(b"elsewhere")
        response.headers["location"] = "http://elsewhere.example.com/"
        return response


CORES = [
    ("darabonba.core", "DaraCore", "darabonba.request", "DaraRequest"),
    ("Tea.core", "TeaCore", "Tea.request", "TeaRequest"),
]


@pytest.mark.parametrize(("module", "name", "request_module", "request_name"), CORES)
def test_what_the_sdk_sends_takes_the_route_of_the_call(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str, request_module: str, request_name: str
) -> None:
    wire = Wire()
    monkeypatch.setattr(transport, "_adapter", lambda *_which: wire)
    core = getattr(sdk.load(module, "SDK"), name)
    request = getattr(sdk.load(request_module, "SDK"), request_name)()
    request.method, request.pathname = "GET", "/"
    request.headers, request.query = {"host": "ecs.example.com"}, {"Password": "geheim 1", "ClientToken": "mine"}
    with transport.through(Route(http_proxy="http://user:pw@proxy.example.com:3128")) as exchange:
        answer = core.do_action(request, {})
        assert (answer.status_code, answer.body) == (302, b"elsewhere"), "a redirect is no answer, and is not followed"
        with transport.through(Route()):
            core.do_action(request, {})
    assert wire.proxies == [{"http": "http://user:pw@proxy.example.com:3128"}, {}]
    assert exchange.address == "http://ecs.example.com"
    assert exchange.proxy == "proxy.example.com (port 3128)"
    assert set(exchange.secrets) == {"geheim 1", "geheim%201", "geheim+1"}
    assert exchange.of_credentials == (name == "TeaCore")


@pytest.mark.parametrize(("module", "name", "_request_module", "_request_name"), CORES)
def test_who_else_uses_the_sdk_is_left_alone(
    module: str, name: str, _request_module: str, _request_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Core:
        @staticmethod
        def do_action(_request: t.Any, _options: t.Any = None) -> str:
            return "as ever"

    Core.__name__ = name
    transport.install(Core)
    assert Core.do_action(object(), {}) == "as ever"
    assert getattr(sdk.load(module, "SDK"), name).do_action.__module__ == transport.__name__


def test_a_child_has_no_connections_of_its_parent() -> None:
    before = transport._adapter("http", None)
    assert transport._adapter("http", None) is before
    child = os.fork()
    if child == 0:
        os._exit(transport._adapter("http", None) is before)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_exchange_forgets_the_one_before() -> None:
    exchange = Exchange("http://x", "proxy", True, ("a",), 200, "text/html", "R", b"x")
    exchange.begin(of_credentials=False)
    assert exchange == Exchange()
